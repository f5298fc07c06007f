//! What must not leak: secrets, and the digests under which the store knows them.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::TryCryptoRng;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroize as _;

/// A secret in plain text, on its way in or out: a code, a token, a client secret, a password. `Debug` prints
/// `[redacted]`, and an owned one is wiped when dropped. It is not `Serialize`: it never reaches a store.
#[derive(Clone)]
pub struct Secret<'a>(Cow<'a, str>);

impl<'a> Secret<'a> {
    /// Wraps a secret.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// Draws a secret of 256 bits, 43 characters of base64url: for a client that is registered. RFC 6749 §10.10: the probability
    /// of guessing it "MUST be less than or equal to 2^(-128)".
    ///
    /// # Errors
    /// Whatever the generator says.
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Secret<'static>, R::Error> {
        let mut bytes = [0; 32];
        rng.try_fill_bytes(&mut bytes)?;
        let secret = Secret::new(URL_SAFE_NO_PAD.encode(bytes));
        bytes.zeroize();
        Ok(secret)
    }

    /// The plain text. Whoever calls this takes over the duty not to leak it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same secret, borrowing nothing.
    #[must_use]
    pub fn into_static(mut self) -> Secret<'static> {
        let text = std::mem::replace(&mut self.0, Cow::Borrowed(""));
        Secret(Cow::Owned(text.into_owned()))
    }

    /// What the store knows it by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.expose())
    }
}

impl Drop for Secret<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A SHA-256 digest. Equality takes constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// A digest computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        // Eight bytes at a time.
        let (words, _) = self.0.as_chunks::<8>();
        let (others, _) = other.0.as_chunks::<8>();
        let pairs =
            words.iter().zip(others).map(|(word, other)| (u64::from_ne_bytes(*word), u64::from_ne_bytes(*other)));
        pairs.fold(Choice::from(1), |all, (word, other)| all & word.ct_eq(&other)).into()
    }
}

impl Eq for Digest {}

impl std::hash::Hash for Digest {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        decode(&text).map(Self).ok_or_else(|| D::Error::custom("not a base64url SHA-256 digest"))
    }
}

/// Decodes base64url without padding into exactly `N` bytes.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(written) if written == N => Some(bytes),
        _ => None,
    }
}

/// Which part of a store holds a grant and everything that grew out of it: drawn at random with the grant, and the
/// first two bytes of each of its tokens. A store on many machines routes by it; others may ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(pub u16);

/// What a store knows a credential by: its partition and the SHA-256 digest of its 44 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Where it is kept.
    pub partition: Partition,
    /// What it is found by.
    pub digest: Digest,
}

impl Key {
    /// The length of every code and token that grantor issues, in characters (RFC 6749 §4.2.2: "The authorization
    /// server SHOULD document the size of any value it issues").
    pub const TOKEN_LEN: usize = 44;

    /// The key of a presented code or token; `None` when it cannot be one of ours. The store need not be asked then.
    #[must_use]
    pub fn of(presented: &str) -> Option<Self> {
        let [a, b, ..] = decode::<33>(presented)?;
        Some(Self { partition: Partition(u16::from_be_bytes([a, b])), digest: Digest::of(presented) })
    }

    /// Makes a token: 2 bytes of partition, then 31 random bytes (248 bits), as base64url.
    ///
    /// OAuth 2.1 §7.7: "The probability of an attacker guessing generated tokens (and other credentials not intended
    /// for handling by end users) MUST be less than or equal to 2^(-128) and SHOULD be less than or equal to 2^(-160)."
    pub(crate) fn generate(partition: Partition, random: &[u8; 31]) -> (Secret<'static>, Self) {
        let mut bytes = [0; 33];
        let (head, tail) = bytes.split_at_mut(2);
        head.copy_from_slice(&partition.0.to_be_bytes());
        tail.copy_from_slice(random);
        let mut text = String::with_capacity(Self::TOKEN_LEN);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        bytes.zeroize();
        let key = Self { partition, digest: Digest::of(&text) };
        (Secret::new(text), key)
    }
}
