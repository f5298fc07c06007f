//! The server's own table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use grantor::model::{
    Audience, CodeChallengeMethod, Digest, Endpoint, GrantType, Issuer, Resource, ResponseType, Scope,
};
use grantor::server::{
    ClientIdMetadataDocumentConfig, Config, DefaultScope, DeviceConfig, ParConfig, RefreshPolicy, Registrants,
    RegistrationConfig, SeveralResources, UnknownScope,
};
use serde::Deserialize;

use crate::details;

/// `[server]`: lifetimes in seconds; an omitted one has grantor's default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerTable {
    pub(super) grants: Option<Vec<GrantType>>,
    pub(super) response_types: Option<Vec<ResponseType>>,
    pub(super) code_challenge_methods: Option<Vec<CodeChallengeMethod>>,
    pub(super) code_lifetime: Option<u64>,
    pub(super) access_token_lifetime: Option<u64>,
    pub(super) refresh_token_lifetime: Option<u64>,
    pub(super) refresh: Option<Refresh>,
    pub(super) refresh_grace: Option<u64>,
    /// The longest life of a grant, however often its tokens are refreshed.
    pub(super) grant_lifetime: Option<u64>,
    #[serde(default)]
    pub(super) pushed_authorization_requests: Pushing,
    pub(super) default_scope: Option<Scope>,
    #[serde(default)]
    pub(super) scopes_supported: Scope,
    #[serde(default)]
    pub(super) authorization_details_types: Vec<String>,
    #[serde(default)]
    pub(super) resources: Vec<Resource>,
    /// The scope values of each `[[resource]]`.
    #[serde(skip)]
    pub(super) of_resource: BTreeMap<Resource, Scope>,
    /// Devices without a browser: RFC 8628.
    #[serde(default)]
    pub(super) device_authorization: bool,
    #[serde(default)]
    pub(super) registration: Registration,
    /// The initial access tokens, with `registration = "token"`.
    #[serde(default)]
    pub(super) registration_tokens: Vec<InitialAccessToken>,
    /// Identify clients by the URL of their metadata document.
    #[serde(default)]
    pub(super) client_id_metadata_documents: bool,
    /// The greatest scope of a client that registers itself; `scopes_supported` if omitted.
    pub(super) registration_scope: Option<Scope>,
    /// The time after which such a client is forgotten if it has no grant.
    pub(super) unused_client_lifetime: Option<u64>,
    /// Ask nobody again about what they have allowed a client before.
    #[serde(default)]
    pub(super) remembered_consent: bool,
    #[serde(default)]
    pub(super) playground: bool,
    #[serde(default)]
    pub(super) relaxed: Relaxed,
}

/// `[server.relaxed]`: strict rules of the RFCs that some clients cannot keep. Each is relaxed only if named here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Relaxed {
    /// Ignore scope values that the client may not ask for.
    ignore_unknown_scope: bool,
    /// Take a request that names no resource, and scope values of several, for all of them.
    several_resources: bool,
    /// Accept white space around the scope values of a request.
    white_space_in_scope: bool,
    /// Ignore an `Authorization` header that is empty, or of another scheme than Basic, at the endpoints for clients.
    ignore_other_authorization: bool,
    /// Accept redirect URIs with private-use schemes without a period.
    pub(super) private_use_schemes: bool,
    /// Fetch metadata documents of clients from addresses that are not public, too.
    client_id_metadata_documents_in_private_network: bool,
}

/// Who may register clients: nobody, everybody, or whoever has one of the `registration_tokens`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Registration {
    #[default]
    Off,
    Open,
    Token,
}

/// An initial access token (RFC 7591 §3), which no log shows.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct InitialAccessToken(String);

impl fmt::Debug for InitialAccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Refresh {
    Rotate,
    RotatePublic,
    Reuse,
}

/// The treatment of pushed authorization requests: RFC 9126.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pushing {
    /// There is no such endpoint.
    #[default]
    Off,
    /// A client may push its requests.
    Allowed,
    /// All clients must push their requests.
    Required,
}

