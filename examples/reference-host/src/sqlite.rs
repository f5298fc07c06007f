//! Grants and credentials in SQLite: one transaction per commit, one joined `SELECT` per lookup.
//!
//! Records are kept as the JSON that serde makes of them. Beside each stand the columns that a precondition, the JOIN or
//! [`purge`](SqliteStore::purge) asks for. Every change is one statement with its precondition inside, so the number of
//! rows that it changed says whether the precondition held.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use grantor::model::{ClientId, Key};
use grantor::record::{Client, Credential, Grant};
use grantor::store::{Change, Commit, Found, Lookup, Outcome, Presented, Store};
use grantor::{Answer, Timestamp, Unavailable};
use rusqlite::{Connection, ErrorCode, Params, Row, Transaction, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The schema that this program writes, kept in `PRAGMA user_version`.
const SCHEMA_VERSION: i64 = 1;

/// `STRICT` has SQLite check the types; `WITHOUT ROWID` keeps each row in the index that it is found by.
const SCHEMA: &str = "
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

/// The client in the first columns, or a credential in the others. A slot that is not used holds NULL, which equals
/// nothing. `CROSS JOIN` has SQLite start from the slots.
const LOOKUP: &str = "
    WITH presented (partition, digest) AS (VALUES (?2, ?3), (?4, ?5), (?6, ?7), (?8, ?9))
    SELECT record, NULL, NULL, NULL, NULL FROM clients WHERE client_id = ?1
    UNION ALL
    SELECT NULL, c.record, c.spent_at, g.record, g.revoked
    FROM presented CROSS JOIN credentials c USING (partition, digest) JOIN grants g ON g.id = c.grant_id
";

/// How many lookups run side by side.
const READERS: usize = 4;

/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Keeps the records in a SQLite file. What it has committed outlives `kill -9` and a loss of power.
#[derive(Debug)]
pub struct SqliteStore {
    /// SQLite has one writer at a time; here is its queue.
    writer: Mutex<Connection>,
    /// In WAL mode readers wait for nobody.
    readers: [Mutex<Connection>; READERS],
    next_reader: AtomicUsize,
}

/// The file cannot be used as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// SQLite says so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A later release of this program wrote it.
    #[error("its schema has version {0}, and this program knows version {SCHEMA_VERSION} only")]
    Newer(i64),
}

impl SqliteStore {
    /// Opens the file, and creates file and schema where they are missing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let mut writer = connect(path)?;
        create_schema(&mut writer)?;
        // FULL syncs the log at every commit: what was answered to a client is on the disk.
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        let reader = || -> Result<_, rusqlite::Error> {
            let reader = connect(path)?;
            reader.pragma_update(None, "query_only", true)?;
            Ok(Mutex::new(reader))
        };
        let readers = [reader()?, reader()?, reader()?, reader()?];
        Ok(Self { writer: Mutex::new(writer), readers, next_reader: AtomicUsize::new(0) })
    }

    /// Forgets what has expired: credentials (and with them that they were spent), witnesses, and grants without a living
    /// credential.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn purge(&self, now: Timestamp) -> Result<(), Unavailable> {
        let mut writer = lock(&self.writer);
        let transaction = begin(&mut writer)?;
        for table in ["credentials", "grants", "witnesses"] {
            execute(&transaction, &format!("DELETE FROM {table} WHERE expires_at <= ?1"), [seconds(now)])?;
        }
        transaction.commit().map_err(unavailable)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        let next = self.next_reader.fetch_add(1, Ordering::Relaxed) % READERS;
        lock(self.readers.get(next).unwrap_or(&self.writer))
    }
}

impl Store for SqliteStore {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let client_id = lookup.client().map(ClientId::as_str);
        let slot = |at: usize| match lookup.credentials().get(at) {
            Some(key) => (Some(key.partition.0), Some(key.digest.as_bytes().as_slice())),
            None => (None, None),
        };
        let [(p0, d0), (p1, d1), (p2, d2), (p3, d3)] = [slot(0), slot(1), slot(2), slot(3)];
        let reader = self.reader();
        let mut statement = reader.prepare_cached(LOOKUP).map_err(unavailable)?;
        let mut rows = statement.query(params![client_id, p0, d0, p1, d1, p2, d2, p3, d3]).map_err(unavailable)?;
        let (mut client, mut credentials) = (None, Vec::new());
        while let Some(row) = rows.next().map_err(unavailable)? {
            match column::<Option<String>>(row, 0)? {
                Some(record) => client = Some(read::<Client>(&record)?),
                None => credentials.push(presented(row)?),
            }
        }
        Found::new(client, credentials).map_err(Unavailable::new)
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        let mut writer = lock(&self.writer);
        // Dropped without `commit`, the transaction is rolled back.
        let transaction = begin(&mut writer)?;
        for (index, change) in commit.changes().iter().enumerate() {
            if !apply(&transaction, change)? {
                return Ok(Outcome::Conflict(index));
            }
        }
        transaction.commit().map_err(unavailable)?;
        Ok(Outcome::Applied)
    }
}

