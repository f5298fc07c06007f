//! The common trait of the sections of a configuration.

use std::time::Duration;

use crate::model::{Metadata, Timestamp};

/// A part of a [`Config`](super::Config), for example that of an endpoint.
pub(super) trait Section {
    /// Checks that the section makes sense.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Adds the section's members to the metadata document: [RFC 8414 §2].
    ///
    /// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
    fn advertise(&self, metadata: &mut Metadata);
}

/// An error in a configuration that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A lifetime is below one second. Times are whole seconds in OAuth, so that the credential would never be valid.
    #[error("{0} is below one second")]
    BelowOneSecond(&'static str),
    /// A lifetime has more seconds than every reader of JSON can represent: they differ beyond 2<sup>53</sup>-1
    /// ([RFC 8259 §6]), and `expires_in` would not be accurate.
    ///
    /// [RFC 8259 §6]: https://www.rfc-editor.org/rfc/rfc8259#section-6
    #[error("{0} is beyond 2^53-1 seconds")]
    BeyondJson(&'static str),
    /// A limit of tokens for a grant is below two: while its code is exchanged, the grant holds the code and has no
    /// room for a token.
    #[error("{0} is below two")]
    BelowTwo(&'static str),
    /// A protected resource is named that is not one of the server's [`resources`](super::Config::resources): no token
    /// would ever be for it.
    #[error("{0} names a resource that is not one of the server's")]
    UnknownResource(&'static str),
    /// The lifetime of a code that people type in is beyond 15 minutes. It is short, and its chance to be guessed, or
    /// to be used for phishing, grows with the time.
    #[error("{0} is beyond 15 minutes")]
    BeyondQuarterHour(&'static str),
    /// There is a device authorization endpoint, but the token endpoint does not take its codes:
    /// [`TokenConfig::grant_types`](super::TokenConfig::grant_types) lacks
    /// [`GrantType::DeviceCode`](crate::model::GrantType::DeviceCode).
    #[error("device is configured, and token.grant_types lacks urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCodeNotTaken,
}

/// Checks that a lifetime is at least one second and can be written exactly in JSON.
pub(super) fn lifetime(name: &'static str, lifetime: Duration) -> Result<(), ConfigError> {
    match lifetime.as_secs() {
        0 => Err(ConfigError::BelowOneSecond(name)),
        seconds if seconds > Timestamp::END.0 => Err(ConfigError::BeyondJson(name)),
        _ => Ok(()),
    }
}

/// Returns names as the metadata document has them; `None` if there are none.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Vec<String>> {
    let names: Vec<_> = names.into_iter().map(str::to_owned).collect();
    Some(names).filter(|names| !names.is_empty())
}

/// The client authentication methods: the secret in the header or the body, or no secret.
pub(super) const AUTH_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];
/// The client authentication methods of endpoints that refuse public clients.
pub(super) const CONFIDENTIAL_AUTH_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];
