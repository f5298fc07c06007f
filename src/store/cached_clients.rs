//! Clients that a host remembers for a while, so that a request asks for its credential alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{
    AsyncGrantStore, AsyncStore, Commit, Found, GrantCursor, GrantStore, GrantsOf, HeldGrant, Lookup, Route, Store,
};
use crate::effect::{Answer, Unavailable};
use crate::model::{ClientId, Timestamp};
use crate::record::Client;

/// A store around another one that remembers clients' records for a while.
///
/// A client's record changes seldom and is read by nearly every request. Where it is remembered, a lookup asks the
/// inner store for the rest alone, so that it needs one of [several servers](super::Partitioned) in place of two; if
/// there is no rest, it asks nobody. Unknown clients are not remembered, and neither is anything else.
///
/// # Staleness
///
/// What this host itself changes, it sees at once. What another host changes, it sees after at most `max_age`: until
/// then a client that was switched off, or whose secret was taken from it, is still let in here. A commit that changes
/// a record as it was before such a change meets a conflict, as always, and the record is then read anew.
///
/// ```
/// use std::time::{Duration, Instant};
/// use grantor::store::{CachedClients, MemoryStore};
///
/// let started = Instant::now();
/// let store = CachedClients::new(MemoryStore::new(), 10_000, Duration::from_secs(30), move || started.elapsed());
/// ```
#[derive(Debug)]
pub struct CachedClients<S, C> {
    store: S,
    capacity: usize,
    max_age: Duration,
    elapsed: C,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    clients: HashMap<ClientId, Remembered>,
    /// The number of commits that changed clients. What was read before the last of them is not remembered.
    changes: u64,
}

#[derive(Debug)]
struct Remembered {
    client: Arc<Client>,
    /// The reading of the monotonic clock at which the record was asked for.
    since: Duration,
}

/// A lookup without the client that is remembered.
struct Asked {
    client: Option<Arc<Client>>,
    rest: Lookup,
    since: Duration,
    changes: u64,
}

impl<S, C: Fn() -> Duration> CachedClients<S, C> {
    /// Creates a store that remembers at most this many clients of an inner one, each for at most this long. `elapsed`
    /// reads a monotonic clock: the time since some fixed moment.
    pub fn new(store: S, capacity: usize, max_age: Duration, elapsed: C) -> Self {
        Self { store, capacity, max_age, elapsed, memory: Mutex::default() }
    }

    /// The inner store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Forgets a client, as when another host says that it was changed.
    pub fn forget(&self, client_id: &ClientId) {
        lock(&self.memory).forget(client_id);
    }

    fn is_fresh(&self, remembered: &Remembered, now: Duration) -> bool {
        now.saturating_sub(remembered.since) < self.max_age
    }

    /// Takes the client out of a lookup, if it is remembered.
    fn ask(&self, lookup: &Lookup) -> Asked {
        let (since, memory) = ((self.elapsed)(), lock(&self.memory));
        let remembered = lookup.client.as_ref().and_then(|client_id| memory.clients.get(client_id));
        let client = remembered.filter(|it| self.is_fresh(it, since)).map(|it| Arc::clone(&it.client));
        let rest = match client {
            Some(_) => Lookup { client: None, ..lookup.clone() },
            None => lookup.clone(),
        };
        Asked { client, rest, since, changes: memory.changes }
    }

    /// Puts the client back into what was found, or remembers the one that was found.
    fn found(&self, asked: Asked, found: Found) -> Found {
        if asked.client.is_some() {
            return Found { client: asked.client, ..found };
        }
        if let Some(client) = &found.client {
            let mut memory = lock(&self.memory);
            if memory.clients.len() >= self.capacity {
                memory.clients.retain(|_, it| self.is_fresh(it, asked.since));
            }
            if memory.clients.len() < self.capacity && memory.changes == asked.changes {
                let remembered = Remembered { client: Arc::clone(client), since: asked.since };
                memory.clients.insert(client.client_id.clone(), remembered);
            }
        }
        found
    }

    /// Returns what forgets the client that a commit changes.
    fn forgets<'a>(&'a self, commit: &'a Commit) -> Forgets<'a> {
        let Some(Route::Client(client_id)) = commit.route() else { return Forgets(None) };
        Forgets(Some((&self.memory, client_id)))
    }
}

/// Locks the memory. It is consistent even after a thread panicked with the lock held.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    fn forget(&mut self, client_id: &ClientId) {
        self.changes = self.changes.wrapping_add(1);
        self.clients.remove(client_id);
    }
}

/// Forgets a client once the commit that changes it has ended, however: after a conflict, too, the record that is
/// stored is not the one that was remembered, and a commit whose future was dropped may have been applied.
struct Forgets<'a>(Option<(&'a Mutex<Memory>, &'a ClientId)>);

impl Drop for Forgets<'_> {
    fn drop(&mut self) {
        if let Some((memory, client_id)) = self.0 {
            lock(memory).forget(client_id);
        }
    }
}

impl<S: Store, C: Fn() -> Duration> Store for CachedClients<S, C> {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let asked = self.ask(lookup);
        let found = if asked.rest.is_empty() { Found::default() } else { self.store.lookup(&asked.rest)? };
        Ok(self.found(asked, found))
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        let _forgets = self.forgets(commit);
        self.store.commit(commit)
    }
}

impl<S: AsyncStore + Sync, C: Fn() -> Duration + Sync> AsyncStore for CachedClients<S, C> {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        let asked = self.ask(lookup);
        let found = if asked.rest.is_empty() { Found::default() } else { self.store.lookup_async(&asked.rest).await? };
        Ok(self.found(asked, found))
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        let _forgets = self.forgets(commit);
        self.store.commit_async(commit).await
    }
}

/// Grants are those of the inner store, and the names of applications those of the clients as they are remembered.
impl<S: GrantStore, C: Fn() -> Duration> GrantStore for CachedClients<S, C> {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.store.held_grants(of, after, limit, now)
    }
}

/// Grants are those of the inner store, and the names of applications those of the clients as they are remembered.
impl<S: AsyncGrantStore, C: Fn() -> Duration + Sync> AsyncGrantStore for CachedClients<S, C> {
    fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<HeldGrant>, Unavailable>> + Send {
        self.store.held_grants_async(of, after, limit, now)
    }
}
