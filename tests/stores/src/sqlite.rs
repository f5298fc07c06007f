//! A store on SQLite: a queue of one writer, and readers beside it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use grantor::store::sql::{self, Row, Table, Value};
use grantor::store::{
    Commit, GrantCursor, GrantStore, GrantsOf, HeldGrant, Lookup, Outcome, Purge, PurgeClients, Store,
};
use grantor::{Answer, Timestamp, Unavailable};
use rusqlite::types::{Value as Column, ValueRef};
use rusqlite::{Connection, TransactionBehavior, params_from_iter};
use tempfile::TempDir;

use crate::shape::{Cache, EMPTY, Flag, Program, Shape, Statement};

/// A file with the tables, and what a store does with them.
pub struct Sqlite {
    folder: Arc<TempDir>,
    shape: Arc<Shape>,
}

impl Sqlite {
    /// The tables in a new file.
    pub fn new(mut shape: Shape) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        for (that, this) in IN_OTHER_WORDS {
            shape = shape.in_other_words(that, this);
        }
        let this = Self { folder, shape: Arc::new(shape) };
        let connection = this.connect();
        connection.execute_batch(this.shape.schema()).unwrap();
        this
    }

    fn connect(&self) -> Connection {
        let connection = Connection::open(self.folder.path().join("store")).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        let patience = if self.shape.has(Flag::NeverWaits) { Duration::ZERO } else { Duration::from_secs(5) };
        connection.busy_timeout(patience).unwrap();
        connection
    }

    /// A store with nothing in it.
    pub fn store(&self) -> SqliteStore {
        if !self.shape.has(Flag::NotEmpty) {
            self.connect().execute_batch(&format!("BEGIN; {EMPTY} COMMIT")).unwrap();
        }
        self.handle()
    }

    fn handle(&self) -> SqliteStore {
        let at = Self { folder: Arc::clone(&self.folder), shape: Arc::clone(&self.shape) };
        let pool = (0..CONNECTIONS).map(|_| Mutex::new(self.connect())).collect();
        SqliteStore { at, pool, cache: Cache::default(), alone: Mutex::default() }
    }
}

const CONNECTIONS: usize = 8;

/// What PostgreSQL calls otherwise.
pub(crate) const IN_OTHER_WORDS: [(&str, &str); 3] = [(" COLLATE \"C\"", ""), ("bytea", "blob"), ("GREATEST(", "max(")];

