//! Invariant 2: after an otherwise valid replay nothing of the grant works; an invalid one changes nothing.

use std::time::Duration;

use grantor::server::Event;
use grantor::server::RefreshPolicy;

use crate::fixture::*;

const STRICT: RefreshPolicy = RefreshPolicy::Rotate { grace: Duration::ZERO };

#[test]
fn r32_a_valid_replay_of_a_code_revokes_everything_that_came_of_it() {
    let world = World::new(STRICT);
    let code = world.code();
    let (access, refresh_token) = tokens(&world.token(&exchange(&code)));
    let (later_access, later_refresh) = tokens(&world.token(&refresh(&refresh_token)));
    let (other_access, _) = world.tokens();

    let reply = world.token(&exchange(&code));
    assert_eq!(reply.result().unwrap_err().code(), "invalid_grant");
    assert!(matches!(reply.event(), Event::Replayed { .. }), "{:?}", reply.event());
    for dead in [&access, &later_access, &later_refresh] {
        assert!(!is_alive(&world.store, dead));
    }
    assert_eq!(world.token(&refresh(&later_refresh)).result().unwrap_err().code(), "invalid_grant");
    assert!(is_alive(&world.store, &other_access), "another grant of the same client lives on");
}

#[test]
fn r33_an_invalid_replay_of_a_code_changes_nothing() {
    let world = World::new(STRICT);
    let code = world.code();
    let (access, refresh_token) = tokens(&world.token(&exchange(&code)));
    let as_other = format!("client_id=confidential&client_secret={SECRET}");
    let invalid = [
        exchange(&code).replace(VERIFIER, &"x".repeat(43)),
        exchange(&code).replace(&format!("&code_verifier={VERIFIER}"), ""),
        exchange(&code).replace("client_id=public", &as_other),
        exchange(&code).replace("client_id=public", "client_id=nobody"),
        exchange(&code) + "&redirect_uri=https%3A%2F%2Fevil.example",
    ];
    for body in invalid {
        assert!(world.token(&body).result().is_err(), "{body}");
        assert!(is_alive(&world.store, &access) && is_alive(&world.store, &refresh_token), "{body}");
    }
}

#[test]
fn an_invalid_request_does_not_spend_a_code() {
    let world = World::new(STRICT);
    let code = world.code();
    assert!(world.token(&exchange(&code).replace(VERIFIER, &"x".repeat(43))).result().is_err());
    assert!(world.token(&exchange(&code)).result().is_ok());
}

#[test]
fn r52_reuse_of_a_rotated_refresh_token_outside_the_grace_revokes_the_family() {
    let mut world = World::new(RefreshPolicy::Rotate { grace: Duration::from_secs(30) });
    let (_, first) = world.tokens();
    let (access, second) = tokens(&world.token(&refresh(&first)));
    world.now += 30;
    let reply = world.token(&refresh(&first));
    assert!(matches!(reply.event(), Event::Replayed { .. }), "{:?}", reply.event());
    assert!(!is_alive(&world.store, &access) && !is_alive(&world.store, &second));
}

#[test]
fn reuse_within_the_grace_is_answered_and_revokes_nothing() {
    let mut world = World::new(RefreshPolicy::Rotate { grace: Duration::from_secs(30) });
    let (_, first) = world.tokens();
    let (_, second) = tokens(&world.token(&refresh(&first)));
    world.now += 29;
    let (_, retried) = tokens(&world.token(&refresh(&first)));
    assert!(world.token(&refresh(&second)).result().is_ok());
    assert!(world.token(&refresh(&retried)).result().is_ok());
}

#[test]
fn reuse_of_a_refresh_token_by_another_client_changes_nothing() {
    let mut world = World::new(STRICT);
    let (_, first) = world.tokens();
    let (_, second) = tokens(&world.token(&refresh(&first)));
    world.now += 1;
    let as_other =
        refresh(&first).replace("client_id=public", &format!("client_id=confidential&client_secret={SECRET}"));
    assert!(world.token(&as_other).result().is_err());
    assert!(is_alive(&world.store, &second));
}
