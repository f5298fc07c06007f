//! The recording of HTTP messages: those of the browser on its way through a flow, and those of the playground's own
//! programs. The latter go through the same router, in this process, without a socket.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{self, HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use grantor::{Answer, AsyncHttp, Fetch, HttpHost, MAX_FORM_LEN, Unavailable};
use tower::ServiceExt as _;

use crate::message;
use crate::moment::now;
use crate::pages::unavailable;
use crate::stage::Place;
use crate::trace::{Lane, Recorder};
use crate::visitors::Way;
use crate::{CALLBACK, CALLBACK_IMPLICIT};

/// The parameter by which the authorization server's pages name their request.
const NAME: &str = "request";

/// Records a request that belongs to a run, and its response.
pub(crate) async fn record(State(place): State<Arc<Place>>, mut request: Request, next: Next) -> Response {
    let own = request.extensions().get::<Recorder>().cloned();
    if own.is_none() && !place.is_on_the_way(request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_FORM_LEN).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let of_browser = if own.is_none() { place.of_browser(&parts, &body) } else { None };
    let run = of_browser.as_ref().map(|(id, _)| *id);
    let Some(recorder) = own.or(of_browser.map(|(_, recorder)| recorder)) else {
        return next.run(Request::from_parts(parts, Body::from(body))).await;
    };
    parts.extensions.insert(recorder.clone());
    let (sender, to, headers) = (recorder.sender(), receiver(parts.uri.path()), parts.headers.clone());
    recorder.step(|| message::request(sender, to, (&parts.method, &parts.uri, &parts.headers), &body));
    request = Request::from_parts(parts, Body::from(body));
    let response = next.run(request).await;
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, Fetch::MAX_RESPONSE_LEN).await else { return unavailable() };
    recorder.step(|| message::response(to, sender.lane, parts.status, &parts.headers, &body));
    if let Some((id, name)) = run.zip(name_given(&parts.headers, &body)) {
        place.playground.visitors.name(&headers, id, &name, now());
    }
    Response::from_parts(parts, Body::from(body))
}

impl Place {
    /// Tells if a browser passes this path on its way through a flow.
    fn is_on_the_way(&self, path: &str) -> bool {
        [CALLBACK, CALLBACK_IMPLICIT].contains(&path)
            || self.is_authorization_endpoint(path)
            || self.service.pages.iter().any(|page| page == path)
    }

    fn is_authorization_endpoint(&self, path: &str) -> bool {
        let endpoint = self.playground.config.authorization.endpoint.as_str();
        endpoint.strip_suffix(path).is_some_and(|origin| origin.contains("://"))
    }

    /// Returns the run that this browser is on, and its recorder.
    fn of_browser(&self, parts: &http::request::Parts, body: &[u8]) -> Option<(u64, Recorder)> {
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        let name = parameter(query.as_bytes(), NAME).or_else(|| parameter(body, NAME));
        let fragment = parameter(body, "fragment");
        let parameters = if body.is_empty() { query } else { str::from_utf8(body).unwrap_or_default() };
        let way = match path {
            path if self.is_authorization_endpoint(path) || path == CALLBACK => Way::Parameters(parameters),
            CALLBACK_IMPLICIT => fragment.as_deref().map_or(Way::Name(None), Way::Parameters),
            _ => Way::Name(name.as_deref()),
        };
        self.playground.visitors.on_its_way(&parts.headers, way, now())
    }
}

fn parameter(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// Returns the name that a page of the server, or a redirect to one, gives the authorization request.
fn name_given(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if let Some(location) = headers.get(header::LOCATION) {
        let (_, query) = location.to_str().ok()?.split_once('?')?;
        return parameter(query.as_bytes(), NAME);
    }
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("name=\"request\" value=\"")?;
    rest.split_once('"').map(|(name, _)| name.to_owned())
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
    /// The address of the person at the browser, to whom guesses are counted.
    pub(crate) peer: SocketAddr,
    pub(crate) recorder: Recorder,
    /// The sender.
    pub(crate) lane: Lane,
}

impl InProcess {
    /// Returns a host for grantor's machines.
    pub(crate) fn host(self) -> HttpHost<Self> {
        HttpHost(self)
    }

    /// Sends a request that is not an effect of a machine.
    pub(crate) async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Bytes>, Unavailable> {
        self.deliver(request, false).await
    }

    async fn deliver(
        &self,
        request: http::Request<Vec<u8>>,
        by_fetch: bool,
    ) -> Result<http::Response<Bytes>, Unavailable> {
        let mut request = request.map(Body::from);
        // A server sees only the path, and the host in a header.
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
