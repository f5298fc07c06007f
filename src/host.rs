//! Hosts, which answer effects, and the two drivers, which ask them.
//!
//! A store alone is a host, [`Hosted`] joins a store with a policy, and [`HttpHost`] is the host of a client. Each
//! trait has an async twin, whose methods end in `_async`, so that a type can implement both.

use std::fmt;
use std::sync::Arc;

use crate::consult::{ClientSecret, Extension, Issuance, Password};
use crate::effect::{Answer, Unavailable};
use crate::fetch::{AsyncHttp, Fetch, Http};
use crate::registration::Registration;
use crate::sign::Sign;
use crate::step::{Machine, Pause as _, Step};
use crate::store::{AsyncStore, BoxFuture, Commit, Lookup, Store};

/// Defines the traits that answer effects. Each effect in the list below becomes a method of [`Policy`] and of
/// [`Host`], whose default is the safe answer that the effect's own module gives. To add an effect, add an entry; no
/// existing host has to change.
macro_rules! effects {
    ($($(#[$doc:meta])* $method:ident, $method_async:ident: $effect:ident;)*) => {
        /// Answers the questions that only the host can answer, blocking. Every method has a safe default. Object-safe.
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not a blocking `Policy`",
            note = "an `AsyncPolicy` goes with an `AsyncStore`, and both with `Step::run_async`"
        )]
        pub trait Policy {
            $($(#[$doc])* fn $method(&self, effect: &$effect) -> Answer<$effect> { effect.unanswered() })*
        }

        /// Answers the questions that only the host can answer, asynchronously. See [`Policy`].
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not an `AsyncPolicy`",
            note = "the policy of an async host implements `AsyncPolicy`, whose methods end in `_async`; a blocking `Policy` goes with a \
                    blocking `Store` and `Step::run`"
        )]
        pub trait AsyncPolicy {
            $($(#[$doc])* fn $method_async(&self, effect: &$effect) -> impl Future<Output = Answer<$effect>> + Send {
                std::future::ready(effect.unanswered())
            })*
        }

        /// Answers the effects of a machine, blocking. Every [`Store`] is a host, with the default answers to
        /// everything else. Object-safe.
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not a blocking `Host`",
            note = "a `Store` is a host, `Hosted {{ store, policy }}` is one of a `Store` and a `Policy`, `HttpHost` is one of an `Http`",
            note = "with an `AsyncStore`, an `AsyncPolicy` or an `AsyncHttp`, call `run_async(..).await` in place of `run(..)`"
        )]
        pub trait Host {
            /// Reads records.
            fn lookup(&self, effect: &Lookup) -> Answer<Lookup>;
            /// Writes all changes or none.
            fn commit(&self, effect: &Commit) -> Answer<Commit>;
            $($(#[$doc])* fn $method(&self, effect: &$effect) -> Answer<$effect> { effect.unanswered() })*
        }

        /// Answers the effects of a machine, asynchronously; its futures are `Send`. Every [`AsyncStore`] is a host,
        /// with the default answers to everything else.
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not an `AsyncHost`",
            note = "an `AsyncStore` is a host, `Hosted {{ store, policy }}` is one of an `AsyncStore` and an `AsyncPolicy`, `HttpHost` is \
                    one of an `AsyncHttp`",
            note = "with a blocking `Store`, `Policy` or `Http`, call `run(..)` in place of `run_async(..).await`"
        )]
        pub trait AsyncHost: Sync {
            /// Reads records.
            fn lookup_async(&self, effect: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send;
            /// Writes all changes or none.
            fn commit_async(&self, effect: &Commit) -> impl Future<Output = Answer<Commit>> + Send;
            $($(#[$doc])* fn $method_async(&self, effect: &$effect) -> impl Future<Output = Answer<$effect>> + Send {
                std::future::ready(effect.unanswered())
            })*
        }

        impl<S: Store, P: Policy> Host for Hosted<S, P> {
            fn lookup(&self, effect: &Lookup) -> Answer<Lookup> { self.store.lookup(effect) }
            fn commit(&self, effect: &Commit) -> Answer<Commit> { self.store.commit(effect) }
            $(fn $method(&self, effect: &$effect) -> Answer<$effect> { self.policy.$method(effect) })*
        }

        impl<S: AsyncStore + Sync, P: AsyncPolicy + Sync> AsyncHost for Hosted<S, P> {
            fn lookup_async(&self, effect: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send {
                self.store.lookup_async(effect)
            }
            fn commit_async(&self, effect: &Commit) -> impl Future<Output = Answer<Commit>> + Send {
                self.store.commit_async(effect)
            }
            $(fn $method_async(&self, effect: &$effect) -> impl Future<Output = Answer<$effect>> + Send {
                self.policy.$method_async(effect)
            })*
        }

        effects! { @pointers [&P, Arc<P>, Box<P>] { $($method, $method_async: $effect;)* } }

        /// [`AsyncHost`] with boxed futures, so that it is object-safe.
        trait Erased: Send + Sync {
            fn lookup<'a>(&'a self, effect: &'a Lookup) -> BoxFuture<'a, Answer<Lookup>>;
            fn commit<'a>(&'a self, effect: &'a Commit) -> BoxFuture<'a, Answer<Commit>>;
            $(fn $method<'a>(&'a self, effect: &'a $effect) -> BoxFuture<'a, Answer<$effect>>;)*
        }

        impl<H: AsyncHost + Send> Erased for H {
            fn lookup<'a>(&'a self, effect: &'a Lookup) -> BoxFuture<'a, Answer<Lookup>> {
                Box::pin(self.lookup_async(effect))
            }
            fn commit<'a>(&'a self, effect: &'a Commit) -> BoxFuture<'a, Answer<Commit>> {
                Box::pin(self.commit_async(effect))
            }
            $(fn $method<'a>(&'a self, effect: &'a $effect) -> BoxFuture<'a, Answer<$effect>> {
                Box::pin(self.$method_async(effect))
            })*
        }

        impl AsyncHost for BoxedHost {
            async fn lookup_async(&self, effect: &Lookup) -> Answer<Lookup> { self.0.lookup(effect).await }
            async fn commit_async(&self, effect: &Commit) -> Answer<Commit> { self.0.commit(effect).await }
            $(async fn $method_async(&self, effect: &$effect) -> Answer<$effect> { self.0.$method(effect).await })*
        }
    };
    (@pointers [$($pointer:ty),*] $methods:tt) => { $(effects! { @pointer $pointer, $methods })* };
    (@pointer $pointer:ty, { $($method:ident, $method_async:ident: $effect:ident;)* }) => {
        impl<P: Policy + ?Sized> Policy for $pointer {
            $(fn $method(&self, effect: &$effect) -> Answer<$effect> { (**self).$method(effect) })*
        }

        impl<P: AsyncPolicy + ?Sized> AsyncPolicy for $pointer {
            $(fn $method_async(&self, effect: &$effect) -> impl Future<Output = Answer<$effect>> + Send {
                (**self).$method_async(effect)
            })*
        }
    };
}

