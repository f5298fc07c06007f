//! The storage contract as a test suite: the memory store keeps it, and each fault of a store is found by the rule that forbids it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test tells its findings by panicking"
)]

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use grantor::Unavailable;
use grantor::model::{Client, ClientId, CredentialKind, GrantId, Key, Scope, Timestamp};
use grantor::store::contract::check;
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, Presented, Store};

#[test]
fn the_memory_store_keeps_it() {
    check(MemoryStore::new);
}

type Reads = fn(&MemoryStore, &Lookup) -> Found;
type Writes = fn(&MemoryStore, &Commit) -> Outcome;

/// Keeps the contract, but for what it is given.
struct Faulty {
    store: MemoryStore,
    reads: Reads,
    writes: Writes,
}

impl Store for Faulty {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Ok((self.reads)(&self.store, lookup))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Ok((self.writes)(&self.store, commit))
    }
}

fn read(store: &MemoryStore, lookup: &Lookup) -> Found {
    Store::lookup(store, lookup).unwrap()
}

fn write(store: &MemoryStore, commit: &Commit) -> Outcome {
    Store::commit(store, commit).unwrap()
}

/// The rule that a store breaks.
fn broken_by<S: Store + Sync>(new: impl FnMut() -> S) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| check(new))).expect_err("the contract finds no fault");
    panic.downcast_ref::<String>().unwrap().strip_prefix("the store breaks the rule: ").unwrap().to_owned()
}

#[track_caller]
fn breaks_by_reading(rule: &str, reads: Reads) {
    assert_eq!(broken_by(|| Faulty { store: MemoryStore::new(), reads, writes: write }), rule);
}

#[track_caller]
fn breaks_by_writing(rule: &str, writes: Writes) {
    assert_eq!(broken_by(|| Faulty { store: MemoryStore::new(), reads: read, writes }), rule);
}

/// What is found, with each credential changed.
fn each(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut Presented)) -> Found {
    let found = read(store, lookup);
    let mut credentials = found.credentials().to_vec();
    credentials.iter_mut().for_each(change);
    Found::new(found.client().cloned(), credentials).unwrap()
}

/// What is found, of credentials only those of which this may be said.
fn only(store: &MemoryStore, lookup: &Lookup, is_found: impl Fn(&Presented) -> bool) -> Found {
    let found = read(store, lookup);
    let credentials = found.credentials().iter().filter(|it| is_found(it)).cloned();
    Found::new(found.client().cloned(), credentials).unwrap()
}

/// What is found, with the client changed.
fn client(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut Client)) -> Found {
    let found = read(store, lookup);
    let client = found.client().cloned().map(|mut client| {
        change(Arc::make_mut(&mut client));
        client
    });
    Found::new(client, found.credentials().iter().cloned()).unwrap()
}

/// Takes a refused commit for applied, if this may be said of the change that was refused.
fn forgive(store: &MemoryStore, commit: &Commit, forgiven: impl Fn(&Change) -> bool) -> Outcome {
    match write(store, commit) {
        Outcome::Conflict(at) if forgiven(&commit.changes()[at]) => Outcome::Applied,
        outcome => outcome,
    }
}

/// Writes nothing if this may be said of a change, and claims to have been refused by it.
fn refuse(store: &MemoryStore, commit: &Commit, refused: impl Fn(&Change) -> bool) -> Outcome {
    commit.changes().iter().position(refused).map_or_else(|| write(store, commit), Outcome::Conflict)
}

/// Of a refused commit, writes all the same what came before the change that was refused, if this may be said of it.
fn leave(store: &MemoryStore, commit: &Commit, left: impl Fn(&Change) -> bool) -> Outcome {
    let outcome = write(store, commit);
    if let Outcome::Conflict(at) = outcome {
        commit.changes()[..at].iter().filter(|change| left(change)).for_each(|change| {
            write(store, &Commit::of(change.clone()));
        });
    }
    outcome
}

fn is_known(store: &MemoryStore, key: Key) -> bool {
    !read(store, &Lookup::of(key)).credentials().is_empty()
}

fn elsewhere() -> GrantId {
    GrantId::from_bytes([7; 18])
}

