//! RFC 6750, bearer tokens, at the protected resource, in the order of its sections; and r67 to r70 of
//! docs/requirements.md.
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

use common::photos::*;
use common::*;
use grantor::client::Authentication;
use grantor::model::{ClientId, Endpoint, Scope, Secret};
use grantor::resource::Event;
use grantor::resource::{AccessError, Introspector, Requirement};
use grantor::store::{Commit, Found, Lookup, MemoryStore, Outcome, Store};
use grantor::{Step, Timestamp, Unavailable};
use http::{Request, StatusCode, header};

// §2 Authenticated Requests

/// "Clients MUST NOT use more than one method to transmit the token in each request."
#[test]
fn a_token_comes_one_way_only() {
    let world = world();
    let token = token(&world, "read");
    let photos = photos_with(|config| (config.token_in_body, config.token_in_query) = (true, true));
    let header = format!("Bearer {token}");
    let body = format!("access_token={token}");
    let query = format!("/photos?access_token={token}");
    for (header, body, query, verdict) in [
        (Some(&header), "", "/photos", "ok"),
        (None, body.as_str(), "/photos", "ok"),
        (None, "", query.as_str(), "ok"),
        (Some(&header), &body, "/photos", "invalid_request"),
        (Some(&header), "", &query, "invalid_request"),
        (None, &body, &query, "invalid_request"),
        (None, "", "/photos", "no_token"),
    ] {
        let mut request = Request::post(query).header(header::CONTENT_TYPE, FORM).body(body.to_owned()).unwrap();
        if let Some(header) = header {
            request.headers_mut().insert(header::AUTHORIZATION, header.parse().unwrap());
        }
        assert_eq!(world.verdict(&photos, &request), verdict, "{request:?}");
    }
}

// §2.1 Authorization Request Header Field

/// RFC 6750 §2.1: "Resource servers MUST support this method".
#[test]
fn the_scheme_is_read_in_any_case_and_the_token_is_a_b64token() {
    let world = world();
    let token = token(&world, "read");
    for (header, verdict) in [
        (format!("Bearer {token}"), "ok"),
        (format!("bearer {token}"), "ok"),
        (format!("BEARER  {token}"), "ok"),
        ("Bearer mF_9.B5f-4.1JqM".to_owned(), "invalid_token"),
        ("Bearer a+/~==".to_owned(), "invalid_token"),
        ("Bearer".to_owned(), "invalid_request"),
        ("Bearer ".to_owned(), "invalid_request"),
        ("Bearer ==".to_owned(), "invalid_request"),
        (format!("Bearer {token},"), "invalid_request"),
        (format!("Bearer {token} {token}"), "invalid_request"),
        (format!("Bearer \"{token}\""), "invalid_request"),
        (format!("Bearer={token}"), "no_token"),
        (format!("Basic {token}"), "no_token"),
        (token.clone(), "no_token"),
    ] {
        assert_eq!(world.verdict(&photos(), &with_header(&header)), verdict, "{header}");
    }
}

#[test]
fn a_header_that_is_not_text_or_comes_twice_is_invalid() {
    let world = world();
    let mut request = bare();
    request.headers_mut().insert(header::AUTHORIZATION, http::HeaderValue::from_bytes(b"Bearer \xFFabc").unwrap());
    assert_eq!(world.verdict(&photos(), &request), "invalid_request");
    let mut request = with_token(&token(&world, "read"));
    request.headers_mut().append(header::AUTHORIZATION, "Basic YTpi".parse().unwrap());
    assert_eq!(world.verdict(&photos(), &request), "invalid_request");
}

#[test]
fn a_request_whose_body_is_still_on_its_way_is_checked_by_its_head() {
    let world = world();
    let (head, _) = with_token(&token(&world, "read")).into_parts();
    assert!(photos().check(&head, &reading(), Timestamp(world.now)).run(&world).result().is_ok());
}

// §2.2 Form-Encoded Body Parameter

