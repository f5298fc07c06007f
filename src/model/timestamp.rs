//! Points in time.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The end of time: the greatest number that every reader of JSON has exactly. [RFC 8259 §6]: "numbers that are
    /// integers and are in the range [-(2**53)+1, (2**53)-1] are interoperable in the sense that implementations will
    /// agree exactly on their numeric values."
    ///
    /// [RFC 8259 §6]: https://www.rfc-editor.org/rfc/rfc8259#section-6
    pub const END: Self = Self((1 << 53) - 1);

    /// This many whole seconds later, or the greatest number.
    #[must_use]
    pub fn after(self, lifetime: Duration) -> Self {
        Self(self.0.saturating_add(lifetime.as_secs()))
    }

    /// When something ends that begins now, at [`END`](Self::END) at the latest. What begins later than that has no
    /// time.
    pub(crate) fn end_of(self, lifetime: Duration) -> Self {
        self.after(lifetime).min(Self::END.max(self))
    }

    /// Whether something that expires at this time has expired: the time itself is past the end.
    #[must_use]
    pub fn is_past(self, now: Self) -> bool {
        self <= now
    }
}

/// What a clock says; the epoch itself for a time before it.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
