//! Instructions, as valgrind counts them: they do not depend on what else the machine does.

use std::hint::black_box;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::batch::{Bench, LIBRARIES};
use crate::measure::{TOGETHER, serve};
use crate::scenario::Operation;

/// So many times before it is counted, and as often after: each map grows once, as often as it does on average.
const TIMES: usize = 20;

/// Instructions per request of each library; none where it lacks the operation, or where there is no valgrind.
pub fn instructions(operation: Operation) -> [Option<u64>; LIBRARIES.len()] {
    LIBRARIES.each_ref().map(|library| {
        (library.bench)(operation)?;
        count(&[library.name, &format!("{operation:?}")])
    })
}

/// Instructions of a SHA-256 over one block.
pub fn block() -> Option<u64> {
    count(&[])
}

fn count(what: &[&str]) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*measure*serve*"])
        .arg(std::env::current_exe().ok()?)
        .arg("serve")
        .args(what)
        .output()
        .ok()?;
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, collected) = report.split_once("Collected : ")?;
    let count: u64 = collected.split_whitespace().next()?.parse().ok()?;
    Some(count / (TIMES * TOGETHER) as u64)
}

/// The part that runs under valgrind.
pub fn run(what: &[&str]) {
    let mut bench = match what {
        [library, operation] => {
            let library = LIBRARIES.iter().find(|known| known.name == *library).expect("a library");
            let operation = Operation::ALL.into_iter().find(|known| format!("{known:?}") == *operation);
            (library.bench)(operation.expect("an operation")).expect("a library that has the operation")
        }
        _ => Box::new(Block),
    };
    for _ in 0..TIMES {
        bench.prepare(TOGETHER);
        (0..TOGETHER).for_each(|_| bench.serve());
    }
    for _ in 0..TIMES {
        bench.prepare(TOGETHER);
        serve(&mut *bench, TOGETHER);
    }
}

/// As long as a code or a token.
const TOKEN: &str = "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7Vd1Yk0sT1fQ8";

/// One block of SHA-256.
pub struct Block;

impl Bench for Block {
    fn prepare(&mut self, _: usize) {}

    fn serve(&mut self) {
        black_box(Sha256::digest(black_box(TOKEN)));
    }
}
