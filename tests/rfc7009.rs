//! RFC 7009: token revocation.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "security/fixture.rs"]
mod fixture;

use std::time::Duration;

use fixture::*;
use grantor::Unavailable;
use grantor::server::Event;
use grantor::server::{RefreshPolicy, RevokeReply};
use grantor::store::{Commit, Found, Lookup, MemoryStore, Outcome, Store};
use http::{Request, StatusCode, header};

fn world() -> World {
    World::new(RefreshPolicy::Rotate { grace: Duration::ZERO })
}

fn revoke_as(world: &World, store: &dyn Store, client: &str, token: &str) -> RevokeReply {
    world.server.revoke(&form(&format!("token={token}&{client}")), world.moment()).run(store)
}

fn revoke(world: &World, token: &str) -> RevokeReply {
    revoke_as(world, &world.store, "client_id=public", token)
}

// §2.1 Revocation Request

#[test]
fn an_access_token_is_revoked_and_its_refresh_token_lives_on() {
    let world = world();
    let (access, refresh_token) = world.tokens();
    assert_eq!(revoke(&world, &access).into_http().status(), StatusCode::OK);
    assert!(!is_alive(&world.store, &access));
    assert!(world.token(&refresh(&refresh_token)).result().is_ok());
}

/// RFC 7009 §2.1: "SHOULD also invalidate all access tokens based on the same authorization grant".
#[test]
fn a_refresh_token_takes_its_whole_grant_with_it() {
    let world = world();
    let (access, refresh_token) = world.tokens();
    let (later_access, later_refresh) = tokens(&world.token(&refresh(&refresh_token)));
    let (other, _) = world.tokens();
    assert!(revoke(&world, &later_refresh).result().is_ok());
    for dead in [&access, &later_access, &later_refresh] {
        assert!(!is_alive(&world.store, dead));
    }
    assert!(is_alive(&world.store, &other));
}

#[test]
fn a_refresh_token_that_was_rotated_away_still_names_its_grant() {
    let world = world();
    let (_, refresh_token) = world.tokens();
    let (later, _) = tokens(&world.token(&refresh(&refresh_token)));
    assert!(revoke(&world, &refresh_token).result().is_ok());
    assert!(!is_alive(&world.store, &later));
}

/// RFC 7009 §2.1: "it MUST extend its search across all of its supported token types".
#[test]
fn a_hint_is_never_trusted() {
    let world = world();
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let (access, refresh_token) = world.tokens();
        for token in [access, refresh_token] {
            assert!(revoke(&world, &format!("{token}&token_type_hint={hint}")).result().is_ok());
            assert!(!is_alive(&world.store, &token), "{hint}");
        }
    }
}

#[test]
fn a_token_of_another_client_is_refused_and_lives_on() {
    let world = world();
    let (access, refresh_token) = world.tokens();
    let other = format!("client_id=confidential&client_secret={SECRET}");
    for token in [&access, &refresh_token] {
        let reply = revoke_as(&world, &world.store, &other, token);
        assert!(matches!(reply.event(), Event::RevocationRefused { .. }));
        let response = reply.into_http();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(response.body().starts_with(b"{\"error\":\"invalid_grant\""));
        assert!(is_alive(&world.store, token));
    }
}

#[test]
fn the_client_is_authenticated_first() {
    let world = world();
    let (access, _) = world.tokens();
    for client in ["", "client_id=nobody", "client_id=confidential", "client_id=confidential&client_secret=wrong"] {
        let reply = revoke_as(&world, &world.store, client, &access);
        assert_eq!(reply.result().unwrap_err().code(), "invalid_client", "{client}");
    }
    assert!(is_alive(&world.store, &access));
}

#[test]
fn the_endpoint_takes_a_post_with_a_token() {
    let world = world();
    let get = Request::get("/revoke").body("").unwrap();
    let response = world.server.revoke(&get, world.moment()).run(&world.store).into_http();
    assert_eq!(
        (response.status(), &response.headers()[header::ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
    let missing = form("client_id=public");
    let reply = world.server.revoke(&missing, world.moment()).run(&world.store);
    assert_eq!(reply.result().unwrap_err().code(), "invalid_request");
}

// §2.2 Revocation Response

#[test]
fn an_unknown_token_is_200() {
    let world = world();
    for token in ["nonsense", &"A".repeat(44)] {
        let response = revoke(&world, token).into_http();
        assert_eq!((response.status(), response.body().len()), (StatusCode::OK, 0));
    }
}

#[test]
fn revoking_twice_is_200() {
    let world = world();
    let (access, refresh_token) = world.tokens();
    for token in [&access, &access, &refresh_token, &refresh_token] {
        assert!(revoke(&world, token).result().is_ok());
    }
}

// §2.2.1 Error Response

#[test]
fn an_authorization_code_is_an_unsupported_token_type() {
    let world = world();
    let code = world.code();
    assert_eq!(revoke(&world, &code).result().unwrap_err().code(), "unsupported_token_type");
    assert!(world.token(&exchange(&code)).result().is_ok());
}

#[test]
fn a_store_that_fails_at_any_pause_is_503_and_never_200() {
    struct Down<'a>(&'a MemoryStore, bool);
    impl Store for Down<'_> {
        fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
            if self.1 { Store::lookup(self.0, lookup) } else { Err(Unavailable::new("down").with_retry_after(3)) }
        }
        fn commit(&self, _: &Commit) -> Result<Outcome, Unavailable> {
            Err(Unavailable::new("down").with_retry_after(3))
        }
    }
    for reads in [false, true] {
        let world = world();
        let (access, refresh_token) = world.tokens();
        for token in [&access, &refresh_token] {
            let response = revoke_as(&world, &Down(&world.store, reads), "client_id=public", token).into_http();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], "3");
            assert!(is_alive(&world.store, token));
        }
    }
}

