//! The contract of [`GrantStore`] alone. [`Contract::with_grants`](super::Contract::with_grants) tests it together with
//! that of a store.
//!
//! ```no_run
//! # use grantor::store::MemoryStore;
//! grantor::store::contract::grants::check(MemoryStore::new);
//! ```

use super::listing::rules;
use super::suite::Contract;
use super::violation::Violation;
use crate::store::GrantStore;

/// Tests every rule of this contract, each on a fresh, empty store. The contract of [`Store`](crate::store::Store) has
/// its own [`check`](super::check).
///
/// # Panics
/// The store breaks rules: the message lists all of them, with the calls that show it.
pub fn check<S: GrantStore>(new: impl FnMut() -> S) {
    Contract::of(rules()).check(new);
}

/// Tests every rule, and returns those that the store breaks.
#[must_use]
pub fn violations<S: GrantStore>(new: impl FnMut() -> S) -> Vec<Violation> {
    Contract::of(rules()).violations(new)
}
