//! JSON Web Keys: [RFC 7517 §4], [RFC 7518 §6], [RFC 8037 §2].
//!
//! [RFC 7517 §4]: https://www.rfc-editor.org/rfc/rfc7517#section-4
//! [RFC 7518 §6]: https://www.rfc-editor.org/rfc/rfc7518#section-6
//! [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2

use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::algorithm::EDDSA;
use super::{Algorithm, P256Point, PublicKey, RsaKeyError, RsaPublicKey, base64url, thumbprint};
use crate::model::Digest;
use crate::model::json::{self, JsonFault};

/// The most levels of arrays and objects in a key, or in a set of keys.
pub(super) const MAX_DEPTH: usize = 16;

/// A JSON Web Key with a public key that verifies signatures: [RFC 7517 §4].
///
/// What a key says about itself was obeyed when it was read: a key for encryption, of another algorithm, or with
/// private parts is none of these. `alg`, `use`, `key_ops` and `kid` are kept; other members are not, among them
/// certificates (`x5c`).
///
/// ```
/// use grantor::jose::{Algorithm, Jwk};
///
/// # fn main() -> Result<(), grantor::jose::JwkError> {
/// let text = r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let key = Jwk::parse(text)?;
/// assert!(key.fits(Algorithm::Ed25519) && !key.fits(Algorithm::Es256));
/// assert_eq!(key.thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// # Ok(())
/// # }
/// ```
///
/// [RFC 7517 §4]: https://www.rfc-editor.org/rfc/rfc7517#section-4
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Jwk {
    key: PublicKey,
    algorithm: Option<Algorithm>,
    key_id: Option<Arc<str>>,
    /// True if `alg` is written `EdDSA`.
    is_eddsa: bool,
}

