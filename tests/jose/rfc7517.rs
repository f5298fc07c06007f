//! RFC 7517, JSON Web Key, in the order of its sections.

use grantor::jose::{Algorithm, Jwk, JwkError, JwkSet};
use serde_json::{Value, json};

use crate::*;

fn refused(members: &str) -> Option<JwkError> {
    Jwk::parse(&with(P256, members)).err()
}

// §4 JSON Web Key (JWK) Format

/// "The member names within a JWK MUST be unique".
#[test]
fn a_repeated_member_is_refused() {
    assert_eq!(refused(r#","kty":"EC""#), Some(JwkError::Repeated));
    assert_eq!(refused(r#","kid":"a","kid":"a""#), Some(JwkError::Repeated));
    let set = format!(r#"{{"keys":[{}]}}"#, with(P256, r#","x":"AAAA""#));
    assert_eq!(JwkSet::parse(&set), Err(JwkError::Repeated));
    assert_eq!(JwkSet::parse(r#"{"keys":[],"keys":[]}"#), Err(JwkError::Repeated));
}

#[test]
fn other_members_are_ignored() {
    let key = jwk(&with(P256, r#","x5c":["MIIB"],"https://example.com/a":{"b":[1]},"x5t":"x""#));
    assert_eq!(key, jwk(P256));
}

#[test]
fn a_key_is_written_with_what_is_known_of_it() {
    for text in [ED25519, P256, RSA] {
        let key = jwk(text);
        let written: Value = serde_json::to_value(&key).unwrap();
        let mut wanted: Value = serde_json::from_str(text).unwrap();
        wanted["use"] = json!("sig");
        assert_eq!(written, wanted);
        assert_eq!(jwk(&written.to_string()), key);
    }
    let named = jwk(&with(ED25519, r#","alg":"EdDSA","kid":"a","key_ops":["verify"]"#));
    let written = serde_json::to_value(&named).unwrap();
    assert_eq!((&written["alg"], &written["kid"]), (&json!("EdDSA"), &json!("a")));
}

// §4.1 "kty" (Key Type) Parameter

#[test]
fn a_key_is_of_a_type_that_is_known() {
    for text in [
        r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#,
        r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#,
        r#"{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"kty":"ec"}"#,
        r#"{"kty":"AKP","alg":"ML-DSA-44"}"#,
    ] {
        assert_eq!(Jwk::parse(text), Err(JwkError::KeyType), "{text}");
    }
    assert_eq!(Jwk::parse("{}"), Err(JwkError::Member("kty")));
    assert_eq!(Jwk::parse(r#"{"kty":1}"#), Err(JwkError::Member("kty")));
    assert_eq!(Jwk::parse("[]"), Err(JwkError::Malformed));
}

// §4.2 "use" (Public Key Use) Parameter

#[test]
fn a_key_for_encryption_verifies_nothing() {
    assert_eq!(refused(r#","use":"sig""#), None);
    for purpose in [r#""enc""#, r#""Sig""#, r#""""#] {
        assert_eq!(refused(&format!(r#","use":{purpose}"#)), Some(JwkError::Use), "{purpose}");
    }
    assert_eq!(refused(r#","use":["sig"]"#), Some(JwkError::Member("use")));
}

// §4.3 "key_ops" (Key Operations) Parameter

/// "Duplicate key operation values MUST NOT be present in the array."
#[test]
fn the_operations_of_a_key_are_obeyed() {
    assert_eq!(refused(r#","key_ops":["verify"]"#), None);
    assert_eq!(refused(r#","key_ops":["encrypt","verify"],"use":"sig""#), None);
    for operations in [r#"[]"#, r#"["sign"]"#, r#"["encrypt"]"#, r#"["Verify"]"#] {
        assert_eq!(refused(&format!(r#","key_ops":{operations}"#)), Some(JwkError::Use), "{operations}");
    }
    let many = json!((0..17).map(|number| number.to_string()).collect::<Vec<_>>()).to_string();
    for operations in [r#"["verify","verify"]"#, r#""verify""#, "[1]", &many] {
        let fault = refused(&format!(r#","key_ops":{operations}"#));
        assert_eq!(fault, Some(JwkError::Member("key_ops")), "{operations}");
    }
}

// §4.4 "alg" (Algorithm) Parameter

#[test]
fn the_algorithm_of_a_key_is_obeyed() {
    assert!(jwk(RSA).fits(Algorithm::Ps256) && jwk(RSA).fits(Algorithm::Rs256));
    let key = jwk(&with(RSA, r#","alg":"PS256""#));
    assert!(key.fits(Algorithm::Ps256) && !key.fits(Algorithm::Rs256) && !key.fits(Algorithm::Es256));
    assert_eq!(key.algorithm(), Some(Algorithm::Ps256));
    for name in ["ES512", "RSA-OAEP", "es256", "EdDSA", "RS256", "none", ""] {
        assert_eq!(refused(&format!(r#","alg":"{name}""#)), Some(JwkError::Algorithm), "{name}");
    }
    assert_eq!(jwk(P256).with_algorithm(Algorithm::Rs256), Err(JwkError::Algorithm));
    // The signature's algorithm is of the right kind, and the key is for the other one.
    let text = signed_by(key.key(), r#"{"alg":"RS256","kid":"a"}"#, "{}");
    let fault = verify_with(&text, &[key.with_key_id("a")]).unwrap_err();
    assert_eq!(fault, grantor::jose::KeyError::OtherAlgorithm.into());
    assert!(verify_with(&text, &[jwk(RSA).with_key_id("a")]).is_ok());
}

// §4.5 "kid" (Key ID) Parameter

#[test]
fn an_identifier_is_a_text_of_some_length() {
    let of_len = |len: usize| refused(&format!(r#","kid":"{}""#, "k".repeat(len)));
    assert_eq!(of_len(Jwk::MAX_KEY_ID_LEN), None);
    assert_eq!(of_len(Jwk::MAX_KEY_ID_LEN + 1), Some(JwkError::Member("kid")));
    assert_eq!(refused(r#","kid":1"#), Some(JwkError::Member("kid")));
    let cut = jwk(P256).with_key_id(&format!("{}é", "k".repeat(Jwk::MAX_KEY_ID_LEN - 1)));
    assert_eq!(cut.key_id().unwrap().len(), Jwk::MAX_KEY_ID_LEN - 1);
    assert_eq!(jwk(P256).with_key_id("short").key_id(), Some("short"));
}

// §5 JWK Set Format

/// "Implementations SHOULD ignore JWKs within a JWK Set that use "kty" (key type) values that are not understood by
/// them, that are missing required members, or for which values are out of the supported ranges."
#[test]
fn keys_of_a_set_that_cannot_be_used_are_ignored() {
    let other = [
        r#"{"kty":"AKP"}"#.to_owned(),
        r#"{"kty":"EC","crv":"P-256","x":"AA"}"#.to_owned(),
        with(RSA, r#","use":"enc","alg":"RSA-OAEP""#),
        "{}".to_owned(),
    ];
    let set = JwkSet::parse(&format!(r#"{{"keys":[{},{P256}],"other":1}}"#, other.join(","))).unwrap();
    assert_eq!(set.keys(), [jwk(P256)]);
    let reasons = [JwkError::KeyType, JwkError::Member("x"), JwkError::Algorithm, JwkError::Member("kty")];
    assert_eq!(set.ignored(), reasons);
    assert_eq!(serde_json::from_value::<JwkSet>(serde_json::to_value(&set).unwrap()).unwrap().keys(), set.keys());
    assert_eq!(serde_json::to_string(&JwkSet::default()).unwrap(), r#"{"keys":[]}"#);
}

#[test]
fn a_set_is_an_object_with_an_array_of_objects() {
    for text in ["{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":null}"#, "", &format!("[{P256}]")] {
        assert_eq!(JwkSet::parse(text), Err(JwkError::Malformed), "{text}");
    }
}

#[test]
fn a_set_in_which_a_secret_is_published_is_refused() {
    let private = with(P256, r#","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#);
    for secret in [private.as_str(), r#"{"kty":"oct","k":"AyM1"}"#, r#"{"kty":"AKP","k":"x"}"#] {
        let text = format!(r#"{{"keys":[{ED25519},{secret}]}}"#);
        assert_eq!(JwkSet::parse(&text), Err(JwkError::Private), "{secret}");
        assert_eq!(Jwk::parse(secret), Err(JwkError::Private));
    }
}

#[test]
fn sets_and_keys_have_a_greatest_size() {
    let set = |count: usize| format!(r#"{{"keys":[{}]}}"#, vec![P256; count].join(","));
    assert_eq!(JwkSet::parse(&set(JwkSet::MAX_KEYS)).unwrap().keys().len(), JwkSet::MAX_KEYS);
    assert_eq!(JwkSet::parse(&set(JwkSet::MAX_KEYS + 1)), Err(JwkError::TooMany));
    let padded = |len: usize, text: &str| format!("{text}{}", " ".repeat(len - text.len()));
    assert!(JwkSet::parse(&padded(JwkSet::MAX_LEN, &set(1))).is_ok());
    assert_eq!(JwkSet::parse(&padded(JwkSet::MAX_LEN + 1, &set(1))), Err(JwkError::TooLong));
    assert!(Jwk::parse(&padded(Jwk::MAX_LEN, P256)).is_ok());
    assert_eq!(Jwk::parse(&padded(Jwk::MAX_LEN + 1, P256)), Err(JwkError::TooLong));
}
