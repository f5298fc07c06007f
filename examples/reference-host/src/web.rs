//! The router and the OAuth endpoints.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, FromRequestParts as _, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use grantor::model::ClientId;
use grantor::server::{AuthorizeReply, ClientAuthentication, EndpointError, PresentedIn, RevokeError, TokenError};
use grantor::store::BoxedStore;
use grantor::{FormError, MAX_FORM_LEN, Server, Timestamp};

use crate::applications;
use crate::audit::{HostEvent, audit, count};
use crate::demo::{self, Guide};
use crate::host::Host;
use crate::interaction;
use crate::log;
use crate::moment::{moment, now};
use crate::pages;
use crate::session::{Sessions, Waiting};
use crate::throttle::Throttle;
use playground::{Playground, Recorder, Service};

/// What every request needs.
#[derive(Debug)]
pub struct App {
    /// The protocol.
    pub server: ArcSwap<Server>,
    /// Answers its machines.
    pub host: Host,
    /// Who sits at which browser.
    pub sessions: Sessions,
    /// Slows down whoever guesses at client secrets.
    pub client_guesses: Throttle,
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
}

/// All paths.
pub fn router(app: Arc<App>) -> Router {
    let mut router = endpoints(&app)
        .route("/", get(home))
        .route("/style.css", get(pages::style))
        .route("/authorize", any(authorize))
        .route("/login", post(interaction::log_in))
        .route("/consent", get(interaction::show).post(interaction::decide))
        .route(applications::PATH, get(applications::show))
        .route("/applications/revoke", post(applications::revoke))
        .route("/applications/log-out", post(applications::log_out))
        .route(demo::CALLBACK, get(demo_callback));
    if let Some(playground) = &app.playground {
        let service = Service {
            endpoints: endpoints(&app).with_state(Arc::clone(&app)),
            store: BoxedStore::new(app.host.store.store.clone()),
            pages: ["/login", "/consent"].map(str::to_owned).into(),
            audit: |event| audit(event),
        };
        router = playground.join(router, service);
    }
    router
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_FORM_LEN))
        .layer(map_response(pages::safe_headers))
        .with_state(app)
}

/// The endpoints that clients call. Whatever the method: grantor knows which it takes, and words the refusal.
pub(crate) fn endpoints(app: &App) -> Router<Arc<App>> {
    let router =
        Router::new().route("/token", any(token)).route("/introspect", any(introspect)).route("/revoke", any(revoke));
    // Clients look in more than one place.
    let places = app.server().config().metadata_paths();
    places.iter().fold(router, |router, place| router.route(place, any(metadata)))
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
        // A form that another site posts comes without the session's cookie (`SameSite=Lax`), and a new session would end
        // the one that is there. The same request as a GET comes with it.
        AuthorizeReply::Ask(_) | AuthorizeReply::Refuse(_)
            if request.method() == Method::POST && !app.sessions.exists(request.headers(), now()) =>
        {
            let mut query = form_urlencoded::Serializer::new("/authorize?".to_owned());
            let location = query.extend_pairs(form_urlencoded::parse(request.body())).finish();
            pages::see_other(&location)
        }
        AuthorizeReply::Ask(prompt) => wait(&app, request.headers(), Waiting::Prompt(prompt)),
        AuthorizeReply::Refuse(refusal) => wait(&app, request.headers(), Waiting::Refusal(refusal)),
    }
}

fn wait(app: &App, headers: &HeaderMap, waiting: Waiting) -> Response {
    interaction::with_cookie(app.sessions.ask(headers, waiting, now(), interaction::page))
}

/// The token endpoint.
async fn token(State(app): State<Arc<App>>, recorder: Recorder, attempt: Attempt) -> Response {
    let Ok(moment) = moment() else { return unavailable() };
    let reply = app.server().token(&attempt.request, moment).run_async(&recorder.server(&app.host, "Token")).await;
    audit(reply.event());
    attempt.ended_in(&app, reply.result().map(drop).map_err(TokenError::code));
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
    attempt.ended_in(&app, reply.result().map(drop).map_err(EndpointError::code));
    reply.into_http().map(Body::from)
}

/// The revocation endpoint: RFC 7009.
async fn revoke(State(app): State<Arc<App>>, recorder: Recorder, attempt: Attempt) -> Response {
    let Ok(moment) = moment() else { return unavailable() };
    let reply = app.server().revoke(&attempt.request, moment).run_async(&recorder.server(&app.host, "Revoke")).await;
    audit(reply.event());
    attempt.ended_in(&app, reply.result().map_err(RevokeError::code));
    reply.into_http().map(Body::from)
}

/// The metadata document: RFC 8414.
async fn metadata(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    app.server().metadata(&request).map(Body::from)
}

/// A request to an endpoint for clients, which is an attempt to authenticate as one. OAuth 2.1 §2.4.1: "the authorization server
/// MUST protect any endpoint utilizing it against brute force attacks." By address too, so that nobody keeps a client out by
/// failing in its name. (Behind a proxy, take the address from it.)
struct Attempt {
    request: Request<Bytes>,
    by: Option<(IpAddr, ClientId)>,
    at: Timestamp,
}

/// Whoever has failed too often is told to wait.
impl FromRequest<Arc<App>> for Attempt {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(&mut parts, app).await;
        let ConnectInfo(peer) = peer.map_err(IntoResponse::into_response)?;
        // Its extensions limit the body.
        let body = Bytes::from_request(Request::from_parts(parts.clone(), body), app).await;
        let body = body.map_err(|rejection| refused(rejection, EndpointError::from(FormError::TooLong)))?;
        let (request, at) = (Request::from_parts(parts, body), now());
        let by = ClientAuthentication::of(&request).ok().map(|client| (peer.ip(), client.client_id));
        if let Some(seconds) = by.as_ref().and_then(|by| app.client_guesses.wait(by, at)) {
            if let Some((_, client_id)) = by {
                audit(HostEvent::Throttled { client_id, seconds });
            }
            let retry_after = u32::try_from(seconds).unwrap_or(u32::MAX);
            let error = EndpointError::TooManyRequests { retry_after };
            return Err(error.into_http(PresentedIn::Body).map(Body::from));
        }
        Ok(Self { request, by, at })
    }
}

impl Attempt {
    fn ended_in(self, app: &App, outcome: Result<(), &str>) {
        match (outcome, self.by) {
            (Err("invalid_client"), Some(by)) => app.client_guesses.failed(by, self.at),
            (Ok(()), Some(by)) => app.client_guesses.succeeded(by),
            _ => {}
        }
    }
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
