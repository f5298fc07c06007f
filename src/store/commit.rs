//! The writing half of the storage contract: changes, their preconditions, and the outcome of a commit.

use std::sync::Arc;

use arrayvec::ArrayVec;

use super::few::few;
use crate::effect::Effect;
use crate::model::{ClientId, GrantId, Key, Partition, Timestamp};
use crate::record::{Client, Credential, Grant, PendingRequest};

/// A commit: the effect of writing these changes, all or none.
///
/// The changes are applied in order, each seeing those before it. If a precondition does not hold, the whole commit is
/// refused, and no part of it remains.
///
/// **A commit touches one partition**: all its changes have the same [`Change::route`]. The constructor checks this.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    changes: ArrayVec<Change, { Commit::MAX_CHANGES }>,
}

/// An error in composing a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The changes have different routes.
    #[error("a commit touches one partition, or one client and nothing else")]
    Split,
    /// There are more changes than [`Commit::MAX_CHANGES`].
    #[error("a commit has at most {} changes", Commit::MAX_CHANGES)]
    TooMany,
}

impl Commit {
    /// The most changes that a commit can have.
    pub const MAX_CHANGES: usize = 8;

    /// Creates a commit of several changes.
    ///
    /// # Errors
    /// The changes have different routes, or are too many.
    pub fn new(changes: impl IntoIterator<Item = Change>) -> Result<Self, CommitError> {
        Self::check(few(changes).ok_or(CommitError::TooMany)?)
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

    /// Creates a commit whose changes are known to have one route.
    pub(crate) fn in_one_partition(changes: ArrayVec<Change, { Self::MAX_CHANGES }>) -> Self {
        debug_assert!(Self::check(changes.clone()).is_ok(), "a commit touches one partition");
        Self { changes }
    }

    /// Returns the same commit with another change of its partition in front.
    pub(crate) fn after(self, first: Change) -> Self {
        Self::in_one_partition(std::iter::once(first).chain(self.changes).collect())
    }

    /// Creates a commit of one change.
    #[must_use]
    pub fn of(change: Change) -> Self {
        Self { changes: ArrayVec::from_iter([change]) }
    }

    /// The changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The route of the commit; `None` if it is empty.
    #[must_use]
    pub fn route(&self) -> Option<Route<'_>> {
        self.changes.first().map(Change::route)
    }
}

/// Tells if a single change would touch two partitions: a credential and its grant are in one, and so are both keys of
/// a request.
fn is_split(change: &Change) -> bool {
    match change {
        Change::Issue(credential) | Change::Replace(credential) => {
            credential.key.partition != credential.grant.partition()
        }
        Change::PutRequest(request) => {
            request.user_code.is_some_and(|user_code| user_code.partition != request.key.partition)
        }
        _ => false,
    }
}

/// The destination of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// A partition of grants and credentials.
    Partition(Partition),
    /// A client's record.
    Client(&'a ClientId),
}

