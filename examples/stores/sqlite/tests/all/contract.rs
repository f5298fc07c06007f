//! The storage contract, and that of people's grants, asked both ways.

use std::path::PathBuf;

use grantor::Answer;
use grantor::Timestamp;
use grantor::model::{Digest, Key, Partition};
use grantor::store::contract::Contract;
use grantor::store::{Change, Commit, Lookup, Outcome, Store};
use grantor_sqlite::SqliteStore;

use crate::common::fresh;

#[test]
fn r96_it_keeps_the_storage_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    Contract::new().with_grants().with_purging().with_client_purging().check(|| fresh(&directory));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_async_host_finds_it_keeps_the_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    let contract = Contract::new().with_grants().with_purging().with_client_purging();
    let contract = contract.with_spawn(|call| drop(tokio::spawn(call)));
    contract.check_async(async || fresh(&directory)).await;
}

/// A store that tells where it is.
struct At(PathBuf, SqliteStore);

impl At {
    fn open(path: PathBuf) -> Self {
        let store = SqliteStore::open(&path).expect("a store");
        Self(path, store)
    }
}

impl Store for At {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        self.1.lookup(lookup)
    }
    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        self.1.commit(commit)
    }
}

#[test]
fn several_handles_onto_one_file_keep_it_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let of_every_store: Vec<_> = Contract::<At>::new().rules().collect();
    let mut files = 0..;
    Contract::new()
        .with_another(|at: &At| At::open(at.0.clone()))
        .only(|rule| !of_every_store.contains(&rule))
        .check(|| At::open(directory.path().join(format!("handles-{:?}.sqlite", files.next()))));
}

#[test]
fn purging_at_the_end_of_time_keeps_what_never_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let key = Key { partition: Partition(1), digest: Digest::from_bytes([1; 32]) };
    let witness = || store.commit(&Commit::of(Change::Witness { key, until: Timestamp(u64::MAX) })).expect("an answer");
    assert_eq!(witness(), Outcome::Applied);
    store.purge(Timestamp(u64::MAX - 1)).expect("a purge");
    assert_eq!(witness(), Outcome::Conflict(0));
}
