//! Every interleaving, depth first: a state that was seen is not entered again, but the ways through it are counted.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use grantor::Timestamp;
use grantor::consult::{Terms, Verdict};
use grantor::model::Key;
use grantor::store::{Change, Commit, Outcome};

use crate::faults::Fault;
use crate::invariants;
use crate::model::Model;
use crate::paused::{Asks, Next, Observed, Paused, Told};
use crate::scene::{Entry, Role, Scene, TIMES, clock};

/// Several requests over one grant.
pub struct Schedule {
    pub scene: &'static Scene,
    pub entries: Vec<&'static Entry>,
    pub fault: Option<Fault>,
    /// Whether each step is taken twice and its texts are read: invariants 7 and 9.
    pub scrutinized: bool,
}

/// One of the requests, as far as it has come.
#[derive(Clone)]
pub struct Request {
    pub at: At,
    /// The time at which it came.
    pub came: usize,
    /// What it was told, in short: with the time at which it came, this is its state.
    told: u64,
    /// It was told of an outage.
    pub had_outage: bool,
    /// The host had the last word, and it was no.
    pub host_refused: bool,
    /// The requests that were done when it came.
    pub after: u8,
    /// What it looked up had been spent, and when.
    pub saw_spent: Option<Timestamp>,
    /// The token that it is about was no longer good when it came.
    pub token_was_dead: bool,
}

pub enum At {
    Outside,
    Paused(Box<dyn Paused>),
    Done(Arc<Observed>),
    Vanished,
}

impl Clone for At {
    fn clone(&self) -> Self {
        match self {
            Self::Outside => Self::Outside,
            Self::Paused(paused) => Self::Paused(paused.fork()),
            Self::Done(observed) => Self::Done(Arc::clone(observed)),
            Self::Vanished => Self::Vanished,
        }
    }
}

#[derive(Clone)]
pub struct State {
    pub model: Model,
    pub time: usize,
    pub requests: Vec<Request>,
}

/// One step of a trace.
#[derive(Clone, Copy)]
pub struct Move {
    request: Option<usize>,
    what: &'static str,
}

/// An invariant that does not hold, and how that came about.
pub struct Violation {
    pub invariant: u8,
    pub what: String,
    pub trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "invariant {} does not hold: {}", self.invariant, self.what)?;
        self.trace.iter().enumerate().try_for_each(|(at, step)| writeln!(f, "  {:2}. {step}", at + 1))
    }
}

/// What does not hold, before anybody knows the way there.
pub type Found = (u8, String);

pub struct Search<'s> {
    schedule: &'s Schedule,
    seen: HashMap<u128, u128>,
    path: Vec<Move>,
}

impl<'s> Search<'s> {
    /// Explores a schedule: how many states there are, and how many ways through them.
    pub fn run(schedule: &'s Schedule) -> Result<(usize, u128), Box<Violation>> {
        let outside = Request {
            at: At::Outside,
            came: 0,
            told: 0,
            had_outage: false,
            host_refused: false,
            after: 0,
            saw_spent: None,
            token_was_dead: false,
        };
        let requests = vec![outside; schedule.entries.len()];
        let state = State { model: schedule.scene.model.clone(), time: 0, requests };
        let mut search = Self { schedule, seen: HashMap::new(), path: Vec::new() };
        let ways = search.enter(&state)?;
        Ok((search.seen.len(), ways))
    }

    fn enter(&mut self, state: &State) -> Result<u128, Box<Violation>> {
        let key = state.key();
        if let Some(ways) = self.seen.get(&key) {
            return Ok(*ways);
        }
        let mut ways = 0;
        for index in 0..state.requests.len() {
            match &state.requests[index].at {
                At::Outside => ways += self.step(index, "comes in", || self.schedule.come(state, index))?,
                At::Paused(paused) => {
                    for (what, answer) in self.schedule.answers(paused.as_ref()) {
                        ways +=
                            self.step(index, what, || self.schedule.answer(state, index, paused.as_ref(), answer))?;
                    }
                }
                At::Done(_) | At::Vanished => {}
            }
        }
        let somebody_is_outside = state.requests.iter().any(|request| matches!(request.at, At::Outside));
        if somebody_is_outside && state.time + 1 < TIMES.len() {
            let later = State { time: state.time + 1, ..state.clone() };
            ways += self.step_to(Move { request: None, what: "time passes" }, Ok(later))?;
        }
        let ways = ways.max(1);
        self.seen.insert(key, ways);
        Ok(ways)
    }

    fn step(
        &mut self,
        index: usize,
        what: &'static str,
        next: impl FnOnce() -> Result<State, Found>,
    ) -> Result<u128, Box<Violation>> {
        let next = next();
        self.step_to(Move { request: Some(index), what }, next)
    }

    fn step_to(&mut self, step: Move, next: Result<State, Found>) -> Result<u128, Box<Violation>> {
        self.path.push(step);
        let checked = next.and_then(|state| invariants::check(self.schedule, &state).map(|()| state));
        let ways = match checked {
            Ok(state) => self.enter(&state)?,
            Err((invariant, what)) => {
                let trace = self.path.iter().map(|step| self.schedule.describe(*step)).collect();
                return Err(Box::new(Violation { invariant, what, trace }));
            }
        };
        self.path.pop();
        Ok(ways)
    }
}

