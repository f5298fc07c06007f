//! The storage contract as a test suite: call [`check`] from a test of your store, or [`check_async`] if it is async.
//!
//! ```no_run
//! # use grantor::store::MemoryStore;
//! grantor::store::contract::check(MemoryStore::new);
//! ```
//!
//! Every rule gets a fresh, empty store. The races are run many times, each time for a new record and with all racers
//! released at one moment, since a single run finds only half of the stores that read first and write later.
//!
//! [`Contract`] adds the rules of the optional traits, those of several handles onto one database, and the settings of
//! the races.
//!
//! ```no_run
//! # use grantor::store::MemoryStore;
//! use std::sync::Arc;
//! use grantor::store::contract::Contract;
//!
//! // For SQLite: `SqliteStore::open(&new_file())`, and another handle onto `store.path()`.
//! Contract::new()
//!     .with_grants()
//!     .with_purging()
//!     .with_another(Arc::clone)
//!     .check(|| Arc::new(MemoryStore::new()));
//! ```
//!
//! # An async store
//!
//! A test of a store on a database needs no more than this, on any async runtime. Each rule gets a new store:
//! `in_a_new_schema` creates a schema and opens the store with `search_path` on it, as `examples/provider/src/tests.rs`
//! does in grantor's repository.
//!
//! ```
//! # use grantor::store::MemoryStore;
//! # struct PgStore;
//! # impl PgStore { async fn in_a_new_schema() -> MemoryStore { MemoryStore::new() } }
//! use grantor::store::contract::Contract;
//!
//! // #[tokio::test]
//! async fn it_keeps_the_contract() {
//!     let contract = Contract::new().with_grants().with_purging();
//!     contract.check_async(async || PgStore::in_a_new_schema().await).await;
//! }
//! ```
//!
//! The racers' calls are polled side by side by the task that awaits `check_async`. For a store that decides within its
//! own process, and could fail between two of its threads, use [`with_spawn`](Contract::with_spawn) to spread the calls
//! over several.

#![allow(clippy::panic, reason = "a test suite tells its findings by panicking")]

mod blocking;
mod client_purging;
mod clients;
mod commits;
mod credentials;
mod exchange;
pub mod grants;
mod handles;
mod listing;
mod longest;
mod lookups;
mod purging;
mod races;
mod records;
mod requests;
mod revocation;
mod suite;
mod trial;
mod violation;

use super::{AsyncStore, Store};

pub use self::blocking::{Blocking, Call};
pub use self::suite::Contract;
pub use self::violation::Violation;

/// Tests the rules that every store must keep, each on a fresh, empty one.
///
/// # Panics
/// The store breaks rules: the message lists all of them, with the calls that show it.
pub fn check<S: Store + Sync>(new: impl FnMut() -> S) {
    Contract::new().check(new);
}

/// Tests the same rules on an async store, whose calls the awaiting task polls side by side.
///
/// # Panics
/// The store breaks rules: the message lists all of them, with the calls that show it.
pub async fn check_async<A: AsyncStore + Send + Sync + 'static>(new: impl AsyncFnMut() -> A) {
    Contract::new().check_async(new).await;
}

/// Tests the same rules, and returns those that the store breaks.
#[must_use]
pub fn violations<S: Store + Sync>(new: impl FnMut() -> S) -> Vec<Violation> {
    Contract::new().violations(new)
}
