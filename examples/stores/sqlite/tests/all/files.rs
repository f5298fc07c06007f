//! Which files are opened, and which are refused.

use std::fs;
use std::path::{Path, PathBuf};

use grantor::store::{Commit, Outcome, Store};
use grantor_sqlite::{OpenReason, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::common::{fresh, witness};

/// A file with so many credentials in it, closed.
fn filled(directory: &TempDir, rows: u16) -> PathBuf {
    let file = directory.path().join("filled.sqlite");
    let store = SqliteStore::open(&file).expect("a store");
    let record = r#"{"version":1,"kind":"access_token","scope":"read","claims":{"tenant":"acme and others"}}"#;
    let insert = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
         INSERT INTO credentials (partition, digest, grant_id, record, revision, expires_at)
         SELECT random() & 65535, randomblob(32), randomblob(18), '{record}', 0, 500 FROM n"
    );
    store.write(move |it| it.execute(&insert, [rows])).expect("they are written");
    file
}

fn places(bytes: &[u8], of: &[u8]) -> Vec<usize> {
    (0..bytes.len()).filter(|at| bytes[*at..].starts_with(of)).collect()
}

/// Why a file is refused, in one line in which its path stands once.
fn refusal(file: &Path) -> String {
    let error = SqliteStore::open(file).expect_err("it is refused").to_string();
    assert_eq!(error.matches(&file.display().to_string()).count(), 1, "{error}");
    assert!(!error.contains('\n'), "{error}");
    error
}

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
    assert_eq!(version(&file), 4);
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

/// A write that was cut off, a disk that lost a page, a copy that was not whole.
#[test]
fn r97_a_damaged_file_is_refused() {
    type Damage = fn(&mut Vec<u8>);
    let cases: [(&str, Damage); 9] = [
        ("a header of other bytes", |bytes| bytes[..100].fill(0x5a)),
        ("a first page of zeros", |bytes| bytes[..4096].fill(0)),
        ("cut in the middle", |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut within a page", |bytes| bytes.truncate(bytes.len() - 1000)),
        ("a page of zeros", |bytes| bytes[40 * 4096..41 * 4096].fill(0)),
        ("other bytes in each page", |bytes| {
            for page in bytes.chunks_mut(4096).skip(1) {
                page[1000..1064].fill(0xa5);
            }
        }),
        // In each record, since the one that is found may be a copy that SQLite has left behind.
        ("other bytes in records", |bytes| {
            for at in places(bytes, b"tenant") {
                bytes[at..at + 6].fill(0x07);
            }
        }),
        ("other keys", |bytes| {
            for at in places(bytes, b"{\"version") {
                bytes[at - 30..at - 20].fill(0x07);
            }
        }),
        ("two pages in each other's place", |bytes| {
            let (left, right) = bytes.split_at_mut(60 * 4096);
            left[50 * 4096..51 * 4096].swap_with_slice(&mut right[..4096]);
        }),
    ];
    for (case, damage) in cases {
        let directory = tempfile::tempdir().expect("a directory");
        let file = filled(&directory, 10_000);
        let mut bytes = fs::read(&file).expect("it is read");
        damage(&mut bytes);
        fs::write(&file, &bytes).expect("it is damaged");
        let error = refusal(&file);
        assert!(error.contains("damaged"), "{case}: {error}");
        assert_eq!(fs::read(&file).expect("it is read"), bytes, "{case}: it is left alone");
    }
}

#[test]
fn r97_a_file_that_would_be_taken_for_an_empty_store_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let empty = directory.path().join("empty.sqlite");
    fs::write(&empty, "").expect("a file");
    assert!(refusal(&empty).contains("empty"));

    let blank = directory.path().join("blank.sqlite");
    Connection::open(&blank).expect("a file").execute_batch("PRAGMA user_version = 0; VACUUM").expect("a header");
    assert!(refusal(&blank).contains("empty"));

    // Somebody removed the file, and not its log.
    let gone = filled(&directory, 10);
    fs::write(directory.path().join("filled.sqlite-wal"), "what was written last").expect("a log");
    fs::remove_file(&gone).expect("it is removed");
    let error = SqliteStore::open(&gone).expect_err("it is refused");
    assert!(matches!(error.reason(), OpenReason::OnlyLog(_)), "{error}");
    assert!(!gone.exists());
}

