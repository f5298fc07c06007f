//! The codes of error responses.

use super::syntax::{is_nqchar, name, only};

name! {
    /// The `error` of an error response. [RFC 6749 §5.2] limits its characters, and [RFC 6749 §8.5] lets extensions add
    /// codes.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    /// [RFC 6749 §8.5]: https://www.rfc-editor.org/rfc/rfc6749#section-8.5
    ErrorCode, "error", 255, |text| only(text, |byte| byte == b' ' || is_nqchar(byte))
}

impl ErrorCode {
    /// Creates a code from a specification, which is known to be valid.
    pub(crate) fn specified(code: &'static str) -> Self {
        Self(code.into())
    }
}
