//! A blocking driver for [`SqlStore`], on SQLite: one connection, behind a lock.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use grantor::store::sql::{Driver, Failed, Row, SCHEMA, SqlStore, Statement};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::sqlite::{IN_OTHER_WORDS, numbered, params, values};

/// A store in a SQLite file.
pub type BlockingStore = SqlStore<OneConnection>;

/// Runs statements on one connection.
pub struct OneConnection(Mutex<Connection>);

impl OneConnection {
    /// Opens a file, and creates the tables that are not there yet.
    pub fn open(path: &Path) -> Result<Self, Failed> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.busy_timeout(Duration::from_secs(5))?;
        let schema = IN_OTHER_WORDS.iter().fold(SCHEMA.to_owned(), |schema, (that, this)| schema.replace(that, this));
        connection.execute_batch(&schema)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(statement: &Statement) -> String {
    let text = numbered(statement.text());
    IN_OTHER_WORDS.iter().fold(text, |text, (that, this)| text.replace(that, this))
}

impl Driver for OneConnection {
    fn query(&self, statement: &Statement) -> Result<Vec<Row>, Failed> {
        let connection = self.lock();
        let mut prepared = connection.prepare_cached(&text(statement))?;
        let columns = prepared.column_count();
        let mut rows = prepared.query(params(statement.values()))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(values(row, columns)?);
        }
        Ok(all)
    }

    fn write(&self, statements: &[Statement]) -> Result<Vec<u64>, Failed> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut touched = Vec::new();
        for statement in statements {
            let rows = transaction.prepare_cached(&text(statement))?.execute(params(statement.values()))?;
            touched.push(u64::try_from(rows)?);
            if !statement.holds(u64::try_from(rows)?) {
                return Ok(touched); // rolled back when it is dropped
            }
        }
        transaction.commit()?;
        Ok(touched)
    }

    fn wants_another_try(&self, error: &Failed) -> bool {
        let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        code == Some(ErrorCode::DatabaseBusy)
    }
}
