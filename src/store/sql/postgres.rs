use deadpool_postgres::{GenericClient, Pool};
use grantor::store::sql::{self, AsyncDriver, Failed, Row, SqlStore, Statement, Value};
use tokio_postgres::Error;
use tokio_postgres::types::{ToSql, Type};

/// Keeps everything in PostgreSQL.
pub type PgStore = SqlStore<Postgres>;

/// Runs statements on the connections of a pool. Give it a `wait_timeout`: a request that waits in
/// vain is a 503.
#[derive(Clone)]
pub struct Postgres(pub Pool);

impl AsyncDriver for Postgres {
    async fn query_async(&self, statement: &Statement) -> Result<Vec<Row>, Failed> {
        let db = self.0.get().await?;
        let rows = db.query(&db.prepare_cached(statement.text()).await?, &parameters(statement)).await?;
        rows.iter().map(|row| (0..row.len()).map(|at| column(row, at)).collect()).collect()
    }

    async fn write_async(&self, statements: &[Statement]) -> Result<Vec<u64>, Failed> {
        let mut db = self.0.get().await?;
        let transaction = db.transaction().await?; // rolled back if it is dropped
        let mut touched = Vec::new();
        for statement in statements {
            let prepared = transaction.prepare_cached(statement.text()).await?;
            let rows = transaction.execute(&prepared, &parameters(statement)).await?;
            touched.push(rows);
            if !statement.holds(rows) {
                transaction.rollback().await?;
                return Ok(touched);
            }
        }
        transaction.commit().await?;
        Ok(touched)
    }

    fn wants_another_try(&self, error: &Failed) -> bool {
        let code = error.downcast_ref::<Error>().and_then(Error::code);
        code.is_some_and(|code| sql::SQLSTATES_OF_ANOTHER_TRY.contains(&code.code()))
    }
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
