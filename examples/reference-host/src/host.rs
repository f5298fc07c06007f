//! The host that answers the machines: clients from the configuration over a store, and the users.

use std::sync::Arc;

use grantor::store::{
    AsyncGrantStore, AsyncPurge, AsyncPurgeClients, AsyncStore, Commit, GrantCursor, GrantStore as _, GrantsOf,
    HeldGrant, Lookup, MemoryStore, Partitioned, Purge as _, PurgeClients as _, Store,
};
use grantor::{Answer, Hosted, Timestamp, Unavailable};
use grantor_postgres::PostgresStore;
use grantor_sqlite::SqliteStore;

use crate::measured::Measured;
use crate::registered::Registered;
use crate::users::Users;

/// The host for all effects of the machines.
pub type Host = Hosted<Registered<Measured<AnyStore>>, Users>;

/// The store that the command line chose.
#[derive(Clone, Debug)]
pub enum AnyStore {
    /// Forgotten when the program ends.
    Memory(Arc<MemoryStore>),
    /// Kept in a file.
    Sqlite(SqliteStore),
    /// Kept on a server, or on several.
    Postgres(Partitioned<PostgresStore>),
}

impl AsyncStore for AnyStore {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        match self {
            Self::Memory(store) => Store::lookup(&**store, lookup),
            Self::Sqlite(store) => store.lookup_async(lookup).await,
            Self::Postgres(store) => store.lookup_async(lookup).await,
        }
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        match self {
            Self::Memory(store) => Store::commit(&**store, commit),
            Self::Sqlite(store) => store.commit_async(commit).await,
            Self::Postgres(store) => store.commit_async(commit).await,
        }
    }
}

impl AsyncGrantStore for AnyStore {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        match self {
            Self::Memory(store) => store.held_grants(of, after, limit, now),
            Self::Sqlite(store) => store.held_grants_async(of, after, limit, now).await,
            Self::Postgres(store) => store.held_grants_async(of, after, limit, now).await,
        }
    }
}

impl AsyncPurge for AnyStore {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        match self {
            Self::Memory(store) => store.purge_batch(now, limit),
            Self::Sqlite(store) => store.purge_batch_async(now, limit).await,
            Self::Postgres(store) => store.purge_batch_async(now, limit).await,
        }
    }
}

impl AsyncPurgeClients for AnyStore {
    async fn purge_clients_async(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        match self {
            Self::Memory(store) => store.purge_clients(registered_by, limit),
            Self::Sqlite(store) => store.purge_clients_async(registered_by, limit).await,
            // Of several servers none knows if another has a grant to a client, so clients stay.
            Self::Postgres(store) => match store.servers() {
                [only] => only.purge_clients_async(registered_by, limit).await,
                _ => Ok(0),
            },
        }
    }
}
