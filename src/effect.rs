//! Effects, which a machine asks its host to carry out. All other modules build on this one.

use std::fmt;
use std::sync::Arc;

/// An effect that a machine asks its host for, and the type of the answer.
pub trait Effect {
    /// The host's answer if it can carry out the effect.
    type Answer;
    /// The effect's name in errors and events: words in lower case.
    const NAME: &'static str;
}

/// The answer to an effect: the result, or the news that the host could not get it.
///
/// Failure is an answer. It goes back into the machine, which words it as the RFC says and issues nothing.
pub type Answer<E> = Result<<E as Effect>::Answer, Unavailable>;

/// The host could not carry out an effect: the store is down, a query timed out, a shard is overloaded.
///
/// After a commit the outcome is unknown: the write may or may not have happened, and the machine promises nothing.
#[derive(Clone, Debug)]
pub struct Unavailable {
    cause: Arc<dyn std::error::Error + Send + Sync>,
    retry_after: Option<u32>,
}

impl Unavailable {
    /// Creates an outage with its cause, which is shown in events and to nobody else. Keep secrets out of it.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: cause.into().into(), retry_after: None }
    }

    /// Says that the host sheds load and expects to be back in this many seconds: `temporarily_unavailable`
    /// ([RFC 6749 §4.1.2.1]) in place of `server_error`, and `Retry-After` ([RFC 9110 §10.2.3]) on a 503.
    ///
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    /// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The seconds after which the host expects to be back, if it said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }
}

/// Turns any error of a store into an outage with `?`: an inner function that reads and writes returns this box, into
/// which `?` converts every error, and the trait's method calls that function with another `?`. An [`Unavailable`] in
/// the box is unwrapped.
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

/// Two outages are equal if their messages are.
impl PartialEq for Unavailable {
    fn eq(&self, other: &Self) -> bool {
        self.retry_after == other.retry_after && self.cause.to_string() == other.cause.to_string()
    }
}

/// An effect that could not be carried out, as shown in errors and events.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{effect} {cause}")]
#[non_exhaustive]
pub struct Outage {
    /// The effect's [`NAME`](Effect::NAME).
    pub effect: &'static str,
    /// The cause, as the host gave it.
    pub cause: Unavailable,
}

impl Outage {
    /// Creates the outage of this effect.
    pub(crate) fn of<E: Effect>(cause: Unavailable) -> Self {
        Self { effect: E::NAME, cause }
    }

    /// The `error` of [RFC 6749 §4.1.2.1] for an outage; [RFC 6749 §5.2] has no code for it.
    ///
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    pub(crate) fn code(&self) -> &'static str {
        if self.cause.retry_after().is_some() { "temporarily_unavailable" } else { "server_error" }
    }
}

/// The text that a requester gets in an outage.
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
