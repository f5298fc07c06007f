//! A store in SQL by a driver that does as it is told: what becomes of a conflict, and what is tried again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test tells its findings by panicking"
)]

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use grantor::model::{Digest, GrantId, Key, Partition};
use grantor::store::sql::{AsyncDriver, Driver, Failed, Row, SqlStore, Statement, Value};
use grantor::store::{
    AsyncGrantStore, AsyncPurge, AsyncPurgeClients, AsyncStore, Change, Commit, GrantStore, GrantsOf, Lookup, Outcome,
    Purge, PurgeClients, Store,
};
use grantor::{Timestamp, Unavailable};

type Answer = Result<Vec<u64>, &'static str>;

/// What the driver answers to the next calls, and the names of the statements that it ran.
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    ran: Mutex<Vec<String>>,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), ran: Mutex::default() }
    }

    fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap().clone()
    }
}

impl Driver for Script {
    fn query(&self, statement: &Statement) -> Result<Vec<Row>, Failed> {
        // Each number stands for a row that nobody can read.
        Ok(vec![vec![Value::Integer(None)]; self.write(std::slice::from_ref(statement))?.len()])
    }

    fn write(&self, statements: &[Statement]) -> Result<Vec<u64>, Failed> {
        let names: Vec<_> = statements.iter().map(Statement::name).collect();
        self.ran.lock().unwrap().push(names.join(", "));
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(Vec::new())).map_err(Failed::from)
    }

    fn wants_another_try(&self, error: &Failed) -> bool {
        error.to_string() == "deadlock"
    }
}

/// The same, asked async.
struct Async(Script);

impl AsyncDriver for Async {
    async fn query_async(&self, statement: &Statement) -> Result<Vec<Row>, Failed> {
        self.0.query(statement)
    }

    async fn write_async(&self, statements: &[Statement]) -> Result<Vec<u64>, Failed> {
        self.0.write(statements)
    }

    fn wants_another_try(&self, error: &Failed) -> bool {
        self.0.wants_another_try(error)
    }
}

fn blocking(answers: impl IntoIterator<Item = Answer>) -> SqlStore<Script> {
    SqlStore::new(Script::new(answers))
}

fn in_async(answers: impl IntoIterator<Item = Answer>) -> SqlStore<Async> {
    SqlStore::new(Async(Script::new(answers)))
}

fn at_once<T>(future: impl Future<Output = T> + Send) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the driver waits for nobody"),
    }
}

const DEADLOCK: Answer = Err("deadlock");
const NOW: Timestamp = Timestamp(100);

/// A mark, which has a precondition, and a revocation, which has none.
fn commit() -> Commit {
    let key = Key { partition: Partition(0), digest: Digest::from_bytes([1; 32]) };
    Commit::new([Change::Revoke(GrantId::from_bytes([0; 18])), Change::Spend { key, at: NOW }]).unwrap()
}

/// Commits by a driver that answers so, blocking and async; and how often it was asked.
fn committed(answers: &[Answer]) -> (Result<Outcome, Unavailable>, usize) {
    let (store, other) = (blocking(answers.iter().cloned()), in_async(answers.iter().cloned()));
    let outcome = store.commit(&commit());
    assert_eq!(at_once(other.commit_async(&commit())), outcome);
    assert_eq!(other.driver().0.ran(), store.driver().ran());
    (outcome, store.driver().ran().len())
}

#[test]
fn a_precondition_that_does_not_hold_is_a_conflict_of_that_change() {
    assert_eq!(committed(&[Ok(vec![1, 1])]).0, Ok(Outcome::Applied));
    assert_eq!(committed(&[Ok(vec![0, 1])]).0, Ok(Outcome::Applied), "a revocation has no precondition");
    assert_eq!(committed(&[Ok(vec![1, 0])]).0, Ok(Outcome::Conflict(1)));
}

#[test]
fn a_driver_that_runs_a_part_and_tells_of_no_conflict_is_not_believed() {
    assert!(committed(&[Ok(vec![1])]).0.is_err());
    assert!(committed(&[Ok(Vec::new())]).0.is_err());
}

#[test]
fn what_the_database_gave_up_is_run_again_and_at_most_four_times() {
    assert_eq!(committed(&[DEADLOCK, DEADLOCK, DEADLOCK, Ok(vec![1, 1])]), (Ok(Outcome::Applied), 4));
    assert_eq!(committed(&[DEADLOCK, Ok(vec![1, 0])]), (Ok(Outcome::Conflict(1)), 2));
    let down = Err(Unavailable::new("deadlock"));
    assert_eq!(committed(&[DEADLOCK, DEADLOCK, DEADLOCK, DEADLOCK, Ok(vec![1, 1])]), (down, 4));
}

#[test]
fn what_may_have_been_written_is_not_run_again() {
    let down = Err(Unavailable::new("the connection broke"));
    assert_eq!(committed(&[Err("the connection broke"), Ok(vec![1, 1])]), (down, 1));
}

#[test]
fn a_purge_goes_through_the_tables_until_there_are_so_many_and_each_is_a_transaction() {
    let store = blocking([Ok(vec![3]), DEADLOCK, Ok(vec![0]), Ok(vec![2]), Ok(vec![1])]);
    assert_eq!(store.purge_batch(NOW, 10), Ok(6));
    let by_key = "purge_batch: credentials, requests and witnesses";
    assert_eq!(store.driver().ran(), [by_key, by_key, by_key, by_key, "purge_batch: grants"]);
    assert_eq!(blocking([Ok(vec![3])]).purge_clients(NOW, 10), Ok(3));
    let store = in_async([Ok(vec![3]), Ok(vec![4])]);
    assert_eq!(at_once(store.purge_batch_async(NOW, 10)), Ok(7));
    let store = in_async([DEADLOCK, Ok(vec![3])]);
    assert_eq!(at_once(store.purge_clients_async(NOW, 10)), Ok(3));
}

#[test]
fn rows_of_another_shape_are_an_outage_and_none_is_nothing() {
    let (lookup, of) = (Lookup::of_client("app".parse().unwrap()), GrantsOf::Client("app".parse().unwrap()));
    let empty = blocking([]);
    assert_eq!(empty.lookup(&lookup).unwrap().client(), None);
    assert!(empty.held_grants(&of, None, 10, NOW).unwrap().is_empty());
    let other = blocking([Ok(vec![1]), Ok(vec![1])]);
    assert!(other.lookup(&lookup).is_err());
    assert!(other.held_grants(&of, None, 10, NOW).is_err());
    let store = in_async([DEADLOCK]);
    assert_eq!(at_once(store.lookup_async(&lookup)).unwrap().client(), None);
    assert!(at_once(store.held_grants_async(&of, None, 10, NOW)).unwrap().is_empty());
}

#[test]
fn the_tables_are_created_by_one_transaction_that_begins_with_a_lock() {
    let store = blocking([]);
    store.create_tables().unwrap();
    let other = in_async([]);
    at_once(other.create_tables_async()).unwrap();
    for ran in [store.driver().ran(), other.driver().0.ran()] {
        assert_eq!(ran.len(), 1);
        assert!(ran[0].starts_with("create_tables"), "{ran:?}");
    }
}
