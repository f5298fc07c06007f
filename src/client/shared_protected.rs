//! A protected resource that many tasks call, and for which one of them at a time comes by tokens.
//!
//! Servers rotate refresh tokens, so two refreshes at once are a race ([RFC 9700 §4.14.2]); and a person who is asked
//! by each of ten tasks answers none. The first task that is refused takes the [`SignInTurn`], and the others wait.
//!
//! [RFC 9700 §4.14.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, StatusCode};

use super::profile::Profile;
use super::protected::{Granted, MAX_REFUSALS, PendingSignIn, Protected};
use super::receive::Receive;
use super::wakers::Wakers;
use crate::model::Moment;
use crate::step::Step;

/// A [`Protected`] for many tasks. Clones share one.
///
/// ```
/// # use grantor::client::{Next, Profile, Received, SharedProtected};
/// # use grantor::{Moment, host::Host};
/// # use http::{HeaderValue, Response};
/// # type Failed = Box<dyn std::error::Error>;
/// # fn send(_: Option<HeaderValue>) -> Response<Vec<u8>> { Response::new(Vec::new()) }
/// # fn browser(_: &str) -> String { String::new() }
/// # fn call(shared: &SharedProtected, profile: &Profile, moment: impl Fn() -> Moment, http: &dyn Host)
/// #     -> Result<Response<Vec<u8>>, Failed> {
/// let mut call = shared.call();
/// loop {
///     let response = send(call.authorization());
///     match call.received(response.status(), response.headers(), profile, moment()) {
///         Received::Again => {}
///         Received::Wait(wait) => {
///             if !wait.block() {
///                 return Ok(response);
///             }
///         }
///         Received::Turn { turn, step } => match step.run(http)? {
///             Next::Again(granted) => turn.arrived(granted),
///             Next::Ask { url, pending } => {
///                 turn.asked(&pending);
///                 let query = browser(&url);
///                 turn.arrived(pending.callback(&query, moment())?.run(http)?);
///             }
///             _ => return Ok(response),
///         },
///         _ => return Ok(response),
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SharedProtected {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    turn_ended: Condvar,
}

#[derive(Debug)]
struct State {
    protected: Protected,
    /// True while a task holds the turn.
    is_taken: bool,
    /// The number of turns that ended. The current turn, or the next one, has this number.
    turns: u64,
    /// True if the last turn ended with tokens.
    has_arrived: bool,
    waiting: Wakers,
}

impl Shared {
    /// Locks the state. A panic elsewhere does not spoil it, since it is consistent between any two statements.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_turn(&self, granted: Option<Granted>) {
        let mut state = self.lock();
        state.is_taken = false;
        state.turns = state.turns.wrapping_add(1);
        state.has_arrived = granted.is_some();
        if let Some(granted) = granted {
            state.protected.arrived(granted);
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.turn_ended.notify_all();
        waiting.wake();
    }
}

impl SharedProtected {
    /// Shares what is held for a resource with other tasks.
    #[must_use]
    pub fn new(protected: Protected) -> Self {
        let waiting = Wakers::default();
        let state = State { protected, is_taken: false, turns: 0, has_arrived: false, waiting };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), turn_ended: Condvar::new() }) }
    }

    /// Begins a call of the resource: one request, sent as often as it takes.
    #[must_use]
    pub fn call(&self) -> Call {
        Call { shared: Arc::clone(&self.shared), shown: None, refusals: 0 }
    }

    /// Returns what is held now, to keep it.
    #[must_use]
    pub fn current(&self) -> Protected {
        self.shared.lock().protected.clone()
    }
}

/// One call of a resource, with the refusals that it got. Other tasks' calls that succeed meanwhile do not make its own
/// refusals forgotten, so that no step-up is endless.
#[derive(Debug)]
pub struct Call {
    shared: Arc<Shared>,
    /// The header of the request that is under way.
    shown: Option<HeaderValue>,
    refusals: u32,
}

