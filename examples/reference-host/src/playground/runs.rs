//! Runs: what a browser tried, and what its clients hold from it. They live in memory, bounded in number and age.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, HeaderValue};
use grantor::Timestamp;
use grantor::client::{Pending, PendingImplicit, TokenSet};
use grantor::model::{Digest, Secret};

use super::clients::Who;
use super::flows::Flow;
use super::trace::{Recorder, Trace};
use crate::moment;
use crate::session::{cookie, set_cookie};

/// How long a browser's runs are kept after it was last seen, in seconds.
const LIFETIME: u64 = 60 * 60;

/// How many browsers there are at most. One more ends the one that was seen longest ago.
const MAX_VISITORS: usize = 500;

/// How many runs a browser has at most; the oldest is forgotten first.
const MAX_RUNS: usize = 8;

/// All browsers, by the digest of their cookie's value.
#[derive(Debug)]
pub(crate) struct Runs {
    visitors: Mutex<HashMap<Digest, Visitor>>,
    secure: bool,
}

#[derive(Debug)]
struct Visitor {
    csrf: String,
    runs: VecDeque<Run>,
    next_id: u64,
    /// The run that the browser is on its way through.
    on_its_way: Option<u64>,
    expires_at: Timestamp,
}

/// A flow that was started. A clone is the same run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) flow: &'static Flow,
    /// Of the `state` of its authorization request, if it has one.
    state: Option<Digest>,
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
    /// Writes down what happens in it.
    pub(crate) fn recorder(&self) -> Recorder {
        Recorder::new(Arc::clone(&self.trace))
    }
}

impl Runs {
    /// None yet. `secure`: the cookie is for https only.
    pub(crate) fn new(secure: bool) -> Self {
        Self { visitors: Mutex::default(), secure }
    }

    /// The value that a form of this browser's carries, and the cookie to be set, if it is new here.
    ///
    /// # Errors
    /// There is no randomness.
    pub(crate) fn visit(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<(String, Option<HeaderValue>), getrandom::Error> {
        if let Some(csrf) = self.with(headers, now, |visitor| visitor.csrf.clone()) {
            return Ok((csrf, None));
        }
        let (id, csrf) = (moment::token()?, moment::token()?);
        let expires_at = Timestamp(now.0.saturating_add(LIFETIME));
        let visitor = Visitor { csrf: csrf.clone(), runs: VecDeque::new(), next_id: 1, on_its_way: None, expires_at };
        let mut visitors = self.lock();
        visitors.retain(|_, visitor| !visitor.expires_at.is_past(now));
        if visitors.len() >= MAX_VISITORS
            && let Some(oldest) = visitors.iter().min_by_key(|(_, visitor)| visitor.expires_at).map(|(key, _)| *key)
        {
            visitors.remove(&oldest);
        }
        visitors.insert(Digest::of(&id), visitor);
        drop(visitors);
        Ok((csrf, Some(set_cookie(self.cookie_name(), &id, self.secure))))
    }

    /// Whether a form comes from a page of this browser's. Equality of digests takes constant time.
    pub(crate) fn csrf_matches(&self, headers: &HeaderMap, presented: &str, now: Timestamp) -> bool {
        let matches = |visitor: &mut Visitor| Digest::of(presented) == Digest::of(&visitor.csrf);
        self.with(headers, now, matches).unwrap_or_default()
    }

    /// Starts a run; none if the browser is not known.
    pub(crate) fn start(&self, headers: &HeaderMap, flow: &'static Flow, now: Timestamp) -> Option<Run> {
        self.with(headers, now, |visitor| {
            let run = Run { id: visitor.next_id, flow, state: None, trace: Arc::default(), held: Arc::default() };
            visitor.next_id = visitor.next_id.saturating_add(1);
            if visitor.runs.len() == MAX_RUNS {
                visitor.runs.pop_front();
            }
            visitor.runs.push_back(run.clone());
            run
        })
    }

    /// The browser's run of this number.
    pub(crate) fn run(&self, headers: &HeaderMap, id: u64, now: Timestamp) -> Option<Run> {
        self.with(headers, now, |visitor| visitor.runs.iter().find(|run| run.id == id).cloned()).flatten()
    }

    /// The browser will be sent to the authorization server with this `state`.
    pub(crate) fn send_away(&self, headers: &HeaderMap, id: u64, state: &str, now: Timestamp) {
        self.with(headers, now, |visitor| {
            if let Some(run) = visitor.runs.iter_mut().find(|run| run.id == id) {
                run.state = Some(Digest::of(state));
            }
        });
    }

    /// The recorder of the run that the browser is on its way through. `query` is given where the way begins: its `state`
    /// says which run it is, if it is one.
    pub(crate) fn on_its_way(&self, headers: &HeaderMap, query: Option<&str>, now: Timestamp) -> Option<Recorder> {
        self.with(headers, now, |visitor| {
            if let Some(query) = query {
                visitor.on_its_way = visitor.of_state(query).map(|run| run.id);
            }
            let id = visitor.on_its_way?;
            visitor.runs.iter().find(|run| run.id == id).map(Run::recorder)
        })
        .flatten()
    }

    /// The run that an authorization response belongs to, by its `state`, good for one response.
    pub(crate) fn come_back(&self, headers: &HeaderMap, response: &str, now: Timestamp) -> Option<Run> {
        self.with(headers, now, |visitor| {
            visitor.on_its_way = None;
            let id = visitor.of_state(response)?.id;
            let run = visitor.runs.iter_mut().find(|run| run.id == id)?;
            run.state = None;
            Some(run.clone())
        })
        .flatten()
    }

    /// Forgets the browsers that were not seen for long.
    pub(crate) fn purge(&self, now: Timestamp) {
        self.lock().retain(|_, visitor| !visitor.expires_at.is_past(now));
    }

    fn with<R>(&self, headers: &HeaderMap, now: Timestamp, look: impl FnOnce(&mut Visitor) -> R) -> Option<R> {
        let key = Digest::of(cookie(headers, self.cookie_name())?);
        let mut visitors = self.lock();
        let visitor = visitors.get_mut(&key).filter(|visitor| !visitor.expires_at.is_past(now))?;
        visitor.expires_at = Timestamp(now.0.saturating_add(LIFETIME));
        Some(look(visitor))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Visitor>> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-playground" } else { "playground" }
    }
}

impl Visitor {
    fn of_state(&self, parameters: &str) -> Option<&Run> {
        let (_, state) = form_urlencoded::parse(parameters.as_bytes()).find(|(name, _)| name == "state")?;
        let state = Digest::of(&state);
        self.runs.iter().find(|run| run.state == Some(state))
    }
}
