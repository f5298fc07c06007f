//! An MCP server, by rmcp in axum, that is its own authorization server, by grantor in the same process.
//!
//! A client that knows nothing but the URL of `/mcp` gets a 401 there, which leads it to the metadata of the resource,
//! to that of the authorization server, to registration (or it brings the URL of its own metadata document), to a
//! person who logs in and consents, and to a token for `/mcp` alone. Each tool needs a scope of its own, so that a
//! client asks for more when it wants to do more: 403 `insufficient_scope`.
//!
//! What people see is the reference host's: login, consent, sessions. `mcp-server --help` has the settings.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, Method, Request, StatusCode, header, request::Parts};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Router, serve};
use clap::Parser;
use grantor::model::{Digest, Issuer, Resource, Scope, Subject};
use grantor::resource::{self, Access, Requirement, ResourceServer};
use grantor::server::{ClientIdMetadataDocumentConfig, Config, Registrants, RegistrationConfig};
use grantor::store::{AsyncGrantStore as _, MemoryStore};
use grantor::{MAX_FORM_LEN, Moment};
use reference_host::config::Settings;
use reference_host::host::AnyStore;
use reference_host::housekeeping::purge;
use reference_host::measured::Measured;
use reference_host::metrics::Metrics;
use reference_host::sentences::Sentence;
use reference_host::users::User;
use reference_host::web::{App, people};
use rmcp::handler::server::tool::Extension;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{schemars, tool, tool_router};
use serde_json::Value;
use tokio::net::TcpListener;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

/// The scope values, with the sentences by which the consent page explains them.
const SCOPES: [(&str, &str); 2] = [("notes.read", "Read your notes"), ("notes.write", "Write notes for you")];

/// The password of the only person here. Yours are in your database, with slow hashes.
const PASSWORD: &str = "correct horse battery staple";

/// The longest JSON-RPC message, in bytes.
const MAX_MESSAGE_LEN: usize = 256 * 1024;

type Failed = Box<dyn Error + Send + Sync>;

/// An MCP server that keeps notes, and the authorization server for it.
#[derive(Parser)]
struct Arguments {
    /// The address to listen on.
    #[arg(default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// The seconds for which an access token is good.
    #[arg(long, default_value_t = 600)]
    access_token_lifetime: u64,
    /// For development: take metadata documents of clients from addresses that are not public.
    #[arg(long)]
    client_documents_in_private_network: bool,
}

/// The tools. The person who asks is in the token that the guard checked.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<HashMap<String, Vec<String>>>>);

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Note {
    text: String,
}

#[tool_router(server_handler)]
impl Notes {
    #[tool(description = "Tells who is asking, and through which client")]
    fn whoami(&self, Extension(head): Extension<Parts>) -> String {
        let access = head.extensions.get::<Access>();
        let client = access.and_then(Access::client_id).unwrap_or("no client");
        format!("{} through {client}", whose(&head))
    }

    #[tool(description = "Reads all notes")]
    fn read_notes(&self, Extension(head): Extension<Parts>) -> String {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.get(whose(&head)).map_or_else(|| "no notes".to_owned(), |notes| notes.join("\n"))
    }

    #[tool(description = "Writes a note")]
    fn write_note(&self, Parameters(note): Parameters<Note>, Extension(head): Extension<Parts>) -> String {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.entry(whose(&head).to_owned()).or_default().push(note.text);
        "written".to_owned()
    }
}

fn whose(head: &Parts) -> &str {
    head.extensions.get::<Access>().and_then(Access::subject).unwrap_or("nobody")
}

/// The resource `/mcp`, and the authorization server beside it.
struct Mcp {
    app: Arc<App>,
    resource: ResourceServer,
    reading: Requirement,
    writing: Requirement,
}

impl Mcp {
    /// Returns what a message needs. The challenge names all of it, for clients that ask for no more than that.
    fn needs(&self, message: &Value) -> &Requirement {
        let writes = message["method"] == "tools/call" && message["params"]["name"] == "write_note";
        // Several messages at once may be anything.
        if writes || message.is_array() { &self.writing } else { &self.reading }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen).await?;
    // Behind a proxy with TLS: the https URL that people and clients see.
    let issuer = Issuer::parse(&format!("http://{}", listener.local_addr()?))?;
    let url = Resource::parse(&format!("{}/mcp", issuer.as_str()))?;
    let scope = Scope::parse(&SCOPES.map(|(name, _)| name).join(" "))?;

    let mut protected = resource::Config::new(url.clone());
    protected.authorization_servers = vec![issuer.clone()];
    // What a client asks for at first. It learns of the rest when it needs more.
    protected.scopes_supported = Scope::parse("notes.read")?;

    let metrics = Arc::new(Metrics::default());
    let store = Measured { store: AnyStore::Memory(Arc::new(MemoryStore::new())), metrics: Arc::clone(&metrics) };
    let app = Arc::new(App::new(config(&arguments, issuer, url.clone(), &scope), settings()?, store).await?);
    tokio::spawn(purge(Arc::clone(&app), metrics));

