//! RFC 7662, introspection, as a protected resource uses it.
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

use std::cell::Cell;
use std::error::Error as _;
use std::time::Duration;

use common::photos::*;
use common::*;
use grantor::model::{ClientId, Endpoint, Secret};
use grantor::record::Client;
use grantor::resource::Event;
use grantor::resource::{AccessError, Authentication, Cache, CheckReply, Introspector, RequestError, ResourceServer};
use grantor::{Fetch, HttpHost, Timestamp, Unavailable};
use http::Response;
use serde_json::{Value, json};

const TOKEN: &str = "mF_9.B5f-4.1JqM";

fn introspector() -> Introspector {
    let endpoint = Endpoint::parse("https://server.example.com/introspect").unwrap();
    Introspector::new(endpoint, ClientId::parse("api").unwrap(), Authentication::Basic(Secret::new(SECRET)))
}

fn json_response(status: u16, body: &Value) -> Response<Vec<u8>> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(body.to_string().into_bytes()).unwrap()
}

fn ask(photos: &ResourceServer, introspector: &Introspector, now: u64, body: &Value) -> CheckReply {
    let http = |_: &Fetch| Ok::<_, Unavailable>(json_response(200, body));
    photos
        .check_by_introspection(&with_token(TOKEN), &reading(), introspector, at_moment(Timestamp(now)))
        .run(&HttpHost(http))
}

fn active() -> Value {
    json!({ "active": true, "scope": "read", "aud": PHOTOS, "sub": "johndoe", "client_id": "app", "exp": NOW + 100 })
}

fn active_but(name: &str, value: Value) -> Value {
    let mut answer = active();
    answer[name] = value;
    answer
}

// §2.2 Introspection Response

#[test]
fn what_the_server_says_is_checked() {
    for (name, value, code) in [
        ("active", json!(true), "ok"),
        ("active", json!(false), "invalid_token"),
        ("aud", json!(["https://other.example", PHOTOS]), "ok"),
        ("aud", json!(["https://other.example", "HTTPS://API.example.com:443/photos"]), "ok"),
        ("aud", json!("https://api.example.com/photos/"), "invalid_token"),
        ("aud", json!("https://other.example"), "invalid_token"),
        ("aud", Value::Null, "invalid_token"),
        ("scope", json!("write"), "insufficient_scope"),
        ("scope", Value::Null, "insufficient_scope"),
        ("exp", Value::Null, "ok"),
        ("exp", json!(NOW), "invalid_token"),
        ("nbf", json!(NOW), "ok"),
        ("nbf", json!(NOW + 1), "invalid_token"),
        ("token_type", json!("bearer"), "ok"),
        ("token_type", json!("DPoP"), "invalid_token"),
        ("cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }), "invalid_token"),
        ("cnf", Value::Null, "ok"),
        ("exp", json!("soon"), "unavailable"),
        ("active", json!("yes"), "unavailable"),
        ("active", Value::Null, "unavailable"),
    ] {
        let answer = active_but(name, value);
        let reply = ask(&photos(), &introspector(), NOW, &answer);
        assert_eq!(reply.result().map_or_else(|refusal| refusal.error().code(), |_| "ok"), code, "{answer}");
    }
}

/// RFC 8259 §4: "The names within an object SHOULD be unique." Of a member that is not, nobody knows which one counts.
#[test]
fn a_member_that_repeats_lets_no_one_through() {
    for repeated in [r#""active":false"#, r#""scope":"read""#, r#""sub":"mallory""#, r#""exp":9"#, r#""tenant":"acme""#]
    {
        let mut body = active_but("tenant", json!("acme")).to_string();
        body.insert_str(1, &format!("{repeated},"));
        let http = |_: &Fetch| {
            let response = Response::builder().header("content-type", "application/json");
            Ok::<_, Unavailable>(response.body(body.clone().into_bytes()).unwrap())
        };
        let (photos, introspector) = (photos(), introspector());
        let reply = photos
            .check_by_introspection(&with_token(TOKEN), &reading(), &introspector, at_moment(Timestamp(NOW)))
            .run(&HttpHost(http));
        assert_eq!(reply.into_result().unwrap_err().error().code(), "unavailable", "{body}");
    }
}

#[test]
fn access_says_what_the_server_said() {
    let mut answer = active_but("acr", json!("mfa"));
    answer["auth_time"] = json!(NOW - 1);
    answer["tenant"] = json!("acme");
    answer["username"] = json!("John");
    let access = ask(&photos(), &introspector(), NOW, &answer).into_result().unwrap();
    assert_eq!((access.subject(), access.client_id(), access.grant()), (Some("johndoe"), Some("app"), None));
    assert_eq!((access.acr(), access.auth_time()), (Some("mfa"), Some(Timestamp(NOW - 1))));
    assert_eq!((access.claim("tenant"), access.claim("username")), (Some(&json!("acme")), Some(&json!("John"))));
    assert_eq!(access.claim("sub"), None);
}

// §2.3 Error Response

#[test]
fn a_server_that_does_not_answer_is_503_and_lets_no_one_through() {
    let photos = photos();
    for (status, body) in
        [(401, json!({ "error": "invalid_client" })), (500, json!({})), (302, json!({})), (200, json!([]))]
    {
        let http = |_: &Fetch| Ok::<_, Unavailable>(json_response(status, &body));
        let introspector = introspector();
        let reply = photos
            .check_by_introspection(&with_token(TOKEN), &reading(), &introspector, at_moment(Timestamp(NOW)))
            .run(&HttpHost(http));
        let (event, refusal) = (reply.event(), reply.into_result().unwrap_err());
        assert!(matches!(refusal.error(), AccessError::Introspection(_)), "{status}");
        let Event::Unavailable { outage, .. } = event else { panic!("{event:?}") };
        assert_eq!(outage.effect, "fetch");
        assert!(outage.cause.source().unwrap().is::<RequestError>(), "{status}");
        assert_eq!(refusal.www_authenticate(), None);
        assert_eq!(refusal.into_http().status(), 503);
    }
    let down = HttpHost(|_: &Fetch| Err(Unavailable::new("no route").with_retry_after(3)));
    let introspector = introspector();
    let reply = photos
        .check_by_introspection(&with_token(TOKEN), &reading(), &introspector, at_moment(Timestamp(NOW)))
        .run(&down);
    assert!(matches!(reply.event(), Event::Unavailable { outage, .. } if outage.effect == "fetch"));
    let response = reply.into_result().unwrap_err().into_http();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"3".parse().unwrap()));
}

