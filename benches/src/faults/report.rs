//! Writes what was seen into docs/load.md.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::faults::Seen;

const BEGIN: &str = "<!-- faults: written by `cargo run --release -p benches --bin faults` -->\n";
const END: &str = "<!-- /faults -->";

/// Puts the rows between the markers of that page.
pub fn write(page: &Path, surroundings: &str, rows: &[Seen]) -> io::Result<()> {
    let text = fs::read_to_string(page)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        parts.ok_or_else(|| io::Error::other(format!("{}: the markers are missing", page.display())))?;
    let mut table =
        format!("\n## Faults\n\n{surroundings}.\n\n| | what goes wrong | expected | seen |\n|---|---|---|---|\n");
    for row in rows {
        let mark = mark(row);
        let seen = row.seen.replace('|', "\\|").replace('\n', " ");
        let _ = writeln!(table, "| {mark} | {} | {} | {seen} |", row.fault, row.expected);
    }
    fs::write(page, format!("{before}{BEGIN}{table}\n{END}{after}"))
}

/// `✔` or `✘`.
pub fn mark(row: &Seen) -> &'static str {
    if row.holds { "✔" } else { "✘" }
}