/// An error in a JSON Web Key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkError {
    /// The text is longer than [`Jwk::MAX_LEN`], or that of a set than [`JwkSet::MAX_LEN`](super::JwkSet::MAX_LEN).
    #[error("the key is too long")]
    TooLong,
    /// The text is not a JSON object; or, in a set, `keys` is not an array of them.
    #[error("the key is not a JSON object")]
    Malformed,
    /// A member is repeated ([RFC 7517 §4]: "The member names within a JWK MUST be unique").
    ///
    /// [RFC 7517 §4]: https://www.rfc-editor.org/rfc/rfc7517#section-4
    #[error("a member of the key is repeated")]
    Repeated,
    /// There are more keys in a set than [`JwkSet::MAX_KEYS`](super::JwkSet::MAX_KEYS).
    #[error("there are too many keys")]
    TooMany,
    /// The key is a secret, where a public one is due: it has private parts, or its type is `oct`.
    #[error("the key is a secret")]
    Private,
    /// The key has no private part, where a private key is due.
    #[error("the key has no private part")]
    Public,
    /// The key's type or curve is none that grantor knows.
    #[error("the type or the curve of the key is not supported")]
    KeyType,
    /// The key is for another algorithm than one of [`Algorithm`], or for one that its type does not fit.
    #[error("the key is for another algorithm")]
    Algorithm,
    /// The key is for something else than signatures: `use` or `key_ops` say so.
    #[error("the key is for another use than signatures")]
    Use,
    /// A member is missing or not of its kind.
    #[error("{0} of the key is missing or not of its kind")]
    Member(&'static str),
    /// The numbers of an RSA key are not taken.
    #[error(transparent)]
    Rsa(#[from] RsaKeyError),
}

impl From<JsonFault> for JwkError {
    fn from(fault: JsonFault) -> Self {
        match fault {
            JsonFault::Repeated => Self::Repeated,
            JsonFault::Malformed | JsonFault::TooDeep => Self::Malformed,
        }
    }
}

/// The members that make a key a secret: [RFC 7518 §6.2.2], [§6.3.2], [§6.4.1].
///
/// [RFC 7518 §6.2.2]: https://www.rfc-editor.org/rfc/rfc7518#section-6.2.2
/// [§6.3.2]: https://www.rfc-editor.org/rfc/rfc7518#section-6.3.2
/// [§6.4.1]: https://www.rfc-editor.org/rfc/rfc7518#section-6.4.1
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

impl Jwk {
    /// The greatest length of a key as JSON, in bytes.
    pub const MAX_LEN: usize = 8 * 1024;
    /// The greatest length of `kid`, in bytes.
    pub const MAX_KEY_ID_LEN: usize = 256;

    /// Makes the JSON Web Key of a public key.
    #[must_use]
    pub fn new(key: PublicKey) -> Self {
        Self { key, algorithm: None, key_id: None, is_eddsa: false }
    }

    /// Reads a public key.
    ///
    /// # Errors
    /// See [`JwkError`].
    pub fn parse(text: &str) -> Result<Self, JwkError> {
        if text.len() > Self::MAX_LEN {
            return Err(JwkError::TooLong);
        }
        Self::of(&json::strict_object(text, MAX_DEPTH)?)
    }

    /// Reads the members of a public key.
    pub(super) fn of(members: &Map<String, Value>) -> Result<Self, JwkError> {
        if members.get("kty").and_then(Value::as_str) == Some("oct") || is_private(members) {
            return Err(JwkError::Private);
        }
        Self::read(members, "verify")
    }

    /// Reads the public members of a key that can do this operation.
    pub(super) fn read(members: &Map<String, Value>, operation: &str) -> Result<Self, JwkError> {
        let key = match text(members, "kty")? {
            "EC" if text(members, "crv")? == "P-256" => {
                PublicKey::P256(P256Point::new(&exactly(members, "x")?, &exactly(members, "y")?))
            }
            "OKP" if text(members, "crv")? == "Ed25519" => PublicKey::Ed25519(exactly(members, "x")?),
            "RSA" => PublicKey::Rsa(RsaPublicKey::new(&bytes(members, "n")?, &bytes(members, "e")?)?),
            _ => return Err(JwkError::KeyType),
        };
        let name = optional(members, "alg")?;
        let algorithm = name.map(Algorithm::parse).transpose().map_err(|_| JwkError::Algorithm)?;
        if algorithm.is_some_and(|algorithm| !key.fits(algorithm)) {
            return Err(JwkError::Algorithm);
        }
        if optional(members, "use")?.is_some_and(|purpose| purpose != "sig") || !can(members, operation)? {
            return Err(JwkError::Use);
        }
        let key_id = optional(members, "kid")?;
        if key_id.is_some_and(|key_id| key_id.len() > Self::MAX_KEY_ID_LEN) {
            return Err(JwkError::Member("kid"));
        }
        Ok(Self { key, algorithm, key_id: key_id.map(Arc::from), is_eddsa: name == Some(EDDSA) })
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The algorithm that the key is for (`alg`), if it says so.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The key's identifier (`kid`), if it has one.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Tells if a signature by this algorithm may be verified with the key: it is of the right kind, and `alg` says
    /// nothing else.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.key.fits(algorithm) && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Says which algorithm the key is for.
    ///
    /// # Errors
    /// The key is of another kind.
    pub fn with_algorithm(self, algorithm: Algorithm) -> Result<Self, JwkError> {
        if !self.key.fits(algorithm) {
            return Err(JwkError::Algorithm);
        }
        Ok(Self { algorithm: Some(algorithm), ..self })
    }

    /// Gives the key an identifier, which is cut after [`MAX_KEY_ID_LEN`](Self::MAX_KEY_ID_LEN) bytes.
    #[must_use]
    pub fn with_key_id(self, key_id: &str) -> Self {
        let end = (0..=Self::MAX_KEY_ID_LEN).rev().find(|end| key_id.is_char_boundary(*end));
        let key_id = key_id.get(..end.unwrap_or_default()).unwrap_or_default();
        Self { key_id: Some(key_id.into()), ..self }
    }

    /// Writes the name `EdDSA` in place of `Ed25519`, for verifiers that do not know the newer name ([RFC 9864]). On a
    /// key of another kind it has no effect.
    ///
    /// [RFC 9864]: https://www.rfc-editor.org/rfc/rfc9864
    #[must_use]
    pub fn with_eddsa_name(self) -> Self {
        let is_eddsa = matches!(self.key, PublicKey::Ed25519(_));
        Self { is_eddsa, ..self }
    }

    /// The name by which an algorithm is written for this key.
    pub(super) fn name_of(&self, algorithm: Algorithm) -> &'static str {
        if self.is_eddsa && algorithm == Algorithm::Ed25519 { EDDSA } else { algorithm.as_str() }
    }

    /// The thumbprint of the key, by SHA-256: [RFC 7638 §3]. It is the key's name where nobody gave it one (`jkt`).
    ///
    /// [RFC 7638 §3]: https://www.rfc-editor.org/rfc/rfc7638#section-3
    #[must_use]
    pub fn thumbprint(&self) -> Digest {
        thumbprint::of(&self.key)
    }
}

/// Writes the members of the key and nothing that is secret, because a [`Jwk`] holds nothing that is.
impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        match &self.key {
            PublicKey::P256(point) => {
                let (x, y) = point.coordinates();
                members.serialize_entry("kty", "EC")?;
                members.serialize_entry("crv", "P-256")?;
                members.serialize_entry("x", &base64url::encode(x))?;
                members.serialize_entry("y", &base64url::encode(y))?;
            }
            PublicKey::Ed25519(x) => {
                members.serialize_entry("kty", "OKP")?;
                members.serialize_entry("crv", "Ed25519")?;
                members.serialize_entry("x", &base64url::encode(x))?;
            }
            PublicKey::Rsa(key) => {
                members.serialize_entry("kty", "RSA")?;
                members.serialize_entry("n", &base64url::encode(key.modulus()))?;
                members.serialize_entry("e", &base64url::encode(key.exponent()))?;
            }
        }
        members.serialize_entry("use", "sig")?;
        if let Some(algorithm) = self.algorithm {
            members.serialize_entry("alg", self.name_of(algorithm))?;
        }
        if let Some(key_id) = self.key_id() {
            members.serialize_entry("kid", key_id)?;
        }
        members.end()
    }
}

