//! RFC 6750, bearer tokens, where it touches the authorization server, in the order of its sections.
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

use common::*;

// §2.1 Authorization Request Header Field: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`

/// RFC 6749 §4.2.2: "SHOULD document the size of any value it issues".
#[test]
fn an_access_token_can_be_sent_in_the_header_as_it_is() {
    let world = World::new().with_everything();
    for token in [
        world.tokens().0,
        world.token(client_credentials()).access_token(),
        world.approve(implicit()).parameter("access_token").unwrap(),
    ] {
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)), "{token}");
        assert_eq!(token.len(), grantor::model::Key::TOKEN_LEN);
    }
}

// §4 Example Access Token Response

#[test]
fn the_token_type_is_bearer() {
    let world = World::new().with_everything();
    let reply = world.token(exchange(&world.code(authorize())));
    let (_, refresh_token) = reply.tokens();
    for reply in
        [reply, world.token(refresh(&refresh_token)), world.token(client_credentials()), world.token(password())]
    {
        assert_eq!(reply.member("token_type").as_deref(), Some("Bearer"));
    }
    assert_eq!(world.approve(implicit()).parameter("token_type").as_deref(), Some("Bearer"));
}

/// Its members stand in the order of the RFC's example; the headers are those of its example.
#[test]
fn the_response_is_like_the_example() {
    let world = World::new().with(|config| config.token.access_token_lifetime = std::time::Duration::from_secs(3600));
    let reply = world.token(exchange(&world.code(authorize())));
    let (access_token, refresh_token) = reply.tokens();
    let start = format!("{{\"access_token\":\"{access_token}\",\"token_type\":\"Bearer\",\"expires_in\":3600,");
    assert!(reply.body().starts_with(&format!("{start}\"refresh_token\":\"{refresh_token}\"")));
    let headers = [("cache-control", "no-store"), ("content-type", "application/json"), ("pragma", "no-cache")];
    assert_eq!(reply.headers(), headers);
}

// §5.3 Summary of Recommendations

/// "Token servers SHOULD issue short-lived (one hour or less) bearer tokens".
#[test]
fn access_tokens_live_an_hour_or_less() {
    let reply = World::new().token(client_credentials());
    assert!(reply.member("expires_in").unwrap().parse::<u64>().unwrap() <= 3600);
}

/// "Bearer tokens SHOULD NOT be passed in page URLs (for example, as query string parameters)."
#[test]
fn no_access_token_stands_in_a_query() {
    let world = World::new().with_everything();
    for reply in [world.approve(authorize()), world.approve(implicit())] {
        let query = reply.location().split('#').next().unwrap();
        assert!(!query.contains("access_token"));
    }
    // And a code, which does, is none: it opens nothing at a resource server, and has no `Referer` to leak by.
    assert_eq!(world.approve(authorize()).header("referrer-policy"), Some("no-referrer"));
}
