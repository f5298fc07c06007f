//! RFC 8037, Ed25519 in JOSE, and RFC 9864, which gives it a name of its own.

use grantor::jose::{JwkError, PrivateKey, PrivateKeyForm, SigningInput};
use serde_json::json;

use crate::*;

// §2 Key Type "OKP"; appendix A.1, A.2

#[test]
fn the_example_keys_are_read() {
    let private = with(ED25519, r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#);
    let key = PrivateKey::from_jwk(&private).unwrap();
    let PrivateKeyForm::Ed25519(seed) = key.expose() else { panic!() };
    // The octets of appendix A.1.
    assert_eq!(seed[..4], [0x9d, 0x61, 0xb1, 0x9d]);
    let PublicKey::Ed25519(x) = jwk(ED25519).key().clone() else { panic!() };
    assert_eq!(x[..4], [0xd7, 0x5a, 0x98, 0x01]);
    for other in [r#""AAAA""#, "1", r#""""#] {
        let text = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":{other}}}"#);
        assert_eq!(Jwk::parse(&text), Err(JwkError::Member("x")), "{other}");
    }
}

// Appendix A.3 JWK Thumbprint Canonicalization

#[test]
fn the_example_has_its_thumbprint() {
    assert_eq!(jwk(ED25519).thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

// §3.1 Signing; RFC 9864 §2.2

#[test]
fn both_names_mean_ed25519() {
    for (own, header) in [("Ed25519", "EdDSA"), ("EdDSA", "Ed25519"), ("EdDSA", "EdDSA"), ("Ed25519", "Ed25519")] {
        let key = jwk(&with(ED25519, &format!(r#","alg":"{own}","kid":"a""#)));
        let text = signed(&format!(r#"{{"alg":"{header}","kid":"a"}}"#), "{}");
        assert!(verify_with(&text, &[key]).is_ok(), "{own} {header}");
    }
    // EdDSA may be another curve's too, and such a key is none of Ed25519.
    let other = r#"{"kty":"OKP","crv":"Ed448","alg":"EdDSA","x":"AAAA"}"#;
    assert_eq!(Jwk::parse(other), Err(JwkError::KeyType));
    assert_eq!(Algorithm::parse("Ed448"), Err(grantor::jose::AlgorithmError));
}

#[test]
fn the_older_name_is_written_where_it_was_asked_for() {
    let key = jwk(&with(ED25519, r#","alg":"Ed25519","kid":"a""#));
    let header = |key: &Jwk| {
        let input = SigningInput::new(key, "JWT", &json!({})).unwrap();
        let header = std::str::from_utf8(input.as_bytes()).unwrap().split('.').next().unwrap().to_owned();
        String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
    };
    assert_eq!(header(&key), r#"{"alg":"Ed25519","typ":"JWT","kid":"a"}"#);
    assert_eq!(header(&key.clone().with_eddsa_name()), r#"{"alg":"EdDSA","typ":"JWT","kid":"a"}"#);
    assert_eq!(serde_json::to_value(key.with_eddsa_name()).unwrap()["alg"], "EdDSA");
    assert_eq!(jwk(P256).with_eddsa_name(), jwk(P256));
}
