//! Which files are opened, and which are refused.

use std::path::Path;

use grantor_sqlite::{OpenReason, SqliteStore};

use crate::common::fresh;

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    let _store = fresh(&directory);
    for file in std::fs::read_dir(directory.path()).expect("a directory") {
        let file = file.expect("a file");
        assert_eq!(file.metadata().expect("metadata").permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_schema_of_a_later_release_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("later.sqlite");
    let version = |file: &Path| {
        let connection = rusqlite::Connection::open(file).expect("a file");
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).expect("a version")
    };
    drop(SqliteStore::open(&file).expect("a store"));
    drop(SqliteStore::open(&file).expect("the same store again"));
    assert_eq!(version(&file), 2);
    let connection = rusqlite::Connection::open(&file).expect("a file");
    connection.pragma_update(None, "user_version", 7).expect("a version is written");
    let error = SqliteStore::open(&file).expect_err("it is refused");
    assert!(matches!(error.reason(), OpenReason::Newer(7)), "{error}");
    assert_eq!(version(&file), 7);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("text");
    std::fs::write(&file, "this is not a database, and it is long enough to be looked at as one").expect("a file");
    let error = SqliteStore::open(&file).expect_err("it is refused");
    assert!(matches!(error.reason(), OpenReason::NotADatabase), "{error}");
}
