//! The members of a JSON object, taken out one by one, so that an unreadable member does not spoil the others.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The members of an object that were not taken yet. A null member counts as missing.
#[derive(Debug, Default)]
pub(crate) struct Members {
    rest: Map<String, Value>,
    /// The names that occur more than once. [RFC 8259 §4]: "When the names within an object are not unique, the
    /// behavior of software that receives such an object is unpredictable": another reader may read the same object
    /// differently. Their values are not known.
    ///
    /// [RFC 8259 §4]: https://www.rfc-editor.org/rfc/rfc8259#section-4
    repeated: BTreeSet<String>,
    unreadable: Unreadable,
}

/// The names of members that could not be read, in the order in which they were looked for.
pub(crate) type Unreadable = Vec<&'static str>;

type Read<T> = Result<T, serde_json::Error>;

impl Members {
    /// Takes a member that matters for security: an unreadable one is an error.
    pub(crate) fn strict<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Read<T>) -> Read<Option<T>> {
        if self.repeated.contains(name) {
            return Err(serde_json::Error::custom("a member is repeated"));
        }
        self.take(name).map(read).transpose()
    }

    /// Takes a member without which the object is useless.
    pub(crate) fn required<T>(&mut self, name: &'static str, read: impl FnOnce(Value) -> Read<T>) -> Read<T> {
        let member = self.strict(name, read)?;
        member.ok_or_else(|| serde_json::Error::missing_field(name))
    }

    /// Takes a member that is optional: an unreadable one is noted.
    pub(crate) fn optional<T>(&mut self, name: &'static str, read: impl FnOnce(Value) -> Read<T>) -> Option<T> {
        let member = self.strict(name, read);
        self.unreadable.extend(member.is_err().then_some(name));
        member.ok().flatten()
    }

    /// Takes a URL, or another member for which an empty text counts as missing.
    pub(crate) fn text<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        self.text_by(name, serde_json::from_value)
    }

    /// The same as [`text`](Self::text), with this function to read the member.
    pub(crate) fn text_by<T>(&mut self, name: &'static str, read: impl FnOnce(Value) -> Read<T>) -> Option<T> {
        if self.rest.get(name).is_some_and(is_empty_text) {
            self.rest.remove(name);
        }
        self.optional(name, read)
    }

    /// Takes a list. An empty text counts as missing, also as an entry. Unreadable entries are left out, and so is a
    /// list that has no others.
    pub(crate) fn list<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<Vec<T>> {
        self.list_by(name, serde_json::from_value)
    }

    /// The same as [`list`](Self::list), with this function to read each entry.
    pub(crate) fn list_by<T>(&mut self, name: &'static str, read: impl Fn(Value) -> Read<T>) -> Option<Vec<T>> {
        let entries: Vec<Value> = self.text(name)?;
        let entries: Vec<_> = entries.into_iter().filter(|entry| !is_empty_text(entry)).collect();
        let count = entries.len();
        let good: Vec<T> = entries.into_iter().filter_map(|entry| read(entry).ok()).collect();
        let is_spoilt = good.len() < count;
        self.unreadable.extend(is_spoilt.then_some(name));
        Some(good).filter(|good| !is_spoilt || !good.is_empty())
    }

    /// Takes a boolean, which may be written as a string. An unreadable one is `otherwise`.
    pub(crate) fn flag(&mut self, name: &'static str, otherwise: bool) -> bool {
        let is_there = self.repeated.contains(name) || self.rest.get(name).is_some_and(|member| !member.is_null());
        let flag = self.optional(name, |member| match member.as_str() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => serde_json::from_value(member),
        });
        flag.unwrap_or(is_there && otherwise)
    }

    /// Tells if there is a member of this name that is not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.rest.get(name).is_some_and(|member| !member.is_null())
    }

    /// Refuses an object with a repeated name.
    pub(crate) fn distinct(self) -> Read<Self> {
        if self.repeated.is_empty() { Ok(self) } else { Err(serde_json::Error::custom("a member is repeated")) }
    }

    /// Returns the members that were not taken, and the names of those that could not be read.
    pub(crate) fn finish(self) -> (Map<String, Value>, Unreadable) {
        (self.rest, self.unreadable)
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name).filter(|member| !member.is_null())
    }
}

fn is_empty_text(member: &Value) -> bool {
    member.as_str() == Some("")
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
                let mut object = Members::default();
                while let Some((name, value)) = members.next_entry::<String, Value>()? {
                    if object.rest.contains_key(&name) {
                        object.repeated.insert(name);
                    } else {
                        object.rest.insert(name, value);
                    }
                }
                object.rest.retain(|name, _| !object.repeated.contains(name));
                Ok(object)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Returns the members of an object, without those that another value writes already.
pub(super) fn without_doubles(members: Map<String, Value>, said: &impl Serialize) -> Map<String, Value> {
    let said = serde_json::to_value(said).unwrap_or_default();
    members.into_iter().filter(|(name, _)| said.get(name).is_none()).collect()
}
