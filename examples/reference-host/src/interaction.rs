//! Between the authorization request and its answer: the resource owner logs in and decides.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use grantor::model::Scope;
use grantor::server::{Approval, AuthorizationResponse, Prompt};
use playground::Recorder;

use crate::applications;
use crate::audit::{HostEvent, audit};
use crate::form::Form;
use crate::moment::{moment, now};
use crate::pages;
use crate::session::{Login, Session, Waiting};
use crate::users::LoginError;
use crate::web::{App, unavailable};

const GONE: &str = "This request was answered already, or it has waited too long. \
                    Please go back to the application and start again.";
const FORGED: &str = "This form does not belong to your session, or the session has ended. \
                      Please go back to the application and start again.";

/// What the browser is to see next: the login page, or, once somebody is logged in, the consent page, or where the client is told
/// an error.
pub(crate) fn page(session: &Session, request: &str) -> Response {
    match (session.pending(request), session.login(request)) {
        (None, _) => pages::message(StatusCode::GONE, GONE),
        (Some(waiting), None) => pages::login(StatusCode::OK, Some(waiting), session.csrf(), request, None),
        (Some(Waiting::Prompt(prompt)), Some(login)) => pages::consent(prompt, session.csrf(), request, &login.user),
        (Some(Waiting::Refusal(_)), Some(_)) => pages::see_other(&consent_path(request)),
    }
}

fn consent_path(request: &str) -> String {
    format!("/consent?request={}", pages::encode(request))
}

/// A page, with the cookie of its session if that is a new one.
pub(crate) fn with_cookie(shown: Result<(Response, Option<HeaderValue>), getrandom::Error>) -> Response {
    let Ok((mut page, cookie)) = shown else { return unavailable() };
    page.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    page
}

/// `GET /consent?request=…`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    recorder: Recorder,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let request = query.get("request").map(String::as_str).unwrap_or_default();
    let refusal = app.sessions.with(&headers, now(), |session| session.take_refusal(request));
    if let Some(refusal) = refusal.flatten() {
        let Ok(moment) = moment() else { return unavailable() };
        let host = recorder.server(&app.host, "Refuse");
        let response = refusal.respond(&app.server(), moment).run_async(&host).await;
        audit(response.event());
        return respond(response);
    }
    let page = app.sessions.with(&headers, now(), |session| page(session, request));
    page.unwrap_or_else(|| pages::message(StatusCode::GONE, GONE))
}

/// `POST /login`, to go on with a request or, without one, to see one's own pages.
pub(crate) async fn log_in(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let (form, now) = (Form(&body), now());
    let request = form.get("request");
    let is_ours = app.sessions.with(&headers, now, |session| session.csrf_matches(&form.get("csrf")));
    if is_ours != Some(true) {
        return pages::message(StatusCode::FORBIDDEN, FORGED);
    }
    match app.host.policy.log_in(&form.get("username"), &form.get("password"), now) {
        Ok(user) => {
            audit(HostEvent::LoggedIn { subject: user.subject.clone() });
            let Ok(cookie) = app.sessions.log_in(&headers, user, now) else { return unavailable() };
            let mut response = match &*request {
                "" => pages::see_other(applications::PATH),
                request => pages::see_other(&consent_path(request)),
            };
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        Err(error) => {
            audit(HostEvent::LoginRefused { reason: error.name() });
            let retry = |session: &mut Session| match session.pending(&request) {
                None if !request.is_empty() => pages::message(StatusCode::GONE, GONE),
                waiting => refuse_login(waiting, session.csrf(), &request, error),
            };
            app.sessions.with(&headers, now, retry).unwrap_or_else(|| pages::message(StatusCode::GONE, GONE))
        }
    }
}

fn refuse_login(waiting: Option<&Waiting>, csrf: &str, request: &str, error: LoginError) -> Response {
    match error {
        LoginError::Wrong => {
            let told = "The user name or the password is wrong.";
            pages::login(StatusCode::FORBIDDEN, waiting, csrf, request, Some(told))
        }
        LoginError::Wait(seconds) => {
            let told = format!("There were too many attempts. Please wait {seconds} seconds and try again.");
            let mut page = pages::login(StatusCode::TOO_MANY_REQUESTS, waiting, csrf, request, Some(&told));
            page.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            page
        }
    }
}

/// `POST /consent`
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    recorder: Recorder,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form(&body);
    let Ok(moment) = moment() else { return unavailable() };
    let decision = match &*form.get("decision") {
        // Only the boxes that are still ticked are sent. What they add to the request, grantor ignores.
        "approve" => match Scope::parse(&form.all("scope").collect::<Vec<_>>().join(" ")) {
            Ok(scope) => Some(scope),
            Err(_) => return pages::message(StatusCode::BAD_REQUEST, "The form cannot be read."),
        },
        "deny" => None,
        _ => return pages::message(StatusCode::BAD_REQUEST, "The form cannot be read."),
    };
    let taken = app.sessions.with(&headers, moment.now(), |session| take(session, &form));
    let (login, prompt) = match taken.unwrap_or(Err((StatusCode::FORBIDDEN, FORGED))) {
        Ok(taken) => taken,
        Err((status, told)) => return pages::message(status, told),
    };
    let host = recorder.server(&app.host, "Decide");
    let server = app.server();
    let step = match decision {
        None => prompt.deny(&server, moment),
        Some(scope) => {
            // Nobody here has anything but a password, which has no `acr`: a request that asks for one is answered so.
            let approval = Approval::by(login.user.subject.clone()).authenticated_at(login.at).narrowed_to(scope);
            prompt.approve(&server, approval, moment)
        }
    };
    let response = step.run_async(&host).await;
    audit(response.event());
    respond(response)
}

/// The request that is decided, and by whom, once the form is known to be theirs.
fn take(session: &mut Session, form: &Form<'_>) -> Result<(Login, Prompt), (StatusCode, &'static str)> {
    let request = form.get("request");
    let login = session.login(&request).filter(|_| session.csrf_matches(&form.get("csrf")));
    let login = login.cloned().ok_or((StatusCode::FORBIDDEN, FORGED))?;
    let prompt = session.take_prompt(&request).ok_or((StatusCode::GONE, GONE))?;
    Ok((login, prompt))
}

/// Sends grantor's redirect, or shows its error on a page of ours.
pub(crate) fn respond(response: AuthorizationResponse) -> Response {
    let told = response.page_error().map(|error| format!("This cannot be answered: {}.", error.description()));
    let response = response.into_http();
    let Some(told) = told else { return response.map(Body::from) };
    let mut page = pages::message(response.status(), &told);
    for name in [header::ALLOW, header::RETRY_AFTER] {
        page.headers_mut().extend(response.headers().get(&name).cloned().map(|value| (name, value)));
    }
    page
}
