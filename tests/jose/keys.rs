//! Keys that sign in this process: how they are read, what they sign, and how they are rotated.

use grantor::jose::{
    JwkError, KeyError, KeyRotation, KeyRotationError, PrivateKey, PrivateKeyError, SigningError, SigningInput,
    SigningKey,
};
use rand_core::{Infallible, TryCryptoRng, TryRng};
use serde_json::json;

use crate::*;

/// A generator that gives each of these bytes for as long as it is asked once.
struct Bytes(Vec<u8>);

impl TryRng for Bytes {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from(self.0.remove(0)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.0.remove(0)))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0.remove(0));
        Ok(())
    }
}

impl TryCryptoRng for Bytes {}

fn generate(algorithm: Algorithm, bytes: &[u8]) -> Result<SigningKey, PrivateKeyError> {
    let mut rng = Bytes(bytes.to_vec());
    let Ok(key) = SigningKey::generate(&Toy, algorithm, &mut rng);
    assert!(rng.0.is_empty(), "{:?} were not drawn", rng.0);
    key
}

fn key(byte: u8, id: &str) -> SigningKey {
    generate(Algorithm::Ed25519, &[byte]).unwrap().with_key_id(id)
}

fn input(key: &SigningKey) -> SigningInput {
    SigningInput::new(key.jwk(), "example+jwt", &json!({ "sub": "alice" })).unwrap()
}

#[test]
fn a_key_is_made_from_the_generator_of_the_caller() {
    let made = generate(Algorithm::Ed25519, &[7]).unwrap();
    assert_eq!(made.jwk().key(), &PublicKey::Ed25519([7; 32]));
    assert_eq!(made.jwk().algorithm(), Some(Algorithm::Ed25519));
    // Its name is its thumbprint, unless it gets another.
    assert_eq!(made.jwk().key_id(), Some(made.jwk().thumbprint().to_string().as_str()));
    assert_eq!(made.with_key_id("a").jwk().key_id(), Some("a"));
    // A number that is none on the curve is drawn again, and not for ever.
    let point = generate(Algorithm::Es256, &[0xFF, 0xFF, 0x11]).unwrap();
    assert_eq!(point.jwk().key(), &PublicKey::P256(grantor::jose::P256Point::new(&[0x11; 32], &[0x11; 32])));
    assert_eq!(generate(Algorithm::Es256, &[0xFF; 4]).unwrap_err(), PrivateKeyError::Rejected);
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        assert_eq!(generate(algorithm, &[]).unwrap_err(), PrivateKeyError::Unsupported);
    }
}

#[test]
fn a_json_web_key_is_what_it_says() {
    // The toy's public key is the private one.
    let text = |x: &str, members: &str| {
        let d = base64url([7; 32]);
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","d":"{d}"{members}}}"#)
    };
    let read = |algorithm: Algorithm, text: &str| SigningKey::new(&Toy, algorithm, &PrivateKey::from_jwk(text)?);
    let x = base64url([7; 32]);
    let good = read(Algorithm::Ed25519, &text(&x, r#","kid":"a","alg":"EdDSA""#)).unwrap();
    assert_eq!((good.jwk().key_id(), good.jwk().algorithm()), (Some("a"), Some(Algorithm::Ed25519)));
    assert_eq!(serde_json::to_value(good.jwk()).unwrap()["alg"], "EdDSA");
    assert!(read(Algorithm::Ed25519, &text(&x, "")).unwrap().jwk().key_id().is_some());
    let other = base64url([8; 32]);
    assert_eq!(read(Algorithm::Ed25519, &text(&other, "")).unwrap_err(), PrivateKeyError::Mismatch);
    assert_eq!(read(Algorithm::Es256, &text(&x, "")).unwrap_err(), JwkError::Algorithm.into());
}

#[test]
fn a_key_signs_what_is_meant_for_it() {
    let (one, other) = (key(1, "a"), key(2, "b"));
    let signature = one.sign(&input(&one)).unwrap();
    let text = input(&one).attach(&signature).unwrap();
    assert!(verify_with(&text, &[one.jwk().clone(), other.jwk().clone()]).is_ok());
    assert_eq!(one.sign(&input(&other)), Err(SigningError::UnknownKey));
    assert_eq!(one.sign(&input(&key(1, "c"))), Err(SigningError::UnknownKey));
    let point = generate(Algorithm::Es256, &[1]).unwrap().with_key_id("a");
    assert_eq!(one.sign(&input(&point)), Err(SigningError::UnknownKey));
}

#[test]
fn debug_shows_public_parts_alone() {
    let shown = format!("{:?}", KeyRotation::new(key(7, "a")).unwrap());
    assert!(shown.contains("SigningKey") && shown.contains("\"a\"") && !shown.contains("signer"), "{shown}");
    let json = serde_json::to_value(KeyRotation::new(key(7, "a")).unwrap().jwk_set()).unwrap();
    let x = base64url([7; 32]);
    let wanted = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "alg": "Ed25519", "kid": "a" });
    assert_eq!(json, json!({ "keys": [wanted] }));
}

