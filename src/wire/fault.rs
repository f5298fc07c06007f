//! The faults that make a response unusable.

/// A fault of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The response is a redirect. A request with credentials is never sent to a place that another server names.
    #[error("the response is a redirect")]
    Redirect,
    /// The response is longer than [`Fetch::MAX_RESPONSE_LEN`](crate::Fetch::MAX_RESPONSE_LEN).
    #[error("the response is too long")]
    TooLong,
    /// The response ends too early.
    #[error("the response is truncated")]
    Truncated,
    /// The response is not JSON, but a page for people, say, or a signed token.
    #[error("the response is not JSON")]
    NotJson,
    /// The response is JSON, but not as the RFC requires.
    #[error("the response is malformed")]
    Malformed,
    /// This member is important for security, and cannot be read.
    #[error("the response has a {0} that cannot be used")]
    Unreadable(&'static str),
    /// This member is missing.
    #[error("the response has no {0}")]
    Missing(&'static str),
    /// The type of the token is unknown to the client. [RFC 6749 §7.1]: "The client MUST NOT use an access token if it
    /// does not understand the token type."
    ///
    /// [RFC 6749 §7.1]: https://www.rfc-editor.org/rfc/rfc6749#section-7.1
    #[error("the response has a token of a type that is not understood")]
    TokenType,
    /// The status is that of a failure, and no known error is in the body.
    #[error("the response is a failure")]
    Status,
}
