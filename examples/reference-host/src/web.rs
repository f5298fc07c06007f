//! The router and the OAuth endpoints.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts as _, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use grantor::server::{
    AuthorizationResponse, AuthorizeReply, ClientAuthentication, EndpointError, PresentedIn, RevokeError, TokenError,
};
use grantor::store::BoxedStore;
use grantor::{FormError, MAX_FORM_LEN, Server, Timestamp, Unavailable};
use playground::{Playground, Recorder, Service};

use crate::address::{Address, Network, Proxies};
use crate::applications::{self, LoggedOut};
use crate::audit::{HostEvent, audit, count};
use crate::base::{self, Base, own};
use crate::demo::{self, Guide};
use crate::guesses::{ClientGuesses, Guess};
use crate::host::Host;
use crate::host_for::HostFor;
use crate::interaction;
use crate::log;
use crate::moment::moment;
use crate::pages;
use crate::pending::Waiting;
use crate::press::Presses;
use crate::session::{Sessions, Visit};

/// What every request needs.
#[derive(Debug)]
pub struct App {
    /// The protocol.
    pub server: ArcSwap<Server>,
    /// Answers its machines.
    pub host: Host,
    /// Who sits at which browser.
    pub sessions: Sessions,
    /// What they decided just now, for those who press a button twice.
    pub decisions: Presses<AuthorizationResponse>,
    /// Who logged out just now, likewise.
    pub log_outs: Presses<LoggedOut>,
    /// Slows down whoever guesses at client secrets.
    pub client_guesses: ClientGuesses,
    /// Who is believed when they say where a request comes from.
    pub proxies: Proxies,
    /// What the demo's pages show, if this is the demo.
    pub guide: Option<Guide>,
    /// The playground, if there is one.
    pub playground: Option<Arc<Playground>>,
}

impl App {
    /// The protocol, as it is configured now. A request keeps what it began with.
    #[must_use]
    pub fn server(&self) -> Arc<Server> {
        self.server.load_full()
    }

    /// Who sends a request from a browser.
    ///
    /// # Errors
    /// The sessions cannot be read.
    pub async fn visit(&self, headers: &HeaderMap, now: Timestamp) -> Result<Visit, Unavailable> {
        self.sessions.visit(headers, &self.host.policy, now).await
    }

    fn host_for(&self, from: Network) -> HostFor<'_> {
        HostFor { host: &self.host, from }
    }
}

/// All paths. They are below the issuer's, but for the documents that clients look for elsewhere.
pub fn router(app: Arc<App>) -> Router {
    let base = Base::of(&app.server().config().issuer);
    let at = |path| base.route(path);
    let mut router = Router::new()
        .route(&at("/"), get(home))
        .route(&at("/style.css"), get(pages::style))
        .route(&at("/authorize"), any(authorize))
        .route(&at("/login"), post(interaction::log_in))
        .route(&at("/consent"), get(interaction::show).post(interaction::decide))
        .route(&at(applications::PATH), get(applications::show))
        .route(&at("/applications/revoke"), post(applications::revoke))
        .route(&at("/applications/log-out"), post(applications::log_out))
        .route(&at(demo::CALLBACK), get(demo_callback))
        .fallback(not_found);
    if base != Base::default() {
        router = router.route(&at(""), get(home));
    }
    router = router.layer(from_fn_with_state(base, base::at)).merge(endpoints(&app));
    if let Some(playground) = &app.playground {
        let service = Service {
            endpoints: endpoints(&app).with_state(Arc::clone(&app)),
            store: BoxedStore::new(app.host.store.store.clone()),
            pages: ["/login", "/consent"].map(str::to_owned).into(),
            audit: |event| audit(event),
        };
        router = playground.join(router, service);
    }
    router.layer(DefaultBodyLimit::max(MAX_FORM_LEN)).layer(map_response(pages::safe_headers)).with_state(app)
}

/// The endpoints that clients call. Whatever the method: grantor knows which it takes, and words the refusal.
pub(crate) fn endpoints(app: &App) -> Router<Arc<App>> {
    let base = Base::of(&app.server().config().issuer);
    let router = Router::new()
        .route(&base.route("/token"), any(token))
        .route(&base.route("/introspect"), any(introspect))
        .route(&base.route("/revoke"), any(revoke));
    // Clients look in more than one place.
    let places = app.server().config().metadata_paths();
    places.iter().fold(router, |router, place| router.route(&base::escape(place), any(metadata)))
}

/// The authorization endpoint. It has no CORS headers: a browser is sent here, and no script asks here (RFC 9700 §2.6).
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
    let host = recorder.server(&app.host, "Authorize");
    let authorization = app.server().authorize(&request, moment).run_async(&host).await;
    audit(authorization.event());
    match authorization {
        AuthorizeReply::Respond(response) => interaction::respond(response),
        // A form that another site posts comes without the cookies (`SameSite=Lax`), and to set new ones would end what is there. The
        // same request as a GET comes with them.
        AuthorizeReply::Ask(_) | AuthorizeReply::Refuse(_)
            if request.method() == Method::POST && !app.sessions.knows(request.headers()) =>
        {
            let mut query = form_urlencoded::Serializer::new(format!("{}?", own("/authorize")));
            let location = query.extend_pairs(form_urlencoded::parse(request.body())).finish();
            pages::see_other(&location)
        }
        AuthorizeReply::Ask(prompt) => interaction::ask(&app, request.headers(), Waiting::Prompt(prompt)).await,
        AuthorizeReply::Refuse(refusal) => interaction::ask(&app, request.headers(), Waiting::Refusal(refusal)).await,
    }
}