effects! {
    /// Checks a client secret that only the host can check. By default the secret is wrong.
    client_secret, client_secret_async: ClientSecret;
    /// Checks a resource owner's password. By default the password is wrong.
    password, password_async: Password;
    /// Judges an extension grant. By default the grant is refused.
    extension, extension_async: Extension;
    /// Has the last word on the tokens to be issued. By default they are issued unchanged.
    issuance, issuance_async: Issuance;
    /// Decides on a client that registers itself. By default it is refused.
    registration, registration_async: Registration;
    /// Sends an HTTP request. By default there is no HTTP client, and the effect is unavailable.
    fetch, fetch_async: Fetch;
    /// Signs texts. By default there are no keys, and the effect is unavailable.
    sign, sign_async: Sign;
}

/// A policy with every default answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultPolicy;

impl Policy for DefaultPolicy {}
impl AsyncPolicy for DefaultPolicy {}

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
    /// Answers everything else: a [`Policy`] or an [`AsyncPolicy`].
    pub policy: P,
}

impl<S: Store + ?Sized> Host for S {
    fn lookup(&self, effect: &Lookup) -> Answer<Lookup> {
        Store::lookup(self, effect)
    }

    fn commit(&self, effect: &Commit) -> Answer<Commit> {
        Store::commit(self, effect)
    }
}

