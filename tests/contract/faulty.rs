//! Stores that break the contract in one way, and what they are made of.

use std::sync::Arc;

use grantor::model::{GrantId, Key};
use grantor::record::{Client, Credential, CredentialKind, PendingKind, PushedRequest};
use grantor::store::contract::Violation;
use grantor::store::{
    Change, Commit, Found, Lookup, MemoryStore, Outcome, Presented, PresentedRequest, RequestKey, Store,
};
use grantor::{Timestamp, Unavailable};

pub type Read = fn(&MemoryStore, &Lookup) -> Found;
pub type Write = fn(&MemoryStore, &Commit) -> Outcome;
pub type AnyStore = Box<dyn Store + Sync>;

/// The rules that are broken.
pub fn names(violations: &[Violation]) -> Vec<&'static str> {
    violations.iter().map(|violation| violation.rule).collect()
}

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
        knows(commit)?;
        Ok((self.writes)(&self.store, commit))
    }
}

pub fn read(store: &MemoryStore, lookup: &Lookup) -> Found {
    Store::lookup(store, lookup).unwrap()
}

/// What every store must say of a change that it does not know.
pub fn knows(commit: &Commit) -> Result<(), Unavailable> {
    let is_unknown = commit.changes().iter().any(|change| matches!(change, Change::Unknown(_)));
    if is_unknown { Err(Unavailable::new("a change of tomorrow")) } else { Ok(()) }
}

pub fn write(store: &MemoryStore, commit: &Commit) -> Outcome {
    Store::commit(store, commit).unwrap()
}

/// Whether a grant is there and not revoked.
pub fn is_open(store: &MemoryStore, grant: GrantId) -> bool {
    write(store, &Commit::of(Change::Extend { grant, until: Timestamp(0), at_most: u32::MAX })) == Outcome::Applied
}

/// What is found, with each credential changed.
pub fn each(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut Presented)) -> Found {
    let found = read(store, lookup);
    let mut credentials = found.credentials().to_vec();
    credentials.iter_mut().for_each(change);
    Found::new(found.client().cloned(), credentials).unwrap().with_request(presented(&found, lookup))
}

/// What is found, of credentials only those of which this may be said.
pub fn only(store: &MemoryStore, lookup: &Lookup, is_found: impl Fn(&Presented) -> bool) -> Found {
    let found = read(store, lookup);
    let credentials = found.credentials().iter().filter(|it| is_found(it)).cloned();
    Found::new(found.client().cloned(), credentials).unwrap().with_request(presented(&found, lookup))
}

/// The request that was found.
pub fn presented(found: &Found, lookup: &Lookup) -> Option<PresentedRequest> {
    lookup.request().and_then(|key| found.request(key)).cloned()
}

/// What is found, with the request changed.
pub fn request(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut PresentedRequest)) -> Found {
    let found = read(store, lookup);
    let mut request = presented(&found, lookup);
    request.iter_mut().for_each(change);
    found.with_request(request)
}

/// What is found, with what only a pushed request has changed.
pub fn pushed(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut PushedRequest)) -> Found {
    request(store, lookup, |it| {
        let PendingKind::Pushed(pushed) = &mut Arc::make_mut(&mut it.request).kind else { return };
        change(pushed);
    })
}

/// What is found, with the client changed.
pub fn client(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut Client)) -> Found {
    let found = read(store, lookup);
    let client = found.client().cloned().map(|mut client| {
        change(Arc::make_mut(&mut client));
        client
    });
    Found::new(client, found.credentials().iter().cloned()).unwrap().with_request(presented(&found, lookup))
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

pub fn found_request(store: &MemoryStore, key: RequestKey) -> Option<PresentedRequest> {
    let lookup = Lookup::of_request(key);
    presented(&read(store, &lookup), &lookup)
}

pub fn is_decided(store: &MemoryStore, key: Key) -> bool {
    found_request(store, RequestKey::Key(key)).is_some_and(|it| it.spent_at.is_some())
}

/// Writes the changes, each made into another.
pub fn instead(store: &MemoryStore, commit: &Commit, other: impl Fn(&Change) -> Change) -> Outcome {
    write(store, &Commit::new(commit.changes().iter().map(other)).unwrap())
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
