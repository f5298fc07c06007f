//! The members of a JSON object, each read on its own: an unreadable one does not spoil the others.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::fault::Fault;

/// A JSON object whose members are not read yet.
pub(crate) struct RawMembers<'a>(BTreeMap<String, Found<'a>>);

/// The values under one name.
struct Found<'a> {
    first: &'a RawValue,
    is_repeated: bool,
    /// True if the name is repeated with another value.
    is_ambiguous: bool,
}

/// The member under a name.
pub(crate) enum Member<'a> {
    /// No member has this name.
    Absent,
    /// A value. If it is repeated with the same text, it is still one value.
    Value(&'a RawValue),
    /// More than one value. [RFC 8259 §4]: "When the names within an object are not unique, the behavior of software
    /// that receives such an object is unpredictable."
    ///
    /// [RFC 8259 §4]: https://www.rfc-editor.org/rfc/rfc8259#section-4
    Ambiguous,
}

/// The error for a member that is present and cannot be read.
#[derive(Debug)]
pub(crate) struct MemberError;

impl<'a> RawMembers<'a> {
    pub(crate) fn of(text: &'a str) -> Result<Self, Fault> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = BTreeMap<String, Found<'de>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((name, value)) = members.next_entry::<String, &'de RawValue>()? {
                    let found = Found { first: value, is_repeated: false, is_ambiguous: false };
                    all.entry(name)
                        .and_modify(|found: &mut Found<'_>| {
                            found.is_repeated = true;
                            found.is_ambiguous |= found.first.get() != value.get();
                        })
                        .or_insert(found);
                }
                Ok(all)
            }
        }
        // Serde would accept an array for an object whose members have lost their names.
        if !text.trim_start().starts_with('{') {
            return Err(serde_json::from_str::<IgnoredAny>(text).map_or_else(fault, |_| Fault::Malformed));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let members = json.deserialize_map(Object).map_err(fault)?;
        json.end().map_err(fault)?;
        Ok(Self(members))
    }

    pub(crate) fn get(&self, name: &str) -> Member<'a> {
        match self.0.get(name) {
            None => Member::Absent,
            Some(found) if found.is_ambiguous => Member::Ambiguous,
            Some(found) => Member::Value(found.first),
        }
    }

    /// Reads the member under a name with this function; `None` if it is absent.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a RawValue) -> serde_json::Result<Option<T>>,
    ) -> Result<Option<T>, MemberError> {
        match self.get(name) {
            Member::Absent => Ok(None),
            Member::Value(value) => read(value).map_err(|_| MemberError),
            Member::Ambiguous => Err(MemberError),
        }
    }

    /// Reads a member that matters for security, which must not be repeated, not even with the same text.
    pub(crate) fn read_once<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a RawValue) -> serde_json::Result<Option<T>>,
    ) -> Result<Option<T>, MemberError> {
        let is_repeated = self.0.get(name).is_some_and(|found| found.is_repeated);
        if is_repeated { Err(MemberError) } else { self.read(name, read) }
    }

    /// Returns the object under a name, if there is one.
    pub(crate) fn object(&self, name: &str) -> Option<RawMembers<'a>> {
        match self.get(name) {
            Member::Value(value) => RawMembers::of(value.get()).ok(),
            Member::Absent | Member::Ambiguous => None,
        }
    }

    /// Returns the names, each once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

pub(super) fn fault(error: serde_json::Error) -> Fault {
    match error.classify() {
        Category::Eof | Category::Io => Fault::Truncated,
        Category::Syntax => Fault::NotJson,
        Category::Data => Fault::Malformed,
    }
}
