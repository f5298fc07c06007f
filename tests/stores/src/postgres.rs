//! A store on PostgreSQL: a pool of connections, `READ COMMITTED`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deadpool_postgres::{GenericClient, Manager, Object, Pool};
use grantor::store::sql::{self, Row, Table, Value};
use grantor::store::{
    AsyncGrantStore, AsyncPurge, AsyncPurgeClients, AsyncStore, Commit, GrantCursor, GrantsOf, HeldGrant, Lookup,
    Outcome,
};
use grantor::{Answer, Timestamp, Unavailable};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, NoTls};

use crate::shape::{Cache, EMPTY, Flag, Program, Shape, Statement};
use crate::shown::{self, PgStore as ShownStore};

/// A schema of its own with the tables, and what a store does with them.
#[derive(Clone)]
pub struct Postgres {
    name: String,
    shape: Arc<Shape>,
    pool: Pool,
}

const CONNECTIONS: usize = 16;

static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl Postgres {
    /// The tables in the database that `GRANTOR_POSTGRES` names.
    pub async fn new(shape: Shape) -> Self {
        let this = Self::without_tables(shape).await;
        this.connection().await.batch_execute(this.shape.schema()).await.unwrap();
        this
    }

    /// The same, before the tables are created.
    pub async fn without_tables(shape: Shape) -> Self {
        let name = format!("stores_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let this = Self { pool: pool(&name, &shape), name, shape: Arc::new(shape) };
        this.connection().await.batch_execute(&format!("CREATE SCHEMA {}", this.name)).await.unwrap();
        this
    }

    /// A connection that no store uses.
    pub async fn connection(&self) -> Object {
        self.pool.get().await.unwrap()
    }

    /// A store with nothing in it.
    pub async fn store(&self) -> PgStore {
        if !self.shape.has(Flag::NotEmpty) {
            self.empty().await;
        }
        PgStore::new(self.clone())
    }

    /// The store that the documentation shows.
    pub fn shown(&self) -> ShownStore {
        ShownStore::new(shown::Postgres(self.pool.clone()))
    }

    /// Empties the tables.
    pub async fn empty(&self) {
        self.connection().await.batch_execute(EMPTY).await.unwrap();
    }

    /// Ends what this left in the database.
    pub async fn drop(self) {
        self.connection().await.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name)).await.unwrap();
        self.pool.close();
    }
}

fn pool(schema: &str, shape: &Shape) -> Pool {
    let Ok(address) = std::env::var("GRANTOR_POSTGRES") else {
        panic!("GRANTOR_POSTGRES is to name a database; `tests/run stores` starts one")
    };
    let mut config: Config = address.parse().unwrap();
    let patience = if shape.has(Flag::NeverWaits) { " -c lock_timeout=1" } else { "" };
    config.options(format!("-c search_path={schema}{patience}"));
    Pool::builder(Manager::new(config, NoTls)).max_size(CONNECTIONS).build().unwrap()
}

