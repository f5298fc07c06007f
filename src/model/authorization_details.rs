//! Authorization details: [RFC 9396 §2].
//!
//! [RFC 9396 §2]: https://www.rfc-editor.org/rfc/rfc9396#section-2

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::authorization_detail::{AuthorizationDetail, AuthorizationDetailsError, MAX_COUNT, MAX_DEPTH, MAX_LEN};
use super::json::{self, JsonFault};

/// The `authorization_details` of a request, a grant or a token: [RFC 9396 §2]. Cheap to clone; may be empty.
///
/// They come from whoever wrote the request, and may be about people: show them as text, never as markup, and keep them
/// out of logs. `Debug` shows their types alone.
///
/// ```
/// use grantor::model::AuthorizationDetails;
///
/// # fn main() -> Result<(), grantor::model::AuthorizationDetailsError> {
/// let details = AuthorizationDetails::parse(
///     r#"[{"type": "payment_initiation", "actions": ["initiate"], "creditorName": "Merchant A"}]"#,
/// )?;
/// assert_eq!(details[0].detail_type(), "payment_initiation");
/// assert!(details[0].actions().eq(["initiate"]));
/// assert_eq!(details[0].member("creditorName").and_then(|name| name.as_str()), Some("Merchant A"));
/// # Ok(())
/// # }
/// ```
///
/// [RFC 9396 §2]: https://www.rfc-editor.org/rfc/rfc9396#section-2
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AuthorizationDetails(Option<Arc<[AuthorizationDetail]>>);

impl AuthorizationDetails {
    /// The most objects.
    pub const MAX_COUNT: usize = MAX_COUNT;
    /// The greatest length as JSON, in bytes.
    pub const MAX_LEN: usize = MAX_LEN;
    /// The most levels of objects and arrays, counting the outermost array.
    pub const MAX_DEPTH: usize = MAX_DEPTH;

    /// Collects objects.
    ///
    /// # Errors
    /// There are too many, or they are too long.
    pub fn new(details: impl IntoIterator<Item = AuthorizationDetail>) -> Result<Self, AuthorizationDetailsError> {
        let details: Vec<_> = details.into_iter().collect();
        if details.len() > Self::MAX_COUNT {
            return Err(AuthorizationDetailsError::TooMany);
        }
        let len = serde_json::to_string(&details).map_or(usize::MAX, |json| json.len());
        if len > Self::MAX_LEN { Err(AuthorizationDetailsError::TooLong) } else { Ok(Self::collect(details)) }
    }

    /// Reads the parameter.
    ///
    /// # Errors
    /// See [`AuthorizationDetailsError`].
    pub fn parse(text: &str) -> Result<Self, AuthorizationDetailsError> {
        if text.len() > Self::MAX_LEN {
            return Err(AuthorizationDetailsError::TooLong);
        }
        let value = json::strict(text, Self::MAX_DEPTH).map_err(|fault| match fault {
            JsonFault::Malformed => AuthorizationDetailsError::Malformed,
            JsonFault::Repeated => AuthorizationDetailsError::Repeated,
            JsonFault::TooDeep => AuthorizationDetailsError::TooDeep,
        })?;
        let Value::Array(values) = value else { return Err(AuthorizationDetailsError::Malformed) };
        if values.len() > Self::MAX_COUNT {
            return Err(AuthorizationDetailsError::TooMany);
        }
        let objects = values.into_iter().map(|value| match value {
            Value::Object(members) => AuthorizationDetail::new(members),
            _ => Err(AuthorizationDetailsError::Malformed),
        });
        Self::new(objects.collect::<Result<Vec<_>, _>>()?)
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the objects for which the predicate is true, in order.
    #[must_use]
    pub fn filtered(&self, is_kept: impl Fn(&AuthorizationDetail) -> bool) -> Self {
        // Mostly, all of them are kept.
        if self.iter().all(&is_kept) {
            return self.clone();
        }
        Self::collect(self.iter().filter(|detail| is_kept(detail)).cloned().collect())
    }

    /// Returns the objects at these positions, each once and in their own order: those whose boxes are ticked on a
    /// consent page, for example. A position that there is not is ignored.
    #[must_use]
    pub fn at(&self, positions: &[usize]) -> Self {
        let kept = self.iter().enumerate().filter(|(at, _)| positions.contains(at));
        Self::collect(kept.map(|(_, detail)| detail.clone()).collect())
    }

    /// Returns the same objects and one more; `None` if there are too many.
    pub(crate) fn and(&self, detail: &AuthorizationDetail) -> Option<Self> {
        Self::new(self.iter().chain([detail]).cloned()).ok()
    }

    /// Tells if everything that is asked for was granted here, by [`AuthorizationDetail::covers`]. Each granted object
    /// allows one of those that are asked for: two payments are not allowed by one.
    #[must_use]
    pub fn cover(&self, asked: &Self) -> bool {
        self.cover_by(asked, AuthorizationDetail::covers)
    }

    /// The same, by another comparison of two objects of the same type.
    pub(crate) fn cover_by(
        &self,
        asked: &Self,
        covers: impl Fn(&AuthorizationDetail, &AuthorizationDetail) -> bool,
    ) -> bool {
        let covers = |granted: &AuthorizationDetail, asked: &AuthorizationDetail| {
            granted.detail_type() == asked.detail_type() && covers(granted, asked)
        };
        let allowed_by = |asked: &AuthorizationDetail| -> Vec<usize> {
            let granted = self.iter().enumerate().filter(|(_, granted)| covers(granted, asked));
            granted.map(|(at, _)| at).collect()
        };
        let allowed: Vec<_> = asked.iter().map(allowed_by).collect();
        let mut taken = vec![None; self.len()];
        (0..allowed.len()).all(|at| take_place(at, &allowed, &mut taken, &mut Vec::new()))
    }

    fn collect(details: Vec<AuthorizationDetail>) -> Self {
        Self((!details.is_empty()).then(|| details.into()))
    }
}

/// Finds a granted object for the one that is asked for at this position, and moves others to different ones if need
/// be: a matching of the two sides.
fn take_place(asked: usize, allowed: &[Vec<usize>], taken: &mut [Option<usize>], seen: &mut Vec<usize>) -> bool {
    for granted in allowed.get(asked).into_iter().flatten() {
        if seen.contains(granted) {
            continue;
        }
        seen.push(*granted);
        let holder = taken.get(*granted).copied().flatten();
        if holder.is_none_or(|holder| take_place(holder, allowed, taken, seen)) {
            if let Some(place) = taken.get_mut(*granted) {
                *place = Some(asked);
            }
            return true;
        }
    }
    false
}

impl Deref for AuthorizationDetails {
    type Target = [AuthorizationDetail];

    fn deref(&self) -> &[AuthorizationDetail] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl FromStr for AuthorizationDetails {
    type Err = AuthorizationDetailsError;

    fn from_str(text: &str) -> Result<Self, AuthorizationDetailsError> {
        Self::parse(text)
    }
}

/// Writes the parameter, as JSON.
impl fmt::Display for AuthorizationDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for AuthorizationDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(AuthorizationDetail::detail_type)).finish()
    }
}

impl Serialize for AuthorizationDetails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.deref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AuthorizationDetails {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let objects = Vec::<AuthorizationDetail>::deserialize(deserializer)?;
        Self::new(objects).map_err(D::Error::custom)
    }
}
