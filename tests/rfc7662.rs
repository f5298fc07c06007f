//! RFC 7662: token introspection.
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
use grantor::consult::{Issuance, Terms, Verdict};
use grantor::model::{Audience, Claims, ClientId, GrantType, Resource, ResponseType, Scope};
use grantor::record::Client;
use grantor::server::{Config, RefreshPolicy};
use grantor::store::{Commit, Found, Lookup, Outcome, Store};
use grantor::{Answer, Hosted, Policy, Server, Unavailable};
use http::{Request, Response, StatusCode, header};
use serde_json::{Value, json};

/// The world, and a resource server in it.
fn world() -> World {
    let mut world = World::new(RefreshPolicy::Rotate { grace: Duration::ZERO });
    let mut api = Client::confidential(ClientId::parse("api").unwrap(), SECRET);
    api.resource_server = Some(Vec::new());
    world.store = world.store.with_client(api);
    world
}

fn introspect_as(world: &World, store: &dyn Store, client: &str, token: &str) -> Response<Vec<u8>> {
    let request = form(&format!("token={token}&{client}"));
    world.server.introspect(&request, world.moment()).run(store).into_http()
}

fn api() -> String {
    format!("client_id=api&client_secret={SECRET}")
}

fn introspect(world: &World, token: &str) -> Value {
    let response = introspect_as(world, &world.store, &api(), token);
    assert_eq!(response.status(), StatusCode::OK);
    serde_json::from_slice(response.body()).unwrap()
}

fn inactive() -> Value {
    json!({ "active": false })
}

// §2.1 Introspection Request

#[test]
fn the_endpoint_takes_a_post_with_a_token() {
    let world = world();
    let get = Request::get("/introspect").body("").unwrap();
    let response = world.server.introspect(&get, world.moment()).run(&world.store).into_http();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let missing = form(&api());
    let response = world.server.introspect(&missing, world.moment()).run(&world.store).into_http();
    assert!(response.body().starts_with(b"{\"error\":\"invalid_request\""));
}

#[test]
fn a_host_may_read_the_answer_as_a_value() {
    let world = world();
    let (access, _) = world.tokens();
    let ask = |token: &str, secret: &str| {
        let request = form(&format!("token={token}&client_id=api&client_secret={secret}"));
        world.server.introspect(&request, world.moment()).run(&world.store)
    };
    let reply = ask(&access, SECRET);
    assert_eq!(reply.result().unwrap().unwrap().grant.client_id.as_str(), "public");
    assert!(ask("unknown", SECRET).result().unwrap().is_none());
    assert_eq!(ask(&access, "wrong").result().unwrap_err().code(), "invalid_client");
}

/// RFC 7662 §2.1: "it MUST extend its search across all of its supported token types".
#[test]
fn an_unknown_token_type_hint_is_ignored() {
    let world = world();
    let (access, _) = world.tokens();
    for hint in ["access_token", "refresh_token", "nonsense"] {
        assert_eq!(introspect(&world, &format!("{access}&token_type_hint={hint}"))["active"], true, "{hint}");
    }
}

/// RFC 7662 §2.1: "the endpoint MUST also require some form of authorization".
#[test]
fn the_endpoint_requires_authorization() {
    let world = world();
    let (access, _) = world.tokens();
    for client in ["", "client_id=public", "client_id=nobody", "client_id=api&client_secret=wrong", "client_id=api"] {
        let response = introspect_as(&world, &world.store, client, &access);
        // §2.3: "the authorization server responds with an HTTP 401 (Unauthorized)"
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{client}");
        assert!(response.headers().contains_key(header::WWW_AUTHENTICATE), "{client}");
        assert!(response.body().starts_with(b"{\"error\":\"invalid_client\""), "{client}");
    }
}

// §2.2 Introspection Response

#[test]
fn a_resource_server_reads_an_active_access_token() {
    let world = world();
    let (access, _) = world.tokens();
    assert_eq!(
        introspect(&world, &access),
        json!({
            "active": true, "iss": "https://server.example", "client_id": "public", "sub": "alice", "scope": "read write",
            "iat": world.now, "exp": world.now + 600, "token_type": "Bearer",
        })
    );
}

