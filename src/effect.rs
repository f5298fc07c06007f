//! Effects: what a machine asks of its host. The ground on which everything else stands.

use std::fmt;
use std::sync::Arc;

/// Something that a machine asks of its host, and the type of the answer.
pub trait Effect {
    /// What the host answers when it can.
    type Answer;
    /// The effect's name in errors and events: lower case, in words.
    const NAME: &'static str;
}

/// The answer to an effect: what was asked for, or the news that the host could not get it.
///
/// Failure is an answer. It goes back into the machine, which words it as the RFC says and issues nothing.
pub type Answer<E> = Result<<E as Effect>::Answer, Unavailable>;

/// The host could not carry out an effect: the store is down, a query timed out, a shard is overloaded.
///
/// After a commit it means "unknown": the write may or may not have happened, and the machine promises nothing.
#[derive(Clone, Debug)]
pub struct Unavailable {
    cause: Arc<dyn std::error::Error + Send + Sync>,
    retry_after: Option<u32>,
}

impl Unavailable {
    /// An outage with its cause, which reaches the events and nobody else. Keep secrets out of it.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: cause.into().into(), retry_after: None }
    }

    /// The host sheds load and expects to be back in this many seconds: `temporarily_unavailable` (RFC 6749
    /// §4.1.2.1) in place of `server_error`, and `Retry-After` (RFC 9110 §10.2.3) on a 503.
    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// In how many seconds the host expects to be back, if it said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }
}

/// What went wrong in a store, so that `?` takes it: a function that reads and writes answers with this box, which
/// every error becomes by `?`, and the method of the trait calls it with another `?`. An [`Unavailable`] in the box
/// stays what it was.
///
/// ```
/// # use grantor::Unavailable;
/// fn parsed(column: &str) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
///     Ok(column.parse()?)
/// }
///
/// fn lookup(column: &str) -> Result<u64, Unavailable> {
///     Ok(parsed(column)?)
/// }
/// # assert!(lookup("1").is_ok() && lookup("one").is_err());
/// ```
impl From<Box<dyn std::error::Error + Send + Sync>> for Unavailable {
    fn from(cause: Box<dyn std::error::Error + Send + Sync>) -> Self {
        cause.downcast().map_or_else(Self::new, |unavailable| *unavailable)
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unavailable: {}", self.cause)
    }
}

impl std::error::Error for Unavailable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}

/// Two outages are equal if they say the same.
impl PartialEq for Unavailable {
    fn eq(&self, other: &Self) -> bool {
        self.retry_after == other.retry_after && self.cause.to_string() == other.cause.to_string()
    }
}

/// An effect that could not be carried out, as errors and events tell it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{effect} {cause}")]
#[non_exhaustive]
pub struct Outage {
    /// The effect's [`NAME`](Effect::NAME).
    pub effect: &'static str,
    /// Why it could not be carried out.
    pub cause: Unavailable,
}

impl Outage {
    /// The outage of this effect.
    pub(crate) fn of<E: Effect>(cause: Unavailable) -> Self {
        Self { effect: E::NAME, cause }
    }

    /// The `error` of RFC 6749 §4.1.2.1 for an outage, which §5.2 has no word for.
    pub(crate) fn code(&self) -> &'static str {
        if self.cause.retry_after().is_some() { "temporarily_unavailable" } else { "server_error" }
    }
}

/// What the requester is told of an outage.
pub(crate) const CANNOT_ANSWER: &str = "the server cannot answer now";

impl serde::Serialize for Outage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut outage = serializer.serialize_struct("Outage", 3)?;
        outage.serialize_field("effect", self.effect)?;
        outage.serialize_field("cause", &self.cause.cause.to_string())?;
        outage.serialize_field("retry_after", &self.cause.retry_after)?;
        outage.end()
    }
}