/// One change, with the precondition that must hold.
///
/// Each variant shows its statement on PostgreSQL. The precondition is inside: it holds if the statement touched a row.
/// [A store in SQL](crate::_documentation::store_in_sql) has the tables and the rest.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Store a new grant. Precondition: its id is new.
    ///
    /// ```sql
    /// INSERT INTO grants (id, subject, client_id, record, expires_at)
    /// VALUES ($1, $2, $3, $4, $5)
    /// ON CONFLICT DO NOTHING;
    /// ```
    Open {
        /// The new grant.
        grant: Arc<Grant>,
        /// The earliest time at which the grant may be forgotten.
        until: Timestamp,
    },
    /// Store a new credential. Precondition: its key is new, and its grant exists and is not revoked.
    ///
    /// ```sql
    /// INSERT INTO credentials (key, grant_id, kind, record, revision, expires_at)
    /// SELECT $1, $2, $3, $4, $5, $6
    /// WHERE EXISTS (SELECT 1 FROM grants WHERE id = $2 AND NOT revoked)
    /// ON CONFLICT DO NOTHING;
    /// ```
    Issue(Arc<Credential>),
    /// Mark a credential as spent. Precondition: it exists and is unspent.
    ///
    /// ```sql
    /// UPDATE credentials SET spent_at = $2 WHERE key = $1 AND spent_at IS NULL;
    /// ```
    Spend {
        /// The credential to mark.
        key: Key,
        /// The time of its first use; kept until the credential expires.
        at: Timestamp,
    },
    /// Count one more use of a spent credential. Precondition: it exists, was spent within these times, and was counted
    /// fewer than `at_most` times.
    ///
    /// ```sql
    /// UPDATE credentials SET reuses = reuses + 1
    /// WHERE key = $1 AND spent_at >= $2 AND spent_at <= $3 AND reuses < $4;
    /// ```
    Reuse {
        /// The spent credential.
        key: Key,
        /// The earliest time at which it may have been spent.
        since: Timestamp,
        /// The latest time at which it may have been spent.
        until: Timestamp,
        /// The most uses that are counted, not including the first one, which spent the credential.
        at_most: u32,
    },
    /// Keep a grant until this time, or longer if it was to be kept longer. Precondition: it exists, is not revoked,
    /// and holds fewer than `at_most` credentials.
    ///
    /// ```sql
    /// UPDATE grants SET expires_at = GREATEST(expires_at, $2) WHERE id = $1 AND NOT revoked
    /// AND (SELECT count(*) FROM credentials WHERE grant_id = $1) < $3;
    /// ```
    Extend {
        /// The grant to keep.
        grant: GrantId,
        /// The new end. A grant is kept as long as its longest-lived credential.
        until: Timestamp,
        /// The limit for the credentials that the store holds for the grant, including those that are spent or have
        /// expired.
        at_most: u32,
    },
    /// Replace a credential's record, but not the mark that it was spent. Precondition: the stored revision is the one
    /// before the new record's, and its grant is the same and not revoked.
    ///
    /// ```sql
    /// UPDATE credentials SET record = $4, revision = $5, expires_at = $6
    /// WHERE key = $1 AND grant_id = $2 AND kind = $3 AND revision + 1 = $5
    /// AND EXISTS (SELECT 1 FROM grants WHERE id = $2 AND NOT revoked);
    /// ```
    Replace(Arc<Credential>),
    /// Revoke a grant, which ends all its credentials. No precondition, and no error if it is unknown.
    ///
    /// ```sql
    /// UPDATE grants SET revoked = TRUE WHERE id = $1;
    /// ```
    Revoke(GrantId),
    /// Forget a credential. No precondition.
    ///
    /// ```sql
    /// DELETE FROM credentials WHERE key = $1;
    /// ```
    Discard(Key),
    /// Store a request that waits for a resource owner. Precondition: with revision 0 its key is new, and so is its
    /// user code, if it has one; otherwise the stored revision is the one before, the request is unspent, and client
    /// and user code are the same.
    ///
    /// ```sql
    /// -- PutRequest of revision 0
    /// INSERT INTO requests (key, user_code, client_id, record, revision, expires_at)
    /// VALUES ($1, $2, $3, $4, $5, $6)
    /// ON CONFLICT DO NOTHING;
    ///
    /// -- PutRequest of another revision
    /// UPDATE requests SET record = $4, revision = $5, expires_at = $6
    /// WHERE key = $1 AND user_code IS NOT DISTINCT FROM $2 AND client_id = $3
    /// AND revision + 1 = $5 AND spent_at IS NULL;
    /// ```
    PutRequest(Arc<PendingRequest>),
    /// Mark a request as spent, by an approval or a denial. Precondition: it exists and is unspent.
    ///
    /// ```sql
    /// UPDATE requests SET spent_at = $2 WHERE key = $1 AND spent_at IS NULL;
    /// ```
    SpendRequest {
        /// The request to mark.
        key: Key,
        /// The time of the decision; kept until the request expires.
        at: Timestamp,
    },
    /// Remember that a single-use value was seen. Precondition: it was not seen before.
    ///
    /// ```sql
    /// INSERT INTO witnesses (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;
    /// ```
    Witness {
        /// The key of the value: a partition and the digest of the part that makes it unique.
        key: Key,
        /// The time until which a repetition must be noticed.
        until: Timestamp,
    },
    /// Store a client's record. Precondition: with revision 0 its id is new; otherwise the stored revision is the one
    /// before.
    ///
    /// ```sql
    /// -- PutClient of revision 0
    /// INSERT INTO clients (client_id, record, revision, purgeable_since)
    /// VALUES ($1, $2, $3, $4)
    /// ON CONFLICT DO NOTHING;
    ///
    /// -- PutClient of another revision
    /// UPDATE clients SET record = $2, revision = $3, purgeable_since = $4
    /// WHERE client_id = $1 AND revision + 1 = $3;
    /// ```
    PutClient(Arc<Client>),
    /// Remove a client. Precondition: the stored revision is this one.
    ///
    /// Every endpoint refuses the client from then on, and introspection reports its tokens as inactive, but resource
    /// servers that read the store accept its access tokens until they expire. A new client with the same id would be
    /// taken for the one that held those tokens. So call [`end_client`](super::GrantStore::end_client) first, and
    /// remove the record only if ids are never reused, as with random ones, and once the last of its grants is purged.
    ///
    /// ```sql
    /// DELETE FROM clients WHERE client_id = $1 AND revision = $2;
    /// ```
    RemoveClient {
        /// The client to remove.
        client_id: ClientId,
        /// The revision that was read.
        revision: u32,
    },
    /// A change that no store knows, as a store of today does not know those of a later release. The contract tests
    /// that a store refuses it.
    #[cfg(feature = "store-contract")]
    #[doc(hidden)]
    Unknown(Key),
}

impl Change {
    /// Returns the destination of the change.
    #[must_use]
    pub fn route(&self) -> Route<'_> {
        Route::Partition(match self {
            Self::Open { grant, .. } => grant.id.partition(),
            Self::Extend { grant, .. } | Self::Revoke(grant) => grant.partition(),
            Self::Issue(credential) | Self::Replace(credential) => credential.key.partition,
            Self::Spend { key, .. } | Self::Reuse { key, .. } => key.partition,
            Self::Discard(key) | Self::Witness { key, .. } | Self::SpendRequest { key, .. } => key.partition,
            Self::PutRequest(request) => request.key.partition,
            Self::PutClient(client) => return Route::Client(&client.client_id),
            Self::RemoveClient { client_id, .. } => return Route::Client(client_id),
            #[cfg(feature = "store-contract")]
            Self::Unknown(key) => key.partition,
        })
    }
}

/// The outcome of a commit that the store could decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a commit that met a conflict wrote nothing"]
pub enum Outcome {
    /// All changes were written, durably as the store understands it.
    Applied,
    /// Nothing was written: the precondition of the change at this index did not hold.
    Conflict(usize),
}

impl Effect for Commit {
    type Answer = Outcome;
    const NAME: &'static str = "commit";
}
