//! Protection against guessing: who fails too often has to wait (OAuth 2.1 §2.4.1, §9.1).

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use grantor::Timestamp;

/// The wait after the last free failure, in seconds. Each further one doubles it.
const FIRST_WAIT: u64 = 2;

/// The longest wait, in seconds; failures that are older than this are forgotten.
const LONGEST_WAIT: u64 = 15 * 60;

/// How many failure counts there are.
const SLOTS: usize = 4096;

/// Counts failures by whatever is guessed at: a user's name, a client's id and where the guess came from.
///
/// The counts lie in a table of fixed size, found by a keyed hash: names that do not exist are counted too (or the wait
/// would tell which exist), and nobody can fill the memory with them. Two names that share a slot wait for each other.
#[derive(Debug)]
pub struct Throttle {
    free_failures: u32,
    hasher: RandomState,
    slots: Mutex<Vec<Slot>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    failures: u32,
    last: Timestamp,
}

impl Slot {
    fn wait(self, free_failures: u32, now: Timestamp) -> u64 {
        let Some(beyond) = self.failures.checked_sub(free_failures) else { return 0 };
        let wait = FIRST_WAIT.saturating_mul(1_u64.checked_shl(beyond).unwrap_or(u64::MAX)).min(LONGEST_WAIT);
        self.last.0.saturating_add(wait).saturating_sub(now.0)
    }
}

impl Throttle {
    /// Nobody has failed yet. So many failures cost nothing, and the next one has to wait.
    #[must_use]
    pub fn new(free_failures: u32) -> Self {
        Self { free_failures, hasher: RandomState::new(), slots: Mutex::new(vec![Slot::default(); SLOTS]) }
    }

    /// For how many seconds nothing may be tried for this key; none: go on.
    #[must_use]
    pub fn wait(&self, key: impl Hash, now: Timestamp) -> Option<u64> {
        self.with(key, |slot| slot.wait(self.free_failures, now)).filter(|wait| *wait > 0)
    }

    /// Another failure.
    pub fn failed(&self, key: impl Hash, now: Timestamp) {
        self.with(key, |slot| {
            let failures = if slot.last.0.saturating_add(LONGEST_WAIT) < now.0 { 0 } else { slot.failures };
            *slot = Slot { failures: failures.saturating_add(1), last: now };
        });
    }

    /// The failures before were honest mistakes.
    pub fn succeeded(&self, key: impl Hash) {
        self.with(key, |slot| *slot = Slot::default());
    }

    fn with<R>(&self, key: impl Hash, change: impl FnOnce(&mut Slot) -> R) -> Option<R> {
        let at = usize::try_from(self.hasher.hash_one(key)).unwrap_or_default() % SLOTS;
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get_mut(at).map(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_after_the_free_failures() {
        let (throttle, now) = (Throttle::new(5), Timestamp(1000));
        for _ in 1..5 {
            throttle.failed("alice", now);
            assert_eq!(throttle.wait("alice", now), None);
        }
        for wait in [2, 4, 8, 16] {
            throttle.failed("alice", now);
            assert_eq!(throttle.wait("alice", now), Some(wait));
        }
        assert_eq!(throttle.wait("alice", Timestamp(1016)), None, "the wait is over");
        for _ in 0..100 {
            throttle.failed("alice", now);
        }
        assert_eq!(throttle.wait("alice", now), Some(LONGEST_WAIT));
        throttle.succeeded("alice");
        assert_eq!(throttle.wait("alice", now), None);
    }
}
