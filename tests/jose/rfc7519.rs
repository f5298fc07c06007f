//! RFC 7519, JSON Web Token, in the order of its sections.

use std::time::Duration;

use grantor::Timestamp;
use grantor::jose::{Expected, JwtClaims, JwtError, Typ};
use serde_json::{Value, json};

use crate::*;

const NOW: u64 = 1_700_000_000;
const ISSUER: &str = "https://server.example";
const AUDIENCE: &str = "https://api.example";

fn expected() -> Expected<'static> {
    Expected::token(Typ::AbsentOr(&[]), ISSUER, AUDIENCE).with_leeway(Duration::ZERO)
}

fn good() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 60, "sub": "alice", "jti": "a" })
}

fn read(claims: &str, expected: Expected<'_>) -> Result<JwtClaims, JwtError> {
    verify(&signed(r#"{"alg":"Ed25519"}"#, claims)).unwrap().claims(&expected, Timestamp(NOW))
}

/// What is wrong if a claim has this value, or is missing.
fn fault(name: &str, value: Value) -> Option<JwtError> {
    fault_of(name, value, expected())
}

fn fault_of(name: &str, value: Value, expected: Expected<'_>) -> Option<JwtError> {
    let mut claims = good();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    read(&claims.to_string(), expected).err()
}

// §2 Terminology: NumericDate

#[test]
fn a_time_may_have_a_fraction() {
    assert_eq!(fault("exp", json!(NOW as f64 + 1.5)), None);
    // What is not whole is not good for longer.
    assert_eq!(fault("exp", json!(NOW as f64 + 0.5)), Some(JwtError::Expired));
    assert_eq!(fault("nbf", json!(NOW as f64 + 0.5)), Some(JwtError::NotYet));
    assert_eq!(fault("exp", json!(1e15)), None);
    for name in ["exp", "nbf", "iat"] {
        for value in
            [json!(-1), json!(-0.5), json!("1700000060"), json!(true), json!([NOW]), json!(1e300), json!(1_u64 << 53)]
        {
            assert_eq!(fault(name, value.clone()), Some(JwtError::Claim(name)), "{name} {value}");
        }
        let mut claims = good();
        claims[name] = Value::Null;
        assert_eq!(read(&claims.to_string(), expected()), Err(JwtError::Claim(name)));
    }
    assert_eq!(fault("exp", json!((1_u64 << 53) - 1)), None);
}

// §4 JWT Claims

/// "The Claim Names within a JWT Claims Set MUST be unique; JWT parsers MUST either reject JWTs with duplicate Claim
/// Names or use a JSON parser that returns only the lexically last duplicate member name".
#[test]
fn a_repeated_claim_is_refused_at_any_depth() {
    for claims in [r#"{"iss":"a","iss":"a"}"#, r#"{"a":{"b":1,"b":1}}"#, r#"{"aud":"a","\u0061ud":"b"}"#] {
        assert_eq!(read(claims, expected()), Err(JwtError::Repeated), "{claims}");
    }
}

#[test]
fn claims_are_one_json_object() {
    for claims in ["", "[]", "null", "{}{}", "{\"a\":1,}", "alice"] {
        assert_eq!(read(claims, expected()), Err(JwtError::Malformed), "{claims}");
    }
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(16), "]".repeat(16));
    assert_eq!(read(&deep, expected()), Err(JwtError::Malformed));
    let input = format!("{}.{}", base64url(r#"{"alg":"Ed25519"}"#), base64url(b"{\"iss\":\"\xFF\"}"));
    let signature = base64url(Toy::signature(jwk(ED25519).key(), input.as_bytes()));
    let verified = verify(&format!("{input}.{signature}")).unwrap();
    assert_eq!(verified.claims(&expected(), Timestamp(NOW)), Err(JwtError::Malformed));
}

#[test]
fn a_claim_that_is_not_understood_is_ignored() {
    let mut claims = good();
    claims["https://example.com/a"] = json!({ "b": [1, 2] });
    let read = read(&claims.to_string(), expected()).unwrap();
    assert_eq!(read.claim("https://example.com/a"), Some(&json!({ "b": [1, 2] })));
    assert_eq!((read.subject(), read.id(), read.issuer()), (Some("alice"), Some("a"), Some(ISSUER)));
    assert_eq!((read.expires_at(), read.issued_at()), (Some(Timestamp(NOW + 60)), None));
    assert_eq!((read.audience().collect::<Vec<_>>(), read.all().len()), (vec![AUDIENCE], 6));
    assert_eq!(format!("{read:?}"), r#"JwtClaims(["aud", "exp", "https://example.com/a", "iss", "jti", "sub"])"#);
}

// §4.1.1 "iss" (Issuer) Claim

#[test]
fn the_issuer_is_the_one_that_is_expected() {
    for other in ["https://server.example/", "https://SERVER.example", "https://other.example", ""] {
        assert_eq!(fault("iss", json!(other)), Some(JwtError::Issuer), "{other}");
    }
    assert_eq!(fault("iss", Value::Null), Some(JwtError::Claim("iss")));
    assert_eq!(fault("iss", json!([ISSUER])), Some(JwtError::Claim("iss")));
}

// §4.1.2 "sub" (Subject) Claim, §4.1.7 "jti" (JWT ID) Claim

#[test]
fn subject_and_identifier_are_texts() {
    for name in ["sub", "jti"] {
        assert_eq!(fault(name, Value::Null), None);
        assert_eq!(fault(name, json!(1)), Some(JwtError::Claim(name)));
        assert_eq!(fault(name, json!(["a"])), Some(JwtError::Claim(name)));
    }
}

// §4.1.3 "aud" (Audience) Claim

/// "If the principal processing the claim does not identify itself with a value in the "aud" claim when this claim is
/// present, then the JWT MUST be rejected."
#[test]
fn the_audience_is_the_one_that_is_expected() {
    assert_eq!(fault("aud", json!([AUDIENCE])), None);
    assert_eq!(fault("aud", json!(["https://other.example", AUDIENCE])), None);
    for other in [json!("https://other.example"), json!([]), json!(["https://api.example/"]), json!("")] {
        assert_eq!(fault("aud", other.clone()), Some(JwtError::Audience), "{other}");
    }
    for other in [json!(1), json!([AUDIENCE, 1]), json!({ "a": AUDIENCE }), Value::Null] {
        assert_eq!(fault("aud", other.clone()), Some(JwtError::Claim("aud")), "{other}");
    }
    // A list, be it of one, where one text is due.
    let sole = expected().with_sole_audience();
    assert_eq!(fault_of("aud", json!(AUDIENCE), sole), None);
    for list in [json!([AUDIENCE]), json!([AUDIENCE, AUDIENCE]), json!([AUDIENCE, "https://other.example"])] {
        assert_eq!(fault_of("aud", list.clone(), sole), Some(JwtError::Audience), "{list}");
    }
    // Whoever does not say who it is, is not in the claim.
    let proof = |claims: Value| {
        let text = signed(r#"{"alg":"Ed25519","typ":"dpop+jwt"}"#, &claims.to_string());
        let expected = Expected::proof("dpop+jwt", Duration::from_secs(60));
        verify(&text).unwrap().claims(&expected, Timestamp(NOW)).err()
    };
    assert_eq!(proof(json!({ "iat": NOW })), None);
    assert_eq!(proof(json!({ "iat": NOW, "aud": AUDIENCE })), Some(JwtError::Audience));
    assert_eq!(proof(json!({ "iat": NOW, "exp": NOW - 60 })), Some(JwtError::Expired));
    assert_eq!(proof(json!({})), Some(JwtError::Claim("iat")));
}

// §4.1.4 "exp" (Expiration Time) Claim

/// "The processing of the "exp" claim requires that the current date/time MUST be before the expiration date/time
/// listed in the "exp" claim."
#[test]
fn a_token_that_has_expired_is_refused() {
    assert_eq!(fault("exp", json!(NOW + 1)), None);
    assert_eq!(fault("exp", json!(NOW)), Some(JwtError::Expired));
    assert_eq!(fault("exp", json!(0)), Some(JwtError::Expired));
    assert_eq!(fault("exp", Value::Null), Some(JwtError::Claim("exp")));
    let lenient = expected().with_leeway(Duration::from_secs(10));
    assert_eq!(fault_of("exp", json!(NOW - 9), lenient), None);
    assert_eq!(fault_of("exp", json!(NOW - 10), lenient), Some(JwtError::Expired));
}

/// "usually no more than a few minutes".
#[test]
fn the_leeway_is_bounded() {
    let endless = expected().with_leeway(Duration::MAX);
    assert_eq!(fault_of("exp", json!(NOW - 299), endless), None);
    assert_eq!(fault_of("exp", json!(NOW - 300), endless), Some(JwtError::Expired));
    assert_eq!(fault_of("nbf", json!(NOW + 300), endless), None);
    assert_eq!(fault_of("nbf", json!(NOW + 301), endless), Some(JwtError::NotYet));
}

// §4.1.5 "nbf" (Not Before) Claim

/// "The "nbf" (not before) claim identifies the time before which the JWT MUST NOT be accepted for processing."
#[test]
fn a_token_that_is_not_yet_valid_is_refused() {
    assert_eq!(fault("nbf", json!(NOW)), None);
    assert_eq!(fault("nbf", json!(NOW + 1)), Some(JwtError::NotYet));
    let default = Expected::token(Typ::AbsentOr(&[]), ISSUER, AUDIENCE);
    assert_eq!(fault_of("nbf", json!(NOW + 10), default), None);
    assert_eq!(fault_of("nbf", json!(NOW + 11), default), Some(JwtError::NotYet));
}

// §4.1.6 "iat" (Issued At) Claim

#[test]
fn a_token_of_the_future_or_of_long_ago_is_refused() {
    assert_eq!(fault("iat", json!(NOW + 1)), Some(JwtError::InFuture));
    assert_eq!(fault("iat", json!(0)), None);
    let young = expected().with_max_age(Duration::from_secs(60));
    assert_eq!(fault_of("iat", json!(NOW - 60), young), None);
    assert_eq!(fault_of("iat", json!(NOW - 61), young), Some(JwtError::TooOld));
    assert_eq!(fault_of("iat", Value::Null, young), Some(JwtError::Claim("iat")));
    let lenient = young.with_leeway(Duration::from_secs(5));
    assert_eq!(fault_of("iat", json!(NOW - 65), lenient), None);
    assert_eq!(fault_of("iat", json!(NOW - 66), lenient), Some(JwtError::TooOld));
    assert_eq!(fault_of("iat", json!(NOW + 5), lenient), None);
}

// §7.2 Validating a JWT

#[test]
fn times_at_the_ends_of_the_range_are_no_trouble() {
    let mut claims = good();
    claims["iat"] = json!(NOW);
    let verified = verify(&signed(r#"{"alg":"Ed25519"}"#, &claims.to_string())).unwrap();
    let young = expected().with_max_age(Duration::MAX).with_leeway(Duration::MAX);
    for (now, wanted) in [(0, JwtError::InFuture), (1, JwtError::InFuture), (u64::MAX, JwtError::Expired)] {
        assert_eq!(verified.claims(&young, Timestamp(now)), Err(wanted), "{now}");
    }
    assert!(verified.claims(&young, Timestamp(NOW)).is_ok());
}
