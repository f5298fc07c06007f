//! A protected resource in the world, and requests to it.

use grantor::Timestamp;
use grantor::model::Scope;
use grantor::resource::{AccessError, CheckReply, Config, Requirement, ResourceServer};
use http::{Request, Response, header};

use super::{World, authorize, client_credentials, exchange, only, resource};

pub const PHOTOS: &str = "https://api.example.com/photos";
pub const METADATA: &str = "https://api.example.com/.well-known/oauth-protected-resource/photos";

pub fn photos() -> ResourceServer {
    ResourceServer::new(resource(PHOTOS))
}

pub fn photos_with(change: impl FnOnce(&mut Config)) -> ResourceServer {
    let mut config = Config::new(resource(PHOTOS));
    change(&mut config);
    ResourceServer::new(config)
}

/// A world whose tokens can be restricted to resources.
pub fn world() -> World {
    World::new().with(|config| config.resources = only(&[PHOTOS, "https://api.example.com/mail"]))
}

/// An access token for the photos, of this scope.
pub fn token(world: &World, scope: &str) -> String {
    world.token(client_credentials().set("scope", scope).set("resource", PHOTOS)).access_token()
}

/// An access token for the photos, of a resource owner.
pub fn owned_token(world: &World) -> String {
    world.token(exchange(&world.code(authorize().set("resource", PHOTOS)))).access_token()
}

pub fn reading() -> Requirement {
    Requirement::scope(Scope::parse("read").unwrap())
}

pub fn bare() -> Request<String> {
    Request::get("/photos").body(String::new()).unwrap()
}

pub fn with_header(authorization: &str) -> Request<String> {
    let mut request = bare();
    request.headers_mut().insert(header::AUTHORIZATION, authorization.parse().unwrap());
    request
}

pub fn with_token(token: &str) -> Request<String> {
    with_header(&format!("Bearer {token}"))
}

impl World {
    pub fn check(&self, photos: &ResourceServer, request: &Request<String>, requirement: &Requirement) -> CheckReply {
        photos.check(request, requirement, Timestamp(self.now)).run(self)
    }

    /// The code of the refusal, or "ok".
    pub fn verdict(&self, photos: &ResourceServer, request: &Request<String>) -> &'static str {
        self.check(photos, request, &reading()).result().map_or_else(|refusal| refusal.error().code(), |_| "ok")
    }

    /// The refusal's response.
    pub fn refused(
        &self,
        photos: &ResourceServer,
        request: &Request<String>,
        requirement: &Requirement,
    ) -> Response<Vec<u8>> {
        self.check(photos, request, requirement).into_result().unwrap_err().into_http()
    }

    pub fn error(&self, photos: &ResourceServer, token: &str) -> AccessError {
        self.check(photos, &with_token(token), &reading()).into_result().unwrap_err().error().clone()
    }
}

pub fn challenge(response: &Response<Vec<u8>>) -> &str {
    response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap()
}
