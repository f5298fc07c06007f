//! The protected API: photos, to be listed with scope `photos.read` and added with `photos.write`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Json, Router};
use grantor::AsyncHost as _;
use grantor::model::{CredentialKind, Key};
use grantor::store::Lookup;
use serde_json::json;

use super::trace::Recorder;
use crate::moment::now;
use crate::web::{App, not_found, unavailable};

/// The photos that are there from the start.
const PHOTOS: [&str; 3] = ["Harbour at dawn", "Snow on the pass", "Two cats"];

/// The most photos that are added; then the album is as it was.
const MAX_ADDED: usize = 6;

/// The album: nothing that a visitor writes is in it.
#[derive(Debug, Default)]
pub(crate) struct Album {
    added: AtomicUsize,
}

/// The API's routes.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/api/photos", any(photos))
}

async fn photos(State(app): State<Arc<App>>, recorder: Recorder, parts: Parts, _: Bytes) -> Response {
    let scope = match parts.method {
        Method::GET => "photos.read",
        Method::POST => "photos.write",
        _ => return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, POST")]).into_response(),
    };
    let Some(playground) = &app.playground else { return not_found().await };
    if let Err(refusal) = check(&app, &recorder, &parts, scope).await {
        return refusal;
    }
    match parts.method {
        Method::POST => (StatusCode::CREATED, Json(json!({"added": playground.album.add()}))).into_response(),
        _ => Json(json!({"photos": playground.album.titles()})).into_response(),
    }
}

/// Whether the request shows a token that is alive and has this scope: RFC 6750 §2.1, §3.1.
async fn check(app: &App, recorder: &Recorder, parts: &Parts, scope: &str) -> Result<(), Response> {
    let refuse =
        |status: StatusCode, challenge: String| Err((status, [(header::WWW_AUTHENTICATE, challenge)]).into_response());
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
        return refuse(StatusCode::UNAUTHORIZED, "Bearer".to_owned());
    };
    let invalid = || refuse(StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"".to_owned());
    let Some(key) = Key::of(token) else { return invalid() };
    let lookup = Lookup { client: None, credentials: [key].into_iter().collect() };
    let found = recorder.resource_server(&app.host, "Check").lookup(&lookup).await.map_err(|_| unavailable())?;
    match found.credential(key).filter(|presented| presented.is_alive(now())) {
        Some(presented) if !presented.credential.scope.contains(scope) => {
            refuse(StatusCode::FORBIDDEN, format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""))
        }
        Some(presented) if matches!(presented.credential.kind, CredentialKind::AccessToken { .. }) => Ok(()),
        _ => invalid(),
    }
}

impl Album {
    fn titles(&self) -> Vec<String> {
        let added = self.added.load(Ordering::Relaxed);
        let added = (1..=added).map(|number| format!("Photo {number}"));
        PHOTOS.into_iter().map(str::to_owned).chain(added).collect()
    }

    fn add(&self) -> String {
        let next = |added: usize| Some((added + 1) % (MAX_ADDED + 1));
        let before = self.added.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        format!("Photo {}", before + 1)
    }
}
