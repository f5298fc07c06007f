//! What the token endpoint takes, and how long what it issues lives.

use std::time::Duration;

use crate::model::{Endpoint, GrantType, Metadata, Timestamp};
use crate::record::Client;
use crate::server::issue::Grace;
use crate::server::section::{AUTH_METHODS, ConfigError, Section, lifetime, names};

/// The token section of a configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenConfig {
    /// Where the host has mounted the endpoint. Default: `token` below the issuer.
    pub endpoint: Endpoint,
    /// The grant types that are taken. Default: `authorization_code`, `refresh_token`, `client_credentials`. None:
    /// there is no such endpoint.
    ///
    /// `password` exists for migrations. RFC 9700 §2.4: "The resource owner password credentials grant [...] MUST NOT
    /// be used."
    pub grant_types: Vec<GrantType>,
    /// How long an access token lives; as all times here, in whole seconds. Default: 10 minutes. RFC 6750 §5.3: "Token
    /// servers SHOULD issue short-lived (one hour or less) bearer tokens".
    pub access_token_lifetime: Duration,
    /// How long a refresh token lives from its issue. One that rotates is issued anew at each use, so this is how long
    /// it lives unused; one that is reused ends then, used or not. Default: 14 days. RFC 9700 §4.14.2: "Refresh tokens
    /// SHOULD expire if the client has been inactive for some time".
    pub refresh_token_lifetime: Duration,
    /// What becomes of a refresh token that is used. Default: it rotates, with a grace of 30 seconds.
    pub refresh: RefreshPolicy,
    /// How often a spent refresh token may be presented again within its grace. Default: 100, which is more than a
    /// client has requests under way at once.
    pub max_retries: u32,
    /// How many credentials the store holds of one grant at most: tokens, and spent refresh tokens until they expire,
    /// which are kept so that their reuse is noticed. One that holds as many is not refreshed until some have been
    /// purged. Default: 10,000, which is two weeks of a refresh every two minutes. At least two: a code counts too.
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

/// What becomes of a refresh token that is used: RFC 6749 §6, RFC 9700 §4.14.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshPolicy {
    /// Each refresh spends the token and issues a new one. A spent one that is presented again within `grace` of its
    /// first use is taken for a retry, or for the loser of a race, and is answered with tokens of its own, up to
    /// [`TokenConfig::max_retries`] times; later, it is taken for theft, and the grant is revoked. A host whose clock
    /// is behind the time of the first use cannot say which, and refuses.
    ///
    /// The grace is a trade: a thief who is as quick as that gets tokens too, which rotate beside the client's. The
    /// [`Event`](crate::server::Event) of each such reply says `within_grace`.
    Rotate {
        /// How long a spent token may be presented again; whole seconds. Zero: not at all.
        grace: Duration,
    },
    /// As `Rotate` for public clients; confidential ones keep their refresh token.
    RotatePublic {
        /// As in `Rotate`.
        grace: Duration,
    },
    /// A refresh token stays good until it expires. RFC 9700 §2.2.2 allows this only for tokens that are bound to the
    /// client: "Refresh tokens for public clients MUST be sender-constrained or use refresh token rotation".
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

/// Whether refresh tokens rotate.
#[derive(Clone, Copy)]
pub(super) enum Rotation {
    Off,
    On {
        /// The grace that ends now: a token first used before is a replay. `None` if there is no grace.
        grace: Option<Grace>,
    },
}

impl TokenConfig {
    /// Whether this client's refresh tokens rotate, and within which grace.
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
