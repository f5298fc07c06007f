//! A commit, as one statement a change.

use super::{Statement, Value, seconds};
use crate::effect::Unavailable;
use crate::record::{Credential, CredentialKind, PendingRequest};
use crate::store::{Change, Commit};

/// Returns the statements of a commit, one for each change, to be run in this order in one transaction. The
/// precondition of a change is inside its statement: see [`Statement::holds`].
///
/// # Errors
/// A record cannot be written as JSON.
pub fn changes(commit: &Commit) -> Result<Vec<Statement>, Unavailable> {
    commit.changes().iter().map(change).collect()
}

fn change(change: &Change) -> Result<Statement, Unavailable> {
    let (name, values) = match change {
        Change::Open { grant, until } => {
            let subject = Value::Text(grant.subject.as_ref().map(ToString::to_string));
            let (id, client_id) = (Value::bytes(grant.id.as_bytes()), Value::text(&grant.client_id));
            ("Open", vec![id, subject, client_id, Value::record(&**grant)?, Value::time(*until)])
        }
        Change::Issue(it) => ("Issue", credential(it)?),
        Change::Replace(it) => ("Replace", credential(it)?),
        Change::Spend { key, at } => ("Spend", vec![Value::key(key), Value::time(*at)]),
        Change::Reuse { key, since, until, at_most } => {
            ("Reuse", vec![Value::key(key), Value::time(*since), Value::time(*until), Value::number(*at_most)])
        }
        Change::Extend { grant, until, at_most } => {
            ("Extend", vec![Value::bytes(grant.as_bytes()), Value::time(*until), Value::number(*at_most)])
        }
        Change::Revoke(grant) => ("Revoke (no precondition)", vec![Value::bytes(grant.as_bytes())]),
        Change::Discard(key) => ("Discard (no precondition)", vec![Value::key(key)]),
        Change::PutRequest(it) if it.revision == 0 => ("PutRequest of revision 0", request(it)?),
        Change::PutRequest(it) => ("PutRequest of another revision", request(it)?),
        Change::SpendRequest { key, at } => ("SpendRequest", vec![Value::key(key), Value::time(*at)]),
        Change::Witness { key, until } => ("Witness", vec![Value::key(key), Value::time(*until)]),
        Change::PutClient(it) => {
            let name = if it.revision == 0 { "PutClient of revision 0" } else { "PutClient of another revision" };
            let purgeable_since = Value::Integer(it.purgeable_since().map(seconds));
            (name, vec![Value::text(&it.client_id), Value::record(&**it)?, Value::number(it.revision), purgeable_since])
        }
        Change::RemoveClient { client_id, revision } => {
            ("RemoveClient", vec![Value::text(client_id), Value::number(*revision)])
        }
        #[cfg(feature = "store-contract")]
        Change::Unknown(_) => return Err(Unavailable::new("a change that no store knows")),
    };
    let has_precondition = !matches!(change, Change::Revoke(_) | Change::Discard(_));
    Ok(Statement { has_precondition, ..Statement::new(name, values) })
}

fn credential(it: &Credential) -> Result<Vec<Value>, Unavailable> {
    let kind = match it.kind {
        CredentialKind::AuthorizationCode(_) => "authorization_code",
        CredentialKind::AccessToken(_) => "access_token",
        CredentialKind::RefreshToken => "refresh_token",
    };
    Ok(vec![
        Value::key(&it.key),
        Value::bytes(it.grant.as_bytes()),
        Value::text(kind),
        Value::record(it)?,
        Value::number(it.revision),
        Value::time(it.expires_at),
    ])
}

fn request(it: &PendingRequest) -> Result<Vec<Value>, Unavailable> {
    Ok(vec![
        Value::key(&it.key),
        Value::Bytes(it.user_code.map(|user_code| user_code.to_bytes().to_vec())),
        Value::text(&it.client_id),
        Value::record(it)?,
        Value::number(it.revision),
        Value::time(it.expires_at),
    ])
}
