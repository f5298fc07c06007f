//! What clients call, and where they send people.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{self, request::Parts};
use axum::response::{IntoResponse as _, Response};
use grantor::server::AuthorizeReply;
use serde::Serialize;

use crate::people::{self, Failure};
use crate::sessions::Login;
use crate::{App, moment, now};

type Shared = State<Arc<App>>;

pub(crate) async fn authorize(
    State(app): Shared,
    login: Result<Login, Response>,
    head: Parts,
) -> Result<Response, Failure> {
    let request = http::Request::from_parts(head, "");
    let reply = app.server.authorize(&request, moment()).run_async(&app.store).await;
    audit(&reply.event());
    match (reply, login) {
        (AuthorizeReply::Ask(prompt), login) => people::ask(&app, login, prompt).await,
        (AuthorizeReply::Respond(response), _) => Ok(response.into_http().map(Body::from)),
        // No redirect to the client before it is known who it is (RFC 9700 §4.11.2), but for one that wants no page.
        // After the login the browser comes here again, with the same request.
        (AuthorizeReply::Refuse(refusal), Err(log_in_first)) if !refusal.is_silent => Ok(log_in_first),
        (AuthorizeReply::Refuse(refusal), _) => {
            let response = refusal.respond(&app.server, moment()).run_async(&app.store).await;
            audit(&response.event());
            Ok(response.into_http().map(Body::from))
        }
    }
}

pub(crate) async fn token(State(app): Shared, head: Parts, body: Bytes) -> Response {
    let request = http::Request::from_parts(head, body);
    let reply = app.server.token(&request, moment()).run_async(&app.store).await;
    audit(&reply.event());
    reply.into_http().map(Body::from)
}

pub(crate) async fn revoke(State(app): Shared, head: Parts, body: Bytes) -> Response {
    let request = http::Request::from_parts(head, body);
    let reply = app.server.revoke(&request, moment()).run_async(&app.store).await;
    audit(&reply.event());
    reply.into_http().map(Body::from)
}

pub(crate) async fn metadata(State(app): Shared, request: Request) -> Response {
    app.server.metadata(&request).map(Body::from)
}

pub(crate) async fn photos_metadata(State(app): Shared, request: Request) -> Response {
    app.photos.metadata(&request).map(Body::from)
}

/// The protected resource.
pub(crate) async fn photos(State(app): Shared, head: Parts) -> Response {
    let reply = app.photos.check(&head, &app.reading, now()).run_async(&app.store).await;
    audit(&reply.event());
    match reply.into_result() {
        Ok(access) => format!("the photos of {}\n", access.subject().unwrap_or("nobody")).into_response(),
        Err(refusal) => refusal.into_http().map(Body::from),
    }
}

/// Writes a line of the audit log. Events hold no secrets.
pub(crate) fn audit(event: &impl Serialize) {
    eprintln!("{}", serde_json::to_string(event).unwrap_or_default());
}
