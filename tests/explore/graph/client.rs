//! The machines of a client, with every kind of response.

use grantor::client::{self, AuthorizationRequest, Client, Registration, RequestError, TokenSet};
use grantor::model::{ClientId, Issuer, RedirectUri, Resource, Secret};
use grantor::{HttpHost, Moment, Timestamp};
use http::{HeaderMap, Response, StatusCode};

use super::{Drawing, Graph, NOW, World};
use crate::counter::Counter;
use crate::paused::{Next, Observe, Observed, hold};

impl Observed {
    fn of_client(event: String) -> Self {
        Self { event, ..Self::default() }
    }

    fn failed(error: &RequestError) -> Self {
        Self::of_client(match error {
            RequestError::Refused(_) => "Refused".to_owned(),
            RequestError::Unavailable(_) => "Unavailable".to_owned(),
            RequestError::Unusable { .. } => "Unusable".to_owned(),
            other => format!("{other:?}"),
        })
    }
}

macro_rules! observe {
    ($($machine:ty: $done:expr),* $(,)?) => {$(
        impl Observe for $machine {
            fn observe(reply: Self::Reply) -> Observed {
                let done: fn(_) -> String = $done;
                reply.map_or_else(|error| Observed::failed(&error), |reply| Observed::of_client(done(reply)))
            }
        }
    )*};
}

observe! {
    client::Exchange: |_: TokenSet| "TokenSet".to_owned(),
    client::AuthorizeDevice: |_| "Device".to_owned(),
    client::Poll: |polled| format!("{polled:?}").split(['(', ' ']).next().unwrap().to_owned(),
    client::Revoke: |()| "Revoked".to_owned(),
    client::Arrive: |_: client::Granted| "Granted".to_owned(),
    client::Register: |_: client::Registered| "Registered".to_owned(),
    client::Deregister: |()| "Deregistered".to_owned(),
    client::Introspect: |active: Option<client::Introspection>| if active.is_some() { "Active".to_owned() } else { "Inactive".to_owned() },
}

impl Observe for client::Push {
    fn observe(reply: Self::Reply) -> Observed {
        match reply {
            Ok(_) => Observed::of_client("Pushed".to_owned()),
            Err(client::PushError::Request(error)) => Observed::failed(&error),
            Err(_) => Observed::of_client("Begin".to_owned()),
        }
    }
}

impl Observe for client::Discover {
    fn observe(reply: Self::Reply) -> Observed {
        match reply {
            Ok(_) => Observed::of_client("Metadata".to_owned()),
            Err(client::DiscoverError::Request(error)) => Observed::failed(&error),
            Err(_) => Observed::of_client("OtherIssuer".to_owned()),
        }
    }
}

impl Observe for client::DiscoverResource {
    fn observe(reply: Self::Reply) -> Observed {
        match reply {
            Ok(_) => Observed::of_client("ResourceMetadata".to_owned()),
            Err(client::DiscoverResourceError::Request(error)) => Observed::failed(&error),
            Err(_) => Observed::of_client("OtherResource".to_owned()),
        }
    }
}

impl Observe for client::Receive {
    fn observe(reply: Self::Reply) -> Observed {
        use client::ProtectedError;
        Observed::of_client(match reply {
            Ok(next) => format!("{next:?}").split(['(', ' ']).next().unwrap().to_owned(),
            Err(ProtectedError::Request(error)) => return Observed::failed(&error),
            Err(error) => format!("{error:?}").split(['(', ' ']).next().unwrap().to_owned(),
        })
    }
}

type Answer = (&'static str, Response<Vec<u8>>);

pub(super) fn json(status: u16, body: &str) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
}

fn ok(why: &'static str, body: &str) -> Answer {
    (why, json(200, body))
}

