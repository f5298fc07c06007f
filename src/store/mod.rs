//! The storage contract: two methods, [`Store::lookup`] and [`Store::commit`].
//!
//! A machine reads what it needs in one [`Lookup`], decides, and writes in one [`Commit`], a list of [`Change`]s of
//! which each carries its precondition. The store applies a commit whole or not at all, so that two requests that race
//! for one credential cannot both win and a crash falls before or after a write, never between. That is the whole
//! contract: in SQL each change is one statement, a commit is one transaction, and a lookup is one joined `SELECT`.
//!
//! # What a store may forget, and how it may keep things
//!
//! - A credential, a request or a witness may be forgotten once it has expired, a grant once the time that `Open` and
//!   `Extend` gave it has passed, by the clock of the host; not before, or a replay goes unnoticed. A lookup hides
//!   nothing: expiry is decided by the machine.
//! - Identifiers, keys and client ids are compared byte for byte; mind a database that folds case.
//! - Records are serde values for a self-describing format such as JSON. What a change sets (`spent_at`, `revoked`, the
//!   time until which a grant is kept) is not in them, and stands in columns of its own.
//! - A [`Timestamp`](crate::Timestamp) may be as large as `u64::MAX`; a signed column saturates, and what ends at the
//!   end of time is not purged.
//! - A request has two keys in one partition. The second, its user code, is a unique column beside the first.
//! - A change that a store does not know is answered with [`Unavailable`](crate::Unavailable), and nothing of its
//!   commit remains: a release of grantor may have changes that the last one had not. The same goes for a kind of
//!   credential that a store has a column for.
//!
//! A host revokes a grant by `Commit::of(Change::Revoke(id))`. For pages on which people see what they allowed and end
//! it, a store implements [`GrantStore`] too, which asks for a column `subject` and a column `client_id` beside the
//! grants; and to forget what has expired, [`Purge`].
//!
//! With the feature `store-contract`, the module `contract` holds the same contract as a test suite for your store.
//!
//! # A store in SQL
//!
//! These tables and statements are what a store needs on PostgreSQL. They are tested as they stand here: `tests/stores`
//! in grantor's repository runs the contract on them, on PostgreSQL and, with other names for three things, on SQLite;
//! and on stores that are wrong in one thing each.
//!
//! Records are text, as JSON that serde makes of them (`jsonb` refuses a NUL in a string), and a key is its
//! [34 bytes](crate::model::Key::to_bytes). Beside each record stand the columns that a precondition, a list or a purge
//! asks for. Times are `i64::try_from(timestamp.0).unwrap_or(i64::MAX)`, and a purge by a time asks for
//! `expires_at <= min(now, i64::MAX - 1)`. Texts are compared and ordered by bytes, which `COLLATE "C"` says.
//!
#![doc = concat!("```sql\n", include_str!("sql/schema.sql"), "```")]
//!
//! Each change is one statement, whose precondition is inside: **it holds if the statement touched a row.** A statement
//! that touched none refuses the commit with the index of its change, and the transaction is rolled back. A `SELECT`
//! that looks first and an `UPDATE` that relies on it is the classic fault: under `READ COMMITTED` two of them both see
//! a code unspent. With the precondition inside, the second one waits for the first, looks again, and touches nothing;
//! so `READ COMMITTED` is enough, and it is what these statements are for.
//!
#![doc = concat!("```sql\n", include_str!("sql/statements.sql"), "```")]
//!
//! Grants of a client are held by the same statement with `g.client_id = $1`, those of both with both conditions; the
//! other two tables are purged as `credentials` is.
//!
//! - **Deadlocks and serialization failures** (`40P01`, `40001`; in SQLite `SQLITE_BUSY`): nothing was written. Try the
//!   whole transaction again, a few times, or answer `Unavailable`, with
//!   [`with_retry_after`](crate::Unavailable::with_retry_after) if you like. Never answer a conflict, which says that
//!   somebody else has won, and a code or a refresh token is then taken for stolen.
//! - **A connection that breaks while it commits**: it is not known whether the commit was applied. Answer
//!   `Unavailable`, and do not try again.
//! - **Errors**: a function that answers `Result<_, Box<dyn Error + Send + Sync>>` takes every error by `?`, and
//!   `Unavailable` takes that box by another.
//! - **Round trips**: `BEGIN`, each change, `COMMIT`. A driver that pipelines sends them at once, and a commit of one
//!   change is one statement, which needs no `BEGIN`.
//! - **Replicas**: lookups may go to one that lags, at the price that [`Store`] names. Commits may not.
//! - **Purging** goes in small batches, each a transaction of its own: see [`Purge`], and [`PurgeClock`], which calls
//!   it.

mod application;
mod boxed;
mod clients;
mod commit;
#[cfg(feature = "store-contract")]
pub mod contract;
mod few;
mod grants;
mod held_grant;
mod lookup;
mod memory;
mod purge;

use std::sync::Arc;

use crate::effect::Answer;

pub use application::Application;
pub(crate) use boxed::BoxFuture;
pub use boxed::BoxedStore;
pub use clients::{Clients, WithClients};
pub use commit::{Change, Commit, CommitError, Outcome, Route};
pub use grants::{AsyncGrantStore, GrantStore};
pub use held_grant::{GrantCursor, GrantsOf, HeldGrant};
pub use lookup::{Found, Lookup, Presented, PresentedRequest, RequestKey, TooManyCredentials};
pub use memory::MemoryStore;
pub use purge::{AsyncPurge, Purge, PurgeClock};

/// Keeps the records; blocking.
///
/// What a wrong answer costs: a `lookup` that misses a credential refuses an honest request; a stale one is caught by
/// the preconditions of the commit, so that it issues nothing, except that for as long as reads are stale a revoked
/// grant's access tokens stay good, and a replay is refused and not yet taken for theft. A `commit` that applies in
/// part, or twice, breaks single use and revocation. When in doubt whether a commit was applied, answer
/// [`Unavailable`](crate::Unavailable).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking `Store`",
    note = "an `AsyncStore` goes with `AsyncPolicy` and `Step::run_async`"
)]
pub trait Store {
    /// Reads.
    ///
    /// # Errors
    /// The store could not be asked.
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup>;

    /// Writes, all or nothing.
    ///
    /// # Errors
    /// The store could not be asked, or it is not known whether the commit was applied.
    fn commit(&self, commit: &Commit) -> Answer<Commit>;
}

/// Keeps the records; async. The contract is that of [`Store`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `AsyncStore`",
    note = "a blocking `Store` goes with `Policy` and `Step::run`"
)]
pub trait AsyncStore {
    /// Reads.
    fn lookup_async(&self, lookup: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send;

    /// Writes, all or nothing.
    fn commit_async(&self, commit: &Commit) -> impl Future<Output = Answer<Commit>> + Send;
}

/// A pointer to a store is a store.
macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<S: Store + ?Sized> Store for $pointer {
            fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
                (**self).lookup(lookup)
            }
            fn commit(&self, commit: &Commit) -> Answer<Commit> {
                (**self).commit(commit)
            }
        }

        impl<S: AsyncStore + ?Sized> AsyncStore for $pointer {
            fn lookup_async(&self, lookup: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send {
                (**self).lookup_async(lookup)
            }
            fn commit_async(&self, commit: &Commit) -> impl Future<Output = Answer<Commit>> + Send {
                (**self).commit_async(commit)
            }
        }
    )*};
}
forward!(&S, Arc<S>, Box<S>);
