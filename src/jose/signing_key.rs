//! Keys that sign in this process, and the backends that make them.

use std::fmt;
use std::sync::Arc;

use rand_core::TryCryptoRng;
use zeroize::Zeroize as _;

use super::{
    Algorithm, Jwk, JwkError, PrivateKey, PrivateKeyError, PublicKey, Signature, SigningError, SigningInput, Verifier,
};

/// The mathematics of signing with one key, which a backend has read.
pub trait Signer: Send + Sync {
    /// Signs a message.
    ///
    /// # Errors
    /// The backend failed.
    fn sign(&self, message: &[u8]) -> Result<Signature, SigningError>;

    /// The public part of the key.
    fn public_key(&self) -> &PublicKey;
}

/// A backend that verifies, and reads private keys so that they sign in this process: [`crypto`](super::crypto) has
/// those of this crate. Where keys are in a key service or an HSM, nothing but a [`Verifier`] is needed.
pub trait Backend: Verifier {
    /// Reads a private key for an algorithm.
    ///
    /// # Errors
    /// The key is not taken, or the backend does not sign by this algorithm.
    fn signer(&self, algorithm: Algorithm, key: &PrivateKey) -> Result<Arc<dyn Signer>, PrivateKeyError>;
}

/// A key that signs in this process. Cheap to clone. `Debug` shows its public part.
///
/// ```
/// # #[cfg(feature = "rustcrypto")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use grantor::jose::crypto::RustCrypto;
/// use grantor::jose::{Algorithm, JwkSet, Jws, SigningInput, SigningKey};
///
/// let backend = RustCrypto::new();
/// let key = SigningKey::generate(&backend, Algorithm::Es256, &mut getrandom::SysRng)??;
/// let input = SigningInput::new(key.jwk(), "example+jwt", &serde_json::json!({ "sub": "alice" }))?;
/// let signature = key.sign(&input)?;
/// let text = input.attach(&signature)?;
///
/// let keys = JwkSet::new([key.jwk().clone()]);
/// let verified = Jws::parse(&text)?.verify(&keys, &[Algorithm::Es256], &backend)?;
/// assert_eq!(verified.payload(), br#"{"sub":"alice"}"#);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "rustcrypto"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct SigningKey {
    jwk: Jwk,
    signer: Arc<dyn Signer>,
}

impl SigningKey {
    /// Reads a private key for an algorithm. Its identifier (`kid`) is the one that it came with, or else its
    /// [thumbprint](Jwk::thumbprint).
    ///
    /// # Errors
    /// The key is not taken, or is for another algorithm.
    pub fn new(backend: &dyn Backend, algorithm: Algorithm, key: &PrivateKey) -> Result<Self, PrivateKeyError> {
        if key.jwk().is_some_and(|jwk| !jwk.fits(algorithm)) {
            return Err(JwkError::Algorithm.into());
        }
        let signer = backend.signer(algorithm, key)?;
        if key.jwk().is_some_and(|jwk| jwk.key() != signer.public_key()) {
            return Err(PrivateKeyError::Mismatch);
        }
        let own = key.jwk().cloned().unwrap_or_else(|| Jwk::new(signer.public_key().clone()));
        let jwk = own.with_algorithm(algorithm)?;
        let jwk = if jwk.key_id().is_some() { jwk } else { named_by_thumbprint(jwk) };
        Ok(Self { jwk, signer })
    }

    /// Makes a new key from a cryptographic generator of the caller's, for [`Algorithm::Es256`] or
    /// [`Algorithm::Ed25519`]. RSA keys are made by other tools, `openssl genpkey` for one.
    ///
    /// # Errors
    /// The outer error is the generator's, the inner one the backend's.
    pub fn generate<R: TryCryptoRng + ?Sized>(
        backend: &dyn Backend,
        algorithm: Algorithm,
        rng: &mut R,
    ) -> Result<Result<Self, PrivateKeyError>, R::Error> {
        let make = match algorithm {
            Algorithm::Es256 => PrivateKey::p256,
            Algorithm::Ed25519 => PrivateKey::ed25519,
            Algorithm::Ps256 | Algorithm::Rs256 => return Ok(Err(PrivateKeyError::Unsupported)),
        };
        // A number beyond the order of P-256 is rejected, and so another one is drawn. Four in a row are no accident.
        let mut made = Err(PrivateKeyError::Rejected);
        for _ in 0..4 {
            let mut random = [0; 32];
            rng.try_fill_bytes(&mut random)?;
            made = Self::new(backend, algorithm, &make(random));
            random.zeroize();
            if made.as_ref().err() != Some(&PrivateKeyError::Rejected) {
                break;
            }
        }
        Ok(made)
    }

    /// Gives the key another identifier (`kid`).
    #[must_use]
    pub fn with_key_id(self, key_id: &str) -> Self {
        Self { jwk: self.jwk.with_key_id(key_id), ..self }
    }

    /// Writes the algorithm's older name: [`Jwk::with_eddsa_name`].
    #[must_use]
    pub fn with_eddsa_name(self) -> Self {
        Self { jwk: self.jwk.with_eddsa_name(), ..self }
    }

    /// The public part, with `alg` and `kid`.
    #[must_use]
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs a text that is meant for this key.
    ///
    /// # Errors
    /// The text is meant for another key, or the backend failed.
    pub fn sign(&self, input: &SigningInput) -> Result<Signature, SigningError> {
        if input.key_id() != self.jwk.key_id() || Some(input.algorithm()) != self.jwk.algorithm() {
            return Err(SigningError::UnknownKey);
        }
        self.signer.sign(input.as_bytes())
    }
}

fn named_by_thumbprint(jwk: Jwk) -> Jwk {
    let thumbprint = jwk.thumbprint().to_string();
    jwk.with_key_id(&thumbprint)
}

impl AsRef<Jwk> for SigningKey {
    fn as_ref(&self) -> &Jwk {
        &self.jwk
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.jwk).finish()
    }
}
