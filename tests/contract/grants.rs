//! The contract of stores that list grants: the memory store keeps it, blocking and async, and each rule finds the
//! faults that it forbids.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use grantor::model::{Claims, ClientId, GrantId, Subject};
use grantor::store::contract::grants::{check, violations};
use grantor::store::{
    Application, AsyncGrantStore, AsyncStore, Change, Commit, Found, GrantCursor, GrantStore, GrantsOf, HeldGrant,
    Lookup, MemoryStore, Outcome, Store,
};
use grantor::{Timestamp, Unavailable};

use crate::faulty::{names, write};

#[test]
fn the_memory_store_keeps_it() {
    check(MemoryStore::new);
    check(|| Box::new(MemoryStore::new()) as Box<dyn GrantStore>);
}

#[test]
fn a_store_that_is_asked_async_keeps_it() {
    check(|| Async(Arc::new(MemoryStore::new())));
}

#[test]
fn r94_each_fault_is_found_by_the_rule_that_forbids_it_and_each_rule_finds_one() {
    let mut found = BTreeSet::new();
    for (number, (rule, faults)) in faults().into_iter().enumerate() {
        let broken = names(&violations(|| Faulty(MemoryStore::new(), faults)));
        assert!(broken.contains(&rule), "fault {number} of {rule}, which broke {broken:?}");
        found.insert(rule);
    }
    let down = lists(|_, _| Err(Unavailable::new("down")));
    let all = names(&violations(|| Faulty(MemoryStore::new(), down)));
    assert_eq!(found, all.into_iter().collect(), "the rules that found a fault, and all of them");
}

#[test]
fn a_store_that_begins_anew_with_every_page_is_not_followed_for_ever() {
    let circles = lists(|store, it| Query { after: None, ..*it }.ask(store));
    let broken = names(&violations(|| Faulty(MemoryStore::new(), circles)));
    assert!(broken.contains(&"applications are paged by client, with all grants of each"), "{broken:?}");
}

/// What a list is asked for.
struct Query<'a> {
    of: &'a GrantsOf,
    after: Option<&'a GrantCursor>,
    limit: usize,
    now: Timestamp,
}

type Listed = Result<Vec<HeldGrant>, Unavailable>;

impl Query<'_> {
    fn ask(&self, store: &MemoryStore) -> Listed {
        store.held_grants(self.of, self.after, self.limit, self.now)
    }

    /// What is listed, each grant changed.
    fn each(&self, store: &MemoryStore, change: impl Fn(&mut HeldGrant)) -> Listed {
        let mut page = self.ask(store)?;
        page.iter_mut().for_each(change);
        Ok(page)
    }
}

type Applications = fn(&MemoryStore, &Subject, Option<&ClientId>, usize) -> Vec<Application>;

