//! The routes: the authorization endpoint and the pages. The endpoints that clients call are in [`endpoints`].

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{any, get, post};
use grantor::host::AsyncHost;
use grantor::server::{AuthorizeReply, Config};
use grantor::store::BoxedStore;
use grantor::{AsyncPolicy, Hosted, MAX_FORM_LEN, Server, Timestamp, Unavailable};
use playground::{Playground, Recorder, Service};

use crate::address::{Address, Network, Proxies};
use crate::applications::{self, LoggedOut};
use crate::audit::audit;
use crate::base::{self, Base, own};
use crate::config::Settings;
use crate::demo::{self, Guide};
use crate::devices::{self, UserCodeGuesses};
use crate::documents::{Documents, Sender, WithDocuments};
use crate::endpoints::{self, ClientEndpoint};
use crate::exchange::Exchange;
use crate::guesses::ClientGuesses;
use crate::host::{AnyStore, Host};
use crate::interaction::{self, Decided};
use crate::measured::Measured;
use crate::moment::moment;
use crate::pages;
use crate::pending::Waiting;
use crate::press::Presses;
use crate::registered::Registered;
use crate::registration::FREE_REGISTRATIONS;
use crate::sentences::Sentences;
use crate::serve::Answer;
use crate::session::{Sessions, Visit};
use crate::throttle::Throttle;
use crate::users::Users;

/// The number of times that a client may fail to authenticate before it has to wait: guessing at 128 random bits is no
/// threat in itself.
const FREE_CLIENT_FAILURES: u32 = 20;

/// The state that every request needs.
#[derive(Debug)]
pub struct App {
    /// The protocol server.
    pub server: ArcSwap<Server>,
    /// The host of its machines.
    pub host: Host,
    /// The metadata documents of clients.
    pub documents: Documents,
    /// The people at the browsers.
    pub sessions: Sessions,
    /// Their recent decisions, for a button that is pressed twice.
    pub decisions: Presses<Decided>,
    /// The sentences of the scope values.
    pub sentences: ArcSwap<Sentences>,
    /// The recent log-outs, for a button that is pressed twice.
    pub log_outs: Presses<LoggedOut>,
    /// The protection against guesses at client secrets.
    pub client_guesses: ClientGuesses,
    /// The count of registrations.
    pub registrations: Throttle<Network>,
    /// The seconds after which a client that registered itself is forgotten if it has no grant.
    pub unused_client_lifetime: AtomicU64,
    /// True if people are not asked again about what they have allowed a client before.
    pub remembered_consent: AtomicBool,
    /// The protection against guesses at user codes.
    pub user_code_guesses: UserCodeGuesses,
    /// The proxies whose reports of the sender are trusted.
    pub proxies: Proxies,
    /// The content of the demo's pages, if this is the demo.
    pub guide: Option<Guide>,
    /// The playground, if there is one.
    pub playground: Option<Arc<Playground>>,
}

impl App {
    /// Creates the state of a server with this configuration, for these people and clients. There is no proxy, no guide
    /// and no playground.
    ///
    /// # Errors
    /// The configuration cannot be that of a server; the sessions cannot be kept; TLS cannot be set up.
    pub async fn new(
        config: Config,
        settings: Settings,
        store: Measured<AnyStore>,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self {
            sessions: Sessions::open(&config.issuer, &store.store).await?,
            server: ArcSwap::from_pointee(Server::new(config)?),
            unused_client_lifetime: settings.unused_client_lifetime().into(),
            remembered_consent: settings.remembered_consent().into(),
            host: Hosted { store: Registered::new(settings.clients, store), policy: Users::new(settings.users) },
            documents: Documents::new(Sender::new()?),
            decisions: Presses::default(),
            sentences: ArcSwap::from_pointee(settings.sentences),
            log_outs: Presses::default(),
            client_guesses: ClientGuesses::new(FREE_CLIENT_FAILURES),
            registrations: Throttle::new(FREE_REGISTRATIONS),
            user_code_guesses: UserCodeGuesses::default(),
            proxies: Proxies::default(),
            guide: None,
            playground: None,
        })
    }

    /// The protocol server, as configured now. A request keeps the one that it began with.
    #[must_use]
    pub fn server(&self) -> Arc<Server> {
        self.server.load_full()
    }

    /// Returns the browser and the person that a request comes from.
    ///
    /// # Errors
    /// The sessions cannot be read.
    pub async fn visit(&self, headers: &HeaderMap, now: Timestamp) -> Result<Visit, Unavailable> {
        self.sessions.visit(headers, &self.host.policy, now).await
    }

    /// Returns the host for a request from this network.
    pub(crate) fn host_for(&self, from: Network) -> impl AsyncHost {
        self.host_by(self.host.policy.for_request(from))
    }

    /// Returns the host for a request that nobody's password comes with.
    pub fn host_for_clients(&self) -> impl AsyncHost {
        self.host_by(&self.host.policy)
    }

    fn host_by<P: AsyncPolicy + Sync>(&self, policy: P) -> impl AsyncHost {
        let policy = WithDocuments { policy, documents: &self.documents, server: self.server() };
        Hosted { store: &self.host.store, policy }
    }
}

/// The whole service. The endpoints that clients call are separated before the routes, and without the layers for
/// pages, since they are called a hundred times as often.
#[derive(Debug)]
pub struct Front {
    app: Arc<App>,
    base: Base,
    router: Router,
}

impl Front {
    /// Creates the service of a host, with further routes beside it.
    #[must_use]
    pub fn new(app: Arc<App>, beside: Router) -> Self {
        let base = Base::of(&app.server().config().issuer);
        Self { router: router(Arc::clone(&app)).merge(beside), app, base }
    }
}

