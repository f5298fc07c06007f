//! Clients that a host remembers for a while: what it saves, and how stale it may be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "common/executor.rs"]
#[allow(dead_code, reason = "it has more than is needed here")]
mod executor;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use grantor::Unavailable;
use grantor::model::{ClientId, Digest, Key, Partition};
use grantor::record::Client;
use grantor::store::contract::{Contract, check_async};
use grantor::store::{AsyncStore, CachedClients, Change, Commit, Found, Lookup, MemoryStore, Outcome, Store};

use executor::{block_on, turn_over};

/// A store that counts the clients and the lookups that it is asked for, and may hold its answers back.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    clients: AtomicUsize,
    lookups: AtomicUsize,
    holds: AtomicBool,
}

impl Store for Counting {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        self.clients.fetch_add(usize::from(lookup.client().is_some()), Ordering::SeqCst);
        Store::lookup(&self.store, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(&self.store, commit)
    }
}

impl AsyncStore for Counting {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        let found = Store::lookup(self, lookup);
        self.held_back().await;
        found
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let outcome = Store::commit(self, commit);
        self.held_back().await;
        outcome
    }
}

impl Counting {
    async fn held_back(&self) {
        while self.holds.load(Ordering::SeqCst) {
            turn_over().await;
        }
    }
}

const MAX_AGE: u64 = 30;

/// A store that remembers two clients for thirty seconds, and its clock.
fn cached() -> (CachedClients<Counting, impl Fn() -> Duration>, Arc<AtomicU64>) {
    let clock = Arc::new(AtomicU64::new(1_000));
    let elapsed = Arc::clone(&clock);
    let elapsed = move || Duration::from_secs(elapsed.load(Ordering::SeqCst));
    (CachedClients::new(Counting::default(), 2, Duration::from_secs(MAX_AGE), elapsed), clock)
}

