//! The rules for several handles onto one database: each sees what another has written, even if opened later.

use super::races::{is_one, races_at, request_for, spends_once};
use super::records::{
    client_id, credential, discard, extend, issue, issue_as, key, open, put, put_request, remove, request, request_key,
    revoke, spend, spend_request, user_code, witness,
};
use super::trial::Rule;
use crate::store::{Change, RequestKey, Store};

pub(super) fn rules<S: Store + Sync>() -> Vec<Rule<S>> {
    vec![
        ("what one handle has written, another finds at once", |t| {
            let other = t.another();
            let code = RequestKey::UserCode(user_code(1, 1));
            let finds_nothing = |key| t.by(&other, |o| !o.has(key) && o.client(client_id("client")).is_none());
            let finds = |revision| {
                t.by(&other, |o| o.client(client_id("client")).map(|client| client.revision) == Some(revision))
            };
            finds_nothing(key(1, 1))
                && t.applied([open(1), issue(1, 1), issue(1, 2), put_request(request(1, 1)), witness(1, 1)])
                && t.applied([put(0)])
                && finds(0)
                && t.by(&other, |o| o.has(key(1, 1)) && o.request(code).is_some() && o.conflict([witness(1, 1)], 0))
                && t.applied([spend(1, 1, 50), spend_request(1, 1, 50), discard(1, 2)])
                && t.applied([put(1)])
                && finds(1)
                && t.by(&other, |o| o.spent_at(key(1, 1)).is_some() && !o.has(key(1, 2)))
                && t.by(&other, |o| o.request(code).is_some_and(|it| it.spent_at.is_some()))
                && t.applied([revoke(1)])
                && t.by(&other, |o| o.revoked(key(1, 1)) && o.conflict([extend(1, 2000)], 0))
                && t.applied([remove(1)])
                && t.by(&other, |o| o.client(client_id("client")).is_none())
        }),
        ("what was written is there when the store is opened again", |t| {
            let first = t.another();
            let written = t.by(&first, |it| {
                it.applied([open(1), issue(1, 1), issue(1, 2), put_request(request(1, 1)), witness(1, 1)])
                    && it.applied([spend(1, 1, 50), spend_request(1, 1, 60), revoke(1)])
                    && it.applied([open(2), issue(2, 1), extend(2, 5000)])
                    && it.applied([put(0)])
                    && it.conflict([issue_as(credential(2, 7)), spend(2, 9, 50)], 1)
            });
            drop(first);
            let second = t.another();
            written
                && t.by(&second, |it| {
                    it.spent_at(key(1, 1)) == Some(crate::Timestamp(50))
                        && it.revoked(key(1, 2))
                        && it.has(key(2, 1))
                        && !it.revoked(key(2, 1))
                        && !it.has(key(2, 7))
                        && it.request_spent_at(request_key(1, 1)) == Some(crate::Timestamp(60))
                        && it.conflict([witness(1, 1)], 0)
                        && it.client(client_id("client")).is_some()
                        && it.conflict([spend(1, 1, 70)], 0)
                        && it.applied([spend(2, 1, 70)])
                })
        }),
        ("one of many threads at two handles spends a credential", |t| {
            let other = t.another();
            spends_once(t, &[t.store, &other])
        }),
        ("one of many threads at two handles witnesses, takes a user code and changes a client", |t| {
            let other = t.another();
            let one = |attempt: fn(u16, u16) -> Change| {
                let attempt = |thing, racer| vec![attempt(thing, racer)];
                races_at(t, &[t.store, &other], |_| true, attempt, |_, wins| is_one(wins))
            };
            one(|thing, _| witness(thing, 1))
                && one(|thing, racer| put_request(request_for(user_code(thing, 1), thing, racer)))
                && one(|thing, _| put(u32::from(thing - 1)))
        }),
    ]
}
