//! The keys by which a store finds credentials.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::secret::{Digest, Secret, decode};
use super::syntax::{is_base64url, only};

/// The part of a store that holds a grant and all its credentials. It is drawn at random with the grant, and is the
/// first two bytes of each of its tokens. A store on many machines routes by it; others may ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(pub u16);

/// The key by which a store finds a credential: its partition and the SHA-256 digest of its 44 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The partition in which the credential is kept.
    pub partition: Partition,
    /// The digest by which the credential is found there.
    pub digest: Digest,
}

impl Key {
    /// The length of a key in one column, in bytes.
    pub const LEN: usize = 34;

    /// Restores a key from its 34 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        let [a, b, digest @ ..] = bytes;
        Self { partition: Partition(u16::from_be_bytes([a, b])), digest: Digest::from_bytes(digest) }
    }

    /// The 34 bytes of the key, for a store that keeps it in one column: the partition, big endian, and then the
    /// digest.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (head, tail) = bytes.split_at_mut(2);
        head.copy_from_slice(&self.partition.0.to_be_bytes());
        tail.copy_from_slice(self.digest.as_bytes());
        bytes
    }

    /// The length of every code and token that grantor issues, in characters ([RFC 6749 §4.2.2]: "The authorization
    /// server SHOULD document the size of any value it issues").
    ///
    /// [RFC 6749 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
    pub const TOKEN_LEN: usize = 44;

    /// Returns the key of a presented code or token. `None` if it cannot be one of ours, so that the store need not be
    /// asked.
    #[must_use]
    pub fn of(presented: &str) -> Option<Self> {
        // Four characters are three bytes, and every text of 44 characters of base64url is one of 33 bytes.
        if presented.len() != Self::TOKEN_LEN || !only(presented, is_base64url) {
            return None;
        }
        let [a, b, _] = decode(presented.get(..4)?)?;
        Some(Self { partition: Partition(u16::from_be_bytes([a, b])), digest: Digest::of(presented) })
    }

    /// Draws a token: 2 bytes of partition, then 31 random bytes (248 bits), as base64url.
    ///
    /// As [OAuth 2.1 §7.7] requires: "The probability of an attacker guessing generated tokens (and other credentials
    /// not intended for handling by end users) MUST be less than or equal to 2^(-128) and SHOULD be less than or equal
    /// to 2^(-160)."
    ///
    /// [OAuth 2.1 §7.7]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-7.7
    pub(crate) fn generate(partition: Partition, random: &[u8; 31]) -> (Secret<'static>, Self) {
        let mut bytes = [0; 33];
        let (head, tail) = bytes.split_at_mut(2);
        head.copy_from_slice(&partition.0.to_be_bytes());
        tail.copy_from_slice(random);
        let text = URL_SAFE_NO_PAD.encode(bytes);
        bytes.zeroize();
        let key = Self { partition, digest: Digest::of(&text) };
        (Secret::new(text), key)
    }
}