/// RFC 6750 §2.2: "the "GET" method MUST NOT be used".
/// RFC 6750 §2.2: "MUST consist entirely of ASCII".
#[test]
fn a_token_in_the_body_counts_only_under_all_conditions() {
    let world = world();
    let token = token(&world, "read");
    let photos = photos_with(|config| config.token_in_body = true);
    let body = format!("a=b&access_token={token}");
    for (method, content_type, body, verdict) in [
        ("POST", FORM, body.clone(), "ok"),
        ("PUT", "Application/X-WWW-Form-URLencoded; charset=utf-8", body.clone(), "ok"),
        ("PATCH", FORM, body.clone(), "ok"),
        ("GET", FORM, body.clone(), "no_token"),
        ("DELETE", FORM, body.clone(), "no_token"),
        ("POST", "multipart/form-data; boundary=x", body.clone(), "no_token"),
        ("POST", "text/plain", body.clone(), "no_token"),
        ("POST", FORM, format!("{body}&name=é"), "no_token"),
        ("POST", FORM, format!("{body}&{body}"), "invalid_request"),
        ("POST", FORM, format!("access_token=&{body}"), "invalid_request"),
        ("POST", FORM, "access_token=%01".to_owned(), "invalid_request"),
        ("POST", FORM, "access_token=%FF".to_owned(), "invalid_request"),
        ("POST", FORM, format!("{body}&x={}", "y".repeat(grantor::MAX_FORM_LEN)), "invalid_request"),
        ("POST", FORM, "access_token=".to_owned(), "no_token"),
        ("POST", FORM, "access_token=something".to_owned(), "invalid_token"),
    ] {
        let case = format!("{method} {content_type} {}", body.chars().take(80).collect::<String>());
        let request = Request::builder().method(method).header(header::CONTENT_TYPE, content_type).body(body).unwrap();
        assert_eq!(world.verdict(&photos, &request), verdict, "{case}");
    }
}

/// A large upload, in a form, is not looked at where the header has the token.
#[test]
fn what_is_too_long_to_be_read_is_the_applications_if_the_header_has_the_token() {
    let world = world();
    let token = token(&world, "read");
    let photos = photos_with(|config| (config.token_in_body, config.token_in_query) = (true, true));
    let long = "y".repeat(grantor::MAX_FORM_LEN);
    for (path, body, verdict) in [
        ("/photos".to_owned(), format!("x={long}"), "ok"),
        ("/photos".to_owned(), format!("access_token={token}"), "invalid_request"),
    ] {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, FORM).body(body).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        assert_eq!(world.verdict(&photos, &request), verdict);
        request.headers_mut().remove(header::AUTHORIZATION);
        // Without it, the token may be in what is too long.
        assert_eq!(world.verdict(&photos, &request), if verdict == "ok" { "invalid_request" } else { "ok" });
    }
}

// §2.3 URI Query Parameter

/// "Server success (2XX status) responses to these requests SHOULD contain a Cache-Control header with the "private"
/// option." What is too long to be asked about is no token, wherever it stands: it must not look like an outage.
#[test]
fn a_token_that_is_too_long_is_not_known() {
    let photos = photos_with(|config| config.token_in_query = true);
    let endpoint = Endpoint::parse("https://server.example.com/introspect").unwrap();
    let authentication = Authentication::Basic(Secret::new(SECRET));
    let introspector = Introspector::new(endpoint, ClientId::parse("api").unwrap(), authentication);
    for (length, is_asked) in [(16 * 1024, true), (16 * 1024 + 1, false)] {
        let token = "+".repeat(length);
        let in_query =
            Request::get(format!("/photos?access_token={}", "%2B".repeat(length))).body(String::new()).unwrap();
        for request in [with_token(&token), in_query] {
            match photos.check_by_introspection(&request, &reading(), &introspector, at_moment(Timestamp(NOW))) {
                Step::Fetch(_) => assert!(is_asked, "{length}"),
                Step::Done(reply) => {
                    assert!(!is_asked, "{length}");
                    assert!(matches!(reply.result().unwrap_err().error(), AccessError::Unknown));
                }
            }
        }
    }
}

#[test]
fn a_response_to_a_token_in_the_query_is_private() {
    let world = world();
    let token = token(&world, "read");
    let photos = photos_with(|config| config.token_in_query = true);
    let request = Request::get(format!("/photos?access_token={token}&p=q")).body(String::new()).unwrap();
    let access = world.check(&photos, &request, &reading()).into_result().unwrap();
    assert_eq!(access.cache_control().unwrap(), "private");
    let access = world.check(&photos, &with_token(&token), &reading()).into_result().unwrap();
    assert_eq!(access.cache_control(), None);
}

