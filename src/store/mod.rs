//! The storage contract: two methods, [`Store::lookup`] and [`Store::commit`].
//!
//! A machine reads what it needs in one [`Lookup`], decides, and writes in one [`Commit`], a list of [`Change`]s of which
//! each carries its precondition. The store applies a commit whole or not at all, so that two requests that race for one
//! credential cannot both win and a crash falls before or after a write, never between. That is the whole contract: in
//! SQL each change is one statement, a commit is one transaction, and a lookup is one joined `SELECT`.
//!
//! # What a store may forget, and how it may keep things
//!
//! - A credential or a witness may be forgotten once it has expired, a grant once the time that `Open` and `Extend` gave it has
//!   passed, by the clock of the host; not before, or a replay goes unnoticed. A lookup hides nothing: expiry is decided by
//!   the machine.
//! - Identifiers, keys and client ids are compared byte for byte; mind a database that folds case.
//! - Records are serde values for a self-describing format such as JSON. What a change sets (`spent_at`, `revoked`, the time
//!   until which a grant is kept) is not in them, and stands in columns of its own.
//! - A [`Timestamp`] may be as large as `u64::MAX`; a signed column saturates.
//! - `READ COMMITTED` isolation is enough where each change is one statement with its precondition inside.
//!
//! A host revokes a grant (a person logs an application out, say) by `Commit::of(Change::Revoke(id))`.
//!
//! With the feature `store-contract`, the module `contract` holds the same contract as a test suite for your store.

mod clients;
#[cfg(feature = "store-contract")]
pub mod contract;
mod lookup;
mod memory;

use std::sync::Arc;

use arrayvec::ArrayVec;

pub use clients::{Clients, WithClients};
pub use lookup::{Found, Lookup, Presented, TooManyCredentials};
pub use memory::MemoryStore;

use crate::model::{Client, ClientId, Credential, Grant, GrantId, Key, Partition, Timestamp};
use crate::step::{Answer, Effect, Unavailable};

/// Write these changes, all or nothing.
///
/// The changes are applied in order, each seeing those before it. The first whose precondition does not hold refuses the
/// whole commit, and nothing of it remains.
///
/// **A commit touches one partition**: all its changes have the same [`Change::route`]. Its constructor sees to that.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    changes: ArrayVec<Change, { Commit::MAX_CHANGES }>,
}

/// These changes do not make one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// They go to different places.
    #[error("a commit touches one partition, or one client and nothing else")]
    Split,
    /// They are more than [`Commit::MAX_CHANGES`].
    #[error("a commit has at most {} changes", Commit::MAX_CHANGES)]
    TooMany,
}

impl Commit {
    /// The most changes that a commit has.
    pub const MAX_CHANGES: usize = 8;

    /// A commit of several changes.
    ///
    /// # Errors
    /// They do not all go to the same place, or are too many.
    pub fn new(changes: impl IntoIterator<Item = Change>) -> Result<Self, CommitError> {
        Self::check(lookup::few(changes).ok_or(CommitError::TooMany)?)
    }

    fn check(changes: ArrayVec<Change, { Self::MAX_CHANGES }>) -> Result<Self, CommitError> {
        let mut routes = changes.iter().map(Change::route);
        match routes.next() {
            Some(first) if !routes.all(|route| route == first) || changes.iter().any(is_split) => {
                Err(CommitError::Split)
            }
            _ => Ok(Self { changes }),
        }
    }

    /// A commit whose changes are known to go to one partition.
    pub(crate) fn in_one_partition(changes: ArrayVec<Change, { Self::MAX_CHANGES }>) -> Self {
        debug_assert!(Self::check(changes.clone()).is_ok(), "a commit touches one partition");
        Self { changes }
    }

    /// A commit of one change.
    #[must_use]
    pub fn of(change: Change) -> Self {
        Self { changes: ArrayVec::from_iter([change]) }
    }

    /// What it changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Where it goes; none if it is empty.
    #[must_use]
    pub fn route(&self) -> Option<Route<'_>> {
        self.changes.first().map(Change::route)
    }
}

/// A credential and its grant live in one partition.
fn is_split(change: &Change) -> bool {
    match change {
        Change::Issue(credential) | Change::Replace(credential) => {
            credential.key.partition != credential.grant.partition()
        }
        _ => false,
    }
}

