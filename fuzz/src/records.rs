//! Records that are read back from a store or a session: what is read is written so that it reads as the same, and its
//! `Debug` shows no secret.

use std::fmt::Debug;

use grantor::client::{Device, Introspection, Pending, PendingImplicit, Registered, Registration, TokenSet};
use grantor::model::{Metadata, ResourceMetadata};
use grantor::record::{Client, Credential, Grant, PendingRequest};
use grantor::server::{DevicePrompt, Prompt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) fn records(json: &str) {
    // None of them has a use for anything else.
    if !json.trim_start().starts_with('{') {
        return;
    }
    record::<Client>(json);
    record::<Grant>(json);
    record::<Credential>(json);
    record::<PendingRequest>(json);
    record::<Prompt>(json);
    record::<DevicePrompt>(json);
    record::<Pending>(json);
    record::<PendingImplicit>(json);
    record::<Device>(json);
    record::<Registration>(json);
    record::<Registered>(json);
    // They are public, and keep members that they do not know.
    round_trip::<Metadata>(json);
    round_trip::<ResourceMetadata>(json);
    let _ = serde_json::from_str::<Introspection>(json);
    if let Some(tokens) = record::<TokenSet>(json) {
        let header = tokens.authorization();
        assert_eq!(header.to_str().ok(), Some(format!("Bearer {}", tokens.access_token().expose()).as_str()));
    }
}

/// What is read, and how it is written.
fn round_trip<T: Serialize + DeserializeOwned>(json: &str) -> Option<(T, Value)> {
    let record = serde_json::from_str::<T>(json).ok()?;
    let written = serde_json::to_value(&record).unwrap();
    let again = serde_json::from_value::<T>(written.clone()).expect("what was written is read");
    assert_eq!(serde_json::to_value(&again).unwrap(), written);
    Some((record, written))
}

fn record<T: Serialize + DeserializeOwned + Debug>(json: &str) -> Option<T> {
    let (record, written) = round_trip::<T>(json)?;
    let debug = format!("{record:?}");
    for name in ["access_token", "refresh_token", "device_code", "code_verifier", "client_secret"] {
        let Some(secret) = written.get(name).and_then(Value::as_str).filter(|secret| secret.len() >= 16) else {
            continue;
        };
        let others = written.as_object().unwrap().iter().filter(|(other, _)| *other != name);
        let is_elsewhere = others.into_iter().any(|(_, value)| value.to_string().contains(secret));
        assert!(is_elsewhere || !debug.contains(secret), "{name} is shown");
    }
    Some(record)
}
