//! One step of one request. A machine is a function of its request, its moment and what it was told. So each step is
//! taken once, beside a twin that must do the same (invariant 9); what it says is read for secrets (invariant 7); and
//! then it is remembered.

use std::collections::HashMap;
use std::rc::Rc;

use grantor::Timestamp;
use grantor::store::{Change, Commit, Outcome};

use crate::faults::{Fault, betray};
use crate::paused::{Asks, Next, Observed, Paused, Told};
use crate::scene::clock;
use crate::schedule::Schedule;
use crate::search::Broken;

/// Where a request stands.
#[derive(Clone)]
pub enum At {
    Outside,
    Waiting(Rc<Waiting>),
    Done(Rc<Observed>),
    Vanished,
}

/// A machine at a pause, and its twin, which came with the same request and was told the same.
pub struct Waiting {
    machine: Box<dyn Paused>,
    twin: Box<dyn Paused>,
    pub asks: Asks,
    /// The codes and tokens that it is about to issue.
    secrets: Vec<String>,
}

/// Which request, when it came, and what it was told since.
pub type Known = (usize, Timestamp, u64);

/// The steps of one schedule.
#[derive(Default)]
pub struct Steps(HashMap<Known, At>);

impl Steps {
    /// A request comes in.
    pub fn come(&mut self, schedule: &Schedule, index: usize, came: Timestamp) -> Result<At, Broken> {
        self.once((index, came, 0), || {
            let now = clock(came, schedule.fault);
            let other = if schedule.fault == Some(Fault::Undetermined) { index + 100 } else { index };
            let [machine, twin] = [index, other].map(|seed| (schedule.entries[index].start)(schedule.scene, seed, now));
            side_by_side(schedule, machine, twin, &[])
        })
    }

    /// A request is told something.
    pub fn tell(&mut self, schedule: &Schedule, known: Known, waiting: &Waiting, told: &Told) -> Result<At, Broken> {
        self.once(known, || {
            let [machine, twin] = [&waiting.machine, &waiting.twin].map(|machine| machine.fork().tell(told.clone()));
            side_by_side(schedule, machine, twin, &waiting.secrets)
        })
    }

    fn once(&mut self, known: Known, step: impl FnOnce() -> Result<At, Broken>) -> Result<At, Broken> {
        if let Some(at) = self.0.get(&known) {
            return Ok(at.clone());
        }
        let at = step()?;
        self.0.insert(known, at.clone());
        Ok(at)
    }
}

/// 9. The same request, moment and answers give the same steps and the same reply.
fn side_by_side(schedule: &Schedule, machine: Next, twin: Next, known: &[String]) -> Result<At, Broken> {
    match (machine, twin) {
        (Next::Paused(machine), Next::Paused(twin)) if is_same(&*machine, &*twin) => {
            let secrets = [known, &about_to_issue(&*machine)].concat();
            let asks = match (machine.asks(), secrets.first(), schedule.fault) {
                (Asks::Commit(commit), Some(token), Some(Fault::SecretInCommit)) => {
                    Asks::Commit(betray(&commit, token))
                }
                (asks, ..) => asks,
            };
            let text = format!("{asks:?}{}{}", machine.debug(), stored(&asks));
            keeps_secrets(schedule, &secrets, &machine.name(), &text)?;
            Ok(At::Waiting(Rc::new(Waiting { machine, twin, asks, secrets })))
        }
        (Next::Done(observed), Next::Done(again)) if observed == again => {
            let secrets = [known, &observed.secrets].concat();
            keeps_secrets(schedule, &secrets, &observed.event, &told_to_others(&observed))?;
            Ok(At::Done(Rc::new(observed)))
        }
        _ => Err((9, "the same answers led to two different steps".to_owned())),
    }
}

fn is_same(machine: &dyn Paused, twin: &dyn Paused) -> bool {
    machine.name() == twin.name() && machine.asks() == twin.asks() && machine.debug() == twin.debug()
}

/// What goes out once this is written.
fn about_to_issue(machine: &dyn Paused) -> Vec<String> {
    match machine.asks() {
        Asks::Commit(_) => match machine.fork().tell(Told::Outcome(Outcome::Applied)) {
            Next::Done(observed) => observed.secrets,
            Next::Paused(next) => about_to_issue(&*next),
        },
        _ => Vec::new(),
    }
}

/// 7. No secret is in a commit, an event, a `Debug` output or an error.
fn keeps_secrets(schedule: &Schedule, issued: &[String], teller: &str, text: &str) -> Result<(), Broken> {
    let mut secrets = schedule.scene.secrets().chain(issued.iter().map(String::as_str));
    match secrets.find(|secret| text.contains(secret)) {
        Some(secret) => Err((7, format!("{teller} tells the secret {secret}"))),
        None => Ok(()),
    }
}

/// What a store makes of the records in a commit.
fn stored(asks: &Asks) -> String {
    let record = |change: &Change| match change {
        Change::Open { grant, .. } => serde_json::to_string(grant).unwrap(),
        Change::Issue(credential) | Change::Replace(credential) => serde_json::to_string(credential).unwrap(),
        Change::PutClient(client) => serde_json::to_string(client).unwrap(),
        _ => String::new(),
    };
    let changes = if let Asks::Commit(commit) = asks { Commit::changes(commit) } else { &[] };
    changes.iter().map(record).collect()
}

/// What others read of a reply: logs and, where nothing is issued, whoever sees the error.
fn told_to_others(observed: &Observed) -> String {
    let Observed { debug, body, location, .. } = observed;
    if observed.secrets.is_empty() {
        format!("{debug}{}{location:?}", String::from_utf8_lossy(body))
    } else {
        debug.clone()
    }
}
