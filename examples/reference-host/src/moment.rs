//! The clock and the operating system's randomness, which grantor takes as arguments.

use std::cell::RefCell;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use grantor::{Moment, Timestamp};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// The current time.
#[must_use]
pub fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Writes a time for people, in UTC, since without script a page does not know its reader's time zone.
#[must_use]
pub fn date(timestamp: Timestamp) -> String {
    // A time beyond the calendar is shown as its end.
    let second = i64::try_from(timestamp.0).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The number of moments that are drawn from one seed.
const MOMENTS_A_SEED: u32 = 1024;

/// A generator, and the number of moments left for its seed.
type Seeded = Option<(StdRng, u32)>;

thread_local! {
    static RANDOMNESS: RefCell<Seeded> = const { RefCell::new(None) };
}

/// The time and the randomness of one request. The operating system is asked for a seed only now and then, since a
/// system call for each request would be a tenth of its cost.
///
/// # Errors
/// The operating system has no randomness to give.
pub fn moment() -> Result<Moment, getrandom::Error> {
    RANDOMNESS.with_borrow_mut(|seeded| {
        let (generator, left) = match seeded {
            Some((generator, left)) if *left > 0 => (generator, left),
            spent => {
                let (generator, left) = spent.insert((StdRng::try_from_rng(&mut SysRng)?, MOMENTS_A_SEED));
                (generator, left)
            }
        };
        *left -= 1;
        Ok(Moment::new(now(), generator))
    })
}

/// Draws a name or a secret that nobody can guess: 256 random bits as 43 characters of base64url.
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
