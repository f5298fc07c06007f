//! The writing half of the storage contract: changes, the preconditions that they carry, and what became of them.

use std::sync::Arc;

use arrayvec::ArrayVec;

use super::few::few;
use crate::effect::Effect;
use crate::model::{ClientId, GrantId, Key, Partition, Timestamp};
use crate::record::{Client, Credential, Grant, PendingRequest};

/// Write these changes, all or nothing.
///
/// The changes are applied in order, each seeing those before it. The first whose precondition does not hold refuses
/// the whole commit, and nothing of it remains.
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

    /// A commit whose changes are known to go to one partition.
    pub(crate) fn in_one_partition(changes: ArrayVec<Change, { Self::MAX_CHANGES }>) -> Self {
        debug_assert!(Self::check(changes.clone()).is_ok(), "a commit touches one partition");
        Self { changes }
    }

    /// The same commit, after another change of its partition.
    pub(crate) fn after(self, first: Change) -> Self {
        Self::in_one_partition(std::iter::once(first).chain(self.changes).collect())
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

    /// Where it goes; `None` if it is empty.
    #[must_use]
    pub fn route(&self) -> Option<Route<'_>> {
        self.changes.first().map(Change::route)
    }
}

/// A credential and its grant live in one partition, and so do both keys of a request.
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

/// Where a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// To a partition of grants and credentials.
    Partition(Partition),
    /// To a client's record.
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
        /// The grant.
        grant: Arc<Grant>,
        /// Until when it is kept at least.
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
    /// Mark a credential as spent. Precondition: it exists, and is unspent.
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
    /// fewer than so many times.
    ///
    /// ```sql
    /// UPDATE credentials SET reuses = reuses + 1
    /// WHERE key = $1 AND spent_at >= $2 AND spent_at <= $3 AND reuses < $4;
    /// ```
    Reuse {
        /// The credential that was spent.
        key: Key,
        /// The earliest time at which it may have been spent.
        since: Timestamp,
        /// The latest time at which it may have been spent.
        until: Timestamp,
        /// How many uses are counted at most; the first, which spent it, is none of them.
        at_most: u32,
    },
    /// Keep a grant until this time, or longer if it was to be kept longer. Precondition: it exists, is not revoked,
    /// and holds fewer than so many credentials.
    ///
    /// ```sql
    /// UPDATE grants SET expires_at = GREATEST(expires_at, $2) WHERE id = $1 AND NOT revoked
    /// AND (SELECT count(*) FROM credentials WHERE grant_id = $1) < $3;
    /// ```
    Extend {
        /// The grant to keep.
        grant: GrantId,
        /// A grant lives as long as its longest credential.
        until: Timestamp,
        /// How many credentials the store holds of it at most, those that are spent or have expired among them.
        at_most: u32,
    },
    /// Replace a credential's record; whether it was spent stays as it is. Precondition: the stored revision is the one
    /// before the new record's, and its grant is the same and not revoked.
    ///
    /// ```sql
    /// UPDATE credentials SET record = $4, revision = $5, expires_at = $6
    /// WHERE key = $1 AND grant_id = $2 AND kind = $3 AND revision + 1 = $5
    /// AND EXISTS (SELECT 1 FROM grants WHERE id = $2 AND NOT revoked);
    /// ```
    Replace(Arc<Credential>),
    /// Revoke a grant: every credential of it is dead from here on. No precondition, and no error if it is unknown.
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
    /// Mark a request as spent, by an approval or by a denial. Precondition: it exists, and is unspent.
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
    /// Remember that something single-use was seen. Precondition: it was not seen before.
    ///
    /// ```sql
    /// INSERT INTO witnesses (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;
    /// ```
    Witness {
        /// What was seen: its own partition and the digest of what makes it unique.
        key: Key,
        /// Until when a repetition must be noticed.
        until: Timestamp,
    },
    /// Store a client's record. Precondition: with revision 0 its id is new; otherwise the stored revision is the one
    /// before.
    ///
    /// ```sql
    /// -- PutClient of revision 0
    /// INSERT INTO clients (client_id, record, revision) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;
    ///
    /// -- PutClient of another revision
    /// UPDATE clients SET record = $2, revision = $3 WHERE client_id = $1 AND revision + 1 = $3;
    /// ```
    PutClient(Arc<Client>),
    /// Remove a client. Precondition: the stored revision is this one. It can do nothing more at any endpoint, and
    /// introspection calls its tokens inactive; resource servers that read the store take its access tokens until they
    /// expire. Whoever gets its id later is taken for the one that held tokens under it. So first
    /// [`end_client`](super::GrantStore::end_client), and remove the record only where ids are never given again, as
    /// those that are drawn at random, and once the last of its grants is purged.
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
    /// A change that no store knows, as those of a later release are to a store of today: the contract asks what it
    /// does with one.
    #[cfg(feature = "store-contract")]
    #[doc(hidden)]
    Unknown(Key),
}

impl Change {
    /// Where it goes.
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

/// What became of a commit that the store could judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a commit that met a conflict wrote nothing"]
pub enum Outcome {
    /// All of it was written, durably as the store understands it.
    Applied,
    /// Nothing was written: the precondition of the change at this index did not hold.
    Conflict(usize),
}

impl Effect for Commit {
    type Answer = Outcome;
    const NAME: &'static str = "commit";
}
