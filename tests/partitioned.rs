//! One store on several servers: it keeps the contract, asks servers at once, and says so if one does not answer.
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
#[path = "../examples/common/map_store.rs"]
mod map_store;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use grantor::model::{ClientId, Digest, Key, Partition, Subject};
use grantor::record::{Client, Credential, Grant};
use grantor::store::contract::{Contract, check, check_async};
use grantor::store::{
    AsyncGrantStore, AsyncPurge, AsyncStore, Change, Commit, Found, GrantCursor, GrantStore, GrantsOf, HeldGrant,
    Lookup, MemoryStore, Outcome, Partitioned, Purge, Route, Store,
};
use grantor::{Timestamp, Unavailable};

use executor::{block_on, turn_over};
use map_store::MapStore;

/// The partition in the middle of each quarter of all partitions.
const QUARTERS: [u16; 4] = [0x2000, 0x6000, 0xA000, 0xE000];

fn in_memory(servers: usize) -> Partitioned<MemoryStore> {
    Partitioned::new((0..servers).map(|_| MemoryStore::new()))
}

#[test]
fn it_keeps_the_contract() {
    // So many that whatever a rule writes is on several.
    check(|| Partitioned::new((0..16_384).map(|_| MapStore::default())));
    for servers in [1, 3] {
        Contract::new().with_grants().with_purging().check(|| in_memory(servers));
    }
    block_on(check_async(async || in_memory(2)));
}

#[test]
fn servers_divide_the_partitions_into_ranges_and_twice_as_many_halve_them() {
    let (three, six) = (in_memory(3), in_memory(6));
    let at = |store: &Partitioned<MemoryStore>, partition| store.index(Route::Partition(Partition(partition)));
    let bounds = [0, 0x5555, 0x5556, 0xAAAA, 0xAAAB, 0xFFFF];
    assert_eq!(bounds.map(|partition| at(&three, partition)), [0, 0, 1, 1, 2, 2]);
    assert!((0..=u16::MAX).all(|partition| at(&six, partition) / 2 == at(&three, partition)));
    let clients: Vec<_> = (0..1000).map(|number| ClientId::parse(&format!("client-{number}")).unwrap()).collect();
    assert!(clients.iter().all(|id| six.index(Route::Client(id)) / 2 == three.index(Route::Client(id))));
    for server in 0..3 {
        let share = clients.iter().filter(|id| three.index(Route::Client(id)) == server).count();
        assert!((250..420).contains(&share), "{share} of 1000 clients are on server {server}");
    }
}

/// A server that may be down, and that answers a lookup only once this many are under way.
struct Server {
    store: MemoryStore,
    is_down: bool,
    meets: usize,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn new() -> Self {
        Self { store: MemoryStore::new(), is_down: false, meets: 0, asked: Arc::default() }
    }

    fn store(&self) -> Result<&MemoryStore, Unavailable> {
        if self.is_down { Err(Unavailable::new("this server is down")) } else { Ok(&self.store) }
    }
}

impl Store for Server {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(self.store()?, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(self.store()?, commit)
    }
}

impl AsyncStore for Server {
    async fn lookup_async(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        for _ in 0..10 {
            turn_over().await;
        }
        assert!(self.asked.load(Ordering::SeqCst) >= self.meets, "the others were not asked meanwhile");
        Store::lookup(self, lookup)
    }
    async fn commit_async(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(self, commit)
    }
}

impl GrantStore for Server {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.store()?.held_grants(of, after, limit, now)
    }
}

impl AsyncGrantStore for Server {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.held_grants(of, after, limit, now)
    }
}

impl Purge for Server {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.store()?.purge_batch(now, limit)
    }
}

impl AsyncPurge for Server {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.purge_batch(now, limit)
    }
}

fn client(client_id: &str) -> Client {
    Client::public(ClientId::parse(client_id).unwrap())
}

fn grant(partition: u16, client_id: &str) -> Grant {
    let mut id = [7; 18];
    id[..2].copy_from_slice(&partition.to_be_bytes());
    let id = grantor::model::GrantId::from_bytes(id);
    let record = serde_json::json!({
        "version": 2, "id": id, "client_id": client_id, "subject": "alice", "grant_type": "authorization_code",
        "scope": "", "issued_at": 10,
    });
    serde_json::from_value(record).unwrap()
}

fn refresh_token(grant: &Grant) -> Credential {
    let key = Key { partition: grant.id.partition(), digest: Digest::of("a refresh token") };
    let record = serde_json::json!({
        "version": 1, "revision": 0, "key": key, "grant": grant.id, "kind": "refresh_token", "scope": "",
        "issued_at": 10, "expires_at": 70,
    });
    serde_json::from_value(record).unwrap()
}

/// Opens a grant with a refresh token in each quarter, and returns the keys of these.
fn log_in(store: &impl Store) -> Vec<Key> {
    let clients = ["d", "a", "c", "b"];
    let log_in = |(partition, client_id)| {
        let grant = grant(partition, client_id);
        let token = refresh_token(&grant);
        let key = token.key;
        let open = Change::Open { grant: Arc::new(grant), until: Timestamp(70) };
        let commit = Commit::new([open, Change::Issue(Arc::new(token))]).unwrap();
        assert_eq!(store.commit(&commit).unwrap(), Outcome::Applied);
        key
    };
    QUARTERS.into_iter().zip(clients).map(log_in).collect()
}

