//! The trial of one rule on one store, and its result.

use std::collections::VecDeque;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::exchange::Exchange;
use super::violation::Violation;
use crate::effect::Unavailable;
use crate::model::{ClientId, Key, Timestamp};
use crate::record::{Client, PendingRequest};
use crate::store::{Change, Commit, Found, Lookup, Outcome, Presented, PresentedRequest, RequestKey, Store};

/// A rule, in words and as a test.
pub(super) type Rule<S> = (&'static str, fn(&Trial<'_, S>) -> bool);

/// The function that opens another handle onto the database of a store.
pub(super) struct Another<S>(Arc<dyn Fn(&S) -> S + Send + Sync>);

impl<S> Another<S> {
    pub(super) fn new(another: impl Fn(&S) -> S + Send + Sync + 'static) -> Self {
        Self(Arc::new(another))
    }
}

impl<S> Clone for Another<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The settings for testing rules.
pub(super) struct Conditions<S> {
    pub(super) racers: u16,
    pub(super) rounds: u16,
    pub(super) another: Option<Another<S>>,
}

/// One rule on one store, with the calls so far.
pub(super) struct Trial<'a, S> {
    pub(super) store: &'a S,
    conditions: &'a Conditions<S>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The first outage of the store.
    outage: Option<Unavailable>,
    /// The last calls and the store's answers.
    last: VecDeque<Exchange>,
}

/// The number of calls that a violation shows.
const TOLD: usize = 3;

/// Tests a rule on a store.
pub(super) fn run<S>((rule, holds): Rule<S>, store: &S, conditions: &Conditions<S>) -> Option<Violation> {
    let trial = Trial { store, conditions, seen: Mutex::default() };
    let holds = holds(&trial);
    let Seen { outage, last } = trial.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let told = || last.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    match outage {
        Some(outage) => Some(Violation { rule, seen: outage.to_string() }),
        None => (!holds).then(|| Violation { rule, seen: told() }),
    }
}

impl<'a, S> Trial<'a, S> {
    /// Returns the answer or, if the store is unavailable, this replacement. Unavailability breaks the rule, whatever
    /// else happens.
    pub(super) fn answer<T>(&self, answer: Result<T, Unavailable>, nothing: T) -> T {
        answer.unwrap_or_else(|unavailable| {
            self.seen().outage.get_or_insert(unavailable);
            nothing
        })
    }

    pub(super) fn tell(&self, exchange: Exchange) {
        let mut seen = self.seen();
        seen.last.push_back(exchange);
        if seen.last.len() > TOLD {
            seen.last.pop_front();
        }
    }

    /// Notes a call, in words.
    pub(super) fn tell_of(&self, what: fmt::Arguments<'_>) {
        self.tell(Exchange::Told(what.to_string()));
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn racers(&self) -> u16 {
        self.conditions.racers
    }

    pub(super) fn rounds(&self) -> RangeInclusive<u16> {
        1..=self.conditions.rounds
    }

    /// Opens another handle onto the database of the store.
    pub(super) fn another(&self) -> S {
        let Some(Another(another)) = &self.conditions.another else { unreachable!("these rules come with it") };
        another(self.store)
    }

    /// Asks by another handle, in the same trial, and notes the calls here.
    pub(super) fn by(&self, store: &'a S, holds: impl FnOnce(&Trial<'a, S>) -> bool) -> bool {
        let trial = Trial { store, conditions: self.conditions, seen: Mutex::default() };
        let holds = holds(&trial);
        let Seen { outage, last } = trial.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        last.into_iter().for_each(|exchange| self.tell(exchange));
        self.answer(outage.map_or(Ok(()), Err), ());
        holds
    }
}

impl<S: Store> Trial<'_, S> {
    pub(super) fn commit(&self, changes: impl IntoIterator<Item = Change>) -> Outcome {
        let commit = commit_of(changes);
        let outcome = self.answer(self.store.commit(&commit), Outcome::Conflict(usize::MAX));
        self.tell(Exchange::Commit(commit, outcome));
        outcome
    }

    pub(super) fn applied(&self, changes: impl IntoIterator<Item = Change>) -> bool {
        self.commit(changes) == Outcome::Applied
    }

    pub(super) fn conflict(&self, changes: impl IntoIterator<Item = Change>, at: usize) -> bool {
        self.commit(changes) == Outcome::Conflict(at)
    }

    /// Tells if the store says that it cannot do this.
    pub(super) fn is_refused(&self, changes: impl IntoIterator<Item = Change>) -> bool {
        let commit = commit_of(changes);
        let answer = self.store.commit(&commit);
        if let Ok(outcome) = answer {
            self.tell(Exchange::Commit(commit, outcome));
        }
        answer.is_err()
    }

    pub(super) fn lookup(&self, lookup: &Lookup) -> Found {
        let found = self.answer(self.store.lookup(lookup), Found::default());
        self.tell(Exchange::Lookup(lookup.clone(), found.clone()));
        found
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

    /// Tells if a request is found unchanged, by each of its keys.
    pub(super) fn finds_request(&self, request: &PendingRequest) -> bool {
        let keys = [Some(RequestKey::Key(request.key)), request.user_code.map(RequestKey::UserCode)];
        keys.into_iter().flatten().all(|key| self.request(key).is_some_and(|found| *found.request == *request))
    }

    pub(super) fn client(&self, client_id: ClientId) -> Option<Client> {
        self.lookup(&Lookup::of_client(client_id)).client().map(|client| (**client).clone())
    }
}

pub(super) fn commit_of(changes: impl IntoIterator<Item = Change>) -> Commit {
    Commit::new(changes).unwrap_or_else(|error| panic!("{error}"))
}
