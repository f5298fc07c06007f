//! The explorer: every interleaving of two and three requests over one grant, with an outage or a crash at every pause, and time that
//! passes between any two of them. Machines are values, so a paused one is cloned, and every way on is taken.
//!
//! `cargo test --release --features explore --test explore -- --nocapture` prints how many states and schedules there were.
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
mod faults;
mod graph;
mod invariants;
mod model;
mod paused;
mod scene;
mod search;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use faults::Fault;
use scene::{ENTRIES, Entry, Scene, Stage};
use search::{Schedule, Search, Violation};

/// All choices of so many entries that make sense at this stage, the same one more than once among them.
fn choices(stage: Stage, count: usize) -> Vec<Vec<&'static Entry>> {
    let entries: Vec<_> = ENTRIES.iter().filter(|entry| entry.stages.contains(&stage)).collect();
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

fn schedules(count: usize, fault: Option<Fault>) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    for (grace, consults) in
        [(Duration::from_secs(30), false), (Duration::ZERO, false), (Duration::from_secs(30), true)]
    {
        // The host's last word adds a pause, which two requests show as well as three.
        if consults && count > 2 {
            continue;
        }
        for stage in [Stage::Asked, Stage::Authorized, Stage::Issued] {
            let scene = Scene::new(stage, grace, consults);
            for entries in choices(stage, count) {
                let scrutinized = count <= 2;
                schedules.push(Schedule { scene, entries, fault, scrutinized });
            }
        }
    }
    schedules
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

fn all_is_well(count: usize) {
    let schedules = schedules(count, None);
    let began = std::time::Instant::now();
    match explore(&schedules) {
        Ok((states, ways)) => println!(
            "{count} requests: {} combinations, {states} states, {ways} schedules, {:?}",
            schedules.len(),
            began.elapsed()
        ),
        Err(violation) => panic!("{violation}"),
    }
}

#[test]
fn every_interleaving_of_two_requests() {
    all_is_well(2);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "millions of states: run it with --release, as `tests/run explore` does")]
fn every_interleaving_of_three_requests() {
    all_is_well(3);
}

/// The explorer itself is proved by faults that it must find.
#[test]
fn every_seeded_fault_is_found() {
    for (fault, invariants) in Fault::ALL {
        let violation = explore(&schedules(2, Some(fault))).expect_err(&format!("{fault:?} is not found"));
        println!("{fault:?}: {violation}");
        assert!(invariants.contains(&violation.invariant), "{fault:?} breaks {invariants:?}: {violation}");
    }
}
