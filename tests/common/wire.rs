//! The network between a client and the world's server: it carries every request, and writes all of it down.

use std::sync::{Mutex, PoisonError};

use grantor::client::Registration;
use grantor::consult::{Extension, Password};
use grantor::model::{ClientId, Metadata, Secret};
use grantor::record::Client;
use grantor::store::{AsyncStore, Commit, Lookup, Store};
use grantor::{Answer, AsyncHttp, AsyncPolicy, Fetch, Hosted, Http, Policy};
use http::{Request, Response};

use super::photos::PHOTOS;
use super::{People, SECRET, World, resource, turn_over};

/// The world's server, at the other end of the wire.
pub struct Wire<'a> {
    pub world: &'a World,
    transcript: Mutex<Vec<String>>,
}

/// What is known of the world's server, as it says itself.
pub fn metadata_of(world: &World) -> Metadata {
    let request = Request::get(world.server.config().metadata_path()).body(()).unwrap();
    serde_json::from_slice(world.server.metadata(&request).body()).unwrap()
}

/// A public client that is registered at this server.
pub fn public_client_at(server: Metadata, client_id: &str) -> grantor::client::Client {
    Registration::public(server.issuer.clone(), client_id.parse().unwrap()).at(server).unwrap()
}

/// One that has a secret.
pub fn confidential_client_at(server: Metadata, client_id: &str, secret: &str) -> grantor::client::Client {
    let secret = Secret::new(secret.to_owned());
    Registration::confidential(server.issuer.clone(), client_id.parse().unwrap(), secret).at(server).unwrap()
}

/// The resource server, as a client that may ask about tokens for the photos.
pub fn api() -> Client {
    let mut api = Client::confidential(ClientId::parse("api").unwrap(), SECRET);
    api.resource_server = Some(vec![resource(PHOTOS)]);
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

    /// Writes a message down.
    pub fn record_request(&self, request: &Request<Vec<u8>>) {
        self.record(text(&format!("{} {}", request.method(), request.uri()), request.headers(), request.body()));
    }

    pub fn record_response(&self, response: &Response<Vec<u8>>) {
        self.record(text(response.status().as_str(), response.headers(), response.body()));
    }

    fn carry(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let host = Hosted { store: self.world, policy: People };
        let World { server, .. } = self.world;
        match request.uri().path() {
            "/token" => server.token(request, self.world.moment()).run(&host).into_http(),
            "/revoke" => server.revoke(request, self.world.moment()).run(&host).into_http(),
            "/introspect" => server.introspect(request, self.world.moment()).run(&host).into_http(),
            "/par" => server.push(request, self.world.moment()).run(&host).into_http(),
            "/device_authorization" => server.authorize_device(request, self.world.moment()).run(&host).into_http(),
            path => self.document(path, request),
        }
    }

    async fn carry_async(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let host = Hosted { store: Remote(self.world), policy: Remote(People) };
        let World { server, .. } = self.world;
        match request.uri().path() {
            "/token" => server.token(request, self.world.moment()).run_async(&host).await.into_http(),
            "/revoke" => server.revoke(request, self.world.moment()).run_async(&host).await.into_http(),
            "/introspect" => server.introspect(request, self.world.moment()).run_async(&host).await.into_http(),
            "/par" => server.push(request, self.world.moment()).run_async(&host).await.into_http(),
            "/device_authorization" => {
                server.authorize_device(request, self.world.moment()).run_async(&host).await.into_http()
            }
            path => self.document(path, request),
        }
    }

    fn document(&self, path: &str, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let server = &self.world.server;
        if path == server.config().metadata_path() {
            return server.metadata(request);
        }
        Response::builder().status(404).body(Vec::new()).unwrap()
    }
}

impl Http for Wire<'_> {
    fn fetch(&self, fetch: &Fetch) -> Answer<Fetch> {
        self.record_request(fetch.request());
        let response = self.carry(fetch.request());
        self.record_response(&response);
        Ok(response)
    }
}

impl AsyncHttp for Wire<'_> {
    async fn fetch_async(&self, fetch: &Fetch) -> Answer<Fetch> {
        self.record_request(fetch.request());
        turn_over().await;
        let response = self.carry_async(fetch.request()).await;
        self.record_response(&response);
        Ok(response)
    }
}

/// What takes a while to answer.
struct Remote<T>(T);

impl AsyncStore for Remote<&World> {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        turn_over().await;
        Store::lookup(self.0, lookup)
    }
    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        turn_over().await;
        Store::commit(self.0, commit)
    }
}

impl AsyncPolicy for Remote<People> {
    async fn password_async(&self, question: &Password) -> Answer<Password> {
        turn_over().await;
        Policy::password(&self.0, question)
    }
    async fn extension_async(&self, question: &Extension) -> Answer<Extension> {
        turn_over().await;
        Policy::extension(&self.0, question)
    }
}

/// A message, to the byte.
pub fn text(first: &str, headers: &http::HeaderMap, body: &[u8]) -> String {
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    format!("{first}\n{}\n\n{}", headers.join("\n"), std::str::from_utf8(body).unwrap())
}
