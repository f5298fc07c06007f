//! Folding the log into the file, by a thread of its own, so that commits wait for the rest of it alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, bounded};
use rusqlite::Connection;
use rusqlite::hooks::Wal;

/// The number of pages at which the log is folded into the file. A page that many commits have changed is folded in
/// once, and with a million tokens it takes this many for that to be common. No commit waits for it.
const FOLDED_AT: i32 = 32_000;

/// The number of pages at which the writer folds in all of the log itself, since the thread cannot keep up.
const TOO_LONG: i32 = 2 * FOLDED_AT;

/// The size of the log, in bytes, above which it is cut when nobody needs it: that at which the writer folds. A page
/// has 4 KiB, SQLite's default.
pub(crate) const LOG_LIMIT: i64 = TOO_LONG as i64 * 4096;

/// The number of pages that may be left to the writer.
const REST: i64 = 400;

/// The most passes before the writer gets the rest, however long it is.
const PASSES: usize = 4;

/// The work that the writer and the folding thread share.
///
/// The log begins anew only if all of it is folded in, and commits add to it meanwhile. So the thread folds in what is
/// there, and then what came meanwhile, until little is left; and the writer folds in the rest between two commits.
pub(crate) struct Fold {
    connection: Mutex<Connection>,
    /// True if the thread has left the rest to the writer.
    has_rest: AtomicBool,
}

impl Fold {
    /// Watches the log of the writer. Returns the requests for the thread, which end when the writer is closed.
    pub(crate) fn new(
        writer: &mut Connection,
        connection: Connection,
    ) -> Result<(Arc<Self>, Receiver<()>), rusqlite::Error> {
        let fold = Arc::new(Self { connection: Mutex::new(connection), has_rest: AtomicBool::new(false) });
        let (request, requests) = bounded(1);
        let watched = Arc::clone(&fold);
        // It takes the place of SQLite's own folding, `wal_autocheckpoint`, whose errors do not end a commit either.
        writer.wal_hook(Some(move |log: &mut Wal, pages| {
            if pages >= TOO_LONG {
                let _ = log.checkpoint();
            } else if pages >= FOLDED_AT && !watched.has_rest.load(Ordering::Acquire) {
                let _ = request.try_send(());
            }
            Ok(())
        }))?;
        Ok((fold, requests))
    }

    /// Folds until the writer's connection closes.
    pub(crate) fn run(&self, requests: &Receiver<()>) {
        for () in requests {
            // If it cannot be done, since the disk is full, say, the next commit asks again.
            if self.fold_most().is_ok() {
                self.has_rest.store(true, Ordering::Release);
            }
        }
    }

    fn fold_most(&self) -> Result<(), rusqlite::Error> {
        let mut folded = 0;
        for _ in 0..PASSES {
            let pages = pass(&self.lock())?;
            if pages - folded <= REST {
                break;
            }
            folded = pages;
        }
        Ok(())
    }

    /// Folds in what the thread has left, if it has.
    pub(crate) fn finish(&self, writer: &Connection) {
        if self.has_rest.swap(false, Ordering::AcqRel) {
            let _ = pass(writer);
        }
    }

    /// Waits until the thread folds no more, and keeps it from doing so.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Folds in all pages that are in the log now, and returns their number. Waits for nobody.
fn pass(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}