impl<S: AsyncStore + Sync + ?Sized> AsyncHost for S {
    fn lookup_async(&self, effect: &Lookup) -> impl Future<Output = Answer<Lookup>> + Send {
        AsyncStore::lookup_async(self, effect)
    }

    fn commit_async(&self, effect: &Commit) -> impl Future<Output = Answer<Commit>> + Send {
        AsyncStore::commit_async(self, effect)
    }
}

/// The host of machines that only send requests: those of a [`Client`](crate::client::Client), and of a resource server
/// that introspects. It holds an HTTP client, an [`Http`] or an [`AsyncHttp`], and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpHost<H>(pub H);

fn no_store() -> Unavailable {
    Unavailable::new("this host has an HTTP client and no store")
}

impl<H: Http> Host for HttpHost<H> {
    fn lookup(&self, _: &Lookup) -> Answer<Lookup> {
        Err(no_store())
    }

    fn commit(&self, _: &Commit) -> Answer<Commit> {
        Err(no_store())
    }

    fn fetch(&self, effect: &Fetch) -> Answer<Fetch> {
        self.0.fetch(effect)
    }
}

impl<H: AsyncHttp + Sync> AsyncHost for HttpHost<H> {
    async fn lookup_async(&self, _: &Lookup) -> Answer<Lookup> {
        Err(no_store())
    }

    async fn commit_async(&self, _: &Commit) -> Answer<Commit> {
        Err(no_store())
    }

    fn fetch_async(&self, effect: &Fetch) -> impl Future<Output = Answer<Fetch>> + Send {
        self.0.fetch_async(effect)
    }
}

/// An async host whose type is chosen at run time. Clones share one host. Each effect costs an allocation.
#[derive(Clone)]
pub struct BoxedHost(Arc<dyn Erased>);

impl BoxedHost {
    /// Erases the type of a host.
    pub fn new(host: impl AsyncHost + Send + 'static) -> Self {
        Self(Arc::new(host))
    }
}

impl fmt::Debug for BoxedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxedHost")
    }
}

impl<M: Machine> Step<M> {
    /// Drives the machine to its reply with a blocking host.
    pub fn run(self, host: &(impl Host + ?Sized)) -> M::Reply {
        // A call for each step, and no loop: a state is moved less often, and machines have few steps.
        match self {
            Self::Lookup(pause) => {
                let answer = host.lookup(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::ClientSecret(pause) => {
                let answer = host.client_secret(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::Password(pause) => {
                let answer = host.password(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::Extension(pause) => {
                let answer = host.extension(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::Issuance(pause) => {
                let answer = host.issuance(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::Registration(pause) => {
                let answer = host.registration(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::Fetch(pause) => {
                let answer = host.fetch(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::Sign(pause) => {
                let answer = host.sign(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::Commit(pause) => {
                let answer = host.commit(pause.effect());
                pause.resume(answer).run(host)
            }
            Self::Done(reply) => reply,
        }
    }

    /// Drives the machine to its reply with an async host. Dropping the future at any await point does no harm in a
    /// store: a commit happens whole or not at all, and nothing is promised before it. The effect of a `Fetch` at
    /// another server is lost with the future; spawn a request that must be completed, such as a refresh at a server
    /// that rotates.
    pub async fn run_async(self, host: &(impl AsyncHost + ?Sized)) -> M::Reply {
        let mut step = self;
        loop {
            step = match step {
                Self::Lookup(pause) => {
                    let answer = host.lookup_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::ClientSecret(pause) => {
                    let answer = host.client_secret_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::Password(pause) => {
                    let answer = host.password_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::Extension(pause) => {
                    let answer = host.extension_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::Issuance(pause) => {
                    let answer = host.issuance_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::Registration(pause) => {
                    let answer = host.registration_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::Fetch(pause) => {
                    let answer = host.fetch_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::Sign(pause) => {
                    let answer = host.sign_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::Commit(pause) => {
                    let answer = host.commit_async(pause.effect()).await;
                    pause.resume(answer)
                }
                Self::Done(reply) => return reply,
            }
        }
    }
}
