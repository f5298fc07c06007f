//! The storage contract: two methods, [`Store::lookup`] and [`Store::commit`].
//!
//! A machine reads what it needs in one [`Lookup`], decides, and writes in one [`Commit`]: a list of [`Change`]s, each
//! with its precondition. The store applies a commit whole or not at all. So two requests that race for one credential
//! cannot both win, and a crash falls before or after a write, never between. That is the whole contract. In SQL each
//! change is one statement, a commit is one transaction, and a lookup is a `SELECT`.
//!
//! [`Store`] and [`AsyncStore`] show a whole store each. [`contract`], in the feature `store-contract`, is the contract
//! as a test suite for yours.
//!
//! # What a store may forget, and how it may keep things
//!
//! - A credential, a request or a witness may be forgotten once it has expired, by the clock of the host; a grant, once
//!   the time that [`Open`](Change::Open) and [`Extend`](Change::Extend) gave it has passed. Not before, or a replay
//!   goes unnoticed.
//! - A lookup hides nothing. Whether something has expired, the machine decides.
//! - Identifiers, keys and client ids are compared byte for byte. Mind a database that folds case.
//! - Records are serde values for a self-describing format such as JSON. What a change sets (`spent_at`, `revoked`, the
//!   time until which a grant is kept) is not in them, and stands in columns of its own.
//! - A [`Timestamp`](crate::Timestamp) may be as large as `u64::MAX`. A signed column saturates, and what ends at the
//!   end of time is not purged.
//! - A request has two keys in one partition. The second, its user code, is a unique column beside the first.
//! - A credential may have the key of a request: the code of a device that was approved has that of its request. They
//!   are two records, each found and spent by itself.
//! - A change that a store does not know is answered with [`Unavailable`](crate::Unavailable), and nothing of its
//!   commit remains: a release of grantor may have changes that the last one had not. The same goes for a kind of
//!   credential, where a store has a column for it.
//!
//! # Beside the contract
//!
//! A host revokes a grant by `Commit::of(Change::Revoke(id))`. For pages on which people see what they allowed and end
//! it, a store implements [`GrantStore`], which asks for the columns `subject` and `client_id` beside the grants. To
//! forget what has expired, it implements [`Purge`], which a [`PurgeClock`] calls; to forget clients that registered
//! themselves and are not used, [`PurgeClients`].
//!
//! [`Partitioned`] spreads the records over several stores of one kind, and [`CachedClients`] remembers clients for a
//! while, so that a request asks one server.
//!
//! # A store in SQL
//!
//! The module [`sql`], in the feature `sql`, is a store in SQL but for the connection: with fifty lines around your
//! database driver it implements all of these traits. Each change is one statement, whose precondition is inside: it
//! holds if the statement touched a row. Each variant of [`Change`] shows its statement on PostgreSQL. [A store in
//! SQL](crate::_documentation::store_in_sql) says why they are right, and what to do about deadlocks, broken
//! connections and replicas. All of it is tested as it stands there.

mod application;
mod boxed;
mod cached_clients;
mod clients;
mod commit;
#[cfg(feature = "store-contract")]
pub mod contract;
mod few;
mod grants;
mod held_grant;
mod lookup;
mod memory;
mod partitioned;
mod purge;
mod purge_clients;
#[cfg(feature = "sql")]
pub mod sql;

use std::sync::Arc;

use crate::effect::Answer;

pub use application::Application;
pub(crate) use boxed::BoxFuture;
pub use boxed::BoxedStore;
pub use cached_clients::CachedClients;
pub use clients::{Clients, WithClients};
pub use commit::{Change, Commit, CommitError, Outcome, Route};
pub use grants::{AsyncGrantStore, GrantStore};
pub use held_grant::{GrantCursor, GrantsOf, HeldGrant};
pub use lookup::{Found, Lookup, Presented, PresentedRequest, RequestKey, TooManyCredentials};
pub use memory::MemoryStore;
pub use partitioned::Partitioned;
pub use purge::{AsyncPurge, Purge, PurgeClock};
pub use purge_clients::{AsyncPurgeClients, PurgeClients};

/// Keeps the records; blocking.
///
/// What a wrong answer costs: a `lookup` that misses a credential refuses an honest request; a stale one is caught by
/// the preconditions of the commit, so that it issues nothing, except that for as long as reads are stale a revoked
/// grant's access tokens stay good, and a replay is refused and not yet taken for theft. A `commit` that applies in
/// part, or twice, breaks single use and revocation. When in doubt whether a commit was applied, answer
/// [`Unavailable`](crate::Unavailable).
///
/// # A whole store
///
/// This one keeps everything in memory, behind one lock. It is no use in production, but it keeps the whole contract,
/// which the last lines try. On a database the two methods have the same shape, and [each change](Change) is a
/// statement. It is `examples/common/map_store.rs` in grantor's repository.
///
#[doc = concat!(
    "```\n",
    include_str!("../../examples/common/map_store.rs"),
    "\n// With the feature `store-contract`:\ngrantor::store::contract::check(MapStore::default);\n```"
)]
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

/// Keeps the records; async. The contract is that of [`Store`], and so is the shape.
///
/// # A whole store
///
/// `PgStore` keeps everything in PostgreSQL, with the feature `sql`, tokio-postgres and deadpool-postgres. `SqlStore`
/// implements this trait and those of lists and purges; what is written here is the driver. It keeps the whole
/// contract, and is `src/store/sql/postgres.rs` in grantor's repository. [A store in SQL] shows its tables and
/// statements, and says what to do when something fails. A store of other tables implements the two methods itself, as
/// the blocking one at [`Store`] does.
///
/// [A store in SQL]: crate::_documentation::store_in_sql
///
#[doc = concat!("```\n", include_str!("sql/stub.txt"), include_str!("sql/postgres.rs"), "```")]
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
