//! A violation of the contract.

use std::fmt;

/// A rule that a store breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The rule, in words.
    pub rule: &'static str,
    /// The last calls of the store and its answers; or its outage, which breaks a rule whatever else happens.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.rule, self.seen)
    }
}
