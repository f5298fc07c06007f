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

#[path = "common/executor.rs"]
#[allow(dead_code, reason = "it has more than is needed here")]
mod executor;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grantor::host::Host;
use grantor::model::{ClientId, Digest, Key, Partition};
use grantor::record::{Client, Credential, Grant, PendingRequest};
use grantor::store::{
    Application, AsyncGrantStore, AsyncStore, BoxedStore, Change, Commit, CommitError, Found, GrantStore, GrantsOf,
    Lookup, MemoryStore, Outcome, Presented, RequestKey, Store, TooManyCredentials, WithClients,
};
use grantor::{Timestamp, Unavailable};

use executor::block_on;

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

/// Records of partition 1, as a store reads them.
const GRANT: &str = r#"{"version":2,"id":"AAECAwQFBgcICQoLDA0ODxAR","client_id":"a","subject":"alice",
    "grant_type":"authorization_code","scope":"","issued_at":10}"#;
const CREDENTIAL: &str = r#"{"version":1,"revision":0,"key":{"partition":1,"digest":
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"grant":"AAECAwQFBgcICQoLDA0ODxAR","kind":"refresh_token",
    "scope":"","issued_at":10,"expires_at":70}"#;
const REQUEST: &str = r#"{"version":1,"revision":0,"key":{"partition":1,"digest":
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"user_code":{"partition":1,"digest":
    "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"client_id":"a","kind":"pushed","redirect_uri":
    "https://client.example/cb","redirect_uri_sent":true,"response_type":"code","present_until":40,"scope":"",
    "issued_at":10,"expires_at":70}"#;

fn grant() -> Grant {
    serde_json::from_str(GRANT).unwrap()
}

fn credential() -> Credential {
    serde_json::from_str(CREDENTIAL).unwrap()
}

fn request() -> PendingRequest {
    serde_json::from_str(REQUEST).unwrap()
}

/// A store with the grant, kept until 70, and its credential.
fn logged_in() -> MemoryStore {
    let store = MemoryStore::new();
    let open = Change::Open { grant: Arc::new(grant()), until: Timestamp(70) };
    let commit = Commit::new([open, Change::Issue(Arc::new(credential()))]).unwrap();
    assert_eq!(Store::commit(&store, &commit).unwrap(), Outcome::Applied);
    store
}

#[test]
fn a_credential_lives_in_the_partition_of_its_grant() {
    let mut credential = credential();
    assert!(Commit::new([Change::Issue(Arc::new(credential.clone()))]).is_ok());
    credential.key.partition = Partition(7);
    assert_eq!(Commit::new([Change::Issue(Arc::new(credential.clone()))]), Err(CommitError::Split));
    assert_eq!(Commit::new([Change::Replace(Arc::new(credential))]), Err(CommitError::Split));
}

#[test]
fn both_keys_of_a_request_are_in_one_partition() {
    let mut request = request();
    assert!(Commit::new([Change::PutRequest(Arc::new(request.clone()))]).is_ok());
    request.key.partition = Partition(7);
    assert_eq!(Commit::new([Change::PutRequest(Arc::new(request))]), Err(CommitError::Split));
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
fn what_ends_at_the_end_of_time_is_not_forgotten_then_either() {
    let store = MemoryStore::new();
    let key = Key { partition: Partition(1), digest: Digest::of("once") };
    let seen = |until| Store::commit(&store, &Commit::of(Change::Witness { key, until: Timestamp(until) })).unwrap();
    assert_eq!(seen(u64::MAX), Outcome::Applied);
    store.purge(Timestamp(u64::MAX));
    assert_eq!(seen(u64::MAX), Outcome::Conflict(0));
}

#[test]
fn an_outage_is_made_of_any_error_by_two_question_marks_and_stays_what_it_was() {
    type Failed = Box<dyn std::error::Error + Send + Sync>;
    let parsed = |text: &str| -> Result<u64, Failed> { Ok(text.parse()?) };
    let asked = |text: &str| -> Result<u64, Unavailable> { Ok(parsed(text)?) };
    assert_eq!(asked("7"), Ok(7));
    assert_eq!(asked("x").unwrap_err().to_string(), "unavailable: invalid digit found in string");
    let busy = Unavailable::new("busy").with_retry_after(3);
    let again = |busy: &Unavailable| -> Result<(), Failed> { Err(busy.clone())? };
    let outer = |busy: &Unavailable| -> Result<(), Unavailable> { Ok(again(busy)?) };
    assert_eq!(outer(&busy), Err(busy));
}

#[test]
fn a_credential_is_forgotten_with_its_grant_so_that_it_does_not_outlive_a_revocation() {
    let store = logged_in();
    let mut longer = credential();
    (longer.revision, longer.expires_at) = (1, Timestamp(u64::MAX));
    let commit = Commit::new([Change::Replace(Arc::new(longer)), Change::Revoke(grant().id)]).unwrap();
    assert_eq!(Store::commit(&store, &commit).unwrap(), Outcome::Applied);
    let find = || Store::lookup(&store, &Lookup::of(credential().key)).unwrap().credential(credential().key).cloned();
    assert!(find().unwrap().revoked);
    store.purge(Timestamp(u64::MAX - 1));
    assert!(find().is_none());
}

#[test]
fn a_request_is_forgotten_when_it_has_expired_and_its_user_code_is_free_again() {
    let store = MemoryStore::new();
    let put = |request| Store::commit(&store, &Commit::of(Change::PutRequest(Arc::new(request)))).unwrap();
    let find = |key| Store::lookup(&store, &Lookup::of_request(key)).unwrap().request(key).is_some();
    let user_code = RequestKey::UserCode(request().user_code.unwrap());
    let mut other = request();
    (other.key.digest, other.expires_at) = (Digest::of("other"), Timestamp(90));
    assert_eq!(put(request()), Outcome::Applied);
    store.purge(Timestamp(69));
    assert!(find(user_code) && find(RequestKey::Key(request().key)));
    assert_eq!(put(other.clone()), Outcome::Conflict(0));
    store.purge(Timestamp(70));
    assert!(!find(user_code) && !find(RequestKey::Key(request().key)));
    assert_eq!(put(other.clone()), Outcome::Applied);
    assert!(find(user_code) && find(RequestKey::Key(other.key)));
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
        if self.1 { block_on(self.0.lookup_async(lookup)) } else { Store::lookup(&self.0, lookup) }
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        if self.1 { block_on(self.0.commit_async(commit)) } else { Store::commit(&self.0, commit) }
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
        let lookup = Lookup::of_client(ClientId::parse("a").unwrap()).with_request(RequestKey::Key(key));
        assert_eq!(Store::lookup(&store, &lookup).unwrap().client().unwrap().client_id.as_str(), "a");
        assert_eq!(asked(), 2, "a request is kept in the store");
        assert!(Store::commit(&store, &Commit::of(Change::PutClient(Arc::new(client("c"))))).is_err());
        assert_eq!(Store::commit(&store, &Commit::of(witness(1))).unwrap(), Outcome::Applied);
    }
}

