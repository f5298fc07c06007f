//! What was asked of the hosts, and what they answered.

use std::time::Duration;

/// All requests about one grant, in the order in which they began.
pub(crate) type Chain = Vec<Entry>;

/// A request and its answer. Times are by one clock, since the run began.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) asked: Asked,
    #[allow(dead_code, reason = "it is shown with a violation")]
    pub(crate) host: usize,
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
    pub(crate) answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Tokens, or a code, for something that may be spent once.
    Spend { kind: Kind, credential: String },
    /// What a token is worth.
    Introspect { token: String },
    /// That the grant ends.
    Revoke,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Code,
    RefreshToken,
    DeviceCode,
    PushedRequest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Tokens, or a code.
    Granted(Vec<String>),
    /// An error by OAuth's code.
    Refused(String),
    Active(bool),
    Done,
    /// An outage, or no answer: whether it was carried out is not known.
    Unknown,
}
