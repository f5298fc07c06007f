//! The contract of async stores: what they decide is seen as a blocking store's is, on one thread and on several.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use grantor::Unavailable;
use grantor::store::contract::{Blocking, Contract, check_async};
use grantor::store::{AsyncStore, Change, Commit, Found, Lookup, MemoryStore, Outcome, Store};

use crate::executor::{block_on, turn_over};
use crate::faulty::{is_known, is_spent, names, write};

const SPENDS: &str = "one of many threads spends a credential";

#[test]
fn the_memory_store_keeps_it() {
    block_on(check_async(async || MemoryStore::new()));
    let contract = Contract::new().with_grants().with_purging();
    let contract = contract.with_another_async(|store: &Arc<MemoryStore>| std::future::ready(Arc::clone(store)));
    block_on(contract.check_async(async || Arc::new(MemoryStore::new())));
}

#[test]
fn it_keeps_it_on_several_threads() {
    let contract = Contract::new().with_grants().with_spawn(|call| drop(thread::spawn(|| block_on(call))));
    block_on(contract.with_rounds(2).check_async(async || MemoryStore::new()));
}

/// Reads first, and then waits for its turn to write.
#[derive(Default)]
struct ReadsFirst(MemoryStore);

impl AsyncStore for ReadsFirst {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let [Change::Spend { key, .. }, Change::Issue(_)] = commit.changes() else {
            return Store::commit(&self.0, commit);
        };
        if !is_known(&self.0, *key) || is_spent(&self.0, *key) {
            return Ok(Outcome::Conflict(0));
        }
        for _ in 0..10 {
            turn_over().await;
        }
        let _ = write(&self.0, commit);
        Ok(Outcome::Applied)
    }
}

#[test]
fn what_reads_first_and_writes_later_is_found_on_one_thread() {
    let broken = block_on(Contract::new().violations_async(async || ReadsFirst::default()));
    assert_eq!(names(&broken), [SPENDS]);
    assert!(broken[0].seen.contains(" of 16 racers succeeded"), "{}", broken[0].seen);
}

/// Reads first and writes later without ever waiting, and knows the threads that it was on.
#[derive(Default)]
struct NeverWaits(MemoryStore, Mutex<Vec<ThreadId>>);

impl AsyncStore for NeverWaits {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        self.1.lock().unwrap().push(thread::current().id());
        let [Change::Spend { key, .. }, Change::Issue(_)] = commit.changes() else {
            return Store::commit(&self.0, commit);
        };
        let holds = is_known(&self.0, *key) && !is_spent(&self.0, *key);
        thread::sleep(Duration::from_micros(200));
        let _ = write(&self.0, commit);
        Ok(if holds { Outcome::Applied } else { Outcome::Conflict(0) })
    }
}

#[test]
fn what_goes_wrong_between_threads_is_found_on_several() {
    let contract = || Contract::new().only(|rule| rule == SPENDS);
    assert_eq!(block_on(contract().violations_async(async || NeverWaits::default())), []);
    let spawned = contract().with_spawn(|call| drop(thread::spawn(|| block_on(call))));
    assert_eq!(names(&block_on(spawned.violations_async(async || NeverWaits::default()))), [SPENDS]);
}

/// Counts the commits that are on their way at one time.
#[derive(Default)]
struct Counting(MemoryStore, AtomicUsize, Arc<Mutex<Vec<usize>>>);

impl AsyncStore for Counting {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let before = self.1.fetch_add(1, Ordering::SeqCst);
        self.2.lock().unwrap().push(before + 1);
        for _ in 0..1000 {
            turn_over().await;
        }
        self.1.fetch_sub(1, Ordering::SeqCst);
        Store::commit(&self.0, commit)
    }
}

#[test]
fn as_many_race_as_often_as_was_said() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let contract = Contract::new().with_racers(5).with_rounds(3).only(|rule| rule == SPENDS);
    let new = async || Counting(MemoryStore::new(), AtomicUsize::new(0), Arc::clone(&seen));
    block_on(contract.check_async(new));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3 * 8 * (1 + 5), "each thing has a commit that readies it, and one of each racer");
    assert_eq!(seen.iter().max(), Some(&5));
}

struct Panicking;

impl AsyncStore for Panicking {
    async fn lookup_async(&self, _: &Lookup) -> Result<Found, Unavailable> {
        panic!("as a store may")
    }
    async fn commit_async(&self, _: &Commit) -> Result<Outcome, Unavailable> {
        panic!("as a store may")
    }
}

#[test]
fn a_panic_of_the_store_is_a_panic_of_the_test() {
    let panic = catch_unwind(AssertUnwindSafe(|| block_on(check_async(async || Panicking)))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"as a store may"));
    let spawned = Contract::new().with_spawn(|call| {
        drop(thread::spawn(|| catch_unwind(AssertUnwindSafe(|| block_on(call)))));
    });
    let broken = block_on(spawned.violations_async(async || Panicking));
    assert!(broken.iter().all(|it| it.seen == "unavailable: the call ended without an answer"), "{broken:?}");
    assert!(broken.len() > 50);
}

/// Never answers, and tells when it is dropped.
struct Silent(Arc<AtomicUsize>);

impl Drop for Silent {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl AsyncStore for Silent {
    async fn lookup_async(&self, _: &Lookup) -> Result<Found, Unavailable> {
        std::future::pending().await
    }
    async fn commit_async(&self, _: &Commit) -> Result<Outcome, Unavailable> {
        std::future::pending().await
    }
}

#[test]
fn a_test_that_is_given_up_leaves_no_thread_that_waits() {
    let dropped = Arc::new(AtomicUsize::new(0));
    {
        let mut test = pin!(check_async(async || Silent(Arc::clone(&dropped))));
        for _ in 0..10 {
            assert_eq!(test.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
    }
    let is_dropped = || dropped.load(Ordering::SeqCst) == 1;
    assert!((0..1000).any(|_| is_dropped() || {
        thread::sleep(Duration::from_millis(5));
        false
    }));
}

/// A store that is dropped where its calls are polled, as one may need that has a pool of connections.
struct Homely(MemoryStore, ThreadId);

impl Drop for Homely {
    fn drop(&mut self) {
        assert_eq!(self.1, thread::current().id());
    }
}

impl AsyncStore for Homely {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(&self.0, commit)
    }
}

#[test]
fn a_store_is_dropped_where_its_calls_are_polled() {
    let new = || Homely(MemoryStore::new(), thread::current().id());
    let contract: Contract<Blocking<Homely>> = Contract::new().with_rounds(1);
    assert_eq!(block_on(contract.violations_async(async || new())), []);
}