/// The token endpoint.
async fn token(State(app): State<Arc<App>>, recorder: Recorder, attempt: Attempt) -> Response {
    let Ok(moment) = moment() else { return unavailable() };
    let host = app.host_for(attempt.from);
    let reply = app.server().token(&attempt.request, moment).run_async(&recorder.server(&host, "Token")).await;
    audit(reply.event());
    let error = match reply.result() {
        Ok(_) => None,
        Err(TokenError::Endpoint(error)) => Some(Some(error)),
        Err(_) => Some(None),
    };
    if let Some(wait) = attempt.ended_in(error).await {
        return wait;
    }
    reply.into_http().map(Body::from)
}

/// The introspection endpoint: RFC 7662.
async fn introspect(State(app): State<Arc<App>>, recorder: Recorder, attempt: Attempt) -> Response {
    let Ok(moment) = moment() else { return unavailable() };
    let host = recorder.server(&app.host, "Introspect");
    let reply = app.server().introspect(&attempt.request, moment).run_async(&host).await;
    match reply.result() {
        // There are many of them.
        Ok(_) if !log::introspections() => count("introspected"),
        _ => audit(reply.event()),
    }
    if let Some(wait) = attempt.ended_in(reply.result().err().map(Some)).await {
        return wait;
    }
    reply.into_http().map(Body::from)
}

/// The revocation endpoint: RFC 7009.
async fn revoke(State(app): State<Arc<App>>, recorder: Recorder, attempt: Attempt) -> Response {
    let Ok(moment) = moment() else { return unavailable() };
    let reply = app.server().revoke(&attempt.request, moment).run_async(&recorder.server(&app.host, "Revoke")).await;
    audit(reply.event());
    let error = match reply.result() {
        Ok(()) => None,
        Err(RevokeError::Endpoint(error)) => Some(Some(error)),
        Err(_) => Some(None),
    };
    if let Some(wait) = attempt.ended_in(error).await {
        return wait;
    }
    reply.into_http().map(Body::from)
}

/// The metadata document: RFC 8414.
async fn metadata(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    app.server().metadata(&request).map(Body::from)
}

/// A request to an endpoint for clients, which is an attempt to authenticate as one.
struct Attempt {
    request: Request<Bytes>,
    from: Network,
    guess: Option<Guess>,
}

/// Whoever has failed too often is told to wait.
impl FromRequest<Arc<App>> for Attempt {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(address) = Address::from_request_parts(&mut parts, app).await;
        let from = address.network();
        // Its extensions limit the body.
        let body = Bytes::from_request(Request::from_parts(parts.clone(), body), app).await;
        let body = body.map_err(|rejection| refused(rejection, EndpointError::from(FormError::TooLong)))?;
        let request = Request::from_parts(parts, body);
        let guess = match ClientAuthentication::of(&request) {
            Ok(presented) => {
                let client_id = presented.client_id.clone();
                let begun = app.client_guesses.begin(presented, from).await;
                begun.map_err(|seconds| {
                    audit(HostEvent::Throttled { client_id: Some(client_id), seconds });
                    too_many(seconds)
                })?
            }
            Err(_) => None,
        };
        Ok(Self { request, from, guess })
    }
}

impl Attempt {
    /// Tells how it ended: well, or with an error, which may be of the endpoint. Returns what is answered instead, if the sender has to
    /// wait.
    async fn ended_in(self, error: Option<Option<&EndpointError>>) -> Option<Response> {
        let guess = self.guess?;
        let Some(error) = error else {
            guess.succeeded();
            return None;
        };
        let because_of = match error {
            Some(EndpointError::Client(error)) => Some(*error),
            _ => None,
        };
        let seconds = guess.refused(because_of).await.err()?;
        audit(HostEvent::Throttled { client_id: None, seconds });
        Some(too_many(seconds))
    }
}

fn too_many(seconds: u64) -> Response {
    let retry_after = u32::try_from(seconds).unwrap_or(u32::MAX);
    EndpointError::TooManyRequests { retry_after }.into_http(PresentedIn::Body).map(Body::from)
}

async fn home(State(app): State<Arc<App>>) -> Response {
    pages::home(app.guide.as_ref(), app.playground.is_some())
}

/// Stands in for the page of the demo client that gets the code.
async fn demo_callback(State(app): State<Arc<App>>, Query(answer): Query<pages::DemoAnswer>) -> Response {
    match &app.guide {
        Some(guide) => pages::demo_callback(&answer, guide),
        None => not_found().await,
    }
}

pub(crate) async fn not_found() -> Response {
    pages::message(StatusCode::NOT_FOUND, "There is nothing at this address.")
}

/// What axum refused in grantor's place, in OAuth's words.
fn refused(rejection: BytesRejection, too_long: EndpointError) -> Response {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_long.into_http(PresentedIn::Body).map(Body::from),
        _ => rejection.into_response(),
    }
}

pub(crate) fn unavailable() -> Response {
    pages::message(StatusCode::SERVICE_UNAVAILABLE, "The server cannot answer now. Please try again.")
}
