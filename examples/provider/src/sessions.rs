//! Who is logged in, in which browser, and what waits there for a decision. Sessions are in memory: a restart logs
//! everybody out, and tokens stay good.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::http::{StatusCode, header, request::Parts};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use grantor::Timestamp;
use grantor::model::Subject;
use grantor::server::Prompt;

use crate::{App, ISSUER, now};

const COOKIE: &str = "session";
const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// The most consent pages that may be open in one browser. At another, they all end.
const MAX_PROMPTS: usize = 20;

/// All sessions, by what is in the browser's cookie.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    login: Login,
    prompts: HashMap<String, Prompt>,
}

/// The person who sent a request. As an extractor, it sends everybody else to the login page, from where the way leads
/// back.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) subject: Subject,
    pub(crate) at: Timestamp,
    session: String,
}

impl Sessions {
    /// Begins a session, whose cookie is returned. Only https keeps it to itself (`Issuer::is_https`).
    pub(crate) fn begin(&self, subject: Subject, is_https: bool) -> Cookie<'static> {
        let login = Login { subject, at: now(), session: format!("{:032x}", rand::random::<u128>()) };
        let cookie = Cookie::build((COOKIE, login.session.clone())).path("/").http_only(true).secure(is_https);
        let mut sessions = self.lock();
        sessions.retain(|_, session| !session.login.at.after(LIFETIME).is_past(now()));
        sessions.insert(login.session.clone(), Session { login, prompts: HashMap::new() });
        cookie.same_site(SameSite::Lax).build()
    }

    /// Ends all sessions of a person.
    pub(crate) fn end_all(&self, subject: &Subject) {
        self.lock().retain(|_, session| session.login.subject != *subject);
    }

    /// Keeps a prompt, by a name that nobody else knows, until the person has decided.
    pub(crate) fn keep(&self, login: &Login, name: String, prompt: Prompt) {
        if let Some(Session { prompts, .. }) = self.lock().get_mut(&login.session) {
            if prompts.len() == MAX_PROMPTS {
                prompts.clear();
            }
            prompts.insert(name, prompt);
        }
    }

    /// Takes a prompt, once.
    pub(crate) fn take(&self, login: &Login, name: &str) -> Option<Prompt> {
        self.lock().get_mut(&login.session)?.prompts.remove(name)
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

/// Refuses a form that another site sends in somebody's name. A browser says from where a form comes.
pub(crate) async fn own_forms_only(request: Request, next: Next) -> Response {
    let is_own = request.headers().get(header::ORIGIN).is_some_and(|origin| origin == ISSUER);
    if request.method().is_safe() || is_own { next.run(request).await } else { FORGED.into_response() }
}

const FORGED: (StatusCode, &str) = (StatusCode::FORBIDDEN, "This form is not from a page of this server.\n");
