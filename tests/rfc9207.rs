//! RFC 9207, issuer identification in authorization responses, in the order of its sections.
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

use grantor::model::Issuer;

use common::*;

fn issued_by(issuer: &str) -> World {
    World::new().with_everything().with(|config| config.issuer = Issuer::parse(issuer).unwrap())
}

/// Every response that goes to a client: success and error, in the query and in the fragment.
fn responses(world: &World) -> Vec<Reply> {
    [authorize(), implicit()]
        .iter()
        .flat_map(|request| {
            let answered = [request.clone().set("scope", "admin"), request.clone().again("scope", "read")];
            [world.approve(request), world.deny(request)].into_iter().chain(answered.map(|wrong| world.answer(wrong)))
        })
        .collect()
}

// §2 Response Parameter iss

/// "Authorization servers supporting this specification MUST indicate their identity by including the iss parameter in the
/// response", "including error responses"; its value is the issuer identifier, to the byte.
#[test]
fn iss_is_in_every_response_and_is_the_issuer_to_the_byte() {
    for (issuer, encoded) in [
        ("https://honest.as.example", "https%3A%2F%2Fhonest.as.example"),
        // Issuers are compared as strings: none of these is tidied up.
        ("https://honest.as.example/", "https%3A%2F%2Fhonest.as.example%2F"),
        ("https://honest.as.example:443/a/../b", "https%3A%2F%2Fhonest.as.example%3A443%2Fa%2F..%2Fb"),
        ("https://Honest.AS.example/%7Etenant", "https%3A%2F%2FHonest.AS.example%2F%257Etenant"),
        ("https://honest.as.example/a+b&c=d~e", "https%3A%2F%2Fhonest.as.example%2Fa%2Bb%26c%3Dd%7Ee"),
        ("http://127.0.0.1:8080", "http%3A%2F%2F127.0.0.1%3A8080"),
    ] {
        for reply in responses(&issued_by(issuer)) {
            assert_eq!(reply.parameter("iss").as_deref(), Some(issuer));
            assert!(reply.location().ends_with(&format!("&iss={encoded}")), "{}", reply.location());
            assert_eq!(reply.location().matches("iss=").count(), 1);
        }
    }
}

#[test]
fn iss_stands_where_the_other_parameters_stand() {
    let world = World::new().with_everything();
    for (request, component) in [(authorize(), '?'), (implicit(), '#')] {
        for reply in [world.approve(&request), world.deny(&request)] {
            let (uri, parameters) = reply.location().split_once(component).unwrap();
            assert_eq!(uri, CALLBACK);
            assert!(parameters.contains("&iss=") && !parameters.contains(['?', '#']));
        }
    }
}

/// Whatever the client sends, or has in its redirect URI: it is the server that says who it is.
#[test]
fn a_request_cannot_choose_iss() {
    let reply = World::new().approve(authorize().again("iss", "https://evil.example"));
    assert_eq!(reply.parameter("iss").as_deref(), Some(ISSUER));
    let reply = World::new().approve(authorize().set("state", "&iss=https://evil.example"));
    assert_eq!(reply.parameter("iss").as_deref(), Some(ISSUER));
}

/// An outage is told with it too: a client that aborts for want of `iss` must not abort on an honest error.
#[test]
fn a_server_error_has_iss() {
    let reply = World::new().with_outage(At::Commit, None).approve(authorize());
    assert_eq!((reply.error().as_str(), reply.parameter("iss").as_deref()), ("server_error", Some(ISSUER)));
}

// §2: "The issuer identifier [...] is a URL that uses the "https" scheme without any query or fragment components."

#[test]
fn an_issuer_is_an_https_url_without_query_or_fragment() {
    for wrong in [
        "",
        "honest.as.example",
        "/issuer",
        "http://honest.as.example",
        "ftp://honest.as.example",
        "https://honest.as.example?",
        "https://honest.as.example?a=b",
        "https://honest.as.example#",
        "https://honest.as.example/#a",
        "https://user@honest.as.example",
        "https://user:password@honest.as.example",
        "https://honest.as.example/a b",
        "https://honest.as.example/\u{e9}",
        "https://honest.as.example\n",
        "http://127.0.0.1.evil.example",
    ] {
        assert!(Issuer::parse(wrong).is_err(), "{wrong:?}");
    }
}

// §3: that the metadata says so (`authorization_response_iss_parameter_supported`) stands in
// tests/rfc8414.rs.
