//! Secrets, and the digests by which the store knows them.

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
/// `[redacted]`, and an owned secret is wiped when dropped. It is not `Serialize`, so that it never reaches a store.
#[derive(Clone)]
pub struct Secret<'a>(Cow<'a, str>);

impl<'a> Secret<'a> {
    /// Wraps a secret.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// Draws a secret of 256 bits, 43 characters of base64url, for a client that is being registered.
    /// [RFC 6749 §10.10]: the probability of guessing it "MUST be less than or equal to 2^(-128)".
    ///
    /// # Errors
    /// The generator's own.
    ///
    /// [RFC 6749 §10.10]: https://www.rfc-editor.org/rfc/rfc6749#section-10.10
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Secret<'static>, R::Error> {
        let mut bytes = [0; 32];
        rng.try_fill_bytes(&mut bytes)?;
        let secret = Self::of_random(bytes);
        bytes.zeroize();
        Ok(secret)
    }

    /// Writes 256 random bits as a secret: 43 characters of base64url.
    pub(crate) fn of_random(mut bytes: [u8; 32]) -> Secret<'static> {
        let secret = Secret::new(URL_SAFE_NO_PAD.encode(bytes));
        bytes.zeroize();
        secret
    }

    /// The plain text. The caller takes over the duty not to leak it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the same secret, borrowing nothing.
    #[must_use]
    pub fn into_static(mut self) -> Secret<'static> {
        let text = std::mem::replace(&mut self.0, Cow::Borrowed(""));
        Secret(Cow::Owned(text.into_owned()))
    }

    /// The digest by which the store knows the secret.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.expose())
    }
}

/// Compares digests, in constant time.
impl PartialEq for Secret<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for Secret<'_> {}

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
    /// Computes the digest of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Restores a digest from its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        // Compares eight bytes at a time.
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
