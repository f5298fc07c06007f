//! The people who can log in.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use grantor::consult::{Owner, Password};
use grantor::model::{Digest, Subject};
use grantor::{Answer, AsyncPolicy, Timestamp};

use crate::moment::now;
use crate::throttle::Throttle;

/// How often a person may mistype a password before they have to wait.
const FREE_FAILURES: u32 = 5;

/// A resource owner.
#[derive(Debug)]
pub struct User {
    /// By which tokens know them.
    pub subject: Subject,
    /// By which people know them.
    pub name: String,
    /// A host with real users keeps a slow, salted hash here, such as Argon2; these passwords stand in the configuration
    /// as they are.
    pub password: Digest,
}

/// Everyone, by the name they log in with.
#[derive(Debug)]
pub struct Users {
    users: ArcSwap<HashMap<String, Arc<User>>>,
    throttle: Throttle,
}

/// Why somebody is not logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// The name or the password is wrong; it is not told which.
    Wrong,
    /// There were too many failures: nothing is checked for so many seconds.
    Wait(u64),
}

impl LoginError {
    /// The stable name of the reason, for the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Wait(_) => "wait",
        }
    }
}

impl Users {
    /// These users.
    #[must_use]
    pub fn new(users: HashMap<String, Arc<User>>) -> Self {
        Self { users: ArcSwap::from_pointee(users), throttle: Throttle::new(FREE_FAILURES) }
    }

    /// Puts others in their place, all at once. Failures are not forgotten. Says who is gone, or has another password:
    /// their sessions are to end.
    pub fn replace(&self, users: HashMap<String, Arc<User>>) -> Vec<Subject> {
        let is_same =
            |before: &User, after: &User| before.subject == after.subject && before.password == after.password;
        let users = Arc::new(users);
        let before = self.users.swap(Arc::clone(&users));
        let changed = before.iter().filter(|(name, user)| !users.get(*name).is_some_and(|after| is_same(user, after)));
        changed.map(|(_, user)| user.subject.clone()).collect()
    }

    /// Whose name and password these are.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub fn log_in(&self, username: &str, password: &str, now: Timestamp) -> Result<Arc<User>, LoginError> {
        if let Some(seconds) = self.throttle.wait(username, now) {
            return Err(LoginError::Wait(seconds));
        }
        // The comparison takes constant time, and takes it for a name that does not exist too.
        let presented = Digest::of(password);
        let user = self.users.load().get(username).cloned();
        let expected = user.as_ref().map_or(Digest::from_bytes([0; 32]), |user| user.password);
        match user {
            Some(user) if presented == expected => {
                self.throttle.succeeded(username);
                Ok(user)
            }
            _ => {
                self.throttle.failed(username, now);
                Err(LoginError::Wrong)
            }
        }
    }
}

/// The password grant asks here. It is the only question that this host answers.
impl AsyncPolicy for Users {
    async fn password_async(&self, question: &Password) -> Answer<Password> {
        let user = self.log_in(&question.username, question.password.expose(), now());
        Ok(user.map_or(Owner::Refused, |user| Owner::Subject(user.subject.clone())))
    }
}
