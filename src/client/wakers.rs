//! The tasks that wait for one event, each in a place of its own, so that a task that goes away leaves nothing behind.

use std::task::Waker;

/// A place for each task that waits.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    places: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Wakers {
    /// Keeps the waker of a task in its place, and assigns a place if there is none. Returns the waker that was there
    /// before: dropping a waker may drop its task, which must not happen under a lock.
    #[must_use]
    pub(super) fn keep(&mut self, place: &mut Option<usize>, waker: &Waker) -> Option<Waker> {
        let at = *place.get_or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.places.push(None);
                self.places.len() - 1
            })
        });
        match self.places.get_mut(at) {
            Some(Some(kept)) if kept.will_wake(waker) => None,
            Some(kept) => kept.replace(waker.clone()),
            None => None,
        }
    }

    /// Gives a place back, and returns its waker.
    #[must_use]
    pub(super) fn leave(&mut self, place: usize) -> Option<Waker> {
        let waker = self.places.get_mut(place).and_then(Option::take);
        self.free.extend(waker.is_some().then_some(place));
        waker
    }

    /// Wakes all waiting tasks.
    pub(super) fn wake(self) {
        self.places.into_iter().flatten().for_each(Waker::wake);
    }
}
