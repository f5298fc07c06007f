//! A token set that many tasks share, and that is refreshed by one of them at a time.
//!
//! Servers rotate refresh tokens, so two refreshes at once are a race: the loser is refused or, worse, taken for a
//! thief (RFC 9700 §4.14.2). Whoever finds that the token expires takes the [`Turn`] to refresh it; the others go on
//! with the old token while it lasts, and wait when it does not.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Client;
use super::token::Exchange;
use super::token_set::TokenSet;
use crate::host::{AsyncHost, Host};
use crate::model::{Moment, Timestamp};
use crate::step::Step;
use crate::wire::RequestError;

/// A token set for many tasks. A clone is the same token set.
///
/// [`SharedTokens::get`] and [`SharedTokens::get_async`] do all there is to do. A host that keeps token sets where they
/// survive it drives by hand, so as to store the new one before anybody uses it:
///
/// ```
/// # use grantor::client::{Client, Fresh, RefreshError, SharedTokens, TokenSet};
/// # fn store(_: &TokenSet) {}
/// # fn get(tokens: &SharedTokens, client: &Client, moment: grantor::Moment, http: &dyn grantor::host::Host)
/// #     -> Result<std::sync::Arc<TokenSet>, RefreshError> {
/// loop {
///     match tokens.fresh(moment.now()) {
///         Fresh::Ready(tokens) => return Ok(tokens),
///         Fresh::Wait(wait) => wait.block()?,
///         Fresh::Ended => return Err(RefreshError::Ended),
///         Fresh::Refresh(turn) => {
///             let reply = turn.start(client, moment).run(http);
///             reply.iter().for_each(store);
///             return turn.finish(reply);
///         }
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SharedTokens {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    turn_ended: Condvar,
}

#[derive(Debug)]
struct State {
    current: Arc<TokenSet>,
    /// Whether a resource server refused the current access token.
    refused: bool,
    /// Whether somebody has the turn.
    taken: bool,
    /// Counts the turns that ended. The turn that is taken, or will be next, has this number.
    turns: u64,
    /// How the last turn failed, if it did.
    failure: Option<RefreshError>,
    /// Before when a token that lasts is not tried to be refreshed again.
    retry_at: Timestamp,
    waiting: Vec<Waker>,
}

/// After a failure that does not show, since the old token lasts, a server is left alone for so long; longer, if it
/// says so.
const PAUSE: Duration = Duration::from_secs(5);

/// There is no usable access token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The access token has ended, and there is no refresh token, or the server no longer takes it. Ask the resource
    /// owner again, and [replace](SharedTokens::replace) the token set.
    #[error("the access token has ended and cannot be refreshed")]
    Ended,
    /// The refresh failed. It may work later.
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// Where a shared token set stands. Each case has its own way on, and whoever drives by hand goes every one of them.
#[derive(Debug)]
pub enum Fresh {
    /// Use this.
    Ready(Arc<TokenSet>),
    /// It is yours to refresh. A token that lasts is refreshed by one, while the others go on with it.
    Refresh(Turn),
    /// Somebody else refreshes. Wait, then look again.
    Wait(Wait),
    /// It has ended: [`RefreshError::Ended`]. It can be [replaced](SharedTokens::replace).
    Ended,
}

