//! The playground's routes.
//!
//! A browser may send any request twice: by a second press, a reload or the back button, or because it gave the first
//! one up. So a request is handled in a task that goes on without the browser, and a repeated request finds the run as
//! the first one left it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::get;

use crate::acts::{ACTS, Act};
use crate::deeds::{self, Arrival, Typed};
use crate::flows::Flow;
use crate::form::Form;
use crate::moment::now;
use crate::pages::{self, see_other, unavailable};
use crate::runs::{Held, Run, Waiting};
use crate::stage::{Place, Stage};
use crate::trace::Lane;
use crate::{CALLBACK, CALLBACK_IMPLICIT, Playground, api, message};

const FORGED: &str =
    "This form does not belong to your visit, or the visit has ended. Please start again at /playground.";
const GONE: &str = "There is no such run, or it was a while ago. Please start again at /playground.";
const NOTHING_HERE: &str = "There is nothing at this address.";

/// The playground's routes.
pub(crate) fn router(playground: &Playground) -> Router<Arc<Place>> {
    Router::new()
        .route("/playground", get(index))
        .route("/playground/{flow}", get(show_flow).post(start))
        .route("/playground/run/{id}", get(show_run).post(act))
        .route(CALLBACK, get(callback).post(callback_form_post))
        .route(CALLBACK_IMPLICIT, get(arrive_implicit).post(callback_implicit))
        .route("/playground.css", get(pages::style))
        .route("/playground.js", get(pages::script))
        .merge(api::router(playground))
}

async fn index(State(place): State<Arc<Place>>) -> Response {
    pages::index(&place.playground.config)
}

async fn show_flow(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(slug): Path<String>,
) -> Response {
    let Some(flow) = Flow::find(&slug) else { return told(StatusCode::NOT_FOUND, NOTHING_HERE) };
    let playground = &place.playground;
    let Ok((csrf, cookie)) = playground.visitors.visit(&headers, peer.ip(), now()) else { return unavailable() };
    with_cookie(pages::flow(flow, &playground.config, &csrf), cookie)
}

/// Starts a flow: the client begins by itself, or sends the browser on its way.
async fn start(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(slug): Path<String>,
    body: Bytes,
) -> Response {
    let Some(flow) = Flow::find(&slug) else { return told(StatusCode::NOT_FOUND, NOTHING_HERE) };
    let (form, now, visitors) = (Form(&body), now(), &place.playground.visitors);
    if !visitors.csrf_matches(&headers, &form.get("csrf"), now) {
        return told(StatusCode::FORBIDDEN, FORGED);
    }
    if let Some(lacks) = flow.lacks(&place.playground.config) {
        return told(StatusCode::NOT_FOUND, lacks);
    }
    let Some(run) = visitors.start(&headers, flow, now) else { return told(StatusCode::FORBIDDEN, FORGED) };
    let (stage, typed) = (Stage::new(&place, peer, run.recorder()), Typed::of(&form));
    to_the_end(async move { perform(&stage, &run, &mut *run.held.lock().await, &headers, flow.start, &typed).await })
        .await
}

/// Does an act. The browser is shown the run, or sent to the authorization server if the act goes on there.
async fn perform(stage: &Stage, run: &Run, held: &mut Held, headers: &HeaderMap, act: &Act, typed: &Typed) -> Response {
    let visitors = &stage.place.playground.visitors;
    let Some(url) = act.perform(stage, held, typed).await else {
        if held.waiting.is_none() && held.device.is_none() {
            visitors.is_back(headers, run.id, now());
        }
        return see(run);
    };
    let state = held.waiting.as_ref().map(Waiting::state);
    visitors.send_away(headers, run.id, (&url, state), now());
    let response = see_other(&url);
    // A device sends nobody anywhere: a person goes.
    if state.is_some() {
        let step = || message::response(Lane::Client, Lane::Browser, response.status(), response.headers(), &[]);
        stage.recorder.step(step);
    }
    response
}

/// The browser comes back with a code, or with an error.
async fn callback(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    arrive(place, peer, &headers, Arrival::Query(query.unwrap_or_default())).await
}

/// The browser posts them. It is a form of the authorization server, which has no token of ours: the `state` is one.
async fn callback_form_post(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    parts: Parts,
    body: Bytes,
) -> Response {
    let headers = parts.headers.clone();
    arrive(place, peer, &headers, Arrival::Form(Box::new(Request::from_parts(parts, body)))).await
}

