//! The network between a client and the world's server: it carries every request, and writes all of it down.

use std::sync::{Mutex, PoisonError};

use grantor::model::{Client, ClientId};
use grantor::{Answer, AsyncHttp, Fetch, Hosted, Http, Timestamp};
use http::{Request, Response};

use super::{People, SECRET, World};

/// The world's server, at the other end of the wire.
pub struct Wire<'a> {
    pub world: &'a World,
    transcript: Mutex<Vec<String>>,
}

/// What is known of the world's server, as it says itself.
pub fn metadata_of(world: &World) -> grantor::model::Metadata {
    let request = Request::get(world.server.config().metadata_path()).body(()).unwrap();
    serde_json::from_slice(world.server.metadata(&request).body()).unwrap()
}

/// A client that may ask about every token.
pub fn api() -> Client {
    let mut api = Client::confidential(ClientId::parse("api").unwrap(), SECRET);
    api.resource_server = Some(Vec::new());
    api
}

impl<'a> Wire<'a> {
    pub fn to(world: &'a World) -> Self {
        Self { world, transcript: Mutex::default() }
    }

    /// Every message so far, as text.
    pub fn transcript(&self) -> Vec<String> {
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn record(&self, message: String) {
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }

    fn carry(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let World { server, now, .. } = self.world;
        let host = Hosted { store: self.world, policy: People };
        let path = request.uri().path();
        let response = match path {
            "/token" => server.token(request, self.world.moment()).run(&host).into_http(),
            "/revoke" => server.revoke(request).run(&host).into_http(),
            "/introspect" => server.introspect(request, Timestamp(*now)).run(&host).into_http(),
            _ if path == server.config().metadata_path() => server.metadata(request),
            _ => Response::builder().status(404).body(Vec::new()).unwrap(),
        };
        self.record(text(&format!("{} {}", request.method(), request.uri()), request.headers(), request.body()));
        self.record(text(response.status().as_str(), response.headers(), response.body()));
        response
    }
}

impl Http for Wire<'_> {
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        Ok(self.carry(fetch.request()))
    }
}

impl AsyncHttp for Wire<'_> {
    async fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        super::turn_over().await;
        Ok(self.carry(fetch.request()))
    }
}

/// A message, to the byte.
pub fn text(first: &str, headers: &http::HeaderMap, body: &[u8]) -> String {
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    format!("{first}\n{}\n\n{}", headers.join("\n"), std::str::from_utf8(body).unwrap())
}
