//! Compares whole servers under load: `cargo run --release -p benches --bin load` writes docs/load.md.
//!
//! `--quick` takes three minutes and only prints, unless there is a `--write`. `--no-pin` lets servers and generator share all cores.
//! `memory`, `sqlite`, `readers` and `purge` name parts; without a name, all are measured. The exit code is not 0 if anything that is judged
//! does not hold.

use std::env;
use std::io;
use std::process::ExitCode;

use benches::load::report::{Findings, surroundings};
use benches::load::sqlite::Filled;
use benches::load::{Plan, memory, purge, readers, sqlite};
use benches::service::build::Workshop;
use benches::service::servers::clear_memory;

const PARTS: [&str; 4] = ["memory", "sqlite", "readers", "purge"];

fn main() -> ExitCode {
    let result = run(&env::args().skip(1).collect::<Vec<_>>());
    clear_memory();
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> io::Result<bool> {
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let known = |argument: &&String| {
        PARTS.contains(&argument.as_str()) || ["--quick", "--write", "--no-pin"].contains(&argument.as_str())
    };
    if let Some(unknown) = arguments.iter().find(|argument| !known(argument)) {
        return Err(io::Error::other(format!("unknown argument {unknown}; see the head of benches/src/bin/load.rs")));
    }
    let all = !PARTS.iter().any(|part| has(part));
    let wants = |part: &str| all || has(part);
    let workshop = Workshop::new()?;
    let plan = Plan::new(&workshop, has("--quick"), !has("--no-pin"))?;
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
    let many = if wants("sqlite") || wants("purge") {
        Some(Filled::new(&plan, program, "many", plan.many, 86_400)?)
    } else {
        None
    };
    let expiring = if wants("purge") { Some(purge::Expiring::new(&plan)?) } else { None };
    if wants("memory") {
        findings.memory = memory::rows(&plan)?;
    }
    if let Some(many) = many.as_ref().filter(|_| wants("sqlite")) {
        findings.sqlite = sqlite::rows(&plan, many)?;
    }
    if wants("readers") {
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
    if !has("--quick") || has("--write") {
        findings.write(&workshop.root().join("docs/load.md"))?;
    }
    Ok(findings.verdicts.iter().all(benches::load::Verdict::holds))
}
