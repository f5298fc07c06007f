//! The rules for lookups: a store finds exactly what was stored.

use super::records::{
    client, client_id, credential, credentials_of_every_kind, discard, grant, grant_id, issue, issue_as, key, open,
    open_as, put, put_request, request, request_key, spend, spend_request, spent_since, user_code, witness,
};
use super::trial::{Rule, Trial};
use crate::model::Timestamp;
use crate::record::{Credential, Grant, PendingRequest};
use crate::store::{Lookup, RequestKey, Store};

pub(super) fn rules<S: Store>() -> Vec<Rule<S>> {
    vec![
        ("an empty store finds nothing", |t| {
            let lookup = Lookup::of(key(1, 1)).with_request(RequestKey::Key(request_key(1, 1)));
            let found = t.lookup(&lookup);
            found.client().is_none() && found.credentials().is_empty() && found.request.is_none()
        }),
        ("what was issued is found with its grant", |t| {
            t.applied([open(1), issue(1, 1)])
                && t.presented(key(1, 1)).is_some_and(|found| {
                    let is_untouched = found.spent_at.is_none() && !found.revoked;
                    is_untouched && found.grant.id == grant_id(1) && found.credential.grant == grant_id(1)
                })
        }),
        ("a lookup finds each of several credentials, and leaves out what is not there", finds_several),
        ("one digest in two partitions is two of everything", two_of_everything),
        ("records come back as they were stored, in one lookup", come_back_as_stored),
        ("a timestamp at the end of time stays there", stays_at_the_end_of_time),
    ]
}

fn finds_several<S: Store>(t: &Trial<'_, S>) -> bool {
    let stored = t.applied([open(1), issue(1, 1), issue(1, 2)]) && t.applied([open(2), issue(2, 3)]);
    let found = t.found(None, [key(2, 3), key(1, 9), key(1, 1)]);
    let both = found.credential(key(2, 3)).is_some_and(|found| found.grant.id == grant_id(2))
        && found.credential(key(1, 1)).is_some_and(|found| found.grant.id == grant_id(1));
    stored && both && found.credentials().len() == 2 && found.client().is_none() && found.request.is_none()
}

/// Keys of the same number have the same digest.
fn two_of_everything<S: Store>(t: &Trial<'_, S>) -> bool {
    let both = [1, 2];
    let put = |partition| {
        t.applied([open(partition), issue(partition, 1), put_request(request(partition, 1)), witness(partition, 1)])
    };
    let is_unspent = |partition| {
        let code = RequestKey::UserCode(user_code(partition, 1));
        t.presented(key(partition, 1)).is_some_and(|it| it.grant.id == grant_id(partition) && it.spent_at.is_none())
            && t.finds_request(&request(partition, 1))
            && t.request(code).is_some_and(|it| it.spent_at.is_none())
    };
    let all = t.found(None, both.map(|partition| key(partition, 1)));
    all.credentials().is_empty()
        && both.into_iter().all(put)
        && both.into_iter().all(is_unspent)
        && t.found(None, both.map(|partition| key(partition, 1))).credentials().len() == 2
        && t.applied([spend(1, 1, 50), spend_request(1, 1, 50), discard(1, 1)])
        && is_unspent(2)
        && t.applied([spend(2, 1, 60), spend_request(2, 1, 60)])
}

/// Stores a client, credentials of every kind with their grant, and a request, and reads them back.
fn come_back_as_stored<S: Store>(t: &Trial<'_, S>) -> bool {
    let credentials = credentials_of_every_kind(1);
    let issue = credentials.iter().map(|credential| issue_as(credential.clone()));
    let stored = t.applied(std::iter::once(open(1)).chain(issue))
        && t.applied([put_request(request(2, 1))])
        && t.applied([put(0)]);
    let keys = credentials.iter().map(|credential| credential.key);
    let with = |request| Lookup {
        request: Some(request),
        ..Lookup::new(Some(client_id("client")), keys.clone()).unwrap_or_default()
    };
    let finds_all = |request_key| {
        let found = t.lookup(&with(request_key));
        let has = |stored: &Credential| {
            let found = found.credential(stored.key);
            found.is_some_and(|found| *found.credential == *stored && *found.grant == grant(1))
        };
        found.client().is_some_and(|found| **found == client(0))
            && credentials.iter().all(has)
            && found
                .request(request_key)
                .is_some_and(|found| *found.request == request(2, 1) && found.spent_at.is_none())
    };
    stored && finds_all(RequestKey::Key(request_key(2, 1))) && finds_all(RequestKey::UserCode(user_code(2, 1)))
}

/// Records keep times to the second. A column may have an earlier limit, but must not wrap around to the past.
fn stays_at_the_end_of_time<S: Store>(t: &Trial<'_, S>) -> bool {
    let ends = (1..).zip([u64::MAX, 1 << 63, i64::MAX.unsigned_abs(), 1 << 53]);
    ends.into_iter().all(|(number, seconds)| {
        let end = Timestamp(seconds);
        let opened = Grant { issued_at: end, expires_at: Some(end), ..grant(number) };
        let issued = Credential { issued_at: end, expires_at: end, ..credential(number, 1) };
        let put = PendingRequest { issued_at: end, expires_at: end, ..request(number, 1) };
        t.applied([open_as(opened.clone()), issue_as(issued.clone()), put_request(put.clone())])
            && t.presented(key(number, 1)).is_some_and(|it| *it.grant == opened && *it.credential == issued)
            && t.finds_request(&put)
            && t.applied([spend(number, 1, seconds), spend_request(number, 1, seconds)])
            && t.conflict([spend(number, 1, 50)], 0)
            && t.conflict([spend_request(number, 1, 50)], 0)
            && t.spent_at(key(number, 1)).is_some_and(|at| at >= end.min(Timestamp(i64::MAX.unsigned_abs())))
            && t.request_spent_at(request_key(number, 1)).is_some()
            && t.applied([spent_since(number, 1, 50), spent_since(number, 1, seconds)])
    })
}