    let reading = Requirement::scope(protected.scopes_supported.clone());
    let resource = ResourceServer::new(protected);
    let router = router(Arc::new(Mcp { app, resource, reading, writing: Requirement::scope(scope) }));
    println!("listening on {}", url.as_str());
    serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// The authorization server: PKCE with S256, exact redirect URIs, `iss` and rotation are the default.
fn config(arguments: &Arguments, issuer: Issuer, url: Resource, scope: &Scope) -> Config {
    let mut config = Config::new(issuer);
    config.resources = url.into();
    config.scope.supported = scope.clone();
    config.introspection = None;
    config.token.access_token_lifetime = Duration::from_secs(arguments.access_token_lifetime);
    let registration = config.registration.insert(RegistrationConfig::below(&config.issuer));
    registration.registrants = Registrants::Anybody;
    registration.scope = scope.clone();
    // Many clients register for the scope of the first challenge. They may ask people for more later.
    registration.whole_scope = true;
    registration.private_use_schemes = true; // `cursor://…` and the like
    let documents = config.client_id_metadata_documents.insert(ClientIdMetadataDocumentConfig::default());
    documents.scope = scope.clone();
    documents.private_use_schemes = true;
    documents.in_private_network = arguments.client_documents_in_private_network;
    config
}

fn settings() -> Result<Settings, Failed> {
    let mut settings = Settings::default();
    let (subject, name) = (Subject::parse("user-1")?, "Alice Liddell".to_owned());
    settings.users.insert("alice".to_owned(), Arc::new(User { subject, name, password: Digest::of(PASSWORD) }));
    for (scope, text) in SCOPES {
        settings.sentences.add(scope, Sentence { text: text.to_owned(), ..Sentence::default() });
    }
    Ok(settings)
}

fn router(mcp: Arc<Mcp>) -> Router {
    let notes = Notes::default();
    let sessions = Arc::new(LocalSessionManager::default());
    let rmcp = StreamableHttpService::new(move || Ok(notes.clone()), sessions, StreamableHttpServerConfig::default());
    // For clients in a browser. grantor's own endpoints have these headers without help.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::WWW_AUTHENTICATE, HeaderName::from_static("mcp-session-id")]);
    // Not `layer`, which would ask for a token at every path that does not exist.
    let protected = Router::new()
        .route_service("/mcp", rmcp)
        .route_layer(from_fn_with_state(Arc::clone(&mcp), guard))
        .route_layer(cors);
    let mut endpoints = Router::new().route(&mcp.resource.config().metadata_path(), any(resource_metadata));
    for path in ["/token", "/revoke", "/register", "/register/{client_id}"] {
        endpoints = endpoints.route(path, any(endpoint));
    }
    for path in mcp.app.server().config().metadata_paths() {
        endpoints = endpoints.route(&path, any(metadata));
    }
    let endpoints = endpoints.layer(DefaultBodyLimit::max(MAX_FORM_LEN));
    people(Arc::clone(&mcp.app)).merge(endpoints.merge(protected).with_state(mcp))
}

/// Lets a request pass if its token is good for what it asks. That must be known before rmcp sees the message, since it
/// is HTTP that says 401 and 403.
async fn guard(State(mcp): State<Arc<Mcp>>, request: Request<Body>, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_MESSAGE_LEN).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let check = mcp.resource.check(&head, mcp.needs(&message), SystemTime::now());
    match check.run_async(&mcp.app.host).await.into_result() {
        Ok(access) => {
            head.extensions.insert(access);
            // rmcp gets the message that was judged and no other: two readers may differ about a member that is there
            // twice, or about what is no JSON.
            let judged = if body.is_empty() { body } else { message.to_string().into() };
            head.headers.remove(header::CONTENT_LENGTH);
            next.run(Request::from_parts(head, Body::from(judged))).await
        }
        Err(refusal) => refusal.into_http().map(Body::from),
    }
}

async fn resource_metadata(State(mcp): State<Arc<Mcp>>, request: Request<Body>) -> Response {
    mcp.resource.metadata(&request).map(Body::from)
}

async fn metadata(State(mcp): State<Arc<Mcp>>, request: Request<Body>) -> Response {
    mcp.app.server().metadata(&request).map(Body::from)
}

/// What clients call. Registration counts nobody's requests here; where anybody can reach it, do: the reference host
/// does.
async fn endpoint(State(mcp): State<Arc<Mcp>>, head: Parts, body: Bytes) -> Response {
    let (server, host) = (mcp.app.server(), mcp.app.host_for_clients());
    let request = Request::from_parts(head, body);
    let moment = Moment::new(SystemTime::now(), &mut rand::rng());
    let response = match request.uri().path() {
        "/token" => server.token(&request, moment).run_async(&host).await.into_http(),
        "/revoke" => server.revoke(&request, moment).run_async(&host).await.into_http(),
        "/register" => server.register(&request, moment).run_async(&host).await.into_http(),
        _ => {
            let reply = server.configure(&request, moment).run_async(&host).await;
            // What a client was granted ends when it deletes itself.
            if let Some(grants) = reply.grants_to_end()
                && mcp.app.host.store.revoke_grants_async(&grants, SystemTime::now().into()).await.is_err()
            {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            reply.into_http()
        }
    };
    response.map(Body::from)
}
