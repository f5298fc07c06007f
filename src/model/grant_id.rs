//! Grant identifiers.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::secret::decode;
use super::{Partition, SyntaxError};

/// The identifier of a grant: its partition and 128 random bits. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantId([u8; 18]);

impl GrantId {
    /// Restores an identifier from its 18 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 18]) -> Self {
        Self(bytes)
    }

    /// Reads an identifier as [`Display`](fmt::Display) writes it: 24 characters of base64url.
    ///
    /// # Errors
    /// The text is not such an identifier.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        decode(text).map(Self).ok_or(SyntaxError("grant id"))
    }

    /// The partition in which the grant and all its credentials are kept.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        let [a, b, ..] = self.0;
        Partition(u16::from_be_bytes([a, b]))
    }

    /// Returns the same random bits in another partition.
    pub(crate) const fn in_partition(self, partition: Partition) -> Self {
        let [a, b] = partition.0.to_be_bytes();
        let mut bytes = self.0;
        let [first, second, ..] = &mut bytes;
        (*first, *second) = (a, b);
        Self(bytes)
    }

    /// The 18 bytes of the identifier; the first two are the partition.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 18] {
        &self.0
    }
}

impl TryFrom<String> for GrantId {
    type Error = SyntaxError;
    fn try_from(text: String) -> Result<Self, SyntaxError> {
        Self::parse(&text)
    }
}

impl From<GrantId> for String {
    fn from(id: GrantId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantId({self})")
    }
}
