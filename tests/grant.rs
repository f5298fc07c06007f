//! What a grant knows besides its scope: the host's data, how its resource owner was authenticated, and when it ends.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::sync::Mutex;
use std::time::Duration;

use common::*;
use grantor::consult::{Issuance, Terms, Verdict};
use grantor::model::{Acr, Amr, Claims, SessionId};
use grantor::record::CredentialKind;
use grantor::server::Approval;
use grantor::{Answer, Hosted, Policy, Timestamp};
use serde_json::{Map, Value, json};

fn claims(value: Value) -> Claims {
    let Value::Object(members) = value else { panic!("an object") };
    Claims::new(members).unwrap()
}

fn by_alice() -> Approval {
    approval()
        .authenticated_at(Timestamp(NOW - 5))
        .with_acr(Acr::parse("phr").unwrap())
        .with_amr([Amr::parse("otp").unwrap(), Amr::parse("hwk").unwrap()])
        .in_session(SessionId::parse("session 7").unwrap())
        .with_data(claims(json!({ "tenant": "acme" })))
}

/// The host that writes the grant's tenant into each token, and remembers what it was shown.
#[derive(Default)]
struct OfTheTenant(Mutex<Vec<Issuance>>);

impl Policy for &OfTheTenant {
    fn issuance(&self, question: &Issuance) -> Answer<Issuance> {
        self.0.lock().unwrap().push(question.clone());
        let tenant = question.grant.data.get("tenant").cloned().unwrap_or_default();
        Ok(Verdict::Issue(Terms { claims: claims(json!({ "tenant": tenant })), ..Terms::default() }))
    }
}

#[test]
fn r76_the_hosts_data_and_the_authentication_reach_every_issuance_of_the_grant() {
    let mut world = World::new();
    let code = world.decide(world.ask(authorize()), Some(by_alice())).parameter("code").unwrap();
    let policy = OfTheTenant::default();
    let token = |world: &World, form: Params| {
        let host = Hosted { store: world, policy: &policy };
        Reply::of(world.server.token(&post(form), world.moment()).run(&host).into_http())
    };
    let (first, refresh_token) = token(&world, exchange(&code)).tokens();
    world.now += 100;
    let (second, _) = token(&world, refresh(&refresh_token)).tokens();
    for access_token in [first, second] {
        let CredentialKind::AccessToken(token) = &world.presented(&access_token).credential.kind else { panic!() };
        assert_eq!(token.claims["tenant"], "acme");
    }
    let asked = policy.0.into_inner().unwrap();
    assert_eq!(asked.len(), 2);
    for question in &asked {
        let grant = &question.grant;
        assert_eq!((grant.issued_at, grant.subject.as_ref()), (Timestamp(NOW), Some(&subject())));
        let authentication = &grant.authentication;
        assert_eq!(authentication.auth_time, Some(Timestamp(NOW - 5)));
        assert_eq!(authentication.acr.as_ref().map(Acr::as_str), Some("phr"));
        assert_eq!(authentication.amr.iter().map(Amr::as_str).collect::<Vec<_>>(), ["otp", "hwk"]);
        assert_eq!(authentication.sid.as_ref().map(SessionId::as_str), Some("session 7"));
    }
    assert_eq!(asked[0].grant.id, asked[1].grant.id);
}

#[test]
fn an_implicit_grant_knows_as_much() {
    let world = World::new().with_everything();
    let reply = world.decide(world.ask(implicit()), Some(by_alice()));
    let grant = world.presented(&reply.parameter("access_token").unwrap()).grant;
    assert_eq!((grant.data["tenant"].as_str(), grant.authentication.amr.len()), (Some("acme"), 2));
}

#[test]
fn r76_data_that_is_too_large_or_too_deep_is_no_data() {
    let deep = (0..128).fold(json!(1), |inner, _| json!({ "a": inner }));
    for value in [deep, json!("x".repeat(Claims::MAX_LEN))] {
        // Nor by the way of JSON.
        assert!(serde_json::from_value::<Claims>(json!({ "a": value })).is_err());
        assert!(Claims::new(Map::from_iter([("a".to_owned(), value)])).is_err());
    }
}

// A grant ends: draft-ietf-oauth-refresh-token-expiration-02.

const DAY: u64 = 24 * 60 * 60;

fn lasting(lifetime: u64) -> World {
    World::new().with(|config| config.grant_lifetime = Some(Duration::from_secs(lifetime)))
}

fn member(reply: &Reply, name: &str) -> Option<u64> {
    reply.member(name).map(|text| text.parse().unwrap())
}

#[test]
fn r75_refreshing_does_not_move_the_end_of_a_grant() {
    let mut world = lasting(20 * DAY);
    let code = world.code(authorize());
    let mut reply = world.token(exchange(&code));
    let seconds = |reply: &Reply| {
        ["authorization_expires_in", "refresh_token_expires_in", "expires_in"].map(|name| member(reply, name).unwrap())
    };
    assert_eq!(seconds(&reply), [20 * DAY, 14 * DAY, 600]);
    world.now += 10 * DAY;
    reply = world.token(refresh(&reply.tokens().1));
    assert_eq!(seconds(&reply), [10 * DAY, 10 * DAY, 600]);
    // The last tokens end with the grant.
    world.now += 10 * DAY - 60;
    reply = world.token(refresh(&reply.tokens().1));
    assert_eq!(seconds(&reply), [60, 60, 60]);
    let (access_token, refresh_token) = reply.tokens();
    world.now += 59;
    assert!(world.is_alive(&access_token));
    assert_eq!(member(&world.token(refresh(&refresh_token)), "expires_in"), Some(1));
    world.now += 1;
    assert!(!world.is_alive(&access_token));
    assert_eq!(world.token(refresh(&refresh_token)).error(), "invalid_grant");
}

#[test]
fn r75_without_an_end_nothing_is_told_of_one() {
    let world = World::new();
    let reply = world.token(exchange(&world.code(authorize())));
    let told = ["authorization_expires_in", "refresh_token_expires_in"].map(|name| member(&reply, name));
    assert_eq!((reply.status(), told), (200, [None, None]));
    // Nor of a refresh token that there is not.
    let reply = lasting(DAY).token(client_credentials());
    assert_eq!(member(&reply, "authorization_expires_in"), Some(DAY));
    assert_eq!(member(&reply, "refresh_token_expires_in"), None);
}

/// The shorter of the server's and the client's counts.
#[test]
fn a_client_may_have_less() {
    for (server, client, expected) in [(None, Some(60), 60), (Some(90), Some(60), 60), (Some(30), Some(60), 30)] {
        let web = confidential("web", SECRET).with(|it| it.grant_lifetime = client);
        let world =
            World::new().with(|config| config.grant_lifetime = server.map(Duration::from_secs)).with_client(web);
        let reply = world.token(client_credentials());
        assert_eq!(member(&reply, "authorization_expires_in"), Some(expected));
        assert_eq!(member(&reply, "expires_in"), Some(expected));
    }
}

/// The host narrows what is left, not what there would be.
#[test]
fn r75_a_code_ends_with_its_grant() {
    let mut world = lasting(30);
    let code = world.code(authorize());
    assert_eq!(world.presented(&code).credential.expires_at, Timestamp(NOW + 30));
    world.now += 30;
    assert_eq!(world.token(exchange(&code)).error(), "invalid_grant");
}
