//! The tables, and how those of an earlier release become those of this one.

use rusqlite::{Connection, TransactionBehavior};

/// The schema that this program writes, kept in `PRAGMA user_version`.
const SCHEMA_VERSION: i64 = 2;

/// What leads from each version to the next, from an empty file on. What has been released stays as it is.
const STEPS: [&str; 2] = [VERSION_1, VERSION_2];

/// `STRICT` has SQLite check the types; `WITHOUT ROWID` keeps each row in the index that it is found by.
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

/// Pending requests; grants by subject and by client; how often a spent credential was used again. The indexes of `grants` end in its primary key, as every index of
/// such a table does. A grant's credentials need no index: few are in its partition, with which their primary key
/// begins.
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

/// The file cannot be used as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// SQLite says so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A later release of this program wrote it.
    #[error("its schema has version {0}, and this program knows versions up to {SCHEMA_VERSION} only")]
    Newer(i64),
}

/// The version is read and written in the transaction that changes the tables, so two programs may start at once.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(version).ok().filter(|done| *done <= STEPS.len());
    for step in STEPS.iter().skip(done.ok_or(OpenError::Newer(version))?) {
        transaction.execute_batch(step)?;
    }
    if version != SCHEMA_VERSION {
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    Ok(transaction.commit()?)
}
