//! Registering a client: by flags, or by the metadata of RFC 7591.

use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use grantor::model::{Audience, ClientId, GrantType, RedirectUri, Resource, ResponseType, Scope, Secret};
use grantor::record::{Client, ClientImport, RegisteredAuthentication, SecretPresentation};
use grantor::store::{Change, Commit, Outcome, Store as _};
use grantor_sqlite::SqliteStore;
use serde_json::Value;

use super::{Done, show};
use crate::config::Settings;

/// `reference-host client add`: names and defaults of RFC 7591 §2.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its client_id [default: one that is drawn]
    client_id: Option<ClientId>,
    /// Read client metadata (RFC 7591) from this file instead: one JSON object, or a list of them
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// With --from: take redirect URIs of private-use schemes without a period
    #[arg(long, requires = "from")]
    private_use_schemes: bool,
    /// The configuration that the server runs with: an id that is taken there is refused
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Its name for people
    #[arg(long, value_name = "TEXT", conflicts_with = "from")]
    name: Option<String>,
    /// Where it may be redirected to; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI", conflicts_with = "from", value_parser = redirect_uri)]
    redirect_uris: Vec<RedirectUri>,
    /// What it may present at the token endpoint; may be repeated [default: authorization_code]
    #[arg(long = "grant-type", value_name = "TYPE", conflicts_with = "from", value_parser = grant_type)]
    grant_types: Vec<GrantType>,
    /// What it may ask of the authorization endpoint; may be repeated [default: code, with the grant of that name]
    #[arg(long = "response-type", value_name = "TYPE", conflicts_with = "from", value_parser = response_type)]
    response_types: Vec<ResponseType>,
    /// The most it may ask for
    #[arg(long, conflicts_with = "from", value_parser = scope, default_value = "")]
    scope: Scope,
    /// Its authorization requests must be pushed (RFC 9126)
    #[arg(long, conflicts_with = "from")]
    require_pushed_authorization_requests: bool,
    /// How it presents its secret [default: as it likes, in the header or in the body]
    #[arg(long, conflicts_with = "from", value_name = "METHOD")]
    token_endpoint_auth_method: Option<Method>,
    /// The protected resources that it may ask tokens for; may be repeated [default: all that the server has]
    #[arg(long = "resource", value_name = "URI", conflicts_with = "from", value_parser = resource)]
    resources: Vec<Resource>,
    /// A type of authorization details that it may ask for (RFC 9396); may be repeated
    #[arg(long = "authorization-details-type", value_name = "TYPE", conflicts_with = "from")]
    authorization_details_types: Vec<String>,
    /// It is a resource server, which may introspect
    #[arg(long, conflicts_with = "from")]
    resource_server: bool,
    /// The resources whose tokens it may introspect, beside those that are for no one in particular; may be repeated
    #[arg(long = "introspects", value_name = "URI", conflicts_with = "from", requires = "resource_server", value_parser = resource)]
    introspects: Vec<Resource>,
    /// How long a grant to it lasts at the most
    #[arg(long, value_name = "SECONDS")]
    grant_lifetime: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// It is public: it has no secret.
    #[value(name = "none")]
    None,
    #[value(name = "client_secret_basic")]
    Basic,
    #[value(name = "client_secret_post")]
    Post,
}

fn redirect_uri(text: &str) -> Result<RedirectUri, String> {
    RedirectUri::parse(text).map_err(|error| error.to_string())
}

fn grant_type(text: &str) -> Result<GrantType, String> {
    GrantType::parse(text).map_err(|error| error.to_string())
}

fn response_type(text: &str) -> Result<ResponseType, &'static str> {
    match text {
        "code" => Ok(ResponseType::Code),
        "token" => Ok(ResponseType::Token),
        _ => Err("expected code or token"),
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    if text.is_empty() { Ok(Scope::EMPTY) } else { Scope::parse(text).map_err(|error| error.to_string()) }
}

fn resource(text: &str) -> Result<Resource, String> {
    Resource::parse(text).map_err(|error| error.to_string())
}

impl Add {
    pub(super) fn run(self, store: &SqliteStore) -> Done {
        let mut taken = self.config.as_deref().map(Settings::read).transpose()?;
        let lifetime = self.grant_lifetime;
        let clients = match self.from.clone() {
            Some(file) => self.read(&file)?,
            None => vec![self.flags()?],
        };
        let mut failed = 0;
        for (mut client, secret) in clients {
            client.grant_lifetime = lifetime.or(client.grant_lifetime);
            match register(store, taken.as_mut(), client, secret.as_ref()) {
                Ok(()) => {}
                Err(error) => {
                    failed += 1;
                    writeln!(stderr(), "{error}")?;
                }
            }
        }
        if failed == 0 { Ok(()) } else { Err(format!("not registered: {failed}").into()) }
    }

