//! The clients in the file: listed for administration, and forgotten if nobody uses them.

use std::sync::Arc;

use grantor::model::ClientId;
use grantor::record::Client;
use grantor::{Timestamp, Unavailable};
use rusqlite::Connection;

use crate::rows::{column, past, read, unavailable};

pub(crate) fn clients(
    connection: &Connection,
    after: Option<&ClientId>,
    limit: usize,
) -> Result<Vec<Arc<Client>>, Unavailable> {
    let sql = "SELECT record FROM clients WHERE client_id > ?1 ORDER BY client_id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // The empty text is before every client id.
    let mut rows = statement.query((after.map_or("", ClientId::as_str), limit)).map_err(unavailable)?;
    let mut clients = Vec::new();
    while let Some(row) = rows.next().map_err(unavailable)? {
        clients.push(read(&column::<String>(row, 0)?)?);
    }
    Ok(clients)
}

/// Forgets clients that were registered by this time and have no grant; returns their number.
pub(crate) fn purge(connection: &Connection, registered_by: Timestamp, limit: usize) -> Result<usize, rusqlite::Error> {
    let sql = "DELETE FROM clients WHERE client_id IN (
                   SELECT client_id FROM clients WHERE purgeable_since <= ?1
                   AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.client_id = clients.client_id) LIMIT ?2)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.execute((past(registered_by), limit))
}
