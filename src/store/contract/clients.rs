//! The rules for clients: only a caller who has read the current record can change it.

use super::records::{client_id, put, remove};
use super::trial::{Rule, Trial};
use crate::store::Store;

pub(super) fn rules<S: Store>() -> Vec<Rule<S>> {
    vec![
        ("a client is put by revision", |t| {
            let new = t.conflict([put(1)], 0) && t.applied([put(0)]) && t.conflict([put(0)], 0);
            new && t.applied([put(1)]) && t.conflict([put(1)], 0) && revision(t) == Some(1)
        }),
        ("a client is removed by revision", |t| {
            let put = t.applied([put(0)]) && t.applied([put(1)]);
            put && t.conflict([remove(0)], 0) && t.applied([remove(1)]) && revision(t).is_none()
        }),
        ("client ids are compared byte for byte", |t| {
            let others = ["CLIENT", "client ", "clien"].map(client_id);
            t.applied([put(0)]) && others.into_iter().all(|other| t.client(other).is_none())
        }),
    ]
}

fn revision<S: Store>(t: &Trial<'_, S>) -> Option<u32> {
    t.client(client_id("client")).map(|client| client.revision)
}
