//! The people who can log in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use grantor::consult::{Owner, Password};
use grantor::model::{Digest, Subject};
use grantor::{Answer, AsyncPolicy};

use crate::address::Network;
use crate::throttle::Throttle;

/// The number of times that somebody may mistype a password without a wait.
const FREE_FAILURES: u32 = 5;

/// The number of guesses at a name's password, from all networks together, before those have to wait from whose network
/// this name never logged in.
const FREE_FAILURES_EVERYWHERE: u32 = 100;

/// The most networks of a user's logins that are remembered.
const MAX_NETWORKS: usize = 16;

/// A resource owner.
#[derive(Debug)]
pub struct User {
    /// The subject in tokens.
    pub subject: Subject,
    /// The name for people.
    pub name: String,
    /// The digest of the password. A host with real users keeps a slow, salted hash here, such as Argon2; these
    /// passwords are in the configuration as they are.
    pub password: Digest,
}

/// All users, by their login names.
#[derive(Debug)]
pub struct Users {
    people: ArcSwap<People>,
    known: Limits,
    /// The failures of names that do not exist. They are counted alike, so that a wait does not reveal which names
    /// exist, but apart, so that made-up names push out no failure of a real one.
    made_up: Limits,
    /// The networks of past logins, by the names' digests.
    familiar: Mutex<HashMap<Digest, Vec<Network>>>,
}

/// The same users, found in two ways.
#[derive(Debug)]
struct People {
    by_name: HashMap<String, Arc<User>>,
    by_subject: HashMap<Subject, Arc<User>>,
}

impl People {
    fn new(by_name: HashMap<String, Arc<User>>) -> Self {
        let by_subject = by_name.values().map(|user| (user.subject.clone(), Arc::clone(user))).collect();
        Self { by_name, by_subject }
    }
}

/// The failures, by the digest of the name.
#[derive(Debug)]
struct Limits {
    here: Throttle<(Digest, Network)>,
    everywhere: Throttle<Digest>,
}

impl Limits {
    fn new() -> Self {
        Self { here: Throttle::new(FREE_FAILURES), everywhere: Throttle::new(FREE_FAILURES_EVERYWHERE) }
    }
}

/// The reason why somebody is not logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// The name or the password is wrong, without telling which.
    Wrong,
    /// There were too many failures: no password is checked for this many seconds.
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
    /// Creates the set of these users.
    #[must_use]
    pub fn new(users: HashMap<String, Arc<User>>) -> Self {
        Self {
            people: ArcSwap::from_pointee(People::new(users)),
            known: Limits::new(),
            made_up: Limits::new(),
            familiar: Mutex::default(),
        }
    }

    /// Replaces all users at once. Failures are not forgotten. Returns the users who are gone, or have another
    /// password, since their sessions must end.
    pub fn replace(&self, users: HashMap<String, Arc<User>>) -> Vec<Subject> {
        let is_same =
            |before: &User, after: &User| before.subject == after.subject && before.password == after.password;
        let people = Arc::new(People::new(users));
        let before = self.people.swap(Arc::clone(&people));
        let names = before.by_name.iter();
        let changed = names.filter(|(name, user)| !people.by_name.get(*name).is_some_and(|after| is_same(user, after)));
        changed.map(|(_, user)| user.subject.clone()).collect()
    }

    /// Returns the same users for a request from this network.
    pub(crate) fn for_request(&self, from: Network) -> UsersFor<'_> {
        UsersFor { users: self, from }
    }

    /// The user with this subject.
    #[must_use]
    pub fn of(&self, subject: &Subject) -> Option<Arc<User>> {
        self.people.load().by_subject.get(subject).cloned()
    }

    /// Returns the user with this name and password. Many failures in one network bar that network; many from all
    /// networks together bar the networks in which this name never logged in. So nobody can lock people out of their
    /// usual places.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn log_in(&self, username: &str, password: &str, from: Network) -> Result<Arc<User>, LoginError> {
        let user = self.people.load().by_name.get(username).cloned();
        let limits = if user.is_some() { &self.known } else { &self.made_up };
        let name = Digest::of(username);
        let here = limits.here.begin((name, from), None).await.map_err(LoginError::Wait)?;
        let everywhere = if self.is_familiar(&name, from) {
            None
        } else {
            match limits.everywhere.begin(name, None).await {
                Ok(attempt) => Some(attempt),
                Err(seconds) => {
                    here.withdraw();
                    return Err(LoginError::Wait(seconds));
                }
            }
        };
        // The comparison takes constant time, and is made for a name that does not exist too.
        let expected = user.as_ref().map_or(Digest::from_bytes([0; 32]), |user| user.password);
        let is_right = Digest::of(password) == expected;
        let user = user.filter(|_| is_right).ok_or(LoginError::Wrong)?;
        here.succeeded();
        // One success does not forgive guesses from elsewhere.
        everywhere.into_iter().for_each(|attempt| attempt.withdraw());
        self.remember(name, from);
        Ok(user)
    }

    fn is_familiar(&self, name: &Digest, from: Network) -> bool {
        let familiar = self.familiar.lock().unwrap_or_else(PoisonError::into_inner);
        familiar.get(name).is_some_and(|networks| networks.contains(&from))
    }

    fn remember(&self, name: Digest, from: Network) {
        let mut familiar = self.familiar.lock().unwrap_or_else(PoisonError::into_inner);
        let networks = familiar.entry(name).or_default();
        networks.retain(|network| *network != from);
        if networks.len() == MAX_NETWORKS {
            networks.remove(0);
        }
        networks.push(from);
    }
}

