//! The one thread that writes: it puts all waiting commits into one transaction, and syncs once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select_biased};
use grantor::Unavailable;
use rusqlite::Connection;

use crate::PATIENCE;
use crate::fold::Fold;
use crate::jobs::Job;
use crate::rows::unavailable;
use crate::statistics::Counters;

/// The most writes that may wait. Further ones are refused at once.
const WAITING: usize = 1024;

/// The most pieces of background work that may wait.
const WAITING_CHORES: usize = 64;

/// The most jobs that share a transaction, since the first of them waits for the last.
const GROUP: usize = 256;

/// A piece of the store's own work, such as a slice of a purge, which has the connection for itself.
pub(crate) type Chore = Box<dyn FnOnce(&mut Connection) + Send>;

/// The queue to the writer.
#[derive(Clone)]
pub(crate) struct Queue {
    jobs: Sender<Box<dyn Job>>,
    chores: Sender<Chore>,
    counters: Arc<Counters>,
}

impl Queue {
    pub(crate) fn push(&self, job: Box<dyn Job>) -> Result<(), Unavailable> {
        self.jobs.try_send(job).map_err(|error| self.refuse(&error))
    }

    /// Queues work that is done between two groups, so that no commit waits for more than one piece of it.
    pub(crate) fn push_chore(&self, chore: Chore) -> Result<(), Unavailable> {
        self.chores.try_send(chore).map_err(|error| self.refuse(&error))
    }

    fn refuse<T>(&self, error: &TrySendError<T>) -> Unavailable {
        self.counters.refused.fetch_add(1, Ordering::Relaxed);
        refusal(error, "too many writes wait")
    }

    pub(crate) fn waiting(&self) -> usize {
        self.jobs.len()
    }
}

/// Returns the refusal for a full queue.
pub(crate) fn refusal<T>(error: &TrySendError<T>, full: &'static str) -> Unavailable {
    match error {
        TrySendError::Full(_) => Unavailable::new(full).with_retry_after(1),
        TrySendError::Disconnected(_) => Unavailable::new("the store is closed"),
    }
}

/// The state of the writing thread.
pub(crate) struct Writer {
    connection: Connection,
    fold: Arc<Fold>,
    jobs: Receiver<Box<dyn Job>>,
    chores: Receiver<Chore>,
    counters: Arc<Counters>,
}

impl Writer {
    pub(crate) fn new(connection: Connection, fold: Arc<Fold>, counters: Arc<Counters>) -> (Queue, Self) {
        let ((jobs, jobs_in), (chores, chores_in)) = (bounded(WAITING), bounded(WAITING_CHORES));
        let queue = Queue { jobs, chores, counters: Arc::clone(&counters) };
        (queue, Self { connection, fold, jobs: jobs_in, chores: chores_in, counters })
    }

    /// Works until the store is dropped, and then does the work that still waits.
    pub(crate) fn run(mut self) {
        loop {
            let (job, chore) = select_biased! {
                recv(self.jobs) -> job => (job.ok(), self.chores.try_recv().ok()),
                recv(self.chores) -> chore => (self.jobs.try_recv().ok(), chore.ok()),
            };
            if job.is_none() && chore.is_none() {
                return self.close();
            }
            if let Some(job) = job {
                self.group(job);
            }
            if let Some(chore) = chore {
                // A caller who waits for the answer learns that there will be none.
                let _ = catch_unwind(AssertUnwindSafe(|| chore(&mut self.connection)));
                roll_back(&self.connection);
            }
            self.fold.finish(&self.connection);
        }
    }

    /// Folds the log into the file. SQLite does this when its last connection closes, unless that is a reader's.
    fn close(self) {
        let _nobody_folds = self.fold.lock();
        let fold = || {
            self.connection.busy_timeout(PATIENCE)?;
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        // If the log cannot be folded in now, the next process that opens the file does it.
        let _: Result<(), rusqlite::Error> = fold();
    }

    /// Does a job and those that wait behind it, and answers them all.
    fn group(&self, first: Box<dyn Job>) {
        let mut group = vec![first];
        let failure = self.carry_out(&mut group).err();
        match &failure {
            None => {
                self.counters.groups.fetch_add(1, Ordering::Relaxed);
                self.counters.commits.fetch_add(group.len() as u64, Ordering::Relaxed);
            }
            Some(_) => roll_back(&self.connection),
        }
        for job in group {
            // A waker is the caller's code, and may panic.
            let _ = catch_unwind(AssertUnwindSafe(|| job.answer(failure.as_ref())));
        }
    }

    /// Runs the group in one transaction. An error means that no part of the group is on the disk, or that this is not
    /// known.
    fn carry_out(&self, group: &mut Vec<Box<dyn Job>>) -> Result<(), Unavailable> {
        if let Err(error) = begin(&self.connection) {
            // Another process holds the file. Jobs that arrived meanwhile have waited as well, and need not wait again.
            group.extend(self.jobs.try_iter().take(self.jobs.len()));
            return Err(unavailable(error));
        }
        let mut done = 0;
        while let Some(job) = group.get_mut(done) {
            in_savepoint(&self.connection, job.as_mut())?;
            done += 1;
            if done == group.len() && done < GROUP {
                group.extend(self.jobs.try_recv());
            }
        }
        execute(&self.connection, "COMMIT").map_err(unavailable)
    }
}

/// Does one job. A job that fails, conflicts or panics leaves nothing behind, and does not affect the rest of the
/// group.
fn in_savepoint(connection: &Connection, job: &mut dyn Job) -> Result<(), Unavailable> {
    execute(connection, "SAVEPOINT job").map_err(unavailable)?;
    let keep = catch_unwind(AssertUnwindSafe(|| job.run(connection))).unwrap_or(false);
    if connection.is_autocommit() {
        // A full disk can end the whole transaction.
        return Err(Unavailable::new("a write in the same transaction ended it").with_retry_after(1));
    }
    if !keep {
        execute(connection, "ROLLBACK TO job").map_err(unavailable)?;
    }
    execute(connection, "RELEASE job").map_err(unavailable)
}

/// Begins a transaction. IMMEDIATE takes the write lock first, so that no transaction reads, decides and then finds
/// that it cannot write.
pub(crate) fn begin(connection: &Connection) -> Result<(), rusqlite::Error> {
    roll_back(connection);
    execute(connection, "BEGIN IMMEDIATE")
}

/// Ends a transaction that is still open, whatever ended the work in it.
pub(crate) fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // If the disk refuses even this, the next transaction tries it again.
        let _ = execute(connection, "ROLLBACK");
    }
}

pub(crate) fn execute(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
