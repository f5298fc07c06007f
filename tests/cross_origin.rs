//! Clients that live in a browser: OAuth 2.1 §3.2, with the headers of the Fetch standard; and the places where clients
//! look for metadata.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use common::*;
use grantor::jose::{Jwk, KeyRotation};
use grantor::model::Issuer;
use grantor::server::{Config, CrossOrigin, JwksConfig, ParConfig};
use http::{Method, Request, Response, header};

const ORIGIN: &str = "https://spa.example";

fn world() -> World {
    World::new().with_devices().with(|config| {
        config.par = Some(ParConfig::at("https://server.example.com/par".parse().unwrap()));
        config.registration.clone_from(&registering::registering().server.config().registration);
        let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA","kid":"a"}"#;
        let keys = KeyRotation::new(Jwk::parse(key).unwrap()).unwrap();
        config.jwks = Some(JwksConfig::below(&config.issuer, keys));
    })
}

/// What a browser asks before it sends this method with these headers.
fn preflight(method: &str, headers: &str) -> Request<Vec<u8>> {
    let request = Request::options("/").header(header::ORIGIN, ORIGIN);
    let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, method);
    request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, headers).body(Vec::new()).unwrap()
}

fn from_a_script(mut request: Request<Vec<u8>>) -> Request<Vec<u8>> {
    request.headers_mut().insert(header::ORIGIN, ORIGIN.parse().unwrap());
    request
}

/// The endpoints that a script may ask, with the methods that they take.
type Endpoint = fn(&World, &Request<Vec<u8>>) -> Response<Vec<u8>>;

const ENDPOINTS: [(&str, &str, Endpoint); 11] = [
    ("metadata", "GET", |world, request| world.server.metadata(request)),
    ("public keys", "GET", |world, request| world.server.jwks(request)),
    ("metadata of a resource", "GET", |_, request| photos::photos().metadata(request)),
    ("token", "POST", |world, request| world.server.token(request, world.moment()).run(world).into_http()),
    ("revocation", "POST", |world, request| world.server.revoke(request, world.moment()).run(world).into_http()),
    ("pushing", "POST", |world, request| world.server.push(request, world.moment()).run(world).into_http()),
    ("registration", "POST", |world, request| world.server.register(request, world.moment()).run(world).into_http()),
    ("client configuration", "GET", configuration),
    ("client configuration", "PUT", configuration),
    ("client configuration", "DELETE", configuration),
    ("devices", "POST", |world, request| world.server.authorize_device(request, world.moment()).run(world).into_http()),
];

fn configuration(world: &World, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    world.server.configure(request, world.moment()).run(world).into_http()
}

fn header_of<'a>(response: &'a Response<Vec<u8>>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

fn has_cors(response: &Response<Vec<u8>>) -> bool {
    response.headers().keys().any(|name| name.as_str().starts_with("access-control-"))
}

/// "these endpoints may also be accessed by the browser-based application, and will also need to have the CORS headers
/// defined to allow access."
#[test]
fn r86_a_browser_that_asks_first_is_told_yes() {
    let world = world();
    for (name, method, endpoint) in ENDPOINTS {
        for asked in ["mcp-protocol-version", "authorization,content-type", "content-type", "dpop", "x-anything"] {
            let response = endpoint(&world, &preflight(method, asked));
            assert_eq!((response.status().as_u16(), response.body().len()), (204, 0), "{name}");
            assert_eq!(header_of(&response, "access-control-allow-origin"), Some("*"), "{name}");
            let methods = header_of(&response, "access-control-allow-methods").unwrap();
            assert!(methods.split(", ").any(|allowed| allowed == method), "{name}: {methods}");
            let headers = header_of(&response, "access-control-allow-headers").unwrap().to_ascii_lowercase();
            let allowed: Vec<_> = headers.split(", ").collect();
            for wanted in asked.split(',') {
                // "*" stands for any but this.
                let by_star = wanted != "authorization" && allowed.contains(&"*");
                assert!(allowed.contains(&wanted) || by_star, "{name}: {headers}");
            }
            assert!(header_of(&response, "access-control-max-age").is_some(), "{name}");
            assert_eq!(header_of(&response, "access-control-allow-credentials"), None, "{name}");
        }
    }
}

