//! Token introspection as whoever asks sees it: RFC 7662 §2.1, §2.2.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::answer::ServerAnswer;
use super::fault::Fault;
use super::lenient;
use super::request::{Identity, PostForm};
use super::request_error::RequestError;
use crate::fetch::Fetch;
use crate::model::{Endpoint, Scope, Secret, Timestamp};

/// An active token, as the authorization server describes it: RFC 7662 §2.2. Each member but the lists is optional
/// there.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Introspection {
    /// What it is good for.
    #[serde(default, deserialize_with = "lenient::scope")]
    pub scope: Option<Scope>,
    /// The client that it was issued to.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The resource owner's name for people.
    #[serde(default)]
    pub username: Option<String>,
    /// RFC 6749 §7.1.
    #[serde(default)]
    pub token_type: Option<String>,
    /// When it ends.
    #[serde(default, deserialize_with = "timestamp")]
    pub exp: Option<Timestamp>,
    /// When it was issued.
    #[serde(default, deserialize_with = "timestamp")]
    pub iat: Option<Timestamp>,
    /// Before when it is not to be used.
    #[serde(default, deserialize_with = "timestamp")]
    pub nbf: Option<Timestamp>,
    /// The resource owner.
    #[serde(default)]
    pub sub: Option<String>,
    /// For whom it is: one or several.
    #[serde(default, deserialize_with = "lenient::one_or_many")]
    pub aud: Vec<String>,
    /// Who issued it.
    #[serde(default)]
    pub iss: Option<String>,
    /// Its identifier.
    #[serde(default)]
    pub jti: Option<String>,
    /// How the resource owner was authenticated: RFC 9470 §6.2.
    #[serde(default)]
    pub acr: Option<String>,
    /// When the resource owner was authenticated: RFC 9470 §6.2.
    #[serde(default, deserialize_with = "timestamp")]
    pub auth_time: Option<Timestamp>,
    /// Whatever else the server says.
    #[serde(flatten, deserialize_with = "distinct")]
    pub claims: Map<String, Value>,
}

fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(lenient::seconds(deserializer)?.map(Timestamp))
}

/// RFC 8259 §4: "When the names within an object are not unique, the behavior of software that receives such an object
/// is unpredictable." Another resource server might read the same answer otherwise.
fn distinct<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Map<String, Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("members of different names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Map<String, Value>, A::Error> {
            let mut claims = Map::new();
            while let Some((name, value)) = members.next_entry::<String, Value>()? {
                if claims.insert(name, value).is_some() {
                    return Err(A::Error::custom("a member is repeated"));
                }
            }
            Ok(claims)
        }
    }
    deserializer.deserialize_map(Members)
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
    match answer.json::<Active>()?.active {
        Some(true) => {
            let mut active: Introspection = answer.json()?;
            active.claims.remove("active");
            Ok(Some(active))
        }
        Some(false) => Ok(None),
        None => Err(answer.unusable(Fault::Missing("active"))),
    }
}