// Rotation

fn ids(keys: &KeyRotation<SigningKey>) -> Vec<String> {
    keys.jwk_set().keys().iter().map(|key| key.key_id().unwrap().to_owned()).collect()
}

#[test]
fn the_next_key_is_published_before_it_signs_and_the_last_one_after() {
    let current = |keys: &KeyRotation<SigningKey>| keys.current(Algorithm::Ed25519).unwrap().clone();
    let keys = KeyRotation::new(key(1, "a")).unwrap().with_next(key(2, "b")).unwrap();
    assert_eq!(ids(&keys), ["a", "b"]);
    let before = input(&current(&keys));
    let signed_before = before.clone().attach(&keys.sign(&before).unwrap()).unwrap();
    let fetched_before = keys.jwk_set();

    let keys = keys.rotated(key(3, "c")).unwrap();
    assert_eq!(ids(&keys), ["b", "c", "a"]);
    let after = input(&current(&keys));
    let signed_after = after.clone().attach(&keys.sign(&after).unwrap()).unwrap();
    // Whoever fetched the set before the change verifies what is signed after it, and the other way round.
    assert!(verify_with(&signed_after, fetched_before.keys()).is_ok());
    assert!(verify_with(&signed_before, keys.jwk_set().keys()).is_ok());
    // A text that was written before the change is still signed; the next key signs nothing yet.
    assert!(keys.sign(&before).is_ok());
    assert_eq!(keys.sign(&input(&key(3, "c"))), Err(SigningError::UnknownKey));

    let keys = keys.rotated(key(4, "d")).unwrap();
    assert_eq!(ids(&keys), ["c", "d", "b"]);
    assert_eq!(keys.sign(&before), Err(SigningError::UnknownKey));
    assert_eq!(verify_with(&signed_before, keys.jwk_set().keys()).unwrap_err(), KeyError::Unknown.into());
}

#[test]
fn without_a_next_key_the_new_one_signs_at_once() {
    let keys = KeyRotation::new(key(1, "a")).unwrap().rotated(key(2, "b")).unwrap();
    assert_eq!(ids(&keys), ["b", "a"]);
}

#[test]
fn each_algorithm_is_rotated_by_itself() {
    let point = |byte: u8, id: &str| generate(Algorithm::Es256, &[byte]).unwrap().with_key_id(id);
    let keys = KeyRotation::new(key(1, "a")).unwrap().with_current(point(1, "p")).unwrap();
    assert!(keys.algorithms().eq([Algorithm::Ed25519, Algorithm::Es256]));
    let keys = keys.with_last(point(2, "o")).unwrap().rotated(key(2, "b")).unwrap();
    assert_eq!(ids(&keys), ["p", "b", "o", "a"]);
    let current = |algorithm| keys.current(algorithm).map(|key| key.jwk().key_id().unwrap());
    assert_eq!((current(Algorithm::Es256), current(Algorithm::Ed25519)), (Some("p"), Some("b")));
    assert_eq!(current(Algorithm::Rs256), None);
    // Where a key service signs, there are public keys alone.
    let public = keys.public();
    assert_eq!(public.jwk_set(), keys.jwk_set());
    assert_eq!(public.current(Algorithm::Es256).and_then(Jwk::key_id), Some("p"));
}

#[test]
fn keys_without_names_or_with_the_same_are_refused() {
    let unnamed = |text: &str| KeyRotation::new(jwk(text)).err();
    assert_eq!(unnamed(ED25519), Some(KeyRotationError::Unnamed));
    assert_eq!(unnamed(&with(ED25519, r#","kid":"a""#)), Some(KeyRotationError::Unnamed));
    assert_eq!(unnamed(&with(ED25519, r#","alg":"EdDSA""#)), Some(KeyRotationError::Unnamed));
    assert_eq!(unnamed(&with(ED25519, r#","alg":"EdDSA","kid":"a""#)), None);
    let keys = KeyRotation::new(key(1, "a")).unwrap();
    assert_eq!(keys.clone().with_next(key(2, "a")).err(), Some(KeyRotationError::SameKeyId));
    assert_eq!(keys.clone().rotated(key(1, "a")).err(), Some(KeyRotationError::SameKeyId));
    assert_eq!(keys.with_current(key(2, "b")).err(), Some(KeyRotationError::SameAlgorithm));
}
