//! One store on several servers, each of which keeps a range of the partitions.

mod all;
mod grants;
mod purge;

use self::all::all;
use super::{AsyncStore, Commit, Found, Lookup, Outcome, RequestKey, Route, Store};
use crate::effect::{Answer, Unavailable};
use crate::model::{ClientId, Digest, Partition};

/// One store on several servers: spreads the records over stores of one kind.
///
/// | record | its server |
/// |---|---|
/// | a grant, its credentials, the request that it grew out of, a witness | that of their [`Partition`] |
/// | a client | that of its identifier's digest |
///
/// A commit touches one partition or one client, so it always goes to one server, and no transaction spans two. A
/// lookup asks the servers of everything that it names: at a token endpoint that of the client and that of the
/// credential, async both at once. With [`WithClients`](super::WithClients) around this store it asks one.
///
/// A server that is down fails those requests that need it and no others. The lists of
/// [`GrantStore`](super::GrantStore) need every server, and are unavailable if one of them does not answer: a page on
/// which some applications are missing would be taken for all that there are.
/// [`PurgeClients`](super::PurgeClients) is not implemented, because a server does not know whether another has a grant
/// to its client.
///
/// ```
/// use grantor::store::{MemoryStore, Partitioned};
/// // Four databases in production.
/// let store = Partitioned::new([(); 4].map(|()| MemoryStore::new()));
/// ```
///
/// # More servers
///
/// The 65,536 partitions are divided into ranges of one size, in the order of the servers, which must be the same on
/// every host. Twice as many servers have ranges of half the size: what was on the server at index 3 is then on those
/// at 6 and 7. To double them, stop all hosts, copy each server, put the copy right behind it in the list, delete from
/// each what it does not serve any more, so that no list shows it twice, and start the hosts with that list.
#[derive(Clone, Debug)]
pub struct Partitioned<S> {
    servers: Vec<S>,
}

impl<S> Partitioned<S> {
    /// Creates a store on these servers. Without any it is unavailable.
    pub fn new(servers: impl IntoIterator<Item = S>) -> Self {
        Self { servers: servers.into_iter().collect() }
    }

    /// The servers, in their order.
    #[must_use]
    pub fn servers(&self) -> &[S] {
        &self.servers
    }

    /// Returns the index of the server to which a change or a read goes.
    #[must_use]
    pub fn index(&self, route: Route<'_>) -> usize {
        let Partition(partition) = match route {
            Route::Partition(partition) => partition,
            Route::Client(client_id) => partition_of(client_id),
        };
        usize::from(partition) * self.servers.len() / (usize::from(u16::MAX) + 1)
    }

    fn server(&self, index: usize) -> Result<&S, Unavailable> {
        self.servers.get(index).ok_or_else(|| Unavailable::new("there are no servers"))
    }

    /// Divides a lookup among the servers: each that has something to find, and what that is.
    fn divide(&self, lookup: &Lookup) -> Vec<(usize, Lookup)> {
        let client = lookup.client.iter().map(|id| (Route::Client(id), Lookup::of_client(id.clone())));
        let credentials = lookup.credentials.iter().map(|key| (Route::Partition(key.partition), Lookup::of(*key)));
        let request = lookup.request.iter().map(|key| (route_of(*key), Lookup::of_request(*key)));
        let mut parts: Vec<(usize, Lookup)> = Vec::new();
        for (route, part) in client.chain(credentials).chain(request) {
            let index = self.index(route);
            match parts.iter_mut().find(|(other, _)| *other == index) {
                Some((_, before)) => before.add(part),
                None => parts.push((index, part)),
            }
        }
        parts
    }
}

/// Returns the partition by which a client is kept.
fn partition_of(client_id: &ClientId) -> Partition {
    let [high, low, ..] = *Digest::of(client_id.as_str()).as_bytes();
    Partition(u16::from_be_bytes([high, low]))
}

/// Returns the destination of a read of a request: both of its keys are in one partition.
fn route_of(request: RequestKey) -> Route<'static> {
    let (RequestKey::Key(key) | RequestKey::UserCode(key)) = request;
    Route::Partition(key.partition)
}

impl<S: Store> Store for Partitioned<S> {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let parts = self.divide(lookup);
        let found = parts.iter().map(|(index, part)| self.server(*index)?.lookup(part));
        Found::join(found.collect::<Result<Vec<_>, _>>()?)
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        let Some(route) = commit.route() else { return Ok(Outcome::Applied) };
        self.server(self.index(route))?.commit(commit)
    }
}

impl<S: AsyncStore + Sync> AsyncStore for Partitioned<S> {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        let parts = self.divide(lookup);
        if let [(index, part)] = parts.as_slice() {
            return self.server(*index)?.lookup_async(part).await;
        }
        let found = parts.iter().map(async |(index, part)| self.server(*index)?.lookup_async(part).await);
        Found::join(all(found).await?)
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        let Some(route) = commit.route() else { return Ok(Outcome::Applied) };
        self.server(self.index(route))?.commit_async(commit).await
    }
}
