//! The tables, and the upgrades of earlier releases' tables.

use rusqlite::{Connection, TransactionBehavior};

use crate::open::OpenReason;

/// The mark of this program's files: `gran`, in `PRAGMA application_id`.
pub(crate) const APPLICATION_ID: i32 = 0x6772_616e;

/// The schema that this program writes, kept in `PRAGMA user_version`.
pub(crate) const SCHEMA_VERSION: i64 = 4;

/// The upgrades from each version to the next, starting with an empty file. A released step never changes.
const STEPS: [&str; 4] = [VERSION_1, VERSION_2, VERSION_3, VERSION_4];

/// The tables of version 1. `STRICT` makes SQLite check the types; `WITHOUT ROWID` keeps each row in the index that
/// finds it.
const VERSION_1: &str = "
    CREATE TABLE grants (
        id BLOB PRIMARY KEY,
        partition INTEGER NOT NULL,
        record TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        revoked INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE credentials (
        partition INTEGER NOT NULL,
        digest BLOB NOT NULL,
        grant_id BLOB NOT NULL,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL,
        spent_at INTEGER,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (partition, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE witnesses (
        partition INTEGER NOT NULL,
        digest BLOB NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (partition, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE clients (
        client_id TEXT PRIMARY KEY,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX grants_by_expiry ON grants (expires_at);
    CREATE INDEX credentials_by_expiry ON credentials (expires_at);
    CREATE INDEX witnesses_by_expiry ON witnesses (expires_at);
";

/// Pending requests; grants by subject and by client; the number of times that a spent credential was used again.
const VERSION_2: &str = "
    CREATE TABLE requests (
        partition INTEGER NOT NULL,
        digest BLOB NOT NULL,
        user_code BLOB,
        client_id TEXT NOT NULL,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL,
        spent_at INTEGER,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (partition, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX requests_by_user_code ON requests (partition, user_code) WHERE user_code IS NOT NULL;
    CREATE INDEX requests_by_expiry ON requests (expires_at);
    ALTER TABLE grants ADD COLUMN subject TEXT;
    ALTER TABLE grants ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
    UPDATE grants SET subject = json_extract(record, '$.subject'), client_id = json_extract(record, '$.client_id');
    CREATE INDEX grants_by_subject ON grants (subject, client_id) WHERE subject IS NOT NULL;
    CREATE INDEX grants_by_client ON grants (client_id);
    ALTER TABLE credentials ADD COLUMN reuses INTEGER NOT NULL DEFAULT 0;
";

/// Rows that are appended, and small indexes that find them. Keys are random: rows that are kept by their keys spread
/// over the whole file, so that each commit writes its own pages.
///
/// A grant's credentials need no index: few are in its partition, with which their primary key begins.
const VERSION_3: &str = "
    ALTER TABLE grants RENAME TO grants_2;
    CREATE TABLE grants (
        id BLOB PRIMARY KEY NOT NULL,
        partition INTEGER NOT NULL,
        subject TEXT,
        client_id TEXT NOT NULL DEFAULT '',
        record TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        revoked INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    INSERT INTO grants (id, partition, subject, client_id, record, expires_at, revoked)
        SELECT id, partition, subject, client_id, record, expires_at, revoked FROM grants_2;
    DROP TABLE grants_2;
    CREATE INDEX grants_by_expiry ON grants (expires_at);
    CREATE INDEX grants_by_subject ON grants (subject, client_id, id) WHERE subject IS NOT NULL;
    CREATE INDEX grants_by_client ON grants (client_id, id);

    ALTER TABLE credentials RENAME TO credentials_2;
    CREATE TABLE credentials (
        partition INTEGER NOT NULL,
        digest BLOB NOT NULL,
        grant_id BLOB NOT NULL,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL,
        spent_at INTEGER,
        reuses INTEGER NOT NULL DEFAULT 0,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (partition, digest)
    ) STRICT;
    INSERT INTO credentials (partition, digest, grant_id, record, revision, spent_at, reuses, expires_at)
        SELECT partition, digest, grant_id, record, revision, spent_at, reuses, expires_at FROM credentials_2;
    DROP TABLE credentials_2;
    CREATE INDEX credentials_by_expiry ON credentials (expires_at);

    ALTER TABLE requests RENAME TO requests_2;
    CREATE TABLE requests (
        partition INTEGER NOT NULL,
        digest BLOB NOT NULL,
        user_code BLOB,
        client_id TEXT NOT NULL,
        record TEXT NOT NULL,
        revision INTEGER NOT NULL,
        spent_at INTEGER,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (partition, digest)
    ) STRICT;
    INSERT INTO requests (partition, digest, user_code, client_id, record, revision, spent_at, expires_at)
        SELECT partition, digest, user_code, client_id, record, revision, spent_at, expires_at FROM requests_2;
    DROP TABLE requests_2;
    CREATE UNIQUE INDEX requests_by_user_code ON requests (partition, user_code) WHERE user_code IS NOT NULL;
    CREATE INDEX requests_by_expiry ON requests (expires_at);
";

/// The clients that may be forgotten when nobody uses them. Before this version, no client registered itself.
const VERSION_4: &str = "
    ALTER TABLE clients ADD COLUMN purgeable_since INTEGER;
    CREATE INDEX clients_by_registration ON clients (purgeable_since) WHERE purgeable_since IS NOT NULL;
";

/// Upgrades the tables. The version is read and written in the transaction that changes them, so two programs may start
/// at once.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenReason> {
    if is_up_to_date(connection)? {
        // A process may start while another one writes.
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    let done = usize::try_from(version).ok().filter(|done| *done <= STEPS.len());
    for step in STEPS.iter().skip(done.ok_or(OpenReason::Newer(version))?) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(transaction.commit()?)
}

fn is_up_to_date(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let found = (version(connection)?, application_id(connection)?);
    Ok(found == (SCHEMA_VERSION, APPLICATION_ID))
}

pub(crate) fn application_id(connection: &Connection) -> Result<i32, rusqlite::Error> {
    connection.query_row("PRAGMA application_id", [], |row| row.get(0))
}

pub(crate) fn version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
