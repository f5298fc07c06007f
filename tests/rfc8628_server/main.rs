//! RFC 8628, the device authorization grant, in the order of its sections, as the server keeps it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "../common/mod.rs"]
mod common;
mod metadata_document;
mod s3_3_user_interaction;
mod s3_4_token_request;
mod s4_metadata;

use std::time::Duration;

use common::devices::{Device, ENDPOINT, INTERVAL, LIFETIME, PAGE, poll, start};
use common::*;
use grantor::model::{GrantType, Key, UserCode};
use grantor::record::{CredentialKind, DynamicRegistration, PendingKind};
use grantor::server::{
    Approval, AskedFrom, ConfigError, DevicePageError, DevicePrompt, Event, TokenError, VerifyUserCodeReply,
};
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, Store};
use grantor::{Moment, Server, Timestamp, Unavailable};

fn world() -> World {
    World::new().with_devices()
}

fn refused(world: &World, form: impl std::fmt::Display) -> (u16, String) {
    let reply = world.authorize_device(form);
    (reply.status(), reply.error())
}

/// The answer to a poll: its status and its error.
fn polled(world: &World, device: &Device) -> (u16, String) {
    let reply = world.token(poll(device));
    (reply.status(), reply.error())
}

// §3.1 Device Authorization Request

#[test]
fn the_endpoint_takes_post_only_and_does_not_exist_unless_it_is_configured() {
    let reply = world().server.authorize_device(&get(start()), at_moment(Timestamp(NOW))).run(&world()).into_http();
    assert_eq!((reply.status().as_u16(), &reply.headers()["allow"]), (405, &"POST".parse().unwrap()));
    let without = World::new();
    assert_eq!(without.authorize_device(start()).status(), 404);
    assert_eq!(without.page_error("WDJB-MJHT"), DevicePageError::NotConfigured);
    let unoffered = without.token(poll(&Device { device_code: "x".into(), user_code: "x".into() }));
    assert_eq!((unoffered.status(), unoffered.error().as_str()), (400, "unsupported_grant_type"));
}

/// "Parameters sent without a value MUST be treated as if they were omitted from the request."
#[test]
fn a_parameter_without_a_value_is_omitted() {
    let world = world();
    let device = world.device_of(start().set("scope", ""));
    assert_eq!(world.enter(&device).asked.scope, scope("read write"), "the client's whole scope");
    assert_eq!(refused(&world, start().set("client_id", "")), (400, "invalid_client".to_owned()));
}

/// "The authorization server MUST ignore unrecognized request parameters."
#[test]
fn an_unknown_parameter_is_ignored() {
    let world = world();
    assert_eq!(world.authorize_device(start().set("model", "frame 7").again("model", "x")).status(), 200);
}

/// "Request and response parameters MUST NOT be included more than once."
#[test]
fn a_parameter_comes_once() {
    let world = world();
    for name in ["client_id", "scope", "client_secret"] {
        let twice = start().set(name, "read").again(name, "write");
        assert_eq!(refused(&world, twice), (400, "invalid_request".to_owned()), "{name}");
    }
    let body = world.authorize_device(start()).body().to_owned();
    for member in ["device_code", "user_code", "verification_uri", "expires_in", "interval"] {
        assert_eq!(body.matches(&format!("\"{member}\":")).count(), 1, "{body}");
    }
}

/// "confidential clients (those that have established client credentials) authenticate in the same manner as when
/// making requests to the token endpoint, and public clients provide the "client_id" parameter to identify
/// themselves."
#[test]
fn a_confidential_client_authenticates_and_a_public_one_says_who_it_is() {
    let world = world();
    assert_eq!(world.authorize_device(start()).status(), 200);
    assert_eq!(world.authorize_device(start().of_web()).status(), 200);
    assert_eq!(refused(&world, start().set("client_id", "web")), (400, "invalid_client".to_owned()));
    assert_eq!(refused(&world, start().without("client_id")), (400, "invalid_client".to_owned()));
    let by_header = |secret: &str| {
        let request = post_as(&basic("web", secret), start().without("client_id"));
        Reply::of(world.server.authorize_device(&request, world.moment()).run(&world).into_http())
    };
    assert_eq!(by_header(SECRET).status(), 200);
    let wrong = by_header("wrong");
    assert_eq!((wrong.status(), wrong.error().as_str()), (401, "invalid_client"));
    assert!(wrong.header("www-authenticate").is_some());
}

