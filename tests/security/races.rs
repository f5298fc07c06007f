//! Invariants 1 and 8: one winner, and the loser of a refresh race never kills the winner's tokens.

use std::sync::Barrier;
use std::time::Duration;

use grantor::model::{ClientId, Key};
use grantor::server::Event;
use grantor::server::{RefreshPolicy, TokenError, TokenReply};
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, Store};
use grantor::{Pause as _, Step, Unavailable};

use crate::fixture::*;

const STRICT: RefreshPolicy = RefreshPolicy::Rotate { grace: Duration::ZERO };
const GRACE: RefreshPolicy = RefreshPolicy::Rotate { grace: Duration::from_secs(30) };
const THREADS: usize = 64;

/// The same request from all threads at once.
fn stampede(world: &World, body: &str) -> Vec<TokenReply> {
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let race = || {
            barrier.wait();
            world.token(body)
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(race)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn r31_of_64_threads_one_redeems_a_code_and_the_grant_is_revoked_for_the_others() {
    for _ in 0..20 {
        let world = World::new(STRICT);
        let replies = stampede(&world, &exchange(&world.code()));
        let winners: Vec<_> = replies.iter().filter(|reply| reply.result().is_ok()).collect();
        assert_eq!(winners.len(), 1);
        let (access, refresh_token) = tokens(winners[0]);
        assert!(!is_alive(&world.store, &access) && !is_alive(&world.store, &refresh_token));
        assert!(
            replies.iter().all(|reply| reply.result().map_or_else(|error| error.code() == "invalid_grant", |_| true))
        );
    }
}

#[test]
fn of_64_threads_one_uses_a_refresh_token_without_grace() {
    for _ in 0..20 {
        let world = World::new(STRICT);
        let (_, refresh_token) = world.tokens();
        let replies = stampede(&world, &refresh(&refresh_token));
        assert_eq!(replies.iter().filter(|reply| reply.result().is_ok()).count(), 1);
    }
}

#[test]
fn of_64_threads_all_are_served_within_the_grace_and_nothing_is_revoked() {
    let world = World::new(GRACE);
    let (_, refresh_token) = world.tokens();
    let replies = stampede(&world, &refresh(&refresh_token));
    assert!(!is_alive(&world.store, &refresh_token), "it is spent, once");
    for reply in &replies {
        let (access, successor) = tokens(reply);
        assert!(is_alive(&world.store, &access) && is_alive(&world.store, &successor));
    }
}

#[test]
fn of_64_threads_all_are_served_when_refresh_tokens_are_reused() {
    let world = World::new(RefreshPolicy::Reuse);
    let (_, refresh_token) = world.tokens();
    let replies = stampede(&world, &refresh(&refresh_token));
    assert!(replies.iter().all(|reply| reply.result().is_ok_and(|response| response.refresh_token.is_none())));
    assert!(is_alive(&world.store, &refresh_token));
}

/// Both read before either writes: the second to write loses.
fn photo_finish(world: &World, body: &str) -> (TokenReply, TokenReply) {
    let request = form(body);
    let first = until_commit(world.server.token(&request, world.moment()), &world.store);
    let second = until_commit(world.server.token(&request, world.moment()), &world.store);
    let finish = |pause: grantor::server::TokenCommit<'_>| {
        let answer = Store::commit(&world.store, pause.effect());
        pause.resume(answer).run(&world.store)
    };
    (finish(first), finish(second))
}

#[test]
fn the_loser_of_a_refresh_race_without_grace_gets_nothing_and_kills_nothing() {
    let world = World::new(STRICT);
    let (_, refresh_token) = world.tokens();
    let (winner, loser) = photo_finish(&world, &refresh(&refresh_token));
    assert_eq!(loser.result().unwrap_err().code(), "invalid_grant");
    let (access, successor) = tokens(&winner);
    assert!(is_alive(&world.store, &access) && is_alive(&world.store, &successor));
    assert!(world.token(&refresh(&successor)).result().is_ok());
}

/// Found by the explorer: the loser's clock says that nothing was spent yet, which is no grace.
#[test]
fn a_slow_request_that_came_before_the_token_was_spent_loses_a_race_without_grace() {
    let mut world = World::new(STRICT);
    let (_, refresh_token) = world.tokens();
    let slow = world.moment();
    world.now += 45;
    let (access, _) = tokens(&world.token(&refresh(&refresh_token)));
    let reply = world.server.token(&form(&refresh(&refresh_token)), slow).run(&world.store);
    assert!(matches!(reply.result(), Err(TokenError::RaceLost)), "{:?}", reply.result());
    assert!(is_alive(&world.store, &access), "nothing is revoked");
}

#[test]
fn the_loser_of_a_refresh_race_within_the_grace_gets_tokens_of_its_own() {
    let world = World::new(GRACE);
    let (_, refresh_token) = world.tokens();
    let (winner, loser) = photo_finish(&world, &refresh(&refresh_token));
    let within = |reply: &TokenReply| matches!(reply.event(), Event::Issued { within_grace: true, .. });
    assert!(!within(&winner) && within(&loser), "the audit log tells them apart");
    for (access, successor) in [tokens(&winner), tokens(&loser)] {
        assert!(is_alive(&world.store, &access) && is_alive(&world.store, &successor));
    }
}

/// Reads as it was when the copy was made; writes to what is now: a replica that lags.
struct Stale<'a> {
    reads: &'a dyn Fn(&Lookup) -> Found,
    writes: &'a MemoryStore,
}