/// A handle onto a schema.
pub struct PgStore {
    at: Postgres,
    cache: Cache,
    alone: tokio::sync::Mutex<()>,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl PgStore {
    fn new(at: Postgres) -> Self {
        Self { at, cache: Cache::default(), alone: tokio::sync::Mutex::default() }
    }

    /// Another handle, with connections of its own.
    pub fn another(&self) -> impl Future<Output = Self> + Send + use<> {
        let at = Postgres { pool: pool(&self.at.name, &self.at.shape), ..self.at.clone() };
        async { Self::new(at) }
    }

    fn has(&self, flag: Flag) -> bool {
        self.at.shape.has(flag)
    }

    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>, Failed> {
        rows(&self.at.pool.get().await?, statement).await
    }

    async fn write(&self, programs: &[Program]) -> Result<Outcome, Failed> {
        let mut client = self.at.pool.get().await?;
        let outside = self.has(Flag::AsksOutside) || self.has(Flag::LocksItself);
        if outside {
            for (at, program) in programs.iter().enumerate() {
                for statement in program.asks() {
                    if rows(&client, statement).await?.is_empty() {
                        return Ok(Outcome::Conflict(at));
                    }
                }
            }
        }
        if self.has(Flag::NoTransaction) {
            for (at, program) in programs.iter().enumerate() {
                if !applied(&client, program, false).await? {
                    return Ok(Outcome::Conflict(at));
                }
            }
            return Ok(Outcome::Applied);
        }
        // Dropped without `commit`, the transaction is rolled back.
        let transaction = client.transaction().await?;
        for (at, program) in programs.iter().enumerate() {
            if !applied(&transaction, program, outside).await? {
                if self.has(Flag::CommitsAnyway) {
                    transaction.commit().await?;
                } else {
                    transaction.rollback().await?;
                }
                return Ok(Outcome::Conflict(at));
            }
        }
        transaction.commit().await?;
        Ok(Outcome::Applied)
    }

    async fn purged(&self, now: Timestamp, limit: usize) -> Result<usize, Failed> {
        let client = self.at.pool.get().await?;
        let mut forgotten = 0;
        for table in Table::ALL {
            let count = touched(&client, &self.at.shape.purge(table, now, limit - forgotten)).await?;
            forgotten += count.min(limit - forgotten);
            if self.has(Flag::CountsOneTable) {
                break;
            }
        }
        Ok(forgotten)
    }
}

/// Runs a change; false if its precondition does not hold.
async fn applied(client: &impl GenericClient, program: &Program, is_asked: bool) -> Result<bool, Failed> {
    let is_asked = is_asked && program.asks().next().is_some();
    for statement in if is_asked { program.tells() } else { &program.statements } {
        if touched(client, statement).await? == 0 && program.has_precondition && !is_asked {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn touched(client: &impl GenericClient, statement: &Statement) -> Result<usize, Failed> {
    if statement.sql.starts_with("SELECT") {
        return Ok(rows(client, statement).await?.len());
    }
    let prepared = client.prepare_cached(&statement.sql).await?;
    Ok(usize::try_from(client.execute(&prepared, &params(&statement.values)).await?)?)
}

async fn rows(client: &impl GenericClient, statement: &Statement) -> Result<Vec<Row>, Failed> {
    let prepared = client.prepare_cached(&statement.sql).await?;
    let rows = client.query(&prepared, &params(&statement.values)).await?;
    let value = |row: &tokio_postgres::Row, at: usize| -> Result<Value, Failed> {
        Ok(match *row.columns()[at].type_() {
            Type::INT8 => Value::Integer(row.try_get(at)?),
            Type::INT4 => Value::Integer(row.try_get::<_, Option<i32>>(at)?.map(i64::from)),
            Type::BOOL => Value::Boolean(row.try_get(at)?),
            Type::BYTEA => Value::Bytes(row.try_get(at)?),
            _ => Value::Text(row.try_get(at)?),
        })
    };
    rows.iter().map(|row| (0..row.len()).map(|at| value(row, at)).collect()).collect()
}

fn params(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(param).collect()
}

fn param(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Boolean(it) => it,
        Value::Integer(it) => it,
        Value::Text(it) => it,
        Value::Bytes(it) => it,
    }
}

impl AsyncStore for PgStore {
    async fn lookup_async(&self, lookup: &Lookup) -> Answer<Lookup> {
        let found = sql::found(&self.rows(&self.at.shape.lookup(lookup)).await?)?;
        self.at.shape.cached(&self.cache, lookup, found)
    }

    async fn commit_async(&self, commit: &Commit) -> Answer<Commit> {
        let shape = &self.at.shape;
        let _alone = if shape.has(Flag::LocksItself) { Some(self.alone.lock().await) } else { None };
        if shape.is_kept(&self.cache, commit) {
            return Ok(Outcome::Applied);
        }
        let (programs, unknown) = match shape.programs(commit)? {
            Ok(programs) => programs,
            Err(outcome) => return Ok(outcome),
        };
        let outcome = self.write(&programs).await;
        unknown.map_or(Ok(()), Err)?;
        match outcome {
            Ok(outcome) => Ok(shape.outcome(outcome)),
            Err(_) if shape.has(Flag::BusyIsConflict) => Ok(Outcome::Conflict(0)),
            Err(error) => Err(error.into()),
        }
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
        sql::held(&self.rows(&self.at.shape.held_grants(of, after, limit, now)).await?)
    }
}

impl AsyncPurge for PgStore {
    async fn purge_batch_async(&self, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.purged(now, limit).await?)
    }
}

impl AsyncPurgeClients for PgStore {
    async fn purge_clients_async(&self, registered_by: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        let purge = self.at.shape.purge_clients(registered_by, limit);
        let client = self.at.pool.get().await.map_err(Unavailable::new)?;
        Ok(touched(&client, &purge).await?)
    }
}
