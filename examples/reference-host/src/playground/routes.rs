//! The playground's routes.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use grantor::Timestamp;
use grantor::client::AuthorizationRequest;

use super::acts::{ACTS, Act};
use super::clients::Who;
use super::deeds::{self, Typed};
use super::flows::{Flow, Start};
use super::runs::{Run, Waiting};
use super::stage::Stage;
use super::trace::Lane;
use super::{Playground, message};
use crate::form::Form;
use crate::moment::{moment, now};
use crate::web::{App, not_found, unavailable};

const FORGED: &str =
    "This form does not belong to your visit, or the visit has ended. Please start again at /playground.";
const GONE: &str = "There is no such run, or it was a while ago. Please start again at /playground.";

/// The playground's routes.
pub(crate) fn router(playground: &Playground) -> Router<Arc<App>> {
    Router::new()
        .route("/playground", get(index))
        .route("/playground/{flow}", get(show_flow).post(start))
        .route("/playground/run/{id}", get(show_run).post(act))
        .route(super::CALLBACK, get(callback))
        .route(super::CALLBACK_IMPLICIT, get(arrive_implicit).post(callback_implicit))
        .route("/playground.css", get(super::pages::style))
        .route("/playground.js", get(super::pages::script))
        .merge(super::api::router(playground))
}

async fn index(State(app): State<Arc<App>>) -> Response {
    super::pages::index(app.server.config())
}

async fn show_flow(State(app): State<Arc<App>>, headers: HeaderMap, Path(slug): Path<String>) -> Response {
    let (Some(playground), Some(flow)) = (&app.playground, Flow::find(&slug)) else { return not_found().await };
    let Ok((csrf, cookie)) = playground.runs.visit(&headers, now()) else { return unavailable() };
    with_cookie(super::pages::flow(flow, app.server.config(), &csrf), cookie)
}

/// Starts a flow: the client begins by itself, or sends the browser on its way.
async fn start(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(slug): Path<String>,
    body: Bytes,
) -> Response {
    let (Some(playground), Some(flow)) = (&app.playground, Flow::find(&slug)) else { return not_found().await };
    let (form, now) = (Form(&body), now());
    if !playground.runs.csrf_matches(&headers, &form.get("csrf"), now) {
        return told(StatusCode::FORBIDDEN, FORGED);
    }
    if let Some(lacks) = flow.lacks(app.server.config()) {
        return told(StatusCode::NOT_FOUND, lacks);
    }
    let Some(run) = playground.runs.start(&headers, flow, now) else { return told(StatusCode::FORBIDDEN, FORGED) };
    let stage = Stage::new(&app, peer, run.recorder());
    let Start::Act(act) = flow.start else {
        let sent = send_away(playground, &stage, &run, &headers, now).await;
        return sent.unwrap_or_else(|error| told(StatusCode::BAD_GATEWAY, &error));
    };
    act.perform(&stage, &mut *run.held.lock().await, &Typed::of(&form)).await;
    see(&run)
}

