//! Counts of the store's work and of its queues, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// The work of the store since it was opened, and its queues now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Writes that wait for the writer.
    pub waiting_commits: usize,
    /// Reads that wait for a reader.
    pub waiting_lookups: usize,
    /// Reads and writes that were refused because their queue was full.
    pub refused: u64,
    /// Writes that were answered with their outcome, including conflicts.
    pub commits: u64,
    /// Transactions that carried them, with one sync of the disk each.
    pub groups: u64,
    /// Records that were forgotten because they had expired.
    pub rows_purged: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) refused: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) rows_purged: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self, waiting_commits: usize, waiting_lookups: usize) -> Statistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            waiting_commits,
            waiting_lookups,
            refused: read(&self.refused),
            commits: read(&self.commits),
            groups: read(&self.groups),
            rows_purged: read(&self.rows_purged),
        }
    }
}
