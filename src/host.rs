//! A host answers every effect. A store alone is one; [`Hosted`] joins a store with a policy.

use crate::consult::{AsyncPolicy, ClientSecret, DefaultPolicy, Extension, Issuance, Password, Policy};
use crate::step::Answer;
use crate::store::{AsyncStore, Commit, Lookup, Store};

/// Answers the effects of a machine, blocking. Object-safe.
pub trait Host {
    /// Reads records.
    fn lookup(&self, effect: &Lookup) -> Answer<Lookup>;
    /// Checks a client secret.
    fn client_secret(&self, effect: &ClientSecret) -> Answer<ClientSecret>;
    /// Checks a resource owner's password.
    fn password(&self, effect: &Password) -> Answer<Password>;
    /// Judges an extension grant.
    fn extension(&self, effect: &Extension) -> Answer<Extension>;
    /// Has the last word on what is issued.
    fn issuance(&self, effect: &Issuance) -> Answer<Issuance>;
    /// Writes, all or nothing.
    fn commit(&self, effect: &Commit) -> Answer<Commit>;
}

/// Answers the effects of a machine, asynchronously; its futures are `Send`.
pub trait AsyncHost: Sync {
    /// Reads records.
    fn lookup(&self, effect: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send;
    /// Checks a client secret.
    fn client_secret(&self, effect: &ClientSecret) -> impl Future<Output = Answer<ClientSecret>> + Send;
    /// Checks a resource owner's password.
    fn password(&self, effect: &Password) -> impl Future<Output = Answer<Password>> + Send;
    /// Judges an extension grant.
    fn extension(&self, effect: &Extension) -> impl Future<Output = Answer<Extension>> + Send;
    /// Has the last word on what is issued.
    fn issuance(&self, effect: &Issuance) -> impl Future<Output = Answer<Issuance>> + Send;
    /// Writes, all or nothing.
    fn commit(&self, effect: &Commit) -> impl Future<Output = Answer<Commit>> + Send;
}

/// A store and a policy, joined into a host.
///
/// ```
/// use grantor::{Hosted, DefaultPolicy, store::MemoryStore};
/// let host = Hosted { store: MemoryStore::new(), policy: DefaultPolicy };
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Hosted<S, P> {
    /// Answers lookups and commits: a [`Store`] or an [`AsyncStore`].
    pub store: S,
    /// Answers questions: a [`Policy`] or an [`AsyncPolicy`].
    pub policy: P,
}

impl<S: Store, P: Policy> Host for Hosted<S, P> {
    fn lookup(&self, effect: &Lookup) -> Answer<Lookup> {
        self.store.lookup(effect)
    }
    fn client_secret(&self, effect: &ClientSecret) -> Answer<ClientSecret> {
        self.policy.client_secret(effect)
    }
    fn password(&self, effect: &Password) -> Answer<Password> {
        self.policy.password(effect)
    }
    fn extension(&self, effect: &Extension) -> Answer<Extension> {
        self.policy.extension(effect)
    }
    fn issuance(&self, effect: &Issuance) -> Answer<Issuance> {
        self.policy.issuance(effect)
    }
    fn commit(&self, effect: &Commit) -> Answer<Commit> {
        self.store.commit(effect)
    }
}

impl<S: AsyncStore + Sync, P: AsyncPolicy + Sync> AsyncHost for Hosted<S, P> {
    fn lookup(&self, effect: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send {
        self.store.lookup(effect)
    }
    fn client_secret(&self, effect: &ClientSecret) -> impl Future<Output = Answer<ClientSecret>> + Send {
        self.policy.client_secret(effect)
    }
    fn password(&self, effect: &Password) -> impl Future<Output = Answer<Password>> + Send {
        self.policy.password(effect)
    }
    fn extension(&self, effect: &Extension) -> impl Future<Output = Answer<Extension>> + Send {
        self.policy.extension(effect)
    }
    fn issuance(&self, effect: &Issuance) -> impl Future<Output = Answer<Issuance>> + Send {
        self.policy.issuance(effect)
    }
    fn commit(&self, effect: &Commit) -> impl Future<Output = Answer<Commit>> + Send {
        self.store.commit(effect)
    }
}

/// A store is a host with the default policy.
impl<S: Store + ?Sized> Host for S {
    fn lookup(&self, effect: &Lookup) -> Answer<Lookup> {
        Store::lookup(self, effect)
    }
    fn client_secret(&self, effect: &ClientSecret) -> Answer<ClientSecret> {
        Policy::client_secret(&DefaultPolicy, effect)
    }
    fn password(&self, effect: &Password) -> Answer<Password> {
        Policy::password(&DefaultPolicy, effect)
    }
    fn extension(&self, effect: &Extension) -> Answer<Extension> {
        Policy::extension(&DefaultPolicy, effect)
    }
    fn issuance(&self, effect: &Issuance) -> Answer<Issuance> {
        Policy::issuance(&DefaultPolicy, effect)
    }
    fn commit(&self, effect: &Commit) -> Answer<Commit> {
        Store::commit(self, effect)
    }
}

/// An async store is an async host with the default policy.
impl<S: AsyncStore + Sync + ?Sized> AsyncHost for S {
    fn lookup(&self, effect: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send {
        AsyncStore::lookup(self, effect)
    }
    fn client_secret(&self, effect: &ClientSecret) -> impl Future<Output = Answer<ClientSecret>> + Send {
        AsyncPolicy::client_secret(&DefaultPolicy, effect)
    }
    fn password(&self, effect: &Password) -> impl Future<Output = Answer<Password>> + Send {
        AsyncPolicy::password(&DefaultPolicy, effect)
    }
    fn extension(&self, effect: &Extension) -> impl Future<Output = Answer<Extension>> + Send {
        AsyncPolicy::extension(&DefaultPolicy, effect)
    }
    fn issuance(&self, effect: &Issuance) -> impl Future<Output = Answer<Issuance>> + Send {
        AsyncPolicy::issuance(&DefaultPolicy, effect)
    }
    fn commit(&self, effect: &Commit) -> impl Future<Output = Answer<Commit>> + Send {
        AsyncStore::commit(self, effect)
    }
}
