//! Private keys on their way to a backend: PEM ([RFC 7468]), or a JSON Web Key ([RFC 7518 §6]).
//!
//! [RFC 7468]: https://www.rfc-editor.org/rfc/rfc7468
//! [RFC 7518 §6]: https://www.rfc-editor.org/rfc/rfc7518#section-6

use std::fmt;

use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

use super::jwk::{MAX_DEPTH, is_private};
use super::{Jwk, JwkError, PublicKey, base64url, der};
use crate::model::json;

/// A private key that no backend has read yet. It is wiped when dropped, and `Debug` shows nothing of it.
pub struct PrivateKey {
    kind: Kind,
    bytes: Zeroizing<Vec<u8>>,
    jwk: Option<Jwk>,
}

#[derive(Clone, Copy)]
enum Kind {
    Pkcs8,
    Sec1,
    Pkcs1,
    P256,
    Ed25519,
}

/// The form of a private key, as a backend reads it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum PrivateKeyForm<'a> {
    /// DER of PKCS #8 ([RFC 5958]): a key of any kind. In PEM, `PRIVATE KEY`.
    ///
    /// [RFC 5958]: https://www.rfc-editor.org/rfc/rfc5958
    Pkcs8(&'a [u8]),
    /// DER of SEC 1 ([RFC 5915]): a key on a curve. In PEM, `EC PRIVATE KEY`.
    ///
    /// [RFC 5915]: https://www.rfc-editor.org/rfc/rfc5915
    Sec1(&'a [u8]),
    /// DER of PKCS #1 ([RFC 8017 appendix A.1]): an RSA key. In PEM, `RSA PRIVATE KEY`.
    ///
    /// [RFC 8017 appendix A.1]: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1
    Pkcs1(&'a [u8]),
    /// A number on P-256, big endian: 32 bytes.
    P256(&'a [u8]),
    /// A key of Ed25519: 32 bytes ([RFC 8032 §5.1.5]).
    ///
    /// [RFC 8032 §5.1.5]: https://www.rfc-editor.org/rfc/rfc8032#section-5.1.5
    Ed25519(&'a [u8]),
}

/// An error in a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// The JSON Web Key is not taken.
    #[error(transparent)]
    Jwk(#[from] JwkError),
    /// The text has no private key in PEM.
    #[error("there is no private key in PEM")]
    Pem,
    /// The key is encrypted. grantor asks for no passphrase.
    #[error("the private key is encrypted")]
    Encrypted,
    /// The backend does not read the key: it is broken, too short, or of another kind than the algorithm's.
    #[error("the private key is broken, or is not one for this algorithm")]
    Rejected,
    /// The backend does not sign by this algorithm.
    #[error("the backend does not sign by this algorithm")]
    Unsupported,
    /// The private part of the JSON Web Key does not belong to its public part.
    #[error("the private part of the key does not belong to the public one")]
    Mismatch,
}

/// The private numbers of an RSA key, in the order of PKCS #1: [RFC 7518 §6.3.2].
///
/// [RFC 7518 §6.3.2]: https://www.rfc-editor.org/rfc/rfc7518#section-6.3.2
const RSA: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

impl PrivateKey {
    /// Takes the DER of PKCS #8 ([RFC 5958]).
    ///
    /// [RFC 5958]: https://www.rfc-editor.org/rfc/rfc5958
    #[must_use]
    pub fn from_pkcs8_der(der: Vec<u8>) -> Self {
        Self::of_der(Kind::Pkcs8, der)
    }

    /// Takes the DER of SEC 1 ([RFC 5915]).
    ///
    /// [RFC 5915]: https://www.rfc-editor.org/rfc/rfc5915
    #[must_use]
    pub fn from_sec1_der(der: Vec<u8>) -> Self {
        Self::of_der(Kind::Sec1, der)
    }

    /// Takes the DER of PKCS #1 ([RFC 8017 appendix A.1]).
    ///
    /// [RFC 8017 appendix A.1]: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1
    #[must_use]
    pub fn from_pkcs1_der(der: Vec<u8>) -> Self {
        Self::of_der(Kind::Pkcs1, der)
    }

    fn of_der(kind: Kind, der: Vec<u8>) -> Self {
        Self { kind, bytes: der.into(), jwk: None }
    }

    /// Reads the first private key of a text in PEM: `PRIVATE KEY` (PKCS #8), `EC PRIVATE KEY` (SEC 1) or `RSA PRIVATE
    /// KEY` (PKCS #1). Certificates and parameters before it are skipped.
    ///
    /// # Errors
    /// No such block is there, or the key is encrypted.
    #[cfg(feature = "pem")]
    #[cfg_attr(docsrs, doc(cfg(feature = "pem")))]
    pub fn from_pem(text: &str) -> Result<Self, PrivateKeyError> {
        let block = text.match_indices("-----BEGIN ").find_map(|(at, mark)| {
            let (label, _) = text.get(at + mark.len()..)?.split_once("-----")?;
            let kind = match label {
                "PRIVATE KEY" => Some(Kind::Pkcs8),
                "EC PRIVATE KEY" => Some(Kind::Sec1),
                "RSA PRIVATE KEY" => Some(Kind::Pkcs1),
                "ENCRYPTED PRIVATE KEY" => None,
                _ => return None,
            };
            Some((at, label, kind))
        });
        let (at, label, kind) = block.ok_or(PrivateKeyError::Pem)?;
        let kind = kind.ok_or(PrivateKeyError::Encrypted)?;
        let block = text.get(at..).unwrap_or_default();
        // The older form of encryption, which leaves the label as it is.
        if block.lines().nth(1).is_some_and(|line| line.starts_with("Proc-Type:")) {
            return Err(PrivateKeyError::Encrypted);
        }
        let end = format!("-----END {label}-----");
        let end = block.find(&end).map(|at| at + end.len()).ok_or(PrivateKeyError::Pem)?;
        let block = block.get(..end).unwrap_or_default();
        let (_, bytes) = pem_rfc7468::decode_vec(block.as_bytes()).map_err(|_| PrivateKeyError::Pem)?;
        Ok(Self::of_der(kind, bytes))
    }

    /// Reads a JSON Web Key with its private part. `key_ops`, if there are any, must have `sign`.
    ///
    /// # Errors
    /// The text is no such key.
    pub fn from_jwk(text: &str) -> Result<Self, PrivateKeyError> {
        if text.len() > Jwk::MAX_LEN {
            return Err(JwkError::TooLong.into());
        }
        let mut members = json::strict_object(text, MAX_DEPTH).map_err(JwkError::from)?;
        let key = Self::of(&members);
        members.values_mut().for_each(wipe);
        key
    }

    fn of(members: &Map<String, Value>) -> Result<Self, PrivateKeyError> {
        if !is_private(members) {
            return Err(JwkError::Public.into());
        }
        // More than two primes: RFC 7518 §6.3.2.7.
        if members.contains_key("oth") {
            return Err(JwkError::Member("oth").into());
        }
        let jwk = Jwk::read(members, "sign")?;
        let (kind, bytes) = match jwk.key() {
            PublicKey::P256(_) => (Kind::P256, number(members, "d")?),
            PublicKey::Ed25519(_) => (Kind::Ed25519, number(members, "d")?),
            PublicKey::Rsa(key) => {
                let mut secret = Vec::with_capacity(RSA.len());
                for name in RSA {
                    secret.push(number(members, name)?);
                }
                let public: [&[u8]; 3] = [&[0], key.modulus(), key.exponent()];
                let numbers: Vec<&[u8]> = public.into_iter().chain(secret.iter().map(|it| it.as_slice())).collect();
                (Kind::Pkcs1, der::sequence(&numbers))
            }
        };
        if !matches!(kind, Kind::Pkcs1) && bytes.len() != 32 {
            return Err(JwkError::Member("d").into());
        }
        Ok(Self { kind, bytes, jwk: Some(jwk) })
    }

    /// Takes 32 random bytes for a number on P-256. A backend may reject them, once in 2<sup>32</sup> times.
    pub(super) fn p256(random: [u8; 32]) -> Self {
        Self::random(Kind::P256, random)
    }

    /// Takes 32 random bytes for a key of Ed25519.
    pub(super) fn ed25519(random: [u8; 32]) -> Self {
        Self::random(Kind::Ed25519, random)
    }

    fn random(kind: Kind, mut random: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(random.to_vec());
        random.zeroize();
        Self { kind, bytes, jwk: None }
    }

    /// The form in which a backend reads the key. The caller takes over the duty not to leak it.
    #[must_use]
    pub fn expose(&self) -> PrivateKeyForm<'_> {
        match self.kind {
            Kind::Pkcs8 => PrivateKeyForm::Pkcs8(&self.bytes),
            Kind::Sec1 => PrivateKeyForm::Sec1(&self.bytes),
            Kind::Pkcs1 => PrivateKeyForm::Pkcs1(&self.bytes),
            Kind::P256 => PrivateKeyForm::P256(&self.bytes),
            Kind::Ed25519 => PrivateKeyForm::Ed25519(&self.bytes),
        }
    }

    /// The public part that came with the key, if it was a JSON Web Key.
    pub(super) fn jwk(&self) -> Option<&Jwk> {
        self.jwk.as_ref()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}

impl fmt::Debug for PrivateKeyForm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn number(members: &Map<String, Value>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, JwkError> {
    let text = members.get(name).and_then(Value::as_str).ok_or(JwkError::Member(name))?;
    base64url::decode(text).map(Zeroizing::new).ok_or(JwkError::Member(name))
}

/// Wipes the texts of a value.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
