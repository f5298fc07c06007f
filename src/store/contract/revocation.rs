//! A grant is opened once, and revoked for good.

use super::records::{extend, issue, key, open, revoke};
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
