//! The explorer: every interleaving of two and three requests over one grant, with an outage or a crash at every pause,
//! time that passes between any two of them, and clocks that are behind. Machines are values, so a paused one is
//! cloned, and every way on is taken.
//!
//! `cargo test --release --features explore --test explore -- --nocapture` prints how many states and schedules there
//! were.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "../common/counter.rs"]
mod counter;
mod entries;
mod faults;
mod graph;
mod invariants;
mod model;
mod paused;
mod registration;
mod scene;
mod schedule;
mod search;
mod steps;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use entries::{ENTRIES, Entry, Role};
use faults::Fault;
use model::Model;
use scene::{Kind, Plain, Scene, Setting, Stage};
use schedule::Schedule;
use search::{Search, Violation};

/// With a grace that ends as time passes, with none, and with one whose last second it is.
const SETTINGS: [Setting; 3] = [
    Setting { grace: 30, client: Kind::Public, consult_issuance: false },
    Setting { grace: 0, client: Kind::Confidential, consult_issuance: false },
    Setting { grace: 31, client: Kind::Hosted, consult_issuance: true },
];

/// All choices of so many entries that make sense at this stage, the same one more than once among them.
fn choices(stage: Stage, count: usize) -> Vec<Vec<&'static Entry>> {
    // What opens a grant of its own shares no record with the others, which two requests show as well as three.
    let makes_sense = |entry: &&Entry| entry.stages.contains(&stage) && (entry.role != Role::Opens || count <= 2);
    let entries: Vec<_> = ENTRIES.iter().filter(makes_sense).collect();
    let mut choices = vec![(Vec::new(), 0)];
    for _ in 0..count {
        choices = choices
            .into_iter()
            .flat_map(|(chosen, from)| {
                (from..entries.len()).map(|at| ([chosen.clone(), vec![entries[at]]].concat(), at)).collect::<Vec<_>>()
            })
            .collect();
    }
    choices.into_iter().map(|(chosen, _)| chosen).collect()
}

/// So many requests, of which so many may come with a clock that is behind.
fn schedules(count: usize, behind: usize, fault: Option<Fault>) -> Vec<Schedule> {
    let stages = [Stage::Pushed, Stage::Asked, Stage::Authorized, Stage::Issued, Stage::Registered, Stage::Device];
    let scenes = SETTINGS.into_iter().flat_map(|setting| stages.map(|stage| Scene::new(stage, setting, fault)));
    scenes
        .flat_map(|scene| {
            let choices = choices(scene.stage, count).into_iter();
            choices.map(move |entries| Schedule { scene, entries, behind, fault })
        })
        .collect()
}

/// Explores schedules on all cores: the number of states and of ways through them, or the first violation.
fn explore(schedules: &[Schedule]) -> Result<(usize, u128), Box<Violation>> {
    let next = AtomicUsize::new(0);
    let total = Mutex::new(Ok((0, 0)));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(schedule) = schedules.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = Search::run(schedule);
                    let mut total = total.lock().unwrap();
                    match (result, &mut *total) {
                        (Ok((states, ways)), Ok((all_states, all_ways))) => {
                            *all_states += states;
                            *all_ways += ways;
                        }
                        (Err(violation), Ok(_)) => {
                            *total = Err(violation);
                            next.store(usize::MAX / 2, Ordering::Relaxed);
                        }
                        (_, Err(_)) => {}
                    }
                }
            });
        }
    });
    total.into_inner().unwrap()
}

fn all_is_well(count: usize, behind: usize) {
    let schedules = schedules(count, behind, None);
    let began = std::time::Instant::now();
    match explore(&schedules) {
        Ok((states, ways)) => println!(
            "{count} requests, {behind} of them behind: {} combinations, {states} states, {ways} schedules, {:?}",
            schedules.len(),
            began.elapsed()
        ),
        Err(violation) => panic!("{violation}"),
    }
}

#[test]
fn r90_every_interleaving_of_two_requests() {
    all_is_well(2, 0);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "millions of states: run it with --release, as `tests/run explore` does")]
fn r90_every_interleaving_of_two_requests_whose_clocks_are_behind() {
    all_is_well(2, 2);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "millions of states: run it with --release, as `tests/run explore` does")]
fn r90_every_interleaving_of_three_requests() {
    all_is_well(3, 0);
}

#[test]
#[ignore = "it takes longer than CI has: `tests/run explore-all` runs it"]
fn every_interleaving_of_three_requests_of_which_one_is_behind() {
    all_is_well(3, 1);
}

/// The explorer itself is proved by faults that it must find.
#[test]
fn r90_every_seeded_fault_is_found() {
    for (fault, invariants) in Fault::ALL {
        let behind = usize::from(fault == Fault::ReuseFromBehind);
        let mut schedules = schedules(if fault == Fault::RetriesAreMore { 3 } else { 2 }, behind, Some(fault));
        if fault == Fault::RetriesAreMore {
            schedules.retain(|schedule| schedule.entries.iter().all(|entry| entry.role == Role::Refresh));
        }
        let violation = explore(&schedules).expect_err(&format!("{fault:?} is not found"));
        println!("{fault:?}: {violation}");
        assert!(invariants.contains(&violation.invariant), "{fault:?} breaks {invariants:?}: {violation}");
    }
}

/// What holds on the model holds on every store that keeps the contract, as the model does.
#[test]
fn the_model_keeps_the_storage_contract() {
    grantor::store::contract::check(|| Plain(Model::new(Vec::new()).into()));
}