impl ServerTable {
    /// Returns the server's configuration.
    pub(super) fn config(&self, issuer: Issuer) -> Config {
        let mut config = Config::new(issuer);
        let table = self;
        set(&mut config.token.grant_types, &table.grants);
        set(&mut config.authorization.response_types, &table.response_types);
        set(&mut config.authorization.code_challenge_methods, &table.code_challenge_methods);
        set(&mut config.authorization.code_lifetime, &table.code_lifetime.map(Duration::from_secs));
        set(&mut config.token.access_token_lifetime, &table.access_token_lifetime.map(Duration::from_secs));
        set(&mut config.token.refresh_token_lifetime, &table.refresh_token_lifetime.map(Duration::from_secs));
        set(&mut config.scope.default, &table.default_scope.clone().map(DefaultScope::Fixed));
        if table.pushed_authorization_requests != Pushing::Off {
            let par = config.par.insert(ParConfig::below(&config.issuer));
            par.require_pushed_authorization_requests = table.pushed_authorization_requests == Pushing::Required;
        }
        let of_resources = table.of_resource.values().fold(Scope::EMPTY, |all, scope| all.union(scope));
        config.scope.supported = table.scopes_supported.union(&of_resources);
        for name in &table.authorization_details_types {
            details::add(&mut config.authorization_details, name);
        }
        if table.device_authorization {
            config.device = Some(DeviceConfig::below(&config.issuer));
            if !config.token.grant_types.contains(&GrantType::DeviceCode) {
                config.token.grant_types.push(GrantType::DeviceCode);
            }
        }
        config.grant_lifetime = table.grant_lifetime.map(Duration::from_secs);
        if table.relaxed.ignore_unknown_scope {
            config.scope.unknown = UnknownScope::Ignore;
        }
        if table.relaxed.several_resources {
            config.scope.several_resources = SeveralResources::Infer;
        }
        config.scope.accept_white_space = table.relaxed.white_space_in_scope;
        config.client_authentication.ignore_other_schemes = table.relaxed.ignore_other_authorization;
        let resources = table.resources.iter().chain(table.of_resource.keys()).cloned();
        config.resources = Audience::only(resources).unwrap_or_default();
        config.scope.of_resource = table.of_resource.clone();
        config.scope.of_resource.retain(|_, scope| !scope.is_empty());
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
        config.registration = self.registration(&config.issuer);
        config.client_id_metadata_documents = self.client_id_metadata_documents.then(|| {
            let mut section = ClientIdMetadataDocumentConfig::default();
            section.scope = self.registration_scope.clone().unwrap_or_else(|| self.scopes_supported.clone());
            if self.device_authorization {
                section.grant_types.push(GrantType::DeviceCode);
            }
            section.private_use_schemes = self.relaxed.private_use_schemes;
            section.in_private_network = self.relaxed.client_id_metadata_documents_in_private_network;
            section
        });
        config
    }

    fn registration(&self, issuer: &Issuer) -> Option<RegistrationConfig> {
        let registrants = match self.registration {
            Registration::Off => return None,
            Registration::Open => Registrants::Anybody,
            Registration::Token => {
                Registrants::Tokens(self.registration_tokens.iter().map(|token| Digest::of(&token.0)).collect())
            }
        };
        // Below an issuer, this is always a URL.
        let endpoint = format!("{}/register", issuer.as_str().trim_end_matches('/'));
        let mut section = RegistrationConfig::at(Endpoint::parse_in_private_network(&endpoint).ok()?);
        section.registrants = registrants;
        section.scope = self.registration_scope.clone().unwrap_or_else(|| self.scopes_supported.clone());
        section.private_use_schemes = self.relaxed.private_use_schemes;
        Some(section)
    }

    /// Returns the key that is wrong, and the reason.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        const TOKENS: &str = "registration_tokens";
        let is_by_token = self.registration == Registration::Token;
        match self.registration_tokens.as_slice() {
            [] if is_by_token => Err((TOKENS, "nobody has one: draw it with `openssl rand -hex 32`")),
            [_, ..] if !is_by_token => Err((TOKENS, "they are for registration = \"token\"")),
            tokens if tokens.iter().any(|token| token.0.len() < 22) => {
                Err((TOKENS, "one is so short that it may be guessed"))
            }
            _ => Ok(()),
        }
    }
}

fn set<T: Clone>(value: &mut T, given: &Option<T>) {
    if let Some(given) = given {
        value.clone_from(given);
    }
}
