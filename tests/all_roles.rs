//! Every role at once: grantor's client talks to grantor's server and to a resource server of grantor's, in memory,
//! with every grant. It is a story that is told the same way each time, to the byte, whoever drives the machines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::time::Duration;

use common::photos::{PHOTOS, photos, reading};
use common::*;
use grantor::client::{Authentication, AuthorizationRequest, Client, Registration, TokenSet, TokenTypeHint, discover};
use grantor::model::{GrantType, Metadata, Secret};
use grantor::resource::Introspector;
use grantor::server::RefreshPolicy;
use grantor::{HttpHost, Machine, Step, Timestamp};
use http::{Request, Response};

/// Who drives the machines.
trait Driver {
    fn drive<M: Machine>(&self, step: Step<M>) -> M::Reply;
}

struct Blocking<'a>(&'a HttpHost<Wire<'a>>);
struct Async<'a>(&'a HttpHost<Wire<'a>>);

impl Driver for Blocking<'_> {
    fn drive<M: Machine>(&self, step: Step<M>) -> M::Reply {
        step.run(self.0)
    }
}

impl Driver for Async<'_> {
    fn drive<M: Machine>(&self, step: Step<M>) -> M::Reply {
        block_on(step.run_async(self.0))
    }
}

/// The characters of the story: what they know of each other is what is on the wire.
struct Story<'a, D> {
    world: &'a World,
    wire: &'a Wire<'a>,
    driver: D,
    server: Metadata,
}

const AT: Timestamp = Timestamp(NOW);