impl SharedTokens {
    /// Shares a token set.
    #[must_use]
    pub fn new(tokens: TokenSet) -> Self {
        let state = State {
            current: Arc::new(tokens),
            refused: false,
            taken: false,
            turns: 0,
            failure: None,
            retry_at: Timestamp::default(),
            waiting: Vec::new(),
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), turn_ended: Condvar::new() }) }
    }

    /// Goes on with another token set, after [`RefreshError::Ended`], say: the resource owner was asked again, or a
    /// client that acts for itself has a new token. A refresh of the old one that is under way no longer counts,
    /// whatever becomes of it.
    pub fn replace(&self, tokens: TokenSet) {
        let mut state = self.shared.lock();
        state.take(tokens);
        self.shared.end_turn(state, None);
    }

    /// A resource server refused this access token before its time: 401 and `invalid_token`, RFC 6750 §3.1. It counts
    /// as ended, and whoever gets the token set next refreshes it. However many say so of one token, that is once; of
    /// an earlier token it is no news.
    ///
    /// Send a request once again, and not more: a resource server that refuses the new token too has another reason.
    ///
    /// ```
    /// # use grantor::client::{Client, RefreshError, SharedTokens, TokenSet};
    /// # fn call(_: &TokenSet) -> u16 { 200 }
    /// # type Host = dyn grantor::host::Host;
    /// # fn twice(tokens: &SharedTokens, client: &Client, moment: impl Fn() -> grantor::Moment, http: &Host)
    /// #     -> Result<u16, RefreshError> {
    /// let used = tokens.get(client, moment(), http)?;
    /// let status = call(&used);
    /// if status != 401 {
    ///     return Ok(status);
    /// }
    /// tokens.refused(&used);
    /// Ok(call(&*tokens.get(client, moment(), http)?))
    /// # }
    /// ```
    pub fn refused(&self, tokens: &TokenSet) {
        let mut state = self.shared.lock();
        state.refused |= state.current.access_token().digest() == tokens.access_token().digest();
    }

    /// Where it stands.
    #[must_use]
    pub fn fresh(&self, now: impl Into<Timestamp>) -> Fresh {
        let now = now.into();
        let mut state = self.shared.lock();
        let (current, number) = (Arc::clone(&state.current), state.turns);
        // One that was asked for just now is as fresh as can be, however short it lives.
        let is_expiring = now > current.requested_at() && current.needs_refresh(now);
        let has_ended = state.refused || is_expiring && current.expires_at().is_some_and(|end| end.is_past(now));
        let is_due = is_expiring && now >= state.retry_at;
        if !has_ended && !is_due {
            return Fresh::Ready(current);
        }
        let shared = || Arc::clone(&self.shared);
        match (state.taken, current.refresh_token()) {
            (_, None) if has_ended => Fresh::Ended,
            (true, Some(_)) if has_ended => Fresh::Wait(Wait { shared: shared(), number }),
            (_, None) | (true, Some(_)) => Fresh::Ready(current),
            (false, Some(_)) => {
                state.taken = true;
                Fresh::Refresh(Turn { shared: shared(), number, expiring: current, has_ended, at: now, failure: None })
            }
        }
    }

    /// A token set that is good at this moment, refreshed if need be, with a blocking host. All who wait for one
    /// refresh share what becomes of it.
    ///
    /// # Errors
    /// It has ended and could not be refreshed.
    pub fn get(
        &self,
        client: &Client,
        moment: Moment,
        host: &(impl Host + ?Sized),
    ) -> Result<Arc<TokenSet>, RefreshError> {
        loop {
            match self.fresh(moment.now()) {
                Fresh::Ready(tokens) => return Ok(tokens),
                Fresh::Ended => return Err(RefreshError::Ended),
                Fresh::Wait(wait) => wait.block()?,
                Fresh::Refresh(turn) => {
                    let reply = turn.start(client, moment).run(host);
                    return turn.finish(reply);
                }
            }
        }
    }

    /// The same with an async host. If the future that refreshes is dropped, another takes its turn.
    ///
    /// A future that is dropped after the server rotated the refresh token takes the new one with it, and a server
    /// without grace holds the next turn for theft. Where futures are dropped, as in a handler whose browser went away,
    /// spawn this call and await its task.
    ///
    /// # Errors
    /// It has ended and could not be refreshed.
    pub async fn get_async(
        &self,
        client: &Client,
        moment: Moment,
        host: &(impl AsyncHost + ?Sized),
    ) -> Result<Arc<TokenSet>, RefreshError> {
        loop {
            match self.fresh(moment.now()) {
                Fresh::Ready(tokens) => return Ok(tokens),
                Fresh::Ended => return Err(RefreshError::Ended),
                Fresh::Wait(wait) => wait.await?,
                Fresh::Refresh(turn) => {
                    let reply = turn.start(client, moment).run_async(host).await;
                    return turn.finish(reply);
                }
            }
        }
    }
}

impl Shared {
    /// The state is whole between any two statements, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody look again.
    fn end_turn(&self, mut state: MutexGuard<'_, State>, failure: Option<RefreshError>) {
        state.taken = false;
        state.turns = state.turns.wrapping_add(1);
        state.failure = failure;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.turn_ended.notify_all();
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl State {
    /// Nothing that was said of the old tokens holds for these.
    fn take(&mut self, tokens: TokenSet) {
        self.current = Arc::new(tokens);
        self.refused = false;
        self.retry_at = Timestamp::default();
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
    /// Starts the refresh, at this moment, at the client that the tokens were issued to.
    pub fn start(&self, client: &Client, moment: Moment) -> Step<Exchange> {
        match self.expiring.refresh(client) {
            Some(request) => request.start(moment),
            None => Step::Done(Err(RequestError::Unsendable)),
        }
    }

    /// Passes on what came of it: the new tokens to all, a failure to those who waited for it. While the old access
    /// token lasts, a failure is none: the old one is the answer, and the server is not asked again for some seconds.
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
            // RFC 6749 §5.2: the refresh token is dead for good.
            Err(error) if error.code() == Some("invalid_grant") => {
                state.current = Arc::new((*state.current).clone().refreshed_by(None));
                RefreshError::Ended
            }
            Err(error) => {
                let pause = PAUSE.max(Duration::from_secs(error.retry_after().unwrap_or_default().into()));
                state.retry_at = self.at.after(pause);
                RefreshError::Request(error)
            }
        };
        if !self.has_ended && !state.refused {
            return Ok(Arc::clone(&state.current));
        }
        drop(state);
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
        let mut state = self.shared.lock();
        if state.turns != self.number {
            return Poll::Ready(self.outcome(&state));
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}
