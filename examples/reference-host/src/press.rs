//! Repeated presses of a button: the work is done once, and each press gets its outcome.
//!
//! A browser drops the response to the first press for that to the second, so both must be the same. It also drops the
//! connection, but the work must not end half-way, so it has a task of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use grantor::model::Digest;
use lru::LruCache;
use tokio::sync::watch;

use crate::exchange::Exchange;

/// The time within which a press is answered like the one before it.
const REPEATABLE: Duration = Duration::from_secs(60);

/// The most presses of a person that are remembered. A person who presses more often than that within [`FORGOTTEN`] can
/// answer the first one again, as by opening the application's link again.
const MAX_PRESSES: usize = 256;

/// The time after which a press is forgotten: the request that it answered has expired by then.
const FORGOTTEN: Duration = Duration::from_secs(35 * 60);

/// The remembered presses.
#[derive(Debug)]
pub struct Presses<T>(Arc<Mutex<ByPerson<T>>>);

/// The presses by person, and by the request that they answer.
type ByPerson<T> = HashMap<Digest, LruCache<Digest, Press<T>>>;

#[derive(Clone, Debug)]
struct Press<T> {
    /// The digest of the button and the ticked boxes.
    button: Digest,
    at: Instant,
    outcome: watch::Receiver<Option<T>>,
}

/// The outcome of a press.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pressed<T> {
    /// The outcome of the work, for the first press and for repetitions.
    Outcome(T),
    /// Another button was pressed before, or this one too long ago.
    Before,
    /// The work broke off.
    Broken,
}

impl<T> Default for Presses<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Presses<T> {
    /// Does the work of a person's button, unless it was pressed before. The request `what` is answered once, and its
    /// outcome is remembered if `is_final` is true for it.
    pub(crate) async fn press(
        &self,
        whose: Digest,
        what: Digest,
        button: Digest,
        work: impl Future<Output = T> + Send + 'static,
        is_final: impl FnOnce(&T) -> bool + Send + 'static,
    ) -> Pressed<T> {
        let sender = match self.begin(whose, what, button) {
            Ok(sender) => sender,
            Err(before) => return before.repeat(button).await,
        };
        let outcome = sender.subscribe();
        // The press is forgotten at once if the work panics.
        let mut forget = Forget { presses: Self(Arc::clone(&self.0)), whose, what, armed: true };
        let work = Exchange::carry(work);
        tokio::spawn(async move {
            let outcome = work.await;
            forget.armed = !is_final(&outcome);
            drop(forget);
            sender.send_replace(Some(outcome));
        });
        outcome_of(outcome).await
    }

    /// Remembers a press, or finds the one before.
    fn begin(&self, whose: Digest, what: Digest, button: Digest) -> Result<watch::Sender<Option<T>>, Press<T>> {
        let mut presses = self.lock();
        let theirs = presses.entry(whose).or_insert_with(LruCache::unbounded);
        if let Some(before) = theirs.peek(&what) {
            return Err(before.clone());
        }
        let (sender, outcome) = watch::channel(None);
        theirs.push(what, Press { button, at: Instant::now(), outcome });
        if theirs.len() > MAX_PRESSES {
            theirs.pop_lru();
        }
        Ok(sender)
    }

    /// Returns the answer that was given before, or is being given.
    pub(crate) async fn again(&self, whose: Digest, what: Digest, button: Digest) -> Option<Pressed<T>> {
        let press = self.lock().get_mut(&whose).and_then(|theirs| theirs.peek(&what).cloned())?;
        Some(press.repeat(button).await)
    }

    /// Tells if the request was answered, or is being answered.
    pub(crate) fn is_answered(&self, whose: &Digest, what: &Digest) -> bool {
        self.lock().get(whose).is_some_and(|theirs| theirs.contains(what))
    }