impl<D: Driver> Story<'_, D> {
    fn app(&self) -> Client {
        public_client_at(self.server.clone(), "app")
    }

    fn web(&self) -> Client {
        confidential_client_at(self.server.clone(), "web", SECRET)
    }

    fn api(&self) -> Client {
        let registration = self.api_registration().authenticated_by(Authentication::Post(Secret::new(SECRET)));
        registration.at(self.server.clone()).unwrap()
    }

    fn api_registration(&self) -> Registration {
        Registration::confidential(self.server.issuer.clone(), "api".parse().unwrap(), Secret::new(SECRET))
    }

    fn drive<M: Machine>(&self, step: Step<M>) -> M::Reply {
        self.driver.drive(step)
    }

    /// A browser goes to the server, where its person approves, and comes back with this.
    fn browse(&self, url: &str) -> String {
        self.wire.record(format!("GET {url}"));
        let reply = self.world.approve(url.split_once('?').unwrap().1);
        self.wire.record_response(&reply.0);
        let (uri, parameters) = reply.location().split_once(['?', '#']).unwrap();
        assert_eq!(uri, CALLBACK);
        parameters.to_owned()
    }

    fn request(&self) -> AuthorizationRequest {
        AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read write")).resource(resource(PHOTOS))
    }

    /// Asks for the photos at this time, at a resource server that shares the store and at one that introspects. They
    /// agree.
    fn photos(&self, tokens: &TokenSet, now: Timestamp) -> u16 {
        let request = Request::get(PHOTOS).header("authorization", tokens.authorization()).body(Vec::new()).unwrap();
        let (resource_server, requirement) = (photos(), reading());
        let introspector = Introspector::at(&self.api_registration(), &self.server).unwrap();
        self.wire.record_request(&request);
        let replies = [
            resource_server.check(&request, &requirement, now).run(self.world),
            self.drive(resource_server.check_by_introspection(&request, &requirement, &introspector, at_moment(now))),
        ];
        let [status, other] = replies.map(|reply| {
            let response = match reply.into_result() {
                Ok(access) => Response::new(format!("photos of {:?}", access.subject()).into_bytes()),
                Err(refusal) => refusal.into_http(),
            };
            self.wire.record_response(&response);
            response.status().as_u16()
        });
        assert_eq!(status, other);
        status
    }

    fn introspect(&self, token: &Secret<'_>) -> Option<grantor::client::Introspection> {
        self.drive(self.api().introspect(token, None, self.world.moment())).unwrap()
    }

    /// RFC 6749 §4.1 with PKCE, then §6, RFC 7662 and RFC 7009.
    fn authorization_code(&self) {
        let app = self.app();
        let (url, pending) = app.begin(self.request(), self.world.moment()).unwrap();
        let query = self.browse(&url);
        let mut tokens = self.drive(app.callback(pending, &query).unwrap().start(self.world.moment())).unwrap();
        assert_eq!(self.photos(&tokens, AT), 200);
        assert_eq!(self.photos(&tokens, tokens.expires_at().unwrap()), 401);

        for _ in 0..3 {
            let fresh = self.drive(tokens.refresh(&app).unwrap().start(self.world.moment())).unwrap();
            assert_ne!(fresh.refresh_token().unwrap().expose(), tokens.refresh_token().unwrap().expose());
            assert_eq!(self.photos(&fresh, AT), 200);
            tokens = fresh;
        }
        let token = self.introspect(tokens.access_token()).unwrap();
        assert_eq!((token.sub.as_deref(), token.client_id.as_deref()), (Some("johndoe"), Some("app")));
        assert_eq!((token.aud, token.exp), (vec![PHOTOS.to_owned()], tokens.expires_at()));

        let refresh_token = tokens.refresh_token().unwrap();
        self.drive(app.revoke(refresh_token, Some(TokenTypeHint::RefreshToken), self.world.moment())).unwrap();
        assert_eq!(self.photos(&tokens, AT), 401);
        assert!(self.introspect(tokens.access_token()).is_none());
        let refused = self.drive(tokens.refresh(&app).unwrap().start(self.world.moment())).unwrap_err();
        assert_eq!(refused.code(), Some("invalid_grant"));
    }

    /// RFC 6749 §4.2.
    fn implicit(&self) {
        let app = self.app();
        let (url, pending) = app.begin_implicit(self.request(), self.world.moment()).unwrap();
        let fragment = self.browse(&url);
        let tokens = app.callback_implicit(pending, &fragment, AT).unwrap();
        assert_eq!(self.photos(&tokens, AT), 200);
        self.drive(app.revoke(tokens.access_token(), None, self.world.moment())).unwrap();
        assert_eq!(self.photos(&tokens, AT), 401);
    }

    /// RFC 6749 §4.3, §4.4, §4.5.
    fn without_a_browser(&self) {
        let (app, web) = (self.app(), self.web());
        let extension = GrantType::parse(ASSERTION).unwrap();
        let assertion = "PEFzc2VydGlvbiBJc3N1ZUluc3RhbnQ9IjIwMTEtMDU";
        let requests = [
            web.client_credentials(),
            app.password("johndoe", &Secret::new("A3ddj3w")),
            web.extension(&extension).parameter("assertion", assertion),
        ];
        for request in requests {
            let for_photos = request.clone().resource(resource(PHOTOS)).scope(scope("read"));
            let tokens = self.drive(for_photos.start(self.world.moment())).unwrap();
            assert_eq!(self.photos(&tokens, AT), 200);
            // Good for something else, or for something less.
            let mail = request.clone().resource(resource("https://api.example.com/mail"));
            assert_eq!(self.photos(&self.drive(mail.start(self.world.moment())).unwrap(), AT), 401);
            let writing = request.resource(resource(PHOTOS)).scope(scope("write"));
            assert_eq!(self.photos(&self.drive(writing.start(self.world.moment())).unwrap(), AT), 403);
        }
    }

    /// What is refused is told in the same words each time, too.
    fn refusals(&self) {
        let wrong = confidential_client_at(self.server.clone(), "web", "wrong");
        assert_eq!(
            self.drive(wrong.client_credentials().start(self.world.moment())).unwrap_err().code(),
            Some("invalid_client")
        );
        let admin = self.web();
        let admin = admin.client_credentials().scope(scope("admin"));
        assert_eq!(self.drive(admin.start(self.world.moment())).unwrap_err().code(), Some("invalid_scope"));
        assert_eq!(
            self.drive(self.app().introspect(&Secret::new("x"), None, self.world.moment())).unwrap_err().code(),
            Some("invalid_client")
        );
        // A code that is used twice takes its tokens with it.
        let app = self.app();
        let (url, pending) = app.begin(self.request(), self.world.moment()).unwrap();
        let query = self.browse(&url);
        let exchange = app.callback(pending, &query).unwrap();
        let tokens = self.drive(exchange.clone().start(self.world.moment())).unwrap();
        assert_eq!(self.drive(exchange.start(self.world.moment())).unwrap_err().code(), Some("invalid_grant"));
        assert_eq!(self.photos(&tokens, AT), 401);
    }
}

