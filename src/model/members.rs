//! The members of a JSON object, taken out one by one, so that one which cannot be read spoils no other.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is left of an object from which members are taken. Null is omitted.
#[derive(Debug, Default)]
pub(crate) struct Members {
    rest: Map<String, Value>,
    /// The names that there are twice or more. RFC 8259 §4: "When the names within an object are not unique, the
    /// behavior of software that receives such an object is unpredictable": somebody else might read the same object
    /// otherwise. What they say is not known.
    repeated: BTreeSet<String>,
    unreadable: Unreadable,
}

/// The names of members that were there and could not be read, in the order in which they were looked for.
pub(crate) type Unreadable = Vec<&'static str>;

type Read<T> = Result<T, serde_json::Error>;

impl Members {
    /// A member that decides something: one that cannot be read is an error.
    pub(crate) fn strict<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Read<T>) -> Read<Option<T>> {
        if self.repeated.contains(name) {
            return Err(serde_json::Error::custom("a member is repeated"));
        }
        self.take(name).map(read).transpose()
    }

    /// A member without which the object says nothing.
    pub(crate) fn required<T>(&mut self, name: &'static str, read: impl FnOnce(Value) -> Read<T>) -> Read<T> {
        let member = self.strict(name, read)?;
        member.ok_or_else(|| serde_json::Error::missing_field(name))
    }

    /// A member that can be done without.
    pub(crate) fn optional<T>(&mut self, name: &'static str, read: impl FnOnce(Value) -> Read<T>) -> Option<T> {
        let member = self.strict(name, read);
        self.unreadable.extend(member.is_err().then_some(name));
        member.ok().flatten()
    }

    /// A URL, or another member of which the empty text is none.
    pub(crate) fn text<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        self.text_by(name, serde_json::from_value)
    }

    /// The same, read in this way.
    pub(crate) fn text_by<T>(&mut self, name: &'static str, read: impl FnOnce(Value) -> Read<T>) -> Option<T> {
        if self.rest.get(name).is_some_and(is_empty_text) {
            self.rest.remove(name);
        }
        self.optional(name, read)
    }

    /// A list; the empty text is none, nor is it an entry. Entries that cannot be read are left out; if there are no
    /// others, so is the list.
    pub(crate) fn list<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<Vec<T>> {
        self.list_by(name, serde_json::from_value)
    }

    /// The same, whose entries are read in this way.
    pub(crate) fn list_by<T>(&mut self, name: &'static str, read: impl Fn(Value) -> Read<T>) -> Option<Vec<T>> {
        let entries: Vec<Value> = self.text(name)?;
        let entries: Vec<_> = entries.into_iter().filter(|entry| !is_empty_text(entry)).collect();
        let count = entries.len();
        let good: Vec<T> = entries.into_iter().filter_map(|entry| read(entry).ok()).collect();
        let is_spoilt = good.len() < count;
        self.unreadable.extend(is_spoilt.then_some(name));
        Some(good).filter(|good| !is_spoilt || !good.is_empty())
    }

    /// A yes or no, which may be written as a string. If it cannot be read, it is `otherwise`.
    pub(crate) fn flag(&mut self, name: &'static str, otherwise: bool) -> bool {
        let is_there = self.repeated.contains(name) || self.rest.get(name).is_some_and(|member| !member.is_null());
        let flag = self.optional(name, |member| match member.as_str() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => serde_json::from_value(member),
        });
        flag.unwrap_or(is_there && otherwise)
    }

    /// Refuses an object of which anybody might read any member otherwise.
    pub(crate) fn distinct(self) -> Read<Self> {
        if self.repeated.is_empty() { Ok(self) } else { Err(serde_json::Error::custom("a member is repeated")) }
    }

    /// The members that were not taken, and the names of those that were in vain.
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

/// The members of an object that were not said yet, beside those that something says already.
pub(super) fn without_doubles(members: Map<String, Value>, said: &impl Serialize) -> Map<String, Value> {
    let said = serde_json::to_value(said).unwrap_or_default();
    members.into_iter().filter(|(name, _)| said.get(name).is_none()).collect()
}
