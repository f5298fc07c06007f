//! Measures everything and writes it into `docs/speed.md`. With `quick`, measures times alone and prints them.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, io};

use benches::report::{Findings, Row};
use benches::{LIBRARIES, Operation, chart, crowd, instructions, measure, size, threads};

const BEGIN: &str = "<!-- speed: written by `cargo run --profile speed -p benches` -->\n";
const END: &str = "<!-- /speed -->\n";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", what @ ..] => instructions::run(what),
        ["quick"] => quick(),
        _ => return write(&findings()?),
    }
    Ok(())
}

fn quick() {
    for operation in Operation::ALL {
        let row = measure::times(operation, 40).map(|cell| cell.map_or(f64::NAN, |samples| samples.spread().median));
        println!("{:36} {row:7.0?}", operation.name());
    }
}

fn findings() -> io::Result<Findings> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    say("allocations");
    let (allocations, memory) = allocations()?;
    say("times");
    let times = Operation::ALL.map(|operation| (operation, measure::times(operation, 80))).into();
    let block_time = measure::block(80);
    say("threads");
    let two_threads = threads::two_threads(30);
    say("tokens");
    let crowds = crowd::crowds(60);
    say("instructions");
    let instructions = Operation::ALL.map(|operation| (operation, instructions::instructions(operation))).into();
    let block = instructions::block();
    say("programs");
    let programs = size::programs(&target)?;
    Ok(Findings { times, allocations, instructions, block, block_time, memory, two_threads, crowds, programs })
}

fn say(what: &str) {
    eprintln!("measuring {what}");
}

/// Allocations and bytes of each operation.
type Allocations = HashMap<Operation, Row<(u64, u64)>>;

/// What the other program of this package counts: allocations per request, bytes per token.
fn allocations() -> io::Result<(Allocations, Row<u64>)> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = ["run", "--quiet", "--profile", "speed", "--package", "benches", "--bin", "allocations"];
    let output = Command::new(cargo).args(run).stderr(Stdio::inherit()).output()?;
    let (mut allocations, mut memory) = (Allocations::new(), Row::default());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [library, what, count, bytes] = words.as_slice() else { continue };
        let Some(index) = LIBRARIES.iter().position(|known| known.name == *library) else { continue };
        let (count, bytes) = (count.parse().map_err(io::Error::other)?, bytes.parse().map_err(io::Error::other)?);
        match Operation::ALL.into_iter().find(|known| format!("{known:?}") == *what) {
            Some(operation) => allocations.entry(operation).or_default()[index] = Some((count, bytes)),
            None => memory[index] = Some(count),
        }
    }
    Ok((allocations, memory))
}

fn write(findings: &Findings) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (page, markdown) = (root.join("docs/speed.md"), findings.markdown());
    let text = fs::read_to_string(&page)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| io::Error::other("docs/speed.md lacks the marks of what is measured"))?;
    fs::write(page, format!("{before}{BEGIN}{markdown}{END}{after}"))?;
    fs::write(root.join("docs/speed.svg"), chart::svg(&findings.times))?;
    println!("{markdown}");
    Ok(())
}
