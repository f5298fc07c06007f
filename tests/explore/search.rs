//! Every interleaving, depth first: a state that was seen is not entered again, but the ways through it are counted.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use grantor::Timestamp;
use grantor::store::{Commit, Outcome};

use crate::faults::Fault;
use crate::invariants;
use crate::model::Model;
use crate::scene::{BEHIND, TIMES};
use crate::schedule::{Schedule, answers};
use crate::steps::{At, Steps};

/// One of the requests, as far as it has come.
#[derive(Clone)]
pub struct Request {
    pub at: At,
    /// The time at which it came, by its own clock.
    pub came: Timestamp,
    /// Its clock was behind.
    pub is_behind: bool,
    /// What it was told, in short: with the time at which it came, this is its state.
    pub told: u64,
    /// It was told of an outage.
    pub had_outage: bool,
    /// The host was asked, and said no.
    pub host_refused: bool,
    /// The requests that were done when it came.
    pub after: u8,
    /// What it looked up had been spent, and when.
    pub saw_spent: Option<Timestamp>,
    /// What it presents was no longer good when it came.
    pub was_dead: bool,
    /// The client had been deleted when it came.
    pub was_deleted: bool,
    /// The client that it looked up had been deleted.
    pub saw_deleted: bool,
}

#[derive(Clone)]
pub struct State {
    pub model: Rc<Model>,
    /// The model's, which changes with what is written only.
    digest: u128,
    pub time: usize,
    pub requests: Vec<Request>,
}

/// One step of a trace.
#[derive(Clone, Copy)]
pub struct Move {
    pub request: Option<usize>,
    pub what: &'static str,
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
pub type Broken = (u8, String);

pub struct Search<'s> {
    schedule: &'s Schedule,
    seen: HashMap<u128, u128>,
    steps: Steps,
    path: Vec<Move>,
}

impl<'s> Search<'s> {
    /// Explores a schedule: how many states there are, and how many ways through them.
    pub fn run(schedule: &'s Schedule) -> Result<(usize, u128), Box<Violation>> {
        let outside = Request {
            at: At::Outside,
            came: Timestamp(0),
            is_behind: false,
            told: 0,
            had_outage: false,
            host_refused: false,
            after: 0,
            saw_spent: None,
            was_dead: false,
            was_deleted: false,
            saw_deleted: false,
        };
        let requests = vec![outside; schedule.entries.len()];
        let model = Rc::new(schedule.scene.model.clone());
        let state = State { digest: digest(&model), model, time: 0, requests };
        let mut search = Self { schedule, seen: HashMap::new(), steps: Steps::default(), path: Vec::new() };
        let ways = search.enter(&state)?;
        Ok((search.seen.len(), ways))
    }

    fn enter(&mut self, state: &State) -> Result<u128, Box<Violation>> {
        let key = state.key();
        if let Some(ways) = self.seen.get(&key) {
            return Ok(*ways);
        }
        let mut ways = 0;
        for (index, request) in state.requests.iter().enumerate() {
            match &request.at {
                At::Outside => {
                    let behind = state.requests.iter().filter(|request| request.is_behind).count();
                    let clocks = if behind < self.schedule.behind { &BEHIND[..] } else { &BEHIND[..1] };
                    for (behind, what) in clocks {
                        let next = self.schedule.come(&mut self.steps, state, index, *behind);
                        ways += self.step(Move { request: Some(index), what }, next)?;
                    }
                }
                At::Waiting(waiting) => {
                    for (what, answer) in answers(&waiting.asks) {
                        let next = self.schedule.answer(&mut self.steps, state, index, waiting, *answer);
                        ways += self.step(Move { request: Some(index), what }, next)?;
                    }
                }
                At::Done(_) | At::Vanished => {}
            }
        }
        let somebody_is_outside = state.requests.iter().any(|request| matches!(request.at, At::Outside));
        if somebody_is_outside && state.time + 1 < TIMES.len() {
            let later = State { time: state.time + 1, ..state.clone() };
            ways += self.step(Move { request: None, what: "time passes" }, Ok(later))?;
        }
        let ways = ways.max(1);
        self.seen.insert(key, ways);
        Ok(ways)
    }

    fn step(&mut self, step: Move, next: Result<State, Broken>) -> Result<u128, Box<Violation>> {
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
    pub fn now(&self) -> u64 {
        TIMES[self.time]
    }

    /// Something is written.
    pub fn write(&mut self, commit: &Commit, fault: Option<Fault>) -> Outcome {
        let outcome = Rc::make_mut(&mut self.model).commit(commit, fault);
        self.digest = digest(&self.model);
        outcome
    }

    /// Whether the store holds something else than in this state.
    pub fn differs(&self, other: &Self) -> bool {
        self.digest != other.digest
    }

    fn key(&self) -> u128 {
        digest(&(self.digest, self.time, &self.requests))
    }
}

/// What a request is told leads it to where it stands.
impl Hash for Request {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { at, came, is_behind, told, had_outage, host_refused, after, saw_spent, was_dead, .. } = self;
        (std::mem::discriminant(at), came, is_behind, told, had_outage, host_refused, after, saw_spent, was_dead)
            .hash(state);
        (self.was_deleted, self.saw_deleted).hash(state);
    }
}

/// 128 bits, so that no two states are taken for one.
fn digest(value: &impl Hash) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, value).hash(&mut hasher);
        hasher.finish()
    };
    u128::from(half(0)) << 64 | u128::from(half(1))
}
