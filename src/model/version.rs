//! The version tag of stored records.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of a record's format: written into every record, checked when one is read. A record from a release
/// that is newer than this one is refused, not misread. There is one version so far; a release with another reads both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

impl Version {
    const CURRENT: u16 = 1;
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(Self::CURRENT)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            Self::CURRENT => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "a record of version {other}, this release reads version {}",
                Self::CURRENT
            ))),
        }
    }
}
