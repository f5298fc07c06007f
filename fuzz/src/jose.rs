//! Signed texts, their claims and their keys.

use grantor::Timestamp;
use grantor::jose::{
    Algorithm, Expected, Header, Jwk, JwkSet, Jws, PrivateKey, PublicKey, SigningInput, Typ, Verified, Verifier,
    WrongSignature,
};

/// A backend that believes everything, so that what comes after the signature is reached.
#[derive(Debug)]
struct Credulous;

impl Verifier for Credulous {
    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), WrongSignature> {
        assert!(key.fits(algorithm) && key.signature_len() == signature.len() && !message.is_empty());
        Ok(())
    }
}

/// The text is a key, a set of keys, a private key, or a signed text, perhaps after a set in the line before.
pub fn jose(text: &str) {
    if let Ok(key) = Jwk::parse(text) {
        is_key(&key);
    }
    if let Ok(set) = JwkSet::parse(text) {
        assert!(set.keys().len() + set.ignored().len() <= JwkSet::MAX_KEYS);
        set.keys().iter().for_each(is_key);
        let written = serde_json::to_string(&set).unwrap();
        assert_eq!(JwkSet::parse(&written).unwrap().keys(), set.keys());
    }
    for key in [PrivateKey::from_jwk(text), PrivateKey::from_pem(text)] {
        assert!(key.is_err() || format!("{key:?}") == "Ok(PrivateKey([redacted]))");
    }
    let (keys, signed) = text.split_once('\n').unwrap_or(("", text));
    if let Ok(jws) = Jws::parse(signed) {
        is_header(jws.header(), None);
        // Nothing verifies with no key.
        assert!(jws.verify(&JwkSet::default(), &Algorithm::ALL, &Credulous).is_err());
    }
    if let (Ok(jws), Ok(keys)) = (Jws::parse(signed), JwkSet::parse(keys))
        && let Ok(verified) = jws.verify(&keys, &Algorithm::ALL, &Credulous)
    {
        is_verified(&verified);
    }
    if let Ok(jws) = Jws::parse_with_key(signed)
        && let Ok((key, verified)) = jws.verify_with_own_key(&Algorithm::ALL, &Credulous)
    {
        is_header(verified.header(), Some(&key));
        is_key(&key);
        is_verified(&verified);
    }
}

/// A key is written as it was read, is public, and signs for itself.
fn is_key(key: &Jwk) {
    let written = serde_json::to_string(key).unwrap();
    assert_eq!(&Jwk::parse(&written).unwrap(), key);
    assert!(!written.contains("\"d\":") && key.key_id().is_none_or(|id| id.len() <= Jwk::MAX_KEY_ID_LEN));
    assert_eq!(Jwk::new(key.key().clone()).thumbprint(), key.thumbprint());
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| key.fits(*algorithm)) {
        let key = key.clone().with_algorithm(algorithm).unwrap();
        let input = SigningInput::new(&key, "a+jwt", &1).unwrap();
        let text = input.attach(&grantor::jose::Signature::new(vec![0; key.key().signature_len()])).unwrap();
        let jws = Jws::parse(&text).unwrap();
        assert!(jws.header().is_of_type("application/A+JWT") && jws.unverified_payload() == b"1");
        assert!(jws.verify(&JwkSet::new([key]), &[algorithm], &Credulous).is_ok());
    }
}

fn is_header(header: &Header, key: Option<&Jwk>) {
    assert_eq!(header.jwk(), key);
    for name in ["crit", "jku", "x5u", "x5c"] {
        assert!(header.parameter(name).is_none());
    }
    assert_eq!(header.parameter("alg").unwrap().as_str().unwrap().parse(), Ok(header.algorithm()));
}

/// Claims that are taken meet what was expected, at whatever time.
fn is_verified(verified: &Verified) {
    let typ = verified.header().typ().unwrap_or_default();
    for now in [0, 1_700_000_000, u64::MAX].map(Timestamp) {
        for expected in [
            Expected::token(Typ::AbsentOr(&[typ]), "i", "a"),
            Expected::token(Typ::Is("at+jwt"), "i", "a").with_sole_audience(),
            Expected::proof("dpop+jwt", std::time::Duration::from_secs(60)),
        ] {
            let Ok(claims) = verified.claims(&expected, now) else { continue };
            assert!(claims.issuer() == Some("i") || claims.issued_at().is_some());
            assert!(claims.expires_at().is_none_or(|end| end.0 + 10 > now.0));
            assert!(claims.audience().all(|one| one == "a") || claims.audience().count() > 1);
            assert!(!format!("{verified:?}{claims:?}").contains("\"sub\": "));
        }
    }
}
