//! The tasks that wait for one event, each in a place of its own, so that whoever goes away leaves nothing behind.

use std::task::Waker;

/// A place for each task that waits.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    places: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Wakers {
    /// Keeps the waker of a task in its place, and gives it one if it has none. What was there before comes back, since
    /// to drop a waker may be to drop its task, which is nothing to do under a lock.
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

    /// Gives a place back.
    #[must_use]
    pub(super) fn leave(&mut self, place: usize) -> Option<Waker> {
        let waker = self.places.get_mut(place).and_then(Option::take);
        self.free.extend(waker.is_some().then_some(place));
        waker
    }

    /// Wakes all.
    pub(super) fn wake(self) {
        self.places.into_iter().flatten().for_each(Waker::wake);
    }
}
