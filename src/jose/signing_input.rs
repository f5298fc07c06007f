//! Texts to be signed: [RFC 7515 §5.1].
//!
//! [RFC 7515 §5.1]: https://www.rfc-editor.org/rfc/rfc7515#section-5.1

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use zeroize::Zeroize as _;

use super::{Algorithm, Jwk, base64url};

/// A text to be signed, and the key to sign it with: the JWS Signing Input of [RFC 7515 §5.1]. It is a plain value, so
/// that it can be carried to a key service.
///
/// [RFC 7515 §5.1]: https://www.rfc-editor.org/rfc/rfc7515#section-5.1
#[derive(Clone, PartialEq, Eq)]
pub struct SigningInput {
    algorithm: Algorithm,
    key_id: Option<Arc<str>>,
    text: String,
    signature_len: usize,
}

/// An error in signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The key does not say which algorithm it is for.
    #[error("the key does not say which algorithm it is for")]
    NoAlgorithm,
    /// The claims cannot be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Claims,
    /// The key to sign with is not here.
    #[error("the key to sign with is not here")]
    UnknownKey,
    /// The signer failed.
    #[error("the signer failed")]
    Failed,
    /// There are more signatures than texts, or fewer.
    #[error("there are not as many signatures as texts")]
    Count,
    /// The signature is not as long as one of this algorithm and this key is.
    #[error("the signature has the wrong length")]
    Length,
}

/// A signature, in the form that [RFC 7518 §3] and [RFC 8037 §3.1] give it: for ES256 two numbers of 32 bytes, and no
/// ASN.1.
///
/// [RFC 7518 §3]: https://www.rfc-editor.org/rfc/rfc7518#section-3
/// [RFC 8037 §3.1]: https://www.rfc-editor.org/rfc/rfc8037#section-3.1
#[derive(Clone, PartialEq, Eq)]
pub struct Signature(Vec<u8>);

impl Signature {
    /// Wraps the bytes of a signature.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Leaves out the signature, which makes a token of a text.
impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({} bytes)", self.0.len())
    }
}

impl SigningInput {
    /// Writes claims under a header of `alg`, `typ` and the key's `kid`.
    ///
    /// # Errors
    /// The key has no `alg`, or the claims cannot be written.
    pub fn new(key: &Jwk, typ: &str, claims: &impl Serialize) -> Result<Self, SigningError> {
        Self::write(key, typ, claims, None)
    }

    /// The same, with the key itself in the header (`jwk`) and without its `kid`, for a proof of possession.
    ///
    /// # Errors
    /// The key has no `alg`, or the claims cannot be written.
    pub fn with_own_key(key: &Jwk, typ: &str, claims: &impl Serialize) -> Result<Self, SigningError> {
        // Nothing but the key goes into the header: what it is for, the proof says.
        Self::write(key, typ, claims, Some(Jwk::new(key.key().clone())))
    }

    fn write(key: &Jwk, typ: &str, claims: &impl Serialize, jwk: Option<Jwk>) -> Result<Self, SigningError> {
        #[derive(Serialize)]
        struct Header<'a> {
            alg: &'a str,
            typ: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            kid: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            jwk: Option<Jwk>,
        }
        let algorithm = key.algorithm().ok_or(SigningError::NoAlgorithm)?;
        let kid = if jwk.is_none() { key.key_id() } else { None };
        let header = Header { alg: key.name_of(algorithm), typ, kid, jwk };
        let header = serde_json::to_vec(&header).map_err(|_| SigningError::Claims)?;
        let claims = serde_json::to_vec(claims).map_err(|_| SigningError::Claims)?;
        let signature_len = key.key().signature_len();
        let len = [header.len(), claims.len(), signature_len].map(|len| len.div_ceil(3) * 4 + 1);
        let mut text = String::with_capacity(len.iter().sum());
        base64url::append(&header, &mut text);
        text.push('.');
        base64url::append(&claims, &mut text);
        Ok(Self { algorithm, key_id: key.key_id().map(Arc::from), text, signature_len })
    }

    /// The algorithm to sign by.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The identifier of the key to sign with.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The bytes to sign.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Appends the signature. The result is a signed text in the compact form: [RFC 7515 §7.1].
    ///
    /// # Errors
    /// The signature is not as long as it has to be. Whether it is right, only verifying it tells.
    ///
    /// [RFC 7515 §7.1]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1
    pub fn attach(mut self, signature: &Signature) -> Result<String, SigningError> {
        if signature.as_bytes().len() != self.signature_len {
            return Err(SigningError::Length);
        }
        self.text.push('.');
        base64url::append(signature.as_bytes(), &mut self.text);
        Ok(std::mem::take(&mut self.text))
    }
}

/// Shows the algorithm and the key, and nothing of the claims.
impl fmt::Debug for SigningInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningInput({} {})", self.algorithm, self.key_id().unwrap_or("-"))
    }
}

/// Wipes the text: with its signature it would be a token.
impl Drop for SigningInput {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}
