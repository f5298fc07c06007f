//! Protection against guessing: after too many failures, further attempts have to wait (OAuth 2.1 §2.4.1, §9.1).

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use grantor::model::Digest;
use lru::LruCache;
use tokio::sync::Notify;

/// The wait after the last free failure, in seconds. Each further one doubles it.
const FIRST_WAIT: u64 = 2;

/// The longest wait, in seconds; older failures are forgotten.
const LONGEST_WAIT: u64 = 15 * 60;

/// The most counts. The one that was unused for the longest time is forgotten first.
pub(crate) const CAPACITY: NonZeroUsize = NonZeroUsize::new(16 * 1024).unwrap();

/// A count of failures by key, for example a client's id and the sender's network. Clones share one count.
///
/// Keys are exact, so nobody waits for another's failures. An attempt counts from its beginning, so that many at once
/// get no further than one after the other, and an attempt that is dropped half-way has failed.
#[derive(Debug)]
pub struct Throttle<K: Hash + Eq + Clone> {
    free_failures: u32,
    counts: Arc<Mutex<LruCache<K, Count>>>,
    /// The start of the time, by a monotonic clock.
    started: Instant,
}

impl<K: Hash + Eq + Clone> Clone for Throttle<K> {
    fn clone(&self) -> Self {
        let Self { free_failures, counts, started } = self;
        Self { free_failures: *free_failures, counts: Arc::clone(counts), started: *started }
    }
}

/// The count of a key.
#[derive(Debug, Default)]
struct Count {
    failures: u32,
    last: u64,
    under_way: u32,
    /// The digest of the value that succeeded last: presenting it again is not a guess.
    good: Option<Digest>,
    /// Notifies when an attempt that was under way has ended.
    ended: Arc<Notify>,
}

impl Count {
    fn is_empty(&self) -> bool {
        self.failures == 0 && self.under_way == 0 && self.good.is_none()
    }

    /// Returns the seconds for which no attempt is allowed; zero if one is.
    fn wait(&mut self, free_failures: u32, now: u64) -> u64 {
        // A clock that went back restarts a wait, at worst. The wait must not last until the clock has caught up.
        self.last = self.last.min(now);
        if self.last.saturating_add(LONGEST_WAIT) < now {
            self.failures = 0;
        }
        let Some(beyond) = self.failures.checked_sub(free_failures) else { return 0 };
        let wait = FIRST_WAIT.saturating_mul(1_u64.checked_shl(beyond).unwrap_or(u64::MAX)).min(LONGEST_WAIT);
        self.last.saturating_add(wait).saturating_sub(now)
    }

    /// Returns the most attempts that may be under way at once: as many as could all fail without a wait, and one after
    /// a wait.
    fn room(&self, free_failures: u32) -> u32 {
        free_failures.saturating_sub(self.failures).max(1)
    }
}

/// The beginning of an attempt.
enum Begun<K: Hash + Eq + Clone> {
    Attempt(Attempt<K>),
    Wait(u64),
    /// The attempt has to wait for those that are under way.
    Busy(Arc<Notify>),
}

/// An attempt that is under way. Dropping it counts as a failure.
#[derive(Debug)]
#[must_use = "an attempt that is dropped has failed"]
pub struct Attempt<K: Hash + Eq + Clone> {
    throttle: Throttle<K>,
    key: K,
    /// `None` if it presents the value that succeeded before, and counts only if it fails.
    ended: Option<Arc<Notify>>,
    presented: Option<Digest>,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Failed,
    Succeeded,
    Withdrawn,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// Creates an empty count. This many failures cause no wait, and the next one does.
    #[must_use]
    pub fn new(free_failures: u32) -> Self {
        let counts = Arc::new(Mutex::new(LruCache::new(CAPACITY)));
        Self { free_failures, counts, started: Instant::now() }
    }

    /// Begins an attempt at a key. If the result depends on attempts that are under way, it waits for them. A
    /// `presented` value that was right the last time is not counted.
    ///
    /// # Errors
    /// No attempt is allowed for this many seconds.
    pub async fn begin(&self, key: K, presented: Option<Digest>) -> Result<Attempt<K>, u64> {
        loop {
            let ended = match self.try_begin(&key, presented, || self.now()) {
                Begun::Attempt(attempt) => return Ok(attempt),
                Begun::Wait(seconds) => return Err(seconds),
                Begun::Busy(ended) => ended,
            };
            // An attempt may end between the check and the wait, so listen first and check again.
            let mut notified = pin!(ended.notified());
            notified.as_mut().enable();
            match self.try_begin(&key, presented, || self.now()) {
                Begun::Attempt(attempt) => return Ok(attempt),
                Begun::Wait(seconds) => return Err(seconds),
                Begun::Busy(_) => notified.await,
            }
        }
    }

    fn try_begin(&self, key: &K, presented: Option<Digest>, now: impl FnOnce() -> u64) -> Begun<K> {
        self.with(key, |count| {
            let begin = |ended| {
                Begun::Attempt(Attempt {
                    throttle: self.clone(),
                    key: key.clone(),
                    ended,
                    presented,
                    outcome: Outcome::Failed,
                })
            };
            if presented.is_some() && count.good == presented {
                return begin(None);
            }
            let wait = count.wait(self.free_failures, now());
            if wait > 0 {
                return Begun::Wait(wait);
            }
            if count.under_way >= count.room(self.free_failures) {
                return Begun::Busy(Arc::clone(&count.ended));
            }
            count.under_way = count.under_way.saturating_add(1);
            begin(Some(Arc::clone(&count.ended)))
        })
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Calls a function with a count, which is removed if it has nothing left to remember.
    fn with<R>(&self, key: &K, look: impl FnOnce(&mut Count) -> R) -> R {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get_or_insert_mut_ref(key, Count::default);
        let seen = look(count);
        if count.is_empty() {
            counts.pop(key);
        }
        seen
    }
}

impl<K: Hash + Eq + Clone> Attempt<K> {
    /// Reports a success: the failures before were honest mistakes.
    pub fn succeeded(mut self) {
        self.outcome = Outcome::Succeeded;
    }

    /// Takes the attempt back: there was no guess, or no check.
    pub fn withdraw(mut self) {
        self.outcome = Outcome::Withdrawn;
    }

    fn end(&self, now: u64) {
        // A value that was right before, and still is, says nothing about the guesses of others.
        if self.ended.is_none() && !matches!(self.outcome, Outcome::Failed) {
            return;
        }
        self.throttle.with(&self.key, |count| {
            if self.ended.is_some() {
                count.under_way = count.under_way.saturating_sub(1);
            }
            match self.outcome {
                Outcome::Withdrawn => {}
                Outcome::Succeeded => {
                    count.failures = 0;
                    count.good = self.presented.or(count.good);
                }
                Outcome::Failed => {
                    count.failures = count.failures.saturating_add(1);
                    count.last = now;
                    if self.presented == count.good {
                        count.good = None;
                    }
                }
            }
        });
        self.ended.iter().for_each(|ended| ended.notify_waiters());
    }
}

impl<K: Hash + Eq + Clone> Drop for Attempt<K> {
    fn drop(&mut self) {
        // An attempt with a value that was right before and did not fail was never counted.
        if self.ended.is_none() && !matches!(self.outcome, Outcome::Failed) {
            return;
        }
        self.end(self.throttle.now());
    }
}

#[cfg(test)]
mod tests;
