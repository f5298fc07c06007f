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
use grantor::resource::ResourceServer;
use grantor::resource::{AccessError, Authentication, Cache, CheckReply, Introspector, RequestError, Requirement};
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
        // The server found it active by its own clock.
        ("nbf", json!(NOW + 5), "ok"),
        ("nbf", json!(NOW + 6), "invalid_token"),
        ("iat", json!(NOW + 100), "ok"),
        ("token_type", json!("bearer"), "ok"),
        // Of older servers, which have `refresh_token` beside it.
        ("token_type", json!("access_token"), "ok"),
        ("token_type", json!("refresh_token"), "invalid_token"),
        ("token_type", json!("DPoP"), "invalid_token"),
        ("token_type", json!(""), "invalid_token"),
        ("cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }), "invalid_token"),
        ("cnf", Value::Null, "ok"),
        // What decides has to be readable.
        ("exp", json!("soon"), "unavailable"),
        ("nbf", json!([]), "unavailable"),
        ("aud", json!(7), "unavailable"),
        ("aud", json!([PHOTOS, 7]), "unavailable"),
        ("scope", json!(7), "unavailable"),
        ("token_type", json!(7), "unavailable"),
        ("cnf", json!("bound"), "invalid_token"),
        ("active", json!("yes"), "unavailable"),
        ("active", Value::Null, "unavailable"),
    ] {
        let answer = active_but(name, value);
        let reply = ask(&photos(), &introspector(), NOW, &answer);
        assert_eq!(reply.result().map_or_else(|refusal| refusal.error().code(), |_| "ok"), code, "{answer}");
    }
}

fn code(reply: &CheckReply) -> &'static str {
    reply.result().map_or_else(|refusal| refusal.error().code(), |_| "ok")
}

/// RFC 7519 §4.1.4, §4.1.5: "Implementers MAY provide for some small leeway, usually no more than a few minutes, to
/// account for clock skew." Each side has its own, by name.
#[test]
fn the_leeway_is_what_the_configuration_says() {
    let strict = photos_with(|config| config.nbf_leeway = Duration::ZERO);
    let lenient = photos_with(|config| {
        config.nbf_leeway = Duration::from_secs(60);
        config.exp_leeway = Duration::from_millis(30_900); // whole seconds count
    });
    for (name, time, of_strict, of_lenient) in [
        ("nbf", NOW, "ok", "ok"),
        ("nbf", NOW + 1, "invalid_token", "ok"),
        ("nbf", NOW + 60, "invalid_token", "ok"),
        ("nbf", NOW + 61, "invalid_token", "invalid_token"),
        ("exp", NOW + 1, "ok", "ok"),
        ("exp", NOW, "invalid_token", "ok"),
        ("exp", NOW - 29, "invalid_token", "ok"),
        ("exp", NOW - 30, "invalid_token", "invalid_token"),
        ("exp", 0, "invalid_token", "invalid_token"),
    ] {
        let answer = active_but(name, json!(time));
        assert_eq!(code(&ask(&strict, &introspector(), NOW, &answer)), of_strict, "{answer}");
        assert_eq!(code(&ask(&lenient, &introspector(), NOW, &answer)), of_lenient, "{answer}");
    }
    // RFC 7662 §4: "the response MUST NOT be cached beyond the time indicated therein", whatever the leeway.
    let cached = introspector().with_cache(Cache::new(10, Duration::from_secs(300)));
    assert_eq!(code(&ask(&lenient, &cached, NOW, &active_but("exp", json!(NOW + 10)))), "ok");
    assert_eq!(code(&ask(&lenient, &cached, NOW + 9, &json!({ "active": false }))), "ok");
    assert_eq!(code(&ask(&lenient, &cached, NOW + 10, &json!({ "active": false }))), "invalid_token");
}

/// RFC 9470 §3: a login that is yet to come is no recent one.
#[test]
fn an_authentication_in_the_future_is_not_recent() {
    let (photos, introspector, request) = (photos(), introspector(), with_token(TOKEN));
    let recent = Requirement::any().max_age(Duration::from_secs(60));
    for (auth_time, expected) in [
        (NOW - 61, "insufficient_user_authentication"),
        (NOW - 60, "ok"),
        (NOW, "ok"),
        (NOW + 5, "ok"),
        (NOW + 6, "insufficient_user_authentication"),
        (NOW + 86_400, "insufficient_user_authentication"),
    ] {
        let answer = active_but("auth_time", json!(auth_time));
        let http = HttpHost(|_: &Fetch| Ok::<_, Unavailable>(json_response(200, &answer)));
        let step = photos.check_by_introspection(&request, &recent, &introspector, at_moment(Timestamp(NOW)));
        assert_eq!(code(&step.run(&http)), expected, "{auth_time}");
    }
}

