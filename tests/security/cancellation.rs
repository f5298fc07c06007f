//! A race or a crash cannot be provoked by dropping a future: `run_async` is dropped at every await point.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use grantor::Unavailable;
use grantor::host::AsyncHost;
use grantor::server::{RefreshPolicy, TokenReply};
use grantor::store::{AsyncStore, Commit, Found, Lookup, MemoryStore, Outcome, Store};

use crate::fixture::*;

/// An async store that lets go of the thread before and after each operation.
struct Slow<'a>(&'a MemoryStore);

async fn let_go() {
    let mut polled = false;
    poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

impl AsyncStore for Slow<'_> {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        let_go().await;
        let answer = Store::lookup(self.0, lookup);
        let_go().await;
        answer
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let_go().await;
        let answer = Store::commit(self.0, commit);
        let_go().await;
        answer
    }
}

/// Polls so many times, then drops the future.
fn poll_times(times: usize, future: impl Future<Output = TokenReply> + Send) -> Option<TokenReply> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(reply) => Some(reply),
        Poll::Pending => None,
    })
}

fn run_for(world: &World, body: &str, polls: usize) -> Option<TokenReply> {
    let request = form(body);
    let host = Slow(&world.store);
    poll_times(polls, world.server.token(&request, world.moment()).run_async(&host))
}

/// Two effects with two awaits each, so the fifth poll finishes.
const POLLS: usize = 5;

#[test]
fn r92_a_dropped_code_exchange_has_issued_everything_or_nothing() {
    let mut finished = 0;
    for polls in 0..=POLLS {
        let world = World::new(RefreshPolicy::Rotate { grace: Duration::ZERO });
        let code = world.code();
        let before = world.store.counts();
        finished += usize::from(run_for(&world, &exchange(&code), polls).is_some());
        let (_, credentials) = world.store.counts();
        if is_alive(&world.store, &code) {
            assert_eq!(world.store.counts(), before, "dropped after {polls} polls");
            assert!(world.token(&exchange(&code)).result().is_ok(), "the client may try again");
        } else {
            assert_eq!(credentials, before.1 + 2, "dropped after {polls} polls");
            assert!(world.token(&exchange(&code)).result().is_err());
        }
    }
    assert_eq!(finished, 1, "the last of them was not dropped");
}

#[test]
fn a_dropped_refresh_can_be_tried_again_within_the_grace() {
    for polls in 0..=POLLS {
        let world = World::new(RefreshPolicy::Rotate { grace: Duration::from_secs(30) });
        let (_, refresh_token) = world.tokens();
        run_for(&world, &refresh(&refresh_token), polls);
        assert!(world.token(&refresh(&refresh_token)).result().is_ok(), "dropped after {polls} polls");
    }
}

#[test]
fn a_dropped_revocation_is_made_up_for_by_the_next_replay() {
    for polls in 0..=POLLS {
        let world = World::new(RefreshPolicy::Reuse);
        let code = world.code();
        let (access, _) = tokens(&world.token(&exchange(&code)));
        run_for(&world, &exchange(&code), polls);
        assert!(world.token(&exchange(&code)).result().is_err());
        assert!(!is_alive(&world.store, &access), "dropped after {polls} polls");
    }
}

#[test]
fn the_async_driver_and_the_blocking_one_say_the_same() {
    let reply = |world: &World, body: &str| run_for(world, body, POLLS).unwrap().into_http();
    let (one, other) = (World::new(RefreshPolicy::Reuse), World::new(RefreshPolicy::Reuse));
    let (one_code, other_code) = (one.code(), other.code());
    let (one, other) = (reply(&one, &exchange(&one_code)), other.token(&exchange(&other_code)).into_http());
    assert_eq!((one.status(), one.headers(), one.body()), (other.status(), other.headers(), other.body()));
}

#[test]
fn a_future_of_any_host_is_send() {
    fn is_send(_: impl Send) {}
    fn any_host(world: &World, host: &impl AsyncHost) {
        let request = form("");
        is_send(world.server.token(&request, world.moment()).run_async(host));
    }
    let world = World::new(RefreshPolicy::Reuse);
    any_host(&world, &world.store);
}