#[test]
fn a_resource_server_reads_nothing_of_other_credentials() {
    let world = world();
    let code = world.code();
    let (_, refresh_token) = world.tokens();
    for token in [code.as_str(), refresh_token.as_str(), "nonsense", &"A".repeat(44)] {
        assert_eq!(introspect(&world, token), inactive(), "{token}");
    }
}

/// What is active opens the resource server's own doors, so it is not shown a refresh token even if that is its own.
#[test]
fn a_resource_server_that_is_a_client_too_reads_its_access_tokens_alone() {
    let mut world = world();
    let [mut public, _] = clients();
    public.resource_server = Some(Vec::new());
    public.authentication = Client::confidential(public.client_id.clone(), SECRET).authentication;
    world.store = world.store.with_client(public);
    let client = format!("&client_id=public&client_secret={SECRET}");
    let code = world.code();
    let (access, refresh_token) = tokens(&world.token(&exchange(&code).replace("&client_id=public", &client)));
    let active = |token: &str| {
        let response = introspect_as(&world, &world.store, client.trim_start_matches('&'), token);
        serde_json::from_slice::<Value>(response.body()).unwrap()["active"] == true
    };
    assert!(active(&access) && !active(&refresh_token));
}

/// RFC 7662 §4: "MUST perform all applicable checks against a token's state".
#[test]
fn an_expired_revoked_or_spent_token_is_inactive() {
    let mut world = world();
    let code = world.code();
    let (access, _) = tokens(&world.token(&exchange(&code)));
    world.now += 599;
    assert_eq!(introspect(&world, &access)["active"], true);
    world.now += 1;
    assert_eq!(introspect(&world, &access), inactive());

    let (access, _) = world.tokens();
    assert_eq!(introspect(&world, &access)["active"], true);
    let code = world.code();
    let (access, _) = tokens(&world.token(&exchange(&code)));
    assert!(world.token(&exchange(&code)).result().is_err());
    assert_eq!(introspect(&world, &access), inactive());
}

#[test]
fn a_client_reads_its_own_tokens_and_no_others() {
    let world = world();
    let client = format!("client_id=confidential&client_secret={SECRET}");
    let reply = world.token(&format!("grant_type=client_credentials&{client}"));
    let own = reply.result().unwrap().access_token.expose().to_owned();
    let (other, _) = world.tokens();
    let read = |token: &str| -> Value {
        serde_json::from_slice(introspect_as(&world, &world.store, &client, token).body()).unwrap()
    };
    assert_eq!(read(&own)["client_id"], "confidential");
    assert_eq!(read(&own).get("sub"), None, "the client acts for itself");
    assert_eq!(read(&other), inactive());
}

#[test]
fn an_answer_that_must_not_be_cached_says_so() {
    let world = world();
    let (access, _) = world.tokens();
    let response = introspect_as(&world, &world.store, &api(), &access);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
}

#[test]
fn a_resource_server_reads_tokens_that_are_for_it() {
    let resources = ["https://photos.example", "https://mail.example"].map(|text| Resource::parse(text).unwrap());
    let [photos, mail] = resources.clone();
    let mut world = world();
    let mut config = world.server.config().clone();
    config.resources = Audience::only(resources).unwrap();
    world.server = Server::new(config).unwrap();
    for (client_id, serves) in [("photos", vec![photos]), ("mail", vec![mail]), ("none", vec![])] {
        let mut client = Client::confidential(ClientId::parse(client_id).unwrap(), SECRET);
        client.resource_server = Some(serves);
        world.store = std::mem::take(&mut world.store).with_client(client);
    }
    let body = format!(
        "grant_type=client_credentials&client_id=confidential&client_secret={SECRET}&resource=https://photos.example"
    );
    let token = world.token(&body).result().unwrap().access_token.expose().to_owned();
    for (client_id, active) in [("photos", true), ("mail", false), ("none", false)] {
        let client = format!("client_id={client_id}&client_secret={SECRET}");
        let response = introspect_as(&world, &world.store, &client, &token);
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(answer["active"], active, "{client_id}");
        if active {
            assert_eq!(answer["aud"], "https://photos.example");
        }
    }
}