async fn arrive(place: Arc<Place>, peer: SocketAddr, headers: &HeaderMap, arrival: Arrival) -> Response {
    let Some(run) = place.playground.visitors.come_back(headers, arrival.parameters(), now()) else {
        return told(StatusCode::GONE, GONE);
    };
    to_the_end(async move {
        let mut held = run.held.lock().await;
        let waiting = held.waiting.take_if(|waiting| matches!(waiting, Waiting::Code(..)));
        if let Some(Waiting::Code(who, pending)) = waiting {
            let stage = Stage::new(&place, peer, run.recorder());
            let outcome = deeds::exchange(&stage, &mut held, (who, pending), arrival).await;
            stage.recorder.end(outcome);
        }
        see(&run)
    })
    .await
}

/// The browser comes back with a token in the fragment, which it does not send: a script has to.
async fn arrive_implicit(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    match place.playground.visitors.visit(&headers, peer.ip(), now()) {
        Ok((csrf, cookie)) => with_cookie(pages::implicit(&csrf), cookie),
        Err(_) => unavailable(),
    }
}

async fn callback_implicit(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (form, now, visitors) = (Form(&body), now(), &place.playground.visitors);
    if !visitors.csrf_matches(&headers, &form.get("csrf"), now) {
        return told(StatusCode::FORBIDDEN, FORGED);
    }
    let fragment = form.get("fragment");
    let Some(run) = visitors.come_back(&headers, &fragment, now) else { return told(StatusCode::GONE, GONE) };
    to_the_end(async move {
        let mut held = run.held.lock().await;
        let waiting = held.waiting.take_if(|waiting| matches!(waiting, Waiting::Implicit(..)));
        if let Some(Waiting::Implicit(who, pending)) = waiting {
            let stage = Stage::new(&place, peer, run.recorder());
            let outcome = deeds::receive(&stage, &mut held, (who, pending), &fragment).await;
            stage.recorder.end(outcome);
        }
        see(&run)
    })
    .await
}

async fn show_run(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(id): Path<u64>,
) -> Response {
    let (visitors, now) = (&place.playground.visitors, now());
    let Some(run) = visitors.run(&headers, id, now) else { return told(StatusCode::GONE, GONE) };
    let Ok((csrf, _)) = visitors.visit(&headers, peer.ip(), now) else { return unavailable() };
    let held = run.held.lock().await;
    pages::run(run.flow, run.id, &run.recorder().trace(), &held, &csrf)
}

/// Does an act with what a run holds.
async fn act(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(id): Path<u64>,
    body: Bytes,
) -> Response {
    let (form, now, visitors) = (Form(&body), now(), &place.playground.visitors);
    if !visitors.csrf_matches(&headers, &form.get("csrf"), now) {
        return told(StatusCode::FORBIDDEN, FORGED);
    }
    let Some(run) = visitors.run(&headers, id, now) else { return told(StatusCode::GONE, GONE) };
    let (name, page, typed) = (form.get("act"), form.get("page"), Typed::of(&form));
    to_the_end(async move {
        let mut held = run.held.lock().await;
        let Some(act) = ACTS.into_iter().find(|act: &&Act| act.name == name && act.can_be_tried(&held)) else {
            return told(StatusCode::BAD_REQUEST, "There is nothing to try this with.");
        };
        if held.press(act.name, page, now) {
            if run.flow.script.get(held.played).is_some_and(|next| next.name == act.name) {
                held.played = held.played.saturating_add(1);
            }
            let stage = Stage::new(&place, peer, run.recorder());
            return perform(&stage, &run, &mut held, &headers, act, &typed).await;
        }
        see(&run)
    })
    .await
}

/// Goes on even if the browser has given up the request; otherwise a code or token that was taken for it would be lost.
async fn to_the_end(work: impl Future<Output = Response> + Send + 'static) -> Response {
    tokio::spawn(work).await.unwrap_or_else(|_| unavailable())
}

/// Adds the cookie of a visit that just began.
fn with_cookie(mut page: Response, cookie: Option<HeaderValue>) -> Response {
    page.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    page
}

/// Redirects to the current state of a run.
fn see(run: &Run) -> Response {
    see_other(&format!("/playground/run/{}#last", run.id))
}

fn told(status: StatusCode, text: &str) -> Response {
    pages::message(status, text)
}
