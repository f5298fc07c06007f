//! Forgetting what has expired, in small batches, by a clock that has not jumped.

use std::sync::Arc;
use std::time::Duration;

use super::clients::{Clients, WithClients};
use super::{AsyncStore, Store};
use crate::effect::Unavailable;
use crate::model::Timestamp;

/// Forgets what has expired; blocking. Optional: no machine asks for it. Object-safe.
///
/// What may be forgotten, and when, [the store's module](super) says. With the feature `store-contract`,
/// `contract::Contract::with_purging` tests it.
///
/// # In SQL
///
/// Delete so many rows of each table, `credentials` first, each batch in a transaction of its own, so that no request
/// ever waits for more than one batch. In PostgreSQL a row that was extended meanwhile must be looked at again, so
/// the condition stands in the outer statement too:
///
/// ```sql
/// DELETE FROM grants WHERE expires_at <= $1 AND id IN (SELECT id FROM grants WHERE expires_at <= $1 LIMIT $2)
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement the blocking `Purge`",
    note = "an `AsyncStore` implements `AsyncPurge`"
)]
pub trait Purge: Store {
    /// Forgets at most `limit` records that have expired, and says how many. Less than `limit` means that nothing is
    /// left to forget now.
    ///
    /// # Errors
    /// The store could not be asked.
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable>;
}

/// Forgets what has expired; async. The contract is that of [`Purge`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `AsyncPurge`",
    note = "a blocking `Store` implements `Purge`"
)]
pub trait AsyncPurge: AsyncStore + Sync {
    /// Forgets at most `limit` records that have expired: see [`Purge::purge_batch`].
    fn purge_batch_async(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send;
}

/// Purges a store, and refuses to believe a wall clock that jumped.
///
/// A wall clock that is set a day ahead for a minute would have every token of that day forgotten, for good. So a host
/// brings two clocks: the wall clock, and a monotonic one, which nobody can set. If the wall clock has gone forward
/// by more than [`TOLERANCE`](Self::TOLERANCE) beside the monotonic one, nothing is purged until it has stayed there
/// for [`PATIENCE`](Self::PATIENCE); as when a machine slept, or a clock that was wrong has been set right. A wall
/// clock that goes back is believed, since the earlier it is, the less is forgotten. Keep one of these for as long as
/// the process runs, and call it every minute or so.
///
/// ```
/// use std::time::{Duration, Instant, SystemTime};
/// use grantor::Timestamp;
/// use grantor::store::{MemoryStore, PurgeClock};
///
/// let (store, started) = (MemoryStore::new(), Instant::now());
/// let mut clock = PurgeClock::new();
/// // In a loop, every minute:
/// let forgotten = clock.purge(&store, Timestamp::from(SystemTime::now()), started.elapsed())?;
/// if forgotten.is_none() {
///     eprintln!("the wall clock has jumped: nothing is purged");
/// }
///
/// let day = Duration::from_secs(24 * 60 * 60);
/// let tomorrow = SystemTime::now() + day;
/// assert_eq!(clock.purge(&store, Timestamp::from(tomorrow), started.elapsed())?, None);
/// # Ok::<(), grantor::Unavailable>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PurgeClock {
    believed: Option<Reading>,
    /// What the clocks said when the wall clock was first seen to have jumped to where it is.
    suspected: Option<Reading>,
}

/// What both clocks said at one moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    now: Timestamp,
    elapsed: Duration,
}

impl Reading {
    /// What the wall clock says later, if it goes as the monotonic one does.
    fn expected(&self, elapsed: Duration) -> Timestamp {
        Timestamp(self.now.0.saturating_add(elapsed.saturating_sub(self.elapsed).as_secs()))
    }

    fn has_jumped(&self, now: Timestamp, elapsed: Duration) -> bool {
        now.0 > self.expected(elapsed).0.saturating_add(PurgeClock::TOLERANCE.as_secs())
    }
}

