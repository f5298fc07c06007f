//! The version tag of stored records.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of a record's format: the newest that this release reads, and the one that it writes. In an older
/// record, missing fields get their defaults. A newer one is refused, and the store counts as
/// [`Unavailable`](crate::Unavailable); its content is never guessed at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version<const CURRENT: u16>;

impl<const CURRENT: u16> Serialize for Version<CURRENT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(CURRENT)
    }
}

impl<'de, const CURRENT: u16> Deserialize<'de> for Version<CURRENT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u16::deserialize(deserializer)?;
        if (1..=CURRENT).contains(&version) {
            return Ok(Self);
        }
        Err(D::Error::custom(format_args!("a record of version {version}, this release reads up to version {CURRENT}")))
    }
}
