//! The changes of a commit, each as one statement that includes its precondition.

use grantor::model::{Key, Subject};
use grantor::record::{Credential, PendingRequest};
use grantor::store::{Change, Commit, Outcome};
use grantor::{Answer, Unavailable};
use rusqlite::{Connection, params};

use crate::rows::{execute, seconds, write};

/// Applies the changes in order. The caller undoes them unless the answer is `Applied`.
pub(crate) fn apply_all(connection: &Connection, commit: &Commit) -> Answer<Commit> {
    for (index, change) in commit.changes().iter().enumerate() {
        if !apply(connection, change)? {
            return Ok(Outcome::Conflict(index));
        }
    }
    Ok(Outcome::Applied)
}

/// Applies one change; returns false if its precondition does not hold.
fn apply(connection: &Connection, change: &Change) -> Result<bool, Unavailable> {
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| execute(connection, sql, params).map(|rows| rows > 0);
    match change {
        Change::Open { grant, until } => run(
            "INSERT INTO grants (id, partition, subject, client_id, record, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO NOTHING",
            params![
                grant.id.as_bytes(),
                grant.id.partition().0,
                grant.subject.as_ref().map(Subject::as_str),
                grant.client_id.as_str(),
                write(&**grant)?,
                seconds(*until),
            ],
        ),
        Change::Issue(credential) => run_with_credential(
            connection,
            "INSERT INTO credentials (partition, digest, grant_id, record, revision, expires_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM grants WHERE id = ?3 AND NOT revoked)
             ON CONFLICT DO NOTHING",
            credential,
        ),
        Change::Spend { key, at } => run(
            "UPDATE credentials SET spent_at = ?3 WHERE partition = ?1 AND digest = ?2 AND spent_at IS NULL",
            params![key.partition.0, key.digest.as_bytes(), seconds(*at)],
        ),
        Change::Reuse { key, since, until, at_most } => run(
            "UPDATE credentials SET reuses = reuses + 1
             WHERE partition = ?1 AND digest = ?2 AND spent_at BETWEEN ?3 AND ?4 AND reuses < ?5",
            params![key.partition.0, key.digest.as_bytes(), seconds(*since), seconds(*until), at_most],
        ),
        Change::Extend { grant, until, at_most } => run(
            "UPDATE grants SET expires_at = max(expires_at, ?2) WHERE id = ?1 AND NOT revoked
             AND (SELECT count(*) FROM credentials WHERE partition = ?3 AND grant_id = ?1) < ?4",
            params![grant.as_bytes(), seconds(*until), grant.partition().0, at_most],
        ),
        Change::Replace(credential) => run_with_credential(
            connection,
            "UPDATE credentials SET record = ?4, revision = ?5, expires_at = ?6
             WHERE partition = ?1 AND digest = ?2 AND grant_id = ?3 AND revision = ?5 - 1
             AND EXISTS (SELECT 1 FROM grants WHERE id = ?3 AND NOT revoked)",
            credential,
        ),
        Change::Revoke(grant) => {
            run("UPDATE grants SET revoked = 1 WHERE id = ?1", params![grant.as_bytes()])?;
            Ok(true)
        }
        Change::Discard(Key { partition, digest }) => {
            let sql = "DELETE FROM credentials WHERE partition = ?1 AND digest = ?2";
            run(sql, params![partition.0, digest.as_bytes()])?;
            Ok(true)
        }
        Change::PutRequest(request) if request.revision == 0 => run_with_request(
            connection,
            "INSERT INTO requests (partition, digest, user_code, client_id, record, revision, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            request,
        ),
        Change::PutRequest(request) => run_with_request(
            connection,
            "UPDATE requests SET record = ?5, revision = ?6, expires_at = ?7
             WHERE partition = ?1 AND digest = ?2 AND user_code IS ?3 AND client_id = ?4 AND revision = ?6 - 1
             AND spent_at IS NULL",
            request,
        ),
        Change::SpendRequest { key, at } => run(
            "UPDATE requests SET spent_at = ?3 WHERE partition = ?1 AND digest = ?2 AND spent_at IS NULL",
            params![key.partition.0, key.digest.as_bytes(), seconds(*at)],
        ),
        Change::Witness { key, until } => run(
            "INSERT INTO witnesses (partition, digest, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![key.partition.0, key.digest.as_bytes(), seconds(*until)],
        ),
        Change::PutClient(client) if client.revision == 0 => run(
            "INSERT INTO clients (client_id, record, revision, purgeable_since) VALUES (?1, ?2, 0, ?3)
             ON CONFLICT DO NOTHING",
            params![client.client_id.as_str(), write(&**client)?, client.purgeable_since().map(seconds)],
        ),
        Change::PutClient(client) => run(
            "UPDATE clients SET record = ?2, revision = ?3, purgeable_since = ?4
             WHERE client_id = ?1 AND revision = ?3 - 1",
            params![
                client.client_id.as_str(),
                write(&**client)?,
                client.revision,
                client.purgeable_since().map(seconds),
            ],
        ),
        Change::RemoveClient { client_id, revision } => {
            run("DELETE FROM clients WHERE client_id = ?1 AND revision = ?2", params![client_id.as_str(), revision])
        }
        _ => Err(Unavailable::new("a change that this store does not know")),
    }
}

/// Runs a statement about a credential, whose members are `?1` to `?6`; returns true if it changed a row.
fn run_with_credential(connection: &Connection, sql: &str, credential: &Credential) -> Result<bool, Unavailable> {
    let Credential { key, grant, revision, expires_at, .. } = credential;
    let record = write(credential)?;
    let (partition, digest) = (key.partition.0, key.digest.as_bytes());
    let params = params![partition, digest, grant.as_bytes(), record, revision, seconds(*expires_at)];
    Ok(execute(connection, sql, params)? > 0)
}

/// Runs a statement about a pending request, whose members are `?1` to `?7`; returns true if it changed a row.
fn run_with_request(connection: &Connection, sql: &str, request: &PendingRequest) -> Result<bool, Unavailable> {
    let PendingRequest { key, client_id, revision, expires_at, .. } = request;
    let record = write(request)?;
    let (partition, digest) = (key.partition.0, key.digest.as_bytes());
    let user_code = request.user_code.as_ref().map(|user_code| user_code.digest.as_bytes());
    let params = params![partition, digest, user_code, client_id.as_str(), record, revision, seconds(*expires_at)];
    Ok(execute(connection, sql, params)? > 0)
}
