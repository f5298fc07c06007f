//! One authorization detail: [RFC 9396 §2], [§2.2].
//!
//! [RFC 9396 §2]: https://www.rfc-editor.org/rfc/rfc9396#section-2
//! [§2.2]: https://www.rfc-editor.org/rfc/rfc9396#section-2.2

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most objects in authorization details.
pub(super) const MAX_COUNT: usize = 32;
/// The greatest length of authorization details as JSON, in bytes.
pub(super) const MAX_LEN: usize = 8 * 1024;
/// The most levels of objects and arrays in authorization details, counting the outermost array.
pub(super) const MAX_DEPTH: usize = 16;

/// The greatest absolute value of a number on which readers of JSON agree: [RFC 8259 §6].
///
/// [RFC 8259 §6]: https://www.rfc-editor.org/rfc/rfc8259#section-6
const MAX_NUMBER: f64 = 9_007_199_254_740_991.0;

/// The fields that are common to all types and lists of texts.
const LISTS: [&str; 4] = ["locations", "actions", "datatypes", "privileges"];
/// The field that is common to all types and one text.
const IDENTIFIER: &str = "identifier";
const TYPE: &str = "type";

/// An error in authorization details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationDetailsError {
    /// The text is not a JSON array of objects. [RFC 9396 §2]: the parameter "contains, in JSON notation, an array of
    /// objects".
    ///
    /// [RFC 9396 §2]: https://www.rfc-editor.org/rfc/rfc9396#section-2
    #[error("the authorization details are not a JSON array of objects")]
    Malformed,
    /// A member of an object is repeated. [RFC 8259 §4]: "When the names within an object are not unique, the behavior
    /// of software that receives such an object is unpredictable": what the resource owner is shown and what the
    /// resource server reads might differ.
    ///
    /// [RFC 8259 §4]: https://www.rfc-editor.org/rfc/rfc8259#section-4
    #[error("a member of the authorization details is repeated")]
    Repeated,
    /// A number is beyond 2<sup>53</sup>-1, so that readers of JSON do not agree on it ([RFC 8259 §6]).
    ///
    /// [RFC 8259 §6]: https://www.rfc-editor.org/rfc/rfc8259#section-6
    #[error("a number in the authorization details is beyond 2^53-1")]
    Number,
    /// There are more than [`AuthorizationDetails::MAX_COUNT`](super::AuthorizationDetails::MAX_COUNT) objects.
    #[error("there are more than {} authorization details", MAX_COUNT)]
    TooMany,
    /// The JSON is longer than [`AuthorizationDetails::MAX_LEN`](super::AuthorizationDetails::MAX_LEN) bytes.
    #[error("the authorization details are longer than {} bytes of JSON", MAX_LEN)]
    TooLong,
    /// The JSON is nested deeper than [`AuthorizationDetails::MAX_DEPTH`](super::AuthorizationDetails::MAX_DEPTH).
    #[error("the authorization details are nested deeper than {} levels", MAX_DEPTH)]
    TooDeep,
    /// An object has no `type`, or it is not a text. [RFC 9396 §2]: "This field is REQUIRED."
    ///
    /// [RFC 9396 §2]: https://www.rfc-editor.org/rfc/rfc9396#section-2
    #[error("an authorization detail has no type")]
    Type,
    /// A field that is common to all types is not what [RFC 9396 §2.2] says.
    ///
    /// [RFC 9396 §2.2]: https://www.rfc-editor.org/rfc/rfc9396#section-2.2
    #[error("{0} of an authorization detail is not of its kind")]
    CommonField(&'static str),
}

/// One object of `authorization_details`: what is asked for or granted, in the words of its type. [RFC 9396 §2]: "The
/// value of the `type` field determines the allowable contents of the object that contains it."
///
/// [RFC 9396 §2]: https://www.rfc-editor.org/rfc/rfc9396#section-2
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AuthorizationDetail(Map<String, Value>);

