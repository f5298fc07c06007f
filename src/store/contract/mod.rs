//! The storage contract as a test suite: call [`check`] from a test of your store, or [`check_async`] if it is async.
//!
//! ```no_run
//! # use grantor::store::MemoryStore;
//! grantor::store::contract::check(MemoryStore::new);
//! ```
//!
//! Every rule has a fresh, empty store. The races are run again and again, each time for something new and with all
//! racers let go at one moment, since one run finds only half of the stores that read first and write later.
//!
//! [`Contract`] has the rest: the rules of what a store can do beside, those of several handles onto one database, and
//! how the races are run.
//!
//! ```no_run
//! # use grantor::store::MemoryStore;
//! use std::sync::Arc;
//! use grantor::store::contract::Contract;
//!
//! // For SQLite: `SqliteStore::open(&new_file())`, and another handle onto `store.path()`.
//! Contract::new()
//!     .with_grants()
//!     .with_purging()
//!     .with_another(Arc::clone)
//!     .check(|| Arc::new(MemoryStore::new()));
//! ```
//!
//! # An async store
//!
//! A test of a store on a database needs no more than this, whatever runs the test:
//!
//! ```
//! # use grantor::store::MemoryStore;
//! # struct PgStore;
//! # impl PgStore { async fn in_a_new_schema() -> MemoryStore { MemoryStore::new() } }
//! use grantor::store::contract::Contract;
//!
//! // #[tokio::test]
//! async fn it_keeps_the_contract() {
//!     let contract = Contract::new().with_grants().with_purging();
//!     contract.check_async(async || PgStore::in_a_new_schema().await).await;
//! }
//! ```
//!
//! The racers' calls are polled side by side by the task that awaits `check_async`. A store that decides in its own
//! process, and could go wrong between two threads of it, is given to several by
//! [`with_spawn`](Contract::with_spawn).

#![allow(clippy::panic, reason = "a test suite tells its findings by panicking")]

mod blocking;
mod clients;
mod commits;
mod credentials;
mod exchange;
pub mod grants;
mod handles;
mod longest;
mod lookups;
mod purging;
mod races;
mod records;
mod requests;
mod revocation;
mod trial;

use std::fmt;

pub use self::blocking::{Blocking, Call};
use self::blocking::{Spawn, drive};
use self::trial::{Another, Conditions, Rule, run};
use super::grants::GrantStore;
use super::purge::Purge;
use super::{AsyncStore, Store};

/// Runs every rule that goes for every store, each on a fresh, empty one.
///
/// # Panics
/// The store breaks rules: the message lists all of them, with what was seen.
pub fn check<S: Store + Sync>(new: impl FnMut() -> S) {
    Contract::new().check(new);
}

/// The same for an async store, whose calls the awaiting task polls side by side.
///
/// # Panics
/// The store breaks rules: the message lists all of them, with what was seen.
pub async fn check_async<A: AsyncStore + Send + Sync + 'static>(new: impl AsyncFnMut() -> A) {
    Contract::new().check_async(new).await;
}

/// The rules that a store breaks.
#[must_use]
pub fn violations<S: Store + Sync>(new: impl FnMut() -> S) -> Vec<Violation> {
    Contract::new().violations(new)
}

/// A rule that a store breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// What the rule demands, in words.
    pub rule: &'static str,
    /// What was asked of the store last, and what it answered; or why it could not be asked, which breaks a rule
    /// whatever else happens.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.rule, self.seen)
    }
}

/// The rules of the contract, and how they are tried.
pub struct Contract<S> {
    rules: Vec<Rule<S>>,
    racers: u16,
    rounds: u16,
    another: Option<Another<S>>,
    spawn: Option<Spawn>,
}

impl<S: Store + Sync> Contract<S> {
    /// The rules that go for every store.
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

    /// With the rules of several handles onto one database: what is written by one is found by another, and by one that
    /// is opened later; and of racers at two handles one wins. `another` opens a handle onto what a store writes to. An
    /// async store has [`with_another_async`](Contract::with_another_async).
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
    /// With the rules of [`GrantStore`] or [`AsyncGrantStore`](super::AsyncGrantStore).
    #[must_use]
    pub fn with_grants(mut self) -> Self {
        self.rules.extend(grants::rules());
        self
    }
}

impl<S: Purge + Sync> Contract<S> {
    /// With the rules of [`Purge`] or [`AsyncPurge`](super::AsyncPurge).
    #[must_use]
    pub fn with_purging(mut self) -> Self {
        self.rules.extend(purging::rules());
        self
    }
}

impl<S> Contract<S> {
    fn of(rules: Vec<Rule<S>>) -> Self {
        Self { rules, racers: 16, rounds: 10, another: None, spawn: None }
    }

    /// With so many racers in each race; 16 if nothing is said, and 2 at least. A store that has a pool of connections
    /// should have as many, or it decides who is first.
    #[must_use]
    pub fn with_racers(self, racers: u16) -> Self {
        Self { racers: racers.max(2), ..self }
    }

    /// With so many rounds of each race, in each of which racers want eight things; 10 if nothing is said, and 1 at least.
    #[must_use]
    pub fn with_rounds(self, rounds: u16) -> Self {
        Self { rounds: rounds.clamp(1, 1000), ..self }
    }

    /// Only those rules of which this may be said.
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

    /// Tries every rule, each on a fresh, empty store.
    ///
    /// # Panics
    /// The store breaks rules: the message lists all of them, with what was seen.
    pub fn check(&self, new: impl FnMut() -> S) {
        report(&self.violations(new));
    }

    /// Tries every rule, each on a fresh, empty store, and returns those that the store breaks.
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

    /// With each call in a task of its own, so that racers may be on several threads of a runtime:
    /// `with_spawn(|call| { tokio::spawn(call); })`. It is called by the task that awaits the result.
    #[must_use]
    pub fn with_spawn(self, spawn: impl Fn(Call) + Send + Sync + 'static) -> Self {
        Self { spawn: Some(Spawn::new(spawn)), ..self }
    }

    /// Tries every rule, each on a fresh, empty store.
    ///
    /// # Panics
    /// The store breaks rules: the message lists all of them, with what was seen.
    pub async fn check_async(&self, new: impl AsyncFnMut() -> A) {
        report(&self.violations_async(new).await);
    }

    /// Tries every rule, each on a fresh, empty store, and returns those that the store breaks.
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
