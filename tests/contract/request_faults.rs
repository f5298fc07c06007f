//! The faults that the rules about requests forbid.

use std::sync::Arc;

use grantor::Timestamp;
use grantor::model::{Audience, Key};
use grantor::record::PendingRequest;
use grantor::store::{Change, Commit, Found, Lookup, MemoryStore, Outcome, RequestKey};

use crate::faults::Forbidden;
use crate::faulty::Fault::{self, Reads, Writes};
use crate::faulty::{
    Write, forgive, found_request, instead, is_decided, leave, presented, pushed, read, refuse, request, write,
};
use crate::stores::OneNull;

pub fn all() -> Forbidden {
    [of_finding(), of_preconditions(), of_wholeness()].into_iter().flatten().collect()
}

fn of_finding() -> Forbidden {
    let rule = "records come back as they were stored, in one lookup";
    vec![
        (
            rule,
            vec![
                Reads(|store, lookup| pushed(store, lookup, |it| it.state = None)),
                Reads(|store, lookup| pushed(store, lookup, |it| it.redirect_uri_sent = false)),
                Reads(|store, lookup| record(store, lookup, |it| it.asked.code_challenge = None)),
                Reads(|store, lookup| record(store, lookup, |it| it.asked.acr_values.truncate(1))),
                Reads(|store, lookup| record(store, lookup, |it| it.asked.max_age = None)),
                Reads(|store, lookup| record(store, lookup, |it| it.asked.audience = Audience::Any)),
                Reads(|store, lookup| request(store, lookup, |it| it.spent_at = Some(Timestamp(0)))),
            ],
        ),
        (
            "a request is found by its key and by its user code, each as what it is",
            vec![
                Reads(|store, lookup| match lookup.request() {
                    Some(RequestKey::UserCode(_)) => read(store, lookup).with_request(None),
                    _ => read(store, lookup),
                }),
                Reads(|store, lookup| match lookup.request() {
                    Some(RequestKey::Key(_)) => read(store, lookup).with_request(None),
                    _ => read(store, lookup),
                }),
            ],
        ),
        (
            "requests may be without a user code, as many as there are",
            vec![Fault::Store(|| Box::new(OneNull::default()))],
        ),
        (
            "a request that is put again is found as it is now, and can be spent",
            vec![
                Writes(|store, commit| match commit.changes() {
                    [Change::PutRequest(it)] if it.revision > 0 => Outcome::Applied,
                    _ => write(store, commit),
                }),
                Writes(|store, commit| {
                    refuse(store, commit, |change| match change {
                        Change::SpendRequest { key, .. } => revision(store, *key) > Some(0),
                        _ => false,
                    })
                }),
            ],
        ),
        (
            "a request is spent once, and stays visible with the time of its decision",
            vec![
                Reads(|store, lookup| {
                    let found = read(store, lookup);
                    let living = presented(&found, lookup).filter(|it| it.spent_at.is_none());
                    found.with_request(living)
                }),
                Reads(|store, lookup| request(store, lookup, |it| it.spent_at = it.spent_at.map(|_| Timestamp(60)))),
                Writes(|store, commit| forgive(store, commit, |change| matches!(change, Change::SpendRequest { .. }))),
            ],
        ),
        (
            "a credential may have the key of a request, and each is found and spent by itself",
            vec![Writes(|store, commit| {
                refuse(store, commit, |change| match change {
                    Change::Issue(it) => revision(store, it.key).is_some(),
                    _ => false,
                })
            })],
        ),
        (
            "a timestamp at the end of time stays there",
            vec![
                Reads(|store, lookup| {
                    request(store, lookup, |it| it.spent_at = it.spent_at.filter(|at| *at < Timestamp(u64::MAX)))
                }),
                Reads(|store, lookup| {
                    let is_late = |it: &PendingRequest| it.expires_at == Timestamp(u64::MAX);
                    record(store, lookup, |it| it.revision = if is_late(it) { 9 } else { it.revision })
                }),
            ],
        ),
    ]
}

