//! Rows of servers that keep everything in SQLite: grantor's today, grantor's before, and today's with its file in
//! memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::load::cell::{Operation, Row, Running, row};
use crate::load::plan::{CONNECTIONS, FEW};
use crate::load::{Plan, Verdict};
use crate::service::servers::Kind;

/// The one that is judged.
pub const TODAY: &str = "grantor";
/// The one of the commit that is the measure.
pub const BEFORE: &str = "5af8a0b";
/// The one that is judged, with its file in memory.
pub const IN_MEMORY: &str = "in memory";

/// How many of a file's tokens are asked for.
const ASKED_FOR: usize = 100_000;

/// A database that was filled over HTTP.
#[derive(Clone, Debug)]
pub struct Filled {
    path: PathBuf,
    /// Some of its tokens, from all over it.
    pub tokens: Vec<String>,
    /// How many it has.
    pub live: usize,
}

impl Filled {
    /// Has that program fill a file in memory, which is the fastest way, and then keeps it.
    pub fn new(plan: &Plan, program: &Path, name: &str, tokens: usize, lifetime: u64) -> io::Result<Self> {
        let path = plan.memory.join(format!("{name}.sqlite"));
        let store = format!("sqlite:{}", path.display());
        let kind = Kind::ReferenceHost { program: program.to_owned(), store, lifetime };
        let mut service = kind.start(None, &plan.memory)?;
        let tokens = kind.fill(&service, tokens, plan.patience)?;
        service.stop()?;
        let live = tokens.len();
        eprintln!("{name}: {live} tokens in {} MB", fs::metadata(&path)?.len() / 1_000_000);
        let tokens = tokens.into_iter().step_by(live.div_ceil(ASKED_FOR)).collect();
        Ok(Self { path, tokens, live })
    }

    /// A copy, and the store that it is.
    pub fn copy(&self, to: &Path) -> io::Result<String> {
        fs::copy(&self.path, to)?;
        Ok(format!("sqlite:{}", to.display()))
    }
}

/// An empty database's place: whatever was there goes.
pub fn fresh(folder: &Path, name: &str) -> io::Result<String> {
    let path = folder.join(format!("{name}.sqlite"));
    for file in [path.clone(), path.with_extension("sqlite-wal"), path.with_extension("sqlite-shm")] {
        let _ = fs::remove_file(file);
    }
    Ok(format!("sqlite:{}", path.display()))
}

/// All rows: with few tokens each with fresh files, with many all with the same.
pub fn rows(plan: &Plan, many: &Filled) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for operation in Operation::ALL {
        for connections in CONNECTIONS {
            let servers: Vec<Running> = contenders(plan, operation)
                .into_iter()
                .map(|(name, program, folder)| {
                    let kind = Kind::reference_host(program, &fresh(folder, name)?);
                    Running::start(plan, name, &kind, FEW)
                })
                .collect::<io::Result<_>>()?;
            rows.push(row(plan, &servers, operation, FEW, connections)?);
        }
    }
    let before = Filled::new(plan, &plan.programs.before, "many before", many.live, 86_400)?;
    for operation in Operation::ALL {
        let mut servers = Vec::new();
        for (name, program, folder) in contenders(plan, operation) {
            let filled = if name == BEFORE { &before } else { many };
            fresh(folder, name)?;
            let kind = Kind::reference_host(program, &filled.copy(&folder.join(format!("{name}.sqlite")))?);
            let service = kind.start(None, &plan.memory)?;
            servers.push(Running { name, kind, service, tokens: filled.tokens.clone() });
        }
        for connections in CONNECTIONS {
            rows.push(row(plan, &servers, operation, many.live, connections)?);
        }
    }
    Ok(rows)
}

fn contenders(plan: &Plan, operation: Operation) -> Vec<(&'static str, &Path, &Path)> {
    let mut all = vec![
        (TODAY, plan.programs.reference_host.as_path(), plan.disk.as_path()),
        (BEFORE, plan.programs.before.as_path(), plan.disk.as_path()),
    ];
    // A disk slows down writes alone.
    if operation == Operation::ClientCredentials {
        all.push((IN_MEMORY, plan.programs.reference_host.as_path(), plan.memory.as_path()));
    }
    all
}

/// Whether writes are grouped.
pub fn verdicts(rows: &[Row]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let writes = rows.iter().filter(|row| row.operation == Operation::ClientCredentials);
    for row in writes {
        let asked = match row.connections {
            16 => 2.0,
            64 => 3.0,
            _ => continue,
        };
        let what = format!("SQLite writes, {} live tokens, {} connections", row.live, row.connections);
        let ratio = |to| row.ratio(to).unwrap_or(f64::NAN);
        verdicts.push(Verdict::at_least(
            format!("{what}: requests per second ÷ those of {BEFORE}"),
            ratio(BEFORE),
            asked,
        ));
        verdicts.push(Verdict::at_least(format!("{what}: ÷ those with the file in memory"), ratio(IN_MEMORY), 0.5));
    }
    verdicts
}
