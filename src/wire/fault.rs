//! What may be wrong with a response.

/// What is wrong with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It leads elsewhere. A request with credentials is not sent to where another server says.
    #[error("the response is a redirect")]
    Redirect,
    /// It is longer than [`Fetch::MAX_RESPONSE_LEN`](crate::Fetch::MAX_RESPONSE_LEN).
    #[error("the response is too long")]
    TooLong,
    /// It ends too early.
    #[error("the response is truncated")]
    Truncated,
    /// It is not JSON: a page for people, say, or a signed token.
    #[error("the response is not JSON")]
    NotJson,
    /// It is JSON, but not as the RFC has it.
    #[error("the response is malformed")]
    Malformed,
    /// This member of it decides, and cannot be used.
    #[error("the response has a {0} that cannot be used")]
    Unreadable(&'static str),
    /// It lacks this member.
    #[error("the response has no {0}")]
    Missing(&'static str),
    /// RFC 6749 §7.1: "The client MUST NOT use an access token if it does not understand the token type."
    #[error("the response has a token of a type that is not understood")]
    TokenType,
    /// Its status is that of a failure, and it does not say more in words that are known.
    #[error("the response is a failure")]
    Status,
}