/// Sends the browser to the authorization server: RFC 6749 §4.1.1, §4.2.1.
async fn send_away(
    playground: &Playground,
    stage: &Stage,
    run: &Run,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Response, String> {
    let clients = playground.clients();
    let moment = moment().map_err(|error| error.to_string())?;
    let (url, waiting, state) = if let Start::Implicit = run.flow.start {
        let request = AuthorizationRequest::new(clients.callback_implicit.clone()).scope(clients.read.clone());
        let client = stage.client(Who::Gallery).await?;
        let (url, pending) = client.begin_implicit(request, moment).map_err(|error| error.to_string())?;
        let state = pending.state().to_owned();
        (url, Waiting::Implicit(pending), state)
    } else {
        let request = AuthorizationRequest::new(clients.callback.clone()).scope(clients.read_write.clone());
        let request =
            playground.api.audience().resources().iter().cloned().fold(request, AuthorizationRequest::resource);
        let client = stage.client(Who::Printer).await?;
        let (url, pending) = client.begin(request, moment).map_err(|error| error.to_string())?;
        let state = pending.state().to_owned();
        (url, Waiting::Code(pending), state)
    };
    playground.runs.send_away(headers, run.id, &state, now);
    run.held.lock().await.pending = Some(waiting);
    let response = crate::pages::see_other(&url);
    stage.recorder.begin(
        "Ask the resource owner, and get a token",
        "The client sends your browser away with its request, and waits for it to come back with the answer.",
    );
    let step = || message::response(Lane::Client, Lane::Browser, response.status(), response.headers(), &[]);
    stage.recorder.step(step);
    Ok(response)
}

/// The browser comes back with a code, or with an error.
async fn callback(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let Some(run) = come_back(&app, &headers, &query) else { return told(StatusCode::GONE, GONE) };
    let mut held = run.held.lock().await;
    let Some(Waiting::Code(pending)) = held.pending.take() else { return told(StatusCode::GONE, GONE) };
    let stage = Stage::new(&app, peer, run.recorder());
    let outcome = deeds::exchange(&stage, &mut held, pending, &query).await;
    stage.recorder.end(outcome);
    see(&run)
}

/// The browser comes back with a token in the fragment, which it does not send: a script has to.
async fn arrive_implicit(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Some(playground) = &app.playground else { return not_found().await };
    match playground.runs.visit(&headers, now()) {
        Ok((csrf, cookie)) => with_cookie(super::pages::implicit(&csrf), cookie),
        Err(_) => unavailable(),
    }
}

async fn callback_implicit(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let (form, now) = (Form(&body), now());
    let is_ours = |playground: &Playground| playground.runs.csrf_matches(&headers, &form.get("csrf"), now);
    if !app.playground.as_ref().is_some_and(is_ours) {
        return told(StatusCode::FORBIDDEN, FORGED);
    }
    let fragment = form.get("fragment");
    let Some(run) = come_back(&app, &headers, &fragment) else { return told(StatusCode::GONE, GONE) };
    let mut held = run.held.lock().await;
    let Some(Waiting::Implicit(pending)) = held.pending.take() else { return told(StatusCode::GONE, GONE) };
    // Nothing is sent from here: the peer's address is of no use.
    let stage = Stage::new(&app, SocketAddr::from(([127, 0, 0, 1], 0)), run.recorder());
    let outcome = deeds::receive(&stage, &mut held, pending, &fragment).await;
    stage.recorder.end(outcome);
    see(&run)
}

fn come_back(app: &App, headers: &HeaderMap, response: &str) -> Option<Run> {
    app.playground.as_ref()?.runs.come_back(headers, response, now())
}

async fn show_run(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path<u64>) -> Response {
    let Some(playground) = &app.playground else { return not_found().await };
    let now = now();
    let Some(run) = playground.runs.run(&headers, id, now) else { return told(StatusCode::GONE, GONE) };
    let Ok((csrf, _)) = playground.runs.visit(&headers, now) else { return unavailable() };
    let held = run.held.lock().await;
    super::pages::run(run.flow, run.id, &run.recorder().trace(), &held, &csrf)
}

/// Tries something with what a run has left.
async fn act(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(id): Path<u64>,
    body: Bytes,
) -> Response {
    let Some(playground) = &app.playground else { return not_found().await };
    let (form, now) = (Form(&body), now());
    if !playground.runs.csrf_matches(&headers, &form.get("csrf"), now) {
        return told(StatusCode::FORBIDDEN, FORGED);
    }
    let Some(run) = playground.runs.run(&headers, id, now) else { return told(StatusCode::GONE, GONE) };
    let mut held = run.held.lock().await;
    let name = form.get("act");
    let Some(act) = ACTS.into_iter().find(|act: &&Act| act.name == name && act.can_be_tried(&held)) else {
        return told(StatusCode::BAD_REQUEST, "There is nothing to try this with.");
    };
    if run.flow.script.get(held.played).is_some_and(|next| next.name == act.name) {
        held.played = held.played.saturating_add(1);
    }
    act.perform(&Stage::new(&app, peer, run.recorder()), &mut held, &Typed::of(&form)).await;
    see(&run)
}

/// With the cookie of a visit that just began.
fn with_cookie(mut page: Response, cookie: Option<HeaderValue>) -> Response {
    page.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    page
}

/// Shows a run from where it has come to.
fn see(run: &Run) -> Response {
    crate::pages::see_other(&format!("/playground/run/{}#last", run.id))
}

fn told(status: StatusCode, text: &str) -> Response {
    crate::pages::message(status, text)
}
