//! The rules for credentials: each is issued, spent and replaced once, and stays visible when spent.

use super::records::{
    credential, discard, extend, grant_id_in, issue, key, open, open_in, replace, replace_as, reuse, revoke, spend,
    spent_since,
};
use super::trial::Rule;
use crate::model::Timestamp;
use crate::record::Credential;
use crate::store::Store;

pub(super) fn rules<S: Store>() -> Vec<Rule<S>> {
    vec![
        ("a credential is issued once", |t| t.applied([open(1), issue(1, 1)]) && t.conflict([issue(1, 1)], 0)),
        ("a credential needs its grant", |t| t.conflict([issue(1, 1)], 0) && !t.has(key(1, 1))),
        ("a credential is spent once", |t| {
            let issued = t.applied([open(1), issue(1, 1)]);
            issued && t.applied([spend(1, 1, 50)]) && t.conflict([spend(1, 1, 60)], 0)
        }),
        ("a spent credential stays visible, with the time of its first use", |t| {
            let spent = t.applied([open(1), issue(1, 1)]) && t.applied([spend(1, 1, 50)]);
            spent && t.conflict([spend(1, 1, 60)], 0) && t.spent_at(key(1, 1)) == Some(Timestamp(50))
        }),
        ("whether a credential was spent, and how long ago, can be a condition", |t| {
            let issued = t.applied([open(1), issue(1, 1), issue(1, 2)]) && t.applied([spend(1, 1, 50)]);
            let since = |number, since| [spent_since(1, number, since), extend(1, 900)];
            let held = t.applied(since(1, 49)) && t.applied(since(1, 50));
            let refused = t.conflict(since(1, 51), 0) && t.conflict(since(2, 0), 0) && t.conflict(since(9, 0), 0);
            issued && held && refused && t.spent_at(key(1, 1)) == Some(Timestamp(50))
        }),
        ("a credential that was spent after a time is not taken for one that was spent before", |t| {
            let spent = t.applied([open(1), issue(1, 1)]) && t.applied([spend(1, 1, 50)]);
            let until = |until| reuse(1, 1, (10, until), 9);
            spent && t.conflict([until(49)], 0) && t.applied([until(50)]) && t.applied([until(51)])
        }),
        ("the uses of a spent credential are counted", |t| {
            let is_ready =
                t.applied([open(1), issue(1, 1), issue(1, 2)]) && t.applied([spend(1, 1, 50), spend(1, 2, 50)]);
            let once_more = |at_most| reuse(1, 1, (50, 50), at_most);
            // A refused commit is not counted, whatever the reason.
            let uncounted = t.conflict([once_more(0)], 0) && t.conflict([once_more(9), issue(1, 1)], 1);
            let counted = uncounted && t.applied([once_more(1)]) && t.conflict([once_more(1)], 0);
            let twice = counted && t.applied([once_more(3), once_more(3)]) && t.conflict([once_more(3)], 0);
            let replaced = twice && t.applied([replace(1, 1, 1)]) && t.conflict([once_more(3)], 0);
            is_ready && replaced && t.applied([reuse(1, 2, (50, 50), 1)])
        }),
        ("an unknown credential cannot be spent", |t| t.conflict([spend(1, 1, 50)], 0)),
        ("a credential is replaced by its next revision only", |t| {
            let issued = t.applied([open(1), issue(1, 1)]);
            let refused = t.conflict([replace(1, 1, 0)], 0) && t.conflict([replace(1, 1, 2)], 0);
            let replaced = t.applied([replace(1, 1, 1)]) && t.conflict([replace(1, 1, 1)], 0);
            issued && refused && replaced && t.revision(key(1, 1)) == Some(1)
        }),
        ("an unknown credential cannot be replaced", |t| t.applied([open(1)]) && t.conflict([replace(1, 1, 1)], 0)),
        ("a credential cannot be replaced by one of another grant", |t| {
            let issued = t.applied([open(1), issue(1, 1)]) && t.applied([open_in(1, 2)]);
            let other = |number| Credential { revision: 1, grant: grant_id_in(1, number), ..credential(1, 1) };
            let refused = t.conflict([replace_as(other(2))], 0) && t.conflict([replace_as(other(3))], 0);
            issued && refused && t.revision(key(1, 1)) == Some(0) && t.applied([replace(1, 1, 1)])
        }),
        ("a credential of a revoked grant cannot be replaced", |t| {
            let issued = t.applied([open(1), issue(1, 1)]) && t.applied([revoke(1)]);
            issued && t.conflict([replace(1, 1, 1)], 0) && t.revision(key(1, 1)) == Some(0)
        }),
        ("a replaced credential stays spent", |t| {
            let spent = t.applied([open(1), issue(1, 1), spend(1, 1, 50)]) && t.applied([replace(1, 1, 1)]);
            spent && t.spent_at(key(1, 1)) == Some(Timestamp(50)) && t.conflict([spend(1, 1, 60)], 0)
        }),
        ("a discarded credential is gone, and discarding it again is no error", |t| {
            let issued = t.applied([open(1), issue(1, 1)]);
            issued && t.applied([discard(1, 1)]) && !t.has(key(1, 1)) && t.applied([discard(1, 1)])
        }),
    ]
}