#[test]
fn what_is_found_is_what_was_issued_and_nothing_else() {
    let rule = "what was issued is found with its grant";
    breaks_by_reading(rule, |_, _| Found::default());
    breaks_by_reading(rule, |store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.grant).id = elsewhere()));
    breaks_by_reading(rule, |store, lookup| each(store, lookup, |it| it.spent_at = Some(Timestamp(0))));
    breaks_by_reading(rule, |store, lookup| each(store, lookup, |it| it.revoked = true));
    breaks_by_reading(rule, |store, lookup| {
        each(store, lookup, |it| Arc::make_mut(&mut it.credential).grant = elsewhere())
    });
}

#[test]
fn nothing_of_a_record_is_lost() {
    let rule = "records come back as they were stored";
    breaks_by_reading(rule, |store, lookup| client(store, lookup, |it| it.client_name = None));
    breaks_by_reading(rule, |store, lookup| client(store, lookup, |it| it.scope = Scope::EMPTY));
    breaks_by_reading(rule, |store, lookup| client(store, lookup, |it| it.resource.clear()));
    breaks_by_reading(rule, |store, lookup| client(store, lookup, |it| it.resource_server = None));
    breaks_by_reading(rule, |store, lookup| each(store, lookup, |it| Arc::make_mut(&mut it.grant).acr = None));
    breaks_by_reading(rule, |store, lookup| {
        each(store, lookup, |it| Arc::make_mut(&mut it.credential).resource.clear())
    });
    breaks_by_reading(rule, |store, lookup| {
        each(store, lookup, |it| {
            if let CredentialKind::AuthorizationCode { code_challenge, .. } =
                &mut Arc::make_mut(&mut it.credential).kind
            {
                *code_challenge = None;
            }
        })
    });
}

#[test]
fn a_lookup_joins_each_credential_with_its_own_grant_and_brings_nothing_more() {
    let rule = "a lookup finds each of several credentials, and leaves out what is not there";
    breaks_by_reading(rule, |store, lookup| {
        let first = read(store, lookup).credentials().first().map(|first| first.grant.id);
        only(store, lookup, |it| Some(it.grant.id) == first)
    });
    breaks_by_reading(rule, |store, lookup| {
        let grant = read(store, lookup).credentials().first().map(|first| Arc::clone(&first.grant));
        each(store, lookup, |it| it.grant = grant.clone().unwrap())
    });
    breaks_by_reading(rule, |store, lookup| {
        let anybody = || Arc::new(Client::public(ClientId::parse("anybody").unwrap()));
        let found = read(store, lookup);
        let client = found.client().cloned().or_else(|| lookup.client().is_none().then(anybody));
        Found::new(client, found.credentials().iter().cloned()).unwrap()
    });
}

#[test]
fn what_a_change_sets_is_seen_from_then_on() {
    breaks_by_reading("a spent credential stays visible, with the time of its first use", |store, lookup| {
        only(store, lookup, |it| it.spent_at.is_none())
    });
    breaks_by_reading("revocation reaches every credential of the grant and no other", |store, lookup| {
        each(store, lookup, |it| it.revoked = false)
    });
    breaks_by_reading("a replaced credential stays spent", |store, lookup| {
        each(store, lookup, |it| it.spent_at = it.spent_at.filter(|_| it.credential.revision == 0))
    });
    breaks_by_reading("client ids are compared byte for byte", |store, lookup| {
        let folded = lookup.client().map(|id| ClientId::parse(&id.as_str().to_lowercase()).unwrap());
        read(store, &Lookup::new(folded, lookup.credentials().iter().copied()).unwrap())
    });
    breaks_by_writing("a discarded credential is gone, and discarding it again is no error", |store, commit| {
        let is_kept = matches!(commit.changes(), [Change::Discard(_)]);
        if is_kept { Outcome::Applied } else { write(store, commit) }
    });
}

