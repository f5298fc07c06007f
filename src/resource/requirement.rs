//! The requirements of a request.

use std::time::Duration;

use super::access::Access;
use crate::model::{Acr, Scope, Timestamp};

/// The requirements that a token must meet for a request to be served. Make one for each operation, once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    scope: Scope,
    acr_values: Vec<Acr>,
    max_age: Option<Duration>,
}

impl Requirement {
    /// Requires a token for this resource, of any scope.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Requires a token with at least this scope ([RFC 6750 §3.1]).
    ///
    /// [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
    #[must_use]
    pub fn scope(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// Requires also that the authentication of the resource owner is of one of these classes, the preferred one first:
    /// [RFC 9470 §3].
    ///
    /// [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3
    #[must_use]
    pub fn acr_values(self, acr_values: impl IntoIterator<Item = Acr>) -> Self {
        Self { acr_values: acr_values.into_iter().collect(), ..self }
    }

    /// Requires also that the resource owner was authenticated no longer ago than this, in whole seconds:
    /// [RFC 9470 §3].
    ///
    /// [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3
    #[must_use]
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }

    pub(super) fn required_scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn required_acr_values(&self) -> &[Acr] {
        &self.acr_values
    }

    pub(super) fn required_max_age(&self) -> Option<u64> {
        // Larger numbers are not read alike by all readers of JSON, and no login is that long ago.
        self.max_age.map(|max_age| max_age.as_secs().min(Timestamp::END.0))
    }

    /// Tells if the time and class of the authentication are good enough. An unknown authentication is not, nor is one
    /// that lies in the future by more than the leeway.
    pub(super) fn is_met_by(&self, access: &Access, now: Timestamp, leeway: Duration) -> bool {
        let acr_is_good = self.acr_values.is_empty()
            || access.acr().is_some_and(|acr| self.acr_values.iter().any(|required| required.as_str() == acr));
        let is_recent =
            |auth_time: Timestamp, max_age| auth_time <= now.after(leeway) && now <= auth_time.after(max_age);
        let age_is_good = |max_age| access.auth_time().is_some_and(|auth_time| is_recent(auth_time, max_age));
        acr_is_good && self.max_age.is_none_or(age_is_good)
    }
}
