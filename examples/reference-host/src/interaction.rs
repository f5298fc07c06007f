//! The steps between the authorization request and its answer: the resource owner logs in and decides.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use grantor::model::{Digest, Scope};
use grantor::server::{Approval, AuthorizationResponse, DeviceDecisionReply, Prompt, Refusal};
use grantor::{Moment, Timestamp};
use playground::Recorder;

use crate::address::Address;
use crate::applications;
use crate::audit::{HostEvent, audit};
use crate::base::own;
use crate::devices;
use crate::form::Form;
use crate::moment::{moment, now};
use crate::pages::{self, Consent};
use crate::pending::{Pending, WaitError, Waiting};
use crate::press::Pressed;
use crate::remembered::{Unasked, unasked};
use crate::sentences;
use crate::session::{Login, Visit};
use crate::users::LoginError;
use crate::web::{App, unavailable};

const GONE: &str = "This request was answered already, or it has waited too long. \
                    Please go back to the application and start again.";
const FORGED: &str = "This form does not belong to your session, or the session has ended. \
                      Please go back to the application and start again.";
const OTHER_PAGE: &str = "This page was not the one that you opened last. Please log in here.";
const TOO_LONG: &str = "The request is too long.";
const UNREADABLE: &str = "The form cannot be read.";

/// The outcome of a decision.
#[derive(Clone, Debug)]
pub enum Decided {
    /// The browser goes back to the client.
    Redirect(AuthorizationResponse),
    /// The person goes back to the device.
    Device(DeviceDecisionReply),
}

impl Decided {
    fn is_final(&self) -> bool {
        match self {
            Self::Redirect(response) => response.page_error().is_none(),
            Self::Device(reply) => reply.is_approved().is_ok(),
        }
    }
}

/// Returns the next page for a request: the login page or, once somebody is logged in, the consent page or the client's
/// error. A request with `prompt=none` is answered without a page, and one that was allowed before, if that is
/// remembered.
pub(crate) async fn ask(app: &App, recorder: &Recorder, headers: &HeaderMap, waiting: Waiting) -> Response {
    let Ok(moment) = moment() else { return unavailable() };
    let now = moment.now();
    let Ok(mut visit) = app.visit(headers, now).await else { return unavailable() };
    let waiting = match waiting {
        Waiting::Prompt(prompt) => match unasked(app, visit.login.as_ref(), &prompt, now).await {
            Ok(Some(unasked)) => return answer(app, recorder, prompt, unasked, moment).await,
            Ok(None) => Waiting::Prompt(prompt),
            Err(_) => return unavailable(),
        },
        Waiting::Refusal(refusal) if refusal.is_silent => return refuse(app, recorder, refusal, moment).await,
        waiting => waiting,
    };
    let mut pending = Pending::new(waiting, now);
    let Some(login) = visit.login.clone().filter(|login| pending.takes(login)) else {
        return login_page(app, &mut visit, Some(pending), now, StatusCode::OK, None);
    };
    match pending.for_decision(app.sessions.seal(), &login.user.subject, now) {
        Ok(request) => match Consent::of(&pending.waiting) {
            Some(consent) => consent_page(app, headers, &mut visit, &consent, &request, &login),
            None => pages::see_other(&consent_path(&request)),
        },
        Err(error) => cannot_wait(error),
    }
}

/// Answers a request for which no page is shown.
async fn answer(app: &App, recorder: &Recorder, prompt: Prompt, answer: Unasked, moment: Moment) -> Response {
    let host = app.host_for_clients();
    let host = recorder.server(&host, "Decide");
    let server = app.server();
    let step = match answer {
        Unasked::Approve(login) => {
            let approval = Approval::by(login.user.subject.clone()).authenticated_at(login.at);
            prompt.approve(&server, approval, moment)
        }
        Unasked::Refuse(open) => prompt.refuse(&server, open, moment),
    };
    let response = step.run_async(&host).await;
    audit(response.event());
    respond(response)
}

/// Tells the client its error.
async fn refuse(app: &App, recorder: &Recorder, refusal: Refusal, moment: Moment) -> Response {
    let host = recorder.server(&app.host, "Refuse");
    let response = refusal.respond(&app.server(), moment).run_async(&host).await;
    audit(response.event());
    respond(response)
}

/// Returns the login page, for a request or for one's own pages.
pub(crate) fn login_page(
    app: &App,
    visit: &mut Visit,
    mut pending: Option<Pending>,
    now: Timestamp,
    status: StatusCode,
    error: Option<&str>,
) -> Response {
    let request = pending.as_mut().map(|pending| pending.for_login(app.sessions.seal(), now)).transpose();
    let (request, form) = match (request, app.sessions.login_form(visit)) {
        (Ok(request), Ok(form)) => (request.unwrap_or_default(), form),
        (Err(error), _) => return cannot_wait(error),
        (_, Err(_)) => return unavailable(),
    };
    with_cookie(pages::login(status, pending.as_ref(), &form.0, &request, error), form.1)
}

