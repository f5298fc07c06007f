//! Points in time.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The latest time that can be stored: the greatest number that every reader of JSON represents exactly.
    /// [RFC 8259 §6]: "numbers that are integers and are in the range [-(2**53)+1, (2**53)-1] are interoperable in the
    /// sense that implementations will agree exactly on their numeric values."
    ///
    /// [RFC 8259 §6]: https://www.rfc-editor.org/rfc/rfc8259#section-6
    pub const END: Self = Self((1 << 53) - 1);

    /// Returns the time this many whole seconds later, or the greatest possible one.
    #[must_use]
    pub fn after(self, lifetime: Duration) -> Self {
        Self(self.0.saturating_add(lifetime.as_secs()))
    }

    /// Returns the expiry of a thing that begins now, at [`END`](Self::END) at the latest. A beginning later than that
    /// is its own expiry.
    pub(crate) fn end_of(self, lifetime: Duration) -> Self {
        self.after(lifetime).min(Self::END.max(self))
    }

    /// True if a thing that expires at this time has expired by `now`: at the time itself it has.
    #[must_use]
    pub fn is_past(self, now: Self) -> bool {
        self <= now
    }
}

/// The time of a clock; a time before the epoch becomes the epoch.
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
