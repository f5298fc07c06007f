//! A host's own tables in the same file, its clients, and what the store says of itself.

use grantor::model::ClientId;
use grantor::record::Client;
use grantor::store::{Change, Commit, Outcome, Store};
use grantor_sqlite::SqliteStore;

use crate::common::{fresh, witness};

#[test]
fn a_host_keeps_tables_of_its_own_beside() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("own.sqlite");
    let store = SqliteStore::open(&file).expect("a store");
    store
        .write(|it| it.execute_batch("CREATE TABLE sessions (id TEXT PRIMARY KEY); INSERT INTO sessions VALUES ('s')"))
        .expect("it is written");
    drop(store);
    let store = SqliteStore::open(&file).expect("the same store");
    let found: String =
        store.read(|it| it.query_row("SELECT id FROM sessions", [], |row| row.get(0))).expect("it is read");
    assert_eq!(found, "s");
    assert!(store.read(|it| it.execute("DELETE FROM sessions", [])).is_err(), "a read does not write");
}

#[tokio::test]
async fn both_ways_do_the_same_async() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    store.write_async(|it| it.execute_batch("CREATE TABLE own (number)")).await.expect("it is written");
    let rows = store.write_async(|it| it.execute("INSERT INTO own VALUES (1)", [])).await;
    assert_eq!(rows, Ok(1));
    let count = store.read_async(|it| it.query_row("SELECT count(*) FROM own", [], |row| row.get::<_, i64>(0))).await;
    assert_eq!(count, Ok(1));
}

/// Otherwise what two statements read might be from before and from after a write.
#[test]
fn a_read_is_of_one_moment() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let count =
        |it: &rusqlite::Connection| it.query_row("SELECT count(*) FROM witnesses", [], |row| row.get::<_, i64>(0));
    let writer = store.clone();
    let counts = store.read(move |it| {
        let before = count(it)?;
        assert_eq!(writer.commit(&Commit::of(witness(1))), Ok(Outcome::Applied));
        Ok((before, count(it)?))
    });
    assert_eq!(counts, Ok((0, 0)));
    assert_eq!(store.read(count), Ok(1));
}

#[test]
fn clients_are_listed_page_by_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let ids = ["b", "a", "d", "c"].map(|id| ClientId::parse(id).expect("a client id"));
    for id in &ids {
        let client = Client::public(id.clone());
        assert_eq!(store.commit(&Commit::of(Change::PutClient(client.into()))), Ok(Outcome::Applied));
    }
    let page = |after: Option<&ClientId>, limit| -> Vec<String> {
        let clients = store.clients(after, limit).expect("a page");
        clients.iter().map(|client| client.client_id.as_str().to_owned()).collect()
    };
    assert_eq!(page(None, 3), ["a", "b", "c"]);
    assert_eq!(page(Some(&ids[3]), 3), ["d"]);
    assert_eq!(page(Some(&ids[2]), usize::MAX), [""; 0]);
    assert_eq!(page(None, 0), [""; 0]);
}

#[test]
fn it_counts_what_it_does() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    for number in 0..3 {
        assert_eq!(store.commit(&Commit::of(witness(number))), Ok(Outcome::Applied));
    }
    store.purge(grantor::Timestamp(1000)).expect("a purge");
    let statistics = store.statistics();
    assert_eq!((statistics.commits, statistics.groups, statistics.rows_purged), (3, 3, 3));
    assert_eq!((statistics.waiting_commits, statistics.waiting_lookups, statistics.refused), (0, 0, 0));
    assert!(format!("{store:?}").contains("rows_purged: 3"), "{store:?}");
}
