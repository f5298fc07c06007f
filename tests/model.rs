//! What records are made of: identifiers, digests, times, names.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test tells its findings by panicking")]

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime};

use grantor::Timestamp;
use grantor::model::{Audience, Claims, ClaimsError, Digest, GrantId, GrantType, Key, Metadata, Partition, Resource};
use serde_json::{Value, json};

#[test]
fn an_identifier_has_its_length_and_no_other() {
    for length in [0, 4, 20, 24, 28, 40, 42, 43, 44, 48] {
        let text = "A".repeat(length);
        assert_eq!(GrantId::parse(&text).is_ok(), length == 24, "{length}");
        assert_eq!(serde_json::from_str::<Digest>(&format!("{text:?}")).is_ok(), length == 43, "{length}");
        assert_eq!(Key::of(&text).is_some(), length == 44, "{length}");
    }
}

#[test]
fn a_key_goes_into_one_column_and_comes_back() {
    let key = Key { partition: Partition(0x0102), digest: Digest::from_bytes([7; 32]) };
    let bytes = key.to_bytes();
    assert_eq!((&bytes[..2], &bytes[2..]), (&[1, 2][..], &[7; 32][..]));
    assert_eq!(Key::from_bytes(bytes), key);
}

#[test]
fn digests_spread_over_a_table() {
    let hasher = RandomState::new();
    let hash = |text: &str| hasher.hash_one(Digest::of(text));
    assert_eq!(hash("a"), hash("a"));
    assert_ne!(hash("a"), hash("b"));
}

#[test]
fn a_time_is_whole_seconds_since_the_epoch() {
    let cases = [
        (SystemTime::UNIX_EPOCH + Duration::from_millis(1_999), "1"),
        (SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000), "1700000000"),
        (SystemTime::UNIX_EPOCH - Duration::from_secs(5), "0"),
    ];
    for (time, text) in cases {
        assert_eq!(Timestamp::from(time).to_string(), text);
    }
}

#[test]
fn a_grant_type_is_read_as_it_was_written() {
    let types = [
        (GrantType::AuthorizationCode, "authorization_code"),
        (GrantType::Implicit, "implicit"),
        (GrantType::Password, "password"),
        (GrantType::ClientCredentials, "client_credentials"),
        (GrantType::RefreshToken, "refresh_token"),
        (GrantType::DeviceCode, "urn:ietf:params:oauth:grant-type:device_code"),
        (GrantType::Extension("urn:example:assertion".into()), "urn:example:assertion"),
    ];
    for (grant_type, name) in types {
        assert_eq!((grant_type.to_string().as_str(), GrantType::parse(name)), (name, Ok(grant_type)));
    }
    assert!(GrantType::parse("unknown").is_err());
}

#[test]
fn an_audience_includes_what_it_names_or_everything() {
    let [photos, mail] = ["https://photos.example/", "https://mail.example/"].map(|uri| Resource::parse(uri).unwrap());
    let only = Audience::only([photos.clone()]).unwrap();
    let cases = [(&only, &photos, true), (&only, &mail, false), (&Audience::Any, &mail, true)];
    for (audience, resource, included) in cases {
        assert_eq!(audience.includes(resource), included, "{audience:?} {resource}");
    }
}

#[test]
fn claims_may_be_as_long_as_their_limit() {
    let claims =
        |length: usize| Claims::try_from(serde_json::Map::from_iter([("c".into(), "x".repeat(length).into())]));
    let around = r#"{"c":""}"#.len();
    assert!(claims(8 * 1024 - around).is_ok());
    assert_eq!(claims(8 * 1024 - around + 1), Err(ClaimsError::TooLong));
}

#[test]
fn claims_may_be_nested_as_deep_as_their_limit_in_objects_and_in_arrays() {
    type Wrap = fn(Value) -> Value;
    let wraps: [(Wrap, usize); 3] =
        [(|value| json!({ "c": value }), 1), (|value| json!([value]), 1), (|value| json!([1, { "c": value }, 2]), 2)];
    for (wrap, levels) in wraps {
        let claims = |times| {
            let value = (0..times).fold(json!(1), |value, _| wrap(value));
            Claims::try_from(serde_json::Map::from_iter([("c".into(), value)]))
        };
        assert!(claims(15 / levels).is_ok());
        assert_eq!(claims(15 / levels + 1), Err(ClaimsError::TooDeep));
    }
}

#[test]
fn a_document_that_is_no_object_is_told_what_it_should_be() {
    let error = serde_json::from_str::<Metadata>("[]").unwrap_err().to_string();
    assert!(error.contains("expected an object"), "{error}");
}
