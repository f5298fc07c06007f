//! The members of a JSON object that have no field of their own.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::members::RawMembers;

/// The unrecognized members of a response. They may be secrets, so only their names are shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Further(Map<String, Value>);

impl Further {
    /// Returns all members except these. A member that cannot be read, or has more than one value, is left out.
    pub(crate) fn than(known: &[&str], members: &RawMembers<'_>) -> Self {
        let mut further = Map::new();
        for name in members.names().filter(|name| !known.contains(name)) {
            let value = members.read(name, |json| Deserialize::deserialize(json).map(Some));
            further.extend(value.ok().flatten().map(|value| (name.to_owned(), value)));
        }
        Self(further)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Further {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
