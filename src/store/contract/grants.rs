//! The contract of [`GrantStore`] alone; with that of a store, it is
//! [`Contract::with_grants`](super::Contract::with_grants).
//!
//! ```no_run
//! # use grantor::store::MemoryStore;
//! grantor::store::contract::grants::check(MemoryStore::new);
//! ```

use super::listing::rules;
use super::suite::Contract;
use super::violation::Violation;
use crate::store::GrantStore;

/// Runs every rule of this contract, each on a fresh, empty store. That of [`Store`](crate::store::Store) has a
/// [`check`](super::check) of its own.
///
/// # Panics
/// The store breaks rules: the message lists all of them, with what was seen.
pub fn check<S: GrantStore>(new: impl FnMut() -> S) {
    Contract::of(rules()).check(new);
}

/// The rules that a store breaks.
#[must_use]
pub fn violations<S: GrantStore>(new: impl FnMut() -> S) -> Vec<Violation> {
    Contract::of(rules()).violations(new)
}
