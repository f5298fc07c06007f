//! The configuration of client authentication.

/// The client authentication section of a configuration, for every endpoint that has clients.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ClientAuthenticationConfig {
    /// True to ignore an `Authorization` header that is empty, or of another scheme than Basic. Default: false, and the
    /// request is refused with `invalid_client` and an explanation.
    ///
    /// Some clients send their access token with every request, even with a token request. An access token
    /// authenticates no client, so nothing is lost by ignoring it. But a client that believes to be authenticated by
    /// such a header then counts as one without credentials.
    pub ignore_other_schemes: bool,
}
