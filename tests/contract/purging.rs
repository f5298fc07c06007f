//! The contract of stores that purge: the memory store keeps it, and each rule finds the faults that it forbids.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use grantor::model::GrantId;
use grantor::store::contract::{Contract, Violation};
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, Purge, Store};
use grantor::{Timestamp, Unavailable};

use crate::faulty::{is_open, leave, names, write};

#[test]
fn the_memory_store_keeps_it() {
    Contract::new().with_purging().check(MemoryStore::new);
}

fn of_purging(new: impl FnMut() -> Purging) -> Vec<Violation> {
    let of_every_store: BTreeSet<_> = Contract::<MemoryStore>::new().rules().collect();
    Contract::new().with_purging().only(|rule| !of_every_store.contains(rule)).violations(new)
}

#[test]
fn r94_each_fault_is_found_by_the_rule_that_forbids_it_and_each_rule_finds_one() {
    let mut found = BTreeSet::new();
    for (rule, fault) in faults() {
        let only = Contract::new().with_purging().only(|it| it == rule);
        assert_eq!(names(&only.violations(|| Purging::new(fault))), [rule]);
        found.insert(rule);
    }
    let down = Fault { purge: |_, _, _| Err(Unavailable::new("down")), ..RIGHT };
    assert_eq!(found, names(&of_purging(|| Purging::new(down))).into_iter().collect());
}

#[derive(Clone, Copy)]
struct Fault {
    purge: fn(&Purging, Timestamp, usize) -> Result<usize, Unavailable>,
    commit: fn(&Purging, &Commit) -> Outcome,
}

const RIGHT: Fault =
    Fault { purge: |it, now, limit| it.store.purge_batch(now, limit), commit: |it, commit| write(&it.store, commit) };

/// A store in memory that is wrong about what it forgets.
struct Purging {
    store: MemoryStore,
    fault: Fault,
    /// The grants that were revoked.
    revoked: Mutex<Vec<GrantId>>,
}

impl Purging {
    fn new(fault: Fault) -> Self {
        Self { store: MemoryStore::new(), fault, revoked: Mutex::default() }
    }
}

impl Store for Purging {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.store, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Ok((self.fault.commit)(self, commit))
    }
}

impl Purge for Purging {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        (self.fault.purge)(self, now, limit)
    }
}

/// Ends a grant or a witness at another time than was said.
fn ends(commit: &Commit, end: impl Fn(Timestamp) -> Timestamp) -> Commit {
    let changes = commit.changes().iter().map(|change| match change {
        Change::Open { grant, until } => Change::Open { grant: grant.clone(), until: end(*until) },
        Change::Witness { key, until } => Change::Witness { key: *key, until: end(*until) },
        Change::Extend { grant, until, at_most } => {
            Change::Extend { grant: *grant, until: end(*until), at_most: *at_most }
        }
        other => other.clone(),
    });
    Commit::new(changes).unwrap()
}

fn faults() -> Vec<(&'static str, Fault)> {
    let purging = |purge| Fault { purge, ..RIGHT };
    let writing = |commit| Fault { commit, ..RIGHT };
    vec![
        (
            "nothing is forgotten before it expires",
            purging(|it, now, limit| it.store.purge_batch(Timestamp(now.0.saturating_add(1)), limit)),
        ),
        (
            "nothing is forgotten before it expires",
            writing(|it, commit| write(&it.store, &ends(commit, |_| Timestamp(0)))),
        ),
        ("what has expired is forgotten", purging(|_, _, _| Ok(0))),
        ("what has expired is forgotten", purging(|it, now, limit| it.store.purge_batch(Timestamp(now.0 - 1), limit))),
        (
            "a revocation is kept as long as the grant",
            purging(|it, now, limit| {
                // As `DELETE FROM grants WHERE revoked OR …` does.
                let is_hasty = !it.revoked.lock().unwrap().is_empty();
                it.store.purge_batch(if is_hasty { Timestamp(1000) } else { now }, limit)
            })
            .noticing(),
        ),
        (
            "a grant is kept as long as its longest extension",
            writing(|it, commit| write(&it.store, &without_extensions(commit))),
        ),
        (
            "a refused extension does not keep a grant",
            writing(|it, commit| leave(&it.store, commit, |change| matches!(change, Change::Extend { .. }))),
        ),
        (
            "no credential comes back to life when its grant is forgotten",
            writing(|it, commit| {
                // What was revoked is deleted with the grant, and the credentials are not.
                let is_revocation = matches!(commit.changes(), [Change::Revoke(_)]);
                if is_revocation {
                    Outcome::Applied
                } else {
                    write(&it.store, &ends(commit, |until| until.max(Timestamp(4000))))
                }
            }),
        ),
        (
            "what ends at the end of time is never forgotten",
            writing(|it, commit| {
                let wrapped = |until: Timestamp| if i64::try_from(until.0).is_err() { Timestamp(0) } else { until };
                write(&it.store, &ends(commit, wrapped))
            }),
        ),
        (
            "so much is forgotten at a time as was said, and in the end all of it",
            purging(|it, now, limit| it.store.purge_batch(now, 1000).map(|count| count.min(limit))),
        ),
        (
            "so much is forgotten at a time as was said, and in the end all of it",
            purging(|it, now, limit| it.store.purge_batch(now, limit).map(|count| count.saturating_sub(1))),
        ),
        ("nothing is forgotten if nothing may be", purging(|it, now, limit| it.store.purge_batch(now, limit.max(1)))),
        (
            "a grant is kept as long as its longest extension, however these race",
            writing(|it, commit| match commit.changes() {
                // The first that is on its way keeps all others away, and says that they were heard.
                [Change::Extend { .. }] => {
                    let Ok(_busy) = it.revoked.try_lock() else { return Outcome::Applied };
                    thread::sleep(Duration::from_millis(1));
                    write(&it.store, commit)
                }
                _ => write(&it.store, commit),
            }),
        ),
        (
            "what is extended in time is not forgotten, however they race",
            Fault {
                // It looks whether the grant is there, and extends it if it still is.
                commit: |it, commit| match commit.changes() {
                    [Change::Extend { grant, .. }] if is_open(&it.store, *grant) => {
                        thread::sleep(Duration::from_millis(2));
                        let _ = write(&it.store, commit);
                        Outcome::Applied
                    }
                    _ => write(&it.store, commit),
                },
                ..RIGHT
            },
        ),
    ]
}

impl Fault {
    /// Remembers which grants were revoked.
    fn noticing(self) -> Self {
        Self {
            commit: |it, commit| {
                it.revoked.lock().unwrap().extend(commit.changes().iter().filter_map(crate::stores::revoked_by));
                write(&it.store, commit)
            },
            ..self
        }
    }
}

/// Forgets to extend.
fn without_extensions(commit: &Commit) -> Commit {
    Commit::new(commit.changes().iter().filter(|change| !matches!(change, Change::Extend { .. })).cloned()).unwrap()
}
