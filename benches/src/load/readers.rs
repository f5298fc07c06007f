//! Readers beside six hundred writers that wait, because another process has locked the database.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use crate::load::cell::{Running, median};
use crate::load::plan::FEW;
use crate::load::{Plan, Verdict, sqlite};
use crate::service::servers::Kind;
use crate::service::wire::{Load, run};

const WRITERS: usize = 600;
const READERS: usize = 16;
/// Until all writers wait: a host may have to start a thread for each.
const GATHER: Duration = Duration::from_secs(2);

/// What readers met.
#[derive(Clone, Debug, Default)]
pub struct Readers {
    /// Milliseconds within which 99 of 100 introspections were answered, by round, without writers.
    pub without: Vec<f64>,
    /// The same, with writers.
    pub with: Vec<f64>,
    /// Introspections per second, by round, with writers.
    pub rates: Vec<f64>,
    /// What was not right.
    pub faults: Vec<String>,
}

/// Introspections alone and beside writers, in turns.
pub fn measure(plan: &Plan) -> io::Result<Readers> {
    let store = sqlite::fresh(&plan.disk, "readers")?;
    let path = store.strip_prefix("sqlite:").unwrap_or_default().to_owned();
    let kind = Kind::reference_host(&plan.programs.reference_host, &store);
    let server = Running::start(plan, "grantor", &kind, FEW)?;
    let (address, reads) = (server.service.address, kind.introspection(&server.tokens));
    let slice = plan.slice * 2;
    run(address, &reads, Load::new(READERS, plan.warm_up))?;
    let mut readers = Readers::default();
    for _ in 0..plan.rounds.min(5) {
        let alone = run(address, &reads, Load::new(READERS, slice))?;
        readers.without.push(alone.quantile(0.99));
        let lock = Locked::new(Path::new(&path))?;
        let writes = kind.client_credentials();
        // Whoever is told to come again later does so after a second.
        let lasting = slice + GATHER + Duration::from_millis(500);
        let writers = Load { pause: Duration::from_secs(1), ..Load::new(WRITERS, lasting) };
        let writing = thread::spawn(move || run(address, &writes, writers));
        thread::sleep(GATHER);
        let beside = run(address, &reads, Load::new(READERS, slice))?;
        drop(lock);
        let _ = writing.join(); // what writers were told is the fault driver's to judge
        readers.with.push(beside.quantile(0.99));
        readers.rates.push(beside.rate());
        readers.faults.extend(Some(beside.faults()).filter(|faults| !faults.is_empty()));
        // They all have an answer before the next round.
        run(address, &kind.client_credentials(), Load { pause: Duration::from_millis(50), ..Load::new(1, slice) })?;
    }
    Ok(readers)
}

impl Readers {
    /// Whether they are kept waiting.
    pub fn verdict(&self) -> Verdict {
        let ratio = median(self.with.iter().zip(&self.without).map(|(with, without)| with / without));
        Verdict::at_most(format!("p99 of introspection beside {WRITERS} waiting writers ÷ p99 without"), ratio, 2.0)
    }
}

/// A database that another process writes to, and does not finish.
#[derive(Debug)]
pub struct Locked(Connection);

impl Locked {
    /// Locks it, as soon as whoever writes is done.
    pub fn new(path: &Path) -> io::Result<Self> {
        let connection = Connection::open(path).map_err(io::Error::other)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(io::Error::other)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(io::Error::other)?;
        Ok(Self(connection))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = self.0.execute_batch("ROLLBACK");
    }
}
