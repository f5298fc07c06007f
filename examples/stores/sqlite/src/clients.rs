//! The clients in the file, for administration.

use std::sync::Arc;

use grantor::Unavailable;
use grantor::model::ClientId;
use grantor::record::Client;
use rusqlite::Connection;

use crate::rows::{column, read, unavailable};

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