/// Where a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// To a partition of grants and credentials.
    Partition(Partition),
    /// To a client's record.
    Client(&'a ClientId),
}

/// One change, with the precondition that must hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Store a new grant. Precondition: its id is new.
    Open {
        /// The grant.
        grant: Arc<Grant>,
        /// Until when it is kept at least.
        until: Timestamp,
    },
    /// Store a new credential. Precondition: its key is new, and its grant exists and is not revoked.
    Issue(Arc<Credential>),
    /// Mark a credential as spent. Precondition: it exists, and is unspent.
    Spend {
        /// Which.
        key: Key,
        /// When. The mark stays until the credential would have expired.
        at: Timestamp,
    },
    /// Change nothing. Precondition: the credential exists, and was spent at this time or later.
    SpentSince {
        /// Which.
        key: Key,
        /// The earliest time at which it may have been spent.
        since: Timestamp,
    },
    /// Keep a grant until this time, or longer if it was to be kept longer. Precondition: it exists, and is not revoked.
    Extend {
        /// Which.
        grant: GrantId,
        /// A grant lives as long as its longest credential.
        until: Timestamp,
    },
    /// Replace a credential's record; whether it was spent stays as it is. Precondition: the stored revision is the one
    /// before the new record's.
    Replace(Arc<Credential>),
    /// Revoke a grant: every credential of it is dead from here on. No precondition, and no error if it is unknown.
    Revoke(GrantId),
    /// Forget a credential. No precondition.
    Discard(Key),
    /// Remember that something single-use was seen. Precondition: it was not seen before.
    Witness {
        /// What was seen: its own partition and the digest of what makes it unique.
        key: Key,
        /// Until when a repetition must be noticed.
        until: Timestamp,
    },
    /// Store a client's record. Precondition: with revision 0 its id is new; otherwise the stored revision is the one before.
    PutClient(Arc<Client>),
    /// Remove a client. Precondition: the stored revision is this one. It can do nothing more at any endpoint; access tokens that
    /// it has stay good until they expire. To end them too, revoke its grants, and do not give its id to another.
    RemoveClient {
        /// Which.
        client_id: ClientId,
        /// The revision that was read.
        revision: u32,
    },
}

impl Change {
    /// Where it goes.
    #[must_use]
    pub fn route(&self) -> Route<'_> {
        Route::Partition(match self {
            Self::Open { grant, .. } => grant.id.partition(),
            Self::Extend { grant, .. } | Self::Revoke(grant) => grant.partition(),
            Self::Issue(credential) | Self::Replace(credential) => credential.key.partition,
            Self::Spend { key, .. } | Self::SpentSince { key, .. } => key.partition,
            Self::Discard(key) | Self::Witness { key, .. } => key.partition,
            Self::PutClient(client) => return Route::Client(&client.client_id),
            Self::RemoveClient { client_id, .. } => return Route::Client(client_id),
        })
    }
}

/// What became of a commit that the store could judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it was written, durably as the store understands it.
    Applied,
    /// Nothing was written: the precondition of the change at this index did not hold.
    Conflict(usize),
}

impl Effect for Commit {
    type Answer = Outcome;
}

/// Keeps the records; blocking.
///
/// What a wrong answer costs: a `lookup` that misses a credential refuses an honest request; a stale one is caught by the
/// preconditions of the commit, so that it issues nothing, except that for as long as reads are stale a revoked grant's access tokens
/// stay good, and a replay is refused and not yet taken for theft. A
/// `commit` that applies in part, or twice, breaks single use and revocation. When in doubt whether a commit was applied,
/// answer [`Unavailable`].
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
pub trait AsyncStore {
    /// Reads.
    fn lookup(&self, lookup: &Lookup) -> impl Future<Output = Result<Found, Unavailable>> + Send;

    /// Writes, all or nothing.
    fn commit(&self, commit: &Commit) -> impl Future<Output = Result<Outcome, Unavailable>> + Send;
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
            fn lookup(&self, lookup: &Lookup) -> impl Future<Output = Result<Found, Unavailable>> + Send {
                (**self).lookup(lookup)
            }
            fn commit(&self, commit: &Commit) -> impl Future<Output = Result<Outcome, Unavailable>> + Send {
                (**self).commit(commit)
            }
        }
    )*};
}
forward!(&S, Arc<S>, Box<S>);