/// Neither change has a precondition, so that a store which refuses it has not revoked anything.
#[test]
fn a_store_that_refuses_the_change_is_503_and_never_200() {
    struct Refusing<'a>(&'a MemoryStore);
    impl Store for Refusing<'_> {
        fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
            Store::lookup(self.0, lookup)
        }
        fn commit(&self, _: &Commit) -> Result<Outcome, Unavailable> {
            Ok(Outcome::Conflict(0))
        }
    }
    let world = world();
    let (access, refresh_token) = world.tokens();
    for token in [&access, &refresh_token] {
        let reply = revoke_as(&world, &Refusing(&world.store), "client_id=public", token);
        assert!(matches!(reply.event(), Event::Unavailable { .. }), "{:?}", reply.event());
        assert_eq!(reply.into_http().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}

// The client.

#[path = "common/canned.rs"]
mod canned;

mod client {
    use grantor::client::{RequestError, TokenTypeHint};
    use grantor::model::Secret;
    use grantor::{Step, Unavailable};

    use super::canned::*;

    fn token() -> Secret<'static> {
        Secret::new("45ghiukldjahdnhzdauz")
    }

    // §2.1 Revocation Request

    #[test]
    fn the_request_is_that_of_the_rfc() {
        assert_eq!(
            written(&sent(&confidential_client().revoke(
                &token(),
                Some(TokenTypeHint::RefreshToken),
                moment_at(grantor::Timestamp(0))
            ))),
            "POST https://server.example/revoke\naccept: application/json\n\
             authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW\ncontent-type: application/x-www-form-urlencoded\n\n\
             token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token"
        );
        for (hint, body) in [
            (None, "token=45ghiukldjahdnhzdauz&client_id=s6BhdRkqt3"),
            (
                Some(TokenTypeHint::AccessToken),
                "token=45ghiukldjahdnhzdauz&token_type_hint=access_token&client_id=s6BhdRkqt3",
            ),
        ] {
            assert_eq!(
                sent(&public_client().revoke(&token(), hint, moment_at(grantor::Timestamp(0)))).body(),
                body.as_bytes()
            );
        }
    }

    // §2.2 Revocation Response

    /// "The content of the response body is ignored by the client as all necessary information is conveyed in the
    /// response code."
    #[test]
    fn the_status_says_it_all() {
        for (media_type, body) in [
            ("text/html", "<p>bye</p>"),
            ("application/json", ""),
            ("application/json", "{\"cut"),
            ("text/plain", "ok"),
        ] {
            for status in [200, 202, 204] {
                assert!(
                    answered(
                        public_client().revoke(&token(), None, moment_at(grantor::Timestamp(0))),
                        &response(status, media_type, body)
                    )
                    .is_ok()
                );
            }
        }
    }

    // §2.2.1 Error Response

    #[test]
    fn an_error_is_an_error_whatever_its_status() {
        for status in [200, 400, 503] {
            let answer = json(status, r#"{"error":"unsupported_token_type"}"#);
            let error = answered(public_client().revoke(&token(), None, moment_at(grantor::Timestamp(0))), &answer)
                .unwrap_err();
            assert_eq!(error.code(), Some("unsupported_token_type"));
        }
    }

    /// "If the server responds with HTTP status code 503, the client must assume the token still exists and may retry
    /// after a reasonable delay. The server may include a "Retry-After" header".
    #[test]
    fn with_503_or_no_response_the_token_may_still_exist() {
        let full = with_header(json(503, ""), "retry-after", "60");
        let error =
            answered(public_client().revoke(&token(), None, moment_at(grantor::Timestamp(0))), &full).unwrap_err();
        assert!(matches!(&error, RequestError::Unusable { status, .. } if status.as_u16() == 503));
        assert_eq!(error.retry_after(), Some(60));
        let lost = answered(
            public_client().revoke(&token(), None, moment_at(grantor::Timestamp(0))),
            &Err(Unavailable::new("reset")),
        );
        assert!(matches!(lost, Err(RequestError::Unavailable(_))));
    }

    #[test]
    fn a_server_without_the_endpoint_is_not_asked() {
        let mut server = metadata();
        server.revocation_endpoint = None;
        let client = public_at(server);
        let Step::Done(reply) = client.revoke(&token(), None, moment_at(grantor::Timestamp(0))) else {
            panic!("something was sent")
        };
        assert!(matches!(reply, Err(RequestError::NoEndpoint("revocation_endpoint"))));
    }
}
