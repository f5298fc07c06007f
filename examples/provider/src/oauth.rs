//! What clients call.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{self, request::Parts};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::{Shared, moment, now};

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
