//! Sessions: who sits at a browser, and what that browser was asked and has not answered yet.
//!
//! They live in memory. A host of several machines keeps them in a store of its own; a [`Prompt`] and a [`Refusal`] are serde values.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, HeaderValue, header};
use grantor::Timestamp;
use grantor::model::{Digest, Subject};
use grantor::server::{Prompt, Refusal};

use crate::moment;
use crate::pages;
use crate::users::User;

/// How long a session lasts, in seconds: half an hour to log in, then eight hours.
const ANONYMOUS_LIFETIME: u64 = 30 * 60;
const LIFETIME: u64 = 8 * 60 * 60;

/// How many sessions there are at most. Whoever asks for more ends the anonymous session that is closest to its end.
const MAX_SESSIONS: usize = 10_000;

/// How many requests one browser may leave unanswered; the oldest is forgotten first.
const MAX_PENDING: usize = 16;

/// All sessions, by the digest of the cookie's value: a lookup that takes longer for a near miss would tell nothing.
#[derive(Debug)]
pub struct Sessions {
    sessions: Mutex<HashMap<Digest, Session>>,
    secure: bool,
}

/// One browser.
#[derive(Debug)]
pub struct Session {
    login: Option<Login>,
    csrf: String,
    pending: VecDeque<Pending>,
    expires_at: Timestamp,
}

/// Who logged in, and when.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who.
    pub user: Arc<User>,
    /// When they showed their password.
    pub at: Timestamp,
}

/// A request that waits for an answer.
#[derive(Debug)]
struct Pending {
    request: String,
    waiting: Waiting,
    asked_at: Timestamp,
}

/// What waits until somebody has logged in.
#[derive(Debug)]
pub enum Waiting {
    /// They are asked.
    Prompt(Prompt),
    /// The client is told an error: RFC 9700 §4.11.2 has nobody redirected before.
    Refusal(Refusal),
}

impl Waiting {
    /// The client's name for people.
    #[must_use]
    pub fn client_name(&self) -> &str {
        match self {
            Self::Prompt(prompt) => pages::client_name(prompt),
            Self::Refusal(refusal) => refusal.recipient.client_id.as_str(),
        }
    }

    fn max_age(&self) -> Option<u64> {
        match self {
            Self::Prompt(prompt) => prompt.asked.max_age,
            Self::Refusal(_) => None,
        }
    }
}

impl Session {
    fn new(login: Option<Login>, now: Timestamp) -> Result<Self, getrandom::Error> {
        let lifetime = if login.is_some() { LIFETIME } else { ANONYMOUS_LIFETIME };
        let expires_at = Timestamp(now.0.saturating_add(lifetime));
        Ok(Self { login, csrf: moment::token()?, pending: VecDeque::new(), expires_at })
    }

    /// Who logged in, if that is recent enough for a request: it may ask for a login that was no more than `max_age` seconds old when it
    /// came (RFC 9470 §4).
    #[must_use]
    pub fn login(&self, request: &str) -> Option<&Login> {
        let pending = self.pending.iter().find(|pending| pending.request == request);
        let oldest = pending.and_then(|pending| Some(pending.asked_at.0.saturating_sub(pending.waiting.max_age()?)));
        self.login.as_ref().filter(|login| oldest.is_none_or(|oldest| oldest <= login.at.0))
    }

    /// Who logged in, however long ago.
    #[must_use]
    pub fn person(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// What every form of this session carries: a page of another site cannot know it.
    #[must_use]
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whether a form comes from a page of this session. Equality of digests takes constant time.
    #[must_use]
    pub fn csrf_matches(&self, presented: &str) -> bool {
        Digest::of(presented) == Digest::of(&self.csrf)
    }

    /// A request that waits for an answer.
    #[must_use]
    pub fn pending(&self, request: &str) -> Option<&Waiting> {
        self.pending.iter().find(|pending| pending.request == request).map(|pending| &pending.waiting)
    }

    /// The same, to be decided now: there is no second decision.
    pub fn take_prompt(&mut self, request: &str) -> Option<Prompt> {
        let is_it = |pending: &Pending| pending.request == request && matches!(pending.waiting, Waiting::Prompt(_));
        match self.take(is_it)? {
            Waiting::Prompt(prompt) => Some(prompt),
            Waiting::Refusal(_) => None,
        }
    }

    /// The error that waits for somebody to log in, once somebody has.
    pub fn take_refusal(&mut self, request: &str) -> Option<Refusal> {
        self.login.as_ref()?;
        let is_it = |pending: &Pending| pending.request == request && matches!(pending.waiting, Waiting::Refusal(_));
        match self.take(is_it)? {
            Waiting::Prompt(_) => None,
            Waiting::Refusal(refusal) => Some(refusal),
        }
    }

    fn take(&mut self, is_it: impl FnMut(&Pending) -> bool) -> Option<Waiting> {
        let at = self.pending.iter().position(is_it)?;
        self.pending.remove(at).map(|pending| pending.waiting)
    }

    fn keep(&mut self, request: String, waiting: Waiting, asked_at: Timestamp) {
        if self.pending.len() == MAX_PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(Pending { request, waiting, asked_at });
    }
}

impl Sessions {
    /// None yet. `secure`: the cookie is for https only.
    #[must_use]
    pub fn new(secure: bool) -> Self {
        Self { sessions: Mutex::default(), secure }
    }

