//! The configuration file; `example.toml` shows one.
//!
//! Each value is read into the type that grantor checks it with, so that an error comes with the key that it is under.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use grantor::model::{
    Audience, ClientId, CodeChallengeMethod, Digest, GrantType, Issuer, RedirectUri, Resource, ResponseType, Scope,
    Subject,
};
use grantor::record::{Client, RegisteredAuthentication, SecretPresentation};
use grantor::server::{Config, DefaultScope, RefreshPolicy};
use serde::Deserialize;

use crate::users::User;

/// What the program runs with: from a file, or the demo.
#[derive(Debug, Default)]
pub struct Settings {
    server: ServerTable,
    /// The clients, by id.
    pub clients: HashMap<ClientId, Arc<Client>>,
    /// The users, by the name they log in with.
    pub users: HashMap<String, Arc<User>>,
}

/// What is wrong with the file, and where.
#[derive(Debug)]
pub struct ConfigError {
    file: PathBuf,
    key: String,
    reason: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ConfigError {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    server: ServerTable,
    #[serde(default, rename = "client")]
    clients: Vec<ClientTable>,
    #[serde(default, rename = "user")]
    users: Vec<UserTable>,
}

/// `[server]`: lifetimes in seconds; what is left out is grantor's default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerTable {
    grants: Option<Vec<GrantType>>,
    response_types: Option<Vec<ResponseType>>,
    code_challenge_methods: Option<Vec<CodeChallengeMethod>>,
    code_lifetime: Option<u64>,
    access_token_lifetime: Option<u64>,
    refresh_token_lifetime: Option<u64>,
    refresh: Option<Refresh>,
    refresh_grace: Option<u64>,
    default_scope: Option<Scope>,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    playground: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Refresh {
    Rotate,
    RotatePublic,
    Reuse,
}

/// `[[client]]`: names and defaults of RFC 7591 §2.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientTable {
    client_id: ClientId,
    client_secret: Option<String>,
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<RedirectUri>,
    #[serde(default = "authorization_code")]
    grant_types: Vec<GrantType>,
    #[serde(default = "code")]
    response_types: Vec<ResponseType>,
    #[serde(default)]
    scope: Scope,
    token_endpoint_auth_method: Option<AuthMethod>,
    #[serde(default = "yes")]
    require_pkce: bool,
    /// Present: a resource server, which may introspect access tokens for these `resources`, and those for no one in particular.
    resource_server: Option<Vec<Resource>>,
}

/// The file as it was read holds secrets in plain text.
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
struct UserTable {
    username: String,
    password: String,
    sub: Option<Subject>,
    name: Option<String>,
}