fn consent_page(
    app: &App,
    headers: &HeaderMap,
    visit: &mut Visit,
    consent: &Consent<'_>,
    request: &str,
    login: &Login,
) -> Response {
    let Ok((csrf, cookie)) = app.sessions.form(visit, login) else { return unavailable() };
    let (server, sentences) = (app.server(), app.sentences.load());
    // The client may know better than the browser what the person reads.
    let asked = consent.ui_locales().iter().map(ToString::to_string);
    let locales = asked.chain(sentences::accepted(headers)).collect();
    let words = pages::Words { config: server.config(), sentences: &sentences, locales };
    with_cookie(pages::consent(consent, &words, &csrf, request, &login.user), cookie)
}

fn consent_path(request: &str) -> String {
    format!("{}?request={}", own("/consent"), pages::encode(request))
}

fn cannot_wait(error: WaitError) -> Response {
    match error {
        WaitError::TooLong => pages::message(StatusCode::PAYLOAD_TOO_LARGE, TOO_LONG),
        WaitError::Unavailable => unavailable(),
    }
}

/// Returns a page, with the cookie of its browser if that is new here.
pub(crate) fn with_cookie(mut page: Response, cookie: Option<HeaderValue>) -> Response {
    page.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    page
}

/// `GET /consent?request=…`, which may be loaded again.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    recorder: Recorder,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let request = query.get("request").map(String::as_str).unwrap_or_default();
    let Ok(moment) = moment() else { return unavailable() };
    let Ok(mut visit) = app.visit(&headers, moment.now()).await else { return unavailable() };
    let Some((login, pending)) = waiting(&app, &visit, request, moment.now()) else {
        return pages::message(StatusCode::GONE, GONE);
    };
    if !pending.takes(&login) {
        return login_page(&app, &mut visit, Some(pending), moment.now(), StatusCode::OK, None);
    }
    // Whoever has just logged in may have allowed all of it before.
    let waiting = match pending.waiting {
        Waiting::Prompt(prompt) => match unasked(&app, Some(&login), &prompt, moment.now()).await {
            Ok(Some(unasked)) => return answer(&app, &recorder, prompt, unasked, moment).await,
            Ok(None) => Waiting::Prompt(prompt),
            Err(_) => return unavailable(),
        },
        waiting => waiting,
    };
    match waiting {
        Waiting::Refusal(refusal) => refuse(&app, &recorder, refusal, moment).await,
        waiting => match Consent::of(&waiting) {
            Some(consent) => consent_page(&app, &headers, &mut visit, &consent, request, &login),
            None => pages::message(StatusCode::GONE, GONE),
        },
    }
}

/// Returns the request that waits for a decision of the logged-in person, unless it is answered.
fn waiting(app: &App, visit: &Visit, request: &str, now: Timestamp) -> Option<(Login, Pending)> {
    let login = visit.login.clone()?;
    let pending = Pending::of_decision(app.sessions.seal(), &login.user.subject, request, now)?;
    let pending = Some(pending).filter(|pending| pending.is_of(visit))?;
    let is_answered = app.decisions.is_answered(&whose(&login), &Digest::of(request));
    (!is_answered).then_some((login, pending))
}

fn whose(login: &Login) -> Digest {
    Digest::of(login.user.subject.as_str())
}

/// `POST /login`, for a request or for one's own pages.
pub(crate) async fn log_in(State(app): State<Arc<App>>, address: Address, headers: HeaderMap, body: Bytes) -> Response {
    let (form, now) = (Form(&body), now());
    let request = form.get("request");
    let Ok(mut visit) = app.visit(&headers, now).await else { return unavailable() };
    // Without the cookie this may be a form on another site.
    if visit.browser.is_none() {
        return pages::message(StatusCode::FORBIDDEN, FORGED);
    }
    let seal = app.sessions.seal();
    let pending = match &*request {
        "" => None,
        // A person who is logged in may log in again.
        request => {
            let pending = Pending::of_login(seal, request, now).filter(|pending| pending.is_of(&visit));
            match pending.or_else(|| Some(waiting(&app, &visit, request, now)?.1)) {
                Some(pending) => Some(pending),
                None => return pages::message(StatusCode::GONE, GONE),
            }
        }
    };
    let csrf = form.get("csrf");
    // Two pages that a new browser opened at once know it by two names.
    if !app.sessions.is_login_form_of(&visit, &csrf) && app.sessions.sender(&visit, &csrf).is_none() {
        return login_page(&app, &mut visit, pending, now, StatusCode::FORBIDDEN, Some(OTHER_PAGE));
    }
    match app.host.policy.log_in(&form.get("username"), &form.get("password"), address.network()).await {
        Ok(user) => {
            audit(HostEvent::LoggedIn { subject: user.subject.clone() });
            let location = match pending {
                None => own(applications::PATH),
                Some(mut pending) => match pending.for_decision(app.sessions.seal(), &user.subject, now) {
                    Ok(request) => consent_path(&request),
                    Err(error) => return cannot_wait(error),
                },
            };
            match app.sessions.log_in(&headers, user.subject.clone(), now).await {
                Ok(cookie) => with_cookie(pages::see_other(&location), Some(cookie)),
                Err(_) => unavailable(),
            }
        }
        Err(error) => {
            audit(HostEvent::LoginRefused { reason: error.name() });
            refuse_login(pending.as_ref(), &csrf, &request, error)
        }
    }
}

