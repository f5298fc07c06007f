//! Sessions of people at browsers. Visitors who have not logged in have none, so that nobody can fill the memory.

mod database;
mod file;
mod memory;

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use grantor::model::{Digest, Issuer, Subject};
use grantor::{Timestamp, Unavailable};

use self::database::SessionDatabase;
use self::file::SessionFile;
use self::memory::SessionMemory;
use crate::host::AnyStore;
use crate::moment;
use crate::seal::{Purpose, Seal};
use crate::users::{User, Users};

/// The lifetime of a session, in seconds.
const LIFETIME: u64 = 8 * 60 * 60;

/// The most sessions of a person, at all browsers together. The oldest ends for a new one, and never another person's.
const MAX_SESSIONS: usize = 20;

/// All sessions, by the digest of the cookie's value, so that the time of a lookup tells nothing about near misses.
#[derive(Debug)]
pub struct Sessions {
    kept: Kept,
    cookies: Cookies,
    seal: Seal,
}

#[derive(Debug)]
enum Kept {
    Memory(SessionMemory),
    File(SessionFile),
    Database(SessionDatabase),
}

/// The stored part of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Session {
    subject: Subject,
    login_at: Timestamp,
    expires_at: Timestamp,
}

/// A logged-in person, and the time of the login.
#[derive(Clone, Debug)]
pub struct Login {
    /// The person.
    pub user: Arc<User>,
    /// The time at which they entered their password.
    pub at: Timestamp,
}

/// A browser at this host, and the person at it.
#[derive(Debug)]
pub struct Visit {
    /// The name to which its forms are bound. A browser gets it at its first page, and keeps it when somebody logs in.
    pub browser: Option<String>,
    /// The login, if somebody is logged in.
    pub login: Option<Login>,
}

