//! A store with timing.

use std::sync::Arc;
use std::time::Instant;

use grantor::store::{
    AsyncGrantStore, AsyncPurge, AsyncPurgeClients, AsyncStore, Commit, GrantCursor, GrantsOf, HeldGrant, Lookup,
};
use grantor::{Answer, Timestamp, Unavailable};

use crate::metrics::{Metrics, StoreMetrics};

/// A store that reports its response times to the metrics.
#[derive(Clone, Debug)]
pub struct Measured<S> {
    /// The inner store.
    pub store: S,
    /// The metrics.
    pub metrics: Arc<Metrics>,
}

async fn measure<T>(
    metrics: &StoreMetrics,
    work: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    let begin = Instant::now();
    let done = work.await;
    metrics.seconds.observe(begin.elapsed().as_secs_f64());
    if done.is_err() {
        metrics.failures.inc();
    }
    done
}

impl<S: AsyncStore + Sync> AsyncStore for Measured<S> {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        measure(&self.metrics.lookups, self.store.lookup_async(lookup)).await
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        measure(&self.metrics.commits, self.store.commit_async(commit)).await
    }
}

impl<S: AsyncGrantStore + Sync> AsyncGrantStore for Measured<S> {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        measure(&self.metrics.lookups, self.store.held_grants_async(of, after, limit, now)).await
    }
}

impl<S: AsyncPurge + Sync> AsyncPurge for Measured<S> {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.store.purge_batch_async(now, limit).await
    }
}

impl<S: AsyncPurgeClients + Sync> AsyncPurgeClients for Measured<S> {
    async fn purge_clients_async(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.store.purge_clients_async(registered_by, limit).await
    }
}
