//! Looking through a file for damage before it is used.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::open::OpenReason;

/// How long a file is looked through. Pages and records of half a gigabyte are read in this time; a larger file is to
/// be looked through where it keeps no server from starting.
const CHECK_TIME: Duration = Duration::from_secs(5);

/// From what is soon known to what takes long: whether pages are what they should be, whether records can be read, and
/// whether each index says what its table does.
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
