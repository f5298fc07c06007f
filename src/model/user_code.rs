//! User codes: [RFC 8628 §6.1].
//!
//! [RFC 8628 §6.1]: https://www.rfc-editor.org/rfc/rfc8628#section-6.1

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroize as _;

use super::{Digest, Key, Partition, SyntaxError};

/// A user code, which a person reads on a device and types in elsewhere: eight of the 20 consonants that
/// [RFC 8628 §6.1] recommends, more than 34 bits. [`Display`](fmt::Display) writes it with a dash, `WDJB-MJHT`; `Debug`
/// prints `[redacted]`, since whoever knows it can approve the device in their own name until it expires.
///
/// [RFC 8628 §6.1]: https://www.rfc-editor.org/rfc/rfc8628#section-6.1
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode([u8; UserCode::LEN]);

/// "Further removing vowels to avoid randomly creating words results in the base 20 character set
/// "BCDFGHJKLMNPQRSTVWXZ"" ([RFC 8628 §6.1]).
///
/// [RFC 8628 §6.1]: https://www.rfc-editor.org/rfc/rfc8628#section-6.1
const ALPHABET: [u8; 20] = *b"BCDFGHJKLMNPQRSTVWXZ";

impl UserCode {
    /// The number of letters.
    pub const LEN: usize = 8;

    /// Reads a user code as a person typed it, without regard to case, spaces, dashes and whatever else it cannot have.
    ///
    /// # Errors
    /// The text has more or fewer than eight letters of a user code.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        // RFC 8628 §6.1: "the server should strip dashes and other punctuation that it added for readability", "the
        // user's input should be uppercased before a comparison", and "Further stripping of all characters outside the
        // chosen character set is recommended to reduce instances where an errantly typed character (like a space
        // character) invalidates otherwise valid input."
        let mut typed = text.bytes().map(|byte| byte.to_ascii_uppercase()).filter(|byte| ALPHABET.contains(byte));
        let mut letters = [0; Self::LEN];
        for letter in &mut letters {
            *letter = typed.next().ok_or(SyntaxError("user_code"))?;
        }
        if typed.next().is_none() { Ok(Self(letters)) } else { Err(SyntaxError("user_code")) }
    }

    /// Makes a user code of 64 random bits, of which it has 34.5.
    pub(crate) fn of_random(random: [u8; 8]) -> Self {
        let mut rest = u64::from_be_bytes(random);
        let letters = std::array::from_fn(|_| {
            let at = usize::try_from(rest % 20).unwrap_or_default();
            rest /= 20;
            ALPHABET.get(at).copied().unwrap_or_default()
        });
        Self(letters)
    }

    /// The key by which a store finds the request. Its partition is that of the request, and so that of the device code
    /// and of the grant.
    #[must_use]
    pub fn key(&self) -> Key {
        let digest = Digest::of(&self.letters());
        let [a, b, ..] = *digest.as_bytes();
        Key { partition: Partition(u16::from_be_bytes([a, b])), digest }
    }

    fn letters(&self) -> String {
        self.0.iter().copied().map(char::from).collect()
    }
}

impl Drop for UserCode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Writes the code as people are shown it, in two halves.
impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = self.letters();
        let (first, second) = letters.split_at_checked(Self::LEN / 2).unwrap_or((&letters, ""));
        write!(f, "{first}-{second}")
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for UserCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UserCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_number_becomes_letters_of_the_alphabet_and_different_ones_different_codes() {
        assert_eq!(UserCode::of_random([0; 8]).to_string(), "BBBB-BBBB");
        assert_eq!(UserCode::of_random(20_u64.to_be_bytes()).to_string(), "BCBB-BBBB");
        assert_eq!(UserCode::of_random((20_u64.pow(8) - 1).to_be_bytes()).to_string(), "ZZZZ-ZZZZ");
        assert_eq!(UserCode::of_random(20_u64.pow(8).to_be_bytes()).to_string(), "BBBB-BBBB");
    }
}