pub(super) fn is_private(members: &Map<String, Value>) -> bool {
    PRIVATE.iter().any(|name| members.contains_key(*name))
}

/// Tells if `key_ops`, if there are any, have an operation. [RFC 7517 §4.3]: "Duplicate key operation values MUST NOT
/// be present in the array."
///
/// [RFC 7517 §4.3]: https://www.rfc-editor.org/rfc/rfc7517#section-4.3
fn can(members: &Map<String, Value>, operation: &str) -> Result<bool, JwkError> {
    let Some(value) = members.get("key_ops") else { return Ok(true) };
    let operations = value.as_array().ok_or(JwkError::Member("key_ops"))?;
    let mut names = Vec::with_capacity(operations.len().min(16));
    for operation in operations {
        let name = operation.as_str().ok_or(JwkError::Member("key_ops"))?;
        if names.contains(&name) || names.len() == 16 {
            return Err(JwkError::Member("key_ops"));
        }
        names.push(name);
    }
    Ok(names.contains(&operation))
}

/// The text under a name.
pub(super) fn text<'m>(members: &'m Map<String, Value>, name: &'static str) -> Result<&'m str, JwkError> {
    optional(members, name)?.ok_or(JwkError::Member(name))
}

fn optional<'m>(members: &'m Map<String, Value>, name: &'static str) -> Result<Option<&'m str>, JwkError> {
    members.get(name).map(|value| value.as_str().ok_or(JwkError::Member(name))).transpose()
}

fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    base64url::decode(text(members, name)?).ok_or(JwkError::Member(name))
}

/// The bytes under a name, which are as many as they have to be: [RFC 7518 §6.2.1.2] says so of coordinates, leading
/// zeros included.
///
/// [RFC 7518 §6.2.1.2]: https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.2
fn exactly(members: &Map<String, Value>, name: &'static str) -> Result<[u8; 32], JwkError> {
    bytes(members, name)?.try_into().map_err(|_| JwkError::Member(name))
}
