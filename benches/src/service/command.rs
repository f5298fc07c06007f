//! The command line of a program that judges servers: flags, and the names of what it is to look at.

use std::env;
use std::io;
use std::process::ExitCode;

use crate::service::servers::clear_memory;

/// What was asked for.
#[derive(Debug)]
pub struct Asked(Vec<String>);

impl Asked {
    /// Whether this flag was given.
    pub fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|argument| argument == flag)
    }

    /// Whether this part is to be looked at: it was named, or none was.
    pub fn wants(&self, part: &str) -> bool {
        self.has(part) || self.0.iter().all(|argument| argument.starts_with("--"))
    }
}

/// Runs a program that says whether all that it judges holds. The exit code is 1 if it does not, and 2 if that could
/// not be seen.
pub fn run(program: &str, flags: &[&str], parts: &[&str], judge: impl FnOnce(&Asked) -> io::Result<bool>) -> ExitCode {
    let asked = Asked(env::args().skip(1).collect());
    let is_known = |argument: &&String| flags.iter().chain(parts).any(|known| *known == argument.as_str());
    let result = match asked.0.iter().find(|argument| !is_known(argument)) {
        Some(unknown) => {
            Err(io::Error::other(format!("unknown argument {unknown}; see the head of benches/src/bin/{program}.rs")))
        }
        None => judge(&asked),
    };
    clear_memory();
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::from(2)
        }
    }
}
