//! The turn to refresh a token set that many tasks share, and the wait of the others.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use super::Client;
use super::token::Exchange;
use super::token_set::TokenSet;
use super::wakers::Wakers;
use crate::model::{Moment, Timestamp};
use crate::step::Step;
use crate::wire::{Remedy, RequestError};

/// The error when there is no usable access token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The access token has expired, and there is no refresh token, or the server no longer accepts it. Ask the
    /// resource owner again, and [replace](super::SharedTokens::replace) the token set.
    /// [`SharedTokens::last_error`](super::SharedTokens::last_error) has the server's words.
    #[error("the access token has ended and cannot be refreshed")]
    Ended,
    /// The refresh failed. It may work later, or once the [client is mended](Remedy::MendClient).
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// The state that all clones share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    turn_ended: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) current: Arc<TokenSet>,
    /// True if a resource server refused the current access token.
    pub(super) is_refused: bool,
    /// True while a task holds the turn.
    is_taken: bool,
    /// The number of turns that ended. The current turn, or the next one, has this number.
    turns: u64,
    /// The failure of the last turn, for the tasks that waited for it.
    failure: Option<RefreshError>,
    /// The last failed refresh of the current tokens.
    pub(super) rest: Option<Rest>,
    waiting: Wakers,
}

/// A failed refresh, and the time for which the server is left alone after it.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) error: RequestError,
    since: Timestamp,
    pub(super) until: Timestamp,
}

/// The least time for which a server is left alone after a failure.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest time, so that a mistaken date in `Retry-After` is not the end of a token.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

impl Rest {
    fn after(error: RequestError, since: Timestamp) -> Self {
        let was_sent =
            !matches!(error, RequestError::NoEndpoint(_) | RequestError::OtherServer | RequestError::Unsendable);
        // RFC 9110 §10.2.3: "how long the user agent ought to wait before making a follow-up request".
        let pause = Duration::from_secs(error.retry_after().unwrap_or_default().into()).clamp(PAUSE, MAX_PAUSE);
        Self { error, since, until: if was_sent { since.after(pause) } else { Timestamp::default() } }
    }

    /// Tells if the pause is still on. After a clock was set back, a pause that began in the future is over.
    pub(super) fn is_on(&self, now: Timestamp) -> bool {
        self.since <= now.after(PAUSE) && now < self.until
    }
}

impl Shared {
    pub(super) fn of(tokens: TokenSet) -> Self {
        let state = State {
            current: Arc::new(tokens),
            is_refused: false,
            is_taken: false,
            turns: 0,
            failure: None,
            rest: None,
            waiting: Wakers::default(),
        };
        Self { state: Mutex::new(state), turn_ended: Condvar::new() }
    }

    /// Locks the state. A panic elsewhere does not spoil it, since it is consistent between any two statements.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with other tokens. The result of a turn that is under way is discarded.
    pub(super) fn replace(&self, tokens: TokenSet) {
        let mut state = self.lock();
        state.take(tokens);
        self.end_turn(state, None);
    }

    /// Ends the turn and wakes everybody who waits for it.
    fn end_turn(&self, mut state: MutexGuard<'_, State>, failure: Option<RefreshError>) {
        state.is_taken = false;
        state.turns = state.turns.wrapping_add(1);
        state.failure = failure;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.turn_ended.notify_all();
        waiting.wake();
    }
}

impl State {
    /// Takes new tokens, and forgets all reports about the old ones.
    fn take(&mut self, tokens: TokenSet) {
        self.current = Arc::new(tokens);
        self.is_refused = false;
        self.rest = None;
    }

    /// Tells if these are the current tokens, and not earlier ones.
    pub(super) fn is_current(&self, tokens: &TokenSet) -> bool {
        self.current.access_token().digest() == tokens.access_token().digest()
    }

    /// Marks the current tokens as not renewable.
    pub(super) fn end(&mut self) {
        self.current = Arc::new((*self.current).clone().at_its_end());
    }

    /// Returns the turn if it is free, or else a place among those who wait for its end.
    pub(super) fn turn(&mut self, shared: &Arc<Shared>, has_ended: bool, at: Timestamp) -> Result<Turn, Wait> {
        let (shared, number) = (Arc::clone(shared), self.turns);
        if std::mem::replace(&mut self.is_taken, true) {
            return Err(Wait { shared, number, place: None });
        }
        Ok(Turn { shared, number, expiring: Arc::clone(&self.current), has_ended, at, failure: None })
    }
}

