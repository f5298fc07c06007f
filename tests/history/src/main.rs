//! Drives several reference hosts on one store for a while, presents whatever may be spent once at two of them at the
//! same time, breaks things meanwhile, and judges afterwards by what was asked and answered:
//!
//! - of two presentations at most one is granted, and one of them is, if both were answered;
//! - what was acknowledged works at every host, until something ends it;
//! - what was revoked, or replayed, is dead at every host.
//!
//! `tests/run history` starts what it needs, `GRANTOR_HISTORY_SECONDS` says for how long each fault is tried.

mod faults;
mod hosts;
mod http;
mod judge;
mod record;
mod work;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use faults::{Fault, Proxy};
use hosts::Hosts;
use judge::judge;
use record::{Chain, Entry};
use work::{Counts, Worker};

const HOSTS: usize = 4;

/// The number of those who work at the same time.
const WORKERS: usize = 8;

struct Plan {
    program: PathBuf,
    /// The folder of the database's socket, its user, and a shell command that stops it at once and starts it again.
    socket: String,
    user: String,
    restart: String,
    lasting: Duration,
}

fn main() -> io::Result<ExitCode> {
    let plan = Plan::read()?;
    let mut violated = false;
    for fault in Fault::ALL {
        let chains = run(&plan, fault)?;
        let violations: Vec<_> =
            chains.iter().flat_map(|chain| judge(chain).into_iter().map(move |it| (it, chain))).collect();
        for ((violation, entry), chain) in violations.iter().take(5) {
            println!("✘ {violation:?}: {entry:?}\n  in {chain:#?}");
        }
        println!("{} {}: {} violations", if violations.is_empty() { "✔" } else { "✘" }, fault.name(), violations.len());
        violated |= !violations.is_empty();
    }
    Ok(if violated { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Plan {
    fn read() -> io::Result<Self> {
        let variable = |name: &str| {
            std::env::var(name).map_err(|_| io::Error::other(format!("{name} is not set; `tests/run history` sets it")))
        };
        // As in `host=/folder user=name dbname=name`.
        let address = variable("GRANTOR_POSTGRES")?;
        let of_address = |name: &str| {
            let word = address.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            word.map(str::to_owned).ok_or_else(|| io::Error::other(format!("GRANTOR_POSTGRES lacks {name}")))
        };
        let seconds = variable("GRANTOR_HISTORY_SECONDS")?.parse().map_err(io::Error::other)?;
        Ok(Self {
            program: variable("REFERENCE_HOST")?.into(),
            socket: format!("{}/.s.PGSQL.5432", of_address("host")?),
            user: of_address("user")?,
            restart: variable("GRANTOR_POSTGRES_RESTART")?,
            lasting: Duration::from_secs(seconds),
        })
    }
}

/// Lets hosts work on the store while something goes wrong.
fn run(plan: &Plan, fault: Fault) -> io::Result<Vec<Chain>> {
    let proxy = Proxy::start(plan.socket.clone())?;
    let store = format!("postgres://{}@127.0.0.1:{}/postgres", plan.user, proxy.port);
    let hosts = Hosts::start(&plan.program, HOSTS, vec![store])?;
    if fault == Fault::Network {
        proxy.slow_down(20);
    }
    let (began, is_done, counts) = (Instant::now(), AtomicBool::new(false), Mutex::new(Counts::default()));
    let (chains, times) = thread::scope(|scope| {
        let happening = scope.spawn(|| fault.happen(&hosts, &proxy, &plan.restart, &is_done));
        let workers: Vec<_> = (0..WORKERS)
            .map(|number| {
                let mut worker = Worker::new(&hosts, began, &counts);
                scope.spawn(move || {
                    let numbers = (number..).take_while(|_| began.elapsed() < plan.lasting);
                    numbers.map(|number| worker.work(number)).collect::<Vec<_>>()
                })
            })
            .collect();
        let chains = workers.into_iter().map(|worker| worker.join().map_err(|_| io::Error::other("a worker panicked")));
        let chains = chains.collect::<io::Result<Vec<_>>>();
        is_done.store(true, Ordering::SeqCst);
        let times = happening.join().map_err(|_| io::Error::other("a fault panicked"))?;
        Ok::<_, io::Error>((chains?, times?))
    })?;
    let chains = chains.concat();
    let counts = counts.into_inner().unwrap_or_default();
    println!(
        "{}, {times} times: {} chains ({} of them given up), {} requests, {} of unknown outcome; {} contests, won: {:?}",
        fault.name(),
        counts.chains,
        counts.abandoned,
        counts.requests,
        counts.unknown,
        counts.contested,
        won(&chains),
    );
    if counts.contested * 10 < counts.chains {
        return Err(io::Error::other("hardly anything was contested"));
    }
    Ok(chains)
}

/// How often something of each kind was granted.
fn won(chains: &[Chain]) -> BTreeMap<record::Kind, usize> {
    let mut won = BTreeMap::new();
    for entry in chains.iter().flatten() {
        if let Entry { asked: record::Asked::Spend { kind, .. }, answer: record::Answer::Granted(_), .. } = entry {
            *won.entry(*kind).or_default() += 1;
        }
    }
    won
}
