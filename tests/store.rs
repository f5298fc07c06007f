//! Commits, the stores of this crate, and the records that they keep.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grantor::Unavailable;
use grantor::host::Host;
use grantor::model::{ClientId, Digest, GrantId, Key, Partition, Timestamp};
use grantor::record::{Client, Grant};
use grantor::store::{
    AsyncStore, Change, Commit, CommitError, Found, Lookup, MemoryStore, Outcome, Presented, Store, TooManyCredentials,
    WithClients,
};

use common::{World, block_on};

fn client(client_id: &str) -> Client {
    Client::public(ClientId::parse(client_id).unwrap())
}

fn witness(partition: u16) -> Change {
    let key = Key { partition: Partition(partition), digest: Digest::of("once") };
    Change::Witness { key, until: Timestamp(10) }
}

#[test]
fn a_commit_goes_to_one_place() {
    assert_eq!(Commit::new([witness(1), witness(2)]), Err(CommitError::Split));
    assert_eq!(Commit::new([witness(1), Change::PutClient(Arc::new(client("a")))]), Err(CommitError::Split));
    let clients = ["a", "b"].map(|id| Change::PutClient(Arc::new(client(id))));
    assert_eq!(Commit::new(clients), Err(CommitError::Split));
    assert!(Commit::new([witness(1), witness(1)]).is_ok());
}

#[test]
fn a_credential_lives_in_the_partition_of_its_grant() {
    let written = r#"{"version":1,"revision":0,"key":{"partition":7,"digest":
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"grant":"AAECAwQFBgcICQoLDA0ODxAR","kind":"refresh_token",
        "scope":"","issued_at":10,"expires_at":70}"#;
    let credential = Arc::new(serde_json::from_str(written).unwrap());
    assert_eq!(Commit::new([Change::Issue(credential)]), Err(CommitError::Split));
}

#[test]
fn a_commit_has_at_most_eight_changes() {
    assert!(Commit::new((0..8).map(|_| witness(1))).is_ok());
    assert_eq!(Commit::new((0..9).map(|_| witness(1))), Err(CommitError::TooMany));
}

#[test]
fn a_witness_is_forgotten_when_it_has_expired() {
    let store = MemoryStore::new();
    let seen = || Store::commit(&store, &Commit::of(witness(1))).unwrap();
    assert_eq!((seen(), seen()), (Outcome::Applied, Outcome::Conflict(0)));
    store.purge(Timestamp(9));
    assert_eq!(seen(), Outcome::Conflict(0));
    store.purge(Timestamp(10));
    assert_eq!(seen(), Outcome::Applied);
}

#[test]
fn a_credential_is_forgotten_with_its_grant_so_that_it_does_not_outlive_a_revocation() {
    let world = World::new();
    let (token, _) = world.tokens();
    let presented = world.presented(&token);
    let mut longer = (*presented.credential).clone();
    (longer.revision, longer.expires_at) = (1, Timestamp(u64::MAX));
    let commit = Commit::new([Change::Replace(Arc::new(longer)), Change::Revoke(presented.grant.id)]).unwrap();
    assert_eq!(Store::commit(&world.store, &commit).unwrap(), Outcome::Applied);
    assert!(world.presented(&token).revoked);
    world.store.purge(Timestamp(u64::MAX - 1));
    let found = Store::lookup(&world.store, &Lookup::of(presented.credential.key)).unwrap();
    assert!(found.credentials().is_empty());
}

/// Counts what it is asked.
struct Counting(MemoryStore, AtomicUsize);

impl Store for Counting {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        assert_eq!(lookup.client(), None, "the store is never asked for a client");
        self.1.fetch_add(1, Ordering::Relaxed);
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(&self.0, commit)
    }
}

impl AsyncStore for Counting {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(self, lookup)
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(self, commit)
    }
}

/// A store of which each method is asked blocking or async.
struct Asked<S>(S, bool);

impl<S: Store + AsyncStore> Store for Asked<S> {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        if self.1 { block_on(AsyncStore::lookup_async(&self.0, lookup)) } else { Store::lookup(&self.0, lookup) }
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        if self.1 { block_on(AsyncStore::commit_async(&self.0, commit)) } else { Store::commit(&self.0, commit) }
    }
}

#[test]
fn clients_kept_elsewhere_are_laid_over_a_store() {
    for is_async in [false, true] {
        let clients: HashMap<_, _> = ["a", "b"].map(client).map(|it| (it.client_id.clone(), Arc::new(it))).into();
        let store = Asked(WithClients { clients, store: Counting(MemoryStore::new(), AtomicUsize::new(0)) }, is_async);
        let find = |client_id: &str, credentials: &[Key]| {
            let client = Some(ClientId::parse(client_id).unwrap());
            Store::lookup(&store, &Lookup::new(client, credentials.iter().copied()).unwrap()).unwrap().client().cloned()
        };
        let asked = || store.0.store.1.load(Ordering::Relaxed);
        assert_eq!(find("a", &[]).unwrap().client_id.as_str(), "a");
        assert!(find("c", &[]).is_none());
        assert_eq!(asked(), 0, "a lookup of a client alone does not reach the store");
        let key = Key { partition: Partition(1), digest: Digest::of("token") };
        assert_eq!(find("b", &[key]).unwrap().client_id.as_str(), "b");
        assert_eq!(asked(), 1);
        assert!(Store::commit(&store, &Commit::of(Change::PutClient(Arc::new(client("c"))))).is_err());
        assert_eq!(Store::commit(&store, &Commit::of(witness(1))).unwrap(), Outcome::Applied);
    }
}