/// A script that may not read an error does not know what was wrong.
#[test]
fn r86_a_script_may_read_every_response_also_an_error() {
    let world = world().with_client(confidential("api", SECRET));
    let (token, refresh_token) = world.tokens();
    let about = params(&[("token", &token), ("client_id", "app")]);
    let mut cases = vec![
        (200, world.server.metadata(&from_a_script(Request::get("/").body(Vec::new()).unwrap()))),
        (405, world.server.metadata(&from_a_script(Request::delete("/").body(Vec::new()).unwrap()))),
        (200, photos::photos().metadata(&from_a_script(Request::get("/").body(Vec::new()).unwrap()))),
    ];
    for (status, request) in [
        (200, post(refresh(&refresh_token))),
        (200, post(exchange(&world.code(authorize())))),
        (200, post(client_credentials())),
        (400, post(exchange("SplxlOBeZQQYbYS6WxSbIA"))),
        (400, post(client_credentials().set("scope", "admin"))),
        (400, post("")),
        (401, post_as("Basic !", "")),
        (400, post(client_credentials().set("grant_type", "urn:example:none"))),
        (413, post("x".repeat(grantor::MAX_FORM_LEN + 1))),
        (405, Request::get("/token").body(Vec::new()).unwrap()),
    ] {
        cases.push((status, world.server.token(&from_a_script(request), world.moment()).run(&world).into_http()));
    }
    let mut revoke = |status, world: &World, request| {
        cases.push((status, world.server.revoke(&from_a_script(request), world.moment()).run(world).into_http()));
    };
    revoke(400, &world, post(params(&[("token", &token)])));
    revoke(400, &world, post(about.clone().of_web()));
    revoke(200, &world, post(about));
    for (status, form) in
        [(201, authorize()), (400, authorize().set("scope", "admin")), (400, authorize().set("redirect_uri", "x"))]
    {
        let request = from_a_script(post(form));
        cases.push((status, world.server.push(&request, world.moment()).run(&world).into_http()));
    }
    let information = |response: Response<Vec<u8>>| registering::Managed::of(&Reply::of(response));
    for (status, metadata) in [(201, registering::metadata()), (400, serde_json::json!({}))] {
        let request = from_a_script(registering::request(metadata));
        cases.push((status, world.server.register(&request, world.moment()).run(&world).into_http()));
    }
    let client = information(registering::register(&world, registering::metadata()).0);
    for (status, method) in
        [(200, Method::GET), (200, Method::PUT), (405, Method::POST), (204, Method::DELETE), (401, Method::GET)]
    {
        let request = from_a_script(client.request(method, &client.updated()));
        cases.push((status, configuration(&world, &request)));
    }
    for (status, form) in [(200, devices::start()), (400, devices::start().set("scope", "admin"))] {
        let request = from_a_script(post(form));
        cases.push((status, world.server.authorize_device(&request, world.moment()).run(&world).into_http()));
    }
    for at in [At::Lookup, At::Commit] {
        let outage = World::new().with_outage(at, Some(30));
        let request = from_a_script(post(client_credentials()));
        let response = outage.server.token(&request, outage.moment()).run(&outage).into_http();
        assert_eq!(header_of(&response, "access-control-expose-headers"), Some("Retry-After, WWW-Authenticate"));
        cases.push((503, response));
    }
    for (status, response) in cases {
        assert_eq!(response.status().as_u16(), status, "{response:?}");
        assert_eq!(header_of(&response, "access-control-allow-origin"), Some("*"), "{response:?}");
        assert_eq!(header_of(&response, "access-control-allow-credentials"), None, "{response:?}");
    }
}

