//! The findings in Markdown.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::Command;

use textwrap::{Options, WordSeparator, WordSplitter};

use crate::batch::{LIBRARIES, Measured};
use crate::crowd::Crowd;
use crate::measure::{Samples, Spread};
use crate::scenario::Operation;
use crate::size::Program;

pub type Row<T> = [Option<T>; LIBRARIES.len()];

const FLOOR: usize = 0;
const GRANTOR: usize = 1;
const OAUTH_AS: usize = 2;
const OXIDE_AUTH: usize = 3;

/// All that was measured.
pub struct Findings {
    pub times: Vec<(Operation, Row<Samples>)>,
    /// Allocations and bytes.
    pub allocations: HashMap<Operation, Row<(u64, u64)>>,
    pub instructions: Vec<(Operation, Row<u64>)>,
    /// Instructions of a SHA-256 over one block.
    pub block: Option<u64>,
    /// Bytes per live token.
    pub memory: Row<u64>,
    pub two_threads: [(&'static str, Spread); 3],
    pub crowds: Vec<Crowd>,
    pub programs: Vec<Program>,
}

impl Findings {
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let _ = write!(text, "{}\n\n![time per request, as bars](speed.svg)\n\n", introduction());
        self.goals(&mut text);
        self.dearer(&mut text);
        table(&mut text, "Time in µs: median (quartiles)", &self.times, |_, _, samples| micros(samples));
        let allocations: Vec<_> =
            Operation::ALL.iter().filter_map(|kind| Some((*kind, *self.allocations.get(kind)?))).collect();
        table(&mut text, "Allocations (bytes)", &allocations, |_, _, (count, bytes)| format!("{count} ({bytes})"));
        let block = self.block.map_or_else(String::new, |count| {
            format!(", of about {} instructions each,", thousands((count + 50) / 100 * 100))
        });
        let title = format!("Instructions (blocks{block} that go through SHA-256), by valgrind, which has no SHA-NI");
        table(&mut text, &title, &self.instructions, |operation, library, count| {
            format!("{} ({})", thousands(*count), (library.blocks)(operation))
        });
        self.scale(&mut text);
        text.lines().map(wrapped).collect()
    }

    /// In time, round by round.
    fn time(&self, kind: Operation, one: usize, other: usize) -> Option<Spread> {
        let (_, row) = self.times.iter().find(|(measured, _)| *measured == kind)?;
        Some(row[one].as_ref()?.over(row[other].as_ref()?))
    }

    fn goals(&self, text: &mut String) {
        let allocations = |kind, one: usize| self.allocations.get(&kind).and_then(|row| row[one]);
        let ratio = |kind| Some(allocations(kind, GRANTOR)?.0 as f64 / allocations(kind, OAUTH_AS)?.0 as f64);
        let growth = |cost: fn(&Crowd) -> &Samples| Some(cost(self.crowds.last()?).over(cost(self.crowds.first()?)));
        let mut goals = Vec::new();
        for kind in [Operation::Code, Operation::Refresh, Operation::ClientCredentials] {
            let (name, time) = (kind.name(), self.time(kind, GRANTOR, OAUTH_AS));
            goals.push((format!("{name}, time / oauth-as"), time, Goal::AtMost(0.4)));
            goals.push((format!("{name}, allocations / oauth-as"), ratio(kind).map(exactly), Goal::AtMost(0.4)));
        }
        let check = allocations(Operation::Check, GRANTOR).map(|(count, _)| exactly(count as f64));
        let [(_, shared), ..] = self.two_threads;
        goals.extend(
            [
                ("code exchange, time / floor", self.time(Operation::Code, GRANTOR, FLOOR), Goal::AtMost(1.5)),
                ("bearer check, allocations", check, Goal::AtMost(0.0)),
                (
                    "bearer check, time / oxide-auth",
                    self.time(Operation::Check, GRANTOR, OXIDE_AUTH),
                    Goal::AtMost(0.5),
                ),
                (
                    "client credentials, 10⁶ / 10³ live tokens",
                    growth(|crowd| &crowd.client_credentials),
                    Goal::AtMost(1.3),
                ),
                ("bearer check, 10⁶ / 10³ live tokens", growth(|crowd| &crowd.check), Goal::AtMost(1.3)),
                ("two threads on one store / one", Some(shared), Goal::AtLeast(1.7)),
            ]
            .map(|(name, measured, goal)| (name.to_owned(), measured, goal)),
        );
        text.push_str("| goal | wanted | measured | |\n|---|---|---|---|\n");
        for (name, measured, goal) in goals {
            let Some(measured) = measured else { continue };
            let (wanted, met) = match goal {
                Goal::AtMost(most) => (format!("at most {most}"), measured.median <= most),
                Goal::AtLeast(least) => (format!("at least {least}"), measured.median >= least),
            };
            let met = if met { "met" } else { "missed" };
            let _ = writeln!(text, "| {name} | {wanted} | {} | {met} |", ratio_of(measured));
        }
        text.push('\n');
    }

    /// Names the rows that a reader of the goals alone would not see.
    fn dearer(&self, text: &mut String) {
        let instructions = |kind, other: usize| {
            let (_, row) = self.instructions.iter().find(|(counted, _)| *counted == kind)?;
            Some(row[GRANTOR]? > row[other]?)
        };
        text.push_str("**Where grantor is dearer**:");
        for (library, other) in [("oauth-as", OAUTH_AS), ("oxide-auth", OXIDE_AUTH)] {
            let time = |kind| self.time(kind, GRANTOR, other).is_some_and(|ratio| ratio.median > 1.0);
            let counted = |kind| instructions(kind, other).unwrap_or_default();
            let _ = write!(text, " than {library}, in time {}, in instructions {};", places(time), places(counted));
        }
        text.pop();
        text.push_str(".\n\n");
    }

    fn scale(&self, text: &mut String) {
        text.push_str("**More tokens**, in µs per request:\n\n| live tokens | client credentials | bearer check |\n|---|---|---|\n");
        for Crowd { tokens, client_credentials, check } in &self.crowds {
            let tokens = thousands(*tokens as u64);
            let _ = writeln!(text, "| {tokens} | {} | {} |", micros(client_credentials), micros(check));
        }
        text.push_str(
            "\n**More threads**: two on one store serve, of client-credentials requests, as many as one times",
        );
        for (name, ratio) in self.two_threads {
            let _ = write!(text, " {} with {name},", ratio_of(ratio));
        }
        text.pop();
        text.push_str(".\n\n**Memory** of a live token (client credentials, with its grant), in bytes:");
        for (library, bytes) in LIBRARIES.iter().zip(self.memory) {
            if let Some(bytes) = bytes {
                let _ = write!(text, " {} {bytes},", library.name);
            }
        }
        text.pop();
        text.push_str(
            ".\n\n| a minimal program with | size in KiB | clean release build in s | crates |\n|---|---|---|---|\n",
        );
        for Program { name, bytes, seconds, crates } in &self.programs {
            let _ = writeln!(text, "| {name} | {} | {seconds:.0} | {crates} |", bytes / 1024);
        }
    }
}

enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

fn introduction() -> String {
    let output = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rust = output("rustc", &["--version"]);
    let date = output("date", &["-u", "+%Y-%m-%d"]);
    let commit = output("git", &["rev-parse", "--short", "HEAD"]);
    format!("Measured on {date} at commit {commit}, on {model}, {cores} cores, by {rust}.")
}

fn table<T>(
    text: &mut String,
    title: &str,
    rows: &[(Operation, Row<T>)],
    word: impl Fn(Operation, &Measured, &T) -> String,
) {
    let names = LIBRARIES.map(|library| library.name).join(" | ");
    let _ =
        write!(text, "<details><summary>{title}</summary>\n\n| | {names} |\n|---{}|\n", "|---".repeat(LIBRARIES.len()));
    for (operation, row) in rows {
        let _ = write!(text, "| {} |", operation.name());
        for (library, cell) in LIBRARIES.iter().zip(row) {
            let cell = cell.as_ref().map_or_else(|| "–".to_owned(), |cell| word(*operation, library, cell));
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text.push_str("\n</details>\n\n");
}

/// A line of prose in lines of at most 120 columns. Tables and tags stay as they are.
fn wrapped(line: &str) -> String {
    if line.starts_with(['|', '<']) {
        return format!("{line}\n");
    }
    let options = Options::new(120)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    format!("{}\n", textwrap::fill(line, options))
}

/// At which operations it holds.
fn places(holds: impl Fn(Operation) -> bool) -> String {
    let names: Vec<_> = Operation::ALL.into_iter().filter(|kind| holds(*kind)).map(Operation::name).collect();
    if names.is_empty() { "nowhere".to_owned() } else { format!("at {}", names.join(", ")) }
}

fn exactly(value: f64) -> Spread {
    Spread { lower: value, median: value, upper: value }
}

fn ratio_of(Spread { lower, median, upper }: Spread) -> String {
    if lower < upper { format!("{median:.2} ({lower:.2}–{upper:.2})") } else { format!("{median:.2}") }
}

fn micros(samples: &Samples) -> String {
    let Spread { lower, median, upper } = samples.spread();
    format!("{:.2} ({:.2}–{:.2})", median / 1e3, lower / 1e3, upper / 1e3)
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
