//! The configuration file; `example.toml` shows one.
//!
//! Each value is read into grantor's own type, so that an error names the key of the value.

mod reading;
mod server;
mod tables;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use grantor::model::{ClientId, GrantType, Issuer, Resource, ResponseType, Scope};
use grantor::record::Client;
use grantor::server::Config;

use self::server::{Pushing, Registration, ServerTable};
use self::tables::File;
use crate::sentences::Sentences;
use crate::users::User;

/// The settings of the program: from a file, or the demo's.
#[derive(Debug, Default)]
pub struct Settings {
    server: ServerTable,
    /// The clients, by id.
    pub clients: HashMap<ClientId, Arc<Client>>,
    /// The users, by their login names.
    pub users: HashMap<String, Arc<User>>,
    /// The sentences of the scope values.
    pub sentences: Sentences,
}

/// An error in the file, with its place.
#[derive(Debug)]
pub struct ConfigError {
    file: PathBuf,
    line: Option<usize>,
    key: String,
    reason: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ConfigError {}

/// The reason why an id cannot be a client's. The id is not shown, since somebody may have put a secret there by
/// mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// Another client has the id.
    #[error("it is there twice")]
    Client,
    /// The id is the subject of a user.
    #[error("it is the sub of a user")]
    Subject,
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or is wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let fault = |(line, key, reason)| ConfigError { file: path.to_owned(), line, key, reason };
        let text = std::fs::read_to_string(path).map_err(|error| fault((None, String::new(), error.to_string())))?;
        Self::parse(&text).map_err(fault)
    }

    /// Reads a file's text. An error is the line, if known, the key and the reason.
    fn parse(text: &str) -> Result<Self, (Option<usize>, String, String)> {
        let File { server, clients, users, resources, scopes } = reading::read(text)?;
        server.check().map_err(|(key, reason)| (None, format!("server.{key}"), reason.to_owned()))?;
        let mut settings = Self { server, ..Self::default() };
        for (index, resource) in resources.into_iter().enumerate() {
            if settings.server.of_resource.insert(resource.uri, resource.scopes).is_some() {
                return Err((None, format!("resource[{index}].uri"), "it is there twice".to_owned()));
            }
        }
        for (index, scope) in scopes.into_iter().enumerate() {
            let fault = |key: &str, reason| (None, format!("scope[{index}].{key}"), reason);
            let name = scope.name.clone();
            let sentence = scope.check().map_err(|(key, reason)| fault(key, reason))?;
            if !settings.sentences.add(name.as_str(), sentence) {
                return Err(fault("name", "it is there twice".to_owned()));
            }
        }
        for (index, user) in users.into_iter().enumerate() {
            let fault = |key: &str, reason| (None, format!("user[{index}].{key}"), reason);
            let username = user.username.clone();
            let user = user.check().map_err(|(key, reason)| fault(key, reason))?;
            if settings.users.insert(username, Arc::new(user)).is_some() {
                return Err(fault("username", "it is there twice".to_owned()));
            }
        }
        for (index, client) in clients.into_iter().enumerate() {
            let fault = |key: &str, reason| (None, format!("client[{index}].{key}"), reason);
            let client = client.check(&settings.server.relaxed).map_err(|(key, reason)| fault(&key, reason))?;
            settings.add(Arc::new(client)).map_err(|taken| fault("client_id", taken.to_string()))?;
        }
        Ok(settings)
    }

    /// Creates settings with everything that the playground can show, even what RFC 9700 advises against, which is off
    /// until a client's record names it too. Tokens are for this protected resource, to which this scope belongs.
    pub(crate) fn for_all_flows(resource: Resource, scope: Scope) -> Self {
        let server = ServerTable {
            grants: Some(vec![
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::ClientCredentials,
                GrantType::Password,
            ]),
            response_types: Some(vec![ResponseType::Code, ResponseType::Token]),
            of_resource: [(resource, scope)].into(),
            pushed_authorization_requests: Pushing::Allowed,
            authorization_details_types: vec!["payment_initiation".to_owned()],
            device_authorization: true,
            // Short enough for a visitor who wants to replay a refresh token.
            refresh_grace: Some(3),
            playground: true,
            ..ServerTable::default()
        };
        Self { server, ..Self::default() }
    }

    /// Lets everybody register clients for this scope, or be one by a metadata document.
    pub(crate) fn with_open_registration(mut self, scope: Scope) -> Self {
        self.server.registration = Registration::Open;
        self.server.client_id_metadata_documents = true;
        self.server.registration_scope = Some(scope);
        self
    }

    /// The seconds after which a client that registered itself is forgotten if it has no grant: 30 days, unless the
    /// file says otherwise.
    #[must_use]
    pub fn unused_client_lifetime(&self) -> u64 {
        self.server.unused_client_lifetime.unwrap_or(30 * 24 * 60 * 60)
    }

    /// Tells if people are not asked again about what they have allowed a client before.
    #[must_use]
    pub fn remembered_consent(&self) -> bool {
        self.server.remembered_consent
    }

    /// Tells if there is a playground.
    #[must_use]
    pub fn playground(&self) -> bool {
        self.server.playground
    }

    /// Adds a client.
    ///
    /// # Errors
    /// There is a client with this id, or a user with this subject (RFC 9700 §4.15.1: a resource server must not take a
    /// client for a user).
    pub fn add(&mut self, client: Arc<Client>) -> Result<(), Taken> {
        let client_id = client.client_id.clone();
        if self.users.values().any(|user| user.subject.as_str() == client_id.as_str()) {
            return Err(Taken::Subject);
        }
        match self.clients.insert(client_id, client) {
            Some(_) => Err(Taken::Client),
            None => Ok(()),
        }
    }

    /// The server's configuration.
    #[must_use]
    pub fn server(&self, issuer: Issuer) -> Config {
        self.server.config(issuer)
    }
}

#[cfg(test)]
mod tests;