impl Sessions {
    /// Opens the sessions beside the store: in its file or database, they and open pages outlive the program. If there
    /// are several databases, they are in the first.
    ///
    /// # Errors
    /// The operating system has no randomness, or the store cannot be written.
    pub async fn open(issuer: &Issuer, store: &AnyStore) -> Result<Self, Unavailable> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(Unavailable::new)?;
        let (kept, key) = match store {
            AnyStore::Memory(_) => (Kept::Memory(SessionMemory::default()), key),
            AnyStore::Sqlite(store) => {
                let (file, key) = SessionFile::prepare(store.clone(), key)?;
                (Kept::File(file), key)
            }
            AnyStore::Postgres(store) => {
                let first = store.servers().first().ok_or_else(|| Unavailable::new("there is no server"))?;
                let (database, key) = SessionDatabase::prepare(first.clone(), key).await?;
                (Kept::Database(database), key)
            }
        };
        Ok(Self { kept, cookies: Cookies::of(issuer), seal: Seal::new(key) })
    }

    /// The seal of the pages' forms.
    #[must_use]
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Returns the browser and the person that a request comes from.
    ///
    /// # Errors
    /// The sessions cannot be read.
    pub async fn visit(&self, headers: &HeaderMap, users: &Users, now: Timestamp) -> Result<Visit, Unavailable> {
        let browser = cookie(headers, &self.cookies.browser).map(str::to_owned);
        let session = match self.key(headers) {
            Some(key) => self.find(key).await?.filter(|session| !session.expires_at.is_past(now)),
            None => None,
        };
        let login = session.and_then(|session| Some(Login { user: users.of(&session.subject)?, at: session.login_at }));
        Ok(Visit { browser, login })
    }

    /// True if a request has the cookie with its browser's name.
    #[must_use]
    pub fn knows(&self, headers: &HeaderMap) -> bool {
        cookie(headers, &self.cookies.browser).is_some()
    }

    /// Returns the value for the login form of a browser, which a page of another site cannot know, and the cookie to
    /// be set if the browser is new here.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub fn login_form(&self, visit: &mut Visit) -> Result<(String, Option<HeaderValue>), getrandom::Error> {
        let (browser, cookie) = self.browser(visit)?;
        Ok((self.seal.seal(Purpose::Form, &[browser], &[])?, cookie))
    }

    /// True if a login form comes from a page of this browser.
    #[must_use]
    pub fn is_login_form_of(&self, visit: &Visit, presented: &str) -> bool {
        let opened = visit.browser.as_deref().and_then(|browser| self.seal.open(Purpose::Form, &[browser], presented));
        opened.is_some()
    }

    /// Returns the value for every other form. It is the person's, in all tabs of the browser, even if they logged in
    /// again.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub fn form(&self, visit: &mut Visit, login: &Login) -> Result<(String, Option<HeaderValue>), getrandom::Error> {
        let (browser, cookie) = self.browser(visit)?;
        Ok((self.seal.seal(Purpose::Form, &[browser, login.user.subject.as_str()], &[])?, cookie))
    }

    /// Returns the login that a form belongs to, if the form comes from a page of theirs in this browser.
    #[must_use]
    pub fn sender<'a>(&self, visit: &'a Visit, presented: &str) -> Option<&'a Login> {
        let (browser, login) = (visit.browser.as_deref()?, visit.login.as_ref()?);
        self.seal.open(Purpose::Form, &[browser, login.user.subject.as_str()], presented).map(|_| login)
    }

    /// Returns the browser's name, and its cookie if it is new.
    fn browser<'a>(&self, visit: &'a mut Visit) -> Result<(&'a str, Option<HeaderValue>), getrandom::Error> {
        let mut cookie = None;
        if visit.browser.is_none() {
            let browser = moment::token()?;
            cookie = Some(set_cookie(&self.cookies.browser, &browser, self.cookies.secure));
            visit.browser = Some(browser);
        }
        Ok((visit.browser.as_deref().unwrap_or_default(), cookie))
    }

    /// Ends the request's session and starts one for this person, under a new name. Somebody who knew the old name, or
    /// planted it, does not know the new one.
    ///
    /// # Errors
    /// The operating system has no randomness, or the sessions cannot be written.
    pub async fn log_in(
        &self,
        headers: &HeaderMap,
        subject: Subject,
        now: Timestamp,
    ) -> Result<HeaderValue, Unavailable> {
        let value = moment::token().map_err(Unavailable::new)?;
        let (before, key) = (self.key(headers), Digest::of(&value));
        let expires_at = Timestamp(now.0.saturating_add(LIFETIME));
        let session = Session { subject, login_at: now, expires_at };
        match &self.kept {
            Kept::Memory(memory) => memory.start(before, key, session),
            Kept::File(file) => file.start(before, key, session).await?,
            Kept::Database(database) => database.start(before, key, session).await?,
        }
        Ok(set_cookie(&self.cookies.session, &value, self.cookies.secure))
    }

    /// Ends every session of a person, at all browsers.
    ///
    /// # Errors
    /// The sessions cannot be written.
    pub async fn log_out(&self, subject: &Subject) -> Result<(), Unavailable> {
        match &self.kept {
            Kept::Memory(memory) => memory.end_all(subject),
            Kept::File(file) => file.end_all(subject.clone()).await?,
            Kept::Database(database) => database.end_all(subject.clone()).await?,
        }
        Ok(())
    }

    /// Forgets the sessions that have ended.
    ///
    /// # Errors
    /// The sessions cannot be written.
    pub async fn purge(&self, now: Timestamp) -> Result<(), Unavailable> {
        match &self.kept {
            Kept::Memory(memory) => memory.purge(now),
            Kept::File(file) => file.purge(now).await?,
            Kept::Database(database) => database.purge(now).await?,
        }
        Ok(())
    }

    /// Returns the key of a request's session, even if the session has ended.
    #[must_use]
    pub fn key(&self, headers: &HeaderMap) -> Option<Digest> {
        cookie(headers, &self.cookies.session).map(Digest::of)
    }

    async fn find(&self, key: Digest) -> Result<Option<Session>, Unavailable> {
        match &self.kept {
            Kept::Memory(memory) => Ok(memory.find(&key)),
            Kept::File(file) => file.find(key).await,
            Kept::Database(database) => database.find(key).await,
        }
    }
}

/// The names of the cookies. Ports do not separate the cookies of a host (RFC 6265 §8.5), so the names must, from those
/// of other programs and of another server like this one.
#[derive(Debug)]
struct Cookies {
    browser: String,
    session: String,
    secure: bool,
}

impl Cookies {
    fn of(issuer: &Issuer) -> Self {
        let digest = Digest::of(issuer.as_str());
        let issuer_id: String = digest.as_bytes().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        // A browser accepts a `__Host-` cookie only from this very host, over https.
        let prefix = if issuer.is_https() { "__Host-" } else { "" };
        let name = |what: fmt::Arguments<'_>| format!("{prefix}grantor-{issuer_id}-{what}");
        Self {
            browser: name(format_args!("browser")),
            session: name(format_args!("session")),
            secure: issuer.is_https(),
        }
    }
}

/// Returns the value of a request's cookie. The cookies of other programs on the host need not be text.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, cookie_name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = cookies.flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(cookie_name.as_bytes())?.strip_prefix(b"=")?;
        str::from_utf8(value).ok()
    })
}

/// Returns a cookie to be set. `Lax`: a link from the application carries it, a form or a picture on another site does
/// not.
pub(crate) fn set_cookie(cookie_name: &str, value: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{cookie_name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests;
