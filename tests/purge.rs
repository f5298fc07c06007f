//! Forgetting what has expired: by a clock that has not jumped, and in batches.
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

use std::sync::Mutex;
use std::time::Duration;

use grantor::model::{ClientId, Digest, Key, Partition};
use grantor::store::{
    AsyncPurge, AsyncStore, Change, Commit, Found, Lookup, MemoryStore, Outcome, Purge, PurgeClock, Store, WithClients,
};
use grantor::{Timestamp, Unavailable};

use executor::block_on;

const NOW: u64 = 1_000_000;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What is purged by, when the wall clock and the monotonic one have gone on by so many seconds each.
fn read(clock: &mut PurgeClock, wall: u64, monotonic: u64) -> Option<u64> {
    clock.read(Timestamp(NOW + wall), Duration::from_secs(7 + monotonic)).map(|now| now.0 - NOW)
}

fn started() -> PurgeClock {
    let mut clock = PurgeClock::new();
    assert_eq!(read(&mut clock, 0, 0), Some(0), "there is nothing to compare with");
    clock
}

#[test]
fn clocks_that_go_evenly_are_believed() {
    let mut clock = started();
    assert_eq!(read(&mut clock, MINUTE, MINUTE), Some(MINUTE));
    assert_eq!(read(&mut clock, DAY, DAY), Some(DAY));
    // One that runs fast by less than the tolerance from call to call, as a clock does that is being set.
    let tolerance = PurgeClock::TOLERANCE.as_secs();
    assert_eq!(read(&mut clock, DAY + tolerance, DAY), Some(DAY + tolerance));
    assert_eq!(read(&mut clock, DAY + 2 * tolerance + 1, DAY), None);
}

#[test]
fn r95_a_jump_forward_is_not_believed_and_the_way_back_is() {
    let mut clock = started();
    for minute in 1..10 {
        assert_eq!(read(&mut clock, DAY + minute * MINUTE, minute * MINUTE), None);
    }
    assert_eq!(read(&mut clock, 10 * MINUTE, 10 * MINUTE), Some(10 * MINUTE));
    // Each jump has to last by itself.
    assert_eq!(read(&mut clock, DAY + 11 * MINUTE, 11 * MINUTE), None);
    assert_eq!(read(&mut clock, DAY + HOUR + 10 * MINUTE, HOUR + 10 * MINUTE), None);
    assert_eq!(read(&mut clock, DAY + HOUR + 11 * MINUTE, HOUR + 11 * MINUTE), Some(DAY + HOUR + 11 * MINUTE));
}

#[test]
fn a_jump_that_lasts_is_believed_and_one_that_jumps_on_is_not() {
    let patience = PurgeClock::PATIENCE.as_secs();
    let mut clock = started();
    assert_eq!(read(&mut clock, DAY, 0), None);
    assert_eq!(read(&mut clock, DAY + patience - 1, patience - 1), None);
    assert_eq!(read(&mut clock, DAY + patience, patience), Some(DAY + patience));
    assert_eq!(read(&mut clock, DAY + patience + MINUTE, patience + MINUTE), Some(DAY + patience + MINUTE));

    let mut clock = started();
    assert_eq!(read(&mut clock, DAY, 0), None);
    // It jumps again, and then back by half, and each time it has to stay for as long.
    assert_eq!(read(&mut clock, 3 * DAY, patience), None);
    assert_eq!(read(&mut clock, 2 * DAY + patience, 2 * patience), None);
    assert_eq!(read(&mut clock, 2 * DAY + 2 * patience - 1, 3 * patience - 1), None);
    assert_eq!(read(&mut clock, 2 * DAY + 2 * patience, 3 * patience), Some(2 * DAY + 2 * patience));
}

#[test]
fn a_step_back_is_believed_and_what_follows_is_measured_from_there() {
    let mut clock = PurgeClock::new();
    assert_eq!(clock.read(Timestamp(NOW), Duration::ZERO), Some(Timestamp(NOW)));
    assert_eq!(clock.read(Timestamp(NOW - DAY), Duration::from_secs(1)), Some(Timestamp(NOW - DAY)));
    assert_eq!(clock.read(Timestamp(NOW), Duration::from_secs(2)), None);
    // Nothing overflows at the end of time, and a monotonic clock that goes back is none.
    assert_eq!(clock.read(Timestamp(u64::MAX), Duration::MAX), Some(Timestamp(u64::MAX)));
    assert_eq!(clock.read(Timestamp(u64::MAX), Duration::ZERO), Some(Timestamp(u64::MAX)));
}

