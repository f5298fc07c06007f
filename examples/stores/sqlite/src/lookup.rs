//! A lookup, as one joined `SELECT`.

use grantor::model::{ClientId, Key};
use grantor::record::{Client, PendingRequest};
use grantor::store::{Found, Lookup, PresentedRequest, RequestKey};
use grantor::{Answer, Unavailable};
use rusqlite::{Connection, params};

use crate::rows::{column, presented, read, spent_at, unavailable};

/// Reads a client, a credential with its grant, or a request, as the first column tells. An unused slot holds NULL,
/// which equals nothing. `CROSS JOIN` makes SQLite start from the slots.
const LOOKUP: &str = "
    WITH presented (partition, digest) AS (VALUES (?2, ?3), (?4, ?5), (?6, ?7), (?8, ?9))
    SELECT 'client', record, NULL, NULL, NULL FROM clients WHERE client_id = ?1
    UNION ALL
    SELECT 'credential', c.record, c.spent_at, g.record, g.revoked
    FROM presented CROSS JOIN credentials c USING (partition, digest) JOIN grants g ON g.id = c.grant_id
    UNION ALL
    SELECT 'request', record, spent_at, NULL, NULL FROM requests WHERE partition = ?10 AND digest = ?11
    UNION ALL
    SELECT 'request', record, spent_at, NULL, NULL FROM requests WHERE partition = ?10 AND user_code = ?12
";

pub(crate) fn look_up(connection: &Connection, lookup: &Lookup) -> Answer<Lookup> {
    let client_id = lookup.client().map(ClientId::as_str);
    let slot = |key: Option<&Key>| key.map(|key| (key.partition.0, key.digest.as_bytes().to_vec())).unzip();
    let [(p0, d0), (p1, d1), (p2, d2), (p3, d3)] = [0, 1, 2, 3].map(|at| slot(lookup.credentials().get(at)));
    let (key, user_code) = match lookup.request() {
        Some(RequestKey::Key(key)) => (Some(key), None),
        Some(RequestKey::UserCode(user_code)) => (None, Some(user_code)),
        None => (None, None),
    };
    let (partition, _) = slot(key.or(user_code).as_ref());
    let (key, user_code) = (slot(key.as_ref()).1, slot(user_code.as_ref()).1);
    let mut statement = connection.prepare_cached(LOOKUP).map_err(unavailable)?;
    let slots = params![client_id, p0, d0, p1, d1, p2, d2, p3, d3, partition, key, user_code];
    let mut rows = statement.query(slots).map_err(unavailable)?;
    let (mut client, mut credentials, mut request) = (None, Vec::new(), None);
    while let Some(row) = rows.next().map_err(unavailable)? {
        let record = column::<String>(row, 1)?;
        match column::<String>(row, 0)?.as_str() {
            "client" => client = Some(read::<Client>(&record)?),
            "credential" => credentials.push(presented(row, &record)?),
            _ => {
                request =
                    Some(PresentedRequest { request: read::<PendingRequest>(&record)?, spent_at: spent_at(row)? });
            }
        }
    }
    Ok(Found::new(client, credentials).map_err(Unavailable::new)?.with_request(request))
}