fn id(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

fn put(store: &impl Store, client: Client) -> Outcome {
    store.commit(&Commit::of(Change::PutClient(Arc::new(client)))).unwrap()
}

/// The next revision of a client, switched off.
fn disabled(client: &Client) -> Client {
    client.clone().disable()
}

fn is_disabled(store: &impl Store, name: &str) -> bool {
    store.lookup(&Lookup::of_client(id(name))).unwrap().client().unwrap().disabled
}

#[test]
fn it_keeps_the_contract() {
    let elapsed = || Duration::ZERO;
    let contract = Contract::new().with_grants().with_purging();
    contract.check(|| CachedClients::new(MemoryStore::new(), 100, Duration::from_secs(MAX_AGE), elapsed));
    block_on(check_async(async || CachedClients::new(MemoryStore::new(), 1, Duration::from_secs(MAX_AGE), elapsed)));
}

#[test]
fn a_client_is_asked_for_once_in_its_time() {
    let (store, clock) = cached();
    let _ = put(&store, Client::public(id("a")));
    let key = Key { partition: Partition(1), digest: Digest::of("a token") };
    let lookup = Lookup::new(Some(id("a")), [key]).unwrap();
    for _ in 0..3 {
        assert!(Store::lookup(&store, &lookup).unwrap().client().is_some());
        assert!(block_on(store.lookup_async(&lookup)).unwrap().client().is_some());
    }
    let counts = |store: &CachedClients<Counting, _>| {
        (store.store().clients.load(Ordering::SeqCst), store.store().lookups.load(Ordering::SeqCst))
    };
    assert_eq!(counts(&store), (1, 6), "the credential is read each time");
    assert!(Store::lookup(&store, &Lookup::of_client(id("a"))).unwrap().client().is_some());
    assert_eq!(counts(&store), (1, 6), "there is nothing to ask for");
    clock.fetch_add(MAX_AGE - 1, Ordering::SeqCst);
    let _ = Store::lookup(&store, &lookup).unwrap();
    assert_eq!(counts(&store), (1, 7));
    clock.fetch_add(1, Ordering::SeqCst);
    let _ = Store::lookup(&store, &lookup).unwrap();
    assert_eq!(counts(&store), (2, 8), "its time is over");
}

#[test]
fn unknown_clients_are_not_remembered() {
    let (store, _) = cached();
    for _ in 0..2 {
        assert!(Store::lookup(&store, &Lookup::of_client(id("a"))).unwrap().client().is_none());
    }
    assert_eq!(store.store().clients.load(Ordering::SeqCst), 2);
}

#[test]
fn no_more_clients_are_remembered_than_it_may() {
    let (store, clock) = cached();
    for name in ["a", "b", "c"] {
        let _ = put(&store, Client::public(id(name)));
    }
    let read = |name| Store::lookup(&store, &Lookup::of_client(id(name))).unwrap().client().is_some();
    assert!(["a", "b", "c", "a", "b", "c"].into_iter().all(read));
    assert_eq!(store.store().clients.load(Ordering::SeqCst), 4, "all but the third are remembered");
    clock.fetch_add(MAX_AGE, Ordering::SeqCst);
    assert!(["c", "c"].into_iter().all(read));
    assert_eq!(store.store().clients.load(Ordering::SeqCst), 5, "the others are old, and make room");
}

#[test]
fn what_this_host_changes_it_sees_at_once_and_what_another_changes_in_time() {
    let (store, clock) = cached();
    let client = Client::public(id("a"));
    let _ = put(&store, client.clone());
    assert!(!is_disabled(&store, "a"));
    assert_eq!(put(&store, disabled(&client)), Outcome::Applied);
    assert!(is_disabled(&store, "a"));

    let other = Client::public(id("b"));
    let _ = put(&store, other.clone());
    assert!(!is_disabled(&store, "b"));
    assert_eq!(put(&store.store().store, disabled(&other)), Outcome::Applied);
    assert!(!is_disabled(&store, "b"), "another host switched it off");
    clock.fetch_add(MAX_AGE, Ordering::SeqCst);
    assert!(is_disabled(&store, "b"));
}

#[test]
fn a_conflict_or_a_word_from_elsewhere_makes_it_read_anew() {
    let (store, _) = cached();
    let client = Client::public(id("a"));
    let _ = put(&store, client.clone());
    assert!(!is_disabled(&store, "a"));
    assert_eq!(put(&store.store().store, disabled(&client)), Outcome::Applied);
    assert_eq!(put(&store, disabled(&client)), Outcome::Conflict(0));
    assert!(is_disabled(&store, "a"));

    let _ = put(&store, Client::public(id("b")));
    assert!(!is_disabled(&store, "b"));
    assert_eq!(put(&store.store().store, disabled(&Client::public(id("b")))), Outcome::Applied);
    store.forget(&id("b"));
    assert!(is_disabled(&store, "b"));
}

#[test]
fn what_was_read_before_a_change_is_not_remembered_after_it() {
    let (store, _) = cached();
    let client = Client::public(id("a"));
    let _ = put(&store, client.clone());
    store.store().holds.store(true, Ordering::SeqCst);
    let lookup = Lookup::of_client(id("a"));
    let mut reading = pin!(store.lookup_async(&lookup));
    assert!(block_on(poll_fn(|context| Poll::Ready(reading.as_mut().poll(context).is_pending()))));
    assert_eq!(put(&store, disabled(&client)), Outcome::Applied);
    store.store().holds.store(false, Ordering::SeqCst);
    assert!(!block_on(reading).unwrap().client().unwrap().disabled, "it had been read");
    assert!(is_disabled(&store, "a"));
}

#[test]
fn a_commit_whose_future_is_dropped_makes_it_read_anew() {
    let (store, _) = cached();
    let client = Client::public(id("a"));
    let _ = put(&store, client.clone());
    assert!(!is_disabled(&store, "a"));
    store.store().holds.store(true, Ordering::SeqCst);
    let commit = Commit::of(Change::PutClient(Arc::new(disabled(&client))));
    {
        let mut writing = pin!(store.commit_async(&commit));
        assert!(block_on(poll_fn(|context| Poll::Ready(writing.as_mut().poll(context).is_pending()))));
    }
    assert!(is_disabled(&store, "a"));
}
