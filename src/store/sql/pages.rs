//! The lists of [`GrantStore`](crate::store::GrantStore), and the batches of [`Purge`](crate::store::Purge) and
//! [`PurgeClients`](crate::store::PurgeClients), as statements.

use super::lookup::{integer, record, time};
use super::{Row, Statement, Value};
use crate::effect::Unavailable;
use crate::model::{ClientId, Subject, Timestamp};
use crate::store::{GrantCursor, GrantsOf, HeldGrant};

/// Returns the statement that lists living grants.
#[must_use]
pub fn held_grants(of: &GrantsOf, after: Option<&GrantCursor>, limit: usize, now: Timestamp) -> Statement {
    let (subject, client_id) = (of.subject().map(Subject::as_str), of.client_id().map(ClientId::as_str));
    let (whose, first, second) = match of {
        GrantsOf::Subject(_) => ("g.subject = $1", subject, None),
        GrantsOf::Client(_) => ("g.client_id = $1", client_id, None),
        GrantsOf::SubjectAndClient(..) => ("g.subject = $1 AND g.client_id = $6", subject, client_id),
    };
    // The empty values are before every client id and grant id.
    let (client_id, grant) =
        after.map_or(("", [].as_slice()), |after| (after.client_id.as_str(), after.grant.as_bytes().as_slice()));
    let after = [Value::text(client_id), Value::bytes(grant), Value::past(now), Value::limit(limit)];
    let values = first.map(Value::text).into_iter().chain(after).chain(second.map(Value::text));
    Statement::new("held_grants: of a subject", values.collect()).with("g.subject = $1", whose)
}

/// Returns the grants of a page, from the rows of [`held_grants`].
///
/// # Errors
/// The rows are not those of the statement, or a record is one that a newer release wrote.
pub fn held(rows: &[Row]) -> Result<Vec<HeldGrant>, Unavailable> {
    rows.iter().map(held_grant).collect()
}

fn held_grant(row: &Row) -> Result<HeldGrant, Unavailable> {
    let count = |at| Ok::<u32, Unavailable>(u32::try_from(integer(row, at)?.unwrap_or(0)).unwrap_or(u32::MAX));
    let mut held = HeldGrant::new(record(row, 0)?);
    (held.authorization_codes, held.access_tokens, held.refresh_tokens) = (count(1)?, count(2)?, count(3)?);
    held.expires_at = time(row, 4)?.unwrap_or(held.expires_at);
    Ok(held)
}

/// A table whose rows expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Table {
    /// Authorization codes and tokens.
    Credentials,
    /// Pending requests.
    Requests,
    /// What was seen once.
    Witnesses,
    /// Grants.
    Grants,
}

impl Table {
    /// All of them, in the order in which a batch of a [`Purge`](crate::store::Purge) goes through them.
    pub const ALL: [Self; 4] = [Self::Credentials, Self::Requests, Self::Witnesses, Self::Grants];

    /// Returns the statement that forgets up to so many expired rows of the table.
    #[must_use]
    pub fn purge(self, now: Timestamp, limit: usize) -> Statement {
        let values = vec![Value::past(now), Value::limit(limit)];
        let by_key = "purge_batch: credentials, requests and witnesses";
        match self {
            Self::Credentials => Statement::new(by_key, values),
            Self::Requests => Statement::new(by_key, values).with("credentials", "requests"),
            Self::Witnesses => Statement::new(by_key, values).with("credentials", "witnesses"),
            Self::Grants => Statement::new("purge_batch: grants", values),
        }
    }
}

/// Returns the statement that forgets up to so many clients that were registered by this time and are not used.
#[must_use]
pub fn purge_clients(registered_by: Timestamp, limit: usize) -> Statement {
    Statement::new("purge_clients", vec![Value::past(registered_by), Value::limit(limit)])
}
