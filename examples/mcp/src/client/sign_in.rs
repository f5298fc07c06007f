//! The way from a refused request to tokens: all that an MCP client has to do with OAuth.

use std::net::TcpListener;
use std::time::SystemTime;

use grantor::client::{
    AuthorizationRequest, Challenge, Client, ClientMetadata, DiscoverResourceError, Pkce, Registration, RequestError,
    ResourceMatch, TokenSet, discover, discover_resource_matching, register,
};
use grantor::model::{
    ClientId, Endpoint, GrantType, Issuer, Metadata, RedirectUri, Resource, ResourceMetadata, Scope, Secret,
};
use grantor::{Fetch, Http as _, HttpHost, Moment};
use http::{Request, Response, StatusCode, header};
use outgoing::{Guard, Ureq};

use crate::{Failed, browser};

/// The number of times that one request may lead to a new token.
const MAX_TRIES: usize = 3;

/// The ways to sign in.
#[derive(clap::Args)]
pub(crate) struct Ways {
    /// For development: connect to this machine, by plain http too.
    #[arg(long)]
    loopback: bool,
    /// The URL of this client's metadata document, for servers that take one.
    #[arg(long)]
    document: Option<ClientId>,
    /// The identifier of this client, where it was registered beforehand.
    #[arg(long, requires = "issuer")]
    client_id: Option<ClientId>,
    /// The authorization server at which it was registered: no other is shown its secret.
    #[arg(long)]
    issuer: Option<Issuer>,
    /// Acts for itself, without a person: by its secret, or by the assertion.
    #[arg(long)]
    unattended: bool,
    /// Its secret there.
    #[arg(long, env, hide_env_values = true)]
    client_secret: Option<String>,
    /// An assertion that somebody signed for it: RFC 7523 §2.1.
    #[arg(long, env, hide_env_values = true)]
    assertion: Option<String>,
}

/// The tokens for one MCP server, and how to come by others.
pub(crate) struct SignIn {
    ways: Ways,
    http: HttpHost<Ureq>,
    resource: Resource,
    listener: TcpListener,
    redirect_uri: RedirectUri,
    /// One for each issuer, and never for another.
    registrations: Vec<Registration>,
    signed_in: Option<(Client, TokenSet)>,
    asked: Scope,
}

impl SignIn {
    pub(crate) fn new(url: &str, ways: Ways) -> Result<Self, Failed> {
        let guard = if ways.loopback { Guard::new().allow_loopback() } else { Guard::new() };
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut registrations = Vec::new();
        if let (Some(issuer), Some(client_id)) = (ways.issuer.clone(), ways.client_id.clone()) {
            registrations.push(match ways.client_secret.clone() {
                Some(secret) => Registration::confidential(issuer, client_id, Secret::new(secret)),
                None => Registration::public(issuer, client_id),
            });
        }
        Ok(Self {
            http: HttpHost(Ureq::new(guard)),
            resource: Resource::parse(url)?,
            redirect_uri: RedirectUri::parse(&format!("http://{}/callback", listener.local_addr()?))?,
            listener,
            registrations,
            signed_in: None,
            asked: Scope::EMPTY,
            ways,
        })
    }

