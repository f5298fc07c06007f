//! A reader of JSON that has one meaning: [RFC 8259 §4].
//!
//! [RFC 8259 §4]: https://www.rfc-editor.org/rfc/rfc8259#section-4

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A fault in JSON that is to have one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonFault {
    /// The text is not JSON, or goes on after a value.
    Malformed,
    /// A member of an object is repeated. [RFC 8259 §4]: "When the names within an object are not unique, the behavior
    /// of software that receives such an object is unpredictable": another reader may read the same object differently.
    ///
    /// [RFC 8259 §4]: https://www.rfc-editor.org/rfc/rfc8259#section-4
    Repeated,
    /// Arrays and objects are nested deeper than the reader goes.
    TooDeep,
}

/// Reads JSON in which no object has two members of the same name, and that has at most this many levels of arrays and
/// objects.
pub(crate) fn strict(text: &str, levels: usize) -> Result<Value, JsonFault> {
    let fault = Cell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Strict { levels, fault: &fault }.deserialize(&mut json);
    let value = value.and_then(|value| json.end().map(|()| value));
    value.map_err(|_| fault.take().unwrap_or(JsonFault::Malformed))
}

/// The same as [`strict`], of an object.
pub(crate) fn strict_object(text: &str, levels: usize) -> Result<Map<String, Value>, JsonFault> {
    match strict(text, levels)? {
        Value::Object(members) => Ok(members),
        _ => Err(JsonFault::Malformed),
    }
}

#[derive(Clone, Copy)]
struct Strict<'f> {
    levels: usize,
    fault: &'f Cell<Option<JsonFault>>,
}

impl Strict<'_> {
    fn refuse<T, E: Error>(self, fault: JsonFault) -> Result<T, E> {
        self.fault.set(Some(fault));
        Err(E::custom("refused"))
    }

    /// Enters an array or an object.
    fn inside<E: Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => self.refuse(JsonFault::TooDeep),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = entries.next_element_seed(inside)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if members.contains_key(&name) {
                return self.refuse(JsonFault::Repeated);
            }
            let value = entries.next_value_seed(inside)?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}
