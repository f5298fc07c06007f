//! RFC 9728, protected resource metadata.
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

use common::photos::*;
use common::resource;
use grantor::client::{Challenge, DiscoverResourceError, RequestError, discover_resource};
use grantor::model::{Endpoint, Issuer, ResourceMetadata, Scope};
use grantor::resource::{Config, ResourceServer};
use grantor::{Answer, Fetch, HttpHost};
use http::{Method, Request, Response, header};
use serde_json::{Value, json};

fn document(photos: &ResourceServer) -> Value {
    let response = photos.metadata(&Request::get(photos.config().metadata_path()).body(()).unwrap());
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    serde_json::from_slice(response.body()).unwrap()
}

// §2 Protected Resource Metadata

/// RFC 9728 §3.2: "Parameters with zero values MUST be omitted from the response".
#[test]
fn the_document_says_what_the_configuration_says() {
    assert_eq!(document(&photos()), json!({ "resource": PHOTOS, "bearer_methods_supported": ["header"] }));
    let photos = photos_with(|config| {
        config.authorization_servers = vec![Issuer::parse("https://server.example.com").unwrap()];
        config.scopes_supported = Scope::parse("photos.read photos.write").unwrap();
        config.token_in_body = true;
        config.token_in_query = true;
        config.resource_name = Some("Photos".to_owned());
        config.resource_documentation = Some("https://docs.example.com".to_owned());
    });
    assert_eq!(
        document(&photos),
        json!({
            "resource": PHOTOS,
            "authorization_servers": ["https://server.example.com"],
            "scopes_supported": ["photos.read", "photos.write"],
            "bearer_methods_supported": ["header", "body", "query"],
            "resource_name": "Photos",
            "resource_documentation": "https://docs.example.com",
        })
    );
    let read: ResourceMetadata = serde_json::from_value(document(&photos)).unwrap();
    assert_eq!(read, photos.config().metadata());
}

// §3.1 Protected Resource Metadata Request

/// RFC 9728 §3.1: "MUST be removed before inserting "/.well-known/"".
#[test]
fn the_well_known_path_goes_between_host_and_path_or_query() {
    let suffix = "/.well-known/oauth-protected-resource";
    for (name, path) in [
        ("https://resource.example.com", ""),
        ("https://resource.example.com/", ""),
        ("https://resource.example.com/resource1", "/resource1"),
        ("https://resource.example.com/a/b/", "/a/b/"),
        ("https://resource.example.com?k=v", "?k=v"),
        ("https://resource.example.com/?k=v", "?k=v"),
        ("https://resource.example.com/a?k=v/", "/a?k=v/"),
    ] {
        let config = Config::new(resource(name));
        // A host's router looks at the path alone.
        let (alone, _) = path.split_once('?').unwrap_or((path, ""));
        assert_eq!(config.metadata_path(), format!("{suffix}{alone}"), "{name}");
        let url = format!("https://resource.example.com{suffix}{path}");
        assert_eq!(config.resource_metadata.unwrap().as_str(), url, "{name}");
    }
    assert_eq!(Config::new(resource("urn:example:photos")).resource_metadata, None);
}

#[test]
fn the_document_is_read_by_get_or_head() {
    for (method, status) in [(Method::GET, 200), (Method::HEAD, 200), (Method::POST, 405), (Method::DELETE, 405)] {
        let response = photos().metadata(&Request::builder().method(method).body(()).unwrap());
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers().contains_key(header::ALLOW), status == 405);
    }
}

// §3.3 Protected Resource Metadata Validation

/// The photos' own server, reached over the network.
fn reached(photos: &ResourceServer) -> HttpHost<impl Fn(&Fetch) -> Answer<Fetch>> {
    HttpHost(move |fetch: &Fetch| match fetch.request().uri() == METADATA {
        true => Ok(photos.metadata(fetch.request())),
        false => Ok(Response::builder().status(404).body(Vec::new()).unwrap()),
    })
}