/// RFC 6750 §2.2: "SHOULD NOT be used except in application contexts".
#[test]
fn r67_the_header_is_taken_and_a_token_in_query_or_body_is_ignored() {
    let world = world();
    let token = token(&world, "read");
    let uri = format!("/photos?access_token={token}");
    let body = format!("access_token={token}");
    let mut request = Request::post(uri).header(header::CONTENT_TYPE, FORM).body(body).unwrap();
    assert_eq!(world.verdict(&photos(), &request), "no_token");
    request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    assert_eq!(world.verdict(&photos(), &request), "ok");
}

// §3 The WWW-Authenticate Response Header Field

/// RFC 6750 §3: "MUST be followed by one or more auth-param values".
/// RFC 6750 §3.1: "SHOULD NOT include an error code or other error information".
/// RFC 6750 §3: "MUST include the HTTP "WWW-Authenticate" response header field".
#[test]
fn r69_a_request_without_credentials_is_401_with_a_challenge_and_no_error_code() {
    let world = world();
    for request in [bare(), with_header("Basic YTpi")] {
        let response = world.refused(&photos(), &request, &reading());
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let expected = format!("Bearer realm=\"{PHOTOS}\", scope=\"read\", resource_metadata=\"{METADATA}\"");
        assert_eq!(challenge(&response), expected);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    }
}

/// RFC 6750 §3: "MUST use the auth-scheme value "Bearer"".
#[test]
fn the_challenges_are_like_the_examples() {
    let mut world = world();
    let photos = photos_with(|config| {
        config.realm = "example".to_owned();
        config.resource_metadata = None;
    });
    let response = world.refused(&photos, &bare(), &Requirement::any());
    assert_eq!(challenge(&response), "Bearer realm=\"example\"");
    let token = token(&world, "read");
    world.now += 600;
    let response = world.refused(&photos, &with_token(&token), &Requirement::any());
    assert_eq!(
        challenge(&response),
        "Bearer realm=\"example\", error=\"invalid_token\", error_description=\"the access token expired\""
    );
}