impl PurgeClock {
    /// By how much the wall clock may go forward beside the monotonic one, from one call to the next.
    pub const TOLERANCE: Duration = Duration::from_secs(60);

    /// How long a wall clock that jumped must have stayed there before it is believed.
    pub const PATIENCE: Duration = Duration::from_secs(60 * 60);

    /// How many records are forgotten at a time.
    pub const BATCH: usize = 500;

    /// A clock that has nothing to compare with yet: what it is told first, it believes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the time to purge by, or `None` while the wall clock is not believed. `elapsed` is the time since some
    /// fixed moment by the monotonic clock, such as `started.elapsed()` of an [`Instant`](std::time::Instant).
    pub fn read(&mut self, now: Timestamp, elapsed: Duration) -> Option<Timestamp> {
        let reading = Reading { now, elapsed };
        if self.believed.is_some_and(|believed| believed.has_jumped(now, elapsed)) {
            let first = *self.suspected.get_or_insert(reading);
            // It went on jumping, or part of the way back: what is there now is new.
            let is_steady = !first.has_jumped(now, elapsed) && now >= first.now;
            if !is_steady {
                self.suspected = Some(reading);
            }
            if !is_steady || elapsed.saturating_sub(first.elapsed) < Self::PATIENCE {
                return None;
            }
        }
        (self.believed, self.suspected) = (Some(reading), None);
        Some(now)
    }

    /// Forgets what has expired, batch by batch, and says how much; `None` if the wall clock is not believed. Between
    /// two batches other threads get their turn. For the arguments see [`read`](Self::read).
    ///
    /// # Errors
    /// The store could not be asked. What was forgotten before stays forgotten.
    pub fn purge(
        &mut self,
        store: &(impl Purge + ?Sized),
        now: Timestamp,
        elapsed: Duration,
    ) -> Result<Option<usize>, Unavailable> {
        let Some(now) = self.read(now, elapsed) else { return Ok(None) };
        let mut forgotten = 0;
        loop {
            let batch = store.purge_batch(now, Self::BATCH)?;
            forgotten += batch;
            if batch < Self::BATCH {
                return Ok(Some(forgotten));
            }
            std::thread::yield_now();
        }
    }

    /// Forgets what has expired: see [`purge`](Self::purge).
    ///
    /// # Errors
    /// The store could not be asked. What was forgotten before stays forgotten.
    pub async fn purge_async(
        &mut self,
        store: &(impl AsyncPurge + ?Sized),
        now: Timestamp,
        elapsed: Duration,
    ) -> Result<Option<usize>, Unavailable> {
        let Some(now) = self.read(now, elapsed) else { return Ok(None) };
        let mut forgotten = 0;
        loop {
            let batch = store.purge_batch_async(now, Self::BATCH).await?;
            forgotten += batch;
            if batch < Self::BATCH {
                return Ok(Some(forgotten));
            }
        }
    }
}

/// What stands around a store forgets what the store forgets.
macro_rules! forward {
    ($([$($bounds:tt)*] [$($async_bounds:tt)*] $type:ty, |$around:ident| $store:expr;)*) => {$(
        impl<$($bounds)*> Purge for $type {
            fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
                let $around = self;
                $store.purge_batch(now, limit)
            }
        }

        impl<$($async_bounds)*> AsyncPurge for $type {
            fn purge_batch_async(
                &self,
                now: Timestamp,
                limit: usize,
            ) -> impl Future<Output = Result<usize, Unavailable>> + Send {
                let $around = self;
                $store.purge_batch_async(now, limit)
            }
        }
    )*};
}

forward! {
    [S: Purge + ?Sized] [S: AsyncPurge + ?Sized] &S, |around| (**around);
    [S: Purge + ?Sized] [S: AsyncPurge + Send + ?Sized] Arc<S>, |around| (**around);
    [S: Purge + ?Sized] [S: AsyncPurge + ?Sized] Box<S>, |around| (**around);
    [C: Clients, S: Purge] [C: Clients + Sync, S: AsyncPurge] WithClients<C, S>, |around| around.store;
}