/// The users, for a request from a network: the password grant counts guesses as the login page does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsersFor<'a> {
    users: &'a Users,
    from: Network,
}

impl AsyncPolicy for UsersFor<'_> {
    async fn password_async(&self, question: &Password) -> Answer<Password> {
        let user = self.users.log_in(&question.username, question.password.expose(), self.from).await;
        Ok(user.map_or(Owner::Refused, |user| Owner::Subject(user.subject.clone())))
    }
}

/// Answers nothing: the only question of this host is the password grant's, which needs the network of the request.
impl AsyncPolicy for Users {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    fn network(number: u8) -> Network {
        Address([198, 51, 100, number].into()).network()
    }

    fn users() -> Users {
        let subject = Subject::parse("user-1").expect("a subject");
        let alice = User { subject, name: "Alice".to_owned(), password: Digest::of("wonderland") };
        Users::new([("alice".to_owned(), Arc::new(alice))].into())
    }

    async fn is_let_in(users: &Users, password: &str, from: u8) -> Result<bool, LoginError> {
        match users.log_in("alice", password, network(from)).await {
            Ok(_) => Ok(true),
            Err(LoginError::Wrong) => Ok(false),
            Err(wait) => Err(wait),
        }
    }

    #[tokio::test]
    async fn failures_elsewhere_bar_nobody_where_they_logged_in_before() {
        let users = users();
        assert_eq!(is_let_in(&users, "wonderland", 1).await, Ok(true));
        let mut barred = 0;
        for from in 2..=60 {
            for _ in 0..6 {
                barred += u32::from(is_let_in(&users, "guess", from).await.is_err());
            }
        }
        assert!(barred > 200, "only {barred} of 354 guesses were barred");
        assert!(matches!(is_let_in(&users, "wonderland", 61).await, Err(LoginError::Wait(1..=900))));
        assert_eq!(is_let_in(&users, "wonderland", 1).await, Ok(true));
        // Others cannot guess in the network where she logged in.
        for _ in 0..5 {
            assert_eq!(is_let_in(&users, "guess", 1).await, Ok(false));
        }
        assert!(is_let_in(&users, "wonderland", 1).await.is_err());
    }

    #[tokio::test]
    async fn names_that_do_not_exist_wait_alike_and_make_nobody_wait() {
        let users = users();
        let mut told = Vec::new();
        for name in ["alice", "nobody"] {
            let mut answers = Vec::new();
            for _ in 0..7 {
                answers.push(users.log_in(name, "guess", network(1)).await.err());
            }
            told.push(answers);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0].last(), Some(&Some(LoginError::Wait(2))));
        for number in 0..40_000 {
            let made_up = users.log_in(&format!("u{number}"), "guess", network(1)).await;
            assert_eq!(made_up.err(), Some(LoginError::Wrong));
        }
        // Her first wait may be over by now; then this guess starts the next one.
        let _ = is_let_in(&users, "guess", 1).await;
        let barred = is_let_in(&users, "wonderland", 1).await;
        assert!(matches!(barred, Err(LoginError::Wait(_))), "alice's are not forgotten");
        assert_eq!(is_let_in(&users, "wonderland", 2).await, Ok(true));
    }

    #[tokio::test]
    async fn only_so_many_places_are_remembered_and_the_newest() {
        let users = users();
        for from in 1..=20 {
            assert_eq!(is_let_in(&users, "wonderland", from).await, Ok(true));
        }
        let name = Digest::of("alice");
        let familiar = (1..=20).filter(|from| users.is_familiar(&name, network(*from))).collect::<Vec<_>>();
        assert_eq!(familiar, (5..=20).collect::<Vec<_>>());
    }
}