/// Whatever the host writes into the realm, it stays within its quotes and within the header.
#[test]
fn no_text_breaks_out_of_a_challenge() {
    let world = world();
    for (realm, quoted) in [
        ("a\"b", r#"a\"b"#),
        ("a\\", r"a\\"),
        ("a\", error=\"x", r#"a\", error=\"x"#),
        ("a\r\nSet-Cookie: b=c", "aSet-Cookie: b=c"),
        ("münchen\u{7f}\0", "mnchen"),
        ("", ""),
    ] {
        let photos = photos_with(|config| {
            config.realm = realm.to_owned();
            config.resource_metadata = None;
        });
        let response = world.refused(&photos, &bare(), &Requirement::any());
        assert_eq!(challenge(&response), format!("Bearer realm=\"{quoted}\""));
        assert_eq!(response.headers().get_all(header::WWW_AUTHENTICATE).iter().count(), 1);
    }
}

/// "Values for the "error" and "error_description" attributes MUST NOT include characters outside the set %x20-21 /
/// %x23-5B / %x5D-7E."
#[test]
fn descriptions_are_of_their_characters() {
    let world = world();
    let photos = photos_with(|config| config.token_in_query = true);
    let query = |text: &str| Request::get(format!("/photos?{text}")).body(String::new()).unwrap();
    for request in [
        with_header("Bearer \""),
        with_token("unknown"),
        with_token(&token(&world, "write")),
        query("access_token=a&access_token=b"),
        query("access_token=%FF"),
    ] {
        let response = world.refused(&photos, &request, &reading());
        let description =
            challenge(&response).split("error_description=\"").nth(1).unwrap().split("\", ").next().unwrap();
        assert!(!description.is_empty() && !description.contains(['"', '\\']), "{description}");
        assert!(description.bytes().all(|byte| matches!(byte, 0x20..=0x7E)), "{description}");
    }
}

// §3.1 Error Codes

#[test]
fn r70_each_error_has_its_status() {
    let mut world = world();
    let (reader, writer) = (token(&world, "read"), token(&world, "write"));
    for (request, status, error) in [
        (with_header("Bearer"), 400, "error=\"invalid_request\""),
        (with_token("unknown"), 401, "error=\"invalid_token\""),
        (with_token(&writer), 403, "error=\"insufficient_scope\""),
    ] {
        let response = world.refused(&photos(), &request, &reading());
        assert_eq!(response.status().as_u16(), status);
        assert!(challenge(&response).contains(error), "{response:?}");
        // "MAY include the "scope" attribute with the scope necessary to access the protected resource."
        assert_eq!(challenge(&response).contains("scope=\"read\""), status != 400);
    }
    world.now += 600;
    assert_eq!(world.refused(&photos(), &with_token(&reader), &reading()).status(), 401);
}

/// "The access token provided is expired, revoked, malformed, or invalid for other reasons."
/// RFC 9700 §2.3: "the resource server MUST refuse to serve the respective request".
/// RFC 6749 §7: "MUST validate the access token and ensure that it has not expired".
#[test]
fn r68_expiry_scope_and_audience_are_checked_on_every_request() {
    let mut world = world();
    let photos = photos();
    let both = Requirement::scope(Scope::parse("write read").unwrap());
    let good = token(&world, "read write");
    let reader = token(&world, "read");
    let mail = client_credentials().set("resource", "https://api.example.com/mail");
    let mail = world.token(mail).access_token();
    for (token, requirement, code) in [
        (&good, &both, "ok"),
        (&good, &Requirement::any(), "ok"),
        (&reader, &reading(), "ok"),
        (&reader, &both, "insufficient_scope"),
        (&mail, &reading(), "invalid_token"),
    ] {
        let reply = world.check(&photos, &with_token(token), requirement);
        assert_eq!(reply.result().map_or_else(|refusal| refusal.error().code(), |_| "ok"), code);
    }
    assert!(matches!(world.error(&photos, &mail), AccessError::Audience));
    world.now += 599;
    assert_eq!(world.verdict(&photos, &with_token(&good)), "ok");
    world.now += 1;
    assert!(matches!(world.error(&photos, &good), AccessError::Expired));
}

#[test]
fn a_token_of_several_audiences_is_good_at_each() {
    let world = world();
    let token = world.token(client_credentials()).access_token();
    assert_eq!(world.presented(&token).credential.audience.resources().len(), 2);
    assert_eq!(world.verdict(&photos(), &with_token(&token)), "ok");
    let other = grantor::ResourceServer::new(resource("https://api.example.com/other"));
    assert!(matches!(world.error(&other, &token), AccessError::Audience));
    let renamed = photos_with(|config| {
        config.resource = resource("https://api.example.com/albums");
        config.other_audiences = vec![PHOTOS.to_owned()];
    });
    assert_eq!(world.verdict(&renamed, &with_token(&token)), "ok");
}

/// RFC 3986 §6.2.3, wherever a resource is compared: the authorization server and the resource server may write it
/// differently.
#[test]
fn a_token_is_good_at_its_resource_however_that_is_written() {
    for issued_for in ["https://api.example.com", "https://api.example.com/", "https://API.example.com:443"] {
        let world = World::new().with(|config| config.resources = only(&[issued_for]));
        let token = world.token(client_credentials()).access_token();
        for (name, is_it) in [
            ("https://api.example.com", true),
            ("https://api.example.com/", true),
            ("HTTPS://api.Example.com", true),
            ("https://api.example.com/photos", false),
            ("https://api.example.com//", false),
        ] {
            let verdict = if is_it { "ok" } else { "invalid_token" };
            let server = grantor::ResourceServer::new(resource(name));
            assert_eq!(world.verdict(&server, &with_token(&token)), verdict, "{issued_for} at {name}");
            let renamed = photos_with(|config| config.other_audiences = vec!["x".to_owned(), name.to_owned()]);
            assert_eq!(world.verdict(&renamed, &with_token(&token)), verdict, "{issued_for} at {name}");
        }
    }
}

#[test]
fn an_unrestricted_token_is_refused_unless_the_configuration_takes_it() {
    let world = World::new();
    let token = world.token(client_credentials()).access_token();
    assert!(world.presented(&token).credential.audience.is_any());
    assert!(matches!(world.error(&photos(), &token), AccessError::Audience));
    let photos = photos_with(|config| config.accept_unrestricted = true);
    assert_eq!(world.verdict(&photos, &with_token(&token)), "ok");
}

#[test]
fn a_code_or_a_refresh_token_is_no_access_token() {
    let world = world();
    let code = world.code(authorize().set("resource", PHOTOS));
    assert!(matches!(world.error(&photos(), &code), AccessError::Unknown));
    let (access, refresh_token) = world.token(exchange(&code)).tokens();
    assert!(matches!(world.error(&photos(), &refresh_token), AccessError::Unknown));
    assert_eq!(world.verdict(&photos(), &with_token(&access)), "ok");
    // A replay of the code revokes the grant.
    assert_eq!(world.token(exchange(&code)).error(), "invalid_grant");
    assert!(matches!(world.error(&photos(), &access), AccessError::Revoked));
}

// What a token stands for

#[test]
fn access_says_what_the_token_stands_for() {
    let world = world();
    let token = owned_token(&world);
    let reply = world.check(&photos(), &with_token(&token), &reading());
    let access = reply.result().unwrap();
    assert_eq!((access.subject(), access.client_id()), (Some("johndoe"), Some("app")));
    assert_eq!(access.scope(), &Scope::parse("read write").unwrap());
    assert_eq!(access.expires_at(), Some(Timestamp(NOW + 600)));
    assert_eq!(access.audience().collect::<Vec<_>>(), [PHOTOS]);
    assert_eq!((access.acr(), access.auth_time(), access.claim("sub")), (None, None, None));
    assert_eq!(access.grant(), Some(world.presented(&token).grant.id));
    let Event::Accessed { client_id, subject: who, .. } = reply.event() else { panic!("{:?}", reply.event()) };
    assert_eq!((client_id.unwrap().as_str(), who), ("app", Some(subject())));
}

#[test]
fn no_secret_is_in_an_event_or_a_reply() {
    let world = world();
    let (good, bad) = (token(&world, "read"), token(&world, "write"));
    for token in [good, bad, "an-unknown-token".to_owned()] {
        let reply = world.check(&photos(), &with_token(&token), &reading());
        let printed = format!("{reply:?} {:?}", reply.event());
        assert!(!printed.contains(&token), "{printed}");
    }
}

// The store

/// Counts what it is asked.
struct Counted<'a> {
    store: &'a MemoryStore,
    lookups: Cell<usize>,
}

impl Store for Counted<'_> {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        assert_eq!((lookup.client(), lookup.credentials().len()), (None, 1));
        self.lookups.set(self.lookups.get() + 1);
        Store::lookup(self.store, lookup)
    }
    fn commit(&self, _: &Commit) -> Result<Outcome, Unavailable> {
        panic!("a resource server cannot write")
    }
}