    /// Sends a request, with a token once there is one. A refusal leads to a token with which it is sent again.
    pub(crate) fn send(&mut self, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Failed> {
        let mut tries = 0;
        loop {
            let mut request = request.clone();
            if let Some((_, tokens)) = &self.signed_in {
                request.headers_mut().insert(header::AUTHORIZATION, tokens.authorization());
            }
            let response = self.http.0.fetch(&Fetch::new(request))?;
            let challenge = Challenge::of_resource(&self.resource, response.headers()).unwrap_or_default();
            let is_refused = match response.status() {
                StatusCode::UNAUTHORIZED => true,
                StatusCode::FORBIDDEN => challenge.error.as_deref() == Some("insufficient_scope"),
                _ => false,
            };
            if !is_refused || tries == MAX_TRIES {
                return Ok(response);
            }
            tries += 1;
            self.refused(response.status(), &challenge)?;
        }
    }

    /// Gets another token: by a refresh, if the server is the same as before, or from the beginning.
    fn refused(&mut self, status: StatusCode, challenge: &Challenge) -> Result<(), Failed> {
        let resource = self.find_resource(challenge)?;
        let issuer = resource.as_ref().map(|resource| resource.authorization_servers.first());
        if let (StatusCode::UNAUTHORIZED, Some((client, tokens))) = (status, &self.signed_in)
            && issuer.flatten().is_none_or(|issuer| issuer == tokens.issuer())
            && let Some(refresh) = tokens.refresh(client)
            && let Ok(fresh) = refresh.start(moment()).run(&self.http)
        {
            self.signed_in = Some((client.clone(), fresh));
            return Ok(());
        }
        let server = match issuer {
            Some(issuer) => discover(issuer.ok_or("the server names no authorization server")?).run(&self.http)?,
            None => self.find_old_server()?,
        };
        let scope = self.scope(challenge, resource.as_ref(), &server)?;
        let url = resource.map_or_else(|| self.resource.clone(), |resource| resource.resource);
        let client = self.registration(&server)?.at(server)?.with_pkce(Pkce::Verified);
        let tokens = self.tokens(&client, scope.clone(), url)?;
        self.signed_in = Some((client, tokens));
        self.asked = scope;
        Ok(())
    }

    fn find_resource(&self, challenge: &Challenge) -> Result<Option<ResourceMetadata>, Failed> {
        let place = challenge.resource_metadata.as_ref();
        match discover_resource_matching(&self.resource, place, ResourceMatch::Above).run(&self.http) {
            Ok(metadata) => Ok(Some(metadata)),
            // A server of MCP 2025-03-26 has no such document.
            Err(DiscoverResourceError::Request(RequestError::Refused(_) | RequestError::Unusable { .. })) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// MCP 2025-03-26: the authorization server is at the root of the MCP server, with or without a document.
    fn find_old_server(&self) -> Result<Metadata, Failed> {
        let url = http::Uri::try_from(self.resource.as_str())?;
        let origin = format!("{}://{}", url.scheme_str().unwrap_or_default(), url.authority().ok_or("no host")?);
        let issuer = Issuer::parse(&origin)?;
        if let Ok(metadata) = discover(&issuer).run(&self.http) {
            return Ok(metadata);
        }
        let mut metadata = Metadata::new(issuer);
        metadata.authorization_endpoint = Some(Endpoint::parse(&format!("{origin}/authorize"))?);
        metadata.token_endpoint = Some(Endpoint::parse(&format!("{origin}/token"))?);
        metadata.registration_endpoint = Some(Endpoint::parse(&format!("{origin}/register"))?);
        metadata.code_challenge_methods_supported = Some(vec!["S256".to_owned()]);
        Ok(metadata)
    }

    fn scope(
        &self,
        challenge: &Challenge,
        resource: Option<&ResourceMetadata>,
        server: &Metadata,
    ) -> Result<Scope, Failed> {
        let supported = resource.and_then(|resource| resource.scopes_supported.as_ref());
        let mut scope = match (&challenge.scope, supported) {
            (Some(scope), _) => scope.clone(),
            (None, Some(supported)) => Scope::parse(&supported.join(" "))?,
            (None, None) => Scope::EMPTY,
        };
        if server.scopes_supported.iter().flatten().any(|value| value == "offline_access") {
            scope = scope.union(&Scope::parse("offline_access")?);
        }
        Ok(scope.union(&self.asked))
    }

    /// Registered beforehand, or by a document, or now.
    fn registration(&mut self, server: &Metadata) -> Result<Registration, Failed> {
        if let Some(known) = self.registrations.iter().find(|known| *known.issuer() == server.issuer) {
            return Ok(known.clone());
        }
        if let Some(client_id) = &self.ways.client_id {
            return Err(format!("{client_id} is not registered at {}", server.issuer).into());
        }
        let registration = match &self.ways.document {
            Some(document) if server.client_id_metadata_document_supported => {
                Registration::public(server.issuer.clone(), document.clone())
            }
            _ => {
                let methods = server.token_endpoint_auth_methods_supported.clone().unwrap_or_default();
                let method = ["none", "client_secret_basic", "client_secret_post"];
                let method = method.into_iter().find(|known| methods.iter().any(|method| method == known));
                let metadata = ClientMetadata::new()
                    .client_name("grantor's MCP client")
                    .redirect_uri(&self.redirect_uri)
                    .grant_types(&[GrantType::AuthorizationCode, GrantType::RefreshToken])
                    .token_endpoint_auth_method(method.unwrap_or("client_secret_basic"))
                    .member("application_type", "native");
                register(server, &metadata, None, moment()).run(&self.http)?.registration()?
            }
        };
        self.registrations.push(registration.clone());
        Ok(registration)
    }

    fn tokens(&self, client: &Client, scope: Scope, resource: Resource) -> Result<TokenSet, Failed> {
        if self.ways.unattended {
            let request = match &self.ways.assertion {
                Some(assertion) => {
                    let grant = GrantType::Extension("urn:ietf:params:oauth:grant-type:jwt-bearer".into());
                    client.extension(&grant).parameter("assertion", assertion)
                }
                None => client.client_credentials(),
            };
            return Ok(request.scope(scope).resource(resource).start(moment()).run(&self.http)?);
        }
        let request = AuthorizationRequest::new(self.redirect_uri.clone()).scope(scope).resource(resource);
        let (url, pending) = client.begin(request, moment())?;
        browser::open(&url)?;
        let query = browser::wait(&self.listener)?;
        Ok(client.callback(pending, &query)?.start(moment()).run(&self.http)?)
    }
}

/// The time and the randomness of one request.
fn moment() -> Moment {
    Moment::new(SystemTime::now(), &mut rand::rng())
}
