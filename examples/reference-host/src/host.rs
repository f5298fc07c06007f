//! The host that answers the machines: clients from the configuration, laid over a store, and the users.

use std::collections::HashMap;
use std::sync::Arc;

use grantor::model::ClientId;
use grantor::record::Client;
use grantor::store::{
    AsyncGrantStore, AsyncPurge, AsyncStore, Commit, GrantCursor, GrantStore as _, GrantsOf, HeldGrant, Lookup,
    MemoryStore, Purge as _, Store, WithClients,
};
use grantor::{Answer, Hosted, Timestamp, Unavailable};

use crate::measured::Measured;
use crate::sqlite::SqliteStore;
use crate::users::Users;

/// Everything that a machine can ask.
pub type Host = Hosted<WithClients<HashMap<ClientId, Arc<Client>>, Measured<AnyStore>>, Users>;

/// The store that the command line chose.
#[derive(Clone, Debug)]
pub enum AnyStore {
    /// Forgotten when the program ends.
    Memory(Arc<MemoryStore>),
    /// Kept in a file.
    Sqlite(Arc<SqliteStore>),
}

impl AsyncStore for AnyStore {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        match self {
            Self::Memory(store) => Store::lookup(&**store, lookup),
            Self::Sqlite(store) => {
                let lookup = lookup.clone();
                blocking(store, move |store| store.lookup(&lookup)).await
            }
        }
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        match self {
            Self::Memory(store) => Store::commit(&**store, commit),
            Self::Sqlite(store) => {
                let commit = commit.clone();
                blocking(store, move |store| store.commit(&commit)).await
            }
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
            Self::Sqlite(store) => {
                let (of, after) = (of.clone(), after.cloned());
                blocking(store, move |store| store.held_grants(&of, after.as_ref(), limit, now)).await
            }
        }
    }
}

impl AsyncPurge for AnyStore {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        match self {
            Self::Memory(store) => store.purge_batch(now, limit),
            Self::Sqlite(store) => blocking(store, move |store| store.purge_batch(now, limit)).await,
        }
    }
}

/// SQLite waits for the disk: on a thread of its own, so that the others go on. A request that is dropped meanwhile
/// leaves the work to be done, or not done, as a whole.
async fn blocking<T: Send + 'static>(
    store: &Arc<SqliteStore>,
    work: impl FnOnce(&SqliteStore) -> Result<T, Unavailable> + Send + 'static,
) -> Result<T, Unavailable> {
    let store = Arc::clone(store);
    tokio::task::spawn_blocking(move || work(&store)).await.map_err(Unavailable::new)?
}
