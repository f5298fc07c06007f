//! Clients that are not used, forgotten in memory.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::{MemoryStore, lock};
use crate::effect::Unavailable;
use crate::model::{ClientId, Timestamp};
use crate::store::{AsyncPurgeClients, PurgeClients};

/// Reads every grant, one shard after the other.
impl PurgeClients for MemoryStore {
    fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let mut used = BTreeSet::<ClientId>::new();
        for shard in &self.shards {
            used.extend(lock(shard).clients().cloned());
        }
        let mut left = limit;
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client_id, client| {
            let is_due = client.purgeable_since().is_some_and(|since| since.is_past(registered_by));
            let is_forgotten = left > 0 && is_due && !used.contains(client_id);
            left -= usize::from(is_forgotten);
            !is_forgotten
        });
        Ok(limit - left)
    }
}

impl AsyncPurgeClients for MemoryStore {
    fn purge_clients_async(
        &self,
        registered_by: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send {
        std::future::ready(self.purge_clients(registered_by, limit))
    }
}
