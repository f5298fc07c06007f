//! Statements of the host about a token or a grant.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Names and JSON values that the host adds to a token, or keeps with a grant: [RFC 7662 §2.2]. Their size is limited,
/// since they go into a record and come back with every lookup.
///
/// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Claims(Map<String, Value>);

/// An error in claims that cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// The claims are longer, as JSON, than [`Claims::MAX_LEN`] bytes.
    #[error("the claims are longer than {} bytes of JSON", Claims::MAX_LEN)]
    TooLong,
    /// The claims are nested deeper than [`Claims::MAX_DEPTH`].
    #[error("the claims are nested deeper than {} levels", Claims::MAX_DEPTH)]
    TooDeep,
}

impl Claims {
    /// The greatest length of claims as JSON, in bytes.
    pub const MAX_LEN: usize = 8 * 1024;
    /// The most levels of objects and arrays in claims, counting the outermost object.
    pub const MAX_DEPTH: usize = 16;

    /// Checks that claims are within the limits.
    ///
    /// # Errors
    /// See [`ClaimsError`].
    pub fn new(claims: Map<String, Value>) -> Result<Self, ClaimsError> {
        // The depth is checked first, because writing JSON recurses as deep as the value does.
        if !claims.values().all(|value| is_within(value, Self::MAX_DEPTH - 1)) {
            return Err(ClaimsError::TooDeep);
        }
        let len = serde_json::to_string(&claims).map_or(usize::MAX, |json| json.len());
        if len > Self::MAX_LEN { Err(ClaimsError::TooLong) } else { Ok(Self(claims)) }
    }

    /// True if there are no claims.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds other claims, which replace those of the same name. Both are within the limits, so the sum is bounded too.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Reads claims from a record, where they were within the limits when it was written.
pub(crate) fn stored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Claims, D::Error> {
    Map::deserialize(deserializer).map(Claims)
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Tells if a value has at most this many levels.
fn is_within(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return !value.is_object() && !value.is_array() };
    match value {
        Value::Array(values) => values.iter().all(|value| is_within(value, below)),
        Value::Object(members) => members.values().all(|value| is_within(value, below)),
        _ => true,
    }
}

impl Deref for Claims {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl TryFrom<Map<String, Value>> for Claims {
    type Error = ClaimsError;

    fn try_from(claims: Map<String, Value>) -> Result<Self, ClaimsError> {
        Self::new(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(value: Value) -> Result<Claims, ClaimsError> {
        Claims::new(Map::from_iter([("a".to_owned(), value)]))
    }

    #[test]
    fn claims_are_bounded_in_depth() {
        let nested = |levels| (0..levels).fold(Value::from(1), |inner, _| Value::from(vec![inner]));
        let objects = |levels| (0..levels).fold(Value::from(1), |inner, _| serde_json::json!({ "a": inner }));
        assert!(claims(nested(15)).is_ok() && claims(objects(15)).is_ok());
        assert_eq!(claims(nested(16)), Err(ClaimsError::TooDeep));
        assert_eq!(claims(objects(16)), Err(ClaimsError::TooDeep));
    }

    #[test]
    fn claims_are_bounded_in_size() {
        let of_len = |len: usize| claims(Value::from("x".repeat(len - r#"{"a":""}"#.len())));
        assert!(of_len(Claims::MAX_LEN).is_ok());
        assert_eq!(of_len(Claims::MAX_LEN + 1), Err(ClaimsError::TooLong));
    }
}