#[test]
fn a_store_that_is_asked_async_keeps_the_contract() {
    grantor::store::contract::check(|| Asked(MemoryStore::new(), true));
    grantor::store::contract::check(|| Asked(Boxed(BoxedStore::new(MemoryStore::new())), true));
}

/// A store whose type is forgotten.
struct Boxed(BoxedStore);

impl Store for Boxed {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        block_on(self.0.lookup_async(lookup))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        block_on(self.0.commit_async(commit))
    }
}

impl AsyncStore for Boxed {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        self.0.lookup_async(lookup).await
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        self.0.commit_async(commit).await
    }
}

#[test]
fn what_stands_around_a_store_lists_what_the_store_lists() {
    fn lists(store: impl GrantStore + AsyncGrantStore) {
        let (alice, now) = (GrantsOf::Subject("alice".parse().unwrap()), Timestamp(20));
        let lines = store.applications(alice.subject().unwrap(), None, 10, now).unwrap();
        assert_eq!(lines.iter().map(|line| line.client_id.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(block_on(store.applications_async(alice.subject().unwrap(), None, 10, now)).unwrap(), lines);
        assert_eq!(block_on(store.held_grants_async(&alice, None, 10, now)).unwrap().len(), 1);
        assert_eq!(store.held_grants(&alice, None, 10, now).unwrap()[0].refresh_tokens, 1);
        assert_eq!(store.revoke_grants(&alice, now).unwrap(), 1);
        assert_eq!(block_on(store.revoke_grants_async(&alice, now)).unwrap(), 0, "it is revoked");
    }
    lists(logged_in());
    let store = logged_in();
    lists(&store);
    lists(Arc::new(logged_in()));
    lists(Box::new(logged_in()));
    lists(WithClients { clients: |_: &ClientId| Ok(None), store: logged_in() });
}

#[test]
fn applications_have_the_names_of_the_clients_that_are_kept_elsewhere() {
    let named = |client_id: &ClientId| {
        let mut client = Client::public(client_id.clone());
        client.client_name = Some("A program".to_owned());
        Ok(Some(Arc::new(client)))
    };
    let store = WithClients { clients: named, store: logged_in() };
    let (alice, now) = ("alice".parse().unwrap(), Timestamp(20));
    let names = |lines: Vec<Application>| lines.into_iter().map(|line| line.client_name).collect::<Vec<_>>();
    let expected = [Some("A program".to_owned())];
    assert_eq!(names(store.applications(&alice, None, 10, now).unwrap()), expected);
    assert_eq!(names(block_on(store.applications_async(&alice, None, 10, now)).unwrap()), expected);
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
    let presented =
        Presented { credential: Arc::new(credential()), spent_at: None, grant: Arc::new(grant()), revoked: false };
    assert_eq!(Found::new(None, vec![presented.clone(); most]).unwrap().credentials().len(), most);
    assert_eq!(Found::new(None, vec![presented; most + 1]).unwrap_err(), TooManyCredentials);
}

#[test]
fn a_host_is_object_safe_and_a_store_is_a_host() {
    let host: Box<dyn Host> = Box::new(MemoryStore::new().with_client(client("a")));
    let lookup = Lookup::of_client(ClientId::parse("a").unwrap());
    assert!(host.lookup(&lookup).unwrap().client().is_some());
}
