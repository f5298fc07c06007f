//! The threads that read, each with a connection of its own. In WAL mode they do not wait for writers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender, bounded};
use grantor::Unavailable;
use rusqlite::Connection;

use crate::jobs::Pending;
use crate::statistics::Counters;
use crate::writer::{refusal, roll_back};

/// The number of readers.
pub(crate) const READERS: usize = 4;

/// The most reads that may wait. Further ones are refused at once.
const WAITING: usize = 1024;

/// A read, which sends its own answer.
type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The queue to the readers.
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
            // There is no need to read for a caller who has gone.
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
        // A caller who waits for the answer learns that there will be none.
        let _ = catch_unwind(AssertUnwindSafe(|| read(connection)));
        roll_back(connection);
    }
}
