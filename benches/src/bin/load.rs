//! Compares whole servers under load: `cargo run --release -p benches --bin load` writes docs/load.md.
//!
//! `--quick` takes three minutes and only prints, unless there is a `--write`. `--no-pin` lets servers and generator
//! share all cores. `memory`, `sqlite`, `readers` and `purge` name parts; without a name, all are measured. The exit
//! code is not 0 if anything that is judged does not hold.

use std::io;
use std::process::ExitCode;

use benches::load::report::{Findings, surroundings};
use benches::load::sqlite::Filled;
use benches::load::{Plan, memory, purge, readers, sqlite};
use benches::service::build::Workshop;
use benches::service::command::{self, Asked};

const PARTS: [&str; 4] = ["memory", "sqlite", "readers", "purge"];

fn main() -> ExitCode {
    command::run("load", &["--quick", "--write", "--no-pin"], &PARTS, run)
}

fn run(asked: &Asked) -> io::Result<bool> {
    let workshop = Workshop::new()?;
    let plan = Plan::new(&workshop, asked.has("--quick"), !asked.has("--no-pin"))?;
    let cores = match plan.core {
        Some(core) => {
            format!("servers in memory run on core {core}, those on disk on all, the generator on the last one")
        }
        None => "servers and generator share all cores".to_owned(),
    };
    let surroundings = surroundings(workshop.root());
    let mut findings = Findings {
        how: format!("{surroundings}; {} rounds, a turn of {:?} each; {cores}", plan.rounds, plan.slice),
        ..Findings::default()
    };
    println!("{}", findings.how);
    let program = &plan.programs.reference_host;
    let many = if asked.wants("sqlite") || asked.wants("purge") {
        Some(Filled::new(&plan, program, "many", plan.many, 86_400)?)
    } else {
        None
    };
    let expiring = if asked.wants("purge") { Some(purge::Expiring::new(&plan)?) } else { None };
    if asked.wants("memory") {
        findings.memory = memory::rows(&plan)?;
    }
    if let Some(many) = many.as_ref().filter(|_| asked.wants("sqlite")) {
        findings.sqlite = sqlite::rows(&plan, many)?;
    }
    if asked.wants("readers") {
        findings.readers = Some(readers::measure(&plan)?);
    }
    if let (Some(many), Some(expiring)) = (&many, &expiring) {
        findings.purges = Some(purge::measure(&plan, many, expiring)?);
    }
    let mut verdicts = memory::verdicts(&findings.memory);
    verdicts.extend(sqlite::verdicts(&findings.sqlite));
    verdicts.extend(findings.readers.iter().map(readers::Readers::verdict));
    verdicts.extend(findings.purges.iter().flat_map(purge::Purges::verdicts));
    findings.verdicts = verdicts;
    println!("{}", findings.markdown());
    for verdict in &findings.verdicts {
        println!("{verdict}");
    }
    if !asked.has("--quick") || asked.has("--write") {
        findings.write(&workshop.root().join("docs/load.md"))?;
    }
    Ok(findings.verdicts.iter().all(benches::load::Verdict::holds))
}
