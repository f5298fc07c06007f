//! The store: each call is a job for the thread that writes or for one of those that read.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use grantor::model::ClientId;
use grantor::record::Client;
use grantor::store::{
    AsyncGrantStore, AsyncPurge, AsyncPurgeClients, AsyncStore, Commit, GrantCursor, GrantStore, GrantsOf, HeldGrant,
    Lookup, Outcome, Purge, PurgeClients, PurgeClock, Store,
};
use grantor::{Answer, Timestamp, Unavailable};
use rusqlite::Connection;

use crate::fold::Fold;
use crate::jobs::{Pending, job};
use crate::open::{Connections, OpenError, Opened, compact, open};
use crate::purge::{Batch, Paces, Sliced};
use crate::readers::READERS;
use crate::rows::unavailable;
use crate::statistics::{Counters, Statistics};
use crate::writer::Writer;
use crate::{changes, clients, grants, lookup, readers, writer};

/// A store that keeps the records in a SQLite file. Its commits survive `kill -9` and a loss of power. Clones share one
/// store; when the last one is dropped, waiting work is done and the file is closed.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    writer: writer::Queue,
    readers: readers::Queue,
    counters: Arc<Counters>,
    paces: Paces,
    /// The threads, dropped last: the queues are closed by then, which ends them.
    _threads: Threads,
}

struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), std::io::Error> {
        self.0.push(thread::Builder::new().name(name.to_owned()).spawn(run)?);
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A thread that drops the last store itself, together with its job, is not waited for.
        let others = self.0.drain(..).filter(|thread| thread.thread().id() != thread::current().id());
        others.for_each(|thread| drop(thread.join()));
    }
}

impl SqliteStore {
    /// Opens the file, and makes it if it is missing. A file of an earlier release is upgraded.
    ///
    /// # Errors
    /// See [`OpenReason`](crate::OpenReason).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let Opened { file, connections: Connections { mut writer, folder, readers: connections } } =
            open(path, READERS)?;
        let counters = Arc::<Counters>::default();
        let (fold, requests) = Fold::new(&mut writer, folder).map_err(|error| OpenError::new(path, error))?;
        let (queue, writer) = Writer::new(writer, Arc::clone(&fold), Arc::clone(&counters));
        let (reads, waiting) = readers::Queue::new(Arc::clone(&counters));
        let fail = |error: std::io::Error| OpenError::new(path, error);
        let mut threads = Threads(Vec::new());
        threads.spawn("sqlite-writer", move || writer.run()).map_err(fail)?;
        threads.spawn("sqlite-folder", move || fold.run(&requests)).map_err(fail)?;
        for connection in connections {
            let waiting = waiting.clone();
            threads.spawn("sqlite-reader", move || readers::run(&connection, &waiting)).map_err(fail)?;
        }
        let inner = Inner { writer: queue, readers: reads, counters, paces: Paces::of(&file), _threads: threads };
        Ok(Self(Arc::new(inner)))
    }

    /// Rewrites a file as a new one without free pages, which gives them back from then on even if an earlier release
    /// made it. Takes the time of writing all of it. Nobody else can write meanwhile, so run it while no server runs.
    ///
    /// # Errors
    /// See [`OpenReason`](crate::OpenReason). The file is unchanged.
    pub fn compact(path: impl AsRef<Path>) -> Result<(), OpenError> {
        compact(path.as_ref())
    }

    /// Reads the host's own tables in the same file, from one snapshot: a reader never waits for writers.
    ///
    /// # Errors
    /// The work failed, or too many reads wait.
    pub fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.start_read(at_one_moment(work))?.wait()
    }

    /// The same as [`read`](Self::read), for async callers of any runtime.
    ///
    /// # Errors
    /// See [`read`](Self::read).
    pub async fn read_async<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.start_read(at_one_moment(work))?.arrive().await
    }

    /// Writes to the host's own tables in the same file: whole or not at all, and as durable as a commit. The work
    /// shares a transaction with others, so it must not begin, end or roll back one, and should be short.
    ///
    /// # Errors
    /// The work failed, and left nothing behind; or too many writes wait; or it is not known if it was written.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.start_write(work)?.wait()
    }

    /// The same as [`write`](Self::write), for async callers of any runtime. If the future is dropped before it ends,
    /// the work is done nevertheless, or not at all.
    ///
    /// # Errors
    /// See [`write`](Self::write).
    pub async fn write_async<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.start_write(work)?.arrive().await
    }

    /// Reads clients in the file, ordered by id: the first `limit` of those after a client.
    ///
    /// # Errors
    /// The store is unavailable.
    pub fn clients(&self, after: Option<&ClientId>, limit: usize) -> Result<Vec<Arc<Client>>, Unavailable> {
        let after = after.cloned();
        self.start_read(move |connection| clients::clients(connection, after.as_ref(), limit))?.wait()
    }

    /// The store's work so far and its queues, for metrics.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.0.counters.read(self.0.writer.waiting(), self.0.readers.waiting())
    }

    /// Forgets expired records, batch by batch: credentials (with the mark that they were spent), requests, witnesses,
    /// and grants without a living credential. A long-running host uses a [`PurgeClock`] for it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn purge(&self, now: Timestamp) -> Result<(), Unavailable> {
        while self.purge_batch(now, PurgeClock::BATCH)? == PurgeClock::BATCH {}
        Ok(())
    }

    fn start_read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<Pending<T>, Unavailable> {
        self.0.readers.push(read)
    }

    fn start_write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<Pending<T>, Unavailable> {
        let (job, answer) = job(|connection| Ok((work(connection).map_err(unavailable)?, true)));
        self.0.writer.push(job)?;
        Ok(answer)
    }

    fn start_commit(&self, commit: &Commit) -> Result<Pending<Outcome>, Unavailable> {
        let commit = commit.clone();
        let (job, answer) = job(move |connection| {
            let outcome = changes::apply_all(connection, &commit)?;
            Ok((outcome, outcome == Outcome::Applied))
        });
        self.0.writer.push(job)?;
        Ok(answer)
    }

    fn start_lookup(&self, lookup: &Lookup) -> Result<Pending<grantor::store::Found>, Unavailable> {
        let lookup = lookup.clone();
        self.start_read(move |connection| lookup::look_up(connection, &lookup))
    }

    fn start_held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Pending<Vec<HeldGrant>>, Unavailable> {
        let (of, after) = (of.clone(), after.cloned());
        self.start_read(move |connection| grants::held_grants(connection, &of, after.as_ref(), limit, now))
    }

    /// Starts the next slice of a batch, done between two groups of commits; `None` if the batch is done.
    fn start_slice(&self, batch: &Batch) -> Result<Option<Pending<Sliced>>, Unavailable> {
        let Some(slice) = batch.next() else { return Ok(None) };
        let (counters, (reply, answer)) = (Arc::clone(&self.0.counters), Pending::new());
        self.0.writer.push_chore(Box::new(move |connection| {
            let sliced = slice(connection);
            let forgotten = sliced.as_ref().map_or(0, |sliced| sliced.forgotten);
            counters.rows_purged.fetch_add(forgotten as u64, Ordering::Relaxed);
            let _ = reply.send(sliced);
        }))?;
        Ok(Some(answer))
    }
}

