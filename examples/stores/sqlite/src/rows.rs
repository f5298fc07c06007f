//! The conversion between records and columns.

use std::sync::Arc;

use grantor::record::{Credential, Grant};
use grantor::store::Presented;
use grantor::{Timestamp, Unavailable};
use rusqlite::{Connection, ErrorCode, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, Unavailable> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(unavailable)
}

/// Returns a credential and its grant from a lookup's row.
pub(crate) fn presented(row: &Row<'_>, credential: &str) -> Result<Presented, Unavailable> {
    Ok(Presented {
        credential: read::<Credential>(credential)?,
        spent_at: spent_at(row)?,
        grant: read::<Grant>(&column::<String>(row, 3)?)?,
        revoked: column(row, 4)?,
    })
}

/// Returns the time at which a credential or a request was spent, from a lookup's row.
pub(crate) fn spent_at(row: &Row<'_>) -> Result<Option<Timestamp>, Unavailable> {
    Ok(column::<Option<i64>>(row, 2)?.map(timestamp))
}

pub(crate) fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, at: usize) -> Result<T, Unavailable> {
    row.get(at).map_err(unavailable)
}

pub(crate) fn write<T: Serialize>(record: &T) -> Result<String, Unavailable> {
    serde_json::to_string(record).map_err(Unavailable::new)
}

pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<Arc<T>, Unavailable> {
    serde_json::from_str(json).map(Arc::new).map_err(Unavailable::new)
}

/// Returns a time as SQLite's signed integer, limited to its greatest value. The record keeps the exact value.
pub(crate) fn seconds(timestamp: Timestamp) -> i64 {
    i64::try_from(timestamp.0).unwrap_or(i64::MAX)
}

/// Returns the latest expiry that is past. A record that expires at the end of time never is.
pub(crate) fn past(now: Timestamp) -> i64 {
    seconds(now).min(i64::MAX - 1)
}

pub(crate) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp(seconds.unsigned_abs())
}

pub(crate) fn unavailable(error: rusqlite::Error) -> Unavailable {
    let is_busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
    let unavailable = Unavailable::new(error);
    if is_busy { unavailable.with_retry_after(1) } else { unavailable }
}