impl State {
    pub fn now(&self) -> Timestamp {
        Timestamp(TIMES[self.time])
    }

    fn key(&self) -> u128 {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            self.model.hash(&mut hasher);
            self.time.hash(&mut hasher);
            for request in &self.requests {
                let at = match request.at {
                    At::Outside => 0,
                    At::Paused(_) => 1,
                    At::Done(_) => 2,
                    At::Vanished => 3_u8,
                };
                (at, request.came, request.told, request.had_outage, request.after).hash(&mut hasher);
                (request.saw_spent, request.token_was_dead, request.host_refused).hash(&mut hasher);
            }
            hasher.finish()
        };
        u128::from(half(0)) << 64 | u128::from(half(1))
    }
}

/// What may happen to a request at a pause.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    /// The store does what it is for; the host says yes.
    Yes,
    /// The host says no.
    No,
    /// The store is down.
    Outage,
    /// It was written, and the news got lost.
    Lost,
    /// The request vanishes.
    Vanish,
    /// It was written, and the request vanishes.
    WrittenAndVanish,
}

impl Schedule {
    fn describe(&self, step: Move) -> String {
        match step.request {
            None => step.what.to_owned(),
            Some(index) => format!("{} ({index}): {}", self.entries[index].name, step.what),
        }
    }

    fn answers(&self, paused: &dyn Paused) -> Vec<(&'static str, Answer)> {
        let mut answers = match paused.asks() {
            Asks::Lookup(_) => vec![("Lookup is answered", Answer::Yes)],
            Asks::Commit(_) => vec![("Commit is answered", Answer::Yes)],
            _ => vec![("the host says yes", Answer::Yes), ("the host says no", Answer::No)],
        };
        answers.push(("outage", Answer::Outage));
        answers.push(("the request vanishes", Answer::Vanish));
        if matches!(paused.asks(), Asks::Commit(_)) {
            answers.push(("written, and the answer is lost", Answer::Lost));
            answers.push(("written, and the request vanishes", Answer::WrittenAndVanish));
        }
        answers
    }

    /// A request comes in.
    fn come(&self, state: &State, index: usize) -> Result<State, Found> {
        let mut next = state.clone();
        let done = state.requests.iter().enumerate().filter(|(_, other)| matches!(other.at, At::Done(_)));
        let request = &mut next.requests[index];
        request.came = state.time;
        request.after = done.fold(0, |mask, (other, _)| mask | 1 << other);
        let access_token = Key::of(&self.scene.access_token).unwrap();
        request.token_was_dead = !truly_alive(&state.model, access_token, state.now());
        let start = || self.entries[index].start(self.scene, index, clock(state.time, self.fault));
        self.settle(&mut next, index, start(), start())?;
        Ok(next)
    }

    /// Whether a request has no business to change anything.
    fn is_read_only(&self, index: usize) -> bool {
        matches!(self.entries[index].role, Role::Harmless | Role::Tells)
    }

    /// A request is told something.
    fn answer(&self, state: &State, index: usize, paused: &dyn Paused, answer: Answer) -> Result<State, Found> {
        let mut next = state.clone();
        let told = match paused.asks() {
            Asks::Lookup(lookup) => {
                let spent = lookup.credentials().iter().find_map(|key| state.model.presented(*key)?.spent_at);
                next.requests[index].saw_spent = next.requests[index].saw_spent.or(spent);
                if self.fault == Some(Fault::InvalidReplayRevokes)
                    && self.entries[index].role == Role::Harmless
                    && spent.is_some()
                {
                    next.model.commit(&Commit::of(Change::Revoke(self.scene.grant)), None);
                }
                Told::Found(state.model.lookup(&lookup, self.fault))
            }
            Asks::Commit(commit) => self.write(state, &mut next, index, &commit, answer)?,
            Asks::Issuance if answer == Answer::Yes => Told::Verdict(Verdict::Issue(Terms::default())),
            Asks::Issuance => {
                next.requests[index].host_refused = answer == Answer::No;
                Told::Verdict(Verdict::Refuse)
            }
            other => unreachable!("nobody here asks for {other:?}"),
        };
        if self.is_read_only(index) && hash(&next.model) != hash(&state.model) {
            return Err((2, format!("{} changed something", self.entries[index].name)));
        }
        let told = match answer {
            Answer::Yes | Answer::No => told,
            Answer::Vanish | Answer::WrittenAndVanish => {
                next.requests[index].at = At::Vanished;
                return Ok(next);
            }
            Answer::Outage | Answer::Lost => {
                next.requests[index].had_outage = true;
                let lies = matches!(self.fault, Some(Fault::OutageSaysApplied | Fault::OutageIsSuccess))
                    && matches!(told, Told::Outcome(_));
                if lies { Told::Outcome(Outcome::Applied) } else { Told::Outage }
            }
        };
        next.requests[index].told = remember(next.requests[index].told, &told);
        let tell = || paused.fork().tell(told.clone());
        self.settle(&mut next, index, tell(), tell())?;
        Ok(next)
    }

