//! Writes what was measured into docs/load.md.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::load::Verdict;
use crate::load::cell::{Cell, Row, median};
use crate::load::purge::Purges;
use crate::load::readers::Readers;

const BEGIN: &str = "<!-- load: written by `cargo run --release -p benches --bin load` -->\n";
const END: &str = "<!-- /load -->";

/// Everything that was measured; what was not is empty.
#[derive(Debug, Default)]
pub struct Findings {
    /// Servers that keep everything in memory.
    pub memory: Vec<Row>,
    /// Servers on SQLite.
    pub sqlite: Vec<Row>,
    /// Readers beside writers that wait.
    pub readers: Option<Readers>,
    /// Traffic beside a purge.
    pub purges: Option<Purges>,
    /// What is judged.
    pub verdicts: Vec<Verdict>,
    /// How long a turn was, how many there were, on which cores.
    pub how: String,
}

/// A row in one line, for whoever waits.
pub fn line(row: &Row) -> String {
    let mut line = format!("{}, {} live, {} connections:", row.operation.name(), row.live, row.connections);
    for cell in &row.cells {
        let _ = write!(line, "  {} {}", cell.name, figures(cell));
        let _ = write!(line, "{}", cell.faults.iter().map(|fault| format!(" ({fault})")).collect::<String>());
    }
    line
}

/// Requests per second, p50 and p99 in milliseconds, and CPU in microseconds: the median of the rounds of each.
fn figures(cell: &Cell) -> String {
    let of = |values: &[f64]| median(values.iter().copied());
    format!("{:.0}/s {:.2}/{:.2} ms {:.0} µs", of(&cell.rates), of(&cell.p50), of(&cell.p99), of(&cell.cpu))
}

impl Findings {
    /// The page's part, as Markdown.
    pub fn markdown(&self) -> String {
        let mut page = format!("{}.\n\n", self.how);
        if !self.verdicts.is_empty() {
            page.push_str("## Judged\n\n| | what | measured | asked |\n|---|---|---|---|\n");
            for verdict in &self.verdicts {
                let (mark, value, asked) = (verdict.mark(), verdict.value, verdict.asked());
                let _ = writeln!(page, "| {mark} | {} | {value:.2} | {asked} |", verdict.what);
            }
        }
        table(&mut page, "Everything in memory", &self.memory);
        table(&mut page, "SQLite, every commit on the disk before it is acknowledged", &self.sqlite);
        if let Some(readers) = &self.readers {
            let list = |values: &[f64]| values.iter().map(|value| format!("{value:.2}")).collect::<Vec<_>>().join(", ");
            let (without, with) = (list(&readers.without), list(&readers.with));
            let _ = write!(
                page,
                "\n## Readers beside 600 writers that wait\n\np99 of introspection at 16 connections in milliseconds, by round: \
                 {without} without; {with} while another process has locked the database, at {:.0} requests per second.\n",
                median(readers.rates.iter().copied())
            );
            faults(&mut page, &readers.faults);
        }
        if let Some(purges) = &self.purges {
            let list = |values: &[f64]| values.iter().map(|value| format!("{value:.1}")).collect::<Vec<_>>().join(", ");
            let _ = write!(
                page,
                "\n## Traffic beside a purge\n\nThe slowest of all requests of 4 connections that write and 4 that read, in \
                 milliseconds, by run: {} without a purge; {} while {} tokens that have expired are purged. Rows \
                 in the file before: {:?}; those of them that were left: {:?}.\n",
                list(&purges.without),
                list(&purges.with),
                purges.expired,
                purges.before,
                purges.left
            );
            faults(&mut page, &purges.faults);
        }
        page
    }

    /// Puts it between the markers of that page.
    pub fn write(&self, page: &Path) -> io::Result<()> {
        let text = fs::read_to_string(page)?;
        let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let missing = || io::Error::other(format!("{}: the markers are missing", page.display()));
        let (before, after) = parts.ok_or_else(missing)?;
        fs::write(page, format!("{before}{BEGIN}\n{}\n{END}{after}", self.markdown()))
    }
}

fn table(page: &mut String, title: &str, rows: &[Row]) {
    let Some(widest) = rows.iter().max_by_key(|row| row.cells.len()) else { return };
    let names: Vec<&str> = widest.cells.iter().map(|cell| cell.name).collect();
    let _ = write!(page, "\n## {title}\n\n| live tokens | operation | connections |");
    for name in &names {
        let _ = write!(page, " {name} |");
    }
    for name in names.iter().skip(1) {
        let _ = write!(page, " ÷ {name} |");
    }
    let _ = writeln!(page, "\n|---|---|---|{}", "---|".repeat(2 * names.len() - 1));
    for row in rows {
        let _ = write!(page, "| {} | {} | {} |", row.live, row.operation.name(), row.connections);
        for name in &names {
            let cell = row.cells.iter().find(|cell| cell.name == *name);
            let words = cell.map_or_else(|| "–".to_owned(), |cell| format!("{} {} MB", figures(cell), cell.memory));
            let _ = write!(page, " {words} |");
        }
        for name in names.iter().skip(1) {
            let ratio = row.ratio(name).map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
            let _ = write!(page, " {ratio} |");
        }
        page.push('\n');
    }
    let noted = rows.iter().flat_map(|row| {
        row.cells.iter().filter(|cell| !cell.faults.is_empty()).map(move |cell| {
            let (operation, live, connections) = (row.operation.name(), row.live, row.connections);
            format!("{}, {operation}, {live} live, {connections} connections: {}", cell.name, cell.faults.join("; "))
        })
    });
    faults(page, &noted.collect::<Vec<_>>());
}

fn faults(page: &mut String, faults: &[String]) {
    if !faults.is_empty() {
        page.push_str("\nNot right:\n");
    }
    for fault in faults {
        let _ = writeln!(page, "- {fault}");
    }
}

/// The machine, its load at the start, and the commit.
pub fn surroundings(root: &Path) -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models =
        processors.lines().filter_map(|line| line.strip_prefix("model name")).filter_map(|line| line.split_once(": "));
    let models: Vec<&str> = models.map(|(_, model)| model).collect();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(root).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let commit = said("git", &["describe", "--always", "--dirty"]);
    let day = said("date", &["--utc", "+%Y-%m-%d %H:%M UTC"]);
    let (cores, model) = (models.len(), models.first().copied().unwrap_or("an unknown processor"));
    format!("{day}, commit {commit}, {cores} × {model}, load average {load} at the start")
}
