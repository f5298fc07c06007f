//! Who is logged in, in which browser, and what waits there for a decision. Sessions are in memory: a restart logs
//! everybody out, and tokens stay good.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use grantor::Timestamp;
use grantor::model::{Secret, Subject};
use grantor::server::Prompt;

use crate::{App, now};

const COOKIE: &str = "session";
const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// The most consent pages that may be open in one browser. The oldest gives way.
const MAX_PROMPTS: usize = 20;

/// All sessions, by what is in the browser's cookie.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    login: Login,
    prompts: Vec<(String, Prompt)>,
}

/// The person who sent a request. As an extractor, it sends everybody else to the login page, from where the way leads
/// back.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) subject: Subject,
    pub(crate) at: Timestamp,
    /// What each form of this session has to contain, so that no other site can send it.
    pub(crate) form_token: String,
    session: String,
}

impl Sessions {
    /// Begins a session, whose cookie is returned.
    pub(crate) fn begin(&self, subject: Subject, is_https: bool) -> Cookie<'static> {
        let login = Login { subject, at: now(), form_token: random(), session: random() };
        let cookie = Cookie::build((COOKIE, login.session.clone())).path("/").http_only(true).secure(is_https);
        let mut sessions = self.lock();
        sessions.retain(|_, session| !session.login.at.after(LIFETIME).is_past(login.at));
        sessions.insert(login.session.clone(), Session { login, prompts: Vec::new() });
        cookie.same_site(SameSite::Lax).build()
    }

    /// Ends all sessions of a person.
    pub(crate) fn end_all(&self, subject: &Subject) {
        self.lock().retain(|_, session| session.login.subject != *subject);
    }

    /// Keeps a prompt, by a name that nobody else knows, until the person has decided.
    pub(crate) fn keep(&self, login: &Login, name: String, prompt: Prompt) {
        if let Some(Session { prompts, .. }) = self.lock().get_mut(&login.session) {
            prompts.drain(..prompts.len().saturating_sub(MAX_PROMPTS - 1));
            prompts.push((name, prompt));
        }
    }

    /// Takes a prompt, once.
    pub(crate) fn take(&self, login: &Login, name: &str) -> Option<Prompt> {
        let mut sessions = self.lock();
        let prompts = &mut sessions.get_mut(&login.session)?.prompts;
        let at = prompts.iter().position(|(other, _)| other == name)?;
        Some(prompts.remove(at).1)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromRequestParts<Arc<App>> for Login {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let cookies = CookieJar::from_headers(&head.headers);
        let sessions = app.sessions.lock();
        let session = cookies.get(COOKIE).and_then(|cookie| sessions.get(cookie.value()));
        let login = session.map(|session| &session.login).filter(|login| !login.at.after(LIFETIME).is_past(now()));
        login.cloned().ok_or_else(|| {
            let next = head.uri.path_and_query().map_or("/", |next| next.as_str());
            let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            Redirect::to(&format!("/login?{query}")).into_response()
        })
    }
}

pub(crate) fn random() -> String {
    let Ok(secret) = Secret::generate(&mut rand::rng());
    secret.expose().to_owned()
}
