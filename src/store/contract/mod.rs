//! The storage contract as a test suite: call [`check`] from a test of your store, and [`grants::check`] if it lists
//! grants too.
//!
//! ```no_run
//! # use grantor::store::MemoryStore;
//! grantor::store::contract::check(MemoryStore::new);
//! ```
//!
//! Every rule has a fresh, empty store. The races are run again and again, each time with all threads let go at one
//! moment, since one run finds only half of the stores that read first and write later.

#![allow(clippy::panic, reason = "a test suite tells its findings by panicking")]

mod clients;
mod commits;
mod credentials;
pub mod grants;
mod lookups;
mod races;
mod records;
mod requests;
mod revocation;
mod trial;

use self::trial::{Rule, broken, names, report};
use super::Store;

/// Runs every rule of the contract, each on a fresh, empty store.
///
/// # Panics
/// The store breaks rules: the message lists all of them. Where the store was [`Unavailable`](crate::Unavailable), it
/// says why.
pub fn check<S: Store + Sync>(new: impl FnMut() -> S) {
    report(&broken(&rules(), new));
}

/// The rules that a store breaks; where it is [`Unavailable`](crate::Unavailable), it breaks the rule.
#[must_use]
pub fn violations<S: Store + Sync>(new: impl FnMut() -> S) -> Vec<&'static str> {
    names(&broken(&rules(), new))
}

/// The rules, by what they demand.
fn rules<S: Store + Sync>() -> Vec<Rule<S>> {
    let groups = [
        lookups::rules(),
        commits::rules(),
        credentials::rules(),
        revocation::rules(),
        requests::rules(),
        clients::rules(),
        races::rules(),
    ];
    groups.into_iter().flatten().collect()
}
