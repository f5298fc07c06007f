//! A lookup, as one statement, and its rows.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{Row, Statement, Value};
use crate::effect::Unavailable;
use crate::model::{Key, Timestamp};
use crate::store::{Found, Lookup, Presented, PresentedRequest, RequestKey};

/// Returns the statement of a lookup.
#[must_use]
pub fn lookup(lookup: &Lookup) -> Statement {
    let key = |key: Option<&Key>| Value::Bytes(key.map(|key| key.to_bytes().to_vec()));
    let slot = |at| key(lookup.credentials().get(at));
    let (request, user_code) = match lookup.request() {
        Some(RequestKey::Key(key)) => (Some(key), None),
        Some(RequestKey::UserCode(user_code)) => (None, Some(user_code)),
        None => (None, None),
    };
    let client_id = Value::Text(lookup.client().map(ToString::to_string));
    let values = vec![client_id, slot(0), slot(1), slot(2), slot(3), key(request.as_ref()), key(user_code.as_ref())];
    Statement::new("lookup", values)
}

/// Returns what a lookup found, from its rows.
///
/// # Errors
/// The rows are not those of the statement, or a record is one that a newer release wrote.
pub fn found(rows: &[Row]) -> Result<Found, Unavailable> {
    let (mut client, mut credentials, mut request) = (None, Vec::new(), None);
    for row in rows {
        match text(row, 0)? {
            "client" => client = Some(record(row, 1)?),
            "credential" => credentials.push(Presented {
                credential: record(row, 1)?,
                spent_at: time(row, 2)?,
                grant: record(row, 3)?,
                revoked: integer(row, 4)?.is_some_and(|revoked| revoked != 0),
            }),
            _ => request = Some(PresentedRequest { request: record(row, 1)?, spent_at: time(row, 2)? }),
        }
    }
    Ok(Found::new(client, credentials).map_err(Unavailable::new)?.with_request(request))
}

fn text(row: &Row, at: usize) -> Result<&str, Unavailable> {
    match row.get(at) {
        Some(Value::Text(Some(text))) => Ok(text),
        _ => Err(other("a text", at)),
    }
}

pub(super) fn record<T: DeserializeOwned>(row: &Row, at: usize) -> Result<Arc<T>, Unavailable> {
    serde_json::from_str(text(row, at)?).map(Arc::new).map_err(Unavailable::new)
}

/// Returns an integer or, as 0 or 1, a boolean.
pub(super) fn integer(row: &Row, at: usize) -> Result<Option<i64>, Unavailable> {
    match row.get(at) {
        Some(Value::Integer(number)) => Ok(*number),
        Some(Value::Boolean(boolean)) => Ok(boolean.map(i64::from)),
        // A database whose values have types of their own, and not by column, does not know what a NULL is not.
        Some(Value::Text(None) | Value::Bytes(None)) => Ok(None),
        _ => Err(other("an integer", at)),
    }
}

pub(super) fn time(row: &Row, at: usize) -> Result<Option<Timestamp>, Unavailable> {
    Ok(integer(row, at)?.map(|seconds| Timestamp(seconds.unsigned_abs())))
}

fn other(expected: &str, at: usize) -> Unavailable {
    Unavailable::new(format!("column {at} of a row is not {expected}"))
}
