//! The backend of the feature `rustcrypto`: the crates `p256`, `ed25519-dalek` and `rsa`.

use std::sync::Arc;

use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use getrandom::SysRng;
use p256::ecdsa::signature::{RandomizedSigner, Signer as _, Verifier as _};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::signature::SignatureEncoding as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, pkcs1v15, pss};
use sha2::Sha256;

use crate::jose::{
    Algorithm, Backend, P256Point, PrivateKey, PrivateKeyError, PrivateKeyForm, PublicKey, RsaPublicKey, Signature,
    Signer, SigningError, Verifier, WrongSignature,
};

/// The backend of the feature `rustcrypto`, all of it in Rust.
///
/// It verifies by all algorithms, and signs by ES256 and Ed25519. Signing by RSA has to be asked for
/// [by name](Self::despite_rustsec_2023_0071).
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto {
    signs_rsa: bool,
}

impl RustCrypto {
    /// Makes the backend.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Signs by RSA too, though the crate `rsa` has the advisory [RUSTSEC-2023-0071] against it: the time that it takes
    /// may tell who can measure it something of the private key. Version 0.10.0, of November 2026, says of itself that
    /// the fault is mended; the advisory, as last seen in September, knows of no version without it. Signatures are
    /// blinded by random numbers of the operating system. The feature `aws-lc-rs` needs no such name.
    ///
    /// [RUSTSEC-2023-0071]: https://rustsec.org/advisories/RUSTSEC-2023-0071.html
    #[must_use]
    pub fn despite_rustsec_2023_0071(self) -> Self {
        Self { signs_rsa: true }
    }
}

impl Verifier for RustCrypto {
    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), WrongSignature> {
        let is_right = match (algorithm, key) {
            (Algorithm::Es256, PublicKey::P256(point)) => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point.as_bytes());
                let signature = p256::ecdsa::Signature::from_slice(signature);
                key.and_then(|key| key.verify(message, &signature?)).is_ok()
            }
            (Algorithm::Ed25519, PublicKey::Ed25519(key)) => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(key);
                let signature = ed25519_dalek::Signature::from_slice(signature);
                // Refuses keys of small order too, for which one signature fits many messages.
                key.and_then(|key| key.verify_strict(message, &signature?)).is_ok()
            }
            (Algorithm::Ps256, PublicKey::Rsa(key)) => {
                let signature = pss::Signature::try_from(signature);
                let key = rsa_key(key).map(pss::VerifyingKey::<Sha256>::new);
                key.is_some_and(|key| signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
            }
            (Algorithm::Rs256, PublicKey::Rsa(key)) => {
                let signature = pkcs1v15::Signature::try_from(signature);
                let key = rsa_key(key).map(pkcs1v15::VerifyingKey::<Sha256>::new);
                key.is_some_and(|key| signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
            }
            _ => false,
        };
        if is_right { Ok(()) } else { Err(WrongSignature) }
    }
}

fn rsa_key(key: &RsaPublicKey) -> Option<rsa::PublicKey> {
    let [n, e] = [key.modulus(), key.exponent()].map(BoxedUint::from_be_slice_vartime);
    rsa::PublicKey::new(n, e).ok()
}

impl Backend for RustCrypto {
    fn signer(&self, algorithm: Algorithm, key: &PrivateKey) -> Result<Arc<dyn Signer>, PrivateKeyError> {
        let is_rsa = matches!(algorithm, Algorithm::Ps256 | Algorithm::Rs256);
        if is_rsa && !self.signs_rsa {
            return Err(PrivateKeyError::Unsupported);
        }
        let key = match algorithm {
            Algorithm::Es256 => Key::P256(p256(key.expose())?),
            Algorithm::Ed25519 => Key::Ed25519(ed25519(key.expose())?),
            Algorithm::Ps256 => Key::Pss(pss::SigningKey::new(rsa(key.expose())?)),
            Algorithm::Rs256 => Key::Pkcs1v15(pkcs1v15::SigningKey::new(rsa(key.expose())?)),
        };
        let public = key.public_key().ok_or(PrivateKeyError::Rejected)?;
        Ok(Arc::new(RustCryptoSigner { key, public }))
    }
}

fn p256(form: PrivateKeyForm<'_>) -> Result<p256::ecdsa::SigningKey, PrivateKeyError> {
    let key = match form {
        PrivateKeyForm::Pkcs8(der) => p256::SecretKey::from_pkcs8_der(der).ok(),
        PrivateKeyForm::Sec1(der) => p256::SecretKey::from_sec1_der(der).ok(),
        PrivateKeyForm::P256(number) => p256::SecretKey::from_slice(number).ok(),
        PrivateKeyForm::Pkcs1(_) | PrivateKeyForm::Ed25519(_) => None,
    };
    key.map(Into::into).ok_or(PrivateKeyError::Rejected)
}

fn ed25519(form: PrivateKeyForm<'_>) -> Result<ed25519_dalek::SigningKey, PrivateKeyError> {
    let key = match form {
        PrivateKeyForm::Pkcs8(der) => ed25519_dalek::SigningKey::from_pkcs8_der(der).ok(),
        PrivateKeyForm::Ed25519(seed) => ed25519_dalek::SigningKey::try_from(seed).ok(),
        _ => None,
    };
    key.ok_or(PrivateKeyError::Rejected)
}

fn rsa(form: PrivateKeyForm<'_>) -> Result<rsa::PrivateKey, PrivateKeyError> {
    let key = match form {
        PrivateKeyForm::Pkcs8(der) => rsa::PrivateKey::from_pkcs8_der(der).ok(),
        PrivateKeyForm::Pkcs1(der) => rsa::PrivateKey::from_pkcs1_der(der).ok(),
        _ => None,
    };
    key.filter(|key| key.validate().is_ok()).ok_or(PrivateKeyError::Rejected)
}

enum Key {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Pss(pss::SigningKey<Sha256>),
    Pkcs1v15(pkcs1v15::SigningKey<Sha256>),
}

impl Key {
    fn public_key(&self) -> Option<PublicKey> {
        let rsa = |key: &rsa::PrivateKey| {
            let key = RsaPublicKey::new(significant(&key.n_bytes()), significant(&key.e_bytes()));
            key.ok().map(PublicKey::Rsa)
        };
        match self {
            Self::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                P256Point::from_uncompressed(point.as_bytes()).map(PublicKey::P256)
            }
            Self::Ed25519(key) => Some(PublicKey::Ed25519(key.verifying_key().to_bytes())),
            Self::Pss(key) => rsa(key.as_ref()),
            Self::Pkcs1v15(key) => rsa(key.as_ref()),
        }
    }
}

/// The number without its leading zeros.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

struct RustCryptoSigner {
    key: Key,
    public: PublicKey,
}

impl Signer for RustCryptoSigner {
    fn sign(&self, message: &[u8]) -> Result<Signature, SigningError> {
        let failed = |_| SigningError::Failed;
        match &self.key {
            Key::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                Ok(Signature::new(signature.to_bytes().as_slice()))
            }
            Key::Ed25519(key) => Ok(Signature::new(key.try_sign(message).map_err(failed)?.to_bytes())),
            Key::Pss(key) => Ok(Signature::new(key.try_sign_with_rng(&mut SysRng, message).map_err(failed)?.to_vec())),
            Key::Pkcs1v15(key) => {
                let signature: pkcs1v15::Signature = key.try_sign_with_rng(&mut SysRng, message).map_err(failed)?;
                Ok(Signature::new(signature.to_vec()))
            }
        }
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }
}
