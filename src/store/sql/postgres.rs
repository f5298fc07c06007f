use std::error::Error;

use deadpool_postgres::{GenericClient, Pool};
use grantor::store::sql::{self, Row, Statement, Value};
use grantor::store::{AsyncGrantStore, AsyncPurge, AsyncStore, Commit};
use grantor::store::{GrantCursor, GrantsOf, HeldGrant, Lookup, Outcome};
use grantor::{Answer, Timestamp, Unavailable};
use tokio_postgres::types::{ToSql, Type};

/// Keeps everything in PostgreSQL, in a database that has the tables of `sql::SCHEMA`.
#[derive(Clone)]
pub struct PgStore {
    pool: Pool,
}

type Failed = Box<dyn Error + Send + Sync>;

impl PgStore {
    /// A store whose connections are those of a pool. Give it a `wait_timeout`: a request that waits in vain is a 503.
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Creates the tables that are not there yet. Several processes may start at once: the lock lets one of them do it.
    pub async fn create_tables(&self) -> Result<(), Failed> {
        let lock_and_create = format!("BEGIN; SELECT pg_advisory_xact_lock(1); {}; COMMIT", sql::SCHEMA);
        Ok(self.pool.get().await?.batch_execute(&lock_and_create).await?)
    }

    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>, Failed> {
        let db = self.pool.get().await?;
        let rows = db.query(&db.prepare_cached(statement.text()).await?, &parameters(statement)).await?;
        rows.iter().map(|row| (0..row.len()).map(|at| column(row, at)).collect()).collect()
    }

    async fn apply(&self, commit: &Commit) -> Result<Outcome, Failed> {
        let statements = sql::changes(commit)?;
        let mut db = self.pool.get().await?;
        let transaction = db.transaction().await?; // rolled back if it is dropped
        for (index, statement) in statements.iter().enumerate() {
            // A deadlock is an error, and so an outage: nothing was written, and the client may ask again.
            if !statement.holds(execute(&transaction, statement).await?) {
                transaction.rollback().await?;
                return Ok(Outcome::Conflict(index));
            }
        }
        transaction.commit().await?;
        Ok(Outcome::Applied)
    }

    async fn forget(&self, now: Timestamp, limit: usize) -> Result<usize, Failed> {
        let db = self.pool.get().await?;
        let mut left = limit;
        for table in sql::Table::ALL {
            left -= usize::try_from(execute(&db, &table.purge(now, left)).await?)?;
        }
        Ok(limit - left)
    }
}

async fn execute(db: &impl GenericClient, statement: &Statement) -> Result<u64, Failed> {
    Ok(db.execute(&db.prepare_cached(statement.text()).await?, &parameters(statement)).await?)
}

fn parameters(statement: &Statement) -> Vec<&(dyn ToSql + Sync)> {
    statement.values().iter().map(parameter).collect()
}

fn parameter(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Boolean(it) => it,
        Value::Integer(it) => it,
        Value::Text(it) => it,
        Value::Bytes(it) => it,
    }
}

fn column(row: &tokio_postgres::Row, at: usize) -> Result<Value, Failed> {
    Ok(match *row.columns()[at].type_() {
        Type::BOOL => Value::Boolean(row.try_get(at)?),
        Type::INT8 => Value::Integer(row.try_get(at)?),
        Type::BYTEA => Value::Bytes(row.try_get(at)?),
        _ => Value::Text(row.try_get(at)?),
    })
}

impl AsyncStore for PgStore {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        sql::found(&self.rows(&sql::lookup(lookup)).await?)
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        Ok(self.apply(commit).await?)
    }
}

impl AsyncGrantStore for PgStore {
    async fn held_grants_async(
        &self,
        of: &GrantsOf,
        after: Option<&GrantCursor>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>, Unavailable> {
        sql::held(&self.rows(&sql::held_grants(of, after, limit, now)).await?)
    }
}

impl AsyncPurge for PgStore {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.forget(now, limit).await?)
    }
}
