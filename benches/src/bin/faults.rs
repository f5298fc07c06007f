//! Does to the reference host what a service meets: `cargo run --release -p benches --bin faults` writes its part of
//! docs/load.md.
//!
//! `--quick` takes half as long and only prints, unless there is a `--write`. Names choose groups of rows: `crash`,
//! `locked`, `full`, `damaged`, `names`, `clients`, `secrets`, `flood`, `logins`, `log`, `sockets`, `signals`, `clock`.
//! The exit code is not 0 if anything was seen that was not expected.

use std::io;
use std::process::ExitCode;
use std::thread;

use benches::faults::{Ground, Rows, Seen, clock, crash, database, guessing, people, report, sockets, stopping};
use benches::load::report::surroundings;
use benches::service::build::Workshop;
use benches::service::command::{self, Asked};
use benches::service::servers::in_memory;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

type Group = (&'static str, fn(&Ground) -> Rows);

const GROUPS: [Group; 13] = [
    ("crash", crash::rows),
    ("locked", database::locked),
    ("full", database::full_disk),
    ("damaged", database::damaged),
    ("names", guessing::names),
    ("clients", guessing::clients),
    ("secrets", guessing::secrets),
    ("flood", people::flood),
    ("logins", people::again_and_again),
    ("log", stopping::unread_log),
    ("signals", stopping::signals),
    ("sockets", sockets::slow),
    ("clock", clock::steps),
];

/// They wait most of the time, so that they do so together, after all others.
const PATIENT: [&str; 2] = ["sockets", "clock"];

fn main() -> ExitCode {
    command::run("faults", &["--quick", "--write"], &GROUPS.map(|(name, _)| name), run)
}

fn run(asked: &Asked) -> io::Result<bool> {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum })?;
    let workshop = Workshop::new()?;
    let ground = Ground {
        program: workshop.reference_host()?,
        quick: asked.has("--quick"),
        disk: workshop.folder("faults")?,
        memory: in_memory("faults")?,
    };
    let surroundings = surroundings(workshop.root());
    println!("{surroundings}");
    let mut rows = Vec::new();
    let (patient, others): (Vec<Group>, Vec<Group>) =
        GROUPS.into_iter().filter(|(name, _)| asked.wants(name)).partition(|(name, _)| PATIENT.contains(name));
    let mut take = |name: &str, group: Rows| {
        let untried = |error: io::Error| vec![Seen::new(name, "it can be tried", false, error.to_string())];
        let group = group.unwrap_or_else(untried);
        for row in &group {
            println!("{} {}: {}: {}", report::mark(row), row.fault, row.expected, row.seen);
        }
        rows.extend(group);
    };
    for (name, group) in others {
        take(name, group(&ground));
    }
    let waiting: Vec<_> = patient
        .into_iter()
        .map(|(name, group)| {
            let ground = ground.clone();
            (name, thread::spawn(move || group(&ground)))
        })
        .collect();
    for (name, thread) in waiting {
        let group = thread.join().unwrap_or_else(|_| Err(io::Error::other("panicked")));
        take(name, group);
    }
    if !ground.quick || asked.has("--write") {
        report::write(&workshop.root().join("docs/load.md"), &surroundings, &rows)?;
    }
    Ok(rows.iter().all(|row| row.holds))
}