    /// Looks at the session that a request's cookie names; none if there is none, or it has ended.
    pub fn with<R>(&self, headers: &HeaderMap, now: Timestamp, look: impl FnOnce(&mut Session) -> R) -> Option<R> {
        let key = self.key(headers)?;
        let mut sessions = self.lock();
        sessions.get_mut(&key).filter(|session| !session.expires_at.is_past(now)).map(look)
    }

    /// Whether a request has a session.
    #[must_use]
    pub fn exists(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        self.with(headers, now, |_| ()).is_some()
    }

    /// Keeps what waits in the request's session, or in a new one, whose cookie is to be set, and shows that session the
    /// name by which it is found again.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn ask<R>(
        &self,
        headers: &HeaderMap,
        waiting: Waiting,
        now: Timestamp,
        show: impl FnOnce(&Session, &str) -> R,
    ) -> Result<(R, Option<HeaderValue>), getrandom::Error> {
        let request = moment::token()?;
        self.visit(headers, now, |session| {
            session.keep(request.clone(), waiting, now);
            show(session, &request)
        })
    }

    /// Shows the request's session, or a new one, whose cookie is to be set.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn visit<R>(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
        show: impl FnOnce(&mut Session) -> R,
    ) -> Result<(R, Option<HeaderValue>), getrandom::Error> {
        if let Some(key) = self.key(headers)
            && let Some(session) = self.lock().get_mut(&key).filter(|session| !session.expires_at.is_past(now))
        {
            return Ok((show(session), None));
        }
        let mut session = Session::new(None, now)?;
        let shown = show(&mut session);
        Ok((shown, Some(self.insert(session, now)?)))
    }

    /// Ends the request's session and starts one for this user, under a new name: whoever knew the old name, or had
    /// planted it, does not know the new one. What was asked before the login waits on.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn log_in(
        &self,
        headers: &HeaderMap,
        user: Arc<User>,
        now: Timestamp,
    ) -> Result<HeaderValue, getrandom::Error> {
        let mut session = Session::new(Some(Login { user, at: now }), now)?;
        if let Some(key) = self.key(headers)
            && let Some(before) = self.lock().remove(&key)
        {
            session.pending = before.pending;
        }
        self.insert(session, now)
    }

    /// Ends every session of a person, at whatever browser.
    pub fn log_out(&self, subject: &Subject) {
        let is_theirs = |session: &Session| session.person().is_some_and(|login| login.user.subject == *subject);
        self.lock().retain(|_, session| !is_theirs(session));
    }

    /// Forgets the sessions that have ended.
    pub fn purge(&self, now: Timestamp) {
        self.lock().retain(|_, session| !session.expires_at.is_past(now));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, session: Session, now: Timestamp) -> Result<HeaderValue, getrandom::Error> {
        let id = moment::token()?;
        let mut sessions = self.lock();
        if sessions.len() >= MAX_SESSIONS {
            sessions.retain(|_, session| !session.expires_at.is_past(now));
        }
        if sessions.len() >= MAX_SESSIONS {
            let first = sessions.iter().min_by_key(|(_, session)| (session.login.is_some(), session.expires_at));
            if let Some(key) = first.map(|(key, _)| *key) {
                sessions.remove(&key);
            }
        }
        sessions.insert(Digest::of(&id), session);
        drop(sessions);
        Ok(set_cookie(self.cookie_name(), &id, self.secure))
    }

    fn key(&self, headers: &HeaderMap) -> Option<Digest> {
        cookie(headers, self.cookie_name()).map(Digest::of)
    }

    /// A browser takes a `__Host-` cookie only from this very host, over https.
    fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-session" } else { "session" }
    }
}

/// The value of a request's cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, cookie_name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == cookie_name).map(|(_, value)| value)
}

/// A cookie to be set. `Lax`: a link from the application brings it along, a form or a picture on another site does not.
pub(crate) fn set_cookie(cookie_name: &str, value: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{cookie_name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}