    /// The store is asked to write.
    fn write(
        &self,
        state: &State,
        next: &mut State,
        index: usize,
        commit: &Commit,
        answer: Answer,
    ) -> Result<Told, Found> {
        let entry = self.entries[index];
        if self.is_read_only(index) {
            return Err((2, format!("{} wants to write", entry.name)));
        }
        if self.scrutinized {
            let mut text = format!("{commit:?}{}", serde_json::to_string(&records(commit)).unwrap());
            if self.fault == Some(Fault::SecretInCommit) {
                text.push_str(&self.scene.code);
            }
            if let Some(secret) = self.scene.secrets().into_iter().find(|secret| text.contains(secret)) {
                return Err((7, format!("a commit has the secret {secret}")));
            }
        }
        if matches!(answer, Answer::Outage | Answer::Vanish) {
            return Ok(Told::Outcome(Outcome::Applied));
        }
        let is_replay = matches!((entry.role, commit.changes()), (Role::Exchange, [Change::Revoke(_)]));
        let issues = commit.changes().iter().any(|change| matches!(change, Change::Issue(_)));
        match self.fault {
            Some(Fault::ReplayRevokesNothing) if is_replay => return Ok(Told::Outcome(Outcome::Applied)),
            Some(Fault::RepliesBeforeCommit) if issues => return Ok(Told::Outcome(Outcome::Applied)),
            _ => {}
        }
        let outcome = next.model.commit(commit, self.fault);
        match outcome {
            Outcome::Applied if !next.model.shows(commit) && self.fault != Some(Fault::RevokeDoesNothing) => {
                Err((4, "a commit that was applied cannot be seen".to_owned()))
            }
            Outcome::Conflict(_) if hash(&next.model) != hash(&state.model) => {
                Err((4, "a commit that was refused left something".to_owned()))
            }
            Outcome::Conflict(at) if matches!(commit.changes().get(at), Some(Change::Spend { .. })) => {
                match (self.fault, entry.role) {
                    (Some(Fault::LoserRevokes), Role::Refresh) => {
                        next.model.commit(&Commit::of(Change::Revoke(self.scene.grant)), None);
                    }
                    (Some(Fault::LoserIssuesAnyway), Role::Exchange) => {
                        let changes = commit.changes().iter();
                        let others = changes.filter(|change| !matches!(change, Change::Spend { .. })).cloned();
                        return Ok(Told::Outcome(next.model.commit(&Commit::new(others).unwrap(), None)));
                    }
                    _ => {}
                }
                Ok(Told::Outcome(outcome))
            }
            _ => Ok(Told::Outcome(outcome)),
        }
    }

    /// A request has moved on; it is asked to do so twice.
    fn settle(&self, state: &mut State, index: usize, moved: Next, again: Next) -> Result<(), Found> {
        if self.scrutinized && !is_same(&moved, &again, self.fault) {
            return Err((9, "the same answer led to two different steps".to_owned()));
        }
        state.requests[index].at = match moved {
            Next::Paused(paused) => At::Paused(paused),
            Next::Done(observed) => {
                invariants::reply(self, state, index, &observed)?;
                At::Done(Arc::new(observed))
            }
        };
        Ok(())
    }
}

fn records(commit: &Commit) -> Vec<serde_json::Value> {
    let record = |change: &Change| match change {
        Change::Open { grant, .. } => serde_json::to_value(&**grant).ok(),
        Change::Issue(credential) => serde_json::to_value(&**credential).ok(),
        _ => None,
    };
    commit.changes().iter().filter_map(record).collect()
}

/// Whether a token is good by what the store was told, whatever it made of that.
pub fn truly_alive(model: &Model, key: Key, now: Timestamp) -> bool {
    let Some(presented) = model.presented(key) else { return false };
    presented.is_alive(now) && !model.revoked.contains(&presented.grant.id)
}

fn is_same(one: &Next, other: &Next, fault: Option<Fault>) -> bool {
    match (one, other) {
        (Next::Paused(one), Next::Paused(other)) => {
            one.name() == other.name() && format!("{:?}", one.asks()) == format!("{:?}", other.asks())
        }
        (Next::Done(one), Next::Done(other)) => one == other && fault != Some(Fault::Undetermined),
        _ => false,
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What a request knows after it was told this too.
fn remember(before: u64, told: &Told) -> u64 {
    let mut hasher = DefaultHasher::new();
    before.hash(&mut hasher);
    match told {
        Told::Found(found) => {
            found.client().is_some().hash(&mut hasher);
            for presented in found.credentials() {
                (presented.credential.key, presented.spent_at, presented.revoked).hash(&mut hasher);
            }
        }
        Told::Outcome(outcome) => format!("{outcome:?}").hash(&mut hasher),
        other => format!("{other:?}").hash(&mut hasher),
    }
    hasher.finish()
}
