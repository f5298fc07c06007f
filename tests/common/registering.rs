//! Clients that register themselves, and what they send.

use std::sync::Mutex;

use grantor::consult::{Registration, RegistrationVerdict};
use grantor::model::{Digest, Endpoint};
use grantor::record::Client;
use grantor::server::{Registrants, RegistrationConfig};
use grantor::store::{Lookup, Store};
use grantor::{Answer, Policy};
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::{Reply, World, scope};

pub const REGISTER: &str = "https://server.example.com/register";
pub const INITIAL: &str = "ey23f2.adfj230.af32-developer321";

/// A server at which anybody may register.
pub fn registering() -> World {
    registering_by(Registrants::Anybody)
}

pub fn registering_by(registrants: Registrants) -> World {
    World::new().with(|config| {
        let mut section = RegistrationConfig::at(Endpoint::parse(REGISTER).unwrap());
        section.registrants = registrants;
        section.scope = scope("read write");
        config.registration = Some(section);
    })
}

/// A server that wants an initial access token.
pub fn with_tokens() -> World {
    registering_by(Registrants::Tokens(vec![Digest::of("another"), Digest::of(INITIAL)]))
}

/// The example of RFC 7591 §3.1.
pub fn metadata() -> Value {
    json!({
        "redirect_uris": ["https://client.example.org/callback", "https://client.example.org/callback2"],
        "client_name": "My Example Client",
        "client_name#ja-Jpan-JP": "\u{30AF}\u{30E9}\u{30A4}\u{30A2}\u{30F3}\u{30C8}\u{540D}",
        "token_endpoint_auth_method": "client_secret_basic",
        "logo_uri": "https://client.example.org/logo.png",
        "jwks_uri": "https://client.example.org/my_public_keys.jwks",
        "example_extension_parameter": "example_value"
    })
}

/// A public client's.
pub fn public_metadata() -> Value {
    metadata().set("token_endpoint_auth_method", json!("none"))
}

/// Changes a member of an object, or takes it out.
pub trait Members: Sized {
    fn set(self, name: &str, value: Value) -> Self;
    fn without(self, name: &str) -> Self;
}

impl Members for Value {
    fn set(mut self, name: &str, value: Value) -> Self {
        self.as_object_mut().unwrap().insert(name.to_owned(), value);
        self
    }
    fn without(mut self, name: &str) -> Self {
        self.as_object_mut().unwrap().remove(name);
        self
    }
}

/// A registration request.
pub fn request(metadata: impl ToString) -> Request<Vec<u8>> {
    let request = Request::post("/register").header(header::CONTENT_TYPE, "application/json");
    request.body(metadata.to_string().into_bytes()).unwrap()
}

pub fn as_bearer(mut request: Request<Vec<u8>>, token: &str) -> Request<Vec<u8>> {
    request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    request
}

pub fn register_by(world: &World, request: &Request<Vec<u8>>) -> Reply {
    Reply::of(world.server.register(request, world.moment()).run(world).into_http())
}

pub fn register(world: &World, metadata: Value) -> Reply {
    register_by(world, &request(metadata))
}

/// The error of a registration that is refused.
pub fn refused(world: &World, metadata: Value) -> String {
    let reply = register(world, metadata.clone());
    assert_eq!(reply.status(), 400, "{metadata}: {reply:?}");
    reply.error()
}

/// A client that is registered, as it knows itself.
#[derive(Clone, Debug)]
pub struct Managed {
    pub client_id: String,
    pub client_secret: Option<String>,
    pub uri: String,
    pub token: String,
    /// The response.
    pub information: Value,
}

impl Managed {
    pub fn of(reply: &Reply) -> Self {
        assert!(matches!(reply.status(), 200 | 201), "{reply:?}");
        Self {
            client_id: reply.member("client_id").unwrap(),
            client_secret: reply.member("client_secret"),
            uri: reply.member("registration_client_uri").unwrap(),
            token: reply.member("registration_access_token").unwrap(),
            information: serde_json::from_str(reply.body()).unwrap(),
        }
    }

    pub fn new(world: &World, metadata: Value) -> Self {
        Self::of(&register(world, metadata))
    }

    /// A request to the client configuration endpoint.
    pub fn request(&self, method: Method, body: &Value) -> Request<Vec<u8>> {
        let request = Request::builder().method(method).uri(&self.uri).header(header::CONTENT_TYPE, "application/json");
        as_bearer(request.body(body.to_string().into_bytes()).unwrap(), &self.token)
    }

    pub fn read(&self, world: &World) -> Reply {
        configure(world, &self.request(Method::GET, &Value::Null))
    }

    /// What an update sends: all that the server returned, but for what must not be in it.
    pub fn updated(&self) -> Value {
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
            .into_iter()
            .fold(self.information.clone(), Members::without)
    }

    pub fn update(&self, world: &World, metadata: &Value) -> Reply {
        configure(world, &self.request(Method::PUT, metadata))
    }

    pub fn delete(&self, world: &World) -> Reply {
        configure(world, &self.request(Method::DELETE, &Value::Null))
    }

    /// The client's record in the store.
    pub fn record(&self, world: &World) -> Client {
        record(world, &self.client_id)
    }
}

pub fn record(world: &World, client_id: &str) -> Client {
    let lookup = Lookup::of_client(client_id.parse().unwrap());
    (**Store::lookup(&world.store, &lookup).unwrap().client().unwrap()).clone()
}

/// Asks a client configuration endpoint; what is deleted has its grants revoked, as a host does it.
pub fn configure(world: &World, request: &Request<Vec<u8>>) -> Reply {
    use grantor::store::GrantStore;
    let reply = world.server.configure(request, world.moment()).run(world);
    if let Some(grants) = reply.grants_to_end() {
        world.store.revoke_grants(&grants, grantor::Timestamp(world.now)).unwrap();
    }
    Reply::of(reply.into_http())
}

/// A host that decides, and notes what it was asked.
pub struct Decides(pub Mutex<Vec<Registration>>, pub fn(&Registration) -> RegistrationVerdict);

impl Policy for Decides {
    fn registration(&self, question: &Registration) -> Answer<Registration> {
        self.0.lock().unwrap().push(question.clone());
        Ok((self.1)(question))
    }
}