/// Returns the same page again.
fn refuse_login(pending: Option<&Pending>, csrf: &str, request: &str, error: LoginError) -> Response {
    let page = |status, told: &str| pages::login(status, pending, csrf, request, Some(told));
    match error {
        LoginError::Wrong => page(StatusCode::FORBIDDEN, "The user name or the password is wrong."),
        LoginError::Wait(seconds) => {
            let told = format!("There were too many attempts. Please wait {seconds} seconds and try again.");
            let mut page = page(StatusCode::TOO_MANY_REQUESTS, &told);
            page.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            page
        }
    }
}

/// The boxes that are still ticked.
#[derive(Debug)]
struct Ticked {
    scope: Scope,
    /// The positions of the authorization details.
    details: Vec<usize>,
}

impl Ticked {
    fn read(form: &Form<'_>) -> Option<Self> {
        let scope = Scope::parse(&form.all("scope").collect::<Vec<_>>().join(" ")).ok()?;
        let details = form.all("authorization_details").map(|position| position.parse().ok()).collect::<Option<_>>()?;
        Some(Self { scope, details })
    }
}

/// `POST /consent`. Pressed again, a button leads where it led before, since the browser has dropped that response.
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    recorder: Recorder,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form(&body);
    let Ok(moment) = moment() else { return unavailable() };
    let decision = match &*form.get("decision") {
        // The form sends only the boxes that are still ticked. grantor ignores values that it adds to the request.
        "approve" => match Ticked::read(&form) {
            Some(ticked) => Some(ticked),
            None => return pages::message(StatusCode::BAD_REQUEST, UNREADABLE),
        },
        "deny" => None,
        _ => return pages::message(StatusCode::BAD_REQUEST, UNREADABLE),
    };
    let Ok(visit) = app.visit(&headers, moment.now()).await else { return unavailable() };
    let Some(login) = app.sessions.sender(&visit, &form.get("csrf")).cloned() else {
        return pages::message(StatusCode::FORBIDDEN, FORGED);
    };
    let request = form.get("request");
    let pending = Pending::of_decision(app.sessions.seal(), &login.user.subject, &request, moment.now());
    let waiting = match pending {
        Some(pending) if !pending.takes(&login) || !pending.is_of(&visit) => {
            return pages::message(StatusCode::FORBIDDEN, FORGED);
        }
        Some(pending) => pending.waiting,
        None => return pages::message(StatusCode::GONE, GONE),
    };
    let (whose, what) = (whose(&login), Digest::of(&request));
    let button = Digest::of(&decision.as_ref().map_or_else(String::new, |ticked| format!("approve {ticked:?}")));
    let work = {
        let app = Arc::clone(&app);
        async move {
            let host = app.host_for_clients();
            let host = recorder.server(&host, "Decide");
            let server = app.server();
            // Users here have only a password, which has no `acr`; a request that asks for one gets the error for that.
            let asked = waiting.asked().map(|asked| asked.authorization_details.clone()).unwrap_or_default();
            let approval = decision.map(|Ticked { scope, details }| {
                let approval = Approval::by(login.user.subject.clone()).authenticated_at(login.at);
                approval.narrowed_to(scope).narrowed_to_details(asked.at(&details))
            });
            match (waiting, approval) {
                (Waiting::Device(prompt, _), approval) => {
                    let step = match approval {
                        Some(approval) => prompt.approve(&server, approval, moment),
                        None => prompt.deny(&server, moment),
                    };
                    let reply = step.run_async(&host).await;
                    audit(reply.event());
                    Decided::Device(reply)
                }
                (Waiting::Prompt(prompt), approval) => {
                    let step = match approval {
                        Some(approval) => prompt.approve(&server, approval, moment),
                        None => prompt.deny(&server, moment),
                    };
                    let response = step.run_async(&host).await;
                    audit(response.event());
                    Decided::Redirect(response)
                }
                (Waiting::Refusal(refusal), _) => {
                    let response = refusal.respond(&server, moment).run_async(&host).await;
                    audit(response.event());
                    Decided::Redirect(response)
                }
            }
        }
    };
    match app.decisions.press(whose, what, button, work, Decided::is_final).await {
        Pressed::Outcome(Decided::Redirect(response)) => respond(response),
        Pressed::Outcome(Decided::Device(reply)) => devices::decided(&reply),
        Pressed::Before => pages::message(StatusCode::GONE, GONE),
        Pressed::Broken => unavailable(),
    }
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
