//! A store in memory, for tests, examples and servers whose tokens may die with them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use arrayvec::ArrayVec;

use super::{
    AsyncStore, Change, Commit, Found, Lookup, Outcome, Presented, PresentedRequest, RequestKey, Route, Store,
};
use crate::effect::{Answer, Unavailable};
use crate::model::{ClientId, GrantId, Key, Partition, Timestamp};
use crate::record::{Client, Credential, Grant, PendingRequest};

/// How many shards there are: enough that threads seldom meet.
const SHARDS: usize = 64;

/// Keeps everything in memory, in shards by partition: a commit locks one of them, and a lookup each one that it reads.
#[derive(Debug)]
pub struct MemoryStore {
    clients: RwLock<HashMap<ClientId, Arc<Client>>>,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    grants: HashMap<GrantId, StoredGrant, Drawn>,
    /// Which of them are revoked: few.
    revoked: HashSet<GrantId, Drawn>,
    credentials: HashMap<Key, StoredCredential, Drawn>,
    requests: HashMap<Key, (Arc<PendingRequest>, Option<Timestamp>)>,
    /// What is witnessed, a peer may have chosen: these keys are hashed with a secret.
    witnesses: HashMap<Key, Timestamp>,
}

/// For keys that the server drew at random, or that are the digest of what it drew: nobody can choose them so that they
/// collide, and their last bytes are as good as any hash of them.
type Drawn = BuildHasherDefault<LastBytes>;

#[derive(Default)]
struct LastBytes(u64);

impl Hasher for LastBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_ne_bytes(*last);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Debug)]
struct StoredGrant {
    grant: Arc<Grant>,
    until: Timestamp,
}

#[derive(Debug)]
struct StoredCredential {
    credential: Arc<Credential>,
    spent_at: Option<Timestamp>,
    /// Here too, so that a lookup need not search for it.
    grant: Arc<Grant>,
}

/// How to take back one change.
enum Undo {
    Nothing,
    RemoveGrant(GrantId),
    KeepGrantUntil(GrantId, Timestamp),
    Unrevoke(GrantId),
    RemoveCredential(Key),
    RestoreCredential(Key, StoredCredential),
    Unspend(Key),
    RemoveWitness(Key),
}

/// The precondition of a change does not hold.
struct Refused;

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self { clients: RwLock::default(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// The same store with a client more; one of the same id is replaced.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.insert(client.client_id.clone(), Arc::new(client));
        drop(clients);
        self
    }

    /// Forgets what has expired: credentials, witnesses, and grants without a living credential. Call it now and then.
    pub fn purge(&self, now: Timestamp) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            let Shard { grants, revoked, credentials, witnesses, .. } = &mut *shard;
            grants.retain(|_, stored| !stored.until.is_past(now));
            // What is forgotten of a grant, that it was revoked above all, must not bring a credential back to life.
            revoked.retain(|id| grants.contains_key(id));
            credentials.retain(|_, stored| {
                !stored.credential.expires_at.is_past(now) && grants.contains_key(&stored.credential.grant)
            });
            witnesses.retain(|_, until| !until.is_past(now));
        }
    }

    /// How many grants and how many credentials it holds, in this order, living or not.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        self.shards.iter().map(lock).fold((0, 0), |(grants, credentials), shard| {
            (grants + shard.grants.len(), credentials + shard.credentials.len())
        })
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

/// A thread that panicked while it held a shard left it between two changes at worst; each map is whole.
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

impl Shard {
    fn presented(&self, key: Key) -> Option<Presented> {
        let StoredCredential { credential, spent_at, grant } = self.credentials.get(&key)?;
        Some(Presented {
            credential: Arc::clone(credential),
            spent_at: *spent_at,
            grant: Arc::clone(grant),
            revoked: self.revoked.contains(&grant.id),
        })
    }

    /// Applies the changes in order; when one is refused, takes back those before it, the last first.
    fn commit(&mut self, changes: &[Change]) -> Outcome {
        let mut undo = ArrayVec::<Undo, { Commit::MAX_CHANGES }>::new();
        for (index, change) in changes.iter().enumerate() {
            match self.apply(change) {
                Ok(step) => undo.push(step),
                Err(Refused) => {
                    undo.into_iter().rev().for_each(|step| self.take_back(step));
                    return Outcome::Conflict(index);
                }
            }
        }
        Outcome::Applied
    }