impl fmt::Debug for UserTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTable").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or something in it is wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let fault = |key, reason| ConfigError { file: path.to_owned(), key, reason };
        let text = std::fs::read_to_string(path).map_err(|error| fault(String::new(), error.to_string()))?;
        Self::parse(&text).map_err(|(key, reason)| fault(key, reason))
    }

    /// Reads a file's text. An error is the key and the reason.
    fn parse(text: &str) -> Result<Self, (String, String)> {
        // The message alone: the line that TOML's own errors quote may hold a secret.
        let syntax = |error: toml::de::Error| {
            let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.split('\n').count());
            (line.map(|line| format!("line {line}")).unwrap_or_default(), error.message().to_owned())
        };
        let deserializer = toml::Deserializer::parse(text).map_err(syntax)?;
        let File { server, clients, users } = serde_path_to_error::deserialize(deserializer)
            .map_err(|error| (error.path().to_string(), error.inner().message().to_owned()))?;

        let mut settings = Self { server, ..Self::default() };
        for (index, user) in users.into_iter().enumerate() {
            let at = |key| format!("user[{index}].{key}");
            let username = user.username.clone();
            let user = user.check().map_err(|(key, reason)| (at(key), reason))?;
            if settings.users.insert(username.clone(), Arc::new(user)).is_some() {
                return Err((at("username"), format!("{username:?} is there twice")));
            }
        }
        for (index, client) in clients.into_iter().enumerate() {
            let at = |key| format!("client[{index}].{key}");
            let client = client.check().map_err(|(key, reason)| (at(key), reason))?;
            settings.add(Arc::new(client)).map_err(|reason| (at("client_id"), reason))?;
        }
        Ok(settings)
    }

    /// Settings with whatever the playground can show, also what RFC 9700 advises against: it is off until a client's record names
    /// it too. Tokens are for these protected resources.
    pub(crate) fn for_all_flows(resources: Vec<Resource>) -> Self {
        let server = ServerTable {
            grants: Some(vec![
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::ClientCredentials,
                GrantType::Password,
            ]),
            response_types: Some(vec![ResponseType::Code, ResponseType::Token]),
            resources,
            // Short, for whoever tries to replay a refresh token.
            refresh_grace: Some(3),
            playground: true,
            ..ServerTable::default()
        };
        Self { server, ..Self::default() }
    }

    /// Whether there is a playground.
    #[must_use]
    pub fn playground(&self) -> bool {
        self.server.playground
    }

    /// Adds a client.
    ///
    /// # Errors
    /// There is a client of that id, or a user is known to tokens by it (RFC 9700 §4.15.1: a resource server must not take a
    /// client for a user).
    pub fn add(&mut self, client: Arc<Client>) -> Result<(), String> {
        let client_id = client.client_id.clone();
        if self.users.values().any(|user| user.subject.as_str() == client_id.as_str()) {
            return Err(format!("{:?} is the sub of a user", client_id.as_str()));
        }
        match self.clients.insert(client_id, client) {
            Some(other) => Err(format!("{:?} is there twice", other.client_id.as_str())),
            None => Ok(()),
        }
    }

    /// The server's configuration.
    #[must_use]
    pub fn server(&self, issuer: Issuer) -> Config {
        let mut config = Config::new(issuer);
        let table = &self.server;
        set(&mut config.token.grant_types, &table.grants);
        set(&mut config.authorization.response_types, &table.response_types);
        set(&mut config.authorization.code_challenge_methods, &table.code_challenge_methods);
        set(&mut config.authorization.code_lifetime, &table.code_lifetime.map(Duration::from_secs));
        set(&mut config.token.access_token_lifetime, &table.access_token_lifetime.map(Duration::from_secs));
        set(&mut config.token.refresh_token_lifetime, &table.refresh_token_lifetime.map(Duration::from_secs));
        set(&mut config.scope.default, &table.default_scope.clone().map(DefaultScope::Fixed));
        config.resources = Audience::only(table.resources.iter().cloned()).unwrap_or_default();
        let grace = match (table.refresh_grace, config.token.refresh) {
            (Some(seconds), _) => Duration::from_secs(seconds),
            (None, RefreshPolicy::Rotate { grace } | RefreshPolicy::RotatePublic { grace }) => grace,
            (None, RefreshPolicy::Reuse) => Duration::ZERO,
        };
        config.token.refresh = match table.refresh.unwrap_or(Refresh::Rotate) {
            Refresh::Rotate => RefreshPolicy::Rotate { grace },
            Refresh::RotatePublic => RefreshPolicy::RotatePublic { grace },
            Refresh::Reuse => RefreshPolicy::Reuse,
        };
        config
    }
}

fn set<T: Clone>(value: &mut T, given: &Option<T>) {
    if let Some(given) = given {
        value.clone_from(given);
    }
}

impl ClientTable {
    fn check(self) -> Result<Client, (&'static str, String)> {
        let wrong = |key, reason: &str| Err((key, reason.to_owned()));
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
        client.redirect_uris = self.redirect_uris;
        client.grant_types = self.grant_types;
        client.response_types = self.response_types;
        client.scope = self.scope;
        client.require_pkce = self.require_pkce;
        client.resource_server = self.resource_server;
        Ok(client)
    }
}

impl UserTable {
    fn check(self) -> Result<User, (&'static str, String)> {
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

#[cfg(test)]
mod tests;
