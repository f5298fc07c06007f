//! An async store behind the blocking interface of the rules. The rules run on threads of their own and block; their
//! calls are polled by the task that awaits the result, or spawned by it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::effect::{Answer, Unavailable};
use crate::model::{ClientId, Subject, Timestamp};
use crate::store::boxed::BoxFuture;
use crate::store::grants::{AsyncGrantStore, GrantStore};
use crate::store::held_grant::{GrantCursor, GrantsOf, HeldGrant};
use crate::store::purge::{AsyncPurge, Purge};
use crate::store::purge_clients::{AsyncPurgeClients, PurgeClients};
use crate::store::{Application, AsyncStore, Commit, Lookup, Store};

/// A call of an async store, which passes on its own result.
pub type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The function that puts a call into a task of its own.
#[derive(Clone)]
pub(super) struct Spawn(Arc<dyn Fn(Call) + Send + Sync>);

impl Spawn {
    pub(super) fn new(spawn: impl Fn(Call) + Send + Sync + 'static) -> Self {
        Self(Arc::new(spawn))
    }
}

/// An async store as a blocking one, for rules that run on threads of their own.
pub struct Blocking<A: Send + Sync + 'static> {
    /// The store; `None` only while it is dropped.
    store: Option<Arc<A>>,
    calls: Calls,
}

impl<A: Send + Sync + 'static> Blocking<A> {
    fn new(store: A, calls: Calls) -> Self {
        Self { store: Some(Arc::new(store)), calls }
    }

    /// Returns another handle, opened in the task that polls the store's calls.
    pub(super) fn another<F: Future<Output = A> + Send + 'static>(&self, another: impl Fn(&A) -> F) -> Self {
        let Some(store) = &self.store else { unreachable!("it is dropped") };
        let opened = another(store);
        match self.calls.ask(async { Ok(opened.await) }) {
            Ok(store) => Self::new(store, self.calls.clone()),
            Err(unavailable) => panic!("another handle: {unavailable}"),
        }
    }

    fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Arc<A>) -> BoxFuture<'static, Result<T, Unavailable>>,
    ) -> Result<T, Unavailable> {
        let Some(store) = &self.store else { unreachable!("it is dropped") };
        self.calls.ask(ask(Arc::clone(store)))
    }
}

/// Drops the store in the task that polls its calls, since it may need its runtime for that.
impl<A: Send + Sync + 'static> Drop for Blocking<A> {
    fn drop(&mut self) {
        let store = self.store.take();
        self.calls.push(Box::pin(async move { drop(store) }));
    }
}

impl<A: AsyncStore + Send + Sync + 'static> Store for Blocking<A> {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let lookup = lookup.clone();
        self.ask(|store| Box::pin(async move { store.lookup_async(&lookup).await }))
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        let commit = commit.clone();
        self.ask(|store| Box::pin(async move { store.commit_async(&commit).await }))
    }
}

impl<A: AsyncGrantStore + Send + 'static> GrantStore for Blocking<A> {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        let (of, after) = (of.clone(), after.cloned());
        self.ask(|store| Box::pin(async move { store.held_grants_async(&of, after.as_ref(), limit, now).await }))
    }

    fn applications(
        &self,
        subject: &Subject,
        after: Option<&ClientId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Application>, Unavailable> {
        let (subject, after) = (subject.clone(), after.cloned());
        self.ask(|store| Box::pin(async move { store.applications_async(&subject, after.as_ref(), limit, now).await }))
    }

    fn revoke_grants(&self, of: &GrantsOf, now: Timestamp) -> Result<usize, Unavailable> {
        let of = of.clone();
        self.ask(|store| Box::pin(async move { store.revoke_grants_async(&of, now).await }))
    }
}

impl<A: AsyncPurge + Send + 'static> Purge for Blocking<A> {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.ask(|store| Box::pin(async move { store.purge_batch_async(now, limit).await }))
    }
}

impl<A: AsyncPurgeClients + Send + 'static> PurgeClients for Blocking<A> {
    fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.ask(|store| Box::pin(async move { store.purge_clients_async(registered_by, limit).await }))
    }
}

impl<A: Send + Sync + 'static> fmt::Debug for Blocking<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}

/// The queue of calls from threads, and the waker of the task that polls them.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    new: Vec<Call>,
    task: Option<Waker>,
    /// True when nobody awaits the result any more.
    is_closed: bool,
}

impl Calls {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a call polled, and waits for its answer.
    fn ask<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, Unavailable>> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (reply, answer) = mpsc::channel();
        self.push(Box::pin(async move { drop(reply.send(call.await)) }));
        answer.recv().unwrap_or_else(|_| Err(Unavailable::new("the call ended without an answer")))
    }

    fn push(&self, call: Call) {
        let mut queue = self.queue();
        if !queue.is_closed {
            queue.new.push(call);
            let task = queue.task.take();
            drop(queue);
            task.into_iter().for_each(Waker::wake);
        }
    }
}

/// Runs a rule on a thread of its own, and meanwhile has its calls polled or spawned.
pub(super) async fn drive<A: Send + Sync + 'static, T: Send + 'static>(
    store: A,
    spawn: Option<Spawn>,
    rule: impl FnOnce(&Blocking<A>) -> T + Send + 'static,
) -> T {
    let calls = Calls::default();
    let blocking = Blocking::new(store, calls.clone());
    let (reply, answer) = mpsc::channel();
    let to_wake = calls.clone();
    thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| rule(&blocking)));
        drop(blocking);
        drop(reply.send(outcome));
        // Wakes the task once more to fetch the outcome.
        to_wake.push(Box::pin(async {}));
    });
    let mut driver = Driver { calls, spawn, polled: Vec::new(), answer };
    let outcome = std::future::poll_fn(|context| driver.poll(context)).await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

struct Driver<T> {
    calls: Calls,
    spawn: Option<Spawn>,
    polled: Vec<Call>,
    answer: mpsc::Receiver<T>,
}

impl<T> Driver<T> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<T> {
        let mut queue = self.calls.queue();
        queue.task = Some(context.waker().clone());
        let new = std::mem::take(&mut queue.new);
        drop(queue);
        match &self.spawn {
            Some(Spawn(spawn)) => new.into_iter().for_each(|call| spawn(call)),
            None => self.polled.extend(new),
        }
        self.polled.retain_mut(|call| call.as_mut().poll(context).is_pending());
        self.answer.try_recv().map_or(Poll::Pending, Poll::Ready)
    }
}

/// Tells every thread that still waits for an answer that there will be none.
impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        let mut queue = self.calls.queue();
        queue.is_closed = true;
        drop(std::mem::take(&mut queue.new));
    }
}
