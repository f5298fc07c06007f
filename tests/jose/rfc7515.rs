//! RFC 7515, JSON Web Signature, in the order of its sections.

use grantor::jose::{Algorithm, Jws, JwsError, KeyError, SigningError, SigningInput};
use serde_json::json;

use crate::*;

// §2 Terminology: base64url without padding

#[test]
fn base64url_has_one_way_of_writing() {
    let good = signed(r#"{"alg":"Ed25519"}"#, "ab");
    assert_eq!(verify(&good).unwrap().payload(), b"ab");
    let [header, payload, signature] = <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    // Padding, the other alphabet, white space, bits that stand for nothing.
    assert!(payload.ends_with('I'));
    for other in ["YWI=", "YWJ", "YW+i", "YW/i", "YWI\n", " YWI", "YWI%3D"] {
        assert_eq!(verify(&format!("{header}.{other}.{signature}")).unwrap_err(), JwsError::Malformed, "{other:?}");
    }
    for other in [format!("{signature}=="), format!("+{}", &signature[1..]), format!("{signature}\n")] {
        assert_eq!(verify(&format!("{header}.{payload}.{other}")).unwrap_err(), JwsError::Malformed, "{other:?}");
    }
}

// §4 JOSE Header

/// "The Header Parameter names within the JOSE Header MUST be unique".
#[test]
fn a_repeated_parameter_is_refused_at_any_depth() {
    for header in [
        r#"{"alg":"Ed25519","alg":"Ed25519"}"#,
        r#"{"alg":"Ed25519","kid":"a","kid":"b"}"#,
        r#"{"alg":"Ed25519","x":{"y":1,"y":2}}"#,
        r#"{"alg":"Ed25519","\u0061lg":"none"}"#,
    ] {
        assert_eq!(fault(header), Some(JwsError::Repeated), "{header}");
    }
}

#[test]
fn a_header_is_one_json_object() {
    for header in
        ["", "[]", "null", "\"Ed25519\"", r#"{"alg":"Ed25519"}{}"#, r#"{"alg":"Ed25519",}"#, "{alg:1}", "\u{feff}{}"]
    {
        assert_eq!(fault(header), Some(JwsError::Header), "{header}");
    }
    let deep = format!(r#"{{"alg":"Ed25519","a":{}{}}}"#, "[".repeat(8), "]".repeat(8));
    assert_eq!(fault(&deep), Some(JwsError::Header));
    let input = format!("{}.e30", base64url(b"{\"alg\":\"Ed25519\",\"a\":\"\xFF\"}"));
    assert_eq!(verify(&format!("{input}.AAAA")).unwrap_err(), JwsError::Header);
}

#[test]
fn a_parameter_that_is_not_understood_is_ignored() {
    let header = r#"{"alg":"Ed25519","b64":true,"x5t":"x","x5t#S256":"y","https://example.com/a":[{"b":1}]}"#;
    let verified = verify(&signed(header, "{}")).unwrap();
    assert_eq!(verified.header().parameter("x5t"), Some(&json!("x")));
}

// §4.1.1 "alg" (Algorithm) Header Parameter

/// "This Header Parameter MUST be present and MUST be understood and processed by implementations."
#[test]
fn alg_is_required_and_understood() {
    for (header, expected) in [
        ("{}", JwsError::Parameter("alg")),
        (r#"{"alg":null}"#, JwsError::Parameter("alg")),
        (r#"{"alg":["Ed25519"]}"#, JwsError::Parameter("alg")),
        (r#"{"alg":"none"}"#, JwsError::Unsecured),
        (r#"{"alg":"None"}"#, JwsError::UnknownAlgorithm),
        (r#"{"alg":"ed25519"}"#, JwsError::UnknownAlgorithm),
        (r#"{"alg":"HS256"}"#, JwsError::UnknownAlgorithm),
        (r#"{"alg":"ES384"}"#, JwsError::UnknownAlgorithm),
        (r#"{"alg":""}"#, JwsError::UnknownAlgorithm),
    ] {
        assert_eq!(fault(header), Some(expected), "{header}");
    }
}

// §4.1.2 "jku", §4.1.5 "x5u", §4.1.6 "x5c", §4.1.3 "jwk"

#[test]
fn a_key_that_the_signer_chose_is_refused_where_none_is_due() {
    for (parameter, value) in [
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/certificate")),
        ("x5c", json!(["MIIB"])),
        ("jwk", serde_json::from_str(ED25519).unwrap()),
        ("jwk", json!("https://attacker.example")),
    ] {
        let header = json!({ "alg": "Ed25519", parameter: value }).to_string();
        assert_eq!(fault(&header), Some(JwsError::KeyInHeader(parameter)), "{header}");
    }
}

#[test]
fn a_proof_brings_its_key_and_no_way_to_another() {
    let prove = |header: &str| {
        let text = signed(header, "{}");
        let proof = Jws::parse_with_key(&text)?;
        proof.verify_with_own_key(&[Algorithm::Ed25519], &Toy)
    };
    let (key, verified) = prove(&format!(r#"{{"alg":"Ed25519","jwk":{ED25519}}}"#)).unwrap();
    assert_eq!((&key, verified.header().jwk()), (&jwk(ED25519), Some(&key)));
    let private = with(ED25519, r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#);
    for (header, expected) in [
        (r#"{"alg":"Ed25519"}"#.to_owned(), JwsError::Parameter("jwk")),
        (r#"{"alg":"Ed25519","jwk":"x"}"#.to_owned(), JwsError::Parameter("jwk")),
        (format!(r#"{{"alg":"Ed25519","jku":"x","jwk":{ED25519}}}"#), JwsError::KeyInHeader("jku")),
        (format!(r#"{{"alg":"Ed25519","jwk":{private}}}"#), JwsError::EmbeddedKey(grantor::jose::JwkError::Private)),
        (
            r#"{"alg":"Ed25519","jwk":{"kty":"oct"}}"#.to_owned(),
            JwsError::EmbeddedKey(grantor::jose::JwkError::Private),
        ),
        // Another's key, and a key of another kind.
        (format!(r#"{{"alg":"Ed25519","jwk":{}}}"#, ED25519.replace("11qY", "21qY")), JwsError::Signature),
        (format!(r#"{{"alg":"Ed25519","jwk":{P256}}}"#), JwsError::Signature),
        (format!(r#"{{"alg":"ES256","jwk":{P256}}}"#), JwsError::AlgorithmNotAccepted),
    ] {
        assert_eq!(prove(&header).unwrap_err(), expected, "{header}");
    }
    // A text that need not bring a key proves nothing about one.
    let text = signed(r#"{"alg":"Ed25519"}"#, "{}");
    let parsed = Jws::parse(&text).unwrap();
    assert_eq!(parsed.verify_with_own_key(&Algorithm::ALL, &Toy).unwrap_err(), JwsError::Parameter("jwk"));
}

// §4.1.4 "kid" (Key ID) Header Parameter

#[test]
fn kid_says_which_key_of_a_set_is_meant() {
    let other = ED25519.replace("11qY", "21qY");
    let [a, b] = [jwk(ED25519).with_key_id("a"), jwk(&other).with_key_id("b")];
    let both = [a.clone(), b.clone()];
    let by_a = |header: &str, keys: &[_]| verify_with(&signed(header, "{}"), keys).map(drop);
    assert_eq!(by_a(r#"{"alg":"Ed25519","kid":"a"}"#, &both), Ok(()));
    assert_eq!(by_a(r#"{"alg":"Ed25519","kid":"b"}"#, &both), Err(JwsError::Signature));
    assert_eq!(by_a(r#"{"alg":"Ed25519","kid":"c"}"#, &both), Err(KeyError::Unknown.into()));
    assert_eq!(by_a(r#"{"alg":"ES256","kid":"a"}"#, &both), Err(KeyError::OtherAlgorithm.into()));
    // Without it, only one key may be meant.
    assert_eq!(by_a(r#"{"alg":"Ed25519"}"#, &both), Err(KeyError::Ambiguous.into()));
    assert_eq!(by_a(r#"{"alg":"Ed25519"}"#, &[a.clone(), jwk(P256)]), Ok(()));
    assert_eq!(by_a(r#"{"alg":"Ed25519"}"#, &[]), Err(KeyError::Unknown.into()));
    // Two keys of one name are told apart by their kinds alone.
    assert_eq!(by_a(r#"{"alg":"Ed25519","kid":"a"}"#, &[a.clone(), jwk(P256).with_key_id("a")]), Ok(()));
    let same = [a, b.with_key_id("a")];
    assert_eq!(by_a(r#"{"alg":"Ed25519","kid":"a"}"#, &same), Err(KeyError::Ambiguous.into()));
    for kid in ["null", "1", "[\"a\"]"] {
        let header = format!(r#"{{"alg":"Ed25519","kid":{kid}}}"#);
        assert_eq!(by_a(&header, &both), Err(JwsError::Parameter("kid")), "{kid}");
    }
}

// §4.1.9 "typ" (Type) Header Parameter

#[test]
fn typ_is_a_media_type_whose_application_may_be_left_out() {
    let is = |typ: &str, name: &str| {
        let verified = verify(&signed(&json!({ "alg": "Ed25519", "typ": typ }).to_string(), "{}")).unwrap();
        verified.header().is_of_type(name)
    };
    assert!(is("at+jwt", "at+jwt") && is("application/at+jwt", "at+jwt") && is("AT+JWT", "application/at+jwt"));
    assert!(is("Application/At+Jwt", "at+jwt"));
    assert!(!is("at+jwt2", "at+jwt") && !is("text/at+jwt", "at+jwt") && !is("", "at+jwt"));
    assert!(!is("application/example;part=\"1/2\"", "example;part=\"1/2\""));
    assert_eq!(fault(r#"{"alg":"Ed25519","typ":1}"#), Some(JwsError::Parameter("typ")));
    assert!(!verify(&signed(r#"{"alg":"Ed25519"}"#, "{}")).unwrap().header().is_of_type(""));
}

// §4.1.11 "crit" (Critical) Header Parameter

/// "If any of the listed extension Header Parameters are not understood and supported by the recipient, then the JWS is
/// invalid."
#[test]
fn a_critical_extension_is_refused() {
    for crit in [r#"["exp"]"#, r#"["b64"]"#, "[]", r#"["alg"]"#, "null", "1"] {
        let header = format!(r#"{{"alg":"Ed25519","crit":{crit},"exp":1,"b64":false}}"#);
        assert_eq!(fault(&header), Some(JwsError::Critical), "{crit}");
    }
}

// §5.1 Message Signature or MAC Computation

#[test]
fn what_is_written_is_what_is_signed() {
    let key = jwk(&with(ED25519, r#","alg":"Ed25519","kid":"a""#));
    let input = SigningInput::new(&key, "at+jwt", &json!({ "sub": "alice" })).unwrap();
    let [header, payload] = [r#"{"alg":"Ed25519","typ":"at+jwt","kid":"a"}"#, r#"{"sub":"alice"}"#].map(base64url);
    assert_eq!(input.as_bytes(), format!("{header}.{payload}").as_bytes());
    assert_eq!((input.algorithm(), input.key_id()), (Algorithm::Ed25519, Some("a")));
    assert_eq!(format!("{input:?}"), "SigningInput(Ed25519 a)");
    let signature = Signature::new(Toy::signature(key.key(), input.as_bytes()));
    let text = input.clone().attach(&signature).unwrap();
    assert_eq!(verify_with(&text, std::slice::from_ref(&key)).unwrap().payload(), br#"{"sub":"alice"}"#);
    // A signer that answers garbage.
    for len in [0, 32, 63, 65, 72] {
        assert_eq!(input.clone().attach(&Signature::new(vec![1; len])), Err(SigningError::Length), "{len}");
    }
    assert_eq!(SigningInput::new(&jwk(ED25519), "at+jwt", &json!({})), Err(SigningError::NoAlgorithm));
    // With the key in the header: the key and nothing else.
    let proof = SigningInput::with_own_key(&key, "dpop+jwt", &json!({})).unwrap();
    let signature = Signature::new(Toy::signature(key.key(), proof.as_bytes()));
    let text = proof.attach(&signature).unwrap();
    let (own, verified) = Jws::parse_with_key(&text).unwrap().verify_with_own_key(&Algorithm::ALL, &Toy).unwrap();
    assert_eq!((own, verified.header().key_id()), (jwk(ED25519), None));
}

// §5.2 Message Signature or MAC Validation

#[test]
fn whatever_is_changed_the_signature_is_wrong() {
    let good = signed(r#"{"alg":"Ed25519","typ":"at+jwt"}"#, r#"{"sub":"alice"}"#);
    assert!(verify(&good).is_ok());
    for at in (0..good.len()).filter(|at| good.as_bytes()[*at] != b'.') {
        let mut other = good.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        assert!(verify(std::str::from_utf8(&other).unwrap()).is_err(), "{at}");
    }
}

#[test]
fn a_signature_has_the_length_of_its_key() {
    let input = format!("{}.e30", base64url(r#"{"alg":"Ed25519"}"#));
    let right = Toy::signature(jwk(ED25519).key(), input.as_bytes());
    for signature in [&right[..63], &[&right[..], &[0]].concat(), &[]] {
        assert_eq!(verify(&format!("{input}.{}", base64url(signature))).unwrap_err(), JwsError::Signature);
    }
    assert!(verify(&format!("{input}.{}", base64url(&right))).is_ok());
}

// §7.1 JWS Compact Serialization

#[test]
fn a_signed_text_has_three_parts() {
    let good = signed(r#"{"alg":"Ed25519"}"#, "{}");
    let json = r#"{"payload":"e30","protected":"e30","signature":"AAAA"}"#;
    for text in ["", ".", "..", "e30", "e30.e30", &format!("{good}.AAAA"), &format!("{good}."), json, "é.é.é"] {
        let fault = verify(text).unwrap_err();
        assert!([JwsError::Malformed, JwsError::Header].contains(&fault), "{text}: {fault}");
    }
    // The payload may be empty.
    assert_eq!(verify(&signed(r#"{"alg":"Ed25519"}"#, "")).unwrap().payload(), b"");
}

#[test]
fn a_signed_text_has_a_greatest_length() {
    let of_len = |len: usize| signed(r#"{"alg":"Ed25519"}"#, &"x".repeat(len));
    let longest = (Jws::MAX_LEN / 4 * 3 - 120..).map(of_len).find(|text| text.len() > Jws::MAX_LEN - 2).unwrap();
    assert!(longest.len() <= Jws::MAX_LEN && verify(&longest).is_ok());
    assert_eq!(verify(&format!("{longest}AAAA")).unwrap_err(), JwsError::TooLong);
}

// §10 Security Considerations

#[test]
fn debug_shows_no_token() {
    let text = signed(r#"{"alg":"Ed25519","kid":"a-key"}"#, r#"{"sub":"alice"}"#);
    let jws = Jws::parse(&text).unwrap();
    let shown = format!("{jws:?}{:?}", verify_with(&text, &[jwk(ED25519).with_key_id("a-key")]).unwrap());
    assert!(shown.contains("a-key") && !shown.contains("alice") && !shown.contains("signature"), "{shown}");
    assert_eq!(format!("{:?}", Signature::new(*b"secret")), "Signature(6 bytes)");
}
