//! Runs: a flow that somebody started, and what its clients hold from it.

use std::sync::{Arc, Mutex};

use grantor::Timestamp;
use grantor::client::{Pending, PendingImplicit, TokenSet};
use grantor::model::{Digest, Secret};

use crate::clients::Who;
use crate::flows::Flow;
use crate::trace::{Recorder, Trace};

/// For how long the same button of the same page is taken for the same press, in seconds: a double click, or a browser
/// that sends again what got no answer.
const SAME_PRESS: u64 = 3;

/// A flow that was started. A clone is the same run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) flow: &'static Flow,
    /// Of the `state` of its authorization request, if it has one.
    pub(crate) state: Option<Digest>,
    /// Of the names that the authorization server's pages gave the request on its way.
    pub(crate) names: Vec<Digest>,
    /// Whether the browser has come back.
    pub(crate) is_back: bool,
    trace: Arc<Mutex<Trace>>,
    /// One act at a time.
    pub(crate) held: Arc<tokio::sync::Mutex<Held>>,
}

/// What the clients hold. A real client keeps it in its session; here it is one with the run.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) pending: Option<Waiting>,
    /// Whose the tokens are.
    pub(crate) who: Option<Who>,
    pub(crate) tokens: Option<TokenSet>,
    /// The refresh token before the one that is in `tokens`.
    pub(crate) worn: Option<Secret<'static>>,
    /// How many acts of the flow's script were played.
    pub(crate) played: usize,
    /// The callback that was taken, kept against all rules to take it again.
    pub(crate) taken: Option<Taken>,
    /// The button that was pressed last.
    pressed: Option<Press>,
    /// How many buttons were pressed. A page's form carries the number that it was made at.
    pub(crate) presses: u64,
}

/// A button that was pressed.
#[derive(Debug)]
struct Press {
    act: &'static str,
    /// What the page's form carried.
    page: String,
    at: Timestamp,
}

/// What the callback needs.
#[derive(Debug)]
pub(crate) enum Waiting {
    Code(Pending),
    Implicit(PendingImplicit),
}

/// A callback that was taken.
#[derive(Debug)]
pub(crate) struct Taken {
    /// A copy of the [`Pending`], which is no `Clone`: one request, one callback.
    pub(crate) pending: Secret<'static>,
    pub(crate) query: Secret<'static>,
}

impl Run {
    /// A run that has not begun.
    pub(crate) fn new(id: u64, flow: &'static Flow) -> Self {
        let (state, names, is_back) = (None, Vec::new(), false);
        Self { id, flow, state, names, is_back, trace: Arc::default(), held: Arc::default() }
    }

    /// Writes down what happens in it.
    pub(crate) fn recorder(&self) -> Recorder {
        Recorder::new(Arc::clone(&self.trace))
    }
}

impl Held {
    /// Takes note of a button, pressed on the page that carries this number. Whether it is a press of its own: a
    /// repeated one is answered like the first, and nothing is done twice.
    pub(crate) fn press(&mut self, act: &'static str, page: String, now: Timestamp) -> bool {
        let is_same =
            |press: &Press| press.act == act && press.page == page && now.0.saturating_sub(press.at.0) <= SAME_PRESS;
        if self.pressed.as_ref().is_some_and(is_same) {
            return false;
        }
        self.pressed = Some(Press { act, page, at: now });
        self.presses = self.presses.saturating_add(1);
        true
    }
}
