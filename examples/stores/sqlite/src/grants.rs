//! The grants that resource owners and clients hold.

use grantor::model::{ClientId, Subject};
use grantor::record::Grant;
use grantor::store::{GrantCursor, GrantsOf, HeldGrant};
use grantor::{Timestamp, Unavailable};
use rusqlite::{Connection, Row, params};

use crate::rows::{column, past, read, timestamp, unavailable};

/// Makes the text of a `SELECT` of living grants, by subject or client or both.
macro_rules! held_grants {
    ($whose:literal) => {
        concat!(
            "SELECT g.record,
                    count(*) FILTER (WHERE c.record ->> 'kind' = 'authorization_code'),
                    count(*) FILTER (WHERE c.record ->> 'kind' = 'access_token'),
                    count(*) FILTER (WHERE c.record ->> 'kind' = 'refresh_token'),
                    max(c.expires_at)
             FROM grants g CROSS JOIN credentials c ON c.partition = g.partition AND c.grant_id = g.id
             WHERE ",
            $whose,
            " AND (g.client_id, g.id) > (?3, ?4) AND NOT g.revoked AND c.spent_at IS NULL AND c.expires_at > ?5
             GROUP BY g.client_id, g.id ORDER BY g.client_id, g.id LIMIT ?6"
        )
    };
}

pub(crate) fn held_grants(
    connection: &Connection,
    of: &GrantsOf,
    after: Option<&GrantCursor>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<HeldGrant>, Unavailable> {
    let sql = match of {
        GrantsOf::Subject(_) => held_grants!("g.subject = ?1"),
        GrantsOf::Client(_) => held_grants!("g.client_id = ?2"),
        GrantsOf::SubjectAndClient(..) => held_grants!("g.subject = ?1 AND g.client_id = ?2"),
    };
    // The empty values are before every client id and grant id.
    let (client_id, grant) =
        after.map_or(("", [].as_slice()), |after| (after.client_id.as_str(), after.grant.as_bytes().as_slice()));
    let (subject, client) = (of.subject().map(Subject::as_str), of.client_id().map(ClientId::as_str));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
    let mut rows =
        statement.query(params![subject, client, client_id, grant, past(now), limit]).map_err(unavailable)?;
    let mut page = Vec::new();
    while let Some(row) = rows.next().map_err(unavailable)? {
        page.push(held_grant(row)?);
    }
    Ok(page)
}

fn held_grant(row: &Row<'_>) -> Result<HeldGrant, Unavailable> {
    let mut held = HeldGrant::new(read::<Grant>(&column::<String>(row, 0)?)?);
    held.authorization_codes = column(row, 1)?;
    held.access_tokens = column(row, 2)?;
    held.refresh_tokens = column(row, 3)?;
    held.expires_at = timestamp(column(row, 4)?);
    Ok(held)
}
