//! The clock and the operating system's randomness, which grantor takes as arguments.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor::{Moment, Timestamp};

/// The current time.
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// The time and the randomness of one request.
///
/// # Errors
/// The operating system has no randomness to give.
pub(crate) fn moment() -> Result<Moment, getrandom::Error> {
    Moment::try_new(now(), &mut getrandom::SysRng)
}

/// Draws a name that nobody can guess: 256 random bits as 43 characters of base64url.
///
/// # Errors
/// The operating system has no randomness to give.
pub(crate) fn token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
