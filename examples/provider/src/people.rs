//! What people do here: log in, decide, and see and end what they allowed.

use axum::Form;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{self, StatusCode, header, request::Parts};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum_extra::extract::CookieJar;
use grantor::model::{AuthenticationEvent, Secret};
use grantor::server::{Approval, AuthorizationResponse, AuthorizeReply, Interaction, Prompt};
use grantor::store::{AsyncGrantStore as _, GrantsOf};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use crate::oauth::audit;
use crate::sessions::Login;
use crate::{App, Shared, moment, now};

/// The only person here. Your people are in your database, with slow hashes of their passwords.
const PERSON: (&str, &str) = ("alice", "correct horse battery staple");

/// A form of these pages. What one of them lacks is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    name: String,
    password: String,
    next: String,
    prompt: String,
    decision: String,
    client_id: String,
}

pub(crate) async fn show_login(Query(fields): Query<Fields>) -> Response {
    login_page(&fields.next, "")
}

pub(crate) async fn log_in(State(app): Shared, cookies: CookieJar, Form(fields): Form<Fields>) -> Reply {
    // Secrets are compared in constant time.
    if fields.name != PERSON.0 || Secret::new(fields.password) != Secret::new(PERSON.1) {
        let again = login_page(&fields.next, "This name or this password is wrong.");
        return Ok((StatusCode::FORBIDDEN, again).into_response());
    }
    let cookie = app.sessions.begin(PERSON.0.parse().map_err(failed)?, app.server.config().issuer.is_https());
    // The address may come from anywhere: it does not send people elsewhere.
    let next = if fields.next.starts_with("/authorize?") { &fields.next } else { "/" };
    Ok((cookies.add(cookie), Redirect::to(next)).into_response())
}

/// What a client sends people for. Whoever is not logged in does that first, and comes here again.
pub(crate) async fn authorize(State(app): Shared, login: Result<Login, Response>, head: Parts) -> Response {
    let request = http::Request::from_parts(head, "");
    let reply = app.server.authorize(&request, moment()).run_async(&app.store).await;
    audit(&reply.event());
    match (reply, login) {
        (reply, Err(log_in_first)) if reply.needs_login() => log_in_first,
        (AuthorizeReply::Ask(prompt), login) => ask(&app, login.ok(), prompt).await,
        (AuthorizeReply::Refuse(it), _) => respond(it.respond(&app.server, moment()).run_async(&app.store).await),
        (AuthorizeReply::Respond(response), _) => response.into_http().map(Body::from),
    }
}

/// Asks the person if the client may have what it asks for. A client that wants no page (`prompt=none`), or another
/// login than this one (`prompt=login`, `max_age`), learns that it would take one.
async fn ask(app: &App, login: Option<Login>, prompt: Prompt) -> Response {
    let authentication = login.as_ref().map(|login| AuthenticationEvent::at(login.at));
    let open = prompt.needs(authentication.as_ref(), []).unwrap_or(Interaction::Consent);
    match login {
        Some(login) if !prompt.is_silent() && open != Interaction::Login => {
            let name = format!("{:032x}", rand::random::<u128>());
            let page = consent_page(&login, &prompt, &name);
            app.sessions.keep(&login, name, prompt);
            page
        }
        _ => respond(prompt.refuse(&app.server, open, moment()).run_async(&app.store).await),
    }
}

pub(crate) async fn decide(State(app): Shared, login: Login, Form(fields): Form<Fields>) -> Reply {
    let gone = (StatusCode::GONE, "There is nothing to decide any more.\n");
    let prompt = app.sessions.take(&login, &fields.prompt).ok_or(gone)?;
    let step = if fields.decision == "allow" {
        prompt.approve(&app.server, Approval::by(login.subject).authenticated_at(login.at), moment())
    } else {
        prompt.deny(&app.server, moment())
    };
    Ok(respond(step.run_async(&app.store).await))
}

/// Sends the browser back to the client.
fn respond(response: AuthorizationResponse) -> Response {
    audit(&response.event());
    response.into_http().map(Body::from)
}

pub(crate) async fn applications(State(app): Shared, login: Login) -> Reply {
    let applications = app.store.applications_async(&login.subject, None, 100, now()).await.map_err(failed)?;
    let content = html! {
        p { "You are " (login.subject) "." }
        @for it in &applications {
            form method="post" action="/remove" {
                (it.client_name.as_deref().unwrap_or(it.client_id.as_str())) ": " (it.scope) " "
                button name="client_id" value=(it.client_id) { "Remove" }
            }
        }
        @if applications.is_empty() { p { "None." } }
        form method="post" action="/logout-everywhere" { button { "Log out everywhere" } }
    };
    Ok(page("Applications that I allowed", &content))
}

pub(crate) async fn remove_application(State(app): Shared, login: Login, Form(fields): Form<Fields>) -> Reply {
    let of = GrantsOf::SubjectAndClient(login.subject, fields.client_id.parse().map_err(failed)?);
    app.store.revoke_grants_async(&of, now()).await.map_err(failed)?;
    Ok(Redirect::to("/").into_response())
}

pub(crate) async fn log_out_everywhere(State(app): Shared, login: Login) -> Reply {
    // Sessions first: or a press on "Allow" opens the next grant meanwhile.
    app.sessions.end_all(&login.subject);
    app.store.revoke_grants_async(&GrantsOf::Subject(login.subject), now()).await.map_err(failed)?;
    Ok(Redirect::to("/").into_response())
}

fn login_page(next: &str, failure: &str) -> Response {
    let content = html! {
        p role="alert" { (failure) }
        form method="post" action="/login" {
            input type="hidden" name="next" value=(next);
            label { "Name " input name="name" autocomplete="username" required; }
            label { "Password " input type="password" name="password" autocomplete="current-password" required; }
            button { "Log in" }
        }
    };
    page("Log in", &content)
}

fn consent_page(login: &Login, prompt: &Prompt, name: &str) -> Response {
    let client = prompt.client_name.as_deref().unwrap_or(prompt.recipient.client_id.as_str());
    let content = html! {
        p { "You are " (login.subject) ". This application asks to act for you:" }
        ul { @for scope in prompt.asked.scope.tokens() { li { (scope) } } }
        p { "Then you go on to " (prompt.recipient.redirect_uri) "." }
        form method="post" action="/consent" {
            input type="hidden" name="prompt" value=(name);
            button name="decision" value="allow" { "Allow" }
            button name="decision" value="deny" { "Deny" }
        }
    };
    page(&format!("Allow {client}?"), &content)
}

/// A page that nobody can frame (RFC 9700 §4.16), and that is not kept. There is no `form-action`, which browsers apply
/// to the redirects after a form too, and so to the way back to the client.
fn page(title: &str, content: &Markup) -> Response {
    const POLICY: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta name="viewport" content="width=device-width"; title { (title) } }
            body { h1 { (title) } (content) }
        }
    };
    (headers, Html(page.into_string())).into_response()
}

/// A response; or a page that cannot be shown. People learn that; the log has the rest.
type Reply = Result<Response, (StatusCode, &'static str)>;

fn failed(error: impl std::fmt::Display) -> (StatusCode, &'static str) {
    eprintln!("a page failed: {error}");
    (StatusCode::SERVICE_UNAVAILABLE, "Please try again later.\n")
}
