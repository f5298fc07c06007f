//! What is judged: a value beside its limit.

use std::fmt;

/// A value, its limit, and whether it keeps to it.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What is judged.
    pub what: String,
    /// What was measured.
    pub value: f64,
    /// What is asked.
    pub limit: f64,
    /// Whether the limit is the least, and not the most.
    pub at_least: bool,
}

impl Verdict {
    /// The value may not be below the limit.
    pub fn at_least(what: String, value: f64, limit: f64) -> Self {
        Self { what, value, limit, at_least: true }
    }

    /// The value may not be above the limit.
    pub fn at_most(what: String, value: f64, limit: f64) -> Self {
        Self { what, value, limit, at_least: false }
    }

    /// Whether it keeps to its limit; nothing that is not a number does.
    pub fn holds(&self) -> bool {
        if self.at_least { self.value >= self.limit } else { self.value <= self.limit }
    }

    /// `✔` or `✘`.
    pub fn mark(&self) -> &'static str {
        if self.holds() { "✔" } else { "✘" }
    }

    /// The limit in words.
    pub fn asked(&self) -> String {
        format!("{} {}", if self.at_least { "≥" } else { "≤" }, self.limit)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {}: {:.2} ({})", self.mark(), self.what, self.value, self.asked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_keeps_to_no_limit() {
        assert!(!Verdict::at_least(String::new(), f64::NAN, 1.0).holds());
        assert!(!Verdict::at_most(String::new(), f64::NAN, 1.0).holds());
        assert!(Verdict::at_least(String::new(), 1.0, 1.0).holds());
        assert!(Verdict::at_most(String::new(), 2.0, 2.0).holds());
        assert!(!Verdict::at_most(String::new(), 2.1, 2.0).holds());
    }
}