// §4 Security Considerations

#[test]
fn a_cached_answer_lives_until_its_age_or_its_expiry() {
    let fetches = Cell::new(0);
    let photos = photos();
    let check = |introspector: &Introspector, now: u64, answer: &Value| {
        let http = |_: &Fetch| {
            fetches.set(fetches.get() + 1);
            Ok::<_, Unavailable>(json_response(200, answer))
        };
        let requirement = reading();
        let step =
            photos.check_by_introspection(&with_token(TOKEN), &requirement, introspector, at_moment(Timestamp(now)));
        (step.run(&HttpHost(http)).result().is_ok(), fetches.get())
    };
    let cached = introspector().with_cache(Cache::new(10, Duration::from_secs(30)));
    assert_eq!(check(&cached, NOW, &active()), (true, 1));
    assert_eq!(check(&cached, NOW + 29, &active()), (true, 1));
    assert_eq!(check(&cached, NOW + 30, &active()), (true, 2));
    assert_eq!(check(&cached, NOW + 100, &json!({ "active": false })), (false, 3));
    cached.cache().unwrap().clear();
    // "MUST NOT be cached beyond the time indicated therein."
    let brief = active_but("exp", json!(NOW + 10));
    assert_eq!(check(&cached, NOW, &brief), (true, 4));
    assert_eq!(check(&cached, NOW + 10, &json!({ "active": false })), (false, 5));
    // Nothing negative is remembered, and nothing at all without a cache.
    assert_eq!(check(&cached, NOW + 11, &active()), (true, 6));
    assert_eq!(check(&introspector(), NOW, &active()), (true, 7));
    assert_eq!(check(&introspector().with_cache(Cache::new(0, Duration::MAX)), NOW, &active()), (true, 8));
}

#[test]
fn a_cached_answer_costs_neither_a_fetch_nor_an_allocation() {
    let (photos, introspector, request) = (photos(), introspector().with_cache(Cache::default()), with_token(TOKEN));
    assert!(ask(&photos, &introspector, NOW, &active()).result().is_ok());
    assert!(!format!("{introspector:?}").contains(TOKEN));
    let requirement = reading();
    let no_http = HttpHost(|_: &Fetch| panic!("asked again"));
    let info = allocation_counter::measure(|| {
        let reply = photos
            .check_by_introspection(&request, &requirement, &introspector, at_moment(Timestamp(NOW)))
            .run(&no_http);
        assert!(reply.result().is_ok());
    });
    assert_eq!(info.count_total, 0, "{info:?}");
}

#[test]
fn the_cache_is_bounded() {
    let (photos, introspector) = (photos(), introspector().with_cache(Cache::new(2, Duration::from_secs(30))));
    let fetches = Cell::new(0);
    let http = HttpHost(|_: &Fetch| {
        fetches.set(fetches.get() + 1);
        Ok::<_, Unavailable>(json_response(200, &active()))
    });
    for (now, token, expected) in [(0, "a", 1), (1, "b", 2), (2, "c", 3), (3, "b", 3), (3, "c", 3), (3, "a", 4)] {
        let request = with_token(token);
        let reply = photos
            .check_by_introspection(&request, &reading(), &introspector, at_moment(Timestamp(NOW + now)))
            .run(&http);
        assert!(reply.result().is_ok());
        assert_eq!(fetches.get(), expected, "{token} at {now}");
    }
}

/// From end to end: grantor's own introspection endpoint answers grantor's resource server.
#[test]
fn grantors_own_server_is_understood() {
    let mut api = Client::confidential(ClientId::parse("api").unwrap(), SECRET);
    api.resource_server = Some(vec![resource(PHOTOS)]);
    let world = world().with_client(api);
    let (good, other) =
        (owned_token(&world), world.token(client_credentials().set("resource", "https://api.example.com/mail")));
    let http = HttpHost(|fetch: &Fetch| {
        let step = world.server.introspect(fetch.request(), world.moment());
        Ok::<_, Unavailable>(step.run(&world.store).into_http())
    });
    let (photos, introspector) = (photos(), introspector());
    let check = |token: &str| {
        photos
            .check_by_introspection(&with_token(token), &reading(), &introspector, world.moment())
            .run(&http)
            .into_result()
    };
    let remote = check(&good).unwrap();
    let local = world.check(&photos, &with_token(&good), &reading()).into_result().unwrap();
    assert_eq!((remote.subject(), remote.client_id()), (local.subject(), local.client_id()));
    assert_eq!((remote.scope(), remote.expires_at()), (local.scope(), local.expires_at()));
    assert!(remote.audience().eq(local.audience()));
    assert!(matches!(check(&other.access_token()).unwrap_err().error(), AccessError::Unknown));
}
