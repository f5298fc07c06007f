//! RFC 8725, JSON Web Token Best Current Practices, in the order of its sections.

use grantor::Timestamp;
use grantor::jose::{Expected, JwtError, KeyError, Typ};
use serde_json::json;

use crate::*;

// §3.1 Perform Algorithm Verification

/// "Libraries MUST enable the caller to specify a supported set of algorithms and MUST NOT use any other algorithms
/// when performing cryptographic operations."
#[test]
fn the_caller_says_which_algorithms_there_are() {
    let keys = JwkSet::new([jwk(ED25519), jwk(P256), jwk(RSA)]);
    for algorithm in Algorithm::ALL {
        let key = keys.find(None, algorithm).unwrap().key();
        let text = signed_by(key, &json!({ "alg": algorithm }).to_string(), "{}");
        for accepted in Algorithm::ALL {
            let verified = Jws::parse(&text).unwrap().verify(&keys, &[accepted], &Toy);
            let wanted = if accepted == algorithm { Ok(()) } else { Err(JwsError::AlgorithmNotAccepted) };
            assert_eq!(verified.map(drop), wanted, "{algorithm} {accepted}");
        }
        let verified = Jws::parse(&text).unwrap().verify(&keys, &[], &Toy);
        assert_eq!(verified.map(drop), Err(JwsError::AlgorithmNotAccepted));
    }
}

/// A public key is no shared secret, and a key of one kind is none of another, whatever the header says.
#[test]
fn a_key_is_never_taken_for_another() {
    for (key, algorithm) in [(RSA, "HS256"), (P256, "HS256"), (RSA, "ES256"), (P256, "RS256"), (ED25519, "ES256")] {
        for named in [false, true] {
            let key = if named { jwk(key).with_key_id("a") } else { jwk(key) };
            let mut header = json!({ "alg": algorithm });
            if named {
                header["kid"] = json!("a");
            }
            let fault = verify_with(&signed_by(key.key(), &header.to_string(), "{}"), &[key]).unwrap_err();
            let wanted = match (algorithm, named) {
                ("HS256", _) => JwsError::UnknownAlgorithm,
                (_, false) => KeyError::Unknown.into(),
                (_, true) => KeyError::OtherAlgorithm.into(),
            };
            assert_eq!(fault, wanted, "{algorithm}");
        }
    }
}

// §3.2 Use Appropriate Algorithms

#[test]
fn a_text_that_is_not_signed_is_no_token() {
    let [header, payload] = [r#"{"alg":"none"}"#, r#"{"sub":"alice"}"#].map(base64url);
    for text in [format!("{header}.{payload}."), format!("{header}.{payload}.AAAA")] {
        assert_eq!(verify(&text).unwrap_err(), JwsError::Unsecured);
    }
}

// §3.3 Validate All Cryptographic Operations

#[test]
fn a_backend_that_has_not_the_algorithm_verifies_nothing() {
    #[derive(Debug)]
    struct Nothing;
    impl Verifier for Nothing {
        fn verify(&self, _: Algorithm, _: &PublicKey, _: &[u8], _: &[u8]) -> Result<(), WrongSignature> {
            Err(WrongSignature)
        }
        fn has(&self, _: Algorithm) -> bool {
            false
        }
    }
    let text = signed(r#"{"alg":"Ed25519"}"#, "{}");
    let verified = Jws::parse(&text).unwrap().verify(&JwkSet::new([jwk(ED25519)]), &Algorithm::ALL, &Nothing);
    assert_eq!(verified.map(drop), Err(JwsError::Signature));
    assert!(Algorithm::ALL.into_iter().all(|algorithm| Toy.has(algorithm) && !Nothing.has(algorithm)));
}

// §3.10 Do Not Trust Received Claims

#[test]
fn nothing_is_known_before_the_signature_but_by_its_name() {
    let text = signed(r#"{"alg":"Ed25519","kid":"../../etc/passwd"}"#, r#"{"iss":"https://a.example"}"#);
    let jws = Jws::parse(&text).unwrap();
    assert_eq!(jws.header().key_id(), Some("../../etc/passwd"));
    assert_eq!(jws.unverified_payload(), br#"{"iss":"https://a.example"}"#);
    // The identifier finds a key of the set, and nothing else.
    assert_eq!(verify(&text).unwrap_err(), KeyError::Unknown.into());
}

// §3.11 Use Explicit Typing, §3.12 Use Mutually Exclusive Validation Rules for Different Kinds of JWTs

#[test]
fn a_token_for_one_purpose_is_none_for_another() {
    let claims = json!({ "iss": "i", "aud": "a", "exp": 2_000, "iat": 1_000 }).to_string();
    let read = |header: &str, typ: Typ<'_>| {
        let verified = verify(&signed(header, &claims)).unwrap();
        verified.claims(&Expected::token(typ, "i", "a"), Timestamp(1_000)).err()
    };
    let at_jwt = r#"{"alg":"Ed25519","typ":"at+jwt"}"#;
    assert_eq!(read(at_jwt, Typ::Is("at+jwt")), None);
    assert_eq!(read(r#"{"alg":"Ed25519","typ":"application/at+jwt"}"#, Typ::Is("at+jwt")), None);
    for header in [r#"{"alg":"Ed25519"}"#, r#"{"alg":"Ed25519","typ":"JWT"}"#, r#"{"alg":"Ed25519","typ":"dpop+jwt"}"#]
    {
        assert_eq!(read(header, Typ::Is("at+jwt")), Some(JwtError::Type), "{header}");
    }
    // Tokens that are older than explicit types have none, or `JWT`, and are none of another type.
    let older = Typ::AbsentOr(&["JWT", "client-authentication+jwt"]);
    assert_eq!(read(r#"{"alg":"Ed25519"}"#, older), None);
    assert_eq!(read(r#"{"alg":"Ed25519","typ":"jwt"}"#, older), None);
    assert_eq!(read(r#"{"alg":"Ed25519","typ":"client-authentication+jwt"}"#, older), None);
    assert_eq!(read(at_jwt, older), Some(JwtError::Type));
}
