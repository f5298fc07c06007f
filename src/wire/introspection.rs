//! Token introspection as whoever asks sees it: RFC 7662 §2.1, §2.2.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::ServerAnswer;
use super::fault::Fault;
use super::lenient;
use super::request::{Identity, PostForm};
use super::request_error::RequestError;
use crate::fetch::Fetch;
use crate::model::members::{Members, Unreadable};
use crate::model::{Endpoint, Scope, Secret, Timestamp};

/// An active token, as the authorization server describes it: RFC 7662 §2.2. Each member but the lists is optional
/// there.
///
/// A member that nothing hangs on is left out if it cannot be read, and [named](Introspection::unreadable). Those that
/// decide whether a token may be used, and for what, make the answer one that cannot be used: `scope`, `token_type`,
/// `exp`, `nbf`, `aud`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Members")]
#[non_exhaustive]
pub struct Introspection {
    /// What it is good for.
    pub scope: Option<Scope>,
    /// The client that it was issued to. A whole number is taken as its digits.
    pub client_id: Option<String>,
    /// The resource owner's name for people; a number as `client_id`.
    pub username: Option<String>,
    /// RFC 6749 §7.1.
    pub token_type: Option<String>,
    /// When it ends.
    pub exp: Option<Timestamp>,
    /// When it was issued.
    pub iat: Option<Timestamp>,
    /// Before when it is not to be used.
    pub nbf: Option<Timestamp>,
    /// The resource owner; a number as `client_id`.
    pub sub: Option<String>,
    /// For whom it is: one or several.
    pub aud: Vec<String>,
    /// Who issued it.
    pub iss: Option<String>,
    /// Its identifier; a number as `client_id`.
    pub jti: Option<String>,
    /// How the resource owner was authenticated: RFC 9470 §6.2.
    pub acr: Option<String>,
    /// When the resource owner was authenticated: RFC 9470 §6.2.
    pub auth_time: Option<Timestamp>,
    /// Whatever else the server says.
    pub claims: Map<String, Value>,
    unreadable: Unreadable,
}

impl Introspection {
    /// The members of the answer that were there and cannot be read. What such a member was to say is not known, which
    /// is not the same as nothing: an answer without `sub` may be that of a client which acts for itself.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }
}

impl TryFrom<Members> for Introspection {
    type Error = serde_json::Error;

    fn try_from(members: Members) -> Result<Self, Self::Error> {
        // Another resource server might read the same answer otherwise.
        let mut members = members.distinct()?;
        let from = &mut members;
        let read = Self {
            scope: from.strict("scope", lenient::scope)?.flatten(),
            token_type: from.strict("token_type", serde_json::from_value)?,
            exp: from.strict("exp", timestamp)?.flatten(),
            nbf: from.strict("nbf", timestamp)?.flatten(),
            aud: from.strict("aud", lenient::one_or_many)?.unwrap_or_default(),
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

/// A text, or a whole number, by which some servers know their clients and people.
fn identifier(member: Value) -> Result<String, serde_json::Error> {
    match member {
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        other => serde_json::from_value(other),
    }
}

/// RFC 7662 §2.1: "The protected resource calls the introspection endpoint using an HTTP POST".
pub(crate) fn introspection_request(
    endpoint: &Endpoint,
    sender: &Identity,
    token: &Secret<'_>,
    token_type_hint: Option<&str>,
) -> Result<Fetch, RequestError> {
    introspection_form(token, token_type_hint).post(endpoint, sender)
}

/// What is posted there.
pub(crate) fn introspection_form(token: &Secret<'_>, token_type_hint: Option<&str>) -> PostForm {
    let mut form = PostForm::new();
    form.append("token", token.expose());
    form.append_optional("token_type_hint", token_type_hint);
    form
}

/// What the server says of the token; none if it is not active, whatever the reason.
pub(crate) fn introspection_response(answer: ServerAnswer) -> Result<Option<Introspection>, RequestError> {
    #[derive(Deserialize)]
    struct Active {
        #[serde(default)]
        active: Option<bool>,
    }
    // RFC 7662 §2.2: "Note that to avoid disclosing too much of the authorization server's state to a third party, the
    // authorization server SHOULD NOT include any additional information about an inactive token". One that says `error`
    // beside it has said plainly what counts.
    if answer.successful::<Active>().is_some_and(|answer| answer.active == Some(false)) {
        return Ok(None);
    }
    match answer.json::<Active>()?.active {
        Some(true) => answer.json().map(Some),
        Some(false) => Ok(None),
        None => Err(answer.unusable(Fault::Missing("active"))),
    }
}