/// Runs several statements on one snapshot.
fn at_one_moment<T>(
    work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
) -> impl FnOnce(&Connection) -> Result<T, Unavailable> {
    move |connection| {
        writer::execute(connection, "BEGIN").map_err(unavailable)?;
        // The thread itself ends the transaction.
        work(connection).map_err(unavailable)
    }
}

impl Store for SqliteStore {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        self.start_lookup(lookup)?.wait()
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        self.start_commit(commit)?.wait()
    }
}

impl AsyncStore for SqliteStore {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        self.start_lookup(lookup)?.arrive().await
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        self.start_commit(commit)?.arrive().await
    }
}

impl GrantStore for SqliteStore {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.start_held_grants(of, after, limit, now)?.wait()
    }
}

impl AsyncGrantStore for SqliteStore {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        self.start_held_grants(of, after, limit, now)?.arrive().await
    }
}

impl Purge for SqliteStore {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let mut batch = Batch::new(self.0.paces.clone(), now, limit);
        while let Some(slice) = self.start_slice(&batch)? {
            batch.done(slice.wait()?);
        }
        Ok(batch.forgotten())
    }
}

impl AsyncPurge for SqliteStore {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let mut batch = Batch::new(self.0.paces.clone(), now, limit);
        while let Some(slice) = self.start_slice(&batch)? {
            batch.done(slice.arrive().await?);
        }
        Ok(batch.forgotten())
    }
}

/// Each call is one statement in a group of commits.
impl PurgeClients for SqliteStore {
    fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.start_write(move |connection| clients::purge(connection, registered_by, limit))?.wait()
    }
}

impl AsyncPurgeClients for SqliteStore {
    async fn purge_clients_async(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.start_write(move |connection| clients::purge(connection, registered_by, limit))?.arrive().await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteStore").field(&self.statistics()).finish()
    }
}
