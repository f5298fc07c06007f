//! How a resource owner was authenticated: RFC 9470, with the words of OpenID Connect Core §2.

use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::syntax::{SyntaxError, is_nqchar, name, only};

name! {
    /// An authentication context class reference: a name, agreed between the authorization server and its protected
    /// resources, of a way to authenticate a resource owner. RFC 9470 §3 puts several into one string, separated by
    /// spaces, and that into quotes; so it has neither.
    Acr, "acr", 255, |text| only(text, is_nqchar)
}

name! {
    /// An authentication method reference, say `otp` or `hwk`: [RFC 8176
    /// §2](https://www.rfc-editor.org/rfc/rfc8176#section-2).
    Amr, "amr", 255, |text| only(text, is_nqchar)
}

name! {
    /// A session of a resource owner at the authorization server (`sid`), by the host's identifier.
    SessionId, "sid", 255, |text| !text.contains(char::is_control)
}

impl Acr {
    /// Reads the names in an `acr_values`, "in order of preference" (RFC 9470 §3).
    ///
    /// # Errors
    /// One of them is not a name, or they are more than 16.
    pub fn parse_values(text: &str) -> Result<Vec<Self>, SyntaxError> {
        let names = || text.split(' ').filter(|name| !name.is_empty());
        if names().nth(16).is_some() { Err(SyntaxError("acr_values")) } else { names().map(Self::parse).collect() }
    }
}

/// How and when a resource owner was authenticated, as far as the host said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthenticationEvent {
    /// When: the login, not the click on "allow".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// In what way, by a name that protected resources know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
    /// By which methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Amr>,
    /// In which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
}

impl AuthenticationEvent {
    /// An authentication at this time.
    #[must_use]
    pub fn at(auth_time: Timestamp) -> Self {
        Self { auth_time: Some(auth_time), ..Self::default() }
    }

    /// Names the way.
    #[must_use]
    pub fn with_acr(self, acr: Acr) -> Self {
        Self { acr: Some(acr), ..self }
    }

    /// Names the methods.
    #[must_use]
    pub fn with_amr(self, amr: impl IntoIterator<Item = Amr>) -> Self {
        Self { amr: amr.into_iter().collect(), ..self }
    }

    /// Names the session.
    #[must_use]
    pub fn with_sid(self, sid: SessionId) -> Self {
        Self { sid: Some(sid), ..self }
    }
}
