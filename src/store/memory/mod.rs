//! A store in memory, for tests, examples and servers whose tokens may die with them.

mod clients;
mod drawn;
mod grants;
mod requests;
mod shard;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use self::shard::Shard;
use super::purge::{AsyncPurge, Purge};
use super::{AsyncStore, Change, Commit, Found, Lookup, Outcome, RequestKey, Route, Store};
use crate::effect::{Answer, Unavailable};
use crate::model::{ClientId, Key, Partition, Timestamp};
use crate::record::Client;

/// The number of shards: enough that threads seldom wait for the same one.
const SHARDS: usize = 64;

/// A store that keeps everything in memory, in shards by partition: a commit locks one of them, and a lookup each one
/// that it reads.
#[derive(Debug)]
pub struct MemoryStore {
    clients: RwLock<HashMap<ClientId, Arc<Client>>>,
    shards: [Mutex<Shard>; SHARDS],
    /// The shard at which the next batch starts.
    purged: AtomicUsize,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { clients: RwLock::default(), shards, purged: AtomicUsize::new(0) }
    }

    /// Returns the same store with this client, which replaces one of the same id.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.insert(client.client_id.clone(), Arc::new(client));
        drop(clients);
        self
    }

    /// Forgets expired credentials, requests and witnesses, and grants without a living credential. Call it regularly.
    pub fn purge(&self, now: Timestamp) {
        self.shards.iter().for_each(|shard| lock(shard).purge(now, &mut { usize::MAX }));
    }

    /// The numbers of grants and of credentials in the store, in this order, living or not.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        self.shards
            .iter()
            .map(|shard| lock(shard).counts())
            .fold((0, 0), |(grants, credentials), (more, others)| (grants + more, credentials + others))
    }

    fn shard(&self, partition: Partition) -> Option<&Mutex<Shard>> {
        self.shards.get(usize::from(partition.0) % SHARDS)
    }

    fn commit_to_clients(&self, changes: &[Change]) -> Outcome {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        let before: Vec<_> = changes.iter().filter_map(client_of).map(|id| (id, clients.get(id).cloned())).collect();
        for (index, change) in changes.iter().enumerate() {
            let current = client_of(change).and_then(|id| clients.get(id)).map(|client| client.revision);
            match change {
                Change::PutClient(client) if client.revision.checked_sub(1) == current => {
                    clients.insert(client.client_id.clone(), Arc::clone(client));
                }
                Change::RemoveClient { client_id, revision } if current == Some(*revision) => {
                    clients.remove(client_id);
                }
                _ => {
                    for (id, client) in before {
                        match client {
                            Some(client) => clients.insert(id.clone(), client),
                            None => clients.remove(id),
                        };
                    }
                    return Outcome::Conflict(index);
                }
            }
        }
        Outcome::Applied
    }
}

/// Locks a shard. A thread that panicked with the lock held left it between two changes at worst; each map is
/// consistent.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn client_of(change: &Change) -> Option<&ClientId> {
    match change.route() {
        Route::Client(client_id) => Some(client_id),
        Route::Partition(_) => None,
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let client = lookup
            .client
            .as_ref()
            .and_then(|client_id| self.clients.read().unwrap_or_else(PoisonError::into_inner).get(client_id).cloned());
        let presented = |key: &Key| self.shard(key.partition).and_then(|shard| lock(shard).presented(*key));
        let mut found =
            Found::new(client, lookup.credentials.iter().filter_map(presented)).map_err(Unavailable::new)?;
        if let Some(key) = lookup.request {
            let (RequestKey::Key(Key { partition, .. }) | RequestKey::UserCode(Key { partition, .. })) = key;
            found.request = self.shard(partition).and_then(|shard| lock(shard).presented_request(key));
        }
        Ok(found)
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        #[cfg(feature = "store-contract")]
        if commit.changes().iter().any(|change| matches!(change, Change::Unknown(_))) {
            return Err(Unavailable::new("a change that this store does not know"));
        }
        Ok(match commit.route() {
            None => Outcome::Applied,
            Some(Route::Client(_)) => self.commit_to_clients(commit.changes()),
            Some(Route::Partition(partition)) => match self.shard(partition) {
                Some(shard) => lock(shard).commit(commit.changes()),
                None => return Err(Unavailable::new("no such shard")),
            },
        })
    }
}

/// A lock is never held for long, so an async host can use the store directly.
impl AsyncStore for MemoryStore {
    fn lookup_async(&self, lookup: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send {
        std::future::ready(Store::lookup(self, lookup))
    }

    fn commit_async(&self, commit: &Commit) -> impl Future<Output = Answer<Commit>> + Send {
        std::future::ready(Store::commit(self, commit))
    }
}

/// Each batch locks one shard after the other, and starts with the shard in which the last batch reached its limit.
impl Purge for MemoryStore {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let first = self.purged.load(Ordering::Relaxed) % SHARDS;
        let mut left = limit;
        for (at, shard) in self.shards.iter().enumerate().cycle().skip(first).take(SHARDS) {
            lock(shard).purge(now, &mut left);
            if left == 0 {
                self.purged.store(at, Ordering::Relaxed);
                break;
            }
        }
        Ok(limit - left)
    }
}

impl AsyncPurge for MemoryStore {
    fn purge_batch_async(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send {
        std::future::ready(self.purge_batch(now, limit))
    }
}
