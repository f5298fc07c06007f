//! The tables of clients and users in the file.

use std::fmt;

use grantor::model::{Audience, ClientId, Digest, GrantType, RedirectUri, Resource, ResponseType, Scope, Subject};
use grantor::record::{Client, RegisteredAuthentication, SecretPresentation};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::server::{Relaxed, ServerTable};
use crate::sentences::Sentence;
use crate::users::User;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) server: ServerTable,
    #[serde(default, rename = "client")]
    pub(super) clients: Vec<ClientTable>,
    #[serde(default, rename = "user")]
    pub(super) users: Vec<UserTable>,
    #[serde(default, rename = "resource")]
    pub(super) resources: Vec<ResourceTable>,
    #[serde(default, rename = "scope")]
    pub(super) scopes: Vec<ScopeTable>,
}

/// `[[resource]]`: a protected resource, and the scope values that belong to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceTable {
    pub(super) uri: Resource,
    #[serde(default, deserialize_with = "scopes")]
    pub(super) scopes: Scope,
}

/// `[[scope]]`: a scope value, and the sentence by which people are told what it stands for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeTable {
    pub(super) name: Scope,
    description: String,
    #[serde(default)]
    translations: Vec<Translation>,
}

/// A sentence in another language than that of the pages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Translation {
    locale: String,
    description: String,
}

/// Reads scope values: a list, or one text with spaces in between.
fn scopes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
    struct Values;
    impl<'de> Visitor<'de> for Values {
        type Value = Scope;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of scope values")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Scope, E> {
            Scope::parse(text).map_err(E::custom)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Scope, A::Error> {
            let mut scope = Scope::EMPTY;
            while let Some(value) = values.next_element::<Scope>()? {
                scope = scope.union(&value);
            }
            Ok(scope)
        }
    }
    deserializer.deserialize_any(Values)
}

/// `[[client]]`: names and defaults of RFC 7591 §2.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientTable {
    client_id: ClientId,
    client_secret: Option<String>,
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default = "authorization_code")]
    grant_types: Vec<GrantType>,
    #[serde(default = "code")]
    response_types: Vec<ResponseType>,
    #[serde(default)]
    scope: Scope,
    token_endpoint_auth_method: Option<AuthMethod>,
    #[serde(default = "yes")]
    require_pkce: bool,
    #[serde(default = "yes")]
    require_redirect_uri: bool,
    #[serde(default)]
    require_pushed_authorization_requests: bool,
    /// The protected resources that the client may ask tokens for; if omitted, all that the server has.
    #[serde(default)]
    resource: Vec<Resource>,
    /// The authorization details types that the client may ask for (RFC 9396 §10).
    #[serde(default)]
    authorization_details_types: Vec<String>,
    /// The longest life of a grant to the client, in seconds.
    grant_lifetime: Option<u64>,
    #[serde(default)]
    disabled: bool,
    /// If present, the client is a resource server, which may introspect access tokens for these `resources`, and
    /// unrestricted ones.
    resource_server: Option<Vec<Resource>>,
}

/// Shows nothing, since the table holds secrets in plain text.
impl fmt::Debug for ClientTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTable").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

fn authorization_code() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode]
}

fn code() -> Vec<ResponseType> {
    vec![ResponseType::Code]
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AuthMethod {
    None,
    ClientSecretBasic,
    ClientSecretPost,
}

/// `[[user]]`. Without `sub`, the user name is the subject.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserTable {
    pub(super) username: String,
    password: String,
    sub: Option<Subject>,
    name: Option<String>,
}

impl fmt::Debug for UserTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTable").field("username", &self.username).finish_non_exhaustive()
    }
}

impl ClientTable {
    pub(super) fn check(self, relaxed: &Relaxed) -> Result<Client, (String, String)> {
        let wrong = |key: &str, reason: &str| Err((key.to_owned(), reason.to_owned()));
        let presented = match (self.token_endpoint_auth_method, &self.client_secret) {
            (_, Some(secret)) if secret.is_empty() => return wrong("client_secret", "it is empty"),
            (None | Some(AuthMethod::None), None) => None,
            (None, Some(_)) => Some(SecretPresentation::Either),
            (Some(AuthMethod::ClientSecretBasic), Some(_)) => Some(SecretPresentation::Basic),
            (Some(AuthMethod::ClientSecretPost), Some(_)) => Some(SecretPresentation::Post),
            (Some(AuthMethod::None), Some(_)) => {
                return wrong("token_endpoint_auth_method", "a client with a client_secret cannot use \"none\"");
            }
            (Some(_), None) => {
                return wrong("token_endpoint_auth_method", "this method needs a client_secret");
            }
        };
        let mut client = Client::public(self.client_id);
        if let (Some(presented), Some(secret)) = (presented, self.client_secret) {
            client.authentication = RegisteredAuthentication::secret(&secret, presented);
        }
        client.client_name = self.client_name;
        let parse = if relaxed.private_use_schemes { RedirectUri::parse_private_use } else { RedirectUri::parse };
        for (index, uri) in self.redirect_uris.iter().enumerate() {
            let uri = parse(uri).map_err(|error| (format!("redirect_uris[{index}]"), error.to_string()))?;
            client.redirect_uris.push(uri);
        }
        client.grant_types = self.grant_types;
        client.response_types = self.response_types;
        client.scope = self.scope;
        client.require_pkce = self.require_pkce;
        client.require_redirect_uri = self.require_redirect_uri;
        client.require_pushed_authorization_requests = self.require_pushed_authorization_requests;
        client.audience = Audience::only(self.resource).unwrap_or_default();
        client.authorization_details_types = self.authorization_details_types;
        client.grant_lifetime = self.grant_lifetime;
        client.disabled = self.disabled;
        client.resource_server = self.resource_server;
        Ok(client)
    }
}

impl ScopeTable {
    /// Returns the sentence.
    pub(super) fn check(self) -> Result<Sentence, (&'static str, String)> {
        if self.name.tokens().count() != 1 {
            return Err(("name", "it is not one scope value".to_owned()));
        }
        let translations =
            self.translations.into_iter().map(|Translation { locale, description }| (locale, description));
        Ok(Sentence { text: self.description, translations: translations.collect() })
    }
}

impl UserTable {
    pub(super) fn check(self) -> Result<User, (&'static str, String)> {
        if self.password.is_empty() {
            return Err(("password", "it is empty".to_owned()));
        }
        let subject = match self.sub {
            Some(subject) => subject,
            None => Subject::parse(&self.username).map_err(|error| ("username", error.to_string()))?,
        };
        Ok(User { subject, name: self.name.unwrap_or(self.username), password: Digest::of(&self.password) })
    }
}