fn error(code: &'static str) -> Answer {
    (code, json(400, &format!(r#"{{"error":"{code}"}}"#)))
}

/// What any endpoint may answer.
fn failures() -> [Answer; 2] {
    [("an error", error("invalid_grant").1), ok("nonsense", "<html>")]
}

fn drawing(machine: &'static str, what: &'static str, next: Next, responses: Vec<Answer>) -> Drawing {
    Drawing { machine, what, graph: Graph::of("", next, World { responses: &responses, ..World::default() }) }
}

/// What a server says of itself.
fn document(issuer: &str) -> String {
    let endpoints = [
        "authorization",
        "token",
        "device_authorization",
        "introspection",
        "revocation",
        "pushed_authorization_request",
    ]
    .map(|name| format!(r#""{name}_endpoint":"https://server.example/{name}""#))
    .join(",");
    format!(r#"{{"issuer":"{issuer}",{endpoints}}}"#)
}

pub(super) fn drawings() -> Vec<Drawing> {
    let issuer = Issuer::parse("https://server.example/tenant").unwrap();
    let metadata = serde_json::from_str(&document(issuer.as_str())).unwrap();
    let client = Registration::public(issuer.clone(), ClientId::parse("app").unwrap()).at(metadata).unwrap();
    let mut drawings = discoveries(&issuer);
    drawings.extend(token_requests(&client));
    drawings.extend(about_tokens(&client));
    drawings.extend(registrations());
    drawings.extend(sign_ins());
    drawings
}

fn discoveries(issuer: &Issuer) -> Vec<Drawing> {
    let photos = Resource::parse("https://api.example/photos").unwrap();
    let described = |resource: &str| format!(r#"{{"resource":"{resource}"}}"#);
    let none = || ("no document", json(404, ""));
    vec![
        drawing(
            "client::Discover",
            "where RFC 8414 or OpenID Connect have the document",
            hold(client::discover(issuer)),
            vec![
                ok("its document", &document(issuer.as_str())),
                ok("another's document", &document("https://evil.example")),
                none(),
            ],
        ),
        drawing(
            "client::DiscoverResource",
            "where RFC 9728 has the document",
            hold(client::discover_resource(&photos, None)),
            vec![
                ok("its document", &described(photos.as_str())),
                ok("another's document", &described("https://evil.example/")),
                none(),
            ],
        ),
    ]
}

fn token_requests(client: &Client) -> Vec<Drawing> {
    let tokens = || ok("tokens", r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer"}"#);
    let polled = ["authorization_pending", "slow_down", "access_denied", "expired_token"].map(error);
    let and_failures = |answers: Vec<Answer>| answers.into_iter().chain(failures()).collect();
    vec![
        drawing(
            "client::Exchange",
            "any token request",
            hold(client.client_credentials().start(at_moment(NOW))),
            and_failures(vec![tokens()]),
        ),
        drawing(
            "client::Push",
            "the pushed authorization request",
            hold(client.push(request(), at_moment(NOW))),
            and_failures(vec![ok("a request_uri", r#"{"request_uri":"urn:example:bwc4JK","expires_in":60}"#)]),
        ),
        drawing(
            "client::AuthorizeDevice",
            "the device authorization request",
            hold(client.authorize_device().start(at_moment(NOW))),
            and_failures(vec![ok("codes", DEVICE)]),
        ),
        drawing(
            "client::Poll",
            "the device's token request, once",
            hold(client.poll(&device_of(client), at_moment(POLL))),
            and_failures([tokens()].into_iter().chain(polled).collect()),
        ),
    ]
}

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new(RedirectUri::parse("https://app.example/cb").unwrap())
}

const DEVICE: &str =
    r#"{"device_code":"GmRh","user_code":"WDJB","verification_uri":"https://a.example/","expires_in":900}"#;
const POLL: Timestamp = Timestamp(NOW.0 + 5);

fn device_of(client: &Client) -> client::Device {
    let http = HttpHost(|_: &grantor::Fetch| Ok(json(200, DEVICE)));
    client.authorize_device().start(at_moment(NOW)).run(&http).unwrap()
}

fn about_tokens(client: &Client) -> Vec<Drawing> {
    let token = Secret::new("2YotnFZFEjr1zCsicMWpAA");
    let [refused, nonsense] = failures();
    vec![
        drawing(
            "client::Introspect",
            "token introspection",
            hold(client.introspect(&token, None, at_moment(NOW))),
            vec![ok("active", r#"{"active":true}"#), ok("inactive", r#"{"active":false}"#), refused.clone(), nonsense],
        ),
        drawing(
            "client::Revoke",
            "token revocation",
            hold(client.revoke(&token, None, at_moment(NOW))),
            vec![ok("done", ""), refused, ("failure", json(503, ""))],
        ),
    ]
}

fn registrations() -> Vec<Drawing> {
    let document = r#"{"issuer":"https://server.example","registration_endpoint":"https://server.example/register"}"#;
    let server = serde_json::from_str(document).unwrap();
    let registered = r#"{"client_id":"app","registration_access_token":"reg","registration_client_uri":"https://server.example/register/app"}"#;
    let metadata = client::ClientMetadata::new();
    let step = || client::register(&server, &metadata, None, at_moment(NOW));
    let http = HttpHost(|_: &grantor::Fetch| Ok(json(201, registered)));
    let app = step().run(&http).unwrap();
    let [_, nonsense] = failures();
    let refused = || error("invalid_client_metadata");
    vec![
        drawing(
            "client::Register",
            "a client registers, or reads or updates its registration",
            hold(step()),
            vec![ok("registered", registered), refused(), nonsense],
        ),
        drawing(
            "client::Deregister",
            "a client deletes its registration",
            hold(app.delete(at_moment(NOW))),
            vec![ok("done", ""), refused(), ("failure", json(503, ""))],
        ),
    ]
}

/// From a refused request to tokens. Every answer is tried at every pause, also one that is of no use there.
fn sign_ins() -> Vec<Drawing> {
    let resource = r#"{"resource":"https://api.example/mcp","authorization_servers":["https://server.example"]}"#;
    let server = r#"{"issuer":"https://server.example","authorization_endpoint":"https://server.example/authorize","token_endpoint":"https://server.example/token","registration_endpoint":"https://server.example/register","code_challenge_methods_supported":["S256"]}"#;
    let registered = r#"{"client_id":"app","token_endpoint_auth_method":"none"}"#;
    let tokens =
        r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA"}"#;
    let answers = || {
        let found =
            [("the resource's document", resource), ("the server's document", server), ("registered", registered)];
        let found = found.into_iter().chain([("tokens", tokens)]).map(|(why, body)| ok(why, body));
        found.chain([error("invalid_grant")]).collect::<Vec<_>>()
    };
    let profile = client::Profile::new(RedirectUri::parse("https://app.example/cb").unwrap());
    let protected = || client::Protected::new(Resource::parse("https://api.example/mcp").unwrap());
    let refused = |protected: &mut client::Protected, profile: &client::Profile| {
        protected.received(StatusCode::UNAUTHORIZED, &HeaderMap::new(), profile, at_moment(NOW))
    };
    let http = |answer: &'static str| move |_: &grantor::Fetch| Ok(json(200, answer));
    let issuer = || Issuer::parse("https://server.example").unwrap();
    let public = || client::Registration::public(issuer(), ClientId::parse("app").unwrap());
    let asked = |protected: &mut client::Protected| {
        let mut bodies = [resource, server].into_iter();
        let answered = std::cell::RefCell::new(&mut bodies);
        let host = HttpHost(|_: &grantor::Fetch| Ok(json(200, answered.borrow_mut().next().unwrap())));
        match refused(protected, &profile).run(&host) {
            Ok(client::Next::Ask { pending, .. }) => pending,
            other => panic!("{other:?}"),
        }
    };
    let callback = |pending: client::PendingSignIn| {
        let query = format!("code=SplxlOBeZQQYbYS6WxSbIA&state={}", pending.state());
        pending.callback(&query, at_moment(NOW)).unwrap()
    };
    let mut signed_in = protected().with_registration(public());
    let pending = asked(&mut signed_in);
    signed_in.arrived(callback(pending).run(&HttpHost(http(tokens))).unwrap());
    let by_itself = profile.clone().acting_by(client::ActingBy::ClientCredentials);
    vec![
        drawing("client::Receive", "a first 401", hold(refused(&mut protected(), &profile)), answers()),
        drawing("client::Receive", "a 401 for a token", hold(refused(&mut signed_in, &profile)), answers()),
        drawing(
            "client::Receive",
            "a 401, and a client that acts for itself",
            hold(refused(&mut protected().with_registration(public()), &by_itself)),
            answers(),
        ),
        drawing(
            "client::Arrive",
            "after a person was asked",
            hold(callback(asked(&mut protected().with_registration(public())))),
            vec![ok("tokens", tokens), error("invalid_grant")],
        ),
    ]
}

fn at_moment(now: Timestamp) -> Moment {
    Moment::new(now, &mut Counter(7))
}