/// A handle onto a file.
pub struct SqliteStore {
    at: Sqlite,
    pool: Vec<Mutex<Connection>>,
    cache: Cache,
    alone: Mutex<()>,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl SqliteStore {
    /// Another handle, with connections of its own.
    pub fn another(&self) -> Self {
        self.at.handle()
    }

    /// A connection that nobody uses, or the first.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        let free = self.pool.iter().find_map(|connection| connection.try_lock().ok());
        free.unwrap_or_else(|| self.pool[0].lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn has(&self, flag: Flag) -> bool {
        self.at.shape.has(flag)
    }

    fn write(&self, programs: &[Program]) -> Result<Outcome, Failed> {
        let outside = self.has(Flag::AsksOutside) || self.has(Flag::LocksItself);
        if outside && let Some(at) = self.refused_outside(programs)? {
            return Ok(Outcome::Conflict(at));
        }
        let mut connection = self.connection();
        if self.has(Flag::NoTransaction) {
            for (at, program) in programs.iter().enumerate() {
                if !applied(&connection, program, false)? {
                    return Ok(Outcome::Conflict(at));
                }
            }
            return Ok(Outcome::Applied);
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (at, program) in programs.iter().enumerate() {
            if !applied(&transaction, program, outside)? {
                if self.has(Flag::CommitsAnyway) {
                    transaction.commit()?;
                }
                return Ok(Outcome::Conflict(at));
            }
        }
        transaction.commit()?;
        Ok(Outcome::Applied)
    }

    /// The first change that is refused by what it asks before it writes.
    fn refused_outside(&self, programs: &[Program]) -> Result<Option<usize>, Failed> {
        let connection = self.connection();
        for (at, program) in programs.iter().enumerate() {
            for statement in program.asks() {
                if rows(&connection, statement)?.is_empty() {
                    return Ok(Some(at));
                }
            }
        }
        Ok(None)
    }
}

/// Runs a change; false if its precondition does not hold.
fn applied(connection: &Connection, program: &Program, is_asked: bool) -> Result<bool, Failed> {
    let is_asked = is_asked && program.asks().next().is_some();
    let statements = if is_asked { program.tells() } else { &program.statements };
    for statement in statements {
        let touched = if statement.sql.starts_with("SELECT") {
            rows(connection, statement)?.len()
        } else {
            connection.prepare_cached(&numbered(&statement.sql))?.execute(params(&statement.values))?
        };
        if touched == 0 && program.has_precondition && !is_asked {
            return Ok(false);
        }
    }
    Ok(true)
}

fn rows(connection: &Connection, statement: &Statement) -> Result<Vec<Row>, Failed> {
    let mut prepared = connection.prepare_cached(&numbered(&statement.sql))?;
    let columns = prepared.column_count();
    let mut rows = prepared.query(params(&statement.values))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(values(row, columns)?);
    }
    Ok(all)
}

pub(crate) fn values(row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, Failed> {
    let value = |at| -> Result<Value, Failed> {
        Ok(match row.get_ref(at)? {
            ValueRef::Null => Value::Integer(None),
            ValueRef::Integer(number) => Value::Integer(Some(number)),
            ValueRef::Text(text) => Value::Text(Some(std::str::from_utf8(text)?.to_owned())),
            ValueRef::Blob(bytes) => Value::Bytes(Some(bytes.to_vec())),
            ValueRef::Real(_) => return Err("no column has numbers with a point".into()),
        })
    };
    (0..columns).map(value).collect()
}

pub(crate) fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

pub(crate) fn params(values: &[Value]) -> impl rusqlite::Params {
    params_from_iter(values.iter().cloned().map(|value| match value {
        Value::Boolean(boolean) => Column::from(boolean),
        Value::Integer(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => bytes.into(),
    }))
}

impl Store for SqliteStore {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let connection = self.connection();
        let found = sql::found(&rows(&connection, &self.at.shape.lookup(lookup))?)?;
        self.at.shape.cached(&self.cache, lookup, found)
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        let shape = &self.at.shape;
        let _alone = shape.has(Flag::LocksItself).then(|| self.alone.lock());
        if shape.is_kept(&self.cache, commit) {
            return Ok(Outcome::Applied);
        }
        let (programs, unknown) = match shape.programs(commit)? {
            Ok(programs) => programs,
            Err(outcome) => return Ok(outcome),
        };
        let outcome = self.write(&programs);
        unknown.map_or(Ok(()), Err)?;
        match outcome {
            Ok(outcome) => Ok(shape.outcome(outcome)),
            Err(_) if shape.has(Flag::BusyIsConflict) => Ok(Outcome::Conflict(0)),
            Err(error) => Err(error.into()),
        }
    }
}

impl GrantStore for SqliteStore {
    fn held_grants(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        sql::held(&rows(&self.connection(), &self.at.shape.held_grants(of, after, limit, now))?)
    }
}

impl Purge for SqliteStore {
    fn purge_batch(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let mut forgotten = 0;
        for table in Table::ALL {
            let Statement { sql, values } = self.at.shape.purge(table, now, limit - forgotten);
            let count = self.connection().execute(&numbered(&sql), params(&values)).map_err(Unavailable::new)?;
            forgotten += count.min(limit - forgotten);
            if self.has(Flag::CountsOneTable) {
                break;
            }
        }
        Ok(forgotten)
    }
}

impl PurgeClients for SqliteStore {
    fn purge_clients(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let Statement { sql, values } = self.at.shape.purge_clients(registered_by, limit);
        self.connection().execute(&numbered(&sql), params(&values)).map_err(Unavailable::new)
    }
}