fn world() -> World {
    photos::world().with_everything().with_client(api()).with(|config| {
        config.token.refresh = RefreshPolicy::Rotate { grace: Duration::ZERO };
    })
}

/// Tells the story, and brings back every message of it.
fn told<'a, D: Driver>(world: &'a World, wire: &'a HttpHost<Wire<'a>>, driver: D) -> Vec<String> {
    let server = driver.drive(discover(&ISSUER.parse().unwrap())).unwrap();
    assert_eq!(server, metadata_of(world));
    let story = Story { world, wire: &wire.0, driver, server };
    story.authorization_code();
    story.implicit();
    story.without_a_browser();
    story.refusals();
    wire.0.transcript()
}

fn told_blocking() -> Vec<String> {
    let world = world();
    let wire = HttpHost(Wire::to(&world));
    told(&world, &wire, Blocking(&wire))
}

fn told_async() -> Vec<String> {
    let world = world();
    let wire = HttpHost(Wire::to(&world));
    told(&world, &wire, Async(&wire))
}

#[test]
fn every_grant_goes_from_the_client_through_the_server_to_the_resource() {
    let transcript = told_blocking();
    for grant_type in ["authorization_code", "refresh_token", "client_credentials", "password", "urn%3Aietf%3Aparams"] {
        assert!(transcript.iter().any(|message| message.contains(&format!("grant_type={grant_type}"))), "{grant_type}");
    }
    for endpoint in ["GET https://server.example.com/.well-known/", "POST https://server.example.com/revoke\n"] {
        assert!(transcript.iter().any(|message| message.starts_with(endpoint)), "{endpoint}");
    }
}

#[test]
fn told_twice_it_is_the_same_to_the_byte() {
    assert_eq!(told_blocking(), told_blocking());
}

#[test]
fn blocking_and_async_tell_the_same_story() {
    for (blocking, asynchronous) in told_blocking().into_iter().zip(told_async()) {
        assert_eq!(blocking, asynchronous);
    }
    assert_eq!(told_blocking().len(), told_async().len());
}

/// r63 and RFC 6749 §2.3.1, over all of the story: what is secret stands in headers, in bodies, or in the fragment that
/// a browser keeps to itself.
#[test]
fn r63_no_url_of_the_story_has_a_token_or_a_secret() {
    let transcript = told_blocking();
    let mut tokens = vec![SECRET.to_owned()];
    for message in &transcript {
        let body = message.split_once("\n\n").map_or("", |(_, body)| body);
        let Ok(object) = serde_json::from_str::<serde_json::Value>(body) else { continue };
        tokens.extend(
            ["access_token", "refresh_token"].iter().filter_map(|name| object[*name].as_str().map(str::to_owned)),
        );
    }
    assert!(tokens.len() > 20);
    for request in transcript.iter().filter(|message| message.starts_with("GET ") || message.starts_with("POST ")) {
        let url = request.lines().next().unwrap();
        assert!(tokens.iter().all(|token| !url.contains(token)), "{url}");
        assert!(!url.contains("code_verifier") && !url.contains("client_secret"));
    }
}
