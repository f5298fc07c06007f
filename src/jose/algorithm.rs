//! Signature algorithms: [RFC 7518 §3.1], [RFC 8037 §3.1], [RFC 9864].
//!
//! [RFC 7518 §3.1]: https://www.rfc-editor.org/rfc/rfc7518#section-3.1
//! [RFC 8037 §3.1]: https://www.rfc-editor.org/rfc/rfc8037#section-3.1
//! [RFC 9864]: https://www.rfc-editor.org/rfc/rfc9864

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A signature algorithm, one of those that grantor knows. There is no `none` among them, and none with a shared
/// secret, so that neither can be meant by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256: [RFC 7518 §3.4].
    ///
    /// [RFC 7518 §3.4]: https://www.rfc-editor.org/rfc/rfc7518#section-3.4
    Es256,
    /// EdDSA on Ed25519. Its name is `Ed25519` ([RFC 9864]); `EdDSA` ([RFC 8037 §3.1]), which may also mean another
    /// curve, is understood as the same.
    ///
    /// [RFC 9864]: https://www.rfc-editor.org/rfc/rfc9864
    /// [RFC 8037 §3.1]: https://www.rfc-editor.org/rfc/rfc8037#section-3.1
    Ed25519,
    /// RSASSA-PSS with SHA-256: [RFC 7518 §3.5].
    ///
    /// [RFC 7518 §3.5]: https://www.rfc-editor.org/rfc/rfc7518#section-3.5
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: [RFC 7518 §3.3].
    ///
    /// [RFC 7518 §3.3]: https://www.rfc-editor.org/rfc/rfc7518#section-3.3
    Rs256,
}

/// The error for the name of no [`Algorithm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no signature algorithm that grantor knows has this name")]
pub struct AlgorithmError;

/// The older name of [`Algorithm::Ed25519`].
pub(super) const EDDSA: &str = "EdDSA";

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 4] = [Self::Es256, Self::Ed25519, Self::Ps256, Self::Rs256];

    /// Reads the value of `alg`, which is compared as it is written.
    ///
    /// # Errors
    /// See [`AlgorithmError`].
    pub fn parse(name: &str) -> Result<Self, AlgorithmError> {
        let named = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name);
        named.or((name == EDDSA).then_some(Self::Ed25519)).ok_or(AlgorithmError)
    }

    /// The value of `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Ed25519 => "Ed25519",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }
}

impl FromStr for Algorithm {
    type Err = AlgorithmError;

    fn from_str(name: &str) -> Result<Self, AlgorithmError> {
        Self::parse(name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
