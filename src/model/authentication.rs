//! The authentication of a resource owner: [RFC 9470], with the terms of [OpenID Connect Core 1.0 §2].
//!
//! [RFC 9470]: https://www.rfc-editor.org/rfc/rfc9470
//! [OpenID Connect Core 1.0 §2]: https://openid.net/specs/openid-connect-core-1_0.html#IDToken

use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::syntax::{SyntaxError, is_nqchar, name, only};

name! {
    /// An authentication context class reference (`acr`): a name, agreed between the authorization server and its
    /// protected resources, for a way to authenticate a resource owner. It contains neither spaces nor quotes, since
    /// [RFC 9470 §3] puts several, separated by spaces, into a quoted string.
    ///
    /// [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3
    Acr, "acr", 255, |text| only(text, is_nqchar)
}

name! {
    /// An authentication method reference (`amr`), such as `otp` or `hwk`: [RFC 8176 §2].
    ///
    /// [RFC 8176 §2]: https://www.rfc-editor.org/rfc/rfc8176#section-2
    Amr, "amr", 255, |text| only(text, is_nqchar)
}

name! {
    /// A session of a resource owner at the authorization server (`sid`), by the host's identifier.
    SessionId, "sid", 255, |text| !text.contains(char::is_control)
}

impl Acr {
    /// Reads the names in an `acr_values`, "in order of preference" ([RFC 9470 §3]).
    ///
    /// # Errors
    /// One of them is not a name, or there are more than 16.
    ///
    /// [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3
    pub fn parse_values(text: &str) -> Result<Vec<Self>, SyntaxError> {
        let names = || text.split(' ').filter(|name| !name.is_empty());
        if names().nth(16).is_some() { Err(SyntaxError("acr_values")) } else { names().map(Self::parse).collect() }
    }
}

/// The time and manner of a resource owner's authentication, as far as the host said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthenticationEvent {
    /// The time of the login, not of the click on "allow".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// The class of the authentication, by a name that protected resources know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
    /// The methods of the authentication.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Amr>,
    /// The session in which the resource owner was authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
}

impl AuthenticationEvent {
    /// Creates an authentication at this time.
    #[must_use]
    pub fn at(auth_time: Timestamp) -> Self {
        Self { auth_time: Some(auth_time), ..Self::default() }
    }

    /// Sets the authentication context class.
    #[must_use]
    pub fn with_acr(self, acr: Acr) -> Self {
        Self { acr: Some(acr), ..self }
    }

    /// Sets the methods.
    #[must_use]
    pub fn with_amr(self, amr: impl IntoIterator<Item = Amr>) -> Self {
        Self { amr: amr.into_iter().collect(), ..self }
    }

    /// Sets the session.
    #[must_use]
    pub fn with_sid(self, sid: SessionId) -> Self {
        Self { sid: Some(sid), ..self }
    }
}
