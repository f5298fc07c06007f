//! The calls of a store and their answers, in words.

use std::fmt;

use crate::model::Key;
use crate::store::{Change, Commit, Found, Lookup, Outcome, RequestKey};

/// One call of a store.
pub(super) enum Exchange {
    Commit(Commit, Outcome),
    Lookup(Lookup, Found),
    Told(String),
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(commit, outcome) => {
                let changes: Vec<_> = commit.changes().iter().map(change).collect();
                write!(f, "[{}]: {outcome:?}", changes.join(", "))
            }
            Self::Lookup(lookup, found) => {
                write!(f, "lookup of {}: {}", asked(lookup), answered(found))
            }
            Self::Told(what) => f.write_str(what),
        }
    }
}

/// Names a key by its partition and the end of its digest, which differ from record to record in this suite.
fn name(key: Key) -> String {
    let [.., a, b] = *key.digest.as_bytes();
    format!("{}/{}", key.partition.0, u16::from_be_bytes([a, b]))
}

fn change(change: &Change) -> String {
    match change {
        Change::Open { grant, until } => format!("Open {} until {}", grant.id, until.0),
        Change::Issue(credential) => format!("Issue {}", name(credential.key)),
        Change::Spend { key, at } => format!("Spend {} at {}", name(*key), at.0),
        Change::Reuse { key, since, until, at_most } => {
            format!("Reuse {} from {} to {} at most {at_most} times", name(*key), since.0, until.0)
        }
        Change::Extend { grant, until, at_most } => {
            format!("Extend {grant} until {} with fewer than {at_most} credentials", until.0)
        }
        Change::Replace(credential) => format!("Replace {} by revision {}", name(credential.key), credential.revision),
        Change::Revoke(grant) => format!("Revoke {grant}"),
        Change::Discard(key) => format!("Discard {}", name(*key)),
        Change::PutRequest(request) => format!("PutRequest {} of revision {}", name(request.key), request.revision),
        Change::SpendRequest { key, at } => format!("SpendRequest {} at {}", name(*key), at.0),
        Change::Witness { key, until } => format!("Witness {} until {}", name(*key), until.0),
        Change::PutClient(client) => format!("PutClient of revision {}", client.revision),
        Change::RemoveClient { revision, .. } => format!("RemoveClient of revision {revision}"),
        Change::Unknown(_) => "a change that the store does not know".to_owned(),
    }
}

fn asked(lookup: &Lookup) -> String {
    let client = lookup.client().map(|_| "a client".to_owned());
    let credentials = lookup.credentials().iter().map(|key| name(*key));
    let request = lookup.request().map(|request| match request {
        RequestKey::Key(key) => format!("request {}", name(key)),
        RequestKey::UserCode(key) => format!("user code {}", name(key)),
    });
    client.into_iter().chain(credentials).chain(request).collect::<Vec<_>>().join(", ")
}

fn answered(found: &Found) -> String {
    let client = found.client().map(|client| format!("a client of revision {}", client.revision));
    let credentials = found.credentials().iter().map(|it| {
        let spent = it.spent_at.map_or(String::new(), |at| format!(", spent at {}", at.0));
        let revoked = if it.revoked { ", revoked" } else { "" };
        format!("{} of revision {}{spent}{revoked}", name(it.credential.key), it.credential.revision)
    });
    let request = found.request.as_ref().map(|it| {
        let spent = it.spent_at.map_or(String::new(), |at| format!(", spent at {}", at.0));
        format!("request {} of revision {}{spent}", name(it.request.key), it.request.revision)
    });
    let all: Vec<_> = client.into_iter().chain(credentials).chain(request).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}
