//! The rules for commits: applied in order, and whole or not at all.

use super::records::{
    discard, extend, issue, issue_in, key, open, open_in, put_request, replace, request, request_key, revoke, spend,
    spend_request, user_code, witness,
};
use super::trial::{Rule, Trial};
use crate::record::PendingRequest;
use crate::store::{Change, Outcome, RequestKey, Store};

pub(super) fn rules<S: Store>() -> Vec<Rule<S>> {
    vec![
        ("a commit of nothing is applied", |t| t.commit([]) == Outcome::Applied),
        ("a credential may be issued by the commit that opens its grant, in this order only", |t| {
            t.conflict([issue(1, 1), open(1)], 0) && t.applied([open(1), issue(1, 1)])
        }),
        ("one commit cannot spend a credential twice", |t| {
            let issued = t.applied([open(1), issue(1, 1)]);
            issued && t.conflict([spend(1, 1, 50), spend(1, 1, 50)], 1) && t.spent_at(key(1, 1)).is_none()
        }),
        ("what was witnessed is noticed", |t| {
            t.applied([witness(1, 1)]) && t.conflict([witness(1, 1)], 0) && t.applied([witness(1, 2)])
        }),
        ("a refused commit leaves nothing behind", refused_leaves_nothing),
        ("a refused commit leaves no request behind, under either key", refused_leaves_no_request),
        ("a refused commit takes back what it did, not what was done before", |t| {
            let revoked = t.applied([open(1), issue(1, 1)]) && t.applied([revoke(1)]);
            revoked && t.conflict([revoke(1), issue(1, 2)], 1) && t.revoked(key(1, 1))
        }),
        ("a grant is opened by the commit that spends its request, or neither happens", grows_out_of_a_request),
        ("a change that the store does not know makes it unavailable, and leaves nothing behind", |t| {
            let issued = t.applied([open(1), issue(1, 1)]);
            let unknown = || Change::Unknown(key(1, 1));
            let refused = t.is_refused([unknown()]) && t.is_refused([spend(1, 1, 50), unknown(), issue(1, 2)]);
            issued && refused && t.spent_at(key(1, 1)).is_none() && t.has(key(1, 1)) && !t.has(key(1, 2))
        }),
    ]
}

/// Applies each kind of change together with a last one that is refused, and checks that nothing remains.
fn refused_leaves_nothing<S: Store>(t: &Trial<'_, S>) -> bool {
    let before = t.applied([open(1), issue(1, 1), issue(1, 2), issue(1, 3)]);
    let refused = [
        issue(1, 4),
        spend(1, 1, 50),
        replace(1, 2, 1),
        discard(1, 3),
        witness(1, 7),
        extend(1, 5000),
        revoke(1),
        issue(1, 5),
    ];
    let last = refused.len() - 1;
    before
        && t.conflict(refused, last)
        && !t.has(key(1, 4))
        && t.spent_at(key(1, 1)).is_none()
        && t.revision(key(1, 2)) == Some(0)
        && t.has(key(1, 3))
        && !t.revoked(key(1, 1))
        && t.applied([witness(1, 7)])
        && t.conflict([open(4), issue(4, 8), spend(4, 9, 50)], 2)
        && t.applied([open(4)])
}

fn refused_leaves_no_request<S: Store>(t: &Trial<'_, S>) -> bool {
    let next = PendingRequest { revision: 1, issued_at: crate::Timestamp(20), ..request(1, 1) };
    let before = t.applied([put_request(request(1, 1)), put_request(request(1, 2)), witness(1, 7)]);
    let refused = [put_request(request(1, 3)), put_request(next), spend_request(1, 2, 50), witness(1, 7)];
    let other = PendingRequest { user_code: Some(user_code(1, 3)), ..request(1, 4) };
    before
        && t.conflict(refused, 3)
        && t.request(RequestKey::Key(request_key(1, 3))).is_none()
        && t.request(RequestKey::UserCode(user_code(1, 3))).is_none()
        && t.finds_request(&request(1, 1))
        && t.finds_request(&request(1, 2))
        && t.request_spent_at(request_key(1, 2)).is_none()
        && t.applied([put_request(other.clone())])
        && t.finds_request(&other)
        && t.applied([put_request(PendingRequest { user_code: None, ..request(1, 3) })])
}

fn grows_out_of_a_request<S: Store>(t: &Trial<'_, S>) -> bool {
    let before = t.applied([put_request(request(1, 1))]) && t.applied([open_in(1, 1), issue_in(1, 1, 1)]);
    before
        && t.conflict([spend_request(1, 1, 50), open_in(1, 2), issue_in(1, 2, 1)], 2)
        && t.request_spent_at(request_key(1, 1)).is_none()
        && t.conflict([issue_in(1, 2, 2)], 0)
        && t.applied([spend_request(1, 1, 50), open_in(1, 2), issue_in(1, 2, 2)])
        && t.request_spent_at(request_key(1, 1)).is_some()
        && t.conflict([spend_request(1, 1, 60), open_in(1, 3), issue_in(1, 3, 3)], 0)
        && !t.has(key(1, 3))
        && t.applied([open_in(1, 3)])
}
