//! Token introspection from the asking side: [RFC 7662 §2.1], [§2.2].
//!
//! [RFC 7662 §2.1]: https://www.rfc-editor.org/rfc/rfc7662#section-2.1
//! [§2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2

use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::ServerAnswer;
use super::fault::Fault;
use super::lenient;
use super::request::{Identity, PostForm};
use super::request_error::RequestError;
use crate::fetch::Fetch;
use crate::model::members::{Members, Unreadable};
use crate::model::{AuthorizationDetails, Endpoint, Scope, Secret, Timestamp};

/// An active token, as the authorization server describes it: [RFC 7662 §2.2]. Each member except the lists is optional
/// there.
///
/// A member that decides nothing is left out if it cannot be read, and [named](Introspection::unreadable). The response
/// is refused if one cannot be read that decides about the use of the token: `scope`, `token_type`, `exp`, `nbf`,
/// `aud`.
///
/// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Members")]
#[non_exhaustive]
pub struct Introspection {
    /// The scope of the token.
    pub scope: Option<Scope>,
    /// The client that the token was issued to. A whole number is read as its digits.
    pub client_id: Option<String>,
    /// The resource owner's name for people; a number is read as for `client_id`.
    pub username: Option<String>,
    /// The type of the token: [RFC 6749 §7.1].
    ///
    /// [RFC 6749 §7.1]: https://www.rfc-editor.org/rfc/rfc6749#section-7.1
    pub token_type: Option<String>,
    /// The time of expiry.
    pub exp: Option<Timestamp>,
    /// The time of issue.
    pub iat: Option<Timestamp>,
    /// The time before which the token must not be used.
    pub nbf: Option<Timestamp>,
    /// The resource owner; a number is read as for `client_id`.
    pub sub: Option<String>,
    /// The audience: one recipient or several.
    pub aud: Vec<String>,
    /// The authorization details of the token: [RFC 9396 §9.2]. If they cannot be read, there are none, and the token
    /// gives less.
    ///
    /// [RFC 9396 §9.2]: https://www.rfc-editor.org/rfc/rfc9396#section-9.2
    pub authorization_details: AuthorizationDetails,
    /// The issuer of the token.
    pub iss: Option<String>,
    /// The token's identifier; a number is read as for `client_id`.
    pub jti: Option<String>,
    /// The class of the resource owner's authentication: [RFC 9470 §6.2].
    ///
    /// [RFC 9470 §6.2]: https://www.rfc-editor.org/rfc/rfc9470#section-6.2
    pub acr: Option<String>,
    /// The time of the resource owner's authentication: [RFC 9470 §6.2].
    ///
    /// [RFC 9470 §6.2]: https://www.rfc-editor.org/rfc/rfc9470#section-6.2
    pub auth_time: Option<Timestamp>,
    /// The other members.
    pub claims: Map<String, Value>,
    unreadable: Unreadable,
}

impl Introspection {
    /// The names of the members that were sent and cannot be read. Their values are not known, which is not the same as
    /// absent: a response without `sub` may be that of a client which acts for itself.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }
}

impl TryFrom<Members> for Introspection {
    type Error = serde_json::Error;

    fn try_from(members: Members) -> Result<Self, Self::Error> {
        // Another resource server might read the same response differently.
        let mut members = members.distinct()?;
        let from = &mut members;
        let read = Self {
            scope: from.strict("scope", lenient::scope)?.flatten(),
            token_type: from.strict("token_type", serde_json::from_value)?,
            exp: from.strict("exp", timestamp)?.flatten(),
            nbf: from.strict("nbf", timestamp)?.flatten(),
            aud: from.strict("aud", lenient::one_or_many)?.unwrap_or_default(),
            authorization_details: from.optional("authorization_details", serde_json::from_value).unwrap_or_default(),
            client_id: from.optional("client_id", identifier),
            username: from.optional("username", identifier),
            iat: from.optional("iat", timestamp).flatten(),
            sub: from.optional("sub", identifier),
            iss: from.optional("iss", serde_json::from_value),
            jti: from.optional("jti", identifier),
            acr: from.optional("acr", serde_json::from_value),
            auth_time: from.optional("auth_time", timestamp).flatten(),
            claims: Map::new(),
            unreadable: Unreadable::new(),
        };
        let (mut claims, unreadable) = members.finish();
        claims.remove("active");
        Ok(Self { claims, unreadable, ..read })
    }
}

fn timestamp(member: Value) -> Result<Option<Timestamp>, serde_json::Error> {
    Ok(lenient::seconds(member)?.map(Timestamp))
}

/// Reads a text or a whole number, by which some servers identify clients and people.
fn identifier(member: Value) -> Result<String, serde_json::Error> {
    match member {
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        other => serde_json::from_value(other),
    }
}

/// Returns the introspection request. [RFC 7662 §2.1]: "The protected resource calls the introspection endpoint using
/// an HTTP POST".
///
/// [RFC 7662 §2.1]: https://www.rfc-editor.org/rfc/rfc7662#section-2.1
pub(crate) fn introspection_request(
    endpoint: &Endpoint,
    sender: &Identity,
    token: &Secret<'_>,
    token_type_hint: Option<&str>,
) -> Result<Fetch, RequestError> {
    introspection_form(token, token_type_hint).post(endpoint, sender)
}

/// Returns the form of the introspection request.
pub(crate) fn introspection_form(token: &Secret<'_>, token_type_hint: Option<&str>) -> PostForm {
    let mut form = PostForm::new();
    form.append("token", token.expose());
    form.append_optional("token_type_hint", token_type_hint);
    form
}

/// Reads the introspection response; `None` if the token is not active, whatever the reason.
pub(crate) fn introspection_response(answer: ServerAnswer) -> Result<Option<Introspection>, RequestError> {
    #[derive(Deserialize)]
    struct Active {
        #[serde(default)]
        active: Option<bool>,
    }
    // RFC 7662 §2.2: "Note that to avoid disclosing too much of the authorization server's state to a third party, the
    // authorization server SHOULD NOT include any additional information about an inactive token". If there is an
    // `error` beside it, the token is inactive all the same.
    if answer.successful::<Active>().is_some_and(|answer| answer.active == Some(false)) {
        return Ok(None);
    }
    match answer.json::<Active>()?.active {
        Some(true) => answer.json().map(Some),
        Some(false) => Ok(None),
        None => Err(answer.unusable(Fault::Missing("active"))),
    }
}
