//! The changes of a commit, each one statement with its precondition inside.

use grantor::Unavailable;
use grantor::model::{Key, Subject};
use grantor::store::Change;
use rusqlite::{Transaction, params};

use super::rows::{execute, seconds, write};

/// Carries out one change; false if its precondition does not hold.
pub(super) fn apply(transaction: &Transaction<'_>, change: &Change) -> Result<bool, Unavailable> {
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| execute(transaction, sql, params).map(|rows| rows > 0);
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
        Change::Issue(credential) => run(
            "INSERT INTO credentials (partition, digest, grant_id, record, revision, expires_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM grants WHERE id = ?3 AND NOT revoked)
             ON CONFLICT DO NOTHING",
            params![
                credential.key.partition.0,
                credential.key.digest.as_bytes(),
                credential.grant.as_bytes(),
                write(&**credential)?,
                credential.revision,
                seconds(credential.expires_at),
            ],
        ),
        Change::Spend { key, at } => run(
            "UPDATE credentials SET spent_at = ?3 WHERE partition = ?1 AND digest = ?2 AND spent_at IS NULL",
            params![key.partition.0, key.digest.as_bytes(), seconds(*at)],
        ),
        // A statement that changes no value counts its row all the same.
        Change::SpentSince { key, since } => run(
            "UPDATE credentials SET spent_at = spent_at WHERE partition = ?1 AND digest = ?2 AND spent_at >= ?3",
            params![key.partition.0, key.digest.as_bytes(), seconds(*since)],
        ),
        Change::Extend { grant, until } => run(
            "UPDATE grants SET expires_at = max(expires_at, ?2) WHERE id = ?1 AND NOT revoked",
            params![grant.as_bytes(), seconds(*until)],
        ),
        Change::Replace(credential) => run(
            "UPDATE credentials SET record = ?4, revision = ?5, expires_at = ?6
             WHERE partition = ?1 AND digest = ?2 AND grant_id = ?3 AND revision = ?5 - 1
             AND EXISTS (SELECT 1 FROM grants WHERE id = ?3 AND NOT revoked)",
            params![
                credential.key.partition.0,
                credential.key.digest.as_bytes(),
                credential.grant.as_bytes(),
                write(&**credential)?,
                credential.revision,
                seconds(credential.expires_at),
            ],
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
        Change::PutRequest(request) if request.revision == 0 => run(
            "INSERT INTO requests (partition, digest, user_code, client_id, record, revision, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6) ON CONFLICT DO NOTHING",
            params![
                request.key.partition.0,
                request.key.digest.as_bytes(),
                request.user_code.as_ref().map(|user_code| user_code.digest.as_bytes()),
                request.client_id.as_str(),
                write(&**request)?,
                seconds(request.expires_at),
            ],
        ),
        Change::PutRequest(request) => run(
            "UPDATE requests SET record = ?5, revision = ?6, expires_at = ?7
             WHERE partition = ?1 AND digest = ?2 AND user_code IS ?3 AND client_id = ?4 AND revision = ?6 - 1
             AND spent_at IS NULL",
            params![
                request.key.partition.0,
                request.key.digest.as_bytes(),
                request.user_code.as_ref().map(|user_code| user_code.digest.as_bytes()),
                request.client_id.as_str(),
                write(&**request)?,
                request.revision,
                seconds(request.expires_at),
            ],
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
            "INSERT INTO clients (client_id, record, revision) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
            params![client.client_id.as_str(), write(&**client)?],
        ),
        Change::PutClient(client) => run(
            "UPDATE clients SET record = ?2, revision = ?3 WHERE client_id = ?1 AND revision = ?3 - 1",
            params![client.client_id.as_str(), write(&**client)?, client.revision],
        ),
        Change::RemoveClient { client_id, revision } => {
            run("DELETE FROM clients WHERE client_id = ?1 AND revision = ?2", params![client_id.as_str(), revision])
        }
        _ => Err(Unavailable::new("a change that this store does not know")),
    }
}
