//! The codes of error responses.

use super::syntax::{is_nqchar, name, only};

name! {
    /// The `error` of an error response: RFC 6749 §5.2 has the characters, §8.5 lets extensions add codes.
    ErrorCode, "error", 255, |text| only(text, |byte| byte == b' ' || is_nqchar(byte))
}

impl ErrorCode {
    /// A code that a specification has.
    pub(crate) fn specified(code: &'static str) -> Self {
        Self(code.into())
    }
}
