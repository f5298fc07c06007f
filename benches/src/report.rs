//! The findings in Markdown.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::Command;

use textwrap::{Options, WordSeparator, WordSplitter};

use crate::batch::{LIBRARIES, Measured};
use crate::crowd::{Crowd, Crowds};
use crate::measure::{Samples, Spread};
use crate::scenario::Operation;
use crate::size::Program;

pub type Row<T> = [Option<T>; LIBRARIES.len()];

const BY_HAND: usize = 0;
const GRANTOR: usize = 1;
const OAUTH_AS: usize = 3;
const OXIDE_AUTH: usize = 4;

/// All that was measured.
pub struct Findings {
    pub times: Vec<(Operation, Row<Samples>)>,
    /// Allocations and bytes.
    pub allocations: HashMap<Operation, Row<(u64, u64)>>,
    pub instructions: Vec<(Operation, Row<u64>)>,
    /// Instructions of a SHA-256 over one block.
    pub block: Option<u64>,
    /// Nanoseconds of it.
    pub block_time: f64,
    /// Bytes per live token.
    pub memory: Row<u64>,
    pub two_threads: [(&'static str, Spread); 3],
    pub crowds: Crowds,
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

    /// In time, but for those blocks of SHA-256 that the other does not compute.
    fn time_without_blocks(&self, kind: Operation, one: usize, other: usize) -> Option<Spread> {
        let (_, row) = self.times.iter().find(|(measured, _)| *measured == kind)?;
        let blocks = |library: usize| (LIBRARIES[library].blocks)(kind);
        let more = |library, than| blocks(library).saturating_sub(blocks(than)) as f64 * self.block_time;
        Some(row[one].as_ref()?.less(more(one, other)).over(&row[other].as_ref()?.less(more(other, one))))
    }

    /// The instructions of grantor besides SHA-256.
    fn rest(&self, kind: Operation) -> Option<f64> {
        let (_, row) = self.instructions.iter().find(|(counted, _)| *counted == kind)?;
        let blocks = (LIBRARIES[GRANTOR].blocks)(kind) as u64;
        Some(row[GRANTOR]?.saturating_sub(blocks * self.block?) as f64)
    }

    fn goals(&self, text: &mut String) {
        let mut goals = Vec::new();
        for (kind, other, must, wish) in [
            (Operation::Code, OAUTH_AS, 0.5, 0.45),
            (Operation::ClientCredentials, OAUTH_AS, 0.55, 0.45),
            (Operation::Refresh, OAUTH_AS, 0.56, 0.5),
            (Operation::Authorize, OAUTH_AS, 1.0, 0.85),
            (Operation::Introspect, OAUTH_AS, 0.52, 0.45),
            (Operation::Revoke, OAUTH_AS, 0.45, 0.4),
            (Operation::Code, BY_HAND, 2.0, 1.8),
            (Operation::Check, OXIDE_AUTH, 0.65, 0.6),
        ] {
            goals.push(Goal {
                name: format!("{}, time / {}", kind.name(), LIBRARIES[other].name),
                wanted: [must, wish],
                measured: self.time(kind, GRANTOR, other),
                without_blocks: self.time_without_blocks(kind, GRANTOR, other),
            });
        }
        let goal =
            |name: &str, wanted, measured| Goal { name: name.to_owned(), wanted, measured, without_blocks: None };
        if let [few, .., many] = self.crowds.crowds.as_slice() {
            let misses = many.check.beyond(&few.check, &self.crowds.miss);
            goals.push(goal("bearer check, what 10⁶ tokens add to 10³, in dependent misses", [2.5, 2.2], Some(misses)));
        }
        for (kind, wanted) in [
            (Operation::Code, [14_000.0, 12_500.0]),
            (Operation::Refresh, [12_000.0, 11_000.0]),
            (Operation::ClientCredentials, [10_500.0, 9_500.0]),
            (Operation::Check, [2_700.0, 2_600.0]),
        ] {
            let name = format!("{}, instructions besides SHA-256", kind.name());
            goals.push(goal(&name, wanted, self.rest(kind).map(exactly)));
        }
        let allocations = |kind, one: usize| self.allocations.get(&kind).and_then(|row| row[one]);
        for (kind, most) in [(Operation::Code, 0.18), (Operation::Refresh, 0.21), (Operation::ClientCredentials, 0.35)]
        {
            let ratio = || Some(allocations(kind, GRANTOR)?.0 as f64 / allocations(kind, OAUTH_AS)?.0 as f64);
            let name = format!("{}, allocations / oauth-as", kind.name());
            goals.push(goal(&name, [most, most], ratio().map(exactly)));
        }
        let check = allocations(Operation::Check, GRANTOR).map(|(count, _)| exactly(count as f64));
        goals.push(goal("bearer check, allocations", [0.0, 0.0], check));
        let bytes = self.memory[GRANTOR].map(|bytes| exactly(bytes as f64));
        goals.push(goal("bytes per live token in memory", [400.0, 300.0], bytes));
        text.push_str(
            "| goal | at most | wish | measured | without blocks of SHA-256 that the other does not compute | |\n",
        );
        text.push_str("|---|---|---|---|---|---|\n");
        for Goal { name, wanted: [must, wish], measured, without_blocks } in goals {
            let Some(measured) = measured else { continue };
            let met = match measured.median {
                median if median <= wish => "met, and the wish",
                median if median <= must => "met",
                _ => "missed",
            };
            let without = without_blocks.map(ratio_of).unwrap_or_default();
            let _ = writeln!(text, "| {name} | {must} | {wish} | {} | {without} | {met} |", ratio_of(measured));
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
        let miss = micros(&self.crowds.miss);
        let _ = write!(
            text,
            "**More tokens**, in µs per request. A cache miss that depends on the one before took {miss} beside it.\n\n\
             | live tokens | client credentials | bearer check | with empty caches |\n|---|---|---|---|\n"
        );
        for Crowd { tokens, client_credentials, check, cold_check } in &self.crowds.crowds {
            let (tokens, issued) = (thousands(*tokens as u64), micros(client_credentials));
            let _ = writeln!(text, "| {tokens} | {issued} | {} | {} |", micros(check), micros(cold_check));
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

/// A figure that must be at most so much, and better less.
struct Goal {
    name: String,
    wanted: [f64; 2],
    measured: Option<Spread>,
    without_blocks: Option<Spread>,
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
