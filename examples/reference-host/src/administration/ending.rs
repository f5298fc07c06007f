//! The end of a client and of its tokens.

use std::sync::Arc;

use grantor::model::ClientId;
use grantor::store::{Change, Commit, GrantStore as _, GrantsOf, Outcome, Store as _};
use grantor_sqlite::SqliteStore;

use super::{ATTEMPTS, Done, change, find, say};
use crate::moment::now;

/// Switches a client off, and reports the state of its tokens.
pub(super) fn disable(store: &SqliteStore, client_id: &ClientId, end_tokens: bool) -> Done {
    let id = client_id.as_str();
    if end_tokens {
        let revoked = end(store, client_id)?;
        return say(format_args!("{id} is off, and {}.", counted(revoked)));
    }
    change(store, client_id, |client| (!client.disabled).then(|| client.disable()))?;
    say(format_args!("{id} is off: no endpoint serves it, and introspection calls its tokens inactive."))?;
    if has_grants(store, client_id)? {
        say("It has living grants. An API that reads the store takes access tokens of theirs until they expire.")?;
        say(format_args!("To end them: disable {id} --end-tokens"))?;
    }
    Ok(())
}

/// Removes a client's record, once none of its grants is alive.
pub(super) fn remove(store: &SqliteStore, client_id: &ClientId, end_tokens: bool) -> Done {
    let id = client_id.as_str();
    let mut revoked = 0;
    for _ in 0..ATTEMPTS {
        if end_tokens {
            revoked += end(store, client_id)?;
        } else if has_grants(store, client_id)? {
            return Err(format!(
                "{id} has living grants, whose tokens whoever is registered as {id} next would be taken to hold. \
                 End them with --end-tokens, or keep the record: disable {id}"
            )
            .into());
        }
        let client = find(store, client_id)?;
        let gone = Change::RemoveClient { client_id: client_id.clone(), revision: client.revision };
        if store.commit(&Commit::of(gone))? == Outcome::Applied {
            return say(format_args!("{id} is removed, and {}.", counted(revoked)));
        }
    }
    Err("somebody else keeps changing this client: it was not removed".into())
}

/// Switches a client off and revokes its grants.
fn end(store: &SqliteStore, client_id: &ClientId) -> Done<usize> {
    for _ in 0..ATTEMPTS {
        let client = Arc::unwrap_or_clone(find(store, client_id)?);
        if let Some(revoked) = store.end_client(client, now())? {
            return Ok(revoked);
        }
    }
    Err("somebody else keeps changing this client: it was not switched off".into())
}

fn has_grants(store: &SqliteStore, client_id: &ClientId) -> Done<bool> {
    Ok(!store.held_grants(&GrantsOf::Client(client_id.clone()), None, 1, now())?.is_empty())
}

fn counted(grants: usize) -> String {
    match grants {
        0 => "it has no living grant".to_owned(),
        1 => "its one living grant is revoked".to_owned(),
        _ => format!("its {grants} living grants are revoked"),
    }
}