    /// Forgets old presses.
    pub fn purge(&self) {
        self.lock().retain(|_, theirs| {
            while theirs.peek_lru().is_some_and(|(_, press)| press.at.elapsed() > FORGOTTEN) {
                theirs.pop_lru();
            }
            !theirs.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, ByPerson<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Press<T> {
    async fn repeat(self, button: Digest) -> Pressed<T> {
        let is_repeatable = self.button == button && self.at.elapsed() < REPEATABLE;
        let outcome = outcome_of(self.outcome).await;
        if is_repeatable { outcome } else { Pressed::Before }
    }
}

async fn outcome_of<T: Clone>(mut outcome: watch::Receiver<Option<T>>) -> Pressed<T> {
    match outcome.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().map_or(Pressed::Broken, Pressed::Outcome),
        Err(_) => Pressed::Broken,
    }
}

/// A guard that forgets a press when dropped, so that it can be repeated.
struct Forget<T> {
    presses: Presses<T>,
    whose: Digest,
    what: Digest,
    armed: bool,
}

impl<T> Drop for Forget<T> {
    fn drop(&mut self) {
        if self.armed {
            let mut presses = self.presses.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(theirs) = presses.get_mut(&self.whose) {
                theirs.pop(&self.what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn digests() -> [Digest; 4] {
        ["alice", "request", "approve", "deny"].map(Digest::of)
    }

    #[tokio::test]
    async fn the_work_is_done_once_however_often_and_however_close_together() {
        let ([alice, request, approve, deny], presses) = (digests(), Presses::default());
        let done = Arc::new(AtomicU32::new(0));
        let work = || {
            let done = Arc::clone(&done);
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                done.fetch_add(1, Ordering::Relaxed)
            }
        };
        let press = |button| presses.press(alice, request, button, work(), |_| true);
        let all = tokio::join!(press(approve), press(approve), press(deny), press(approve));
        let outcome = || Pressed::Outcome(0);
        assert_eq!(all, (outcome(), outcome(), Pressed::Before, outcome()));
        assert_eq!(press(approve).await, outcome());
        assert_eq!(press(deny).await, Pressed::Before);
        assert!(presses.is_answered(&alice, &request));
        assert!(!presses.is_answered(&Digest::of("bob"), &request));
        assert_eq!(done.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_press_whose_connection_is_dropped_is_answered_at_the_next() {
        let ([alice, request, approve, _], presses) = (digests(), Presses::default());
        let work = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            1
        };
        let first = presses.press(alice, request, approve, work, |_| true);
        assert!(tokio::time::timeout(Duration::from_millis(1), first).await.is_err(), "it is under way");
        let second = presses.press(alice, request, approve, async { 2 }, |_| true);
        assert_eq!(second.await, Pressed::Outcome(1));
    }

    #[tokio::test]
    async fn what_failed_for_now_may_be_pressed_again() {
        let ([alice, request, approve, _], presses) = (digests(), Presses::default());
        let failed = presses.press(alice, request, approve, async { 503 }, |outcome| *outcome < 500);
        assert_eq!(failed.await, Pressed::Outcome(503));
        let panicked = presses.press(alice, request, approve, async { panic!("on purpose") }, |_: &i32| true);
        assert_eq!(panicked.await, Pressed::Broken);
        let again = presses.press(alice, request, approve, async { 303 }, |_| true);
        assert_eq!(again.await, Pressed::Outcome(303));
    }

    #[tokio::test]
    async fn nobody_makes_another_be_forgotten() {
        let ([alice, request, approve, _], presses) = (digests(), Presses::default());
        presses.press(alice, request, approve, async {}, |()| true).await;
        for number in 0..2 * MAX_PRESSES {
            let what = Digest::of(&number.to_string());
            presses.press(Digest::of("mallory"), what, approve, async {}, |()| true).await;
        }
        assert!(presses.is_answered(&alice, &request));
        let remembered = presses.lock().values().map(LruCache::len).sum::<usize>();
        assert_eq!(remembered, 1 + MAX_PRESSES);
    }
}