/// The right to refresh, which one task has at a time. If dropped, it passes to the next task that looks.
#[derive(Debug)]
#[must_use = "the others wait"]
pub struct Turn {
    shared: Arc<Shared>,
    number: u64,
    expiring: Arc<TokenSet>,
    has_ended: bool,
    at: Timestamp,
    failure: Option<RefreshError>,
}

impl Turn {
    /// The tokens to refresh.
    pub fn tokens(&self) -> &TokenSet {
        &self.expiring
    }

    /// Starts the refresh at this moment, at the client that the tokens were issued to: the request of
    /// [`TokenSet::renew`], with the client's own [parameters](Client::with_parameter). For a request with more in it,
    /// start from [`Turn::tokens`].
    ///
    /// `run` returns the new [`TokenSet`], or a [`RequestError`](super::RequestError).
    pub fn start(&self, client: &Client, moment: Moment) -> Step<Exchange> {
        match self.expiring.renew(client) {
            Some(request) => request.start(moment),
            None => Step::Done(Err(RequestError::Unsendable)),
        }
    }

    /// Passes on the result: the new tokens to all tasks, a failure to those who waited for it. While the old access
    /// token lasts, it is returned in place of a failure. After a failure the server is left alone for five seconds, or
    /// for as long as it said, but no longer than a day; after one that asking again cannot mend
    /// ([`Remedy::AskOwner`]), for good.
    ///
    /// # Errors
    /// The refresh failed, and the old access token has expired.
    pub fn finish(mut self, reply: Result<TokenSet, RequestError>) -> Result<Arc<TokenSet>, RefreshError> {
        let mut state = self.shared.lock();
        if state.turns != self.number {
            return Ok(Arc::clone(&state.current)); // replaced meanwhile
        }
        let error = match reply {
            Ok(tokens) => {
                state.take(tokens);
                return Ok(Arc::clone(&state.current));
            }
            Err(error) => error,
        };
        if error.remedy() == Remedy::AskOwner {
            state.end();
        }
        state.rest = Some(Rest::after(error.clone(), self.at));
        if !self.has_ended && !state.is_refused {
            return Ok(Arc::clone(&state.current));
        }
        let is_over = !state.current.is_renewable();
        drop(state);
        let error = if is_over { RefreshError::Ended } else { RefreshError::Request(error) };
        self.failure = Some(error.clone());
        Err(error)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let state = self.shared.lock();
        if state.turns == self.number {
            self.shared.end_turn(state, self.failure.take());
        }
    }
}

/// The end of another task's turn: a future, or a call that blocks. An error is that turn's failure; after `Ok`, look
/// again.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Wait {
    shared: Arc<Shared>,
    number: u64,
    /// The place of this task's waker, while the turn goes on.
    place: Option<usize>,
}

impl Wait {
    /// Waits, blocking the thread.
    ///
    /// # Errors
    /// The other task's refresh failed.
    pub fn block(self) -> Result<(), RefreshError> {
        let state = self.shared.lock();
        let is_over = self.shared.turn_ended.wait_while(state, |state| state.turns == self.number);
        let state = is_over.unwrap_or_else(PoisonError::into_inner);
        self.outcome(&state)
    }

    fn outcome(&self, state: &State) -> Result<(), RefreshError> {
        // The result of any turn but the last is forgotten: look again.
        let is_last = state.turns == self.number.wrapping_add(1);
        state.failure.clone().filter(|_| is_last).map_or(Ok(()), Err)
    }
}

impl Future for Wait {
    type Output = Result<(), RefreshError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let wait = self.get_mut();
        let mut state = wait.shared.lock();
        if state.turns != wait.number {
            return Poll::Ready(wait.outcome(&state));
        }
        let before = state.waiting.keep(&mut wait.place, context.waker());
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut state = self.shared.lock();
        // The places of a turn that ended are gone with it.
        let waker = if state.turns == self.number { state.waiting.leave(place) } else { None };
        drop(state);
        drop(waker);
    }
}
