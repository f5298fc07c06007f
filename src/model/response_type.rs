//! Response types.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A `response_type`: [RFC 6749 §3.1.1].
///
/// [RFC 6749 §3.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.1
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseType {
    /// `code`: [RFC 6749 §4.1].
    ///
    /// [RFC 6749 §4.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1
    Code,
    /// `token`: the implicit grant, [RFC 6749 §4.2]. [RFC 9700 §2.1.2]: clients "SHOULD NOT use the implicit grant".
    /// Off unless both the configuration and the client name it.
    ///
    /// [RFC 6749 §4.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2
    /// [RFC 9700 §2.1.2]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2
    Token,
}

impl ResponseType {
    /// The value of `response_type` in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Code, Self::Token].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
