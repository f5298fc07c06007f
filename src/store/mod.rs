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
//! - A change that a store does not know is answered with [`Unavailable`](crate::Unavailable), and so is a transaction
//!   that the database gave up (a deadlock, a serialization failure), unless the store tries it again.
//! - `READ COMMITTED` isolation is enough where each change is one statement with its precondition inside.
//!
//! A host revokes a grant by `Commit::of(Change::Revoke(id))`. For pages on which people see what they allowed and end
//! it, a store implements [`GrantStore`] too, which asks for a column `subject` and a column `client_id` beside the
//! grants.
//!
//! With the feature `store-contract`, the module `contract` holds the same contract as a test suite for your store.

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
