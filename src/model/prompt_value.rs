//! The values of the parameter `prompt`.

use serde::{Deserialize, Serialize};

use super::SyntaxError;

/// A value of `prompt`, by which a client says for what the resource owner is to be asked:
/// [OpenID Connect Core 1.0 §3.1.2.1].
///
/// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PromptValue {
    /// `none`: nothing. The request is answered without a page, by a code or by an error.
    None,
    /// `login`: a login, even if somebody is logged in.
    Login,
    /// `consent`: the consent, even if it was given before.
    Consent,
    /// `select_account`: the account, if there are several.
    SelectAccount,
}

impl PromptValue {
    const ALL: [Self; 4] = [Self::None, Self::Login, Self::Consent, Self::SelectAccount];

    /// The value, as it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }

    /// Reads the values in a `prompt`, each once. Those that are not known are left out, since "not returning errors
    /// for not-understood values will help facilitate phasing in extensions"
    /// ([OpenID Connect Core 1.0 §3.1.2.1]).
    ///
    /// # Errors
    /// `none` stands beside another value, known or not.
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    pub fn parse_values(text: &str) -> Result<Vec<Self>, SyntaxError> {
        let names = || text.split(' ').filter(|name| !name.is_empty());
        let is_named = |value: &Self| names().any(|name| name == value.as_str());
        let values: Vec<_> = Self::ALL.into_iter().filter(is_named).collect();
        let is_alone = names().nth(1).is_none();
        if values.contains(&Self::None) && !is_alone { Err(SyntaxError("prompt")) } else { Ok(values) }
    }
}
