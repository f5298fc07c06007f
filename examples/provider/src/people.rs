//! What people do here: log in, decide, and see and end what they allowed.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use grantor::model::{AuthenticationEvent, ClientId, Secret, Subject};
use grantor::server::{Approval, Interaction, Prompt};
use grantor::store::{Application, AsyncGrantStore as _, GrantsOf};
use serde::Deserialize;

use crate::oauth::audit;
use crate::sessions::{Login, random};
use crate::{App, moment, now};

type Shared = State<Arc<App>>;

/// The only person here. Your people are in your database, with slow hashes of their passwords.
const PERSON: (&str, &str) = ("alice", "correct horse battery staple");

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    next: String,
    has_failed: bool,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    login: &'a Login,
    prompt: &'a Prompt,
    name: &'a str,
}

#[derive(Template)]
#[template(path = "applications.html")]
struct ApplicationsPage {
    login: Login,
    applications: Vec<Application>,
}

/// A form of these pages. What one of them lacks is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    form_token: String,
    name: String,
    password: String,
    next: String,
    prompt: String,
    decision: String,
    client_id: String,
}

pub(crate) async fn login_page(Query(fields): Query<Fields>) -> Result<Response, Failure> {
    page(&LoginPage { next: fields.next, has_failed: false })
}

pub(crate) async fn log_in(
    State(app): Shared,
    cookies: CookieJar,
    Form(fields): Form<Fields>,
) -> Result<Response, Failure> {
    // Secrets are compared in constant time.
    if fields.name != PERSON.0 || Secret::new(fields.password) != Secret::new(PERSON.1) {
        let again = page(&LoginPage { next: fields.next, has_failed: true })?;
        return Ok((StatusCode::FORBIDDEN, again).into_response());
    }
    let cookie = app.sessions.begin(Subject::parse(PERSON.0).map_err(failed)?, app.server.config().issuer.is_https());
    // The form may come from anywhere: it does not send people elsewhere.
    let next = if fields.next.starts_with("/authorize?") { &fields.next } else { "/" };
    Ok((cookies.add(cookie), Redirect::to(next)).into_response())
}

/// Asks the person if the client may have what it asks for; or to log in first. A client that wants no page
/// (`prompt=none`), or another login than this one (`prompt=login`, `max_age`), learns that it would take one.
pub(crate) async fn ask(app: &App, login: Result<Login, Response>, prompt: Prompt) -> Result<Response, Failure> {
    let authentication = login.as_ref().ok().map(|login| AuthenticationEvent::at(login.at));
    let open = prompt.needs(authentication.as_ref(), []).unwrap_or(Interaction::Consent);
    match login {
        Err(log_in_first) if !prompt.is_silent() => Ok(log_in_first),
        Ok(login) if !prompt.is_silent() && open != Interaction::Login => {
            let name = random();
            let page = page(&ConsentPage { login: &login, prompt: &prompt, name: &name });
            app.sessions.keep(&login, name, prompt);
            page
        }
        _ => {
            let response = prompt.refuse(&app.server, open, moment()).run_async(&app.store).await;
            audit(&response.event());
            Ok(response.into_http().map(Body::from))
        }
    }
}

pub(crate) async fn decide(State(app): Shared, login: Login, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    check_form(&login, &fields)?;
    let prompt = app.sessions.take(&login, &fields.prompt).ok_or(GONE)?;
    let step = if fields.decision == "allow" {
        prompt.approve(&app.server, Approval::by(login.subject).authenticated_at(login.at), moment())
    } else {
        prompt.deny(&app.server, moment())
    };
    let response = step.run_async(&app.store).await;
    audit(&response.event());
    Ok(response.into_http().map(Body::from))
}

pub(crate) async fn applications(State(app): Shared, login: Login) -> Result<Response, Failure> {
    let applications = app.store.applications_async(&login.subject, None, 100, now()).await.map_err(failed)?;
    page(&ApplicationsPage { login, applications })
}

pub(crate) async fn remove_application(
    State(app): Shared,
    login: Login,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Failure> {
    check_form(&login, &fields)?;
    let of = GrantsOf::SubjectAndClient(login.subject, ClientId::parse(&fields.client_id).map_err(failed)?);
    app.store.revoke_grants_async(&of, now()).await.map_err(failed)?;
    Ok(Redirect::to("/"))
}

pub(crate) async fn log_out_everywhere(
    State(app): Shared,
    login: Login,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Failure> {
    check_form(&login, &fields)?;
    // Sessions first: or a press on "Allow" opens the next grant meanwhile.
    app.sessions.end_all(&login.subject);
    app.store.revoke_grants_async(&GrantsOf::Subject(login.subject), now()).await.map_err(failed)?;
    Ok(Redirect::to("/"))
}

fn check_form(login: &Login, fields: &Fields) -> Result<(), Failure> {
    if fields.form_token == login.form_token { Ok(()) } else { Err(FORGED) }
}

/// A page that nobody can frame (RFC 9700 §4.16), and that is not kept. There is no `form-action`, which browsers apply
/// to the redirects after a form too, and so to the way back to the client.
fn page(template: &impl Template) -> Result<Response, Failure> {
    const POLICY: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    Ok((headers, Html(template.render().map_err(failed)?)).into_response())
}

/// A page that cannot be shown. People learn that; the log has the rest.
pub(crate) type Failure = (StatusCode, &'static str);

const FORGED: Failure = (StatusCode::FORBIDDEN, "This form is from another session. Please load it again.\n");
const GONE: Failure = (StatusCode::GONE, "There is nothing to decide any more.\n");

fn failed(error: impl std::fmt::Display) -> Failure {
    eprintln!("a page failed: {error}");
    (StatusCode::SERVICE_UNAVAILABLE, "Please try again later.\n")
}
