//! What waits is bounded, and nobody waits for what he does not need.

use std::time::{Duration, Instant};

use grantor::store::{AsyncStore, Commit, Lookup, Outcome, Store};
use grantor_sqlite::SqliteStore;

use crate::common::{fresh, gate, key, poll, told, wait_until, witness};

/// How many may wait.
const WAITING: u16 = 1024;

#[test]
fn r96_a_write_that_finds_the_queue_full_is_refused_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let (open, work) = gate();
    let mut held = Box::pin(store.write_async(work));
    assert!(poll(&mut held).is_pending());
    wait_until(|| store.statistics().waiting_commits == 0);
    let commits: Vec<_> = (0..WAITING).map(|number| Commit::of(witness(number))).collect();
    let mut calls: Vec<_> = commits.iter().map(|commit| Box::pin(store.commit_async(commit))).collect();
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));

    let error = store.commit(&Commit::of(witness(WAITING))).expect_err("there is no room");
    assert_eq!(error.retry_after(), Some(1), "{error}");
    let error = store.write(|_| Ok(())).expect_err("nor for the host's own");
    assert_eq!(error.retry_after(), Some(1), "{error}");
    let statistics = store.statistics();
    assert_eq!((statistics.waiting_commits, statistics.refused), (usize::from(WAITING), 2));
    // Who reads is not hurt.
    assert!(store.lookup(&Lookup::of(key(1))).is_ok());

    drop(open);
    assert!(calls.into_iter().all(|call| told(call) == Ok(Outcome::Applied)));
    assert_eq!(store.commit(&Commit::of(witness(WAITING))), Ok(Outcome::Applied));
}

#[test]
fn a_read_that_finds_the_queue_full_is_refused_at_once_and_writes_go_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let (mut gates, mut held) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let (open, work) = gate();
        gates.push(open);
        held.push(Box::pin(store.read_async(work)));
    }
    assert!(held.iter_mut().all(|call| poll(call).is_pending()));
    wait_until(|| store.statistics().waiting_lookups == 0);
    let lookup = Lookup::of(key(1));
    let mut calls: Vec<_> = (0..WAITING).map(|_| Box::pin(store.lookup_async(&lookup))).collect();
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));

    let error = store.lookup(&lookup).expect_err("there is no room");
    assert_eq!(error.retry_after(), Some(1), "{error}");
    assert_eq!(store.commit(&Commit::of(witness(1))), Ok(Outcome::Applied));
    drop(gates);
    assert!(calls.into_iter().all(|call| told(call).is_ok()));
    assert!(store.lookup(&lookup).is_ok());
}

#[test]
fn a_read_that_panics_is_answered_and_its_thread_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    for _ in 0..8 {
        assert!(store.read::<()>(|_| panic!("on purpose")).is_err());
    }
    assert!((0..8).all(|_| store.lookup(&Lookup::of(key(1))).is_ok()));
}

/// Another process that holds the file makes 600 writers wait for it, once and not one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_held_elsewhere_stops_no_reader_and_no_writer_for_long() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("held.sqlite");
    let store = SqliteStore::open(&file).expect("a store");
    assert_eq!(store.commit_async(&Commit::of(witness(0))).await, Ok(Outcome::Applied));
    let other = rusqlite::Connection::open(&file).expect("another connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("it holds the file");

    let started = Instant::now();
    let writers: Vec<_> = (1..=600)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.commit_async(&Commit::of(witness(number))).await })
        })
        .collect();
    let mut reads = 0;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        store.lookup_async(&Lookup::of(key(0))).await.expect("it is read");
        reads += 1;
    }
    assert!(started.elapsed() < Duration::from_secs(20), "they waited one after the other");
    assert!(reads > 100, "{reads}");
    for writer in writers {
        let error = writer.await.expect("it does not panic").expect_err("the file is held");
        assert_eq!(error.retry_after(), Some(1), "{error}");
    }
    other.execute_batch("COMMIT").expect("it lets go");
    assert_eq!(store.commit_async(&Commit::of(witness(1))).await, Ok(Outcome::Applied));
}

/// A runtime has no part in it: nothing here is polled by tokio's rules.
#[tokio::test]
async fn a_blocking_call_works_within_a_runtime() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    assert!((0..1000).all(|_| store.lookup(&Lookup::of(key(1))).is_ok()));
}