#[test]
fn another_token_type_is_taken_by_name_unless_the_token_is_bound() {
    let known = photos_with(|config| config.other_token_types = vec!["BearerToken".to_owned(), "dpop".to_owned()]);
    for token_type in ["BearerToken", "bearertoken", "DPoP", "Bearer", "access_token"] {
        let mut answer = active_but("token_type", json!(token_type));
        assert_eq!(code(&ask(&known, &introspector(), NOW, &answer)), "ok", "{token_type}");
        answer["cnf"] = json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" });
        assert_eq!(code(&ask(&known, &introspector(), NOW, &answer)), "invalid_token", "{token_type}");
    }
    assert_eq!(code(&ask(&known, &introspector(), NOW, &active_but("token_type", json!("mac")))), "invalid_token");
    assert_eq!(
        code(&ask(&photos(), &introspector(), NOW, &active_but("token_type", json!("BearerToken")))),
        "invalid_token"
    );
}

/// A claim of a type that nobody expected breaks no request on which nothing of it hangs; it is left out, and named.
#[test]
fn r100_a_member_that_nothing_hangs_on_may_be_unreadable() {
    for name in ["sub", "client_id", "username", "jti", "iss", "acr", "iat", "auth_time"] {
        for bad in [json!({}), json!([7]), json!(true), json!("2023-01-01T00:00:00Z"), json!(1.5)] {
            let is_text = bad.is_string() && !matches!(name, "iat" | "auth_time");
            let is_time = bad.is_f64() && matches!(name, "iat" | "auth_time");
            if is_text || is_time {
                continue;
            }
            let answer = active_but(name, bad);
            let reply = ask(&photos(), &introspector(), NOW, &answer);
            let access = reply.into_result().unwrap_or_else(|refusal| panic!("{answer}: {}", refusal.error()));
            assert_eq!(access.unreadable(), [name], "{answer}");
            assert_eq!(access.subject().is_none(), name == "sub");
            assert_eq!((access.claim(name), access.acr(), access.auth_time()), (None, None, None), "{answer}");
        }
    }
    // Some servers know people and clients by numbers.
    let mut answer = active_but("sub", json!(42));
    answer["client_id"] = json!(18_446_744_073_709_551_615_u64);
    answer["username"] = json!(-7);
    let access = ask(&photos(), &introspector(), NOW, &answer).into_result().unwrap();
    assert_eq!((access.subject(), access.client_id()), (Some("42"), Some("18446744073709551615")));
    assert_eq!((access.claim("username"), access.unreadable()), (Some(&json!("-7")), [].as_slice()));
    // RFC 9470 §6.2: what does not say how the resource owner was authenticated does not meet a requirement.
    let reading = Requirement::any().max_age(Duration::from_secs(60));
    let http = HttpHost(|_: &Fetch| Ok::<_, Unavailable>(json_response(200, &active_but("auth_time", json!({})))));
    let (photos, introspector, request) = (photos(), introspector(), with_token(TOKEN));
    let step = photos.check_by_introspection(&request, &reading, &introspector, at_moment(Timestamp(NOW)));
    let refusal = step.run(&http).into_result().unwrap_err();
    assert_eq!(refusal.error().code(), "insufficient_user_authentication");
}

