//! The contract tells right stores in SQL from wrong ones, on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test tells its findings by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use grantor::Timestamp;
use grantor::model::{Digest, Key, Partition};
use grantor::store::contract::{Blocking, Contract, Violation};
use grantor::store::{AsyncStore as _, Change, Commit, Lookup, Outcome};
use stores::{
    BlockingStore, Fault, Flag, On, OneConnection, PgStore, Postgres, Shape, Sqlite, SqliteStore, all, reads_first,
};
use tempfile::TempDir;

fn of_sqlite() -> Contract<SqliteStore> {
    Contract::new().with_grants().with_purging().with_client_purging().with_another(SqliteStore::another)
}

fn of_postgres() -> Contract<Blocking<PgStore>> {
    Contract::new().with_grants().with_purging().with_client_purging().with_another_async(PgStore::another)
}

/// The rules that a store on SQLite breaks, of those that are meant.
fn on_sqlite(shape: Shape, is_meant: impl Fn(&str) -> bool) -> Vec<Violation> {
    let leaves = shape.has(Flag::NotEmpty);
    let database = Sqlite::new(shape);
    if leaves {
        assert!(of_sqlite().only(|rule| rule == BEFORE).violations(|| database.store()).is_empty());
    }
    of_sqlite().only(is_meant).violations(|| database.store())
}

/// The same on PostgreSQL.
async fn on_postgres(shape: Shape, is_meant: impl Fn(&str) -> bool) -> Vec<Violation> {
    let leaves = shape.has(Flag::NotEmpty);
    let database = Postgres::new(shape).await;
    if leaves {
        let before = of_postgres().only(|rule| rule == BEFORE);
        assert!(before.violations_async(async || database.store().await).await.is_empty());
    }
    let violations = of_postgres().only(is_meant).violations_async(async || database.store().await).await;
    database.drop().await;
    violations
}

/// A rule that leaves something in the store.
const BEFORE: &str = "what was issued is found with its grant";

/// How often what reads first is tried.
fn runs() -> usize {
    std::env::var("GRANTOR_STORES_RUNS").map_or(10, |runs| runs.parse().unwrap())
}

#[test]
fn the_right_store_on_sqlite_keeps_it() {
    assert_eq!(on_sqlite(Shape::default(), |_| true), []);
}

#[tokio::test]
async fn the_right_store_on_postgres_keeps_it() {
    assert_eq!(on_postgres(Shape::default(), |_| true).await, []);
}

#[tokio::test]
async fn the_store_that_the_documentation_shows_keeps_it() {
    let database = Postgres::new(Shape::default()).await;
    let contract = Contract::new().with_grants().with_purging().with_client_purging();
    let open = async || {
        database.empty().await;
        database.shown()
    };
    contract.check_async(open).await;
    database.drop().await;
}

#[test]
fn the_same_store_by_a_blocking_driver_keeps_it() {
    let (folder, mut files) = (TempDir::new().unwrap(), 0..);
    let contract = Contract::new().with_grants().with_purging().with_client_purging();
    contract.check(|| {
        let file = folder.path().join(files.next().unwrap().to_string());
        BlockingStore::new(OneConnection::open(&file).unwrap())
    });
}

#[tokio::test]
async fn processes_that_start_at_once_all_find_the_tables() {
    let database = Postgres::without_tables(Shape::default()).await;
    let create = || {
        let store = database.shown();
        tokio::spawn(async move { store.create_tables_async().await })
    };
    for created in (0..8).map(|_| create()).collect::<Vec<_>>() {
        assert_eq!(created.await.unwrap(), Ok(()));
    }
    let found = database.shown().lookup_async(&Lookup::of_client("app".parse().unwrap())).await.unwrap();
    assert_eq!(found.client(), None);
    database.drop().await;
}

