//! What the sections of a configuration have in common.

use std::time::Duration;

use crate::model::{Metadata, Timestamp};

/// A part of a [`Config`](super::Config): an endpoint's, say.
pub(super) trait Section {
    /// Finds what cannot be meant.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Adds what it has to the metadata document: [RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2).
    fn advertise(&self, metadata: &mut Metadata);
}

/// A configuration that cannot be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A lifetime has no whole second. Times are whole seconds in OAuth, so whatever it is for would never be good.
    #[error("{0} is below one second")]
    BelowOneSecond(&'static str),
    /// A lifetime has more seconds than every reader of JSON can count: beyond 2<sup>53</sup>-1 they differ (RFC 8259
    /// §6), and what is told in `expires_in` would not be what holds.
    #[error("{0} is beyond 2^53-1 seconds")]
    BeyondJson(&'static str),
    /// A grant whose code is exchanged holds the code and would have no room for a token.
    #[error("{0} is below two")]
    BelowTwo(&'static str),
}

/// Refuses a lifetime without a whole second, and one that cannot be told.
pub(super) fn lifetime(name: &'static str, lifetime: Duration) -> Result<(), ConfigError> {
    match lifetime.as_secs() {
        0 => Err(ConfigError::BelowOneSecond(name)),
        seconds if seconds > Timestamp::END.0 => Err(ConfigError::BeyondJson(name)),
        _ => Ok(()),
    }
}

/// Names, as the metadata document has them; `None` where there are none.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Vec<String>> {
    let names: Vec<_> = names.into_iter().map(str::to_owned).collect();
    Some(names).filter(|names| !names.is_empty())
}

/// How clients authenticate: the secret in the header or the body, or no secret.
pub(super) const AUTH_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];
/// The same, where public clients may not ask.
pub(super) const CONFIDENTIAL_AUTH_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];
