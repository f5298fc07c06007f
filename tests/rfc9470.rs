//! RFC 9470, step-up authentication, from the challenge to a token that meets it.
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

use std::time::Duration;

use common::photos::*;
use common::*;
use grantor::Timestamp;
use grantor::model::Acr;
use grantor::resource::Requirement;

fn acr(text: &str) -> Acr {
    Acr::parse(text).unwrap()
}

fn strong() -> Requirement {
    reading().acr_values([acr("hwk"), acr("mfa")]).max_age(Duration::from_secs(60))
}

/// A token of a resource owner who was authenticated so.
fn token_of(world: &World, auth_time: Option<u64>, by: Option<&str>) -> String {
    let mut approval = approval();
    if let Some(auth_time) = auth_time {
        approval = approval.authenticated_at(Timestamp(auth_time));
    }
    if let Some(by) = by {
        approval = approval.with_acr(acr(by));
    }
    let reply = world.decide(world.ask(authorize().set("resource", PHOTOS)), Some(approval));
    world.token(exchange(&reply.parameter("code").unwrap())).access_token()
}

// §3 Authentication Requirements Challenge

#[test]
fn a_weak_or_old_authentication_is_challenged() {
    let world = world();
    for (auth_time, by, is_good) in [
        (Some(NOW), Some("mfa"), true),
        (Some(NOW - 60), Some("hwk"), true),
        (Some(NOW - 61), Some("hwk"), false),
        (Some(NOW), Some("pwd"), false),
        (Some(NOW), None, false),
        (None, Some("mfa"), false),
        (None, None, false),
    ] {
        let token = token_of(&world, auth_time, by);
        let reply = world.check(&photos(), &with_token(&token), &strong());
        assert_eq!(reply.result().is_ok(), is_good, "{auth_time:?} {by:?}");
        if let Err(refusal) = reply.into_result() {
            let response = refusal.into_http();
            assert_eq!(response.status(), 401);
            assert_eq!(
                challenge(&response),
                format!(
                    "Bearer realm=\"{PHOTOS}\", error=\"insufficient_user_authentication\", \
                     error_description=\"a different or more recent authentication is required\", \
                     acr_values=\"hwk mfa\", max_age=\"60\", resource_metadata=\"{METADATA}\""
                )
            );
        }
    }
}

/// "it MAY include the scope attribute with the scope necessary to access the protected resource".
#[test]
fn a_challenge_names_the_scope_that_is_lacking_too() {
    let world = world();
    let response = world.refused(&photos(), &with_token(&token(&world, "write")), &strong());
    assert!(challenge(&response).contains("error=\"insufficient_user_authentication\""));
    assert!(challenge(&response).contains("scope=\"read\""));
}

// §4 Authorization Request

#[test]
fn acr_values_and_max_age_reach_the_host() {
    let world = world();
    let prompt = world.ask(authorize().set("acr_values", "hwk mfa").set("max_age", "60"));
    assert_eq!((prompt.asked.acr_values, prompt.asked.max_age), (vec![acr("hwk"), acr("mfa")], Some(60)));
    let prompt = world.ask(authorize());
    assert_eq!((prompt.asked.acr_values, prompt.asked.max_age), (vec![], None));
    for (name, value) in [
        ("max_age", "-1"),
        ("max_age", "+1"),
        ("max_age", "x"),
        ("max_age", "99999999999999999999"),
        ("acr_values", "a\"b"),
        ("acr_values", &"a ".repeat(17)),
    ] {
        assert_eq!(world.answer(authorize().set(name, value)).error(), "invalid_request", "{name}={value}");
    }
}

// §6 Authentication Information Conveyed via Access Token

#[test]
fn a_refreshed_token_remembers_the_first_authentication() {
    let world = world();
    let approval = approval().authenticated_at(Timestamp(NOW - 5)).with_acr(acr("mfa"));
    let reply = world.decide(world.ask(authorize().set("resource", PHOTOS)), Some(approval));
    let (_, refresh_token) = world.token(exchange(&reply.parameter("code").unwrap())).tokens();
    let token = world.token(refresh(&refresh_token)).access_token();
    let access = world.check(&photos(), &with_token(&token), &strong()).into_result().unwrap();
    assert_eq!((access.acr(), access.auth_time()), (Some("mfa"), Some(Timestamp(NOW - 5))));
}

// §5 Authorization Response

/// RFC 9470 §5: "the authorization server SHOULD consider the requested acr value as necessary".
#[test]
fn r78_an_approval_that_does_not_meet_the_requirements_is_unmet_authentication_requirements() {
    let world = World::new();
    let asked = authorize().set("acr_values", "hwk mfa").set("max_age", "60");
    let good = || approval().authenticated_at(Timestamp(NOW - 5)).with_acr(acr("mfa"));
    assert!(world.decide(world.ask(&asked), Some(good())).parameter("code").is_some());
    for unmet in [approval(), approval().with_acr(acr("mfa")), good().with_acr(acr("pwd"))] {
        let reply = world.decide(world.ask(&asked), Some(unmet.clone()));
        assert_eq!(reply.parameter("error").as_deref(), Some("unmet_authentication_requirements"), "{unmet:?}");
        assert_eq!(reply.parameter("code"), None);
    }
    assert!(world.decide(world.ask(authorize()), Some(approval())).parameter("code").is_some(), "nothing was asked");
}

// §7 Authorization Server Metadata

#[test]
fn the_metadata_names_the_ways_to_authenticate_that_the_host_knows() {
    let supported = |world: World| world.server.config().metadata().acr_values_supported;
    assert_eq!(
        supported(World::new().with(|config| config.authorization.acr_values_supported = vec![acr("hwk"), acr("mfa")])),
        ["hwk", "mfa"]
    );
    assert!(supported(World::new()).is_empty());
}
