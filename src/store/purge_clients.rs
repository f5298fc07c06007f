//! Purging of clients that registered themselves and are not used.

use std::sync::Arc;

use super::{AsyncStore, Store};
use crate::effect::Unavailable;
use crate::model::Timestamp;

/// Forgets clients that registered themselves and are not used, blocking. Optional: no machine needs it. Object-safe.
///
/// [RFC 7591 §5]: "To avoid the resulting proliferation of dead client identifiers, an authorization server MAY decide
/// to expire registrations for existing clients meeting certain criteria after a period of time has elapsed." The
/// criteria are that nobody vouches for the client ([`Client::purgeable_since`]), and that the store has no grant to
/// it. A grant stays in the store until its last credential has expired, so a client in use is not forgotten. A client
/// that was deleted goes in the same way. Its identifier is random, and no other client ever gets it.
///
/// With the feature `store-contract`, `contract::Contract::with_client_purging` tests it.
///
/// # In SQL
///
/// Keep [`Client::purgeable_since`] in a column beside the client's record, set by `PutClient`, with an index where it
/// is not null. With the index by which [`GrantStore`](super::GrantStore) finds the grants of a client:
///
/// ```sql
/// DELETE FROM clients WHERE purgeable_since <= $1
/// AND client_id IN (
///     SELECT client_id FROM clients WHERE purgeable_since <= $1
///     AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.client_id = clients.client_id) LIMIT $2)
/// ```
///
/// The condition stands in the outer statement too, since the operator may vouch for a client meanwhile.
/// If a grant is opened while its client is forgotten, the client cannot use it.
///
/// [`Client::purgeable_since`]: crate::record::Client::purgeable_since
/// [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement the blocking `PurgeClients`",
    note = "an `AsyncStore` implements `AsyncPurgeClients`"
)]
pub trait PurgeClients: Store {
    /// Forgets at most `limit` clients that were registered by this time and have no grant in the store, and returns
    /// their number. Fewer than `limit` means that no others are left. A host that gives each client a month to be used
    /// passes the time of a month ago.
    ///
    /// # Errors
    /// The store is unavailable.
    fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable>;
}

/// Forgets clients that registered themselves and are not used, async. The contract is that of [`PurgeClients`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `AsyncPurgeClients`",
    note = "a blocking `Store` implements `PurgeClients`"
)]
pub trait AsyncPurgeClients: AsyncStore + Sync {
    /// Forgets at most `limit` clients: see [`PurgeClients::purge_clients`].
    fn purge_clients_async(
        &self,
        registered_by: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send;
}

/// Implements [`PurgeClients`] for a pointer to a store.
macro_rules! forward {
    ($([$($bounds:tt)*] [$($async_bounds:tt)*] $type:ty;)*) => {$(
        impl<$($bounds)*> PurgeClients for $type {
            fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
                (**self).purge_clients(registered_by, limit)
            }
        }

        impl<$($async_bounds)*> AsyncPurgeClients for $type {
            fn purge_clients_async(
                &self,
                registered_by: Timestamp,
                limit: usize,
            ) -> impl Future<Output = Result<usize, Unavailable>> + Send {
                (**self).purge_clients_async(registered_by, limit)
            }
        }
    )*};
}

forward! {
    [S: PurgeClients + ?Sized] [S: AsyncPurgeClients + ?Sized] &S;
    [S: PurgeClients + ?Sized] [S: AsyncPurgeClients + Send + ?Sized] Arc<S>;
    [S: PurgeClients + ?Sized] [S: AsyncPurgeClients + ?Sized] Box<S>;
}
