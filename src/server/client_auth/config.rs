//! What is taken for client authentication.

/// The client authentication section of a configuration, for every endpoint that has clients.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ClientAuthenticationConfig {
    /// Whether an `Authorization` header is passed over that is empty, or of another scheme than Basic. Default: no:
    /// the request is refused with `invalid_client`, and told why.
    ///
    /// Some clients send the access token that they have along with every request, also with the one for the next. An
    /// access token authenticates no client, so nothing is lost with it. A client that believed to be authenticated by
    /// such a header is one without credentials then.
    pub ignore_other_schemes: bool,
}
