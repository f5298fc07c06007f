//! The clock, and the operating system's randomness: grantor takes both as arguments.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor::{Moment, Timestamp};

/// What the clock says.
#[must_use]
pub fn now() -> Timestamp {
    SystemTime::now().into()
}

/// A time as people read it. In UTC: without script a page does not know where its reader is.
#[must_use]
pub fn date(timestamp: Timestamp) -> String {
    // What is later than the calendar goes is told as its end.
    let second = i64::try_from(timestamp.0).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The time and the randomness of one request.
///
/// # Errors
/// The operating system has no randomness to give.
pub fn moment() -> Result<Moment, getrandom::Error> {
    Moment::try_new(now(), &mut getrandom::SysRng)
}

/// A name or a secret that nobody can guess: 256 random bits as 43 characters of base64url.
///
/// # Errors
/// The operating system has no randomness to give.
pub fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_by_the_calendar() {
        let cases = [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_709_210_096, "2024-02-29 12:34 UTC"),
            (1_767_225_599, "2025-12-31 23:59 UTC"),
            (1_767_225_600, "2026-01-01 00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ];
        for (seconds, told) in cases {
            assert_eq!(date(Timestamp(seconds)), told);
        }
        assert!(date(Timestamp(u64::MAX)).ends_with("UTC"));
    }
}