#[test]
fn a_check_is_one_lookup_and_none_if_the_token_cannot_be_ours() {
    let world = world();
    let token = token(&world, "read");
    let unknown = grantor::model::Key::TOKEN_LEN;
    for (request, lookups) in [
        (with_token(&token), 1),
        (with_token(&"A".repeat(unknown)), 1),
        (with_token("mF_9.B5f-4.1JqM"), 0),
        (with_token(&"A".repeat(unknown + 1)), 0),
        (with_header("Bearer"), 0),
        (bare(), 0),
    ] {
        let store = Counted { store: &world.store, lookups: Cell::new(0) };
        let _ = photos().check(&request, &reading(), Timestamp(world.now)).run(&store);
        assert_eq!(store.lookups.get(), lookups, "{request:?}");
    }
}

#[test]
fn an_outage_is_503_without_a_challenge_and_lets_no_one_through() {
    let world = world();
    let token = token(&world, "read");
    for (retry_after, header) in [(None, None), (Some(7), Some("7"))] {
        let down = World::new().with_outage(At::Lookup, retry_after);
        let reply = down.check(&photos(), &with_token(&token), &reading());
        assert!(matches!(reply.event(), Event::Unavailable { outage, .. } if outage.effect == "lookup"));
        let response = reply.into_result().unwrap_err().into_http();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(header::WWW_AUTHENTICATE), None);
        let retry_after = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap());
        assert_eq!(retry_after, header);
        assert!(response.body().is_empty(), "nothing of the cause goes out");
    }
}

#[test]
fn a_good_token_is_checked_without_an_allocation() {
    let world = world();
    let token = owned_token(&world);
    let (photos, request, requirement) = (photos(), with_token(&token), reading());
    let mut served = false;
    let info = allocation_counter::measure(|| {
        let reply = photos.check(&request, &requirement, Timestamp(NOW)).run(&world.store);
        served = reply.result().is_ok();
    });
    assert!(served);
    assert_eq!(info.count_total, 0, "{info:?}");
}