#[test]
fn r97_a_file_of_another_program_is_refused_and_left_alone() {
    let cases = [
        "CREATE TABLE bookmarks (url TEXT)",
        "CREATE TABLE clients (id TEXT); CREATE TABLE grants (id TEXT); PRAGMA user_version = 1",
        "CREATE TABLE bookmarks (url TEXT); PRAGMA user_version = 2",
        "PRAGMA application_id = 7; CREATE TABLE t (x)",
        "PRAGMA application_id = 7",
    ];
    for sql in cases {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("other.sqlite");
        Connection::open(&file).expect("a file").execute_batch(sql).expect("its tables");
        let before = fs::read(&file).expect("it is read");
        let error = SqliteStore::open(&file).expect_err("it is refused");
        assert!(matches!(error.reason(), OpenReason::Foreign), "{sql}: {error}");
        assert_eq!(fs::read(&file).expect("it is read"), before, "{sql}");
    }
}

#[test]
fn why_a_path_leads_to_no_file_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = filled(&directory, 1);
    let cases = [
        (directory.path().join("missing/store.sqlite"), "its folder does not exist"),
        (directory.path().to_owned(), "it is no file"),
        (file.join("below"), "Not a directory"),
    ];
    for (path, reason) in cases {
        let error = refusal(&path);
        assert!(error.contains(reason), "{error}");
    }
    assert!(SqliteStore::open("").is_err());
}

/// These are names that SQLite takes for something else.
#[test]
fn a_name_is_the_name_of_a_file() {
    let directory = tempfile::tempdir().expect("a directory");
    for name in [":memory:", "file:store?mode=memory", "a%20b", "ä ö?#.sqlite"] {
        let file = directory.path().join(name);
        let store = SqliteStore::open(&file).expect("a store");
        assert_eq!(store.commit(&Commit::of(witness(1))), Ok(Outcome::Applied));
        drop(store);
        let store = SqliteStore::open(&file).expect("the same store");
        assert_eq!(store.commit(&Commit::of(witness(1))), Ok(Outcome::Conflict(0)), "{name}");
    }
}

#[test]
fn of_many_that_make_a_file_at_once_all_use_the_same_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("new.sqlite");
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let open = || SqliteStore::open(&file).expect("a store").commit(&Commit::of(witness(1)));
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(Outcome::Applied)).count(), 1, "{outcomes:?}");
    let names: Vec<_> =
        fs::read_dir(directory.path()).expect("a directory").map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(names, ["new.sqlite"], "nothing else is left");
}

/// Nobody makes files in `/proc`, whoever he is.
#[cfg(target_os = "linux")]
#[test]
fn why_a_file_cannot_be_made_is_told_and_no_other_file_is_named() {
    let error = refusal(Path::new("/proc/store.sqlite"));
    assert!(error.contains("not found") && !error.contains(".new"), "{error}");
}

#[test]
fn a_file_that_is_held_elsewhere_is_opened_all_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = filled(&directory, 1);
    // As long as a connection is open the file stays in WAL mode, where readers wait for nobody.
    let other = Connection::open(&file).expect("another connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("it holds the file");
    let store = SqliteStore::open(&file).expect("a store");
    let rows = store.read(|it| it.query_row("SELECT count(*) FROM credentials", [], |row| row.get::<_, i64>(0)));
    assert_eq!(rows, Ok(1));
}

#[cfg(unix)]
#[test]
fn what_others_may_do_with_a_file_is_taken_away() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    let file = filled(&directory, 1);
    let mode = |file: &Path| fs::metadata(file).expect("metadata").permissions().mode() & 0o777;
    for before in [0o644, 0o666, 0o640, 0o604, 0o755] {
        fs::set_permissions(&file, fs::Permissions::from_mode(before)).expect("its mode");
        let _store = SqliteStore::open(&file).expect("a store");
        for name in ["filled.sqlite", "filled.sqlite-wal", "filled.sqlite-shm"] {
            assert_eq!(mode(&directory.path().join(name)) & 0o077, 0, "{name} {before:o}");
        }
    }
}
