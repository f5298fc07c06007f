//! Forgetting beside traffic, and giving the room back.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use grantor::Timestamp;
use grantor::store::{Commit, Outcome, Store};
use grantor_sqlite::SqliteStore;

use crate::common::witness;

/// Has so many witnesses in it, with random keys, that have expired.
fn fill(store: &SqliteStore, rows: u32) {
    let insert = "
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
        INSERT INTO witnesses SELECT random() & 65535, randomblob(32), 500 FROM n";
    assert_eq!(store.write(move |it| it.execute(insert, [rows])), Ok(rows as usize));
}

/// Commits so many pages.
fn write_pages(store: &SqliteStore, pages: u32) {
    let insert = "
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
        INSERT INTO witnesses SELECT random() & 65535, randomblob(3500), 1 << 40 FROM n";
    assert_eq!(store.write(move |it| it.execute(insert, [pages])), Ok(pages as usize));
}

/// The length at which a log is cut: 256 MB, and what a commit may add.
const LONG: u64 = 270 << 20;

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.len())
}

fn rows(store: &SqliteStore) -> i64 {
    store.read(|it| it.query_row("SELECT count(*) FROM witnesses", [], |row| row.get(0))).expect("they are counted")
}

#[test]
fn commits_get_in_between_and_the_file_shrinks() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("full.sqlite");
    let store = SqliteStore::open(&file).expect("a store");
    fill(&store, 60_000);
    drop(store);
    let store = SqliteStore::open(&file).expect("the same store");
    let full = length(&file);

    let is_purged = AtomicBool::new(false);
    let meanwhile = thread::scope(|scope| {
        let commits = scope.spawn(|| {
            let mut commits = 0;
            while !is_purged.load(Ordering::Relaxed) {
                let commit = Commit::of(witness(commits));
                assert_eq!(store.commit(&commit), Ok(Outcome::Applied));
                commits += 1;
                // Each takes a place among the rows that go, and keeps its page. There are to be few.
                thread::sleep(Duration::from_millis(5));
            }
            commits
        });
        store.purge(Timestamp(999)).expect("it is purged");
        is_purged.store(true, Ordering::Relaxed);
        commits.join().expect("no commit fails")
    });
    assert!(meanwhile > 10, "{meanwhile} commits got in between");
    assert_eq!(rows(&store), i64::from(meanwhile));
    assert_eq!(store.statistics().rows_purged, 60_000);
    let log = directory.path().join("full.sqlite-wal");
    assert!(length(&log) <= 36 << 20, "the log has {} bytes", length(&log));
    drop(store);
    assert!(length(&file) < full / 3, "{} of {full} bytes are left, with {meanwhile} rows", length(&file));
    let store = SqliteStore::open(&file).expect("nothing is damaged");
    assert_eq!(rows(&store), i64::from(meanwhile));
}

/// Whatever the pace of its slices is, a batch has so many records as were asked for.
#[test]
fn a_batch_is_as_large_as_it_is_to_be() {
    use grantor::store::Purge as _;
    let directory = tempfile::tempdir().expect("a directory");
    let store = crate::common::fresh(&directory);
    fill(&store, 3000);
    assert_eq!(store.purge_batch(Timestamp(1000), 0), Ok(0));
    assert_eq!(store.purge_batch(Timestamp(1000), 1), Ok(1));
    assert_eq!(store.purge_batch(Timestamp(1000), 500), Ok(500));
    assert_eq!(store.purge_batch(Timestamp(1000), usize::MAX), Ok(2499));
    assert_eq!(store.purge_batch(Timestamp(1000), 500), Ok(0));
}

/// Callers who never pause add to the log while it is folded in.
#[test]
fn a_log_stays_short_while_commits_go_on() {
    const EACH: u32 = 38;
    const PAGES: u32 = 250;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("busy.sqlite");
    let store = SqliteStore::open(&file).expect("a store");
    thread::scope(|scope| {
        for _ in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for _ in 0..EACH {
                    write_pages(store, PAGES);
                }
            });
        }
    });
    let log = directory.path().join("busy.sqlite-wal");
    assert!(length(&log) <= LONG, "the log has {} bytes", length(&log));
    assert!(length(&file) > 1 << 20, "some of it is in the file: {} bytes", length(&file));
    drop(store);
    assert_eq!(length(&log), 0, "all of it is in the file");
    assert_eq!(rows(&SqliteStore::open(&file).expect("nothing is damaged")), i64::from(8 * EACH * PAGES));
}

/// One that reads for long keeps the log from being folded in. It is cut when he is done.
#[test]
fn a_log_that_grew_is_cut() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("log.sqlite");
    let store = SqliteStore::open(&file).expect("a store");
    let log = directory.path().join("log.sqlite-wal");
    let reader = rusqlite::Connection::open(&file).expect("a reader");
    reader.execute_batch("BEGIN; SELECT count(*) FROM witnesses").expect("it reads");
    for _ in 0..36 {
        write_pages(&store, 2000);
    }
    assert!(length(&log) > LONG, "the log has {} bytes", length(&log));
    store.purge(Timestamp(1)).expect("nothing has expired, and the log is left alone");
    reader.execute_batch("COMMIT").expect("it is done");
    store.purge(Timestamp(1)).expect("nothing has expired");
    assert!(length(&log) <= 256 << 20, "the log has {} bytes", length(&log));
}

#[test]
fn a_purge_gives_way_to_another_process_that_holds_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("held.sqlite");
    let store = SqliteStore::open(&file).expect("a store");
    fill(&store, 10);
    let other = rusqlite::Connection::open(&file).expect("another connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("it holds the file");
    let error = store.purge(Timestamp(1000)).expect_err("it can be repeated");
    assert_eq!(error.retry_after(), Some(1), "{error}");
    other.execute_batch("COMMIT").expect("it lets go");
    store.purge(Timestamp(1000)).expect("it is purged");
    assert_eq!(rows(&store), 0);
}