/// Carries out one change; false if its precondition does not hold.
fn apply(transaction: &Transaction<'_>, change: &Change) -> Result<bool, Unavailable> {
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| execute(transaction, sql, params).map(|rows| rows > 0);
    match change {
        Change::Open { grant, until } => run(
            "INSERT INTO grants (id, partition, record, expires_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![grant.id.as_bytes(), grant.id.partition().0, write(&**grant)?, seconds(*until)],
        ),
        Change::Issue(credential) => run(
            "INSERT INTO credentials (partition, digest, grant_id, record, revision, expires_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM grants WHERE id = ?3 AND NOT revoked)
             ON CONFLICT DO NOTHING",
            params![
                credential.key.partition.0,
                credential.key.digest.as_bytes(),
                credential.grant.as_bytes(),
                write(&**credential)?,
                credential.revision,
                seconds(credential.expires_at),
            ],
        ),
        Change::Spend { key, at } => run(
            "UPDATE credentials SET spent_at = ?3 WHERE partition = ?1 AND digest = ?2 AND spent_at IS NULL",
            params![key.partition.0, key.digest.as_bytes(), seconds(*at)],
        ),
        // A statement that changes no value counts its row all the same.
        Change::SpentSince { key, since } => run(
            "UPDATE credentials SET spent_at = spent_at WHERE partition = ?1 AND digest = ?2 AND spent_at >= ?3",
            params![key.partition.0, key.digest.as_bytes(), seconds(*since)],
        ),
        Change::Extend { grant, until } => run(
            "UPDATE grants SET expires_at = max(expires_at, ?2) WHERE id = ?1 AND NOT revoked",
            params![grant.as_bytes(), seconds(*until)],
        ),
        Change::Replace(credential) => run(
            "UPDATE credentials SET grant_id = ?3, record = ?4, revision = ?5, expires_at = ?6
             WHERE partition = ?1 AND digest = ?2 AND revision = ?5 - 1",
            params![
                credential.key.partition.0,
                credential.key.digest.as_bytes(),
                credential.grant.as_bytes(),
                write(&**credential)?,
                credential.revision,
                seconds(credential.expires_at),
            ],
        ),
        Change::Revoke(grant) => {
            run("UPDATE grants SET revoked = 1 WHERE id = ?1", params![grant.as_bytes()])?;
            Ok(true)
        }
        Change::Discard(Key { partition, digest }) => {
            let sql = "DELETE FROM credentials WHERE partition = ?1 AND digest = ?2";
            run(sql, params![partition.0, digest.as_bytes()])?;
            Ok(true)
        }
        Change::Witness { key, until } => run(
            "INSERT INTO witnesses (partition, digest, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![key.partition.0, key.digest.as_bytes(), seconds(*until)],
        ),
        Change::PutClient(client) if client.revision == 0 => run(
            "INSERT INTO clients (client_id, record, revision) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
            params![client.client_id.as_str(), write(&**client)?],
        ),
        Change::PutClient(client) => run(
            "UPDATE clients SET record = ?2, revision = ?3 WHERE client_id = ?1 AND revision = ?3 - 1",
            params![client.client_id.as_str(), write(&**client)?, client.revision],
        ),
        Change::RemoveClient { client_id, revision } => {
            run("DELETE FROM clients WHERE client_id = ?1 AND revision = ?2", params![client_id.as_str(), revision])
        }
        _ => Err(Unavailable::new("a change that this store does not know")),
    }
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// The version is read and written in the transaction that creates the tables, so two programs may start at once.
fn create_schema(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match transaction.query_row("PRAGMA user_version", [], |row| row.get(0))? {
        0 => {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        SCHEMA_VERSION => {}
        newer => return Err(OpenError::Newer(newer)),
    }
    Ok(transaction.commit()?)
}

/// A thread that panicked while it held a connection has rolled its transaction back.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// IMMEDIATE takes the write lock first: no transaction reads, decides and then finds that it may not write.
fn begin(writer: &mut Connection) -> Result<Transaction<'_>, Unavailable> {
    writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)
}

fn execute(transaction: &Transaction<'_>, sql: &str, params: impl Params) -> Result<usize, Unavailable> {
    transaction.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(unavailable)
}

fn presented(row: &Row<'_>) -> Result<Presented, Unavailable> {
    let spent_at: Option<i64> = column(row, 2)?;
    Ok(Presented {
        credential: read::<Credential>(&column::<String>(row, 1)?)?,
        spent_at: spent_at.map(|seconds| Timestamp(seconds.unsigned_abs())),
        grant: read::<Grant>(&column::<String>(row, 3)?)?,
        revoked: column(row, 4)?,
    })
}

fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, at: usize) -> Result<T, Unavailable> {
    row.get(at).map_err(unavailable)
}

fn write<T: Serialize>(record: &T) -> Result<String, Unavailable> {
    serde_json::to_string(record).map_err(Unavailable::new)
}

fn read<T: DeserializeOwned>(json: &str) -> Result<Arc<T>, Unavailable> {
    serde_json::from_str(json).map(Arc::new).map_err(Unavailable::new)
}

/// SQLite's integers have a sign; the end of time is theirs. The record keeps the exact value.
fn seconds(timestamp: Timestamp) -> i64 {
    i64::try_from(timestamp.0).unwrap_or(i64::MAX)
}

fn unavailable(error: rusqlite::Error) -> Unavailable {
    let is_busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
    let unavailable = Unavailable::new(error);
    if is_busy { unavailable.with_retry_after(1) } else { unavailable }
}
