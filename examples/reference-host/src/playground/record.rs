//! Where HTTP messages are recorded: those of the browser on its way through a flow, and those that the playground's own
//! programs send. The latter go through the same router, in this process: no socket, and yet the endpoints themselves.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{self, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use grantor::{Answer, AsyncHttp, Fetch, HttpHost, MAX_FORM_LEN, Unavailable};
use tower::ServiceExt as _;

use super::message;
use super::trace::{Lane, Recorder};
use crate::moment::now;
use crate::web::{App, unavailable};

/// The pages that a browser comes through on its way.
const FRONT_CHANNEL: [&str; 5] = ["/authorize", "/login", "/consent", super::CALLBACK, super::CALLBACK_IMPLICIT];

/// Records a request that belongs to a run, and its response.
pub(crate) async fn record(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let Some(recorder) = request.extensions().get::<Recorder>().cloned().or_else(|| of_browser(&app, &request)) else {
        return next.run(request).await;
    };
    request.extensions_mut().insert(recorder.clone());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_FORM_LEN).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let (sender, to) = (recorder.sender(), receiver(parts.uri.path()));
    recorder.step(|| message::request(sender, to, (&parts.method, &parts.uri, &parts.headers), &body));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, Fetch::MAX_RESPONSE_LEN).await else { return unavailable() };
    recorder.step(|| message::response(to, sender.lane, parts.status, &parts.headers, &body));
    Response::from_parts(parts, Body::from(body))
}

/// The recorder of the run that this browser is on.
fn of_browser(app: &App, request: &Request) -> Option<Recorder> {
    let path = request.uri().path();
    let playground = app.playground.as_ref().filter(|_| FRONT_CHANNEL.contains(&path))?;
    let arrives = path == "/authorize";
    playground.runs.on_its_way(request.headers(), arrives.then(|| request.uri().query().unwrap_or_default()), now())
}

fn receiver(path: &str) -> Lane {
    match path {
        path if path.starts_with("/api/") || path.contains("oauth-protected-resource") => Lane::Resource,
        path if path.starts_with("/playground") => Lane::Client,
        _ => Lane::Server,
    }
}

/// An HTTP client whose network is this process.
#[derive(Clone, Debug)]
pub(crate) struct InProcess {
    pub(crate) router: Router,
    /// Who sits at the browser: guesses are theirs.
    pub(crate) peer: SocketAddr,
    pub(crate) recorder: Recorder,
    /// Who sends.
    pub(crate) lane: Lane,
}

impl InProcess {
    /// The host of grantor's machines.
    pub(crate) fn host(self) -> HttpHost<Self> {
        HttpHost(self)
    }

    /// Sends a request that no machine asked for.
    pub(crate) async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Bytes>, Unavailable> {
        self.deliver(request, false).await
    }

    async fn deliver(
        &self,
        request: http::Request<Vec<u8>>,
        by_fetch: bool,
    ) -> Result<http::Response<Bytes>, Unavailable> {
        let mut request = request.map(Body::from);
        // A server sees the path, and the host in a header.
        let target = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        *request.uri_mut() = http::Uri::try_from(target).map_err(Unavailable::new)?;
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(self.recorder.sent_by(self.lane, by_fetch));
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, Fetch::MAX_RESPONSE_LEN).await.map_err(Unavailable::new)?;
        Ok(http::Response::from_parts(parts, body))
    }
}

impl AsyncHttp for InProcess {
    async fn fetch_async(&self, fetch: &Fetch) -> Answer<Fetch> {
        let response = self.deliver(fetch.request().clone(), true).await?;
        Ok(response.map(Vec::from))
    }
}
