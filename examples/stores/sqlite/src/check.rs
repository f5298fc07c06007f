//! The check of a file for damage before it is used.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::open::OpenReason;

/// The time for checking a file, which is enough for the pages and records of half a gigabyte. A larger file should be
/// checked elsewhere, so that it does not keep a server from starting.
const CHECK_TIME: Duration = Duration::from_secs(5);

/// Checks pages, records and indexes, in the order of the time that it takes: that pages are valid, that records can be
/// read, and that each index agrees with its table.
pub(crate) fn check(connection: &mut Connection) -> Result<(), OpenReason> {
    let started = Instant::now();
    connection.progress_handler(1000, Some(move || started.elapsed() > CHECK_TIME))?;
    let found = pragma(connection, "quick_check")
        .and_then(|()| records(connection))
        .and_then(|()| pragma(connection, "integrity_check"));
    connection.progress_handler(0, None::<fn() -> bool>)?;
    match found {
        Err(OpenReason::Sqlite(error)) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
        found => found,
    }
}

fn pragma(connection: &Connection, name: &str) -> Result<(), OpenReason> {
    let found: String = connection.query_row(&format!("PRAGMA {name}(1)"), [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(OpenReason::Damaged(in_one_line(&found))) }
}

fn records(connection: &Connection) -> Result<(), OpenReason> {
    // An earlier version has fewer tables.
    let sql = "SELECT name FROM sqlite_schema WHERE name IN ('clients', 'grants', 'credentials', 'requests')";
    let mut tables = connection.prepare(sql)?;
    for table in tables.query_map([], |row| row.get::<_, String>(0))? {
        let table = table?;
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE NOT json_valid(record))");
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Err(OpenReason::Damaged(format!("one of its {table} cannot be read")));
        }
    }
    Ok(())
}

fn in_one_line(found: &str) -> String {
    let lines = found.lines().filter(|line| !line.starts_with("***"));
    lines.collect::<Vec<_>>().join("; ")
}
