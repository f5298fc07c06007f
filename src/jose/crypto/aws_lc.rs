//! The backend of the feature `aws-lc-rs`: AWS-LC.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
};

use crate::jose::{
    Algorithm, Backend, P256Point, PrivateKey, PrivateKeyError, PrivateKeyForm, PublicKey, RsaPublicKey, Signature,
    Signer, SigningError, Verifier, WrongSignature, der,
};

/// The backend of the feature `aws-lc-rs`, which has all algorithms, by AWS-LC. Signing draws randomness from the
/// operating system. Building it takes a C compiler.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc(());

impl AwsLc {
    /// Makes the backend.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }
}

impl Verifier for AwsLc {
    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), WrongSignature> {
        let verified = match (algorithm, key) {
            (Algorithm::Es256, PublicKey::P256(point)) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point.as_bytes()).verify(message, signature)
            }
            (Algorithm::Ed25519, PublicKey::Ed25519(key)) => {
                UnparsedPublicKey::new(&signature::ED25519, key).verify(message, signature)
            }
            (Algorithm::Ps256, PublicKey::Rsa(key)) => {
                components(key).verify(&signature::RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Algorithm::Rs256, PublicKey::Rsa(key)) => {
                components(key).verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            _ => return Err(WrongSignature),
        };
        verified.map_err(|_| WrongSignature)
    }
}

fn components(key: &RsaPublicKey) -> RsaPublicKeyComponents<&[u8]> {
    RsaPublicKeyComponents { n: key.modulus(), e: key.exponent() }
}

impl Backend for AwsLc {
    fn signer(&self, algorithm: Algorithm, key: &PrivateKey) -> Result<Arc<dyn Signer>, PrivateKeyError> {
        let pair = match algorithm {
            Algorithm::Es256 => Pair::P256(p256(key.expose())?),
            Algorithm::Ed25519 => Pair::Ed25519(ed25519(key.expose())?),
            Algorithm::Ps256 => Pair::Rsa(rsa(key.expose())?, &signature::RSA_PSS_SHA256),
            Algorithm::Rs256 => Pair::Rsa(rsa(key.expose())?, &signature::RSA_PKCS1_SHA256),
        };
        let public = pair.public_key().ok_or(PrivateKeyError::Rejected)?;
        Ok(Arc::new(AwsLcSigner { pair, public }))
    }
}

/// The SEC 1 form of a key on P-256 without its public part ([RFC 5915 §3]): all that stands before the number, and
/// after it.
///
/// [RFC 5915 §3]: https://www.rfc-editor.org/rfc/rfc5915#section-3
const SEC1_HEAD: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const SEC1_TAIL: [u8; 12] = [0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

fn p256(form: PrivateKeyForm<'_>) -> Result<EcdsaKeyPair, PrivateKeyError> {
    let scheme = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = match form {
        PrivateKeyForm::Pkcs8(der) => EcdsaKeyPair::from_pkcs8(scheme, der),
        PrivateKeyForm::Sec1(der) => EcdsaKeyPair::from_private_key_der(scheme, der),
        PrivateKeyForm::P256(number) => {
            let mut der = zeroize::Zeroizing::new(Vec::with_capacity(51));
            [&SEC1_HEAD, number, &SEC1_TAIL].into_iter().for_each(|part| der.extend_from_slice(part));
            EcdsaKeyPair::from_private_key_der(scheme, &der)
        }
        PrivateKeyForm::Pkcs1(_) | PrivateKeyForm::Ed25519(_) => return Err(PrivateKeyError::Rejected),
    };
    pair.map_err(|_| PrivateKeyError::Rejected)
}

fn ed25519(form: PrivateKeyForm<'_>) -> Result<Ed25519KeyPair, PrivateKeyError> {
    let pair = match form {
        PrivateKeyForm::Pkcs8(der) => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der),
        PrivateKeyForm::Ed25519(seed) => Ed25519KeyPair::from_seed_unchecked(seed),
        _ => return Err(PrivateKeyError::Rejected),
    };
    pair.map_err(|_| PrivateKeyError::Rejected)
}

fn rsa(form: PrivateKeyForm<'_>) -> Result<RsaKeyPair, PrivateKeyError> {
    let pair = match form {
        PrivateKeyForm::Pkcs8(der) => RsaKeyPair::from_pkcs8(der),
        PrivateKeyForm::Pkcs1(der) => RsaKeyPair::from_der(der),
        _ => return Err(PrivateKeyError::Rejected),
    };
    pair.map_err(|_| PrivateKeyError::Rejected)
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn signature::RsaEncoding),
}

impl Pair {
    fn public_key(&self) -> Option<PublicKey> {
        match self {
            Self::P256(pair) => P256Point::from_uncompressed(pair.public_key().as_ref()).map(PublicKey::P256),
            Self::Ed25519(pair) => pair.public_key().as_ref().try_into().ok().map(PublicKey::Ed25519),
            Self::Rsa(pair, _) => {
                let (n, e) = der::two_integers(pair.public_key().as_ref())?;
                RsaPublicKey::new(n, e).ok().map(PublicKey::Rsa)
            }
        }
    }
}

struct AwsLcSigner {
    pair: Pair,
    public: PublicKey,
}

impl Signer for AwsLcSigner {
    fn sign(&self, message: &[u8]) -> Result<Signature, SigningError> {
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::P256(pair) => {
                let signature = pair.sign(&rng, message).map_err(|_| SigningError::Failed)?;
                Ok(Signature::new(signature.as_ref()))
            }
            Pair::Ed25519(pair) => Ok(Signature::new(pair.sign(message).as_ref())),
            Pair::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, &rng, message, &mut signature).map_err(|_| SigningError::Failed)?;
                Ok(Signature::new(signature))
            }
        }
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }
}
