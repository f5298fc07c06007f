//! The driver: runs statements on the connections of a pool, all that belong together at once.

use std::borrow::Cow;

use deadpool_postgres::{Object, Pool};
use futures_util::future::{join_all, join3, try_join_all};
use grantor::store::sql::{AsyncDriver, Failed, Row, SQLSTATES_OF_ANOTHER_TRY, Statement, Value};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

/// Runs statements on the connections of a pool.
///
/// A transaction is sent as a whole, from `BEGIN` to `COMMIT`, before the first answer is there. What follows a
/// statement cannot depend on its answer, so a statement whose precondition does not hold fails: it divides the number
/// of rows that it touched by zero. PostgreSQL then runs nothing more of the transaction, and answers the `COMMIT` by
/// rolling it back.
#[derive(Clone, Debug)]
pub struct Pipelined(pub Pool);

impl AsyncDriver for Pipelined {
    async fn query_async(&self, statement: &Statement) -> Result<Vec<Row>, Failed> {
        let connection = self.0.get().await?;
        let prepared = connection.prepare_cached(statement.text()).await?;
        let rows = connection.query(&prepared, &parameters(statement)).await?;
        rows.iter().map(|row| (0..row.len()).map(|at| column(row, at)).collect()).collect()
    }

    async fn write_async(&self, statements: &[Statement]) -> Result<Vec<u64>, Failed> {
        let connection = Busy(Some(self.0.get().await?));
        let touched = connection.write(statements).await;
        connection.done(touched.is_ok());
        touched
    }

    fn wants_another_try(&self, error: &Failed) -> bool {
        let code = error.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::code);
        code.is_some_and(|code| SQLSTATES_OF_ANOTHER_TRY.contains(&code.code()))
    }
}

/// A connection on which a transaction may be open. If it is dropped, it is closed, and PostgreSQL rolls back: the pool
/// gives nobody a connection with somebody else's transaction.
struct Busy(Option<Object>);

impl Busy {
    /// Gives the connection back, if its transaction has ended.
    fn done(mut self, has_ended: bool) {
        if has_ended {
            drop(self.0.take());
        }
    }

    /// Runs statements, and returns the number of rows that each of them touched, up to the first that does not hold.
    async fn write(&self, statements: &[Statement]) -> Result<Vec<u64>, Failed> {
        let connection = self.0.as_ref().ok_or("the connection was given back")?;
        let texts: Vec<_> = statements.iter().map(text).collect();
        let prepared = try_join_all(texts.iter().map(|text| connection.prepare_cached(text))).await?;
        let run = join_all(statements.iter().zip(&prepared).map(|(statement, prepared)| async move {
            let parameters = parameters(statement);
            if statement.holds(0) {
                return connection.execute(prepared, &parameters).await;
            }
            connection.query_one(prepared, &parameters).await?.try_get::<_, i64>(0).map(i64::unsigned_abs)
        }));
        let (begun, rows, ended) = match statements {
            // One statement is a transaction by itself.
            [_] => (Ok(()), run.await, Ok(())),
            _ => join3(connection.batch_execute("BEGIN"), run, connection.batch_execute("COMMIT")).await,
        };
        begun?;
        let mut touched = Vec::new();
        for rows in rows {
            match rows {
                Err(error) if error.code() == Some(&SqlState::DIVISION_BY_ZERO) => {
                    touched.push(0);
                    return Ok(touched);
                }
                rows => touched.push(rows?),
            }
        }
        ended?;
        Ok(touched)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

/// Returns the text of a statement. One that has to touch a row counts them, and fails if there are none.
fn text(statement: &Statement) -> Cow<'_, str> {
    let text = statement.text();
    if statement.holds(0) {
        return text.into();
    }
    format!("WITH touched AS ({text} RETURNING 1) SELECT count(*) / least(count(*), 1) FROM touched").into()
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
    Ok(match row.columns().get(at).map(tokio_postgres::Column::type_) {
        Some(&Type::BOOL) => Value::Boolean(row.try_get(at)?),
        Some(&Type::INT8) => Value::Integer(row.try_get(at)?),
        Some(&Type::BYTEA) => Value::Bytes(row.try_get(at)?),
        _ => Value::Text(row.try_get(at)?),
    })
}
