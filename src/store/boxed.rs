//! A store whose type is chosen at run time.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::{AsyncStore, Commit, Lookup};
use crate::effect::Answer;

/// A boxed future.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`AsyncStore`] with boxed futures, so that it is object-safe.
trait Erased: Send + Sync {
    fn lookup<'a>(&'a self, lookup: &'a Lookup) -> BoxFuture<'a, Answer<Lookup>>;
    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Answer<Commit>>;
}

impl<S: AsyncStore + Send + Sync> Erased for S {
    fn lookup<'a>(&'a self, lookup: &'a Lookup) -> BoxFuture<'a, Answer<Lookup>> {
        Box::pin(self.lookup_async(lookup))
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Answer<Commit>> {
        Box::pin(self.commit_async(commit))
    }
}

/// An async store whose type is chosen at run time: memory in tests, a database in production. Clones share one store.
/// Each call costs an allocation.
///
/// ```
/// use grantor::store::{BoxedStore, MemoryStore};
/// let store = BoxedStore::new(MemoryStore::new());
/// ```
#[derive(Clone)]
pub struct BoxedStore(Arc<dyn Erased>);

impl BoxedStore {
    /// Erases the type of a store.
    pub fn new(store: impl AsyncStore + Send + Sync + 'static) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for BoxedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxedStore")
    }
}

impl AsyncStore for BoxedStore {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        self.0.lookup(lookup).await
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        self.0.commit(commit).await
    }
}
