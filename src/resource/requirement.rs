//! What a request needs.

use std::time::Duration;

use super::access::Access;
use crate::model::{Acr, Scope, Timestamp};

/// What a token must be good for so that a request is let through. Make one for each operation, once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    scope: Scope,
    acr_values: Vec<Acr>,
    max_age: Option<Duration>,
}

impl Requirement {
    /// A token for this resource, of whatever scope.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// A token of this scope: all of it, or more (RFC 6750 §3.1).
    #[must_use]
    pub fn scope(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// And a resource owner who was authenticated in one of these ways, the preferred one first: RFC 9470 §3.
    #[must_use]
    pub fn acr_values(self, acr_values: impl IntoIterator<Item = Acr>) -> Self {
        Self { acr_values: acr_values.into_iter().collect(), ..self }
    }

    /// And a resource owner who was authenticated no longer ago than this; whole seconds: RFC 9470 §3.
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
        // Beyond that, readers of JSON do not agree on a number, and no login is that long ago.
        self.max_age.map(|max_age| max_age.as_secs().min(Timestamp::END.0))
    }

    /// Whether how and when the resource owner was authenticated is good enough. A token that does not say is not, nor
    /// is one of which that is yet to come, by more than the leeway.
    pub(super) fn is_met_by(&self, access: &Access, now: Timestamp, leeway: Duration) -> bool {
        let acr_is_good = self.acr_values.is_empty()
            || access.acr().is_some_and(|acr| self.acr_values.iter().any(|required| required.as_str() == acr));
        let is_recent =
            |auth_time: Timestamp, max_age| auth_time <= now.after(leeway) && now <= auth_time.after(max_age);
        let age_is_good = |max_age| access.auth_time().is_some_and(|auth_time| is_recent(auth_time, max_age));
        acr_is_good && self.max_age.is_none_or(age_is_good)
    }
}
