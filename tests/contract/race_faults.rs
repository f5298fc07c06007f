//! The faults of stores that are asked by many at once.

use grantor::store::{Change, Commit, Outcome};

use crate::faults::Forbidden;
use crate::faulty::Fault::{self, Writes};
use crate::faulty::write;
use crate::stores::{Forgetful, Impatient, ReadsFirst, Stale, WritesBack};

pub fn all() -> Forbidden {
    let reads_first = [
        "one of many threads opens a grant",
        "one of many threads issues a credential",
        "one of many threads spends a credential",
        "one of many threads replaces a credential",
        "one of many threads decides a request",
        "one of many threads takes a user code",
        "one of many threads puts a request anew",
        "one of many threads changes a client",
    ];
    let others = vec![
        (
            "one of many threads spends a credential",
            vec![Writes(|store, commit| {
                let outcome = write(store, commit);
                if let (Outcome::Conflict(0), [_, successor @ Change::Issue(_)]) = (outcome, commit.changes()) {
                    let _ = write(store, &Commit::of(successor.clone()));
                }
                outcome
            })],
        ),
        ("one of many threads witnesses first", vec![Fault::Store(|| Box::new(Forgetful::default()))]),
        (
            "nothing is issued once a revocation was applied, however they race",
            vec![Fault::Store(|| Box::new(Stale::default()))],
        ),
        (
            "a revocation stays, however it races with extensions and replacements",
            vec![Fault::Store(|| Box::new(WritesBack::default()))],
        ),
        ("threads that want different things all get them", vec![Fault::Store(|| Box::new(Impatient::default()))]),
    ];
    let reads_first = reads_first.map(|rule| (rule, vec![Fault::Store(|| Box::new(ReadsFirst::default()))]));
    reads_first.into_iter().chain(others).collect()
}