/// Only who is registered for the grant may ask, and for no more than is registered.
#[test]
fn a_client_asks_for_what_it_may_have() {
    let world = world().with(|config| config.resources = only(&["https://photos.example"]));
    let unregistered = public("other").with(|client| client.grant_types.retain(|it| *it != GrantType::DeviceCode));
    let without_time = public("brief").with(|client| client.grant_lifetime = Some(0));
    let world = world.with_client(unregistered).with_client(without_time);
    for (form, error) in [
        (start().set("client_id", "other"), "unauthorized_client"),
        (start().set("client_id", "brief"), "unauthorized_client"),
        (start().set("client_id", "nobody"), "invalid_client"),
        (start().set("scope", "admin"), "invalid_scope"),
        (start().set("resource", "https://mail.example"), "invalid_target"),
    ] {
        assert_eq!(refused(&world, form), (400, error.to_owned()));
    }
    let device = world.device_of(start().set("resource", "https://photos.example"));
    assert_eq!(world.enter(&device).asked.audience, only(&["https://photos.example"]));
}

// §3.2 Device Authorization Response

/// "in the HTTP response body using the "application/json" format with a 200 (OK) status code".
#[test]
fn the_response_has_two_codes_and_where_to_go_with_one_of_them() {
    let world = world();
    let reply = world.authorize_device(start());
    assert_eq!((reply.status(), reply.header("content-type")), (200, Some("application/json")));
    let member = |name: &str| reply.member(name).unwrap();
    assert_eq!(member("verification_uri"), PAGE);
    assert_eq!(member("verification_uri_complete"), format!("{PAGE}?user_code={}", member("user_code")));
    assert_eq!((member("expires_in"), member("interval")), (LIFETIME.to_string(), INTERVAL.to_string()));
    // §6.1: `WDJB-MJHT`.
    let user_code = member("user_code");
    let is_letter = |byte| b"BCDFGHJKLMNPQRSTVWXZ".contains(&byte);
    assert!(user_code.len() == 9 && user_code.as_bytes()[4] == b'-', "{user_code}");
    assert!(user_code.bytes().filter(|byte| *byte != b'-').all(is_letter), "{user_code}");
    let plain = world.with(|config| config.device.as_mut().unwrap().complete = false);
    assert_eq!(plain.authorize_device(start()).member("verification_uri_complete"), None);
}

/// A page whose URL has a query keeps it.
#[test]
fn the_user_code_joins_the_pages_own_query() {
    let world = world().with(|config| {
        config.device.as_mut().unwrap().verification_uri = "https://server.example.com/?device".parse().unwrap();
    });
    let complete = world.authorize_device(start()).member("verification_uri_complete").unwrap();
    assert!(complete.starts_with("https://server.example.com/?device&user_code="), "{complete}");
}

/// Two devices with one code: the second gets another, and the fifth in a row is told to come later.
#[test]
fn a_user_code_that_is_taken_is_drawn_again_three_times() {
    let world = world();
    // The same randomness, and so the same four user codes.
    let ask = || {
        let moment = Moment::new(world.at(), &mut Counter(7));
        Reply::of(world.server.authorize_device(&post(start()), moment).run(&world).into_http())
    };
    let mut codes: Vec<_> = (0..4).map(|_| ask().member("user_code").unwrap()).collect();
    let last = ask();
    assert_eq!((last.status(), last.error().as_str()), (503, "temporarily_unavailable"));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 4, "{codes:?}");
}

/// "In the event of an error (such as an invalidly configured client), the authorization server responds in the same
/// way as the token endpoint".
#[test]
fn a_store_that_fails_is_503_and_no_code_goes_out() {
    for at in [At::Lookup, At::Commit] {
        let world = world().with_outage(at, Some(7));
        let reply = world.authorize_device(start());
        assert_eq!((reply.status(), reply.header("retry-after")), (503, Some("7")));
        assert!(reply.member("device_code").is_none() && reply.member("user_code").is_none());
    }
}

/// The store knows both codes by digests, in one partition.
#[test]
fn the_record_holds_neither_code() {
    let world = world();
    let device = world.device();
    let request = world.request_of(&device).request;
    let text = serde_json::to_string(&*request).unwrap();
    assert!(!text.contains(&device.device_code) && !text.contains(&device.user_code), "{text}");
    let user_code = UserCode::parse(&device.user_code).unwrap().key();
    assert_eq!((request.user_code, request.key), (Some(user_code), Key::of(&device.device_code).unwrap()));
    assert_eq!(request.key.partition, user_code.partition);
    assert_eq!(request.expires_at, Timestamp(NOW + LIFETIME));
}