    fn apply(&mut self, change: &Change) -> Result<Undo, Refused> {
        match change {
            Change::Open { grant, until } => match self.grants.entry(grant.id) {
                Entry::Occupied(_) => Err(Refused),
                Entry::Vacant(entry) => {
                    entry.insert(StoredGrant { grant: Arc::clone(grant), until: *until });
                    Ok(Undo::RemoveGrant(grant.id))
                }
            },
            Change::Issue(credential) => {
                let grant = Arc::clone(&self.living_grant(credential.grant)?.grant);
                match self.credentials.entry(credential.key) {
                    Entry::Occupied(_) => Err(Refused),
                    Entry::Vacant(entry) => {
                        entry.insert(StoredCredential { credential: Arc::clone(credential), spent_at: None, grant });
                        Ok(Undo::RemoveCredential(credential.key))
                    }
                }
            }
            Change::Spend { key, at } => {
                let stored = self.credentials.get_mut(key).filter(|stored| stored.spent_at.is_none()).ok_or(Refused)?;
                stored.spent_at = Some(*at);
                Ok(Undo::Unspend(*key))
            }
            Change::SpentSince { key, since } => {
                let spent_at = self.credentials.get(key).and_then(|stored| stored.spent_at);
                spent_at.filter(|at| at >= since).map(|_| Undo::Nothing).ok_or(Refused)
            }
            Change::Extend { grant, until } => {
                let stored = self.living_grant(*grant)?;
                let before = stored.until;
                stored.until = before.max(*until);
                Ok(Undo::KeepGrantUntil(*grant, before))
            }
            Change::Replace(credential) => {
                let stored = self.credentials.get_mut(&credential.key).ok_or(Refused)?;
                if credential.revision.checked_sub(1) != Some(stored.credential.revision) {
                    return Err(Refused);
                }
                let before = std::mem::replace(&mut stored.credential, Arc::clone(credential));
                let (spent_at, grant) = (stored.spent_at, Arc::clone(&stored.grant));
                let before = StoredCredential { credential: before, spent_at, grant };
                Ok(Undo::RestoreCredential(credential.key, before))
            }
            Change::Revoke(grant) => match self.grants.contains_key(grant) && self.revoked.insert(*grant) {
                true => Ok(Undo::Unrevoke(*grant)),
                false => Ok(Undo::Nothing),
            },
            Change::Discard(key) => match self.credentials.remove(key) {
                Some(before) => Ok(Undo::RestoreCredential(*key, before)),
                None => Ok(Undo::Nothing),
            },
            Change::Witness { key, until } => match self.witnesses.entry(*key) {
                Entry::Occupied(_) => Err(Refused),
                Entry::Vacant(entry) => {
                    entry.insert(*until);
                    Ok(Undo::RemoveWitness(*key))
                }
            },
            Change::PutRequest(request) => match self.requests.entry(request.key) {
                Entry::Occupied(_) => Err(Refused),
                Entry::Vacant(entry) => {
                    entry.insert((Arc::clone(request), None));
                    Ok(Undo::Nothing)
                }
            },
            Change::SpendRequest { key, at } => {
                let (_, spent) = self.requests.get_mut(key).filter(|(_, spent)| spent.is_none()).ok_or(Refused)?;
                *spent = Some(*at);
                Ok(Undo::Nothing)
            }
            Change::PutClient(_) | Change::RemoveClient { .. } => Err(Refused),
        }
    }

    fn living_grant(&mut self, id: GrantId) -> Result<&mut StoredGrant, Refused> {
        let is_revoked = self.revoked.contains(&id);
        self.grants.get_mut(&id).filter(|_| !is_revoked).ok_or(Refused)
    }

    fn take_back(&mut self, undo: Undo) {
        match undo {
            Undo::Nothing => {}
            Undo::RemoveGrant(id) => drop(self.grants.remove(&id)),
            Undo::KeepGrantUntil(id, until) => {
                if let Some(stored) = self.grants.get_mut(&id) {
                    stored.until = until;
                }
            }
            Undo::Unrevoke(id) => drop(self.revoked.remove(&id)),
            Undo::RemoveCredential(key) => drop(self.credentials.remove(&key)),
            Undo::RestoreCredential(key, before) => drop(self.credentials.insert(key, before)),
            Undo::Unspend(key) => {
                if let Some(stored) = self.credentials.get_mut(&key) {
                    stored.spent_at = None;
                }
            }
            Undo::RemoveWitness(key) => drop(self.witnesses.remove(&key)),
        }
    }
}

impl Store for MemoryStore {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let client = lookup
            .client
            .as_ref()
            .and_then(|client_id| self.clients.read().unwrap_or_else(PoisonError::into_inner).get(client_id).cloned());
        let presented = |key: &Key| self.shard(key.partition).and_then(|shard| lock(shard).presented(*key));
        let found = Found::new(client, lookup.credentials.iter().filter_map(presented)).map_err(Unavailable::new)?;
        let Some(RequestKey::Key(key)) = lookup.request else { return Ok(found) };
        let request = self.shard(key.partition).and_then(|shard| {
            let shard = lock(shard);
            shard
                .requests
                .get(&key)
                .map(|(request, spent_at)| PresentedRequest { request: Arc::clone(request), spent_at: *spent_at })
        });
        Ok(found.with_request(request))
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
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

/// It never blocks for long, so an async host may use it as it is.
impl AsyncStore for MemoryStore {
    fn lookup_async(&self, lookup: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send {
        std::future::ready(Store::lookup(self, lookup))
    }

    fn commit_async(&self, commit: &Commit) -> impl Future<Output = Answer<Commit>> + Send {
        std::future::ready(Store::commit(self, commit))
    }
}
