//! Public keys, as numbers: [RFC 7518 §6], [RFC 8037 §2].
//!
//! [RFC 7518 §6]: https://www.rfc-editor.org/rfc/rfc7518#section-6
//! [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2

use std::fmt;
use std::sync::Arc;

use super::Algorithm;

/// A public key. The kind of a key fixes the algorithms that it can be used with, so that a key of one kind is never
/// taken for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKey {
    /// A point on P-256, for [`Algorithm::Es256`]. Whether the point is on the curve, the backend says.
    P256(P256Point),
    /// A key of Ed25519, for [`Algorithm::Ed25519`].
    Ed25519([u8; 32]),
    /// An RSA key, for [`Algorithm::Ps256`] and [`Algorithm::Rs256`].
    Rsa(RsaPublicKey),
}

impl PublicKey {
    /// Tells if the key is of the kind that an algorithm uses.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Es256 => matches!(self, Self::P256(_)),
            Algorithm::Ed25519 => matches!(self, Self::Ed25519(_)),
            Algorithm::Ps256 | Algorithm::Rs256 => matches!(self, Self::Rsa(_)),
        }
    }

    /// The length of this key's signatures, in bytes: [RFC 7518 §3.4] has two numbers of 32 bytes for ES256, Ed25519
    /// has as many, and an RSA signature is as long as the modulus.
    ///
    /// [RFC 7518 §3.4]: https://www.rfc-editor.org/rfc/rfc7518#section-3.4
    #[must_use]
    pub fn signature_len(&self) -> usize {
        match self {
            Self::P256(_) | Self::Ed25519(_) => 64,
            Self::Rsa(key) => key.modulus().len(),
        }
    }
}

/// An uncompressed point on P-256: `0x04`, then both coordinates, 32 bytes each.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct P256Point([u8; 65]);

impl P256Point {
    /// Joins two coordinates, big endian.
    #[must_use]
    pub fn new(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let mut point = [4; 65];
        let coordinates = point.iter_mut().skip(1).zip(x.iter().chain(y));
        coordinates.for_each(|(byte, coordinate)| *byte = *coordinate);
        Self(point)
    }

    /// Reads an uncompressed point, as backends write it. `None` if it is none.
    #[must_use]
    pub fn from_uncompressed(point: &[u8]) -> Option<Self> {
        point.try_into().ok().filter(|point: &[u8; 65]| point.first() == Some(&4)).map(Self)
    }

    /// The 65 bytes of the point.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// The coordinates, 32 bytes each.
    pub(super) fn coordinates(&self) -> (&[u8], &[u8]) {
        let (_, coordinates) = self.0.split_at(1);
        coordinates.split_at(32)
    }
}

impl fmt::Debug for P256Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256Point")
    }
}

/// The modulus and the exponent of an RSA key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RsaPublicKey {
    n: Arc<[u8]>,
    e: Arc<[u8]>,
}

/// The error for an RSA key that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RsaKeyError {
    /// The modulus is shorter than [`RsaPublicKey::MIN_BITS`]. [RFC 7518 §3.3]: "A key of size 2048 bits or larger MUST
    /// be used with these algorithms."
    ///
    /// [RFC 7518 §3.3]: https://www.rfc-editor.org/rfc/rfc7518#section-3.3
    #[error("the RSA key is shorter than {} bits", RsaPublicKey::MIN_BITS)]
    TooShort,
    /// The modulus is longer than [`RsaPublicKey::MAX_BITS`]: whoever sends it would have the server compute.
    #[error("the RSA key is longer than {} bits", RsaPublicKey::MAX_BITS)]
    TooLong,
    /// A number has leading zeros, or is even, or the exponent is below 3 or beyond 33 bits.
    #[error("the modulus or the exponent of the RSA key is none")]
    Number,
}

impl RsaPublicKey {
    /// The fewest bits of a modulus.
    pub const MIN_BITS: usize = 2048;
    /// The most bits of a modulus.
    pub const MAX_BITS: usize = 4096;

    /// Checks the size of both numbers, which are big endian and without leading zeros.
    ///
    /// # Errors
    /// See [`RsaKeyError`].
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, RsaKeyError> {
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        let bits = bits(n).ok_or(RsaKeyError::Number)?;
        if bits < Self::MIN_BITS {
            return Err(RsaKeyError::TooShort);
        }
        if bits > Self::MAX_BITS {
            return Err(RsaKeyError::TooLong);
        }
        // The smallest odd exponent is 1, which would make every message its own signature.
        let e_bits = self::bits(e).ok_or(RsaKeyError::Number)?;
        if !is_odd(n) || !is_odd(e) || !(2..=33).contains(&e_bits) {
            return Err(RsaKeyError::Number);
        }
        Ok(Self { n: n.into(), e: e.into() })
    }

    /// The modulus, big endian, without leading zeros.
    #[must_use]
    pub fn modulus(&self) -> &[u8] {
        &self.n
    }

    /// The exponent, big endian, without leading zeros.
    #[must_use]
    pub fn exponent(&self) -> &[u8] {
        &self.e
    }
}

/// The number of bits of a number, big endian. `None` if it is empty or has leading zeros ([RFC 7518 §2],
/// Base64urlUInt).
///
/// [RFC 7518 §2]: https://www.rfc-editor.org/rfc/rfc7518#section-2
fn bits(number: &[u8]) -> Option<usize> {
    let first = number.first().filter(|first| **first != 0)?;
    Some(number.len() * 8 - first.leading_zeros() as usize)
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({} bytes)", self.n.len())
    }
}