/// What a store does in place of what the contract asks for.
#[derive(Clone, Copy)]
struct Faults {
    lists: fn(&MemoryStore, &Query<'_>) -> Listed,
    applications: Option<Applications>,
    revokes: Option<fn(&MemoryStore, &GrantsOf) -> usize>,
    commits: fn(&MemoryStore, &Commit) -> Outcome,
}

const NONE: Faults = Faults { lists: |store, it| it.ask(store), applications: None, revokes: None, commits: write };

fn lists(lists: fn(&MemoryStore, &Query<'_>) -> Listed) -> Faults {
    Faults { lists, ..NONE }
}

fn applications(wrong: Applications) -> Faults {
    Faults { applications: Some(wrong), ..NONE }
}

fn revokes(wrong: fn(&MemoryStore, &GrantsOf) -> usize) -> Faults {
    Faults { revokes: Some(wrong), ..NONE }
}

const NOW: Timestamp = Timestamp(100);

/// Rules, and what each of them must find.
fn faults() -> Vec<(&'static str, Faults)> {
    let held = "a living grant is listed, with what it holds";
    let living = "what is spent, discarded or expired is not counted, and a grant without the rest is not listed";
    let order = "grants are listed by client id and then by grant id, in the order of bytes";
    let pages = "a page has so many grants, and the next one goes on where it ended";
    let whose = "grants are listed by subject, by client, and by both";
    let bytes = "subjects and client ids are compared byte for byte";
    let code = "a grant with nothing but a code is listed, and is no application yet";
    let line = "an application is one line, however often its user logged in";
    let name = "an application has the name of its client as it is now";
    let revoked = "revoking ends the grants that are meant, and no others";
    vec![
        (held, lists(|_, _| Ok(Vec::new()))),
        (held, lists(|store, it| it.each(store, |held| held.authorization_codes = 0))),
        (held, lists(|store, it| it.each(store, |held| held.access_tokens = 1))),
        (held, lists(|store, it| it.each(store, |held| held.refresh_tokens = 0))),
        (held, lists(|store, it| it.each(store, |held| held.expires_at = Timestamp(1000)))),
        (held, lists(|store, it| it.each(store, |held| Arc::make_mut(&mut held.grant).data = Claims::default()))),
        (living, lists(|store, it| Query { now: Timestamp(99), ..*it }.ask(store))),
        (living, lists(|store, it| Query { now: Timestamp(101), ..*it }.ask(store))),
        (living, lists(|store, it| it.each(store, |held| held.expires_at = held.expires_at.min(Timestamp(9999))))),
        (living, Faults { commits: |store, it| unless(store, it, |it| matches!(it, Change::Spend { .. })), ..NONE }),
        (living, Faults { commits: |store, it| unless(store, it, |it| matches!(it, Change::Discard(_))), ..NONE }),
        (
            "a revoked grant is not listed",
            Faults { commits: |store, it| unless(store, it, |it| matches!(it, Change::Revoke(_))), ..NONE },
        ),
        (order, lists(|store, it| sorted_by(store, it, |held| (String::new(), held.grant.id)))),
        (
            order,
            lists(|store, it| {
                sorted_by(store, it, |held| (held.grant.client_id.as_str().to_lowercase(), held.grant.id))
            }),
        ),
        (pages, lists(|store, it| Query { after: None, ..*it }.ask(store))),
        (pages, lists(|store, it| Query { limit: 50, ..*it }.ask(store))),
        (pages, lists(|store, it| Query { limit: it.limit.min(1), ..*it }.ask(store))),
        (
            pages,
            lists(|store, it| {
                let last = GrantId::from_bytes([0xFF; 18]);
                let after = it.after.map(|after| GrantCursor { grant: last, ..after.clone() });
                Query { after: after.as_ref(), ..*it }.ask(store)
            }),
        ),
        (whose, lists(|store, it| all_of(store, it, |of| of.client_id().cloned().map(GrantsOf::Client)))),
        (whose, lists(|store, it| all_of(store, it, |of| of.subject().cloned().map(GrantsOf::Subject)))),
        (bytes, lists(|store, it| all_of(store, it, folded_subject))),
        (bytes, lists(|store, it| all_of(store, it, folded_client))),
        (
            "a grant of a client that acts for itself is listed for the client",
            lists(|store, it| Ok(it.ask(store)?.into_iter().filter(|held| held.grant.subject.is_some()).collect())),
        ),
        (code, lists(|store, it| Ok(it.ask(store)?.into_iter().filter(|held| !held.is_only_code()).collect()))),
        (code, lists(|store, it| it.each(store, |held| held.access_tokens += 1))),
        (
            line,
            applications(|store, subject, after, limit| each_line(store, subject, after, limit, |it| it.grants = 1)),
        ),
        (
            line,
            applications(|store, subject, after, limit| {
                each_line(store, subject, after, limit, |it| it.access_tokens = it.access_tokens.min(1))
            }),
        ),
        (
            line,
            applications(|store, subject, after, limit| {
                each_line(store, subject, after, limit, |it| it.refresh_tokens = it.refresh_tokens.min(1))
            }),
        ),
        (
            line,
            applications(|store, subject, after, limit| {
                each_line(store, subject, after, limit, |it| it.expires_at.0 -= 1)
            }),
        ),
        (
            line,
            applications(|store, subject, after, limit| {
                each_line(store, subject, after, limit, |it| it.last_granted_at = it.first_granted_at)
            }),
        ),
        (
            line,
            applications(|store, subject, after, limit| {
                each_line(store, subject, after, limit, |it| it.scope = "read write".parse().unwrap())
            }),
        ),
        (
            name,
            applications(|store, subject, after, limit| {
                each_line(store, subject, after, limit, |it| it.client_name = None)
            }),
        ),
        (
            name,
            applications(|store, subject, after, limit| {
                each_line(store, subject, after, limit, |it| it.client_is_self_registered = false)
            }),
        ),
        (
            "applications are paged by client, with all grants of each",
            applications(|store, subject, after, limit| {
                each_line(store, subject, after, limit, |it| it.grants = it.grants.min(100))
            }),
        ),
        (
            "applications are paged by client, with all grants of each",
            applications(|store, subject, _, limit| store.applications(subject, None, limit, NOW).unwrap()),
        ),
        (revoked, revokes(|_, _| 0)),
        (revoked, revokes(|store, of| revoke_more(store, of.client_id().cloned().map(GrantsOf::Client), of))),
        (revoked, revokes(|store, of| revoke_more(store, of.subject().cloned().map(GrantsOf::Subject), of))),
        (
            "revoking goes on after a page, ends codes too, and may be repeated",
            revokes(|store, of| revoke_each(store, store.held_grants(of, None, 100, NOW).unwrap())),
        ),
        (
            "revoking goes on after a page, ends codes too, and may be repeated",
            revokes(|store, of| {
                let held = store.held_grants(of, None, 1000, NOW).unwrap();
                revoke_each(store, held.into_iter().filter(|held| !held.is_only_code()).collect())
            }),
        ),
    ]
}

/// Claims to have written what it has not, if this may be said of a change.
fn unless(store: &MemoryStore, commit: &Commit, is_lost: impl Fn(&Change) -> bool) -> Outcome {
    let changes = commit.changes().iter().filter(|change| !is_lost(change)).cloned();
    write(store, &Commit::new(changes).unwrap())
}

fn sorted_by<K: Ord>(store: &MemoryStore, query: &Query<'_>, key: fn(&HeldGrant) -> K) -> Listed {
    let mut page = query.ask(store)?;
    page.sort_by_key(key);
    Ok(page)
}

/// Lists what else is meant by this, if it means anything.
fn all_of(store: &MemoryStore, query: &Query<'_>, other: fn(&GrantsOf) -> Option<GrantsOf>) -> Listed {
    let of = other(query.of).unwrap_or_else(|| query.of.clone());
    Query { of: &of, ..*query }.ask(store)
}

fn folded_subject(of: &GrantsOf) -> Option<GrantsOf> {
    let folded = Subject::parse(&of.subject()?.as_str().to_lowercase()).unwrap();
    Some(GrantsOf::Subject(folded))
}

fn folded_client(of: &GrantsOf) -> Option<GrantsOf> {
    let folded = ClientId::parse(of.client_id()?.as_str().trim_end()).unwrap();
    Some(GrantsOf::Client(folded))
}

fn each_line(
    store: &MemoryStore,
    subject: &Subject,
    after: Option<&ClientId>,
    limit: usize,
    change: impl Fn(&mut Application),
) -> Vec<Application> {
    let mut lines = store.applications(subject, after, limit, NOW).unwrap();
    lines.iter_mut().for_each(change);
    lines
}

fn revoke_each(store: &MemoryStore, held: Vec<HeldGrant>) -> usize {
    let revoked = held.iter().map(|held| write(store, &Commit::of(Change::Revoke(held.grant.id))));
    revoked.filter(|outcome| *outcome == Outcome::Applied).count()
}

fn revoke_more(store: &MemoryStore, more: Option<GrantsOf>, of: &GrantsOf) -> usize {
    store.revoke_grants(more.as_ref().unwrap_or(of), NOW).unwrap()
}

struct Faulty(MemoryStore, Faults);

impl Store for Faulty {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        Store::lookup(&self.0, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        Ok((self.1.commits)(&self.0, commit))
    }
}

impl GrantStore for Faulty {
    fn held_grants(&self, of: &GrantsOf, after: Option<&GrantCursor>, limit: usize, now: Timestamp) -> Listed {
        (self.1.lists)(&self.0, &Query { of, after, limit, now })
    }
    fn applications(
        &self,
        subject: &Subject,
        after: Option<&ClientId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Application>, Unavailable> {
        match self.1.applications {
            Some(wrong) => Ok(wrong(&self.0, subject, after, limit)),
            None => Provided(self).applications(subject, after, limit, now),
        }
    }
    fn revoke_grants(&self, of: &GrantsOf, now: Timestamp) -> Result<usize, Unavailable> {
        match self.1.revokes {
            Some(wrong) => Ok(wrong(&self.0, of)),
            None => Provided(self).revoke_grants(of, now),
        }
    }
}

/// The same store, with the methods that the trait provides.
struct Provided<'a>(&'a Faulty);

impl Store for Provided<'_> {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        self.0.lookup(lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        self.0.commit(commit)
    }
}

impl GrantStore for Provided<'_> {
    fn held_grants(&self, of: &GrantsOf, after: Option<&GrantCursor>, limit: usize, now: Timestamp) -> Listed {
        self.0.held_grants(of, after, limit, now)
    }
}

/// A store that is asked async.
struct Async(Arc<MemoryStore>);

impl Store for Async {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        at_once(self.0.lookup_async(lookup))
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        at_once(self.0.commit_async(commit))
    }
}

impl GrantStore for Async {
    fn held_grants(&self, of: &GrantsOf, after: Option<&GrantCursor>, limit: usize, now: Timestamp) -> Listed {
        at_once(self.0.held_grants_async(of, after, limit, now))
    }
    fn applications(
        &self,
        subject: &Subject,
        after: Option<&ClientId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Application>, Unavailable> {
        at_once(self.0.applications_async(subject, after, limit, now))
    }
    fn revoke_grants(&self, of: &GrantsOf, now: Timestamp) -> Result<usize, Unavailable> {
        at_once(self.0.revoke_grants_async(of, now))
    }
}

/// What a future that waits for nobody comes to.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the memory store waits for nobody"),
    }
}