impl Answer for Front {
    async fn answer(&self, mut request: Request<Bytes>, peer: SocketAddr) -> Response {
        let address = Address(self.app.proxies.client(peer.ip(), request.headers()));
        Exchange::came_from(address.0);
        if let Some(endpoint) = self.base.within(request.uri().path()).and_then(ClientEndpoint::at) {
            return endpoint.answer(&self.app, request, address, &Recorder::default()).await;
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address.0, peer.port())));
        self.router.answer(request, peer).await
    }
}

/// The authorization endpoint, and the pages on which people log in and decide, for a program that mounts the endpoints
/// for clients itself: `examples/mcp` does.
pub fn people(app: Arc<App>) -> Router {
    let base = Base::of(&app.server().config().issuer);
    let router = login_and_consent(&base).layer(from_fn_with_state(base, base::at));
    safe(router).with_state(app)
}

fn login_and_consent(base: &Base) -> Router<Arc<App>> {
    let at = |path| base.route(path);
    Router::new()
        .route(&at("/style.css"), get(pages::style))
        .route(&at("/authorize"), any(authorize))
        .route(&at("/login"), post(interaction::log_in))
        .route(&at("/consent"), get(interaction::show).post(interaction::decide))
}

/// All routes. They are below the issuer's path, except for the documents that clients look for elsewhere.
fn router(app: Arc<App>) -> Router {
    let base = Base::of(&app.server().config().issuer);
    let at = |path| base.route(path);
    let mut router = login_and_consent(&base)
        .route(&at("/"), get(home))
        .route(&at(devices::PATH), get(devices::show).post(devices::enter))
        .route(&at(applications::PATH), get(applications::show))
        .route(&at("/applications/revoke"), post(applications::revoke))
        .route(&at("/applications/log-out"), post(applications::log_out))
        .route(&at(demo::CALLBACK), get(demo_callback))
        .fallback(not_found);
    if base != Base::default() {
        router = router.route(&at(""), get(home));
    }
    router = router.layer(from_fn_with_state(base.clone(), base::at)).merge(endpoints(&app));
    if let Some(playground) = &app.playground {
        let authorization = Router::new().route(&at("/authorize"), any(authorize));
        let authorization = authorization.layer(from_fn_with_state(base.clone(), base::at));
        let service = Service {
            endpoints: endpoints(&app).merge(authorization).with_state(Arc::clone(&app)),
            store: BoxedStore::new(app.host.store.store.clone()),
            pages: ["/login", "/consent", devices::PATH].map(|page| base.path(page)).into(),
            audit: |event| audit(event),
        };
        router = playground.join(router, service);
    }
    safe(router).with_state(app)
}

/// Limits the length of requests, and adds the headers of safe pages to responses.
fn safe(router: Router<Arc<App>>) -> Router<Arc<App>> {
    router
        .layer(DefaultBodyLimit::max(MAX_FORM_LEN))
        .layer(map_response(async |response| pages::safe_headers(response)))
}

/// The endpoints that clients call, and the documents that describe them, in more than one place.
fn endpoints(app: &App) -> Router<Arc<App>> {
    let server = app.server();
    let router = endpoints::router(&Base::of(&server.config().issuer));
    let places = server.config().metadata_paths();
    places.iter().fold(router, |router, place| router.route(&base::escape(place), any(metadata)))
}

/// The authorization endpoint. It has no CORS headers, since browsers are sent here and scripts have no reason to ask
/// (RFC 9700 §2.6).
async fn authorize(
    State(app): State<Arc<App>>,
    recorder: Recorder,
    parts: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(body) = body else {
        return pages::message(StatusCode::PAYLOAD_TOO_LARGE, "The request is too long.");
    };
    let request = Request::from_parts(parts, body);
    let Ok(moment) = moment() else { return unavailable() };
    let host = app.host_for_clients();
    let host = recorder.server(&host, "Authorize");
    let authorization = app.server().authorize(&request, moment).run_async(&host).await;
    audit(authorization.event());
    match authorization {
        AuthorizeReply::Respond(response) => interaction::respond(response),
        // A form that another site posts comes without the cookies (`SameSite=Lax`), and setting new ones would end the
        // existing session. The same request as a GET comes with them.
        AuthorizeReply::Ask(_) | AuthorizeReply::Refuse(_)
            if request.method() == Method::POST && !app.sessions.knows(request.headers()) =>
        {
            let mut query = form_urlencoded::Serializer::new(format!("{}?", own("/authorize")));
            let location = query.extend_pairs(form_urlencoded::parse(request.body())).finish();
            pages::see_other(&location)
        }
        AuthorizeReply::Ask(prompt) => {
            interaction::ask(&app, &recorder, request.headers(), Waiting::Prompt(prompt)).await
        }
        AuthorizeReply::Refuse(refusal) => {
            interaction::ask(&app, &recorder, request.headers(), Waiting::Refusal(refusal)).await
        }
    }
}

/// The metadata document: RFC 8414.
async fn metadata(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    app.server().metadata(&request).map(Body::from)
}

async fn home(State(app): State<Arc<App>>) -> Response {
    pages::home(app.guide.as_ref(), app.server().config().device.is_some(), app.playground.is_some())
}

/// The page that replaces the demo client's own, and gets the code.
async fn demo_callback(State(app): State<Arc<App>>, Query(answer): Query<pages::DemoAnswer>) -> Response {
    match &app.guide {
        Some(guide) => pages::demo_callback(&answer, guide),
        None => not_found().await,
    }
}

pub(crate) async fn not_found() -> Response {
    pages::message(StatusCode::NOT_FOUND, "There is nothing at this address.")
}

pub(crate) fn unavailable() -> Response {
    pages::message(StatusCode::SERVICE_UNAVAILABLE, "The server cannot answer now. Please try again.")
}
