//! Time and randomness, which are arguments.

use std::fmt;
use std::time::{Duration, SystemTime};

use rand_core::{CryptoRng, TryCryptoRng};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This many whole seconds later, or the end of time.
    #[must_use]
    pub fn after(self, lifetime: Duration) -> Self {
        Self(self.0.saturating_add(lifetime.as_secs()))
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

/// When a request came in, and all the randomness it may use. Given request, moment and answers, a machine is a
/// function: the same in, the same out.
///
/// It is not `Clone`: two requests with one moment would be given the same tokens.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct Moment {
    now: Timestamp,
    entropy: Entropy,
}

#[cfg_attr(feature = "explore", derive(Clone))]
pub(crate) struct Entropy {
    /// Partition and id of a grant that is opened.
    pub(crate) grant: [u8; 18],
    /// The authorization code, or the access token.
    pub(crate) first: [u8; 31],
    /// The refresh token.
    pub(crate) second: [u8; 31],
}

impl Moment {
    /// The moment of one request: the time, and 80 bytes from a cryptographic generator.
    ///
    /// ```
    /// use grantor::Moment;
    /// let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    /// let moment = Moment::new(std::time::SystemTime::now(), &mut rng);
    /// ```
    #[must_use]
    pub fn new(now: impl Into<Timestamp>, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = [0; 80];
        rng.fill_bytes(&mut bytes);
        Self::from_bytes(now.into(), bytes)
    }

    /// The same from a generator that may fail, such as the operating system's.
    ///
    /// # Errors
    /// Whatever the generator says.
    pub fn try_new<R: TryCryptoRng + ?Sized>(now: impl Into<Timestamp>, rng: &mut R) -> Result<Self, R::Error> {
        let mut bytes = [0; 80];
        rng.try_fill_bytes(&mut bytes)?;
        Ok(Self::from_bytes(now.into(), bytes))
    }

    fn from_bytes(now: Timestamp, mut bytes: [u8; 80]) -> Self {
        let mut entropy = Entropy { grant: [0; 18], first: [0; 31], second: [0; 31] };
        let (grant, tokens) = bytes.split_at(18);
        let (first, second) = tokens.split_at(31);
        entropy.grant.copy_from_slice(grant);
        entropy.first.copy_from_slice(first);
        entropy.second.copy_from_slice(second);
        bytes.zeroize();
        Self { now, entropy }
    }

    /// The time of the request.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.entropy
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.first.zeroize();
        self.second.zeroize();
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moment").field("now", &self.now).field("entropy", &"[redacted]").finish()
    }
}
