//! A host answers every effect. A store alone is one, [`Hosted`] joins a store with a policy, and [`HttpOnly`] is the host
//! of a client.

use crate::consult::{AsyncPolicy, ClientSecret, DefaultPolicy, Extension, Issuance, Password, Policy};
use crate::fetch::{AsyncHttp, Fetch, Http};
use crate::step::{Answer, Unavailable};
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
    /// Sends an HTTP request. By default there is nothing to send it with.
    fn fetch(&self, effect: &Fetch) -> Answer<Fetch> {
        Err(no_http(effect))
    }
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
    /// Sends an HTTP request. By default there is nothing to send it with.
    fn fetch(&self, effect: &Fetch) -> impl Future<Output = Answer<Fetch>> + Send {
        std::future::ready(Err(no_http(effect)))
    }
    /// Writes, all or nothing.
    fn commit(&self, effect: &Commit) -> impl Future<Output = Answer<Commit>> + Send;
}

fn no_http(effect: &Fetch) -> Unavailable {
    Unavailable::new(format!("this host has no HTTP client for {}", effect.request().uri()))
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

/// The host of machines that only send requests: a [`Client`](crate::client::Client)'s, and a resource server's that
/// introspects. It has an HTTP client, which is an [`Http`] or an [`AsyncHttp`], and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpOnly<H>(pub H);

fn only_http() -> Unavailable {
    Unavailable::new("this host has an HTTP client and nothing else")
}

impl<H: Http> Host for HttpOnly<H> {
    fn lookup(&self, _: &Lookup) -> Answer<Lookup> {
        Err(only_http())
    }
    fn client_secret(&self, _: &ClientSecret) -> Answer<ClientSecret> {
        Err(only_http())
    }
    fn password(&self, _: &Password) -> Answer<Password> {
        Err(only_http())
    }
    fn extension(&self, _: &Extension) -> Answer<Extension> {
        Err(only_http())
    }
    fn issuance(&self, _: &Issuance) -> Answer<Issuance> {
        Err(only_http())
    }
    fn fetch(&self, effect: &Fetch) -> Answer<Fetch> {
        self.0.fetch(effect)
    }
    fn commit(&self, _: &Commit) -> Answer<Commit> {
        Err(only_http())
    }
}

impl<H: AsyncHttp + Sync> AsyncHost for HttpOnly<H> {
    async fn lookup(&self, _: &Lookup) -> Answer<Lookup> {
        Err(only_http())
    }
    async fn client_secret(&self, _: &ClientSecret) -> Answer<ClientSecret> {
        Err(only_http())
    }
    async fn password(&self, _: &Password) -> Answer<Password> {
        Err(only_http())
    }
    async fn extension(&self, _: &Extension) -> Answer<Extension> {
        Err(only_http())
    }
    async fn issuance(&self, _: &Issuance) -> Answer<Issuance> {
        Err(only_http())
    }
    fn fetch(&self, effect: &Fetch) -> impl Future<Output = Answer<Fetch>> + Send {
        self.0.fetch(effect)
    }
    async fn commit(&self, _: &Commit) -> Answer<Commit> {
        Err(only_http())
    }
}