/// RFC 9728 §3.3: "the data contained in the response MUST NOT be used".
/// RFC 9728 §3.3: "MUST be identical to the URL".
#[test]
fn a_client_finds_the_document_at_its_place_and_takes_it_if_it_is_the_resources() {
    let photos =
        photos_with(|config| config.authorization_servers = vec![Issuer::parse("https://as.example").unwrap()]);
    let found = discover_resource(&resource(PHOTOS), None).run(&reached(&photos)).unwrap();
    assert_eq!(found, photos.config().metadata());

    let mails = ResourceServer::new(resource("https://api.example.com/mail"));
    match discover_resource(&resource(PHOTOS), None).run(&reached(&mails)) {
        Err(DiscoverResourceError::OtherResource(other)) => assert_eq!(other, mails.config().resource),
        other => panic!("{other:?}"),
    }
    let nothing = discover_resource(&resource("urn:example:photos"), None).run(&reached(&photos));
    assert!(matches!(nothing, Err(DiscoverResourceError::Request(_))), "there is no place to ask at");
}

// §7.7 Server-Side Request Forgery

#[test]
fn a_resource_elsewhere_sends_no_client_to_this_host() {
    let here = "http://127.0.0.1:8080/metadata";
    let place = Endpoint::parse(here).unwrap();
    let unasked = HttpHost(|_: &Fetch| -> Answer<Fetch> { panic!("nothing is asked") });
    for name in [PHOTOS, "urn:example:photos"] {
        let error = discover_resource(&resource(name), Some(&place)).run(&unasked).unwrap_err();
        assert!(matches!(error, DiscoverResourceError::Request(RequestError::Unsendable)), "{error}");
    }
    let photos = photos_with(|config| config.authorization_servers = vec![Issuer::parse("http://localhost").unwrap()]);
    let error = discover_resource(&resource(PHOTOS), None).run(&reached(&photos)).unwrap_err();
    assert!(matches!(error, DiscoverResourceError::Request(RequestError::Unusable { .. })), "{error}");

    // RFC 3986 §3.1: "schemes are case-insensitive".
    for here in ["HTTP://127.0.0.1:8080/metadata", "Http://LOCALHOST:8080/metadata"] {
        let place = Endpoint::parse(here).unwrap();
        let error = discover_resource(&resource(PHOTOS), Some(&place)).run(&unasked).unwrap_err();
        assert!(matches!(error, DiscoverResourceError::Request(RequestError::Unsendable)), "{error}");
    }
    let named = |server: &str| {
        let document = serde_json::json!({ "resource": PHOTOS, "authorization_servers": [server] }).to_string();
        let http = HttpHost(move |_: &Fetch| -> Answer<Fetch> { Ok(http::Response::new(document.clone().into())) });
        discover_resource(&resource(PHOTOS), None).run(&http)
    };
    for server in ["HTTP://localhost:2375", "http://keycloak:8080", "http://2130706433", "https://%6cocalhost"] {
        assert!(named(server).is_err(), "{server}");
    }
    assert!(named("HTTPS://AS.example").is_ok());

    // On the developer's own machine, all of them are here.
    let mut config = photos.config().clone();
    config.resource = resource("http://localhost/photos");
    let photos = ResourceServer::new(config);
    let http = HttpHost(|fetch: &Fetch| -> Answer<Fetch> { Ok(photos.metadata(fetch.request())) });
    assert!(discover_resource(&resource("http://localhost/photos"), Some(&place)).run(&http).is_ok());
}

// §5 Use of WWW-Authenticate for Protected Resource Metadata

#[test]
fn a_refused_client_finds_the_document_by_the_challenge() {
    let photos = photos();
    let response = world().refused(&photos, &bare(), &reading());
    let challenge = Challenge::of(response.headers()).unwrap();
    assert_eq!((challenge.error, challenge.scope.unwrap().as_str()), (None, "read"));
    let place = challenge.resource_metadata.unwrap();
    let found = discover_resource(&resource(PHOTOS), Some(&place)).run(&reached(&photos)).unwrap();
    assert_eq!(found.resource, resource(PHOTOS));
}

// §5.1 WWW-Authenticate Response

#[test]
fn a_challenge_names_the_document() {
    let world = world();
    let response = world.refused(&photos(), &bare(), &reading());
    assert!(challenge(&response).ends_with(&format!("resource_metadata=\"{METADATA}\"")));
    let silent = photos_with(|config| config.resource_metadata = None);
    assert!(!challenge(&world.refused(&silent, &bare(), &reading())).contains("resource_metadata"));
}