/// Four servers, of which those at some indices are down after people have logged in.
fn with_down(down: &[usize]) -> (Partitioned<Server>, Vec<Key>) {
    let mut servers: Vec<_> = (0..4).map(|_| Server::new()).collect();
    let keys = log_in(&Partitioned::new(&servers));
    down.iter().for_each(|index| servers[*index].is_down = true);
    (Partitioned::new(servers), keys)
}

#[test]
fn a_lookup_asks_all_servers_that_it_needs_at_once_and_no_other() {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = || Server { meets: 3, asked: Arc::clone(&asked), ..Server::new() };
    let store = Partitioned::new([(); 4].map(|()| server()));
    let keys = log_in(&store);
    let id = ClientId::parse("printer").unwrap();
    assert_eq!(
        Store::commit(&store, &Commit::of(Change::PutClient(Arc::new(client("printer"))))).unwrap(),
        Outcome::Applied
    );
    // With the client's that makes three servers.
    let other = |key: &&Key| store.index(Route::Partition(key.partition)) != store.index(Route::Client(&id));
    let keys: Vec<_> = keys.iter().filter(other).take(2).copied().collect();
    let lookup = Lookup::new(Some(id.clone()), keys.clone()).unwrap();
    for found in [block_on(store.lookup_async(&lookup)).unwrap(), Store::lookup(&store, &lookup).unwrap()] {
        assert_eq!(found.client().unwrap().client_id, id);
        assert!(keys.iter().all(|key| found.credential(*key).is_some()), "{found:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[test]
fn a_server_that_is_down_fails_what_needs_it_and_nothing_else() {
    let (store, keys) = with_down(&[2]);
    for (index, key) in keys.iter().enumerate() {
        let (lookup, spend) = (Lookup::of(*key), Commit::of(Change::Spend { key: *key, at: Timestamp(20) }));
        assert_eq!(Store::lookup(&store, &lookup).is_err(), index == 2);
        assert_eq!(block_on(store.lookup_async(&lookup)).is_err(), index == 2);
        assert_eq!(Store::commit(&store, &spend).is_err(), index == 2);
        assert_eq!(block_on(store.commit_async(&spend)).is_err(), index == 2);
    }
    let all = Lookup::new(None, keys).unwrap();
    assert!(Store::lookup(&store, &all).is_err() && block_on(store.lookup_async(&all)).is_err());
}

#[test]
fn lists_are_merged_from_every_server() {
    let (store, _) = with_down(&[]);
    let (alice, now) = ("alice".parse::<Subject>().unwrap(), Timestamp(20));
    let applications = store.applications(&alice, None, 10, now).unwrap();
    let clients: Vec<_> = applications.iter().map(|application| application.client_id.as_str()).collect();
    assert_eq!(clients, ["a", "b", "c", "d"]);
    assert_eq!(block_on(store.applications_async(&alice, None, 10, now)).unwrap(), applications);
    let of = GrantsOf::Subject(alice);
    let mut after = None;
    for client_id in ["a", "b", "c", "d"] {
        let page = store.held_grants(&of, after.as_ref(), 1, now).unwrap();
        assert_eq!(page.iter().map(|held| held.grant.client_id.as_str()).collect::<Vec<_>>(), [client_id]);
        after = Some(GrantCursor::of(&page[0].grant));
    }
    assert!(store.held_grants(&of, after.as_ref(), 1, now).unwrap().is_empty());
    assert_eq!(block_on(store.revoke_grants_async(&of, now)).unwrap(), 4);
    assert!(block_on(store.held_grants_async(&of, None, 10, now)).unwrap().is_empty());
}

#[test]
fn a_list_is_unavailable_if_one_server_does_not_answer() {
    let (store, _) = with_down(&[3]);
    let (of, now) = (GrantsOf::Client(ClientId::parse("a").unwrap()), Timestamp(20));
    let failure = store.held_grants(&of, None, 10, now).unwrap_err();
    assert_eq!(failure.to_string(), block_on(store.held_grants_async(&of, None, 10, now)).unwrap_err().to_string());
    assert!(store.revoke_grants(&of, now).is_err());
}

#[test]
fn a_server_that_is_down_does_not_hold_up_the_purge_of_others() {
    let (store, keys) = with_down(&[1]);
    let expired = Timestamp(1_000);
    assert_eq!(store.purge_batch(expired, 2).unwrap(), 2, "a full batch is not the last");
    assert!(store.purge_batch(expired, 500).is_err());
    assert!(block_on(store.purge_batch_async(expired, 500)).is_err());
    let left = |(index, key): &(usize, &Key)| {
        !store.servers()[*index].store.lookup(&Lookup::of(**key)).unwrap().credentials().is_empty()
    };
    let left: Vec<_> = keys.iter().enumerate().filter(left).map(|(index, _)| index).collect();
    assert_eq!(left, [1]);
}

#[test]
fn without_servers_it_is_unavailable() {
    let (store, now) = (in_memory(0), Timestamp(20));
    let of = GrantsOf::Client(ClientId::parse("a").unwrap());
    assert!(Store::lookup(&store, &Lookup::of_client(ClientId::parse("a").unwrap())).is_err());
    assert!(Store::commit(&store, &Commit::of(Change::PutClient(Arc::new(client("a"))))).is_err());
    assert!(store.held_grants(&of, None, 10, now).is_err() && store.purge_batch(now, 10).is_err());
}
