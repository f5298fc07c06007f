//! The rules for grants: each is opened once, and revoked for good.

use super::records::{discard, extend, extend_at_most, issue, issue_in, key, open, open_in, revoke, spend};
use super::trial::Rule;
use crate::store::Store;

pub(super) fn rules<S: Store>() -> Vec<Rule<S>> {
    vec![
        ("a grant is opened once", |t| t.applied([open(1)]) && t.conflict([open(1)], 0)),
        ("a grant is extended while it lives", |t| {
            let extended = t.applied([open(1)]) && t.applied([extend(1, 900)]);
            let revoked = extended && t.applied([revoke(1)]);
            revoked && t.conflict([extend(1, 950)], 0) && t.conflict([extend(2, 950)], 0)
        }),
        ("a grant is extended while it holds few enough credentials", |t| {
            let opened = t.applied([open(1), issue(1, 1)]) && t.applied([open_in(1, 2), issue_in(1, 2, 3)]);
            let at_most = |at_most| extend_at_most(1, 900, at_most);
            let held = t.conflict([at_most(1)], 0) && t.applied([at_most(2)]);
            // A spent credential counts, a discarded one does not.
            let more = t.applied([issue(1, 2), spend(1, 2, 50)]) && t.conflict([at_most(2)], 0);
            opened && held && more && t.applied([discard(1, 2), at_most(2)])
        }),
        ("a revoked grant issues nothing", |t| {
            let revoked = t.applied([open(1)]) && t.applied([revoke(1)]);
            revoked && t.conflict([issue(1, 1)], 0) && !t.has(key(1, 1))
        }),
        ("a revoked grant is not opened again", |t| {
            let revoked = t.applied([open(1), issue(1, 1)]) && t.applied([revoke(1)]);
            revoked && t.conflict([open(1)], 0) && t.revoked(key(1, 1))
        }),
        ("revocation reaches every credential of the grant and no other", |t| {
            let issued = t.applied([open(1), issue(1, 1), issue(1, 2)]) && t.applied([open(2), issue(2, 3)]);
            let revoked = t.applied([revoke(1)]) && t.applied([revoke(1)]);
            issued && revoked && t.revoked(key(1, 1)) && t.revoked(key(1, 2)) && !t.revoked(key(2, 3))
        }),
        ("revoking an unknown grant is no error", |t| t.applied([revoke(9)])),
    ]
}
