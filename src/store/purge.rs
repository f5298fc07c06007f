//! Purging: forgets expired records, in small batches, by a clock that has not jumped.

use std::sync::Arc;
use std::time::Duration;

use super::cached_clients::CachedClients;
use super::clients::{Clients, WithClients};
use super::{AsyncStore, Store};
use crate::effect::Unavailable;
use crate::model::Timestamp;

/// Forgets expired records, blocking. Optional: no machine needs it. Object-safe.
///
/// [The store's module](super) says which records may be forgotten, and when. With the feature `store-contract`,
/// `contract::Contract::with_purging` tests it.
///
/// # In SQL
///
/// Delete a limited number of rows of each table, `credentials` first, each batch in a transaction of its own, so that
/// no request waits for more than one batch. In PostgreSQL a row that was extended meanwhile must be checked again, so
/// the condition is repeated in the outer statement:
///
/// ```sql
/// DELETE FROM grants WHERE expires_at <= $1 AND id IN (SELECT id FROM grants WHERE expires_at <= $1 LIMIT $2)
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement the blocking `Purge`",
    note = "an `AsyncStore` implements `AsyncPurge`"
)]
pub trait Purge: Store {
    /// Forgets at most `limit` expired records, and returns their number. Fewer than `limit` means that nothing is left
    /// to forget now.
    ///
    /// # Errors
    /// The store is unavailable.
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable>;
}

/// Forgets expired records, async. The contract is that of [`Purge`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `AsyncPurge`",
    note = "a blocking `Store` implements `Purge`"
)]
pub trait AsyncPurge: AsyncStore + Sync {
    /// Forgets at most `limit` expired records: see [`Purge::purge_batch`].
    fn purge_batch_async(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send;
}

/// A clock for purging a store, which does not trust a wall clock that jumped.
///
/// If the wall clock were set a day ahead for a minute, every token of that day would be forgotten for good. So the
/// host passes two clocks: the wall clock, and a monotonic one, which nobody can set. If the wall clock has advanced
/// more than [`TOLERANCE`](Self::TOLERANCE) beyond the monotonic one, nothing is purged until it has stayed there for
/// [`PATIENCE`](Self::PATIENCE), as after a machine slept or a wrong clock was corrected. A wall clock that goes back
/// is trusted, since an earlier time forgets less. Keep one purge clock for as long as the process runs, and call it
/// every minute or so.
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
    /// The reading at which the wall clock was first seen at its new place after a jump.
    suspected: Option<Reading>,
}

/// The readings of both clocks at one moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    now: Timestamp,
    elapsed: Duration,
}

impl Reading {
    /// Returns the wall clock's time after this much time of the monotonic clock, without a jump.
    fn expected(&self, elapsed: Duration) -> Timestamp {
        Timestamp(self.now.0.saturating_add(elapsed.saturating_sub(self.elapsed).as_secs()))
    }

    fn has_jumped(&self, now: Timestamp, elapsed: Duration) -> bool {
        now.0 > self.expected(elapsed).0.saturating_add(PurgeClock::TOLERANCE.as_secs())
    }
}

impl PurgeClock {
    /// The most that the wall clock may advance beyond the monotonic one, from one call to the next.
    pub const TOLERANCE: Duration = Duration::from_secs(60);

    /// The time that a wall clock must stay at its new place after a jump before it is trusted.
    pub const PATIENCE: Duration = Duration::from_secs(60 * 60);

    /// The number of records that are forgotten in a batch.
    pub const BATCH: usize = 500;

    /// Creates a clock without a reading to compare with: it trusts the first one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the time to purge by, or `None` while the wall clock is not trusted. `elapsed` is the time since some
    /// fixed moment by the monotonic clock, such as `started.elapsed()` of an [`Instant`](std::time::Instant).
    pub fn read(&mut self, now: Timestamp, elapsed: Duration) -> Option<Timestamp> {
        let reading = Reading { now, elapsed };
        if self.believed.is_some_and(|believed| believed.has_jumped(now, elapsed)) {
            let first = *self.suspected.get_or_insert(reading);
            // The wall clock jumped on, or part of the way back, so its place is new again.
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

    /// Forgets expired records, batch by batch, and returns their number; `None` if the wall clock is not trusted.
    /// Other threads can run between two batches. For the arguments see [`read`](Self::read).
    ///
    /// # Errors
    /// The store is unavailable. Records that were forgotten before stay forgotten.
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

    /// Forgets expired records: see [`purge`](Self::purge).
    ///
    /// # Errors
    /// The store is unavailable. Records that were forgotten before stay forgotten.
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

/// Implements [`Purge`] for a wrapper around a store by the inner store's own methods.
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
    [S: Purge, C: Fn() -> Duration] [S: AsyncPurge, C: Fn() -> Duration + Sync]
        CachedClients<S, C>, |around| around.store();
}
