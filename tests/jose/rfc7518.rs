//! RFC 7518, JSON Web Algorithms, as far as keys and signatures have rules that are no mathematics, in the order of its
//! sections.

use grantor::jose::{Jwk, JwkError, PrivateKey, PrivateKeyError, PrivateKeyForm, RsaKeyError, RsaPublicKey};
use serde_json::{Value, json};

use crate::*;

/// The private key of RFC 7515 appendix A.2.
fn private_rsa() -> Value {
    json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB", "d": "AQ", "p": "Ag", "q": "Aw", "dp": "BA", "dq": "BQ", "qi": "gA",
    })
}

// §3.1 "alg" (Algorithm) Header Parameter Values for JWS

#[test]
fn an_algorithm_is_named_as_it_is_registered() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
        assert_eq!(serde_json::from_value::<Algorithm>(json!(algorithm)).unwrap(), algorithm);
        assert!(Algorithm::parse(&algorithm.as_str().to_lowercase()).is_err());
    }
    for name in ["HS256", "HS512", "RS384", "PS512", "ES384", "ES256K", "none", "Ed448", "EdDSA ", ""] {
        assert!(Algorithm::parse(name).is_err() && serde_json::from_value::<Algorithm>(json!(name)).is_err(), "{name}");
    }
}

// §3.3 Digital Signature with RSASSA-PKCS1-v1_5, §3.5 Digital Signature with RSASSA-PSS

/// §3.3: "A key of size 2048 bits or larger MUST be used with these algorithms."
#[test]
fn an_rsa_key_is_neither_short_nor_endless() {
    let modulus = |bits: usize| {
        let mut modulus = vec![0xFF; bits.div_ceil(8)];
        modulus[0] = 0xFF >> (bits.div_ceil(8) * 8 - bits);
        modulus
    };
    let e = [1, 0, 1];
    for (bits, wanted) in [
        (1024, Err(RsaKeyError::TooShort)),
        (2047, Err(RsaKeyError::TooShort)),
        (2048, Ok(256)),
        (2049, Ok(257)),
        (3072, Ok(384)),
        (4096, Ok(512)),
        (4097, Err(RsaKeyError::TooLong)),
        (16384, Err(RsaKeyError::TooLong)),
    ] {
        let key = RsaPublicKey::new(&modulus(bits), &e);
        assert_eq!(key.map(|key| PublicKey::Rsa(key).signature_len()), wanted, "{bits}");
    }
}

// §6.2.1 Parameters for Elliptic Curve Public Keys

#[test]
fn a_coordinate_has_all_its_bytes() {
    let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    let with_x = |x: &str| {
        let mut key: Value = serde_json::from_str(P256).unwrap();
        key["x"] = x.into();
        Jwk::parse(&key.to_string())
    };
    assert!(with_x(x).is_ok());
    let short = base64url([7; 31]);
    let long = base64url([0; 33]);
    for other in [&short, &long, "", &x[1..], &format!("{x}="), &x.replace('f', "+")] {
        assert_eq!(with_x(other), Err(JwkError::Member("x")), "{other}");
    }
}

// §6.3.1 Parameters for RSA Public Keys; §2, Base64urlUInt

#[test]
fn a_number_is_written_without_leading_zeros() {
    let n = [vec![0x80; 255], vec![1]].concat();
    let number = Err(RsaKeyError::Number);
    assert_eq!(RsaPublicKey::new(&[&[0], &n[..]].concat(), &[3]), number);
    for e in [&[][..], &[0], &[0, 3], &[1], &[2], &[0, 1, 0, 1], &[2, 0, 0, 0, 1], &[1, 1, 1, 1, 1, 1]] {
        assert_eq!(RsaPublicKey::new(&n, e), number, "{e:?}");
    }
    for e in [&[3][..], &[1, 0, 1], &[1, 0, 0, 0, 1]] {
        assert!(RsaPublicKey::new(&n, e).is_ok(), "{e:?}");
    }
    let even = [vec![0x80; 255], vec![2]].concat();
    assert_eq!(RsaPublicKey::new(&even, &[3]), number);
    assert_eq!(RsaPublicKey::new(&[], &[3]), number);
    assert_eq!(format!("{:?}", RsaPublicKey::new(&n, &[3]).unwrap()), "RsaPublicKey(256 bytes)");
}

// §6.2.2, §6.3.2 Parameters for Private Keys

#[test]
fn a_private_key_has_all_its_numbers() {
    let key = PrivateKey::from_jwk(&private_rsa().to_string()).unwrap();
    // A sequence: 0, n, e, d, p, q, dp, dq, qi. A number that begins with a bit has a zero before it.
    let PrivateKeyForm::Pkcs1(der) = key.expose() else { panic!() };
    assert_eq!(der[..4], [0x30, 0x82, 1, 0x20]);
    assert_eq!(der[4..7], [2, 1, 0]);
    assert_eq!(der[7..12], [2, 0x82, 1, 1, 0]);
    assert_eq!(der[268..], [2, 3, 1, 0, 1, 2, 1, 1, 2, 1, 2, 2, 1, 3, 2, 1, 4, 2, 1, 5, 2, 2, 0, 0x80]);
    assert_eq!(der.len(), 0x120 + 4);
    for name in ["p", "q", "dp", "dq", "qi"] {
        let mut key = private_rsa();
        key.as_object_mut().unwrap().remove(name);
        let fault = PrivateKey::from_jwk(&key.to_string()).unwrap_err();
        assert_eq!(fault, PrivateKeyError::Jwk(JwkError::Member(name)));
        key[name] = json!("A");
        assert_eq!(PrivateKey::from_jwk(&key.to_string()).unwrap_err(), fault);
    }
    let mut key = private_rsa();
    key["oth"] = json!([]);
    assert_eq!(PrivateKey::from_jwk(&key.to_string()).unwrap_err(), JwkError::Member("oth").into());
}

#[test]
fn a_private_key_is_for_signing() {
    let refused = |text: &str| PrivateKey::from_jwk(text).map(drop).err();
    let private = |members: &str| with(&with(P256, r#","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#), members);
    assert_eq!(refused(&private("")), None);
    assert_eq!(refused(&private(r#","key_ops":["sign"],"use":"sig","alg":"ES256""#)), None);
    for (members, expected) in [
        (r#","key_ops":["verify"]"#, JwkError::Use),
        (r#","use":"enc""#, JwkError::Use),
        (r#","alg":"ES384""#, JwkError::Algorithm),
        (r#","d":"AA""#, JwkError::Repeated),
    ] {
        assert_eq!(refused(&private(members)), Some(expected.into()), "{members}");
    }
    assert_eq!(refused(P256), Some(JwkError::Public.into()));
    assert_eq!(refused(&with(P256, r#","d":"AAAA""#)), Some(JwkError::Member("d").into()));
    assert_eq!(refused(&with(ED25519, r#","d":1"#)), Some(JwkError::Member("d").into()));
    assert_eq!(refused(r#"{"kty":"oct","k":"AAAA"}"#), Some(JwkError::KeyType.into()));
    assert_eq!(refused(&" ".repeat(Jwk::MAX_LEN + 1)), Some(JwkError::TooLong.into()));
    let shown = format!("{:?}{:?}", PrivateKey::from_jwk(&private("")).unwrap(), PrivateKeyForm::P256(&[7; 32]));
    assert_eq!(shown, "PrivateKey([redacted])[redacted]");
}
