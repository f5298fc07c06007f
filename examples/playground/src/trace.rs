//! What happened in a run: chapters, and the messages and effects in each.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// The most chapters of a run; the oldest is forgotten first.
const MAX_CHAPTERS: usize = 16;

/// The most steps of a chapter. What comes after is not recorded.
const MAX_STEPS: usize = 60;

/// Who sends and receives, from left to right. Server and resource server have the store between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Browser,
    Client,
    Server,
    Store,
    Resource,
}

impl Lane {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Browser => "Browser",
            Self::Client => "Client",
            Self::Server => "Authorization server",
            Self::Store => "Store and policy",
            Self::Resource => "Resource server",
        }
    }

    /// Its name where there is little room.
    pub(crate) fn short_name(self) -> &'static str {
        match self {
            Self::Browser => "Browser",
            Self::Client => "Client",
            Self::Server => "Server",
            Self::Store => "Store",
            Self::Resource => "API",
        }
    }

    /// What it is here.
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

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An HTTP request.
    Request,
    /// An HTTP response.
    Response,
    /// What a machine asks of its host.
    Effect,
    /// What the host answers.
    Answer,
}

/// One arrow of the diagram.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) from: Lane,
    pub(crate) to: Lane,
    pub(crate) kind: Kind,
    /// Method and path, status, or name of the effect.
    pub(crate) label: String,
    pub(crate) details: Vec<Detail>,
    /// The whole message, its secrets shortened; none for an effect.
    pub(crate) message: Option<String>,
}

/// A parameter, a member, a header, a change.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    pub(crate) name: String,
    pub(crate) value: String,
    /// What it is for, in a phrase; empty where that is plain.
    pub(crate) meaning: &'static str,
}

/// One thing that was tried.
#[derive(Clone, Debug)]
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) steps: Vec<Step>,
    /// What came of it: a success, or a failure. None while it goes on.
    pub(crate) outcome: Option<Result<String, String>>,
}

/// All that was tried in a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) chapters: Vec<Chapter>,
}

/// Writes down what happens. One that belongs to no run writes nothing.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    trace: Option<Arc<Mutex<Trace>>>,
    sender: Option<Sender>,
}

/// Who sends the request that is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) lane: Lane,
    /// Whether a machine of grantor's asked for it, by its effect `Fetch`.
    pub(crate) by_fetch: bool,
}

impl Recorder {
    /// Writes into this trace.
    pub(crate) fn new(trace: Arc<Mutex<Trace>>) -> Self {
        Self { trace: Some(trace), sender: None }
    }

    /// The same, for a request of this sender's.
    pub(crate) fn sent_by(&self, lane: Lane, by_fetch: bool) -> Self {
        Self { trace: self.trace.clone(), sender: Some(Sender { lane, by_fetch }) }
    }

    /// Who sends the request that is recorded.
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

    /// Writes a step down. It is worded only where somebody reads it.
    pub(crate) fn step(&self, step: impl FnOnce() -> Step) {
        if let Some(mut trace) = self.lock()
            && let Some(chapter) = trace.chapters.last_mut()
            && chapter.steps.len() < MAX_STEPS
        {
            chapter.steps.push(step());
        }
    }

    /// Says what came of the chapter.
    pub(crate) fn end(&self, outcome: Result<String, String>) {
        if let Some(mut trace) = self.lock()
            && let Some(chapter) = trace.chapters.last_mut()
        {
            chapter.outcome = Some(outcome);
        }
    }

    /// All that was written so far.
    pub(crate) fn trace(&self) -> Trace {
        self.lock().map(|trace| trace.clone()).unwrap_or_default()
    }

    fn lock(&self) -> Option<MutexGuard<'_, Trace>> {
        self.trace.as_ref().map(|trace| trace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The recorder of a request. Most requests have none, and what is written to it is lost.
impl<S: Sync> FromRequestParts<S> for Recorder {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
