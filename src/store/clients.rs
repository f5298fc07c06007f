//! Clients that are kept apart from grants and credentials: in a configuration file, or in a table of the host's.

use std::sync::Arc;

use super::{AsyncStore, Commit, Found, Lookup, Route, Store};
use crate::effect::{Answer, Unavailable};
use crate::model::ClientId;
use crate::record::Client;

/// A source of clients, such as a map or a closure.
pub trait Clients {
    /// Returns the client with this id.
    ///
    /// # Errors
    /// The source of the clients is unavailable.
    fn client(&self, client_id: &ClientId) -> Result<Option<Arc<Client>>, Unavailable>;
}

impl<F: Fn(&ClientId) -> Result<Option<Arc<Client>>, Unavailable>> Clients for F {
    fn client(&self, client_id: &ClientId) -> Result<Option<Arc<Client>>, Unavailable> {
        self(client_id)
    }
}

impl<H: std::hash::BuildHasher> Clients for std::collections::HashMap<ClientId, Arc<Client>, H> {
    fn client(&self, client_id: &ClientId) -> Result<Option<Arc<Client>>, Unavailable> {
        Ok(self.get(client_id).cloned())
    }
}

/// A store whose clients come from elsewhere: [`Clients`] answers for them, and the inner store keeps grants and
/// credentials and is never asked for a client.
#[derive(Clone, Copy, Debug, Default)]
pub struct WithClients<C, S> {
    /// The source of the clients. They cannot be changed through this store.
    pub clients: C,
    /// The store of everything else.
    pub store: S,
}

impl<C: Clients, S> WithClients<C, S> {
    /// Returns the client that a lookup names, and the rest of the lookup.
    fn split(&self, lookup: &Lookup) -> Result<(Option<Arc<Client>>, Lookup), Unavailable> {
        let client = lookup.client.as_ref().map(|client_id| self.clients.client(client_id)).transpose()?.flatten();
        Ok((client, Lookup { client: None, ..lookup.clone() }))
    }
}

/// Refuses changes of clients, which have no place in the inner store.
fn refuse_client_changes(commit: &Commit) -> Result<(), Unavailable> {
    match commit.route() {
        Some(Route::Client(_)) => Err(Unavailable::new("clients are kept elsewhere and cannot be changed here")),
        _ => Ok(()),
    }
}

impl<C: Clients, S: Store> Store for WithClients<C, S> {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let (client, rest) = self.split(lookup)?;
        if rest.is_empty() {
            return Ok(Found { client, ..Found::default() });
        }
        Ok(Found { client, ..self.store.lookup(&rest)? })
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        refuse_client_changes(commit)?;
        self.store.commit(commit)
    }
}

impl<C: Clients + Sync, S: AsyncStore + Sync> AsyncStore for WithClients<C, S> {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        let (client, rest) = self.split(lookup)?;
        if rest.is_empty() {
            return Ok(Found { client, ..Found::default() });
        }
        Ok(Found { client, ..self.store.lookup_async(&rest).await? })
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        refuse_client_changes(commit)?;
        self.store.commit_async(commit).await
    }
}
