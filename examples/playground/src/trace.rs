//! The steps of a run: chapters, and the messages and effects in each.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// The most chapters of a run; the oldest is forgotten first.
const MAX_CHAPTERS: usize = 16;

/// The most steps of a chapter. Later ones are not recorded.
const MAX_STEPS: usize = 60;

/// A sender or receiver, from left to right. The store is between server and resource server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Browser,
    Client,
    Server,
    Store,
    Resource,
}

impl Lane {
    /// The lane's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Browser => "Browser",
            Self::Client => "Client",
            Self::Server => "Authorization server",
            Self::Store => "Store and policy",
            Self::Resource => "Resource server",
        }
    }

    /// The lane's name where there is little room.
    pub(crate) fn short_name(self) -> &'static str {
        match self {
            Self::Browser => "Browser",
            Self::Client => "Client",
            Self::Server => "Server",
            Self::Store => "Store",
            Self::Resource => "API",
        }
    }

    /// The lane's role here.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Browser => "you, the resource owner",
            Self::Client => "the application",
            Self::Server => "grantor::server",
            Self::Store => "what the host answers",
            Self::Resource => "/api/photos",
        }
    }
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An HTTP request.
    Request,
    /// An HTTP response.
    Response,
    /// A question of a machine to its host.
    Effect,
    /// The host's answer.
    Answer,
    /// What somebody does alone, without a message.
    Alone,
}

/// One arrow of the diagram.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) from: Lane,
    pub(crate) to: Lane,
    pub(crate) kind: Kind,
    /// The method and path, the status, or the name of the effect.
    pub(crate) label: String,
    pub(crate) details: Vec<Detail>,
    /// The whole message with shortened secrets; `None` for a step that is none.
    pub(crate) message: Option<String>,
}

/// A parameter, a member, a header, a change.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The purpose, in a phrase; empty if the name is plain enough.
    pub(crate) meaning: &'static str,
}

/// A recorded act.
#[derive(Clone, Debug)]
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) steps: Vec<Step>,
    /// The outcome: a success or a failure. `None` while it goes on.
    pub(crate) outcome: Option<Result<String, String>>,
}

/// All chapters of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) chapters: Vec<Chapter>,
}

/// The recorder of a run's steps. Without a run, it records nothing.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    trace: Option<Arc<Mutex<Trace>>>,
    sender: Option<Sender>,
}

/// The sender of the request that is being recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) lane: Lane,
    /// True if a machine of grantor's asked for it, by its effect `Fetch`.
    pub(crate) by_fetch: bool,
}

impl Recorder {
    /// Creates a recorder of this trace.
    pub(crate) fn new(trace: Arc<Mutex<Trace>>) -> Self {
        Self { trace: Some(trace), sender: None }
    }

    /// Returns the same recorder for a request of this sender.
    pub(crate) fn sent_by(&self, lane: Lane, by_fetch: bool) -> Self {
        Self { trace: self.trace.clone(), sender: Some(Sender { lane, by_fetch }) }
    }

    /// The sender of the request that is being recorded.
    pub(crate) fn sender(&self) -> Sender {
        self.sender.unwrap_or(Sender { lane: Lane::Browser, by_fetch: false })
    }

    /// Begins a chapter.
    pub(crate) fn begin(&self, title: &'static str, text: &'static str) {
        if let Some(mut trace) = self.lock() {
            if trace.chapters.len() == MAX_CHAPTERS {
                trace.chapters.remove(0);
            }
            trace.chapters.push(Chapter { title, text, steps: Vec::new(), outcome: None });
        }
    }

    /// Records a step. Its text is made only if it is recorded.
    pub(crate) fn step(&self, step: impl FnOnce() -> Step) {
        if let Some(mut trace) = self.lock()
            && let Some(chapter) = trace.chapters.last_mut()
            && chapter.steps.len() < MAX_STEPS
        {
            chapter.steps.push(step());
        }
    }

    /// Ends the chapter with its outcome.
    pub(crate) fn end(&self, outcome: Result<String, String>) {
        if let Some(mut trace) = self.lock()
            && let Some(chapter) = trace.chapters.last_mut()
        {
            chapter.outcome = Some(outcome);
        }
    }

    /// All steps so far.
    pub(crate) fn trace(&self) -> Trace {
        self.lock().map(|trace| trace.clone()).unwrap_or_default()
    }

    fn lock(&self) -> Option<MutexGuard<'_, Trace>> {
        self.trace.as_ref().map(|trace| trace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The recorder of a request. Most requests have none, and their steps are lost.
impl<S: Sync> FromRequestParts<S> for Recorder {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
