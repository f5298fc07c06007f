//! JWK Sets: [RFC 7517 §5].
//!
//! [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::jwk::MAX_DEPTH;
use super::{Algorithm, Jwk, JwkError};
use crate::model::json;

/// A set of public keys: [RFC 7517 §5]. Cheap to clone.
///
/// [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwkSet {
    keys: Arc<[Jwk]>,
    ignored: Arc<[JwkError]>,
}

/// An error in finding the key of a signature in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No key of the set is meant: a newer set may have it.
    #[error("no key of the set has this identifier")]
    Unknown,
    /// The key that is meant is for another algorithm.
    #[error("the key is for another algorithm")]
    OtherAlgorithm,
    /// Several keys are meant, because they have the same identifier, or because the signature names none.
    #[error("several keys of the set may be meant")]
    Ambiguous,
}

impl JwkSet {
    /// The greatest length of a set as JSON, in bytes.
    pub const MAX_LEN: usize = 128 * 1024;
    /// The most keys in a set.
    pub const MAX_KEYS: usize = 64;

    /// Collects keys.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = Jwk>) -> Self {
        Self { keys: keys.into_iter().collect(), ignored: Arc::default() }
    }

    /// Reads a set. [RFC 7517 §5]: "Implementations SHOULD ignore JWKs within a JWK Set that use "kty" (key type)
    /// values that are not understood by them, that are missing required members, or for which values are out of the
    /// supported ranges." [`ignored`](Self::ignored) says why.
    ///
    /// A set in which a secret is published is refused, for nobody knows who else has its other keys.
    ///
    /// # Errors
    /// The text is not a set, or has a secret in it.
    ///
    /// [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5
    pub fn parse(text: &str) -> Result<Self, JwkError> {
        if text.len() > Self::MAX_LEN {
            return Err(JwkError::TooLong);
        }
        Self::of(&json::strict_object(text, MAX_DEPTH)?)
    }

    fn of(members: &Map<String, Value>) -> Result<Self, JwkError> {
        let entries = members.get("keys").and_then(Value::as_array).ok_or(JwkError::Malformed)?;
        if entries.len() > Self::MAX_KEYS {
            return Err(JwkError::TooMany);
        }
        let (mut keys, mut ignored) = (Vec::new(), Vec::new());
        for entry in entries {
            match Jwk::of(entry.as_object().ok_or(JwkError::Malformed)?) {
                Ok(key) => keys.push(key),
                Err(JwkError::Private) => return Err(JwkError::Private),
                Err(reason) => ignored.push(reason),
            }
        }
        Ok(Self { keys: keys.into(), ignored: ignored.into() })
    }

    /// The keys that were understood, in the order of the set.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The reasons why other keys of the set are ignored, for a log.
    #[must_use]
    pub fn ignored(&self) -> &[JwkError] {
        &self.ignored
    }

    /// Finds the one key by which a signature with this `kid` and this algorithm is to be verified.
    ///
    /// A signature without a `kid` is verified if only one key fits its algorithm. No key is tried in vain, so that a
    /// signature costs one verification, whatever set it is for.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn find(&self, key_id: Option<&str>, algorithm: Algorithm) -> Result<&Jwk, KeyError> {
        let is_named = |key: &&Jwk| key_id.is_none() || key.key_id() == key_id;
        let mut fitting = self.keys.iter().filter(is_named).filter(|key| key.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(KeyError::Ambiguous),
            (None, _) if key_id.is_some() && self.keys.iter().any(|key| key.key_id() == key_id) => {
                Err(KeyError::OtherAlgorithm)
            }
            (None, _) => Err(KeyError::Unknown),
        }
    }
}

/// Writes `{"keys": […]}`, all of it public.
impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Set<'a> {
            keys: &'a [Jwk],
        }
        Set { keys: &self.keys }.serialize(serializer)
    }
}

/// Reads a set that was written before. What a peer wrote is read by [`JwkSet::parse`], which also sees members that
/// are repeated.
impl<'de> Deserialize<'de> for JwkSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
