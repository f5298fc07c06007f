//! The findings in Markdown.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::Command;

use crate::batch::LIBRARIES;
use crate::measure::Spread;
use crate::scale::Crowd;
use crate::scenario::Operation;
use crate::size::Program;

pub type Row<T> = [Option<T>; LIBRARIES.len()];

const FLOOR: usize = 0;
const GRANTOR: usize = 1;
const OAUTH_AS: usize = 2;
const OXIDE_AUTH: usize = 3;

/// All that was measured.
pub struct Findings {
    pub times: Vec<(Operation, Row<Spread>)>,
    /// Allocations and bytes.
    pub allocations: HashMap<Operation, Row<(u64, u64)>>,
    pub instructions: Vec<(Operation, Row<u64>)>,
    /// Bytes per live token.
    pub memory: Row<u64>,
    pub two_threads: [(&'static str, Spread); 3],
    pub crowds: Vec<Crowd>,
    pub programs: Vec<Program>,
}

impl Findings {
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let _ = write!(text, "{}\n\n![time per request, as bars](docs/speed.svg)\n\n", introduction());
        self.goals(&mut text);
        table(&mut text, "Time in µs: median (quartiles)", &self.times, |spread| {
            format!("{:.2} ({:.2}–{:.2})", spread.median / 1e3, spread.lower / 1e3, spread.upper / 1e3)
        });
        let allocations: Vec<_> =
            Operation::ALL.iter().filter_map(|kind| Some((*kind, *self.allocations.get(kind)?))).collect();
        table(&mut text, "Allocations (bytes)", &allocations, |(count, bytes)| format!("{count} ({bytes})"));
        table(
            &mut text,
            "Instructions, by valgrind, which has no SHA-NI: each SHA-256 is 3,370 of them",
            &self.instructions,
            |count| thousands(*count),
        );
        self.scale(&mut text);
        text
    }

    fn goals(&self, text: &mut String) {
        let time = |kind, one: usize, other: usize| {
            let (_, row) = self.times.iter().find(|(measured, _)| *measured == kind)?;
            Some(row[one]?.median / row[other]?.median)
        };
        let allocations = |kind, other: usize| {
            let row = self.allocations.get(&kind)?;
            Some(row[GRANTOR]?.0 as f64 / row[other]?.0 as f64)
        };
        let growth = |cost: fn(&Crowd) -> f64| Some(cost(self.crowds.last()?) / cost(self.crowds.first()?));
        let check = self.allocations.get(&Operation::Check).and_then(|row| row[GRANTOR]).map(|(count, _)| count as f64);
        let mut goals = Vec::new();
        for kind in [Operation::Code, Operation::Refresh, Operation::ClientCredentials] {
            goals.push((format!("{}, time / oauth-as", kind.name()), time(kind, GRANTOR, OAUTH_AS), Goal::AtMost(0.4)));
            goals.push((
                format!("{}, allocations / oauth-as", kind.name()),
                allocations(kind, OAUTH_AS),
                Goal::AtMost(0.4),
            ));
        }
        let [(_, shared), (_, apart), _] = self.two_threads;
        goals.extend([
            ("code exchange, time / floor".to_owned(), time(Operation::Code, GRANTOR, FLOOR), Goal::AtMost(1.5)),
            ("bearer check, allocations".to_owned(), check, Goal::AtMost(0.0)),
            (
                "bearer check, time / oxide-auth".to_owned(),
                time(Operation::Check, GRANTOR, OXIDE_AUTH),
                Goal::AtMost(0.5),
            ),
            (
                "client credentials, 10⁶ / 10³ live tokens".to_owned(),
                growth(|crowd| crowd.client_credentials.median),
                Goal::AtMost(1.3),
            ),
            ("bearer check, 10⁶ / 10³ live tokens".to_owned(), growth(|crowd| crowd.check.median), Goal::AtMost(1.3)),
            ("two threads on one store / one".to_owned(), Some(shared.median), Goal::AtLeast(1.7)),
            (
                "two threads on one store / on a store each".to_owned(),
                Some(shared.median / apart.median),
                Goal::AtLeast(0.85),
            ),
        ]);
        text.push_str("| goal | wanted | measured | |\n|---|---|---|---|\n");
        for (name, measured, goal) in goals {
            let Some(measured) = measured else { continue };
            let (wanted, met) = match goal {
                Goal::AtMost(most) => (format!("at most {most}"), measured <= most),
                Goal::AtLeast(least) => (format!("at least {least}"), measured >= least),
            };
            let met = if met { "met" } else { "missed" };
            let _ = writeln!(text, "| {name} | {wanted} | {measured:.2} | {met} |");
        }
        text.push('\n');
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
        for (name, Spread { lower, median, upper }) in self.two_threads {
            let _ = write!(text, " {median:.2} ({lower:.2}–{upper:.2}) with {name},");
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
    format!(
        "Measured on {date} on {model}, {cores} cores, by {rust}: an `http::Request` goes in, an `http::Response` comes out, in \
         one process, with each library's own memory store, in rounds that take turns. *Floor* is what the operation cannot do \
         without (reading the same form, as many SHA-256s and map operations, the same random bytes) and nothing else: it checks \
         nothing and answers nothing. oxide-auth keeps plain tokens in maps that need `&mut`; it does neither the hashes nor \
         the locks of the others. `cargo run --release -p benches` measures again and writes this section."
    )
}

fn table<T>(text: &mut String, title: &str, rows: &[(Operation, Row<T>)], word: impl Fn(&T) -> String) {
    let names = LIBRARIES.map(|library| library.name).join(" | ");
    let _ =
        write!(text, "<details><summary>{title}</summary>\n\n| | {names} |\n|---{}|\n", "|---".repeat(LIBRARIES.len()));
    for (operation, row) in rows {
        let cells = row.each_ref().map(|cell| cell.as_ref().map_or_else(|| "–".to_owned(), &word)).join(" | ");
        let _ = writeln!(text, "| {} | {cells} |", operation.name());
    }
    text.push_str("\n</details>\n\n");
}

fn micros(Spread { lower, median, upper }: &Spread) -> String {
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
