//! Clients of the configuration, laid over those of the store.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use grantor::model::ClientId;
use grantor::record::Client;
use grantor::store::{
    AsyncGrantStore, AsyncPurge, AsyncPurgeClients, AsyncStore, Commit, Found, GrantCursor, GrantsOf, HeldGrant,
    Lookup, Route,
};
use grantor::{Answer, Timestamp, Unavailable};

/// A store with more clients than it keeps itself. A client of the configuration hides one of the store with the same
/// id, and cannot be changed through the store.
#[derive(Debug)]
pub struct Registered<S> {
    configured: ArcSwap<HashMap<ClientId, Arc<Client>>>,
    /// The store of everything else.
    pub store: S,
}

impl<S> Registered<S> {
    /// Lays these clients over a store.
    pub fn new(configured: HashMap<ClientId, Arc<Client>>, store: S) -> Self {
        Self { configured: ArcSwap::from_pointee(configured), store }
    }

    /// Replaces the configured clients all at once: each lookup sees either the earlier or the later ones.
    pub fn replace(&self, configured: HashMap<ClientId, Arc<Client>>) {
        self.configured.store(Arc::new(configured));
    }

    fn configured(&self, client_id: Option<&ClientId>) -> Option<Arc<Client>> {
        self.configured.load().get(client_id?).cloned()
    }
}

impl<S: AsyncStore + Sync> AsyncStore for Registered<S> {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        let Some(client) = self.configured(lookup.client()) else { return self.store.lookup_async(lookup).await };
        let mut rest = Lookup::new(None, lookup.credentials().iter().copied()).map_err(Unavailable::new)?;
        if let Some(request) = lookup.request() {
            rest = rest.with_request(request);
        } else if rest.credentials().is_empty() {
            return Found::new(Some(client), []).map_err(Unavailable::new);
        }
        let found = self.store.lookup_async(&rest).await?;
        let request = lookup.request().and_then(|key| found.request(key)).cloned();
        let all = Found::new(Some(client), found.credentials().iter().cloned()).map_err(Unavailable::new)?;
        Ok(all.with_request(request))
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        match commit.route() {
            Some(Route::Client(client_id)) if self.configured(Some(client_id)).is_some() => {
                Err(Unavailable::new("the client stands in the configuration and cannot be changed in the store"))
            }
            _ => self.store.commit_async(commit).await,
        }
    }
}

impl<S: AsyncGrantStore + Sync> AsyncGrantStore for Registered<S> {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.store.held_grants_async(of, after, limit, now).await
    }
}

impl<S: AsyncPurge + Sync> AsyncPurge for Registered<S> {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.store.purge_batch_async(now, limit).await
    }
}

impl<S: AsyncPurgeClients + Sync> AsyncPurgeClients for Registered<S> {
    async fn purge_clients_async(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.store.purge_clients_async(registered_by, limit).await
    }
}
