//! The protected API: photos, to be listed with scope `photos.read` and added with `photos.write`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Json, Router};
use grantor::model::{Audience, Resource, Scope};
use grantor::resource::{self, CheckReply, Introspector, Requirement, ResourceServer};
use grantor::server::Config;
use serde_json::json;

use crate::moment::{moment, now};
use crate::pages::unavailable;
use crate::stage::{Place, Stage};
use crate::trace::Lane;
use crate::{Playground, Recorder};

/// The path of the API that shares the authorization server's store.
pub(crate) const PATH: &str = "/api/photos";

/// The path of the API that behaves as if it were elsewhere, and introspects at the authorization server: RFC 7662.
pub(crate) const PATH_ELSEWHERE: &str = "/api/elsewhere/photos";

/// The photos that are there from the start.
const PHOTOS: [&str; 3] = ["Harbour at dawn", "Snow on the pass", "Two cats"];

/// The most photos that can be added; after that the album starts again.
const MAX_ADDED: usize = 6;

/// The resource server.
#[derive(Debug)]
pub(crate) struct Api {
    server: ResourceServer,
    introspector: Introspector,
    reading: Requirement,
    writing: Requirement,
    /// The number of photos that were added. The album holds nothing that a visitor writes.
    added: AtomicUsize,
}

impl Api {
    /// Creates the API at this origin. If tokens are restricted to protected resources (RFC 8707), the API is one more
    /// of them.
    ///
    /// # Errors
    /// None in practice: an origin and a path make a URI.
    pub(crate) fn new(
        origin: &str,
        introspector: Introspector,
        config: &Config,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut api = resource::Config::new(Resource::parse(&format!("{origin}{PATH}"))?);
        api.accept_unrestricted = config.resources.is_any();
        api.authorization_servers = vec![config.issuer.clone()];
        api.scopes_supported = Scope::parse("photos.read photos.write")?;
        Ok(Self {
            server: ResourceServer::new(api),
            introspector,
            reading: Requirement::scope(Scope::parse("photos.read")?),
            writing: Requirement::scope(Scope::parse("photos.write")?),
            added: AtomicUsize::new(0),
        })
    }

    /// Adds the API to the protected resources of a server, if these are configured.
    pub(crate) fn offer(&self, config: &mut Config) {
        let resource = self.resource();
        if !config.resources.includes(resource)
            && let Some(more) = Audience::only(config.resources.resources().iter().cloned().chain([resource.clone()]))
        {
            config.resources = more;
        }
        // Where scope values belong to resources, these belong to the API too.
        if !config.scope.of_resource.is_empty() {
            let own = self.server.config().scopes_supported.clone();
            config.scope.of_resource.entry(resource.clone()).or_insert(own);
        }
    }

    /// The API's resource indicator.
    pub(crate) fn resource(&self) -> &Resource {
        &self.server.config().resource
    }

    /// The audience of tokens for the API.
    pub(crate) fn audience(&self) -> Audience {
        let config = self.server.config();
        if config.accept_unrestricted { Audience::Any } else { config.resource.clone().into() }
    }

    /// The requirement of a request with this method.
    fn requirement(&self, method: &Method) -> Option<&Requirement> {
        match *method {
            Method::GET => Some(&self.reading),
            Method::POST => Some(&self.writing),
            _ => None,
        }
    }

    fn serve(&self, place: &Place, method: &Method, reply: CheckReply) -> Response {
        (place.service.audit)(reply.event());
        match reply.into_result() {
            Err(refusal) => refusal.into_http().map(Body::from),
            Ok(_) if method == Method::POST => {
                (StatusCode::CREATED, Json(json!({ "added": self.add() }))).into_response()
            }
            Ok(_) => Json(json!({ "photos": self.titles() })).into_response(),
        }
    }

    fn titles(&self) -> Vec<String> {
        let added = (1..=self.added.load(Ordering::Relaxed)).map(|number| format!("Photo {number}"));
        PHOTOS.into_iter().map(str::to_owned).chain(added).collect()
    }

    fn add(&self) -> String {
        let next = |added: usize| if added < MAX_ADDED { added + 1 } else { 1 };
        let before = self.added.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |added| Some(next(added)));
        format!("Photo {}", before.map_or(1, next))
    }
}

/// The API's routes.
pub(crate) fn router(playground: &Playground) -> Router<Arc<Place>> {
    Router::new()
        .route(PATH, any(photos))
        .route(PATH_ELSEWHERE, any(photos_elsewhere))
        .route(&playground.api.server.config().metadata_path(), any(metadata))
}

async fn photos(State(place): State<Arc<Place>>, recorder: Recorder, head: Parts) -> Response {
    let api = &place.playground.api;
    let Some(requirement) = api.requirement(&head.method) else { return method_not_allowed() };
    let host = recorder.resource_server(&place.service.store, "Check");
    let reply = api.server.check(&head, requirement, now()).run_async(&host).await;
    api.serve(&place, &head.method, reply)
}

async fn photos_elsewhere(
    State(place): State<Arc<Place>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    recorder: Recorder,
    head: Parts,
) -> Response {
    let api = &place.playground.api;
    let Some(requirement) = api.requirement(&head.method) else { return method_not_allowed() };
    let Ok(moment) = moment() else { return unavailable() };
    let host = Stage::new(&place, peer, recorder).host(Lane::Resource);
    let step = api.server.check_by_introspection(&head, requirement, &api.introspector, moment);
    let reply = step.run_async(&host).await;
    api.serve(&place, &head.method, reply)
}

fn method_not_allowed() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, POST")]).into_response()
}

/// Serves the protected resource metadata: RFC 9728. A challenge has its URL.
async fn metadata(State(place): State<Arc<Place>>, request: Request) -> Response {
    place.playground.api.server.metadata(&request).map(Body::from)
}