/// RFC 9700 §2.6: "CORS MUST NOT be supported at the authorization endpoint". Introspection is for resource servers.
#[test]
fn r86_no_script_asks_at_the_authorization_endpoint_or_at_introspection() {
    let world = world();
    for mut request in [get(authorize()), get(authorize().set("scope", "admin")), get(""), preflight("GET", "x")] {
        request.headers_mut().insert(header::ORIGIN, ORIGIN.parse().unwrap());
        if let grantor::server::AuthorizeReply::Respond(response) = world.authorize_by(&request) {
            let response = response.into_http();
            assert!(!has_cors(&response) && response.status() != 204, "{response:?}");
        }
    }
    for request in [preflight("POST", "authorization"), from_a_script(post(params(&[("token", "x")]).of_web()))] {
        let response = world.server.introspect(&request, world.moment()).run(&world).into_http();
        assert!(!has_cors(&response) && response.status() != 204, "{response:?}");
    }
}

#[test]
fn whoever_does_not_want_it_says_so() {
    let world = world().with(|config| config.cross_origin = CrossOrigin::None);
    let closed = photos::photos_with(|config| config.cross_origin_metadata = false);
    for (name, method, endpoint) in ENDPOINTS.into_iter().filter(|(name, ..)| *name != "metadata of a resource") {
        let response = endpoint(&world, &preflight(method, "content-type"));
        assert!(response.status() == 405 && !has_cors(&response), "{name}");
        let request = from_a_script(if method == "GET" { get("") } else { post(client_credentials()) });
        assert!(!has_cors(&endpoint(&world, &request)), "{name}");
    }
    for request in [preflight("GET", "content-type"), from_a_script(get(""))] {
        assert!(!has_cors(&closed.metadata(&request)));
    }
}

/// Nothing changes for anybody else: a client that is no script, or an `OPTIONS` that is no preflight.
#[test]
fn without_a_script_there_are_no_such_headers() {
    let world = world();
    let options = Request::builder().method(Method::OPTIONS).uri("/token").body(Vec::new()).unwrap();
    for request in [post(client_credentials()), post(""), options] {
        let response = world.server.token(&request, world.moment()).run(&world).into_http();
        assert!(!has_cors(&response) && response.status() != 204, "{response:?}");
    }
    let none = World::new().with(|config| config.revocation = None);
    let response = none.server.revoke(&preflight("POST", "x"), none.moment()).run(&none).into_http();
    assert_eq!(response.status(), 404);
}

/// RFC 8414 §3.1 and §5, and where else clients look.
#[test]
fn the_document_is_where_clients_look() {
    let paths = |issuer: &str| Config::new(Issuer::parse(issuer).unwrap()).metadata_paths();
    for issuer in ["https://as.example", "https://as.example/"] {
        let places = [
            "/.well-known/oauth-authorization-server",
            "/.well-known/oauth-authorization-server/",
            "/.well-known/openid-configuration",
            "/.well-known/openid-configuration/",
        ];
        assert_eq!(paths(issuer), places);
    }
    for issuer in ["https://as.example/a/b", "https://as.example/a/b/"] {
        let places = [
            "/.well-known/oauth-authorization-server/a/b",
            "/.well-known/oauth-authorization-server/a/b/",
            "/a/b/.well-known/oauth-authorization-server",
            "/a/b/.well-known/oauth-authorization-server/",
            "/.well-known/openid-configuration/a/b",
            "/.well-known/openid-configuration/a/b/",
            "/a/b/.well-known/openid-configuration",
            "/a/b/.well-known/openid-configuration/",
        ];
        assert_eq!(paths(issuer), places);
        let config = Config::new(Issuer::parse(issuer).unwrap());
        assert_eq!(config.metadata_path(), places[0]);
        assert!(places.iter().all(|place| config.is_metadata_path(place)));
        for other in ["/.well-known/oauth-authorization-server", "/a/b", "/.well-known/oauth-authorization-server/a"] {
            assert!(!config.is_metadata_path(other), "{other}");
        }
    }
}
