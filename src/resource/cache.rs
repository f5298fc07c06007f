//! Recent results of introspection.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{Digest, Timestamp};
use crate::wire::Introspection;

/// A memory of active tokens, by their SHA-256 digests, for a short time. It never remembers that a token is inactive.
///
/// [RFC 7662 §4] names the risk: "the token may be revoked while the protected resource is relying on the value of the
/// cached response to make authorization decisions. This creates a window during which a revoked token could be used at
/// the protected resource." Here the window is `max_age`, whatever the clock does: if the clock steps back by more than
/// two threads may differ, the age of the entries is unknown, and all are forgotten. "Highly sensitive environments can
/// opt to disable caching entirely": give the [`Introspector`](super::Introspector) none.
///
/// [RFC 7662 §4]: https://www.rfc-editor.org/rfc/rfc7662#section-4
pub struct Cache {
    capacity: usize,
    max_age: Duration,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_token: HashMap<Digest, Entry>,
    /// The latest time seen, from which the age of entries is counted.
    latest: Timestamp,
}

struct Entry {
    introspection: Arc<Introspection>,
    until: Timestamp,
}

/// The delay behind the latest time up to which a request was merely overtaken by another.
const OVERTAKEN: Duration = Duration::from_secs(2);

impl Entries {
    /// Returns the time from which the age of entries is counted. It never steps back while there are entries.
    fn clock(&mut self, now: Timestamp) -> Timestamp {
        if now.after(OVERTAKEN) < self.latest {
            self.by_token.clear();
            self.latest = now;
        }
        self.latest = self.latest.max(now);
        self.latest
    }
}

impl Cache {
    /// Creates a cache of at most this many tokens, each for at most this long, in whole seconds.
    #[must_use]
    pub fn new(capacity: usize, max_age: Duration) -> Self {
        Self { capacity, max_age, entries: Mutex::default() }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().by_token.clear();
    }

    pub(super) fn get(&self, token: Digest, now: Timestamp) -> Option<Arc<Introspection>> {
        let mut entries = self.lock();
        let now = entries.clock(now);
        let entry = entries.by_token.get(&token).filter(|entry| !entry.until.is_past(now))?;
        Some(Arc::clone(&entry.introspection))
    }

    pub(super) fn forget(&self, token: Digest) {
        self.lock().by_token.remove(&token);
    }

    /// Remembers an active token. [RFC 7662 §4]: "If the response contains the "exp" parameter (expiration), the
    /// response MUST NOT be cached beyond the time indicated therein."
    ///
    /// [RFC 7662 §4]: https://www.rfc-editor.org/rfc/rfc7662#section-4
    pub(super) fn put(&self, token: Digest, introspection: &Arc<Introspection>, now: Timestamp) {
        let until = now.after(self.max_age);
        let until = introspection.exp.map_or(until, |exp| exp.min(until));
        let mut entries = self.lock();
        let now = entries.clock(now);
        let entries = &mut entries.by_token;
        if self.capacity == 0 || until.is_past(now) {
            return;
        }
        if entries.len() >= self.capacity {
            entries.retain(|_, entry| !entry.until.is_past(now));
        }
        if entries.len() >= self.capacity && !entries.contains_key(&token) {
            let first = entries.iter().min_by_key(|(_, entry)| entry.until).map(|(digest, _)| *digest);
            first.and_then(|digest| entries.remove(&digest));
        }
        entries.insert(token, Entry { introspection: Arc::clone(introspection), until });
    }

    /// Locks the entries. They are consistent even after a thread panicked with the lock held.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cache of a thousand tokens, for 30 seconds.
impl Default for Cache {
    fn default() -> Self {
        Self::new(1000, Duration::from_secs(30))
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("capacity", &self.capacity)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}
