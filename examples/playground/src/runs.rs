//! Runs: a flow that somebody started, and the tokens of its clients.

use std::sync::{Arc, Mutex};

use grantor::Timestamp;
use grantor::client::{Device, Pending, PendingImplicit, Registered, TokenSet};
use grantor::model::{Digest, Secret};

use crate::clients::Who;
use crate::deeds::Arrival;
use crate::flows::Flow;
use crate::trace::{Recorder, Trace};

/// The time, in seconds, within which the same button of the same page counts as the same press: a double click, or a
/// browser that repeats a request without an answer.
const SAME_PRESS: u64 = 3;

/// A flow that was started. Clones share one run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) flow: &'static Flow,
    /// The digest of the `state` of its authorization request, if it has one.
    pub(crate) state: Option<Digest>,
    /// The digest of the `request_uri` with which the browser was sent away, if the request was pushed.
    pub(crate) request_uri: Option<Digest>,
    /// The digests of the names that the authorization server's pages gave the request on its way.
    pub(crate) names: Vec<Digest>,
    /// True once the browser has come back.
    pub(crate) is_back: bool,
    trace: Arc<Mutex<Trace>>,
    /// The lock that admits one act at a time.
    pub(crate) held: Arc<tokio::sync::Mutex<Held>>,
}

/// The state of the clients. A real client keeps it in its session; here it belongs to the run.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The request that the browser was sent away with, until it comes back.
    pub(crate) waiting: Option<Waiting>,
    /// The registration of the client that has registered itself.
    pub(crate) registered: Option<Registered>,
    /// The codes of the device that waits for a decision.
    pub(crate) device: Option<Device>,
    /// The application that owns the tokens.
    pub(crate) who: Option<Who>,
    pub(crate) tokens: Option<TokenSet>,
    /// The refresh token before the one in `tokens`.
    pub(crate) worn: Option<Secret<'static>>,
    /// The number of acts of the flow's script that were played.
    pub(crate) played: usize,
    /// The callback that was handled, kept against all rules so that it can be replayed.
    pub(crate) taken: Option<Taken>,
    /// The URL with the reference to the last pushed request, kept for the same reason.
    pub(crate) pushed: Option<Secret<'static>>,
    /// The last button pressed.
    pressed: Option<Press>,
    /// The number of presses. A page's form carries the number at which it was made.
    pub(crate) presses: u64,
}

/// A button that was pressed.
#[derive(Debug)]
struct Press {
    act: &'static str,
    /// The number in the page's form.
    page: String,
    at: Timestamp,
}

/// The application that waits for a callback, and the pending request that it needs then.
#[derive(Debug)]
pub(crate) enum Waiting {
    Code(Who, Pending),
    Implicit(Who, PendingImplicit),
}

impl Waiting {
    /// The `state` of the request.
    pub(crate) fn state(&self) -> &str {
        match self {
            Self::Code(_, pending) => pending.state(),
            Self::Implicit(_, pending) => pending.state(),
        }
    }
}

/// A callback that was handled.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) who: Who,
    /// A copy of the [`Pending`], which is not `Clone` since one request has one callback.
    pub(crate) pending: Secret<'static>,
    pub(crate) arrival: Arrival,
}

impl Run {
    /// Creates a run that has not begun.
    pub(crate) fn new(id: u64, flow: &'static Flow) -> Self {
        let (state, request_uri, names, is_back) = (None, None, Vec::new(), false);
        Self { id, flow, state, request_uri, names, is_back, trace: Arc::default(), held: Arc::default() }
    }

    /// The recorder of the run.
    pub(crate) fn recorder(&self) -> Recorder {
        Recorder::new(Arc::clone(&self.trace))
    }
}

impl Held {
    /// Notes the press of a button on the page with this number. Returns false if the press is a repetition, which is
    /// answered like the first, and nothing is done twice.
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
