//! The contract of stores with several handles onto one database.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use grantor::Unavailable;
use grantor::model::ClientId;
use grantor::record::Client;
use grantor::store::contract::{Contract, Violation};
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, Store};

use crate::faulty::{each, is_known, is_spent, names, write};

#[test]
fn several_handles_onto_the_memory_store_keep_it() {
    Contract::new().with_another(Arc::clone).check(|| Arc::new(MemoryStore::new()));
}

#[test]
fn r94_each_fault_is_found_by_the_rule_that_forbids_it_and_each_rule_finds_one() {
    let reads_first = "one of many threads at two handles spends a credential";
    let others = "one of many threads at two handles witnesses, takes a user code and changes a client";
    let faults = [
        ("what one handle has written, another finds at once", violations(|it| Caching::new(&it.0), Caching::empty)),
        ("what was written is there when the store is opened again", violations(Late::another, Late::empty)),
        (reads_first, violations(|it: &Locking| Locking::new(&it.0), Locking::empty)),
        (others, violations(|it: &Locking| Locking::new(&it.0), Locking::empty)),
    ];
    for (rule, broken) in &faults {
        assert!(names(broken).contains(rule), "{rule}, which broke {:?}", names(broken));
    }
    let found: BTreeSet<_> = faults.iter().map(|(rule, _)| *rule).collect();
    let all = Contract::<MemoryStore>::new().with_another(|_| MemoryStore::new());
    assert_eq!(found, all.rules().filter(|rule| is_of_handles(rule)).collect());
}

#[test]
fn handles_that_have_nothing_in_common_do_not_keep_it() {
    let alone = violations(|_: &MemoryStore| MemoryStore::new(), MemoryStore::new);
    assert!(alone.len() > 2, "{alone:?}");
}

fn is_of_handles(rule: &str) -> bool {
    Contract::<MemoryStore>::new().rules().all(|other| other != rule)
}

fn violations<S: Store + Sync + 'static>(another: fn(&S) -> S, new: fn() -> S) -> Vec<Violation> {
    Contract::new().with_another(another).only(is_of_handles).violations(new)
}

/// Remembers the clients that it has read, as long as they are not changed by this handle.
struct Caching(Arc<MemoryStore>, Mutex<HashMap<ClientId, Option<Arc<Client>>>>);

impl Caching {
    fn empty() -> Self {
        Self::new(&Arc::default())
    }
    fn new(store: &Arc<MemoryStore>) -> Self {
        Self(Arc::clone(store), Mutex::default())
    }
}

impl Store for Caching {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        let found = Store::lookup(&self.0, lookup)?;
        let Some(client_id) = lookup.client() else { return Ok(found) };
        let mut cache = self.1.lock().unwrap();
        let client = cache.entry(client_id.clone()).or_insert_with(|| found.client().cloned()).clone();
        Ok(Found::new(client, found.credentials().iter().cloned()).unwrap())
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        self.1.lock().unwrap().clear();
        Store::commit(&self.0, commit)
    }
}

/// Keeps to itself when something was spent, and forgets it with the handle.
struct Late(Arc<MemoryStore>, bool);

impl Late {
    fn empty() -> Self {
        Self(Arc::default(), true)
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0), false)
    }
}

impl Store for Late {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Ok(each(&self.0, lookup, |it| it.spent_at = it.spent_at.filter(|_| self.1)))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Store::commit(&self.0, commit)
    }
}

/// Reads first and writes later, under a lock that each handle has for itself.
struct Locking(Arc<MemoryStore>, Mutex<()>);

impl Locking {
    fn empty() -> Self {
        Self::new(&Arc::default())
    }
    fn new(store: &Arc<MemoryStore>) -> Self {
        Self(Arc::clone(store), Mutex::default())
    }
}

impl Store for Locking {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let _alone = self.1.lock().unwrap();
        let holds = match commit.changes() {
            [Change::Spend { key, .. }, Change::Issue(_)] => is_known(&self.0, *key) && !is_spent(&self.0, *key),
            [Change::PutClient(it)] => {
                let found = Store::lookup(&self.0, &Lookup::of_client(it.client_id.clone()))?;
                found.client().map(|client| client.revision) == it.revision.checked_sub(1)
            }
            _ => return Store::commit(&self.0, commit),
        };
        std::thread::sleep(std::time::Duration::from_micros(200));
        if holds {
            let _ = write(&self.0, commit);
        }
        Ok(if holds { Outcome::Applied } else { Outcome::Conflict(0) })
    }
}
