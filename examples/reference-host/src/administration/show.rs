//! The output about clients.

use grantor::model::{ClientId, Secret};
use grantor::record::{Client, RegisteredAuthentication};
use grantor_sqlite::SqliteStore;
use serde_json::{Value, json};

use super::{Done, say};

/// The number of clients that are read at a time.
const PAGE: usize = 100;

/// Prints a secret that was just drawn. No other function prints one.
pub(super) fn secret(client_id: &ClientId, secret: &Secret<'_>) -> Done {
    say(format_args!("client_id: {}\nclient_secret: {}", client_id.as_str(), secret.expose()))?;
    say("This is the only time that the secret is shown: the store keeps its digest.")
}

/// Prints a line for each client.
pub(super) fn list(store: &SqliteStore) -> Done {
    let mut after = None;
    loop {
        let page = store.clients(after.as_ref(), PAGE)?;
        for client in &page {
            let off = if client.disabled { ", off" } else { "" };
            let name = client.client_name.as_deref().unwrap_or_default();
            // `Debug` escapes control sequences that a terminal would obey.
            say(format_args!("{}\t{}{off}\t{name:?}", client.client_id.as_str(), method(client)))?;
        }
        if page.len() < PAGE {
            return Ok(());
        }
        after = page.last().map(|client| client.client_id.clone());
    }
}

/// Prints a record as JSON, without digests.
pub(super) fn record(client: &Client) -> Done {
    let mut record = serde_json::to_value(client)?;
    if let Value::Object(members) = &mut record {
        members.insert("authentication".to_owned(), json!(method(client)));
    }
    say(serde_json::to_string_pretty(&record)?)
}

fn method(client: &Client) -> &'static str {
    match &client.authentication {
        RegisteredAuthentication::None => "public",
        RegisteredAuthentication::Secret { previous: Some(_), .. } => "confidential, with the secret before still good",
        _ => "confidential",
    }
}