    fn flags(self) -> Done<(Client, Option<Secret<'static>>)> {
        let client_id = self.client_id.map_or_else(draw_id, Ok)?;
        let secret = match self.token_endpoint_auth_method {
            Some(Method::None) => None,
            _ => Some(Secret::generate(&mut getrandom::SysRng)?),
        };
        let mut client = Client::public(client_id);
        if let Some(secret) = &secret {
            let presented = match self.token_endpoint_auth_method {
                Some(Method::Basic) => SecretPresentation::Basic,
                Some(Method::Post) => SecretPresentation::Post,
                _ => SecretPresentation::Either,
            };
            client.authentication = RegisteredAuthentication::secret(secret.expose(), presented);
        }
        client.client_name = self.name;
        client.redirect_uris = self.redirect_uris;
        let is_plain_resource_server = self.resource_server && client.redirect_uris.is_empty();
        client.grant_types = match self.grant_types {
            types if types.is_empty() && !is_plain_resource_server => vec![GrantType::AuthorizationCode],
            types => types,
        };
        client.response_types = match self.response_types {
            types if types.is_empty() && client.grant_types.contains(&GrantType::AuthorizationCode) => {
                vec![ResponseType::Code]
            }
            types => types,
        };
        // RFC 7591 §2: "clients using flows with redirection MUST register their redirection URI values."
        if !client.response_types.is_empty() && client.redirect_uris.is_empty() {
            return Err("a client that people are sent back to needs --redirect-uri (or another --grant-type)".into());
        }
        client.scope = self.scope;
        client.require_pushed_authorization_requests = self.require_pushed_authorization_requests;
        client.audience = Audience::only(self.resources).unwrap_or_default();
        client.authorization_details_types = self.authorization_details_types;
        client.resource_server = self.resource_server.then_some(self.introspects);
        Ok((client, secret))
    }

    /// Reads the clients of a file. Parts that were not taken are reported, without secrets.
    fn read(self, file: &Path) -> Done<Vec<(Client, Option<Secret<'static>>)>> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| told(&error))?;
        // The error has the position and not the text, which may be a secret.
        let position = |error: serde_json::Error| {
            told(&format_args!("line {}, column {}: this is no JSON", error.line(), error.column()))
        };
        let all = match serde_json::from_str(&text).map_err(position)? {
            Value::Array(all) if self.client_id.is_some() && all.len() != 1 => {
                return Err("one client_id for more than one client".into());
            }
            Value::Array(all) => all,
            one => vec![one],
        };
        let mut import = ClientImport::default();
        import.private_use_schemes = self.private_use_schemes;
        let mut clients = Vec::new();
        for metadata in all {
            let Value::Object(mut metadata) = metadata else {
                return Err(told(&"client metadata is a JSON object, or a list of them").into());
            };
            if self.client_id.is_some() || !metadata.contains_key("client_id") {
                // Metadata for a registration has no id (RFC 7591 §2): the server assigns it.
                let client_id = self.client_id.clone().map_or_else(draw_id, Ok)?;
                metadata.insert("client_id".to_owned(), client_id.as_str().into());
            }
            let imported = import.read(&metadata);
            let name = imported.client_id.unwrap_or_default();
            for remark in &imported.remarks {
                writeln!(stderr(), "{name:?}: {remark}")?;
            }
            let Some(mut client) = imported.client else {
                return Err("a client of the file is refused: nothing was registered".into());
            };
            let mut drawn = None;
            // This host has no checker for secrets, so it draws one.
            if let RegisteredAuthentication::Host { presented } = client.authentication {
                let secret = Secret::generate(&mut getrandom::SysRng)?;
                client.authentication = RegisteredAuthentication::secret(secret.expose(), presented);
                drawn = Some(secret);
            }
            clients.push((client, drawn));
        }
        Ok(clients)
    }
}

fn register(store: &SqliteStore, taken: Option<&mut Settings>, client: Client, drawn: Option<&Secret<'_>>) -> Done {
    let (client_id, client) = (client.client_id.clone(), Arc::new(client));
    if let Some(settings) = taken {
        settings.add(Arc::clone(&client)).map_err(|taken| format!("{client_id} in the configuration: {taken}"))?;
    }
    match store.commit(&Commit::of(Change::PutClient(client)))? {
        Outcome::Conflict(_) => Err(format!("{:?} is registered already", client_id.as_str()).into()),
        Outcome::Applied => match drawn {
            Some(secret) => show::secret(&client_id, secret),
            None => super::say(format_args!("client_id: {}", client_id.as_str())),
        },
    }
}

/// Draws an id that was never used before.
fn draw_id() -> Done<ClientId> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ClientId::parse(&text)?)
}