impl Store for Stale<'_> {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Ok((self.reads)(lookup))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(self.writes, commit)
    }
}

/// A lookup that does not show yet that the token was spent is no way around the grace, and kills nobody's tokens.
#[test]
fn a_stale_read_gets_no_tokens_for_a_refresh_token_that_was_spent_before_the_grace() {
    for (later, is_issued) in [(29, true), (30, false), (3000, false)] {
        let mut world = World::new(GRACE);
        let (_, refresh_token) = world.tokens();
        let before = Store::lookup(&world.store, &lookup_of(&refresh_token)).unwrap();
        let (access, successor) = tokens(&world.token(&refresh(&refresh_token)));
        world.now += later;
        let stale = Stale { reads: &|_| before.clone(), writes: &world.store };
        let reply = world.token_on(&stale, &refresh(&refresh_token));
        assert_eq!(reply.result().is_ok(), is_issued, "{later}");
        assert!(is_issued || matches!(reply.result(), Err(TokenError::RaceLost)), "{:?}", reply.result());
        assert!(is_alive(&world.store, &access) && is_alive(&world.store, &successor));
    }
}

/// The host forgets a refresh token while a request with it is under way, be it the first use or the second.
#[test]
fn a_refresh_token_that_is_discarded_meanwhile_gets_no_tokens() {
    for is_spent in [false, true] {
        let world = World::new(GRACE);
        let (_, refresh_token) = world.tokens();
        if is_spent {
            assert!(world.token(&refresh(&refresh_token)).result().is_ok());
        }
        let before = Store::lookup(&world.store, &lookup_of(&refresh_token)).unwrap();
        let key = before.credentials()[0].credential.key;
        assert_eq!(Store::commit(&world.store, &Commit::of(Change::Discard(key))).unwrap(), Outcome::Applied);
        let counts = world.store.counts();
        let stale = Stale { reads: &|_| before.clone(), writes: &world.store };
        assert_eq!(world.token_on(&stale, &refresh(&refresh_token)).result().unwrap_err().code(), "invalid_grant");
        assert_eq!(world.store.counts(), counts, "nothing is issued");
    }
}

fn lookup_of(token: &str) -> Lookup {
    Lookup::new(ClientId::parse("public").ok(), Key::of(token)).unwrap()
}

#[test]
fn the_loser_of_a_race_for_a_code_is_a_replay_and_revokes() {
    let world = World::new(STRICT);
    let (winner, loser) = photo_finish(&world, &exchange(&world.code()));
    assert!(matches!(loser.event(), Event::Replayed { .. }), "{:?}", loser.event());
    assert!(!is_alive(&world.store, &tokens(&winner).0));
}

#[test]
fn a_refused_commit_is_followed_by_another_only_if_a_credential_was_spent() {
    let world = World::new(GRACE);
    let (_, refresh_token) = world.tokens();
    for body in [exchange(&world.code()), refresh(&refresh_token)] {
        let request = form(&body);
        let pause = || until_commit(world.server.token(&request, world.moment()), &world.store);
        for (at, change) in pause().effect().changes().iter().enumerate() {
            let is_done = matches!(pause().resume(Ok(Outcome::Conflict(at))), Step::Done(_));
            assert_eq!(is_done, !matches!(change, Change::Spend { .. }), "{change:?}");
        }
    }
}

#[test]
fn a_machine_commits_before_it_replies() {
    let world = World::new(STRICT);
    let request = form(&exchange(&world.code()));
    let pause = until_commit(world.server.token(&request, world.moment()), &world.store);
    let before = world.store.counts();
    assert!(
        matches!(pause.resume(Ok(Outcome::Conflict(usize::MAX))), Step::Done(reply) if reply.result().unwrap_err().code() == "server_error")
    );
    assert_eq!(world.store.counts(), before);
}