impl AuthorizationDetail {
    /// Checks the `type` and the fields that are common to all types ([RFC 9396 §2.2]), the depth and the numbers.
    ///
    /// # Errors
    /// See [`AuthorizationDetailsError`].
    ///
    /// [RFC 9396 §2.2]: https://www.rfc-editor.org/rfc/rfc9396#section-2.2
    pub fn new(members: Map<String, Value>) -> Result<Self, AuthorizationDetailsError> {
        // RFC 9396 §2: "An identifier for the authorization details type as a string. [...] This field is REQUIRED."
        if members.get(TYPE).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(AuthorizationDetailsError::Type);
        }
        let is_list = |value: &Value| value.as_array().is_some_and(|values| values.iter().all(Value::is_string));
        for name in LISTS {
            if members.get(name).is_some_and(|value| !is_list(value)) {
                return Err(AuthorizationDetailsError::CommonField(name));
            }
        }
        if members.get(IDENTIFIER).is_some_and(|value| !value.is_string()) {
            return Err(AuthorizationDetailsError::CommonField(IDENTIFIER));
        }
        members.values().try_for_each(|value| check(value, MAX_DEPTH - 2))?;
        Ok(Self(members))
    }

    /// The type: [RFC 9396 §2.1]. Types are compared as they are written. [RFC 9396 §12]: "No additional transformation
    /// or normalization is to be done in evaluating equivalence of string values."
    ///
    /// [RFC 9396 §2.1]: https://www.rfc-editor.org/rfc/rfc9396#section-2.1
    /// [RFC 9396 §12]: https://www.rfc-editor.org/rfc/rfc9396#section-12
    #[must_use]
    pub fn detail_type(&self) -> &str {
        self.0.get(TYPE).and_then(Value::as_str).unwrap_or_default()
    }

    /// The resources or resource servers (`locations`): [RFC 9396 §2.2].
    ///
    /// [RFC 9396 §2.2]: https://www.rfc-editor.org/rfc/rfc9396#section-2.2
    pub fn locations(&self) -> impl Iterator<Item = &str> {
        self.list("locations")
    }

    /// The kinds of actions to be taken (`actions`): [RFC 9396 §2.2].
    ///
    /// [RFC 9396 §2.2]: https://www.rfc-editor.org/rfc/rfc9396#section-2.2
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.list("actions")
    }

    /// The kinds of data (`datatypes`): [RFC 9396 §2.2].
    ///
    /// [RFC 9396 §2.2]: https://www.rfc-editor.org/rfc/rfc9396#section-2.2
    pub fn datatypes(&self) -> impl Iterator<Item = &str> {
        self.list("datatypes")
    }

    /// The types or levels of privilege (`privileges`): [RFC 9396 §2.2].
    ///
    /// [RFC 9396 §2.2]: https://www.rfc-editor.org/rfc/rfc9396#section-2.2
    pub fn privileges(&self) -> impl Iterator<Item = &str> {
        self.list("privileges")
    }

    /// The specific resource at the API (`identifier`): [RFC 9396 §2.2].
    ///
    /// [RFC 9396 §2.2]: https://www.rfc-editor.org/rfc/rfc9396#section-2.2
    #[must_use]
    pub fn identifier(&self) -> Option<&str> {
        self.0.get(IDENTIFIER).and_then(Value::as_str)
    }

    /// Returns a member by its name, a common one or one of the type's own.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All members, with `type`.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Tells if this object, when it was granted, allows another that is asked for. grantor does not know what a type
    /// means, so the comparison is conservative: both have the same members, and each has the same value, but for the
    /// lists that are common to all types, of which fewer entries may be asked for, though not none. [RFC 9396 §6.1]:
    /// "An AS should not rely on simple object comparison in most cases"; a type that knows better says so in its
    /// [definition](crate::server::AuthorizationDetailsType::covers).
    ///
    /// [RFC 9396 §6.1]: https://www.rfc-editor.org/rfc/rfc9396#section-6.1
    #[must_use]
    pub fn covers(&self, asked: &Self) -> bool {
        let is_covered = |(name, asked): (&String, &Value)| match (self.0.get(name), asked) {
            (Some(granted), asked) if granted == asked => true,
            (Some(Value::Array(granted)), Value::Array(asked)) => {
                LISTS.contains(&name.as_str()) && !asked.is_empty() && is_subset(asked, granted)
            }
            _ => false,
        };
        self.0.len() == asked.0.len() && asked.0.iter().all(is_covered)
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        values.iter().filter_map(Value::as_str)
    }
}

/// Tells if all texts of a list are in another.
fn is_subset(part: &[Value], whole: &[Value]) -> bool {
    let whole: BTreeSet<_> = whole.iter().filter_map(Value::as_str).collect();
    part.iter().all(|value| value.as_str().is_some_and(|text| whole.contains(text)))
}

/// Checks the depth and the numbers of a value.
fn check(value: &Value, levels: usize) -> Result<(), AuthorizationDetailsError> {
    let inside = || levels.checked_sub(1).ok_or(AuthorizationDetailsError::TooDeep);
    match value {
        Value::Array(values) => inside().and_then(|levels| values.iter().try_for_each(|value| check(value, levels))),
        Value::Object(members) => {
            inside().and_then(|levels| members.values().try_for_each(|value| check(value, levels)))
        }
        Value::Number(number) if number.as_f64().is_none_or(|number| number.abs() > MAX_NUMBER) => {
            Err(AuthorizationDetailsError::Number)
        }
        _ => Ok(()),
    }
}

impl fmt::Debug for AuthorizationDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthorizationDetail").field(&self.detail_type()).finish()
    }
}

impl<'de> Deserialize<'de> for AuthorizationDetail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn detail(members: Value) -> Result<AuthorizationDetail, AuthorizationDetailsError> {
        let Value::Object(members) = members else { return Err(AuthorizationDetailsError::Malformed) };
        AuthorizationDetail::new(members)
    }

    #[test]
    fn a_detail_is_bounded_in_depth_and_numbers() {
        let nested = |levels| {
            (0..levels)
                .fold(json!(1), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) })
        };
        assert!(detail(json!({ "type": "t", "a": nested(MAX_DEPTH - 2) })).is_ok());
        let deeper = detail(json!({ "type": "t", "a": nested(MAX_DEPTH - 1) }));
        assert_eq!(deeper, Err(AuthorizationDetailsError::TooDeep));
        for number in [json!(9_007_199_254_740_991_u64), json!(-9_007_199_254_740_991_i64), json!(0.1), json!(123.5)] {
            assert!(detail(json!({ "type": "t", "a": [number] })).is_ok(), "{number}");
        }
        for number in [json!(9_007_199_254_740_992_u64), json!(i64::MIN), json!(u64::MAX), json!(1e300)] {
            let refused = detail(json!({ "type": "t", "a": { "b": number } }));
            assert_eq!(refused, Err(AuthorizationDetailsError::Number), "{number}");
        }
    }
}
