//! Stores that are faulty as a whole: under a race, or from one call to the next.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use grantor::Unavailable;
use grantor::model::{GrantId, Partition};
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, RequestKey, Route, Store};

use crate::faulty::{each, found_request, is_decided, is_known, is_open, is_spent, write};

/// Takes back a revocation with the commit that asked for it once more.
#[derive(Default)]
pub struct Unrevoking(MemoryStore, Mutex<HashSet<GrantId>>);

impl Store for Unrevoking {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        let taken_back = self.1.lock().unwrap();
        Ok(each(&self.0, lookup, |it| it.revoked &= !taken_back.contains(&it.grant.id)))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let outcome = Store::commit(&self.0, commit)?;
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

/// Reads first whether every precondition holds, and writes later, come what may: in SQL, a `SELECT` and then an
/// `UPDATE` without its condition.
#[derive(Default)]
pub struct ReadsFirst(MemoryStore);

impl Store for ReadsFirst {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let holds = match commit.changes() {
            [Change::Spend { key, .. }, Change::Issue(_)] => is_known(&self.0, *key) && !is_spent(&self.0, *key),
            [Change::SpendRequest { key, .. }, Change::Open { .. }, ..] => !is_decided(&self.0, *key),
            [Change::Open { grant, .. }, Change::Issue(_)] => !is_open(&self.0, grant.id),
            [Change::Issue(it)] => !is_known(&self.0, it.key),
            [Change::Replace(it)] => {
                let found = Store::lookup(&self.0, &Lookup::of(it.key))?;
                let stored = found.credential(it.key).map(|found| found.credential.revision);
                stored.is_some() && stored == it.revision.checked_sub(1)
            }
            [Change::PutRequest(it)] if it.revision > 0 => {
                let found = found_request(&self.0, RequestKey::Key(it.key));
                found.is_some_and(|found| Some(found.request.revision) == it.revision.checked_sub(1))
            }
            [Change::PutRequest(it)] if it.revision == 0 => {
                let keys = [Some(RequestKey::Key(it.key)), it.user_code.map(RequestKey::UserCode)];
                keys.into_iter().flatten().all(|key| found_request(&self.0, key).is_none())
            }
            [Change::PutClient(it)] => {
                let found = Store::lookup(&self.0, &Lookup::of_client(it.client_id.clone()))?;
                found.client().map(|client| client.revision) == it.revision.checked_sub(1)
            }
            _ => false,
        };
        if !holds {
            return Store::commit(&self.0, commit);
        }
        thread::sleep(Duration::from_millis(1));
        let _ = write(&self.0, commit);
        Ok(Outcome::Applied)
    }
}

/// Takes the user code that a request does not have for one that is taken.
#[derive(Default)]
pub struct OneNull(MemoryStore, AtomicBool);

impl Store for OneNull {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let is_without = |change: &Change| matches!(change, Change::PutRequest(it) if it.user_code.is_none());
        match commit.changes().iter().position(is_without) {
            Some(at) if self.1.swap(true, Ordering::SeqCst) => Ok(Outcome::Conflict(at)),
            _ => Store::commit(&self.0, commit),
        }
    }
}

/// Remembers a witness only when nobody else is writing.
#[derive(Default)]
pub struct Forgetful(MemoryStore, Mutex<()>);

impl Store for Forgetful {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        if !matches!(commit.changes(), [Change::Witness { .. }]) {
            return Store::commit(&self.0, commit);
        }
        let Ok(_writing) = self.1.try_lock() else { return Ok(Outcome::Applied) };
        thread::sleep(Duration::from_millis(1));
        Store::commit(&self.0, commit)
    }
}

/// Reads a grant whole, and writes it back whole, whatever happened between the two.
#[derive(Default)]
pub struct WritesBack(MemoryStore, Mutex<HashSet<GrantId>>);

impl Store for WritesBack {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        let written_back = self.1.lock().unwrap();
        Ok(each(&self.0, lookup, |it| it.revoked &= !written_back.contains(&it.grant.id)))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let [Change::Extend { grant, .. }] = commit.changes() else { return Store::commit(&self.0, commit) };
        if write(&self.0, commit) != Outcome::Applied {
            return Ok(Outcome::Conflict(0));
        }
        thread::sleep(Duration::from_millis(2));
        if !is_open(&self.0, *grant) {
            self.1.lock().unwrap().insert(*grant);
        }
        Ok(Outcome::Applied)
    }
}

/// Takes a lock that another holds for a precondition that does not hold.
#[derive(Default)]
pub struct Impatient(MemoryStore, Mutex<()>);

impl Store for Impatient {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let Ok(_writing) = self.1.try_lock() else { return Ok(Outcome::Conflict(0)) };
        thread::sleep(Duration::from_micros(50));
        Store::commit(&self.0, commit)
    }
}

/// Writes what comes before a change that it does not know, and then says something.
pub struct HalfKnowing(pub MemoryStore, pub fn(usize, Outcome) -> Result<Outcome, Unavailable>);

impl Store for HalfKnowing {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let known = commit.changes().iter().take_while(|change| !matches!(change, Change::Unknown(_)));
        let known = Commit::new(known.cloned()).unwrap();
        let outcome = write(&self.0, &known);
        if known == *commit { Ok(outcome) } else { (self.1)(known.changes().len(), outcome) }
    }
}