/// Adds claims, some of which are grantor's to say.
struct Claiming;

impl Policy for Claiming {
    fn issuance(&self, _: &Issuance) -> Answer<Issuance> {
        let claims =
            [("tenant", json!("acme")), ("active", json!(false)), ("sub", json!("mallory")), ("exp", json!(0))];
        let claims = claims.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        let claims = Claims::new(claims).unwrap();
        Ok(Verdict::Issue(Terms { claims, ..Terms::default() }))
    }
}

#[test]
fn the_hosts_claims_are_shown_but_do_not_speak_for_grantor() {
    let world = world();
    let mut config: Config = world.server.config().clone();
    config.consult_issuance = true;
    let server = Server::new(config).unwrap();
    let host = Hosted { store: &world.store, policy: Claiming };
    let body = format!("grant_type=client_credentials&client_id=confidential&client_secret={SECRET}");
    let reply = server.token(&form(&body), world.moment()).run(&host);
    let answer = introspect(&world, reply.result().unwrap().access_token.expose());
    assert_eq!((&answer["tenant"], &answer["active"]), (&json!("acme"), &json!(true)));
    assert_eq!((answer.get("sub"), &answer["exp"]), (None, &json!(world.now + 600)));
}

// §2.3 Error Response

#[test]
fn failed_basic_authentication_is_401() {
    let world = world();
    let mut request = form("token=x");
    request.headers_mut().insert(header::AUTHORIZATION, "Basic YXBpOndyb25n".parse().unwrap());
    let response = world.server.introspect(&request, world.moment()).run(&world.store).into_http();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));
}

