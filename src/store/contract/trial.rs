//! One rule on one store, and what came of all of them.

use std::sync::{Mutex, PoisonError};

use crate::effect::Unavailable;
use crate::model::{ClientId, Key, Timestamp};
use crate::record::{Client, PendingRequest};
use crate::store::{Change, Commit, Found, Lookup, Outcome, Presented, PresentedRequest, RequestKey, Store};

/// What a rule demands, in words and as a test.
pub(super) type Rule<S> = (&'static str, fn(&Trial<'_, S>) -> bool);

/// One rule on one store.
pub(super) struct Trial<'a, S> {
    pub(super) store: &'a S,
    /// The first time that the store could not be asked.
    outage: Mutex<Option<Unavailable>>,
}

/// A rule that the store breaks.
pub(super) struct Broken {
    rule: &'static str,
    outage: Option<Unavailable>,
}

/// Tries every rule, each on a store of its own.
pub(super) fn broken<S>(rules: &[Rule<S>], mut new: impl FnMut() -> S) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (rule, holds) in rules {
        let store = new();
        let trial = Trial { store: &store, outage: Mutex::default() };
        let holds = holds(&trial);
        let outage = trial.outage.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !holds || outage.is_some() {
            broken.push(Broken { rule, outage });
        }
    }
    broken
}

pub(super) fn names(broken: &[Broken]) -> Vec<&'static str> {
    broken.iter().map(|broken| broken.rule).collect()
}

/// Panics if rules are broken.
pub(super) fn report(broken: &[Broken]) {
    let line = |broken: &Broken| match &broken.outage {
        None => format!("\n- {}", broken.rule),
        Some(outage) => format!("\n- {} ({outage})", broken.rule),
    };
    let lines: String = broken.iter().map(line).collect();
    assert!(broken.is_empty(), "the store breaks these rules:{lines}");
}

impl<S> Trial<'_, S> {
    /// The answer; what stands for nothing if the store could not be asked, which breaks the rule whatever else
    /// happens.
    pub(super) fn answer<T>(&self, answer: Result<T, Unavailable>, nothing: T) -> T {
        answer.unwrap_or_else(|unavailable| {
            self.outage.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(unavailable);
            nothing
        })
    }
}

impl<S: Store> Trial<'_, S> {
    pub(super) fn commit(&self, changes: impl IntoIterator<Item = Change>) -> Outcome {
        let commit = Commit::new(changes).unwrap_or_else(|error| panic!("{error}"));
        self.answer(self.store.commit(&commit), Outcome::Conflict(usize::MAX))
    }

    pub(super) fn applied(&self, changes: impl IntoIterator<Item = Change>) -> bool {
        self.commit(changes) == Outcome::Applied
    }

    pub(super) fn conflict(&self, changes: impl IntoIterator<Item = Change>, at: usize) -> bool {
        self.commit(changes) == Outcome::Conflict(at)
    }

    pub(super) fn lookup(&self, lookup: &Lookup) -> Found {
        self.answer(self.store.lookup(lookup), Found::default())
    }

    pub(super) fn found(&self, client: Option<ClientId>, credentials: impl IntoIterator<Item = Key>) -> Found {
        self.lookup(&Lookup::new(client, credentials).unwrap_or_else(|error| panic!("{error}")))
    }

    pub(super) fn presented(&self, key: Key) -> Option<Presented> {
        self.lookup(&Lookup::of(key)).credential(key).cloned()
    }

    pub(super) fn has(&self, key: Key) -> bool {
        self.presented(key).is_some()
    }

    pub(super) fn spent_at(&self, key: Key) -> Option<Timestamp> {
        self.presented(key).and_then(|found| found.spent_at)
    }

    pub(super) fn revoked(&self, key: Key) -> bool {
        self.presented(key).is_some_and(|found| found.revoked)
    }

    pub(super) fn revision(&self, key: Key) -> Option<u32> {
        self.presented(key).map(|found| found.credential.revision)
    }

    pub(super) fn request(&self, key: RequestKey) -> Option<PresentedRequest> {
        self.lookup(&Lookup::of_request(key)).request(key).cloned()
    }

    pub(super) fn request_spent_at(&self, key: Key) -> Option<Timestamp> {
        self.request(RequestKey::Key(key)).and_then(|found| found.spent_at)
    }

    /// Whether a request is found as it is, by each key that it has.
    pub(super) fn finds_request(&self, request: &PendingRequest) -> bool {
        let keys = [Some(RequestKey::Key(request.key)), request.user_code.map(RequestKey::UserCode)];
        keys.into_iter().flatten().all(|key| self.request(key).is_some_and(|found| *found.request == *request))
    }

    pub(super) fn client(&self, client_id: ClientId) -> Option<Client> {
        self.lookup(&Lookup::of_client(client_id)).client().map(|client| (**client).clone())
    }
}
