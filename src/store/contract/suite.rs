//! The whole suite: all rules, and the settings for testing them.

use std::fmt;

use super::blocking::{Blocking, Call, Spawn, drive};
use super::trial::{Another, Conditions, Rule, run};
use super::violation::Violation;
use super::{
    client_purging, clients, commits, credentials, handles, listing, longest, lookups, purging, races, requests,
    revocation,
};
use crate::store::grants::GrantStore;
use crate::store::purge::Purge;
use crate::store::purge_clients::PurgeClients;
use crate::store::{AsyncStore, Store};

/// The rules of the contract, and the settings for testing them.
pub struct Contract<S> {
    rules: Vec<Rule<S>>,
    racers: u16,
    rounds: u16,
    another: Option<Another<S>>,
    spawn: Option<Spawn>,
}

impl<S: Store + Sync> Contract<S> {
    /// Creates a suite of the rules that every store must keep.
    #[must_use]
    pub fn new() -> Self {
        let groups = [
            lookups::rules(),
            longest::rules(),
            commits::rules(),
            credentials::rules(),
            revocation::rules(),
            requests::rules(),
            clients::rules(),
            races::rules(),
        ];
        Self::of(groups.into_iter().flatten().collect())
    }

    /// Adds the rules for several handles onto one database: what one writes is found by another, even if opened later,
    /// and of racers at two handles one wins. `another` opens a handle onto the database of a store. For an async store
    /// use [`with_another_async`](Contract::with_another_async).
    #[must_use]
    pub fn with_another(mut self, another: impl Fn(&S) -> S + Send + Sync + 'static) -> Self {
        self.rules.extend(handles::rules());
        self.another = Some(Another::new(another));
        self
    }
}

impl<S: Store + Sync> Default for Contract<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: GrantStore> Contract<S> {
    /// Adds the rules of [`GrantStore`] or [`AsyncGrantStore`](crate::store::AsyncGrantStore).
    #[must_use]
    pub fn with_grants(mut self) -> Self {
        self.rules.extend(listing::rules());
        self
    }
}

impl<S: Purge + Sync> Contract<S> {
    /// Adds the rules of [`Purge`] or [`AsyncPurge`](crate::store::AsyncPurge).
    #[must_use]
    pub fn with_purging(mut self) -> Self {
        self.rules.extend(purging::rules());
        self
    }
}

impl<S: PurgeClients> Contract<S> {
    /// Adds the rules of [`PurgeClients`] or [`AsyncPurgeClients`](crate::store::AsyncPurgeClients).
    #[must_use]
    pub fn with_client_purging(mut self) -> Self {
        self.rules.extend(client_purging::rules());
        self
    }
}

impl<S> Contract<S> {
    pub(super) fn of(rules: Vec<Rule<S>>) -> Self {
        Self { rules, racers: 16, rounds: 10, another: None, spawn: None }
    }

    /// Sets the number of racers in each race; 16 by default, and at least 2. A store with a pool of connections should
    /// have as many of them, or else the pool decides the race.
    #[must_use]
    pub fn with_racers(self, racers: u16) -> Self {
        Self { racers: racers.max(2), ..self }
    }

    /// Sets the number of rounds of each race, in each of which racers compete for eight records; 10 by default, and at
    /// least 1.
    #[must_use]
    pub fn with_rounds(self, rounds: u16) -> Self {
        Self { rounds: rounds.clamp(1, 1000), ..self }
    }

    /// Keeps only the rules for which the predicate is true.
    #[must_use]
    pub fn only(mut self, is_meant: impl Fn(&str) -> bool) -> Self {
        self.rules.retain(|(rule, _)| is_meant(rule));
        self
    }

    /// The rules, in words.
    pub fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().map(|(rule, _)| *rule)
    }

    fn conditions(&self) -> Conditions<S> {
        Conditions { racers: self.racers, rounds: self.rounds, another: self.another.clone() }
    }

    /// Tests every rule, each on a fresh, empty store.
    ///
    /// # Panics
    /// The store breaks rules: the message lists all of them, with the calls that show it.
    pub fn check(&self, new: impl FnMut() -> S) {
        report(&self.violations(new));
    }

    /// Tests every rule, each on a fresh, empty store, and returns those that the store breaks.
    #[must_use]
    pub fn violations(&self, mut new: impl FnMut() -> S) -> Vec<Violation> {
        let conditions = self.conditions();
        self.rules.iter().filter_map(|rule| run(*rule, &new(), &conditions)).collect()
    }
}

impl<A: AsyncStore + Send + Sync + 'static> Contract<Blocking<A>> {
    /// The same as [`with_another`](Contract::with_another), for an async store.
    #[must_use]
    pub fn with_another_async<F>(self, another: impl Fn(&A) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = A> + Send + 'static,
    {
        self.with_another(move |store: &Blocking<A>| store.another(&another))
    }

    /// Runs each call in a task of its own, so that racers can be on several threads of a runtime: `with_spawn(|call| {
    /// tokio::spawn(call); })`. The function is called by the task that awaits the result.
    #[must_use]
    pub fn with_spawn(self, spawn: impl Fn(Call) + Send + Sync + 'static) -> Self {
        Self { spawn: Some(Spawn::new(spawn)), ..self }
    }

    /// Tests every rule, each on a fresh, empty store.
    ///
    /// # Panics
    /// The store breaks rules: the message lists all of them, with the calls that show it.
    pub async fn check_async(&self, new: impl AsyncFnMut() -> A) {
        report(&self.violations_async(new).await);
    }

    /// Tests every rule, each on a fresh, empty store, and returns those that the store breaks.
    pub async fn violations_async(&self, mut new: impl AsyncFnMut() -> A) -> Vec<Violation> {
        let mut violations = Vec::new();
        for rule in &self.rules {
            let (rule, store, conditions) = (*rule, new().await, self.conditions());
            violations.extend(drive(store, self.spawn.clone(), move |store| run(rule, store, &conditions)).await);
        }
        violations
    }
}

/// Panics if rules are broken.
fn report(violations: &[Violation]) {
    let lines: String = violations.iter().map(|violation| format!("\n- {violation}")).collect();
    assert!(violations.is_empty(), "the store breaks these rules:{lines}");
}

impl<S> fmt::Debug for Contract<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract")
            .field("rules", &self.rules().collect::<Vec<_>>())
            .field("racers", &self.racers)
            .field("rounds", &self.rounds)
            .finish_non_exhaustive()
    }
}
