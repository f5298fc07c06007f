//! The turn to refresh a token set that many tasks share, and what those wait for who do not have it.

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

/// There is no usable access token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The access token has ended, and there is no refresh token, or the server no longer takes it. Ask the resource
    /// owner again, and [replace](super::SharedTokens::replace) the token set.
    /// [`SharedTokens::last_error`](super::SharedTokens::last_error) has the server's words.
    #[error("the access token has ended and cannot be refreshed")]
    Ended,
    /// The refresh failed. It may work later, or once the [client is mended](Remedy::MendClient).
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// What many tasks share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    turn_ended: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) current: Arc<TokenSet>,
    /// Whether a resource server refused the current access token.
    pub(super) is_refused: bool,
    /// Whether somebody has the turn.
    is_taken: bool,
    /// Counts the turns that ended. The turn that is taken, or will be next, has this number.
    turns: u64,
    /// How the last turn ended for those who waited for it, if it failed.
    failure: Option<RefreshError>,
    /// How the current tokens were last tried to be refreshed in vain.
    pub(super) rest: Option<Rest>,
    waiting: Wakers,
}

/// A refresh that failed, and how long the server is left alone after it.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) error: RequestError,
    since: Timestamp,
    pub(super) until: Timestamp,
}

/// After a failure a server is left alone for so long; longer, if it says so.
const PAUSE: Duration = Duration::from_secs(5);
/// But not longer than a day, or one mistake in a date would be the end of a token.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

impl Rest {
    fn after(error: RequestError, since: Timestamp) -> Self {
        let was_sent =
            !matches!(error, RequestError::NoEndpoint(_) | RequestError::OtherServer | RequestError::Unsendable);
        // RFC 9110 §10.2.3: "how long the user agent ought to wait before making a follow-up request".
        let pause = Duration::from_secs(error.retry_after().unwrap_or_default().into()).clamp(PAUSE, MAX_PAUSE);
        Self { error, since, until: if was_sent { since.after(pause) } else { Timestamp::default() } }
    }

    /// Whether it holds. After a clock was set back, what is in its future does not.
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

    /// The state is whole between any two statements, so a panic elsewhere does not spoil it.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with other tokens. A turn that is under way no longer counts.
    pub(super) fn replace(&self, tokens: TokenSet) {
        let mut state = self.lock();
        state.take(tokens);
        self.end_turn(state, None);
    }

    /// Lets everybody look again.
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
    /// Nothing that was said of the old tokens holds for these.
    fn take(&mut self, tokens: TokenSet) {
        self.current = Arc::new(tokens);
        self.is_refused = false;
        self.rest = None;
    }

    /// Whether these are the tokens that everybody has, and no earlier ones.
    pub(super) fn is_current(&self, tokens: &TokenSet) -> bool {
        self.current.access_token().digest() == tokens.access_token().digest()
    }

    /// No others can be had with the current tokens.
    pub(super) fn end(&mut self) {
        self.current = Arc::new((*self.current).clone().at_its_end());
    }

    /// The turn, for whoever finds the tokens worn, or a place among those who wait for it to end.
    pub(super) fn turn(&mut self, shared: &Arc<Shared>, has_ended: bool, at: Timestamp) -> Result<Turn, Wait> {
        let (shared, number) = (Arc::clone(shared), self.turns);
        if std::mem::replace(&mut self.is_taken, true) {
            return Err(Wait { shared, number, place: None });
        }
        Ok(Turn { shared, number, expiring: Arc::clone(&self.current), has_ended, at, failure: None })
    }
}

/// The right to refresh, which one task has at a time. Dropped, it passes to whoever looks next.
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
    /// The tokens that are to be refreshed.
    pub fn tokens(&self) -> &TokenSet {
        &self.expiring
    }

    /// Starts the refresh, at this moment, at the client that the tokens were issued to: what
    /// [`TokenSet::renew`] asks for, with the client's own [parameters](Client::with_parameter). A request that says
    /// more is made of [`Turn::tokens`].
    pub fn start(&self, client: &Client, moment: Moment) -> Step<Exchange> {
        match self.expiring.renew(client) {
            Some(request) => request.start(moment),
            None => Step::Done(Err(RequestError::Unsendable)),
        }
    }

    /// Passes on what came of it: the new tokens to all, a failure to those who waited for it. While the old access
    /// token lasts, a failure is none: the old one is the answer. After a failure the server is left alone for five
    /// seconds, or for as long as it said, but no longer than a day; after one that asking again cannot mend
    /// ([`Remedy::AskOwner`]), for ever.
    ///
    /// # Errors
    /// The refresh failed, and the old access token has ended.
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

/// The end of somebody else's turn: a future, or a call that blocks. An error is how that turn failed; after `Ok`, look
/// again.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Wait {
    shared: Arc<Shared>,
    number: u64,
    /// Where its waker is, while its turn goes on.
    place: Option<usize>,
}

impl Wait {
    /// Waits, blocking the thread.
    ///
    /// # Errors
    /// How the refresh failed.
    pub fn block(self) -> Result<(), RefreshError> {
        let state = self.shared.lock();
        let is_over = self.shared.turn_ended.wait_while(state, |state| state.turns == self.number);
        let state = is_over.unwrap_or_else(PoisonError::into_inner);
        self.outcome(&state)
    }

    fn outcome(&self, state: &State) -> Result<(), RefreshError> {
        // Of a turn before the last, nobody knows any more: look again.
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
