//! The configuration of the token endpoint: its grant types, and the lifetimes of tokens.

use std::time::Duration;

use crate::model::{Endpoint, GrantType, Metadata, Timestamp};
use crate::record::Client;
use crate::server::issue::Grace;
use crate::server::section::{AUTH_METHODS, ConfigError, Section, lifetime, names};

/// The token section of a configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenConfig {
    /// The URL at which the host has mounted the endpoint. Default: `token` below the issuer.
    pub endpoint: Endpoint,
    /// The accepted grant types. Default: `authorization_code`, `refresh_token`, `client_credentials`. If empty, there
    /// is no such endpoint.
    ///
    /// `password` exists for migrations. [RFC 9700 §2.4]: "The resource owner password credentials grant [...] MUST NOT
    /// be used."
    ///
    /// [RFC 9700 §2.4]: https://www.rfc-editor.org/rfc/rfc9700#section-2.4
    pub grant_types: Vec<GrantType>,
    /// The lifetime of an access token, in whole seconds. Default: 10 minutes. [RFC 6750 §5.3]: "Token servers SHOULD
    /// issue short-lived (one hour or less) bearer tokens".
    ///
    /// [RFC 6750 §5.3]: https://www.rfc-editor.org/rfc/rfc6750#section-5.3
    pub access_token_lifetime: Duration,
    /// The lifetime of a refresh token from its issue, in whole seconds. A token that rotates is issued anew at each
    /// use, so this is the time for which it may be unused; one that is reused expires at the end, used or not.
    /// Default: 14 days. [RFC 9700 §4.14.2]: "Refresh tokens SHOULD expire if the client has been inactive for some
    /// time".
    ///
    /// [RFC 9700 §4.14.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
    pub refresh_token_lifetime: Duration,
    /// The treatment of a refresh token that is used. Default: it rotates, with a grace period of 30 seconds.
    pub refresh: RefreshPolicy,
    /// The number of times that a spent refresh token may be presented again within its grace period. Default: 100,
    /// which is more than a client has requests under way at once.
    pub max_retries: u32,
    /// The most credentials that the store holds for one grant: tokens, and spent refresh tokens until they expire,
    /// which are kept so that their reuse is noticed. A grant with as many is not refreshed until some have been
    /// purged. Default: 10,000, which is two weeks of a refresh every two minutes. At least two, since a code counts
    /// too.
    pub max_credentials_per_grant: u32,
}

impl TokenConfig {
    pub(in crate::server) fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials],
            access_token_lifetime: Duration::from_secs(10 * 60),
            refresh_token_lifetime: Duration::from_secs(14 * 24 * 60 * 60),
            refresh: RefreshPolicy::Rotate { grace: Duration::from_secs(30) },
            max_retries: 100,
            max_credentials_per_grant: 10_000,
        }
    }
}

impl Section for TokenConfig {
    fn check(&self) -> Result<(), ConfigError> {
        lifetime("token.access_token_lifetime", self.access_token_lifetime)?;
        lifetime("token.refresh_token_lifetime", self.refresh_token_lifetime)?;
        if self.max_credentials_per_grant < 2 {
            return Err(ConfigError::BelowTwo("token.max_credentials_per_grant"));
        }
        self.refresh.check()
    }

    fn advertise(&self, metadata: &mut Metadata) {
        let grant_types = self.grant_types.iter().filter(|grant_type| **grant_type != GrantType::Implicit);
        metadata.grant_types_supported = Some(names(grant_types.map(GrantType::as_str)).unwrap_or_default());
        if !self.grant_types.is_empty() {
            metadata.token_endpoint = Some(self.endpoint.clone());
            metadata.token_endpoint_auth_methods_supported = names(AUTH_METHODS);
        }
    }
}

/// The treatment of a refresh token that is used: [RFC 6749 §6], [RFC 9700 §4.14.2].
///
/// [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
/// [RFC 9700 §4.14.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshPolicy {
    /// Each refresh spends the token and issues a new one. If the spent token is presented again within `grace` of its
    /// first use, it counts as a retry or the loser of a race, and is answered with tokens of its own, up to
    /// [`TokenConfig::max_retries`] times. After that it counts as theft, and the grant is revoked. A host whose clock
    /// is behind the time of the first use cannot tell, and refuses.
    ///
    /// The grace period is a compromise: a thief who is quick enough gets tokens too, which rotate beside the client's.
    /// The [`Event`](crate::server::Event) of each such reply has `within_grace`.
    Rotate {
        /// The time for which a spent token may be presented again, in whole seconds. Zero allows no retry.
        grace: Duration,
    },
    /// The same as `Rotate` for public clients; confidential ones keep their refresh token.
    RotatePublic {
        /// The same as in `Rotate`.
        grace: Duration,
    },
    /// A refresh token stays good until it expires. [RFC 9700 §2.2.2] allows this only for tokens that are bound to the
    /// client: "Refresh tokens for public clients MUST be sender-constrained or use refresh token rotation".
    ///
    /// [RFC 9700 §2.2.2]: https://www.rfc-editor.org/rfc/rfc9700#section-2.2.2
    Reuse,
}

impl RefreshPolicy {
    fn check(self) -> Result<(), ConfigError> {
        match self {
            Self::Rotate { grace } | Self::RotatePublic { grace } if !grace.is_zero() => {
                lifetime("token.refresh.grace", grace)
            }
            _ => Ok(()),
        }
    }
}

/// The rotation of refresh tokens: off, or on with or without a grace period.
#[derive(Clone, Copy)]
pub(super) enum Rotation {
    Off,
    On {
        /// The grace period that ends now: a token first used before it is a replay. `None` without a grace period.
        grace: Option<Grace>,
    },
}

impl TokenConfig {
    /// Returns the rotation and the grace period for this client's refresh tokens.
    pub(super) fn rotation(&self, client: &Client, now: Timestamp) -> Rotation {
        let grace = match self.refresh {
            RefreshPolicy::Rotate { grace } => grace,
            RefreshPolicy::RotatePublic { grace } if !client.is_confidential() => grace,
            RefreshPolicy::RotatePublic { .. } | RefreshPolicy::Reuse => return Rotation::Off,
        };
        let since = grace.as_secs().checked_sub(1).map(|seconds| Timestamp(now.0.saturating_sub(seconds)));
        Rotation::On { grace: since.map(|since| Grace { since, until: now, at_most: self.max_retries }) }
    }
}
