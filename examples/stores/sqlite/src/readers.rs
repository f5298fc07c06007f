//! The threads that read, each with a connection of its own. In WAL mode they wait for no writer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender, bounded};
use grantor::Unavailable;
use rusqlite::Connection;

use crate::jobs::Pending;
use crate::statistics::Counters;
use crate::writer::{refusal, roll_back};

/// How many run side by side.
pub(crate) const READERS: usize = 4;

/// How many reads may wait. Who comes then is told at once to come again.
const WAITING: usize = 1024;

/// Something to read, which answers by itself.
type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the readers.
#[derive(Clone)]
pub(crate) struct Queue {
    reads: Sender<Read>,
    counters: Arc<Counters>,
}

impl Queue {
    pub(crate) fn new(counters: Arc<Counters>) -> (Self, Receiver<Read>) {
        let (reads, waiting) = bounded(WAITING);
        (Self { reads, counters }, waiting)
    }

    pub(crate) fn push<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<Pending<T>, Unavailable> {
        let (reply, answer) = Pending::new();
        let read = move |connection: &Connection| {
            // Whoever has gone away need not be read for.
            if !reply.is_closed() {
                let _ = reply.send(read(connection));
            }
        };
        match self.reads.try_send(Box::new(read)) {
            Ok(()) => Ok(answer),
            Err(error) => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                Err(refusal(&error, "too many lookups wait"))
            }
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.reads.len()
    }
}

/// Reads until the store is dropped.
pub(crate) fn run(connection: &Connection, reads: &Receiver<Read>) {
    for read in reads {
        // Whoever waits for its answer hears that there is none.
        let _ = catch_unwind(AssertUnwindSafe(|| read(connection)));
        roll_back(connection);
    }
}