#[test]
fn every_precondition_holds() {
    breaks_by_writing("a grant is opened once", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Open { .. }))
    });
    breaks_by_writing("a credential is issued once", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Issue(_)))
    });
    breaks_by_writing("a credential needs its grant", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Issue(it) if !is_known(store, it.key)))
    });
    breaks_by_writing("a credential is spent once", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Spend { .. }))
    });
    breaks_by_writing("an unknown credential cannot be spent", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Spend { key, .. } if !is_known(store, *key)))
    });
    breaks_by_writing("a grant is extended while it lives", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Extend { .. }))
    });
    breaks_by_writing("a credential is replaced by its next revision only", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Replace(_)))
    });
    breaks_by_writing("an unknown credential cannot be replaced", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Replace(it) if !is_known(store, it.key)))
    });
    breaks_by_writing("what was witnessed is noticed", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::Witness { .. }))
    });
    breaks_by_writing("a client is put by revision", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::PutClient(_)))
    });
    breaks_by_writing("a client is removed by revision", |store, commit| {
        forgive(store, commit, |change| matches!(change, Change::RemoveClient { .. }))
    });
}

#[test]
fn what_has_no_precondition_is_never_refused() {
    breaks_by_writing("a commit of nothing is applied", |store, commit| {
        if commit.changes().is_empty() { Outcome::Conflict(0) } else { write(store, commit) }
    });
    breaks_by_writing("revoking an unknown grant is no error", |store, commit| {
        refuse(store, commit, |change| matches!(change, Change::Revoke(_)) && store.counts() == (0, 0))
    });
    breaks_by_writing("a discarded credential is gone, and discarding it again is no error", |store, commit| {
        refuse(store, commit, |change| matches!(change, Change::Discard(key) if !is_known(store, *key)))
    });
}

#[test]
fn a_commit_is_applied_in_order_and_whole_or_not_at_all() {
    breaks_by_writing(
        "a credential may be issued by the commit that opens its grant, in this order only",
        |store, commit| {
            let mut changes = commit.changes().to_vec();
            changes.sort_by_key(|change| !matches!(change, Change::Open { .. }));
            write(store, &Commit::new(changes).unwrap())
        },
    );
    breaks_by_writing("one commit cannot spend a credential twice", |store, commit| {
        leave(store, commit, |change| matches!(change, Change::Spend { .. }))
    });
    let left_behind: [Writes; 6] = [
        |store, commit| leave(store, commit, |change| matches!(change, Change::Open { .. })),
        |store, commit| leave(store, commit, |change| matches!(change, Change::Issue(_))),
        |store, commit| leave(store, commit, |change| matches!(change, Change::Replace(_))),
        |store, commit| leave(store, commit, |change| matches!(change, Change::Discard(_))),
        |store, commit| leave(store, commit, |change| matches!(change, Change::Witness { .. })),
        |store, commit| leave(store, commit, |change| matches!(change, Change::Revoke(_))),
    ];
    for writes in left_behind {
        breaks_by_writing("a refused commit leaves nothing behind", writes);
    }
    breaks_by_writing("one of many threads wins a credential", |store, commit| {
        let outcome = write(store, commit);
        if let (Outcome::Conflict(0), [_, successor @ Change::Issue(_)]) = (outcome, commit.changes()) {
            write(store, &Commit::of(successor.clone()));
        }
        outcome
    });
}

/// Tells of a revocation only the thread that asked for it.
struct Stale(MemoryStore, Mutex<HashSet<(ThreadId, GrantId)>>);

impl Store for Stale {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        let mut known = self.1.lock().unwrap();
        let thread = thread::current().id();
        known.extend(commit.changes().iter().filter_map(|change| match change {
            Change::Revoke(grant) => Some((thread, *grant)),
            _ => None,
        }));
        let is_stale = known.iter().any(|(who, grant)| *who != thread && grant.partition() == partition(commit));
        Ok(if is_stale { Outcome::Applied } else { Store::commit(&self.0, commit)? })
    }
}

fn partition(commit: &Commit) -> grantor::model::Partition {
    match commit.route() {
        Some(grantor::store::Route::Partition(partition)) => partition,
        _ => grantor::model::Partition(u16::MAX),
    }
}

#[test]
fn a_revocation_is_known_to_all() {
    let rule = "nothing is issued once a revocation was applied, however they race";
    assert_eq!(broken_by(|| Stale(MemoryStore::new(), Mutex::default())), rule);
}

/// Takes its time to issue, so that whatever races with that comes first.
struct Slow(MemoryStore);

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

#[test]
fn a_slow_store_may_keep_it_too() {
    check(|| Slow(MemoryStore::new()));
}
