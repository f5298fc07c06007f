//! How long everything takes, and on which core it runs.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::service::build::Workshop;
use crate::service::servers::{Programs, in_memory};

/// How many live tokens are few.
pub const FEW: usize = 1_000;

/// At how many connections everything is measured.
pub const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// What a run does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is compared.
    pub programs: Programs,
    /// How often each server has its turn.
    pub rounds: usize,
    /// How long a turn is.
    pub slice: Duration,
    /// How long each server is warmed up before a row.
    pub warm_up: Duration,
    /// How many live tokens are many.
    pub many: usize,
    /// How long one may take to fetch them.
    pub patience: Duration,
    /// How long the traffic beside a purge lasts.
    pub purge: Duration,
    /// Of how many seconds are the tokens that a purge is to forget: they must outlive the fetching of all.
    pub short_lifetime: u64,
    /// How often a run with a purge and one without are compared.
    pub purges: usize,
    /// The core of the servers that keep everything in memory, if they have one of their own.
    pub core: Option<usize>,
    /// On the disk.
    pub disk: PathBuf,
    /// In memory: for logs, and for databases that no disk is to slow down.
    pub memory: PathBuf,
}

impl Plan {
    /// All of it: about half an hour. Or as little as shows anything: about three minutes.
    pub fn new(workshop: &Workshop, quick: bool, pin: bool) -> io::Result<Self> {
        let seconds = Duration::from_secs;
        let core = if pin { pin_generator()? } else { None };
        Ok(Self {
            programs: Programs::make(workshop)?,
            rounds: if quick { 5 } else { 11 },
            slice: Duration::from_millis(if quick { 250 } else { 750 }),
            warm_up: if quick { Duration::from_millis(300) } else { seconds(1) },
            many: if quick { 30_000 } else { 1_000_000 },
            patience: if quick { seconds(20) } else { seconds(280) },
            purge: if quick { seconds(10) } else { seconds(120) },
            short_lifetime: if quick { 25 } else { 300 },
            purges: if quick { 1 } else { 3 },
            core,
            disk: workshop.folder("databases")?,
            memory: in_memory("load")?,
        })
    }
}

/// Leaves the first core to the servers, if there is another one for the generator.
fn pin_generator() -> io::Result<Option<usize>> {
    let cores = thread::available_parallelism()?.get();
    if cores < 2 {
        return Ok(None);
    }
    let mut set = CpuSet::new();
    set.set(cores - 1);
    sched_setaffinity(None, &set)?;
    Ok(Some(0))
}
