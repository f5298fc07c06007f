//! Signed texts and their keys: a file for each RFC, and the vectors of others for each backend.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod bounds;
mod jwks;
mod keys;
mod rfc7515;
mod rfc7517;
mod rfc7518;
mod rfc7519;
mod rfc7638;
mod rfc8037;
mod rfc8725;
mod sign;
#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
mod vectors;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor::jose::{
    Algorithm, Backend, Jwk, JwkSet, Jws, JwsError, PrivateKey, PrivateKeyError, PrivateKeyForm, PublicKey, Signature,
    Signer, SigningError, Verified, Verifier, WrongSignature,
};
use grantor::model::Digest;

/// A host's own backend, and no cryptography: whoever knows the public key can sign. So the rules of texts and keys are
/// tested without any feature.
#[derive(Debug)]
pub struct Toy;

impl Toy {
    pub fn signature(key: &PublicKey, message: &[u8]) -> Vec<u8> {
        let digest = Digest::of(&format!("{}{}", Jwk::new(key.clone()).thumbprint(), base64url(message)));
        digest.as_bytes().iter().copied().cycle().take(key.signature_len()).collect()
    }
}

impl Verifier for Toy {
    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), WrongSignature> {
        assert!(key.fits(algorithm) && signature.len() == key.signature_len(), "checked before");
        if signature == Self::signature(key, message) { Ok(()) } else { Err(WrongSignature) }
    }
}

impl Backend for Toy {
    fn signer(&self, algorithm: Algorithm, key: &PrivateKey) -> Result<Arc<dyn Signer>, PrivateKeyError> {
        match (algorithm, key.expose()) {
            (Algorithm::Ed25519, PrivateKeyForm::Ed25519(seed)) => {
                Ok(Arc::new(ToySigner(PublicKey::Ed25519(seed.try_into().unwrap()))))
            }
            // Of a number on P-256 it takes every other one.
            (Algorithm::Es256, PrivateKeyForm::P256(number)) if number[0] < 0x80 => {
                let number = number.try_into().unwrap();
                Ok(Arc::new(ToySigner(PublicKey::P256(grantor::jose::P256Point::new(number, number)))))
            }
            _ => Err(PrivateKeyError::Rejected),
        }
    }
}

struct ToySigner(PublicKey);

impl Signer for ToySigner {
    fn sign(&self, message: &[u8]) -> Result<Signature, SigningError> {
        Ok(Signature::new(Toy::signature(&self.0, message)))
    }

    fn public_key(&self) -> &PublicKey {
        &self.0
    }
}

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key of RFC 8037 appendix A.2.
pub const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// The public key of RFC 7515 appendix A.3.
pub const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// The public key of RFC 7638 §3.1, without `alg` and `kid`.
pub const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}"#;

pub fn jwk(text: &str) -> Jwk {
    Jwk::parse(text).unwrap()
}

/// A key with further members: `, "alg": "ES256"`.
pub fn with(key: &str, members: &str) -> String {
    format!("{}{members}}}", key.strip_suffix('}').unwrap())
}

/// Signs a header and a payload with a key, whatever they are.
pub fn signed_by(key: &PublicKey, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url(header), base64url(payload));
    format!("{input}.{}", base64url(Toy::signature(key, input.as_bytes())))
}

/// The same, with the key of RFC 8037.
pub fn signed(header: &str, payload: &str) -> String {
    signed_by(jwk(ED25519).key(), header, payload)
}

/// Verifies a text by all algorithms, with the key of RFC 8037.
pub fn verify(text: &str) -> Result<Verified, JwsError> {
    verify_with(text, &[jwk(ED25519)])
}

pub fn verify_with(text: &str, keys: &[Jwk]) -> Result<Verified, JwsError> {
    Jws::parse(text)?.verify(&JwkSet::new(keys.to_vec()), &Algorithm::ALL, &Toy)
}

/// What is wrong with a text that the key of RFC 8037 signed.
pub fn fault(header: &str) -> Option<JwsError> {
    verify(&signed(header, "{}")).err()
}
