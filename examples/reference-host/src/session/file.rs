//! Sessions in a SQLite file, beside the store's tables.

use grantor::model::{Digest, Subject};
use grantor::{Timestamp, Unavailable};
use grantor_sqlite::SqliteStore;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{MAX_SESSIONS, Session};

/// The number of sessions that are purged at a time.
const PURGE_BATCH: usize = 1000;

/// The tables. `host_key` has one row: the key of the seal for open pages.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS host_session (
        key BLOB NOT NULL UNIQUE,
        subject TEXT NOT NULL,
        login_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS host_session_of_subject ON host_session (subject);
    CREATE INDEX IF NOT EXISTS host_session_by_end ON host_session (expires_at);
    CREATE TABLE IF NOT EXISTS host_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT;
";

/// The store's file.
#[derive(Debug)]
pub(super) struct SessionFile(SqliteStore);

impl SessionFile {
    /// Makes the tables, unless they exist, and stores this key, unless there is one. Returns the stored key too.
    pub(super) fn prepare(store: SqliteStore, key: [u8; 32]) -> Result<(Self, [u8; 32]), Unavailable> {
        let key = store.write(move |connection| prepare(connection, &key))?;
        Ok((Self(store), key))
    }

    pub(super) async fn find(&self, key: Digest) -> Result<Option<Session>, Unavailable> {
        self.0.read_async(move |connection| find(connection, &key)).await
    }

    pub(super) async fn start(&self, before: Option<Digest>, key: Digest, session: Session) -> Result<(), Unavailable> {
        self.0.write_async(move |connection| start(connection, before.as_ref(), &key, &session)).await
    }

    pub(super) async fn end_all(&self, subject: Subject) -> Result<(), Unavailable> {
        self.0.write_async(move |connection| end_all(connection, &subject)).await
    }

    pub(super) async fn purge(&self, now: Timestamp) -> Result<(), Unavailable> {
        while self.0.write_async(move |connection| purge(connection, now, PURGE_BATCH)).await? == PURGE_BATCH {}
        Ok(())
    }
}

fn prepare(connection: &Connection, key: &[u8; 32]) -> rusqlite::Result<[u8; 32]> {
    connection.execute_batch(TABLES)?;
    connection.execute("INSERT OR IGNORE INTO host_key (id, key) VALUES (1, ?)", [key])?;
    connection.query_row("SELECT key FROM host_key", [], |row| row.get(0))
}

fn find(connection: &Connection, key: &Digest) -> rusqlite::Result<Option<Session>> {
    let mut statement =
        connection.prepare_cached("SELECT subject, login_at, expires_at FROM host_session WHERE key = ?")?;
    statement.query_row([key.as_bytes()], session).optional()
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    let subject: String = row.get(0)?;
    let subject = Subject::parse(&subject)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into()))?;
    let time = |column| Ok::<_, rusqlite::Error>(Timestamp(row.get::<_, i64>(column)?.try_into().unwrap_or(0)));
    Ok(Session { subject, login_at: time(1)?, expires_at: time(2)? })
}

fn start(connection: &Connection, before: Option<&Digest>, key: &Digest, session: &Session) -> rusqlite::Result<()> {
    if let Some(before) = before {
        connection.execute("DELETE FROM host_session WHERE key = ?", [before.as_bytes()])?;
    }
    let Session { subject, login_at, expires_at } = session;
    connection.execute(
        "INSERT INTO host_session (key, subject, login_at, expires_at) VALUES (?, ?, ?, ?)",
        params![key.as_bytes(), subject.as_str(), seconds(*login_at), seconds(*expires_at)],
    )?;
    // Sessions are ordered by insertion, since the clock may have gone back.
    connection.execute(
        "DELETE FROM host_session WHERE rowid IN
         (SELECT rowid FROM host_session WHERE subject = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
        params![subject.as_str(), i64::try_from(MAX_SESSIONS).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}

fn end_all(connection: &Connection, subject: &Subject) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM host_session WHERE subject = ?", [subject.as_str()]).map(drop)
}

fn purge(connection: &Connection, now: Timestamp, limit: usize) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM host_session WHERE rowid IN (SELECT rowid FROM host_session WHERE expires_at <= ? LIMIT ?)",
        params![seconds(now), i64::try_from(limit).unwrap_or(i64::MAX)],
    )
}

fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}
