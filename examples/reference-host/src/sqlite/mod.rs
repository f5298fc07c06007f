//! Grants, credentials and requests in SQLite: one transaction per commit, one joined `SELECT` per lookup.
//!
//! Records are kept as the JSON that serde makes of them. Beside each stand the columns that a precondition, the JOIN,
//! a list of grants or a purge asks for. Every change is one statement with its precondition
//! inside, so the number of rows that it changed says whether the precondition held.

mod changes;
mod grants;
mod rows;
mod schema;

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use grantor::model::{ClientId, Key};
use grantor::record::{Client, PendingRequest};
use grantor::store::{Commit, Found, Lookup, Outcome, PresentedRequest, Purge, PurgeClock, RequestKey, Store};
use grantor::{Answer, Timestamp, Unavailable};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use changes::apply;
use rows::{column, execute, past, presented, read, spent_at, unavailable};
pub use schema::OpenError;
use schema::migrate;

/// A client, a credential with its grant, or a request: the first column says which. A slot that is not used holds
/// NULL, which equals nothing. `CROSS JOIN` has SQLite start from the slots.
const LOOKUP: &str = "
    WITH presented (partition, digest) AS (VALUES (?2, ?3), (?4, ?5), (?6, ?7), (?8, ?9))
    SELECT 'client', record, NULL, NULL, NULL FROM clients WHERE client_id = ?1
    UNION ALL
    SELECT 'credential', c.record, c.spent_at, g.record, g.revoked
    FROM presented CROSS JOIN credentials c USING (partition, digest) JOIN grants g ON g.id = c.grant_id
    UNION ALL
    SELECT 'request', record, spent_at, NULL, NULL FROM requests WHERE partition = ?10 AND digest = ?11
    UNION ALL
    SELECT 'request', record, spent_at, NULL, NULL FROM requests WHERE partition = ?10 AND user_code = ?12
";

/// The tables of what expires, each with its key; grants last, when none of their credentials are left.
const EXPIRING: [(&str, &str); 4] = [
    ("credentials", "partition, digest"),
    ("requests", "partition, digest"),
    ("witnesses", "partition, digest"),
    ("grants", "id"),
];

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

impl SqliteStore {
    /// Opens the file, and creates file and schema where they are missing. What an earlier release wrote is brought up
    /// to date.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        create_for_its_owner_only(path);
        let mut writer = connect(path)?;
        migrate(&mut writer)?;
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

    /// Forgets what has expired, batch by batch: credentials (and with them that they were spent), requests, witnesses,
    /// and grants without a living credential. A host that runs for long asks a [`PurgeClock`] to do it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn purge(&self, now: Timestamp) -> Result<(), Unavailable> {
        while self.purge_batch(now, PurgeClock::BATCH)? == PurgeClock::BATCH {}
        Ok(())
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        let next = self.next_reader.fetch_add(1, Ordering::Relaxed) % READERS;
        lock(self.readers.get(next).unwrap_or(&self.writer))
    }
}

impl Store for SqliteStore {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let client_id = lookup.client().map(ClientId::as_str);
        let slot = |key: Option<&Key>| key.map(|key| (key.partition.0, key.digest.as_bytes().to_vec())).unzip();
        let [(p0, d0), (p1, d1), (p2, d2), (p3, d3)] = [0, 1, 2, 3].map(|at| slot(lookup.credentials().get(at)));
        let (key, user_code) = match lookup.request() {
            Some(RequestKey::Key(key)) => (Some(key), None),
            Some(RequestKey::UserCode(user_code)) => (None, Some(user_code)),
            None => (None, None),
        };
        let (partition, _) = slot(key.or(user_code).as_ref());
        let (key, user_code) = (slot(key.as_ref()).1, slot(user_code.as_ref()).1);
        let reader = self.reader();
        let mut statement = reader.prepare_cached(LOOKUP).map_err(unavailable)?;
        let slots = params![client_id, p0, d0, p1, d1, p2, d2, p3, d3, partition, key, user_code];
        let mut rows = statement.query(slots).map_err(unavailable)?;
        let (mut client, mut credentials, mut request) = (None, Vec::new(), None);
        while let Some(row) = rows.next().map_err(unavailable)? {
            let record = column::<String>(row, 1)?;
            match column::<String>(row, 0)?.as_str() {
                "client" => client = Some(read::<Client>(&record)?),
                "credential" => credentials.push(presented(row, &record)?),
                _ => {
                    let found =
                        PresentedRequest { request: read::<PendingRequest>(&record)?, spent_at: spent_at(row)? };
                    request = Some(found);
                }
            }
        }
        Ok(Found::new(client, credentials).map_err(Unavailable::new)?.with_request(request))
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

/// One transaction for each batch: whoever wants to write waits for no more than one.
impl Purge for SqliteStore {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let mut writer = lock(&self.writer);
        let transaction = begin(&mut writer)?;
        let mut left = limit;
        for (table, key) in EXPIRING {
            let sql = format!(
                "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE expires_at <= ?1 LIMIT ?2)"
            );
            left -= execute(&transaction, &sql, (past(now), i64::try_from(left).unwrap_or(i64::MAX)))?;
        }
        transaction.commit().map_err(unavailable)?;
        Ok(limit - left)
    }
}

/// It says who logged in where. The files that SQLite puts beside it get the same mode; what goes wrong here,
/// [`connect`] reports.
fn create_for_its_owner_only(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// A thread that panicked while it held a connection has rolled its transaction back.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// IMMEDIATE takes the write lock first: no transaction reads, decides and then finds that it may not write.
fn begin(writer: &mut Connection) -> Result<Transaction<'_>, Unavailable> {
    writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)
}
