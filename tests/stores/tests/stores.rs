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

use grantor::store::contract::{Blocking, Contract, Violation};
use stores::{Fault, Flag, On, PgStore, Postgres, Shape, Sqlite, SqliteStore, all, reads_first};

fn of_sqlite() -> Contract<SqliteStore> {
    Contract::new().with_grants().with_purging().with_another(SqliteStore::another)
}

fn of_postgres() -> Contract<Blocking<PgStore>> {
    Contract::new().with_grants().with_purging().with_another_async(PgStore::another)
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
    let contract = Contract::new().with_grants().with_purging();
    contract.check_async(async || database.shown().await).await;
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
