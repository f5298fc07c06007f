//! What is purged has expired, and what has not expired is kept: a spent code stays spent until it could not be used
//! anyway.

use std::time::Duration;

use grantor::Timestamp;
use grantor::server::RefreshPolicy;

use crate::fixture::*;

#[test]
fn a_spent_code_is_remembered_until_it_would_have_expired() {
    let mut world = World::new(RefreshPolicy::Rotate { grace: Duration::ZERO });
    let code = world.code();
    let (access, _) = tokens(&world.token(&exchange(&code)));
    world.now += 59;
    world.store.purge(Timestamp(world.now));
    assert!(world.token(&exchange(&code)).result().is_err());
    assert!(!is_alive(&world.store, &access), "the replay was noticed");
}

#[test]
fn a_grant_lives_as_long_as_its_longest_credential() {
    let mut world = World::new(RefreshPolicy::Rotate { grace: Duration::ZERO });
    let (_, mut refresh_token) = world.tokens();
    for _ in 0..5 {
        world.now += 13 * 24 * 60 * 60;
        world.store.purge(Timestamp(world.now));
        (_, refresh_token) = tokens(&world.token(&refresh(&refresh_token)));
    }
    world.now += 15 * 24 * 60 * 60;
    world.store.purge(Timestamp(world.now));
    assert_eq!(world.store.counts(), (0, 0));
    assert!(world.token(&refresh(&refresh_token)).result().is_err());
}