fn of_preconditions() -> Forbidden {
    let breaking: [(_, Write); 8] = [
        ("a request is put once", |store, commit| {
            forgive(store, commit, |change| matches!(change, Change::PutRequest(it) if it.revision == 0))
        }),
        ("a user code is taken once", |store, commit| {
            let is_new = |it: &PendingRequest| it.revision == 0 && revision(store, it.key).is_none();
            forgive(store, commit, |change| matches!(change, Change::PutRequest(it) if is_new(it)))
        }),
        ("a user code is taken once", |store, commit| {
            // The first one loses it to the second, as by an index that is written blindly.
            let is_taken = |it: &PendingRequest| {
                let taken = it.user_code.and_then(|user_code| found_request(store, RequestKey::UserCode(user_code)));
                it.revision == 0 && taken.is_some_and(|taken| taken.request.key != it.key)
            };
            instead(store, commit, |change| match change {
                Change::PutRequest(it) if is_taken(it) => {
                    let mut without = (**it).clone();
                    without.user_code = None;
                    Change::PutRequest(Arc::new(without))
                }
                other => other.clone(),
            })
        }),
        ("a request is put by revision", |store, commit| {
            let is_next = |it: &PendingRequest| it.revision > 0 && !is_decided(store, it.key);
            forgive(store, commit, |change| matches!(change, Change::PutRequest(it) if is_next(it)))
        }),
        ("a request keeps its client and its user code", |store, commit| {
            forgive(store, commit, |change| is_another(store, change, |old, new| old.client_id != new.client_id))
        }),
        ("a request keeps its client and its user code", |store, commit| {
            forgive(store, commit, |change| is_another(store, change, |old, new| old.user_code != new.user_code))
        }),
        ("an unknown request cannot be spent", |store, commit| {
            forgive(store, commit, |change| match change {
                Change::SpendRequest { key, .. } => revision(store, *key).is_none(),
                _ => false,
            })
        }),
        ("a spent request is not put again", |store, commit| {
            let is_spent = |it: &PendingRequest| it.revision > 0 && is_decided(store, it.key);
            forgive(store, commit, |change| matches!(change, Change::PutRequest(it) if is_spent(it)))
        }),
    ];
    breaking.map(|(rule, writes)| (rule, vec![Writes(writes)])).into()
}

fn of_wholeness() -> Forbidden {
    vec![
        (
            "a refused commit leaves no request behind, under either key",
            vec![
                Writes(|store, commit| {
                    leave_of_a_witness(store, commit, |it| matches!(it, Change::PutRequest(it) if it.revision == 0))
                }),
                Writes(|store, commit| {
                    leave_of_a_witness(store, commit, |it| matches!(it, Change::PutRequest(it) if it.revision > 0))
                }),
                Writes(|store, commit| {
                    leave_of_a_witness(store, commit, |it| matches!(it, Change::SpendRequest { .. }))
                }),
            ],
        ),
        (
            "a grant is opened by the commit that spends its request, or neither happens",
            vec![
                Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::SpendRequest { .. }))),
                Writes(|store, commit| leave(store, commit, |change| matches!(change, Change::Open { .. }))),
                // A transaction for each change.
                Writes(|store, commit| {
                    let refused = commit
                        .changes()
                        .iter()
                        .position(|change| write(store, &Commit::of(change.clone())) != Outcome::Applied);
                    refused.map_or(Outcome::Applied, Outcome::Conflict)
                }),
            ],
        ),
    ]
}

/// What is found, with the request's record changed.
fn record(store: &MemoryStore, lookup: &Lookup, change: impl Fn(&mut PendingRequest)) -> Found {
    request(store, lookup, |it| change(Arc::make_mut(&mut it.request)))
}

fn revision(store: &MemoryStore, key: Key) -> Option<u32> {
    found_request(store, RequestKey::Key(key)).map(|it| it.request.revision)
}

/// Whether a change would make something else of the request that is there.
fn is_another(
    store: &MemoryStore,
    change: &Change,
    differs: impl Fn(&PendingRequest, &PendingRequest) -> bool,
) -> bool {
    let Change::PutRequest(new) = change else { return false };
    let old = found_request(store, RequestKey::Key(new.key));
    new.revision == 1 && old.is_some_and(|old| old.spent_at.is_none() && differs(&old.request, new))
}

/// Leaves something of a commit that a witness refused.
fn leave_of_a_witness(store: &MemoryStore, commit: &Commit, left: impl Fn(&Change) -> bool) -> Outcome {
    let is_witness = matches!(commit.changes().last(), Some(Change::Witness { .. }));
    if is_witness { leave(store, commit, left) } else { write(store, commit) }
}
