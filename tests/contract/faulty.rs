//! Stores that break the contract in one way, and what they are made of.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use grantor::Unavailable;
use grantor::model::{GrantId, Key, Partition};
use grantor::record::{Client, Credential, CredentialKind};
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, Presented, Route, Store};

pub type Read = fn(&MemoryStore, &Lookup) -> Found;
pub type Write = fn(&MemoryStore, &Commit) -> Outcome;
pub type AnyStore = Box<dyn Store + Sync>;

/// A store that keeps the contract but for one thing.
pub enum Fault {
    Reads(Read),
    Writes(Write),
    Store(fn() -> AnyStore),
}

impl Fault {
    pub fn store(&self) -> AnyStore {
        let (reads, writes): (Read, Write) = match self {
            Self::Reads(reads) => (*reads, write),
            Self::Writes(writes) => (read, *writes),
            Self::Store(new) => return new(),
        };
        Box::new(Faulty { store: MemoryStore::new(), reads, writes })
    }
}

struct Faulty {
    store: MemoryStore,
    reads: Read,
    writes: Write,
}

impl Store for Faulty {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Ok((self.reads)(&self.store, lookup))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Ok((self.writes)(&self.store, commit))
    }
}

pub fn read(store: &MemoryStore, lookup: &Lookup) -> Found {
    Store::lookup(store, lookup).unwrap()
}

pub fn write(store: &MemoryStore, commit: &Commit) -> Outcome {
    Store::commit(store, commit).unwrap()
}

/// What is found, with each credential changed.
pub fn each(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut Presented)) -> Found {
    let found = read(store, lookup);
    let mut credentials = found.credentials().to_vec();
    credentials.iter_mut().for_each(change);
    Found::new(found.client().cloned(), credentials).unwrap()
}

/// What is found, of credentials only those of which this may be said.
pub fn only(store: &MemoryStore, lookup: &Lookup, is_found: impl Fn(&Presented) -> bool) -> Found {
    let found = read(store, lookup);
    let credentials = found.credentials().iter().filter(|it| is_found(it)).cloned();
    Found::new(found.client().cloned(), credentials).unwrap()
}

/// What is found, with the client changed.
pub fn client(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut Client)) -> Found {
    let found = read(store, lookup);
    let client = found.client().cloned().map(|mut client| {
        change(Arc::make_mut(&mut client));
        client
    });
    Found::new(client, found.credentials().iter().cloned()).unwrap()
}

/// Takes a refused commit for applied, if this may be said of the change that was refused.
pub fn forgive(store: &MemoryStore, commit: &Commit, forgiven: impl Fn(&Change) -> bool) -> Outcome {
    match write(store, commit) {
        Outcome::Conflict(at) if forgiven(&commit.changes()[at]) => Outcome::Applied,
        outcome => outcome,
    }
}

/// Writes nothing if this may be said of a change, and claims to have been refused by it.
pub fn refuse(store: &MemoryStore, commit: &Commit, refused: impl Fn(&Change) -> bool) -> Outcome {
    commit.changes().iter().position(refused).map_or_else(|| write(store, commit), Outcome::Conflict)
}

/// Of a refused commit, writes all the same what came before the change that was refused, if this may be said of it.
pub fn leave(store: &MemoryStore, commit: &Commit, left: impl Fn(&Change) -> bool) -> Outcome {
    let outcome = write(store, commit);
    if let Outcome::Conflict(at) = outcome {
        commit.changes()[..at].iter().filter(|change| left(change)).for_each(|change| {
            let _ = write(store, &Commit::of(change.clone()));
        });
    }
    outcome
}

pub fn is_known(store: &MemoryStore, key: Key) -> bool {
    !read(store, &Lookup::of(key)).credentials().is_empty()
}

pub fn is_spent(store: &MemoryStore, key: Key) -> bool {
    read(store, &Lookup::of(key)).credentials().iter().any(|it| it.spent_at.is_some())
}

pub fn elsewhere() -> GrantId {
    GrantId::from_bytes([7; 18])
}

/// One member of one kind of credential is lost.
pub fn forget_the_challenge(credential: &mut Credential) {
    if let CredentialKind::AuthorizationCode(code) = &mut credential.kind {
        code.code_challenge = None;
    }
}

/// Takes back a revocation with the commit that asked for it once more.
#[derive(Default)]
pub struct Unrevoking(MemoryStore, Mutex<HashSet<GrantId>>);

impl Store for Unrevoking {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        let taken_back = self.1.lock().unwrap();
        Ok(each(&self.0, lookup, |it| it.revoked &= !taken_back.contains(&it.grant.id)))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let outcome = write(&self.0, commit);
        if let Outcome::Conflict(at) = outcome {
            self.1.lock().unwrap().extend(commit.changes()[..at].iter().filter_map(revoked_by));
        }
        Ok(outcome)
    }
}

pub fn revoked_by(change: &Change) -> Option<GrantId> {
    if let Change::Revoke(grant) = change { Some(*grant) } else { None }
}

/// Tells of a revocation only the thread that asked for it.
#[derive(Default)]
pub struct Stale(MemoryStore, Mutex<HashSet<(ThreadId, GrantId)>>);

impl Store for Stale {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let mut known = self.1.lock().unwrap();
        let thread = thread::current().id();
        known.extend(commit.changes().iter().filter_map(revoked_by).map(|grant| (thread, grant)));
        let is_stale = known.iter().any(|(who, grant)| *who != thread && grant.partition() == partition(commit));
        Ok(if is_stale { Outcome::Applied } else { Store::commit(&self.0, commit)? })
    }
}

fn partition(commit: &Commit) -> Partition {
    match commit.route() {
        Some(Route::Partition(partition)) => partition,
        _ => Partition(u16::MAX),
    }
}

/// Takes its time to issue, so that whatever races with that comes first.
#[derive(Default)]
pub struct Slow(MemoryStore);

impl Store for Slow {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        if matches!(commit.changes(), [Change::Issue(_)]) {
            thread::sleep(Duration::from_millis(20));
        }
        Store::commit(&self.0, commit)
    }
}

pub struct Down;

impl Store for Down {
    fn lookup(&self, _: &Lookup) -> Result<Found, Unavailable> {
        Err(Unavailable::new("down"))
    }
    fn commit(&self, _: &Commit) -> Result<Outcome, Unavailable> {
        Err(Unavailable::new("down"))
    }
}
