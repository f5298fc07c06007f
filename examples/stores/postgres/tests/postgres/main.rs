//! The store against the PostgreSQL that `GRANTOR_POSTGRES` names; `tests/run stores` starts one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod database;
mod proxy;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use grantor::Timestamp;
use grantor::model::{ClientId, Digest, GrantId, Key, Partition};
use grantor::record::{Client, Credential, Grant};
use grantor::store::contract::Contract;
use grantor::store::{AsyncStore, Change, Commit, Lookup, Outcome};
use grantor_postgres::PostgresStore;

use database::Database;
use proxy::Proxy;

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    let contract = Contract::new().with_rounds(20).with_grants().with_purging().with_client_purging();
    contract.check_async(async || Database::new().await.store(16).await).await;
}

fn grant() -> Grant {
    let record = serde_json::json!({
        "version": 2, "id": GrantId::from_bytes([1; 18]), "client_id": "a", "subject": "alice",
        "grant_type": "authorization_code", "scope": "", "issued_at": 10,
    });
    serde_json::from_value(record).unwrap()
}

fn token(name: &str) -> Credential {
    let key = Key { partition: Partition(0x0101), digest: Digest::of(name) };
    let record = serde_json::json!({
        "version": 1, "revision": 0, "key": key, "grant": grant().id, "kind": "refresh_token", "scope": "",
        "issued_at": 10, "expires_at": 70,
    });
    serde_json::from_value(record).unwrap()
}

/// Opens the grant with these refresh tokens.
async fn log_in(store: &PostgresStore, names: &[&str]) {
    let open = Change::Open { grant: Arc::new(grant()), until: Timestamp(70) };
    let tokens = names.iter().map(|name| Change::Issue(Arc::new(token(name))));
    let commit = Commit::new(std::iter::once(open).chain(tokens)).unwrap();
    assert_eq!(store.commit_async(&commit).await.unwrap(), Outcome::Applied);
}

fn spend(names: &[&str]) -> Commit {
    let changes = names.iter().map(|name| Change::Spend { key: token(name).key, at: Timestamp(20) });
    Commit::new(changes).unwrap()
}

/// What a refresh writes.
fn rotate(old: &str, new: &[&str]) -> Commit {
    let extend = Change::Extend { grant: grant().id, until: Timestamp(90), at_most: 100 };
    let tokens = new.iter().map(|name| Change::Issue(Arc::new(token(name))));
    Commit::new(spend(&[old]).changes().iter().cloned().chain([extend]).chain(tokens)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_and_a_commit_cost_one_round_trip_each() {
    let database = Database::new().await;
    let proxy = Proxy::new().await;
    let store = proxy.store(&database).await;
    let client = Change::PutClient(Arc::new(Client::public(ClientId::parse("a").unwrap())));
    assert_eq!(store.commit_async(&Commit::of(client)).await.unwrap(), Outcome::Applied);
    log_in(&store, &["1"]).await;
    let lookup = Lookup::new(Some(ClientId::parse("a").unwrap()), [token("1").key]).unwrap();
    // The first of each kind prepares its statements.
    for (old, new) in [("1", ["2", "2a"]), ("2", ["3", "3a"]), ("3", ["4", "4a"])] {
        let before = proxy.round_trips();
        let found = store.lookup_async(&lookup).await.unwrap();
        assert!(found.client().is_some() && found.credential(token("1").key).is_some());
        let read = proxy.round_trips() - before;
        assert_eq!(store.commit_async(&rotate(old, &new)).await.unwrap(), Outcome::Applied);
        let written = proxy.round_trips() - before - read;
        assert_eq!(store.commit_async(&rotate(old, &["x", "y"])).await.unwrap(), Outcome::Conflict(0));
        let refused = proxy.round_trips() - before - read - written;
        if old != "1" {
            assert_eq!((read, written, refused), (1, 1, 1));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_meets_a_conflict_leaves_nothing_and_the_connection_is_good() {
    let store = Database::new().await.store(1).await;
    log_in(&store, &["1", "2"]).await;
    assert_eq!(store.commit_async(&spend(&["2"])).await.unwrap(), Outcome::Applied);
    assert_eq!(store.commit_async(&spend(&["1", "2"])).await.unwrap(), Outcome::Conflict(1));
    let found = store.lookup_async(&Lookup::of(token("1").key)).await.unwrap();
    assert_eq!(found.credential(token("1").key).unwrap().spent_at, None);
    assert_eq!(store.commit_async(&spend(&["1"])).await.unwrap(), Outcome::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_dropped_half_way_holds_up_nobody() {
    let store = Database::new().await.store(2).await;
    log_in(&store, &["0", "1", "2"]).await;
    assert_eq!(store.commit_async(&spend(&["0"])).await.unwrap(), Outcome::Applied); // its statement is prepared
    for polls in 1..8 {
        let commit = spend(&["1", "2"]);
        let mut dropped = Box::pin(store.commit_async(&commit));
        for _ in 0..polls {
            let is_ready = poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context).is_ready())).await;
            if is_ready {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(dropped);
        // Applied or not, as a whole; and neither lock nor transaction is left.
        let lookup = Lookup::new(None, [token("1").key, token("2").key]).unwrap();
        let outcome = store.commit_async(&spend(&["1", "2"])).await.unwrap();
        assert!(matches!(outcome, Outcome::Applied | Outcome::Conflict(0)), "{outcome:?}");
        let found = store.lookup_async(&lookup).await.unwrap();
        assert!(found.credentials().iter().all(|presented| presented.spent_at.is_some()), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_for_each_other_end() {
    let store = Arc::new(Database::new().await.store(16).await);
    for round in 0..50 {
        let names: Vec<_> = (0..4).map(|number| format!("{round}-{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        if round == 0 {
            log_in(&store, &names).await;
        } else {
            let issue = names.iter().map(|name| Change::Issue(Arc::new(token(name))));
            assert_eq!(store.commit_async(&Commit::new(issue).unwrap()).await.unwrap(), Outcome::Applied);
        }
        let backwards: Vec<_> = names.iter().rev().copied().collect();
        let racers = [spend(&names), spend(&backwards), spend(&names), spend(&backwards)].map(|commit| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit_async(&commit).await.unwrap() })
        });
        let mut applied = 0;
        for racer in racers {
            applied += usize::from(racer.await.unwrap() == Outcome::Applied);
        }
        assert_eq!(applied, 1, "in round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_unavailable() {
    let database = Database::new().await;
    let proxy = Proxy::new().await;
    let store = proxy.store(&database).await;
    log_in(&store, &["1"]).await;
    proxy.cut().await;
    assert!(store.lookup_async(&Lookup::of(token("1").key)).await.is_err());
    assert!(store.commit_async(&spend(&["1"])).await.is_err());
}