/// `{"active":false}` is said plainly, whatever stands beside it: the client is told to get another token. An error
/// without it may be about our own credentials.
#[test]
fn an_inactive_token_with_an_error_is_inactive() {
    for (status, body, code) in [
        (200, json!({ "active": false, "error": "invalid_token" }), "invalid_token"),
        (200, json!({ "active": false, "error": {}, "sub": 7, "exp": "soon" }), "invalid_token"),
        (201, json!({ "active": false, "error": "invalid_token" }), "invalid_token"),
        (200, json!({ "active": true, "error": "invalid_token", "aud": PHOTOS }), "unavailable"),
        (200, json!({ "active": "false", "error": "invalid_token" }), "unavailable"),
        (200, json!({ "error": "invalid_token" }), "unavailable"),
        (200, json!([false]), "unavailable"),
        (400, json!({ "active": false, "error": "invalid_token" }), "unavailable"),
        (401, json!({ "active": false, "error": "invalid_client" }), "unavailable"),
        (503, json!({ "active": false }), "unavailable"),
    ] {
        let http = HttpHost(|_: &Fetch| Ok::<_, Unavailable>(json_response(status, &body)));
        let (photos, introspector) = (photos(), introspector());
        let reply = photos
            .check_by_introspection(&with_token(TOKEN), &reading(), &introspector, at_moment(Timestamp(NOW)))
            .run(&http);
        assert_eq!(reply.into_result().unwrap_err().error().code(), code, "{status} {body}");
    }
    // A page, or bytes that are no text, say nothing plainly.
    for (media_type, body) in [
        ("text/html", br#"{"active":false,"error":"x"}"#.as_slice()),
        ("application/json", b"{\"active\":false,\"error\":\"\xFF\"}"),
    ] {
        let response = Response::builder().header("content-type", media_type).body(body.to_vec()).unwrap();
        let http = HttpHost(|_: &Fetch| Ok::<_, Unavailable>(response.clone()));
        let (photos, introspector) = (photos(), introspector());
        let reply = photos
            .check_by_introspection(&with_token(TOKEN), &reading(), &introspector, at_moment(Timestamp(NOW)))
            .run(&http);
        assert_eq!(reply.into_result().unwrap_err().error().code(), "unavailable", "{media_type}");
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
    // RFC 9110 §10.2.3: the server may say until when, and the clock of the moment says how long that is.
    let busy = |_: &Fetch| {
        let response = Response::builder().status(503).header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        Ok::<_, Unavailable>(response.body(Vec::new()).unwrap())
    };
    let busy_introspector = introspector();
    let reply = photos
        .check_by_introspection(
            &with_token(TOKEN),
            &reading(),
            &busy_introspector,
            at_moment(Timestamp(784_111_777 - 40)),
        )
        .run(&HttpHost(busy));
    assert_eq!(&reply.into_result().unwrap_err().into_http().headers()["retry-after"], "40");
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

/// RFC 7662 §4: "MUST determine whether or not the token has expired".
#[test]
fn r102_a_cached_answer_lives_until_its_age_or_its_expiry() {
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

/// A clock that steps back makes no entry older than its limit, and nothing that has ended begins again.
#[test]
fn r102_a_cached_answer_does_not_outlive_a_clock_that_steps_back() {
    const DAY: u64 = 86_400;
    let (active, dead) = (&active_but("exp", Value::Null), &json!({ "active": false }));
    let cached = || introspector().with_cache(Cache::new(10, Duration::from_secs(30)));
    let at = |cached: &Introspector, now: u64, answer: &Value| code(&ask(&photos(), cached, now, answer));

    // Remembered a day ahead, revoked, and the clock is set right.
    let cache = cached();
    assert_eq!(at(&cache, NOW + DAY, active), "ok");
    for now in [NOW, NOW + 1, NOW + 3600, NOW + DAY, NOW + DAY + 29] {
        assert_eq!(at(&cache, now, dead), "invalid_token", "{now}");
    }
    // Set back by less than the limit, again and again: the age that was reached counts.
    let cache = cached();
    assert_eq!(at(&cache, NOW, active), "ok");
    for now in [NOW + 20, NOW + 19, NOW + 18, NOW + 29, NOW + 27] {
        assert_eq!(at(&cache, now, dead), "ok", "merely overtaken: {now}");
    }
    assert_eq!(at(&cache, NOW + 26, dead), "invalid_token");
    // What has ended by its age or its `exp` does not begin again for a request that was overtaken.
    let cache = cached();
    assert_eq!(at(&cache, NOW, active), "ok");
    assert_eq!(at(&cache, NOW + 30, dead), "invalid_token");
    assert_eq!(at(&cache, NOW + 29, dead), "invalid_token");
    let cache = cached();
    assert_eq!(at(&cache, NOW, &active_but("exp", json!(NOW + 10))), "ok");
    assert_eq!(at(&cache, NOW + 10, dead), "invalid_token");
    assert_eq!(at(&cache, NOW + 9, dead), "invalid_token");
    // The clock of one request is a day ahead: the others are asked about again, and remembered again.
    let cache = cached();
    assert_eq!(at(&cache, NOW, active), "ok");
    assert_eq!(at(&cache, NOW + DAY, active), "ok");
    assert_eq!(at(&cache, NOW + 1, dead), "invalid_token");
    assert_eq!(at(&cache, NOW + 1, active), "ok");
    assert_eq!(at(&cache, NOW + 30, dead), "ok");
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
