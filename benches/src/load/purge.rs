//! Traffic beside a purge: a million rows have expired when the server starts.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use crate::load::cell::median;
use crate::load::sqlite::{Filled, fresh};
use crate::load::{Plan, Verdict};
use crate::service::servers::Kind;
use crate::service::wire::{Load, Outcome, run};

/// What traffic met with a purge and without.
#[derive(Clone, Debug, Default)]
pub struct Purges {
    /// The slowest request of each run without, in milliseconds.
    pub without: Vec<f64>,
    /// The slowest request of each run with one.
    pub with: Vec<f64>,
    /// Rows in the file before each purge.
    pub before: Vec<u64>,
    /// Rows in the file after the run, less those that the traffic itself wrote: 0, or what the purge did not get to.
    pub left: Vec<u64>,
    /// How many tokens had expired.
    pub expired: usize,
    /// What was not right.
    pub faults: Vec<String>,
}

/// A file whose tokens expire soon, and when they have.
#[derive(Clone, Debug)]
pub struct Expiring {
    filled: Filled,
    at: SystemTime,
}

impl Expiring {
    /// Fills it; other things can be measured until its tokens have expired.
    pub fn new(plan: &Plan) -> io::Result<Self> {
        let program = &plan.programs.reference_host;
        let filled = Filled::new(plan, program, "expiring", plan.many, plan.short_lifetime)?;
        Ok(Self { filled, at: SystemTime::now() + Duration::from_secs(plan.short_lifetime + 1) })
    }
}

/// Runs without a purge and with one, in turns, each with a fresh copy of its file, of which the traffic is the same.
pub fn measure(plan: &Plan, live: &Filled, expiring: &Expiring) -> io::Result<Purges> {
    thread::sleep(expiring.at.duration_since(SystemTime::now()).unwrap_or_default());
    let mut purges = Purges { expired: expiring.filled.live, ..Purges::default() };
    for _ in 0..plan.purges {
        let without = beside(plan, live, &mut purges.faults)?;
        purges.without.push(without.slowest);
        let with = beside(plan, &expiring.filled, &mut purges.faults)?;
        purges.with.push(with.slowest);
        purges.before.push(with.before);
        // How many rows a token is, the run without a purge tells.
        let each = without.after.saturating_sub(without.before) as f64 / without.written as f64;
        let of_traffic = (each * with.written as f64).round() as u64;
        purges.left.push(with.after.saturating_sub(of_traffic));
    }
    Ok(purges)
}

/// One run of it.
struct Beside {
    /// The slowest request, in milliseconds.
    slowest: f64,
    /// Rows in the file before.
    before: u64,
    /// Rows in the file after.
    after: u64,
    /// Tokens that the traffic was issued.
    written: u64,
}

fn beside(plan: &Plan, file: &Filled, faults: &mut Vec<String>) -> io::Result<Beside> {
    fresh(&plan.disk, "purge")?;
    let path = plan.disk.join("purge.sqlite");
    let store = file.copy(&path)?;
    let before = rows(&path)?;
    let kind = Kind::reference_host(&plan.programs.reference_host, &store);
    let mut service = kind.start(plan.core, &plan.memory)?;
    let address = service.address;
    let writes = kind.client_credentials();
    let lasting = Load::new(4, plan.purge);
    let writing = thread::spawn(move || run(address, &writes, lasting));
    let first = kind.fill(&service, 100, Duration::from_secs(30))?;
    let reading = run(address, &kind.introspection(&first), lasting)?;
    let writing = writing.join().map_err(|_| io::Error::other("the writing thread has panicked"))??;
    service.stop()?;
    for outcome in [&reading, &writing] {
        faults.extend(Some(outcome.faults()).filter(|faults| !faults.is_empty()));
    }
    let slowest = slowest(&reading).max(slowest(&writing));
    Ok(Beside { slowest, before, after: rows(&path)?, written: writing.right as u64 + first.len() as u64 })
}

fn slowest(outcome: &Outcome) -> f64 {
    outcome.quantile(1.0)
}

/// How many rows all tables have together.
fn rows(path: &Path) -> io::Result<u64> {
    let count = || {
        let connection = Connection::open(path)?;
        let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let counts = tables.iter().map(|table| {
            let count = format!("SELECT count(*) FROM \"{table}\"");
            connection.query_row(&count, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        });
        counts.sum::<Result<u64, rusqlite::Error>>()
    };
    count().map_err(io::Error::other)
}

impl Purges {
    /// Whether anybody notices, and whether all of it is purged at all.
    pub fn verdicts(&self) -> [Verdict; 2] {
        let ratio = median(self.with.iter().zip(&self.without).map(|(with, without)| with / without));
        let expired = self.expired;
        let left = self.left.iter().zip(&self.before).map(|(left, before)| *left as f64 / *before as f64);
        [
            Verdict::at_most(
                format!("slowest request beside the purge of {expired} tokens ÷ slowest without"),
                ratio,
                3.0,
            ),
            Verdict::at_most(
                "share of the expired rows that is left at the end of that run".into(),
                median(left),
                0.01,
            ),
        ]
    }
}