/// The store waits for a key that somebody else has written, who then waits for one of the store's.
#[tokio::test]
async fn a_commit_that_was_given_up_for_a_deadlock_is_run_again_and_is_no_conflict() {
    const WITNESS: &str = "INSERT INTO witnesses (key, expires_at) VALUES ($1, 1000)";
    let database = Postgres::new(Shape::default()).await;
    let store = database.shown();
    let key = |number| Key { partition: Partition(7), digest: Digest::from_bytes([number; 32]) };
    let commit =
        Commit::new([1, 2].map(|number| Change::Witness { key: key(number), until: Timestamp(1000) })).unwrap();

    let other = database.connection().await;
    // Who waits for that long, and finds that it is a deadlock, is the one who is given up.
    other.batch_execute("SET deadlock_timeout = '60s'; BEGIN").await.unwrap();
    other.execute(WITNESS, &[&key(2).to_bytes().as_slice()]).await.unwrap();
    let committed = tokio::spawn(async move { store.commit_async(&commit).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    other.execute(WITNESS, &[&key(1).to_bytes().as_slice()]).await.unwrap();
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(committed.await.unwrap(), Ok(Outcome::Applied));
    drop(other);
    database.drop().await;
}

#[test]
fn each_fault_on_sqlite_is_found_by_the_rule_that_forbids_it() {
    let mut found = BTreeSet::new();
    let mut missed = Vec::new();
    for (number, fault) in all().iter().enumerate().filter(|(_, fault)| fault.on != On::Postgres) {
        let broken = on_sqlite(fault.shape(), |rule| rule == fault.rule);
        note(number, fault, &broken, &mut missed);
        found.insert(fault.rule);
    }
    assert!(missed.is_empty(), "{missed:#?}");
    // These need two that write at the same time.
    let others = of_sqlite().rules().filter(|rule| !found.contains(rule)).collect::<Vec<_>>();
    assert_eq!(
        others,
        [
            "a grant is kept as long as its longest extension, however these race",
            "what is extended in time is not forgotten, however they race",
        ]
    );
}

#[tokio::test]
async fn each_fault_on_postgres_is_found_by_the_rule_that_forbids_it() {
    let mut found = BTreeSet::new();
    let mut missed = Vec::new();
    for (number, fault) in all().iter().enumerate().filter(|(_, fault)| fault.on != On::Sqlite) {
        let broken = on_postgres(fault.shape().without(Flag::AsksOutside), |rule| rule == fault.rule).await;
        note(number, fault, &broken, &mut missed);
        found.insert(fault.rule);
    }
    assert!(missed.is_empty(), "{missed:#?}");
    let others = of_postgres().rules().filter(|rule| !found.contains(rule)).collect::<Vec<_>>();
    assert_eq!(others, [""; 0], "rules that have no fault to find");
}

fn note(number: usize, fault: &Fault, broken: &[Violation], missed: &mut Vec<String>) {
    match broken {
        [violation] => println!("{number}: {violation}"),
        _ => missed.push(format!("{number}: {}", fault.rule)),
    }
}

#[test]
fn what_reads_first_and_writes_later_is_found_on_sqlite_in_every_run() {
    in_every_run("SQLite", |fault, runs| {
        let database = Sqlite::new(fault.shape());
        let contract = of_sqlite().only(|rule| rule == fault.rule);
        (0..runs).filter(|_| !contract.violations(|| database.store()).is_empty()).count()
    });
}

#[test]
fn what_reads_first_and_writes_later_is_found_on_postgres_in_every_run() {
    in_every_run("PostgreSQL", |fault, runs| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = Postgres::new(fault.shape().without(Flag::AsksOutside)).await;
            let contract = of_postgres().only(|rule| rule == fault.rule);
            let mut found = 0;
            for _ in 0..runs {
                found += contract.violations_async(async || database.store().await).await.len();
            }
            database.drop().await;
            found
        })
    });
}

/// Counts in how many runs each of the faults is found; some side by side, since each waits for its database most of
/// the time.
fn in_every_run(database: &str, found: impl Fn(&Fault, usize) -> usize + Sync) {
    let (runs, faults) = (runs(), Mutex::new(reads_first().into_iter()));
    let work = || {
        while let Some(fault) = { faults.lock().unwrap().next() } {
            let found = found(&fault, runs);
            println!("{database}: {found} of {runs}: {}", fault.rule);
            assert_eq!(found, runs, "{}", fault.rule);
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
}