/// The way on after a response.
#[non_exhaustive]
#[allow(missing_debug_implementations, reason = "the step holds what is sent to the server")]
#[allow(clippy::large_enum_variant, reason = "it is made once for a response, and moved once")]
pub enum Received {
    /// The response is not about authorization: it is the caller's.
    Pass,
    /// Another task came by other tokens meanwhile: send the request again.
    Again,
    /// This task comes by tokens, and the others wait for it.
    Turn {
        /// Ends the turn.
        turn: SignInTurn,
        /// The machine of [`Protected::received`].
        step: Step<Receive>,
    },
    /// Another task is at it. Wait, then send the request again.
    Wait(SignInWait),
    /// This call was refused often enough, whatever token it showed. The response is the caller's.
    GiveUp,
}

impl Call {
    /// The value of the header `Authorization` for the request; `None` before anything was granted. Ask for it each
    /// time that the request is sent: a refusal is understood as one of this token.
    pub fn authorization(&mut self) -> Option<HeaderValue> {
        self.shown = self.shared.lock().protected.authorization();
        self.shown.clone()
    }

    /// Reads the response to the request, whatever it is: see [`Protected::received`].
    pub fn received(&mut self, status: StatusCode, headers: &HeaderMap, profile: &Profile, moment: Moment) -> Received {
        let mut state = self.shared.lock();
        if state.protected.challenge(status, headers).is_none() {
            return Received::Pass;
        }
        if self.refusals >= MAX_REFUSALS {
            return Received::GiveUp;
        }
        let before = self.refusals;
        self.refusals = before.saturating_add(1);
        if state.protected.authorization() != self.shown {
            return Received::Again;
        }
        if std::mem::replace(&mut state.is_taken, true) {
            let (shared, number) = (Arc::clone(&self.shared), state.turns);
            return Received::Wait(SignInWait { shared, number, place: None });
        }
        let mut protected = state.protected.after_refusals(before);
        drop(state);
        let turn = SignInTurn { shared: Arc::clone(&self.shared), granted: None };
        Received::Turn { turn, step: protected.received(status, headers, profile, moment) }
    }
}

/// The turn to come by tokens for all tasks. While a person is asked, keep it. If it is dropped, the tasks that wait
/// learn that there are no other tokens.
#[derive(Debug)]
#[must_use = "if it is dropped, the other tasks get no tokens"]
pub struct SignInTurn {
    shared: Arc<Shared>,
    granted: Option<Granted>,
}

impl SignInTurn {
    /// Keeps the registration with which a person is asked: see [`Protected::asked`].
    pub fn asked(&self, pending: &PendingSignIn) {
        self.shared.lock().protected.asked(pending);
    }

    /// Takes over what was granted, for all tasks.
    pub fn arrived(mut self, granted: Granted) {
        self.granted = Some(granted);
    }
}

impl Drop for SignInTurn {
    fn drop(&mut self) {
        self.shared.end_turn(self.granted.take());
    }
}

/// The end of another task's turn: a future, or a call that blocks. Its output is true if that task came by tokens:
/// send the request again. False means that it did not, because a person declined or a server failed.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct SignInWait {
    shared: Arc<Shared>,
    number: u64,
    /// The place of this task's waker, while the turn goes on.
    place: Option<usize>,
}

impl SignInWait {
    /// Waits, blocking the thread.
    #[must_use]
    pub fn block(self) -> bool {
        let state = self.shared.lock();
        let is_over = self.shared.turn_ended.wait_while(state, |state| state.turns == self.number);
        self.outcome(&is_over.unwrap_or_else(PoisonError::into_inner))
    }

    /// The result of any turn but the last is forgotten: look again.
    fn outcome(&self, state: &State) -> bool {
        state.has_arrived || state.turns != self.number.wrapping_add(1)
    }
}

impl Future for SignInWait {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
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

impl Drop for SignInWait {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut state = self.shared.lock();
        // The places of a turn that ended are gone with it.
        let waker = if state.turns == self.number { state.waiting.leave(place) } else { None };
        drop(state);
        drop(waker);
    }
}