#[test]
fn a_store_that_fails_is_503_and_never_inactive() {
    struct Down;
    impl Store for Down {
        fn lookup(&self, _: &Lookup) -> Result<Found, Unavailable> {
            Err(Unavailable::new("down"))
        }
        fn commit(&self, _: &Commit) -> Result<Outcome, Unavailable> {
            panic!("introspection cannot write")
        }
    }
    let world = world();
    let response = introspect_as(&world, &Down, &api(), "x");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn the_fixture_has_what_these_tests_stand_on() {
    let [public, confidential] = clients();
    assert!(!public.is_confidential() && confidential.is_confidential());
    assert!(public.response_types.contains(&ResponseType::Code) && public.scope == Scope::parse("write read").unwrap());
    assert!(confidential.grant_types.contains(&GrantType::ClientCredentials));
    assert!(confidential.resource_server.is_none(), "a client is not a resource server unless its record says so");
}

// Who asks.

#[path = "common/canned.rs"]
mod canned;

mod client {
    use grantor::client::{Introspection, RequestError, TokenTypeHint};
    use grantor::model::{Scope, Secret};
    use grantor::{Answer, Fetch, Timestamp};
    use serde_json::{Value, json};

    use super::canned::{self, *};

    fn ask(answer: &Answer<Fetch>) -> Result<Option<Introspection>, RequestError> {
        answered(
            confidential_client().introspect(
                &Secret::new("2YotnFZFEjr1zCsicMWpAA"),
                None,
                moment_at(grantor::Timestamp(0)),
            ),
            answer,
        )
    }

    fn said(response: Value) -> Option<Introspection> {
        ask(&canned::json(200, response)).unwrap()
    }

    // §2.1 Introspection Request

    #[test]
    fn the_request_is_that_of_the_rfc() {
        assert_eq!(
            written(&sent(&confidential_client().introspect(
                &Secret::new("2YotnFZFEjr1zCsicMWpAA"),
                None,
                moment_at(grantor::Timestamp(0))
            ))),
            "POST https://server.example/introspect\naccept: application/json\n\
             authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW\ncontent-type: application/x-www-form-urlencoded\n\n\
             token=2YotnFZFEjr1zCsicMWpAA"
        );
    }

    /// "token_type_hint OPTIONAL. A hint about the type of the token submitted for introspection."
    #[test]
    fn a_hint_goes_with_the_token_when_the_client_gives_one() {
        let hints = [(TokenTypeHint::AccessToken, "access_token"), (TokenTypeHint::RefreshToken, "refresh_token")];
        for (hint, text) in hints {
            let request = written(&sent(&confidential_client().introspect(
                &Secret::new("mF_9.B5f-4.1JqM"),
                Some(hint),
                moment_at(grantor::Timestamp(0)),
            )));
            assert!(request.ends_with(&format!("\n\ntoken=mF_9.B5f-4.1JqM&token_type_hint={text}")), "{request}");
        }
    }

    // §2.2 Introspection Response

    #[test]
    fn the_example_of_the_rfc_is_read() {
        let token = said(json!({
            "active": true,
            "client_id": "l238j323ds-23ij4",
            "username": "jdoe",
            "scope": "read write dolphin",
            "sub": "Z5O3upPC88QrAjx00dis",
            "aud": "https://protected.example.net/resource",
            "iss": "https://server.example.com/",
            "exp": 1419356238,
            "iat": 1419350238,
            "extension_field": "twenty-seven"
        }))
        .unwrap();
        assert_eq!(token.client_id.as_deref(), Some("l238j323ds-23ij4"));
        assert_eq!(token.scope, Some(Scope::parse("read write dolphin").unwrap()));
        assert_eq!(token.aud, ["https://protected.example.net/resource"]);
        assert_eq!((token.exp, token.iat, token.nbf), (Some(Timestamp(1419356238)), Some(Timestamp(1419350238)), None));
        assert_eq!(serde_json::to_value(&token.claims).unwrap(), json!({"extension_field": "twenty-seven"}));
    }

    /// "OPTIONAL": all but `active`. And as servers really write them.
    #[test]
    fn every_member_may_be_missing_null_or_loosely_typed() {
        let bare = said(json!({"active": true})).unwrap();
        let names =
            ["scope", "client_id", "username", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss", "jti", "acr"];
        for name in names {
            assert_eq!(said(json!({"active": true, name: null})).unwrap(), bare, "{name}");
        }
        let loose =
            said(json!({"active": true, "exp": "7", "nbf": 1.5, "aud": ["a", "b"], "scope": ["x", "y"]})).unwrap();
        assert_eq!((loose.exp, loose.nbf), (Some(Timestamp(7)), Some(Timestamp(1))));
        assert_eq!(loose.aud, ["a", "b"]);
        assert_eq!(loose.scope, Some(Scope::parse("x y").unwrap()));
    }

    /// "the authorization server MUST return [...] "active" field set to "false"" and should say no more; if it does,
    /// nothing of it counts.
    /// RFC 7662 §2.2: "SHOULD NOT include any additional information about an inactive token".
    #[test]
    fn an_inactive_token_is_none_whatever_else_is_said() {
        assert_eq!(said(json!({"active": false})), None);
        assert_eq!(said(json!({"active": false, "scope": 7, "sub": "jdoe", "exp": "never"})), None);
    }

    /// Nothing but `true` is yes.
    #[test]
    fn nothing_but_true_makes_a_token_active() {
        for active in [json!("true"), json!(1), json!([true]), json!({}), Value::Null] {
            assert!(ask(&canned::json(200, json!({"active": active}))).is_err(), "{active}");
        }
        for body in ["{}", "true", "[true]", r#"{"Active":true}"#, r#"{"active":true,"active":true}"#] {
            assert!(ask(&canned::json(200, body)).is_err(), "{body}");
        }
        assert!(ask(&response(200, "application/token-introspection+jwt", "eyJ.e30.")).is_err());
        assert!(ask(&canned::json(400, json!({"active": true}))).is_err());
    }

    // §2.3 Error Response

    #[test]
    fn a_refusal_is_an_error_and_not_an_inactive_token() {
        let error = ask(&canned::json(401, json!({"error": "invalid_client"}))).unwrap_err();
        assert_eq!(error.code(), Some("invalid_client"));
        let empty = ask(&canned::json(401, "")).unwrap_err();
        assert!(matches!(empty, RequestError::Unusable { status, .. } if status.as_u16() == 401));
    }
}
