//! Purging on several servers: one after another, and one that is down holds up none of the others.

use super::Partitioned;
use crate::effect::Unavailable;
use crate::model::Timestamp;
use crate::store::{AsyncPurge, Purge};

/// A batch that several servers share.
struct Batch {
    limit: usize,
    forgotten: usize,
    failed: Option<Unavailable>,
}

impl Batch {
    fn new(limit: usize) -> Self {
        Self { limit, forgotten: 0, failed: None }
    }

    /// The number of records that may still be forgotten; `None` if that is none.
    fn rest(&self) -> Option<usize> {
        self.limit.checked_sub(self.forgotten).filter(|rest| *rest > 0)
    }

    fn add(&mut self, forgotten: Result<usize, Unavailable>) {
        match forgotten {
            Ok(forgotten) => self.forgotten += forgotten,
            Err(failure) => self.failed = self.failed.take().or(Some(failure)),
        }
    }

    /// Returns the number of records, or the first failure of a batch that is not full: a full one is not the last.
    fn end(self) -> Result<usize, Unavailable> {
        match self.failed {
            Some(failure) if self.forgotten < self.limit => Err(failure),
            _ => Ok(self.forgotten),
        }
    }
}

impl<S: Purge> Purge for Partitioned<S> {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.server(0)?;
        let mut batch = Batch::new(limit);
        for server in &self.servers {
            let Some(rest) = batch.rest() else { break };
            batch.add(server.purge_batch(now, rest));
        }
        batch.end()
    }
}

impl<S: AsyncPurge> AsyncPurge for Partitioned<S> {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.server(0)?;
        let mut batch = Batch::new(limit);
        for server in &self.servers {
            let Some(rest) = batch.rest() else { break };
            batch.add(server.purge_batch_async(now, rest).await);
        }
        batch.end()
    }
}