fn witness(number: u64, until: u64) -> Change {
    let digest = Digest::of(&number.to_string());
    Change::Witness { key: Key { partition: Partition(1), digest }, until: Timestamp(until) }
}

/// Remembers how much it was asked to forget.
struct Noting(MemoryStore, Mutex<Vec<usize>>);

impl Store for Noting {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(&self.0, commit)
    }
}

impl Purge for Noting {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.1.lock().unwrap().push(limit);
        self.0.purge_batch(now, limit)
    }
}

impl AsyncStore for Noting {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(self, lookup)
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(self, commit)
    }
}

impl AsyncPurge for Noting {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.purge_batch(now, limit)
    }
}

#[test]
fn a_store_is_purged_in_batches_and_not_at_all_by_a_clock_that_jumped() {
    for is_async in [false, true] {
        let store = Noting(MemoryStore::new(), Mutex::default());
        let mut clock = PurgeClock::new();
        let mut purge = |now, elapsed| match is_async {
            false => clock.purge(&store, Timestamp(now), Duration::from_secs(elapsed)).unwrap(),
            true => block_on(clock.purge_async(&store, Timestamp(now), Duration::from_secs(elapsed))).unwrap(),
        };
        let put = |number, until| Store::commit(&store, &Commit::of(witness(number, until))).unwrap();
        let many = 2 * PurgeClock::BATCH as u64 + 1;
        (0..many).for_each(|number| assert_eq!(put(number, NOW), Outcome::Applied));
        assert_eq!(put(many, NOW + HOUR), Outcome::Applied);

        assert_eq!(purge(NOW - 1, 0), Some(0));
        assert_eq!(purge(NOW + DAY, 1), None);
        assert_eq!(put(0, NOW), Outcome::Conflict(0), "nothing was forgotten");
        store.1.lock().unwrap().clear();
        assert_eq!(purge(NOW, 1), Some(2 * PurgeClock::BATCH + 1));
        assert_eq!(*store.1.lock().unwrap(), [PurgeClock::BATCH; 3]);
        assert_eq!(put(0, NOW), Outcome::Applied);
        assert_eq!(put(many, NOW + HOUR), Outcome::Conflict(0));
    }
}

#[test]
fn what_is_forgotten_in_batches_is_found_wherever_it_is() {
    let store = MemoryStore::new();
    let put = |partition: u16| {
        let key = Key { partition: Partition(partition), digest: Digest::of("once") };
        let change = Change::Witness { key, until: Timestamp(10) };
        Store::commit(&store, &Commit::of(change)).unwrap()
    };
    (0..200).for_each(|partition| assert_eq!(put(partition), Outcome::Applied));
    let batches: Vec<_> = (0..7).map(|_| store.purge_batch(Timestamp(10), 33).unwrap()).collect();
    assert_eq!(batches, [33, 33, 33, 33, 33, 33, 2]);
    (0..200).for_each(|partition| assert_eq!(put(partition), Outcome::Applied));
}

#[test]
fn what_stands_around_a_store_forgets_what_the_store_forgets() {
    fn purges(store: impl Purge + AsyncPurge) {
        assert_eq!(Store::commit(&store, &Commit::of(witness(1, 10))).unwrap(), Outcome::Applied);
        assert_eq!(Store::commit(&store, &Commit::of(witness(2, 10))).unwrap(), Outcome::Applied);
        assert_eq!(store.purge_batch(Timestamp(10), 1).unwrap(), 1);
        assert_eq!(block_on(store.purge_batch_async(Timestamp(10), 2)).unwrap(), 1);
    }
    let store = MemoryStore::new();
    purges(&store);
    purges(store);
    purges(std::sync::Arc::new(MemoryStore::new()));
    purges(Box::new(MemoryStore::new()));
    purges(WithClients { clients: |_: &ClientId| Ok(None), store: MemoryStore::new() });
}
