//! Response modes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ResponseType;

/// A `response_mode`, the way in which an authorization response travels to the client:
/// [Multiple Response Types §2.1].
///
/// [Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseMode {
    /// `query`: in the query of the redirect URI; the default of a code.
    Query,
    /// `fragment`: in the fragment of the redirect URI, which browsers do not send to servers; the default of a token.
    Fragment,
    /// `form_post`: in the body of a POST, by a form that the browser submits ([Form Post §2]).
    ///
    /// [Form Post §2]: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html#FormPostResponseMode
    FormPost,
}

impl ResponseMode {
    const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// The value of `response_mode` in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    /// Returns the mode of a response whose request has no `response_mode`: [Multiple Response Types §2.1].
    ///
    /// [Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
    #[must_use]
    pub const fn default_for(response_type: ResponseType) -> Self {
        match response_type {
            ResponseType::Code => Self::Query,
            ResponseType::Token => Self::Fragment,
        }
    }

    /// Tells if a response of this type may travel by this mode.
    pub(crate) const fn carries(self, response_type: ResponseType) -> bool {
        // Multiple Response Types §7: "more sensitive information such as Access Tokens and ID Tokens MUST NOT be
        // encoded in the query string."
        !matches!((self, response_type), (Self::Query, ResponseType::Token))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

impl fmt::Display for ResponseMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
