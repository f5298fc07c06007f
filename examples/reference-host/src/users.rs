//! The people who can log in.

use std::collections::HashMap;
use std::sync::Arc;

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
    users: HashMap<String, Arc<User>>,
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
        Self { users, throttle: Throttle::new(FREE_FAILURES) }
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
        let user = self.users.get(username);
        let expected = user.map_or(Digest::from_bytes([0; 32]), |user| user.password);
        match user {
            Some(user) if presented == expected => {
                self.throttle.succeeded(username);
                Ok(Arc::clone(user))
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
