//! The rules for pending requests: each is put once, found by either key, and decided once.

use super::records::{
    client_id, credential, issue_as, open, put_request, request, request_key, spend_request, user_code,
};
use super::trial::{Rule, Trial};
use crate::model::Timestamp;
use crate::record::{Credential, PendingRequest};
use crate::store::{Change, RequestKey, Store};

pub(super) fn rules<S: Store>() -> Vec<Rule<S>> {
    vec![
        ("a request is found by its key and by its user code, each as what it is", |t| {
            let (key, user_code) = (request_key(1, 1), user_code(1, 1));
            t.applied([put_request(request(1, 1))])
                && t.finds_request(&request(1, 1))
                && [RequestKey::Key(user_code), RequestKey::UserCode(key)]
                    .iter()
                    .all(|other| t.request(*other).is_none())
        }),
        ("requests may be without a user code, as many as there are", |t| {
            let without = |number| PendingRequest { user_code: None, ..request(1, number) };
            let put = t.applied([put_request(without(1))]) && t.applied([put_request(without(2))]);
            put && t.finds_request(&without(1)) && t.finds_request(&without(2))
        }),
        ("a request is put once", |t| {
            let put = t.applied([put_request(request(1, 1))]);
            let other = PendingRequest { user_code: Some(user_code(1, 2)), ..request(1, 1) };
            put && t.conflict([put_request(request(1, 1))], 0)
                && t.conflict([put_request(other)], 0)
                && t.request(RequestKey::UserCode(user_code(1, 2))).is_none()
                && t.finds_request(&request(1, 1))
        }),
        ("a user code is taken once", |t| {
            let other = PendingRequest { user_code: Some(user_code(1, 1)), ..request(1, 2) };
            t.applied([put_request(request(1, 1))])
                && t.conflict([put_request(other)], 0)
                && t.request(RequestKey::Key(request_key(1, 2))).is_none()
                && t.finds_request(&request(1, 1))
        }),
        ("a request is put by revision", |t| {
            let put = |revision| [put_request(PendingRequest { revision, ..request(1, 1) })];
            let new = t.conflict(put(1), 0) && t.applied(put(0)) && t.conflict(put(2), 0);
            let next = new && t.applied(put(1)) && t.conflict(put(1), 0);
            next && t.finds_request(&PendingRequest { revision: 1, ..request(1, 1) })
        }),
        ("a request keeps its client and its user code", keeps_client_and_user_code),
        ("a request is spent once, and stays visible with the time of its decision", |t| {
            t.applied([put_request(request(1, 1))])
                && t.applied([spend_request(1, 1, 50)])
                && t.conflict([spend_request(1, 1, 60)], 0)
                && t.request_spent_at(request_key(1, 1)) == Some(Timestamp(50))
                && t.finds_request(&request(1, 1))
        }),
        ("an unknown request cannot be spent", |t| {
            t.applied([put_request(request(1, 1))]) && t.conflict([spend_request(1, 2, 50)], 0)
        }),
        ("a spent request is not put again", |t| {
            let next = PendingRequest { revision: 1, ..request(1, 1) };
            let spent = t.applied([put_request(request(1, 1))]) && t.applied([spend_request(1, 1, 50)]);
            let refused = t.conflict([put_request(next)], 0) && t.conflict([put_request(request(1, 1))], 0);
            spent && refused && t.finds_request(&request(1, 1)) && t.request_spent_at(request_key(1, 1)).is_some()
        }),
        ("a request that is put again is found as it is now, and can be spent", |t| {
            let next = PendingRequest { revision: 1, expires_at: Timestamp(2000), ..request(1, 1) };
            let put = t.applied([put_request(request(1, 1))]) && t.applied([put_request(next.clone())]);
            put && t.finds_request(&next) && t.applied([spend_request(1, 1, 50)])
        }),
        ("a credential may have the key of a request, and each is found and spent by itself", |t| {
            let key = request_key(1, 1);
            let code = Credential { key, ..credential(1, 1) };
            let put = t.applied([put_request(request(1, 1))]);
            let approved = put && t.applied([spend_request(1, 1, 50), open(1), issue_as(code)]);
            let is_unspent = approved && t.presented(key).is_some_and(|found| found.spent_at.is_none());
            let spent = is_unspent && t.applied([Change::Spend { key, at: Timestamp(60) }]);
            spent && t.spent_at(key) == Some(Timestamp(60)) && t.request_spent_at(key) == Some(Timestamp(50))
        }),
    ]
}

fn keeps_client_and_user_code<S: Store>(t: &Trial<'_, S>) -> bool {
    let next = PendingRequest { revision: 1, ..request(1, 1) };
    let others = [
        PendingRequest { client_id: client_id("CLIENT"), ..next.clone() },
        PendingRequest { user_code: Some(user_code(1, 2)), ..next.clone() },
        PendingRequest { user_code: None, ..next.clone() },
    ];
    let without = PendingRequest { user_code: None, ..request(1, 3) };
    let with = PendingRequest { revision: 1, ..request(1, 3) };
    t.applied([put_request(request(1, 1)), put_request(without.clone())])
        && others.into_iter().all(|other| t.conflict([put_request(other)], 0))
        && t.conflict([put_request(with)], 0)
        && t.finds_request(&request(1, 1))
        && t.finds_request(&without)
        && t.applied([put_request(next)])
}
