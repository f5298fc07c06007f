//! What a store does that it must not.

use std::fmt;

/// A rule that a store breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// What the rule demands, in words.
    pub rule: &'static str,
    /// What was asked of the store last, and what it answered; or why it could not be asked, which breaks a rule
    /// whatever else happens.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.rule, self.seen)
    }
}
