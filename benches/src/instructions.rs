//! Instructions, as valgrind counts them: they do not depend on what else the machine does.

use std::process::Command;

use crate::batch::LIBRARIES;
use crate::measure::{TOGETHER, serve};
use crate::scenario::Operation;

const TIMES: usize = 8;

/// Instructions per request of each library; none where it lacks the operation, or where there is no valgrind.
pub fn instructions(operation: Operation) -> [Option<u64>; LIBRARIES.len()] {
    LIBRARIES.each_ref().map(|library| {
        (library.bench)(operation)?;
        let program = std::env::current_exe().ok()?;
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*measure*serve*"])
            .arg(program)
            .args(["serve", library.name, &format!("{operation:?}")])
            .output()
            .ok()?;
        let report = String::from_utf8_lossy(&output.stderr).into_owned();
        let (_, collected) = report.split_once("Collected : ")?;
        let count: u64 = collected.split_whitespace().next()?.parse().ok()?;
        Some(count / (TIMES * TOGETHER) as u64)
    })
}

/// The part that runs under valgrind.
pub fn run(library: &str, operation: &str) {
    let library = LIBRARIES.iter().find(|known| known.name == library).expect("a library");
    let operation = Operation::ALL.into_iter().find(|known| format!("{known:?}") == operation).expect("an operation");
    let mut bench = (library.bench)(operation).expect("a library that has the operation");
    for _ in 0..TIMES {
        bench.prepare(TOGETHER);
        serve(&mut *bench, TOGETHER);
    }
}