#[test]
fn a_store_that_is_asked_async_keeps_the_contract() {
    grantor::store::contract::check(|| Asked(MemoryStore::new(), true));
}

#[test]
fn clients_may_be_a_function_that_fails() {
    let clients = |_: &ClientId| Err(Unavailable::new("the table is locked"));
    let store = WithClients { clients, store: MemoryStore::new() };
    let lookup = Lookup::of_client(ClientId::parse("a").unwrap());
    assert!(Store::lookup(&store, &lookup).is_err());
}

#[test]
fn a_lookup_has_only_so_many_credentials_and_so_has_what_it_found() {
    let key = |number: u8| Key { partition: Partition(1), digest: Digest::from_bytes([number; 32]) };
    let keys = |count: usize| [1, 2, 3, 4, 5].into_iter().map(key).take(count);
    let most = Lookup::MAX_CREDENTIALS;
    let lookup = Lookup::new(None, keys(most)).unwrap();
    assert_eq!(lookup.credentials(), keys(most).collect::<Vec<_>>());
    assert_eq!(Lookup::new(None, keys(most + 1)), Err(TooManyCredentials));
    let credential = r#"{"version":1,"revision":0,"key":{"partition":1,"digest":
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"grant":"AAECAwQFBgcICQoLDA0ODxAR","kind":"refresh_token",
        "scope":"","issued_at":10,"expires_at":70}"#;
    let grant = r#"{"version":1,"id":"AAECAwQFBgcICQoLDA0ODxAR","client_id":"a","grant_type":"authorization_code",
        "scope":"","issued_at":10}"#;
    let (credential, grant) = (serde_json::from_str(credential).unwrap(), serde_json::from_str(grant).unwrap());
    let presented =
        Presented { credential: Arc::new(credential), spent_at: None, grant: Arc::new(grant), revoked: false };
    assert_eq!(Found::new(None, vec![presented.clone(); most]).unwrap().credentials().len(), most);
    assert_eq!(Found::new(None, vec![presented; most + 1]).unwrap_err(), TooManyCredentials);
}

#[test]
fn a_host_is_object_safe_and_a_store_is_a_host() {
    let host: Box<dyn Host> = Box::new(MemoryStore::new().with_client(client("a")));
    let lookup = Lookup::of_client(ClientId::parse("a").unwrap());
    assert!(host.lookup(&lookup).unwrap().client().is_some());
}

#[test]
fn records_are_read_as_they_were_written_and_newer_ones_are_refused() {
    // What version 1 wrote, kept as text so that no release forgets how to read it.
    let written = r#"{"version":1,"id":"AAECAwQFBgcICQoLDA0ODxAR","client_id":"a","subject":"alice",
        "grant_type":"authorization_code","scope":"read write","issued_at":10}"#;
    let grant: Grant = serde_json::from_str(written).unwrap();
    assert_eq!(grant.id, GrantId::parse("AAECAwQFBgcICQoLDA0ODxAR").unwrap());
    assert_eq!(serde_json::from_str::<Grant>(&serde_json::to_string(&grant).unwrap()).unwrap(), grant);
    let newer = written.replace("\"version\":1", "\"version\":3");
    assert!(serde_json::from_str::<Grant>(&newer).unwrap_err().to_string().contains("version 3"));

    let written = r#"{"version":1,"revision":0,"client_id":"a","authentication":{"secret":
        {"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","presented":"client_secret_basic"}},
        "redirect_uris":["https://client.example/cb"],"grant_types":["authorization_code","urn:example:assertion"],
        "response_types":["code"],"scope":"read","require_pkce":true,"require_redirect_uri":true}"#;
    let client: Client = serde_json::from_str(written).unwrap();
    assert_eq!(serde_json::from_str::<Client>(&serde_json::to_string(&client).unwrap()).unwrap(), client);

    let written = r#"{"version":1,"revision":0,"key":{"partition":1,"digest":
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"grant":"AAECAwQFBgcICQoLDA0ODxAR","kind":"authorization_code",
        "redirect_uri":"https://client.example/cb","code_challenge":{"method":"S256","digest":
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"scope":"","issued_at":10,"expires_at":70}"#;
    let credential: grantor::record::Credential = serde_json::from_str(written).unwrap();
    let again = serde_json::to_string(&credential).unwrap();
    assert_eq!(serde_json::from_str::<grantor::record::Credential>(&again).unwrap(), credential);
}
