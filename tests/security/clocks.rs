//! Clocks that step, and clocks that differ: nothing from the future is within a grace, and nobody's tokens die of a
//! clock that is behind.

use std::time::Duration;

use grantor::model::Key;
use grantor::server::{Event, RefreshPolicy, TokenError};
use grantor::store::{Change, Commit, Outcome, Store};
use grantor::{Pause as _, Timestamp};

use crate::fixture::*;

const GRACE: u64 = 30;
const DAY: u64 = 24 * 60 * 60;

fn rotating(grace: u64) -> World {
    World::new(RefreshPolicy::Rotate { grace: Duration::from_secs(grace) })
}

/// Spent by a clock that is ahead by so much, and presented again by one that is right, so many seconds later.
fn again(grace: u64, ahead: u64, later: u64) -> (World, String, Result<(), TokenError>) {
    let mut world = rotating(grace);
    let (_, refresh_token) = world.tokens();
    let now = world.now;
    world.now = now + ahead;
    let (access, _) = tokens(&world.token(&refresh(&refresh_token)));
    world.now = now + later;
    let reply = world.token(&refresh(&refresh_token));
    let result = reply.result().map(drop).map_err(Clone::clone);
    assert!(!matches!(reply.event(), Event::Replayed { .. }) || later >= ahead, "{:?}", reply.event());
    (world, access, result)
}

#[test]
fn r89_what_was_spent_in_the_future_is_not_within_the_grace_and_kills_nobody() {
    for grace in [0, 1, GRACE, 2 * DAY] {
        for (ahead, later) in [(1, 0), (GRACE, 0), (GRACE, GRACE - 1), (DAY, 0), (DAY, 60 * 60), (DAY, DAY - 1)] {
            let (world, access, result) = again(grace, ahead, later);
            assert_eq!(result, Err(TokenError::RaceLost), "grace {grace}, {ahead} ahead, {later} later");
            assert!(is_alive(&world.store, &access), "grace {grace}, {ahead} ahead, {later} later");
        }
    }
    // When that time has come, it counts as ever.
    assert_eq!(again(GRACE, DAY, DAY).2, Ok(()));
    assert_eq!(again(GRACE, DAY, DAY + GRACE - 1).2, Ok(()));
    assert_eq!(again(GRACE, DAY, DAY + GRACE).2, Err(TokenError::RefreshTokenReplayed));
}

/// A client that may keep its refresh token now, and presents one that was spent while it had to rotate.
#[test]
fn a_policy_that_no_longer_rotates_believes_no_clock_that_is_behind_either() {
    let mut world = rotating(GRACE);
    let (_, refresh_token) = world.tokens();
    world.now += DAY;
    let (access, _) = tokens(&world.token(&refresh(&refresh_token)));
    let mut kept = World::new(RefreshPolicy::Reuse);
    kept.store = world.store;
    let reply = kept.token(&refresh(&refresh_token));
    assert!(matches!(reply.result(), Err(TokenError::RaceLost)), "{:?}", reply.result());
    assert!(is_alive(&kept.store, &access));
}

/// The token is unspent when it is looked up, and is spent by a clock that is ahead before this request writes.
#[test]
fn nor_is_what_was_spent_in_the_future_while_the_request_was_under_way() {
    for (ahead, expected) in [(0, None), (1, Some(TokenError::RaceLost)), (DAY, Some(TokenError::RaceLost))] {
        let mut world = rotating(GRACE);
        let (_, refresh_token) = world.tokens();
        let request = form(&refresh(&refresh_token));
        let slow = until_commit(world.server.token(&request, world.moment()), &world.store);
        world.now += ahead;
        let (access, _) = tokens(&world.token(&refresh(&refresh_token)));
        let answer = Store::commit(&world.store, slow.effect());
        let reply = slow.resume(answer).run(&world.store);
        assert_eq!(reply.result().err(), expected.as_ref(), "{ahead} ahead");
        assert!(is_alive(&world.store, &access), "{ahead} ahead");
    }
}

/// A code is single-use whatever the clocks say: invariants 1 and 2.
#[test]
fn r89_a_code_that_was_spent_in_the_future_is_a_replay_all_the_same() {
    let mut world = rotating(GRACE);
    let code = world.code();
    world.now += 59;
    let (access, refresh_token) = tokens(&world.token(&exchange(&code)));
    world.now -= 59;
    let reply = world.token(&exchange(&code));
    assert!(matches!(reply.event(), Event::Replayed { .. }), "{:?}", reply.event());
    assert!(!is_alive(&world.store, &access) && !is_alive(&world.store, &refresh_token));
}

/// A code that the store forgot between lookup and commit was not spent: no alarm, and nothing is revoked.
#[test]
fn a_code_that_was_purged_under_way_is_no_replay() {
    for late in [60, 61, DAY] {
        let mut world = rotating(GRACE);
        let request = form(&exchange(&world.code()));
        world.now += 59;
        let slow = until_commit(world.server.token(&request, world.moment()), &world.store);
        world.store.purge(Timestamp(world.now - 59 + late));
        let answer = Store::commit(&world.store, slow.effect());
        let reply = slow.resume(answer).run(&world.store);
        assert!(matches!(reply.result(), Err(TokenError::CodeExpired)), "{:?}", reply.result());
        assert!(matches!(reply.event(), Event::TokenRefused { .. }), "{:?}", reply.event());
    }
    // Nor is one that its owner took back.
    let world = rotating(GRACE);
    let code = world.code();
    let request = form(&exchange(&code));
    let slow = until_commit(world.server.token(&request, world.moment()), &world.store);
    let discard = Commit::of(Change::Discard(Key::of(&code).unwrap()));
    assert_eq!(Store::commit(&world.store, &discard), Ok(Outcome::Applied));
    let answer = Store::commit(&world.store, slow.effect());
    assert!(matches!(slow.resume(answer).run(&world.store).result(), Err(TokenError::CodeExpired)));
}

/// One grant does not fill the store: neither by retries, nor by one refresh after another.
#[test]
fn r77_the_credentials_of_a_grant_are_bounded() {
    let mut world = rotating(GRACE);
    let mut config = world.server.config().clone();
    (config.token.max_retries, config.token.max_credentials_per_grant) = (3, 20);
    world.server = grantor::Server::new(config).unwrap();
    let (_, first) = world.tokens();
    let (access, mut refresh_token) = tokens(&world.token(&refresh(&first)));
    let retried: Vec<_> = (0..10).map(|_| world.token(&refresh(&first))).collect();
    assert_eq!(retried.iter().filter(|reply| reply.result().is_ok()).count(), 3);
    assert!(retried.iter().skip(3).all(|reply| matches!(reply.result(), Err(TokenError::RaceLost))));
    assert!(is_alive(&world.store, &access), "too many retries are refused, and kill nobody's tokens");

    let refused = loop {
        let reply = world.token(&refresh(&refresh_token));
        match reply.result() {
            Ok(_) => (_, refresh_token) = tokens(&reply),
            Err(error) => break error.clone(),
        }
    };
    assert_eq!((refused.clone(), refused.code()), (TokenError::GrantNotExtended, "invalid_grant"));
    assert!(world.store.counts().1 <= 22, "{:?}", world.store.counts());
    assert!(is_alive(&world.store, &refresh_token), "what was refused spent nothing");
    // What has expired and was purged makes room again; other grants were never held up.
    assert!(world.token(&exchange(&world.code())).result().is_ok());
    world.now += 24 * 60 * 60;
    world.store.purge(Timestamp(world.now));
    assert!(world.token(&refresh(&refresh_token)).result().is_ok());
}
