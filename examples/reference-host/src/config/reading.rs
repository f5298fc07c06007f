//! TOML, read so that no error shows any content of the file: any value may be a secret, and so may an unknown key. An
//! error has the line, the path of known keys, and the expected kind of value.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// An error and its place.
#[derive(Debug)]
pub(super) struct Fault {
    /// The known keys, the innermost first.
    path: Vec<Segment>,
    /// The offset in the text.
    at: Option<usize>,
    reason: String,
}

#[derive(Debug)]
enum Segment {
    Key(String),
    Index(usize),
}

/// Reads a text. An error is the line, if known, the key and the reason.
pub(super) fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, (Option<usize>, String, String)> {
    let line = |at: Option<usize>| at.and_then(|at| text.get(..at)).map(|before| before.split('\n').count());
    let table = DeTable::parse(text).map_err(|error| {
        let reason = if quotes(error.message(), text) { "this is no TOML" } else { error.message() };
        (line(error.span().map(|span| span.start)), String::new(), reason.to_owned())
    })?;
    T::deserialize(Reader { at: table.span().start, value: DeValue::Table(table.into_inner()) })
        .map_err(|fault| (line(fault.at), fault.key(), fault.reason))
}

/// Tells if a message contains a longer word of the text. The parser's messages do not, today.
fn quotes(message: &str, text: &str) -> bool {
    const LONG: usize = 8;
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| word.len() >= LONG).any(|word| message.contains(word))
}

impl Fault {
    fn new(reason: String) -> Self {
        Self { path: Vec::new(), at: None, reason }
    }

    fn at(mut self, at: usize) -> Self {
        self.at.get_or_insert(at);
        self
    }

    fn under(mut self, segment: Segment) -> Self {
        self.path.push(segment);
        self
    }

    fn key(&self) -> String {
        let mut key = String::new();
        for segment in self.path.iter().rev() {
            match segment {
                Segment::Index(index) => key.push_str(&format!("[{index}]")),
                Segment::Key(name) if key.is_empty() => key.push_str(name),
                Segment::Key(name) => key.push_str(&format!(".{name}")),
            }
        }
        key
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Fault {}

/// Errors of serde, worded without the value.
impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("invalid type: {}, expected {expected}", kind(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("invalid value: this {}, expected {expected}", kind(&found)))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("unknown value; there are {}", known.join(", ")))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("unknown field; there are {}", known.join(", ")))
    }
}

fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "number",
        Unexpected::Str(_) => "string",
        Unexpected::Seq => "array",
        Unexpected::Map => "table",
        _ => "value",
    }
}

/// A value, and its position.
struct Reader<'de> {
    value: DeValue<'de>,
    at: usize,
}

impl<'de> From<Spanned<DeValue<'de>>> for Reader<'de> {
    fn from(value: Spanned<DeValue<'de>>) -> Self {
        Self { at: value.span().start, value: value.into_inner() }
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let at = self.at;
        let read = match self.value {
            DeValue::String(text) => visitor.visit_str(&text),
            DeValue::Boolean(value) => visitor.visit_bool(value),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => visitor.visit_i64(number),
                Err(_) => Err(Fault::new("the number is too large".to_owned())),
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(Fault::new("the number cannot be read".to_owned())),
            },
            DeValue::Datetime(_) => Err(Fault::new("invalid type: a date".to_owned())),
            DeValue::Array(values) => visitor.visit_seq(Values(values.into_iter().enumerate())),
            DeValue::Table(table) => visitor.visit_map(Members { members: table.into_iter(), value: None }),
        };
        read.map_err(|fault| fault.at(at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let at = self.at;
        let read = match &self.value {
            DeValue::String(text) => visitor.visit_enum(named(text)),
            _ => Err(Fault::new("invalid type: expected a string".to_owned())),
        };
        read.map_err(|fault| fault.at(at))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

fn named(text: &str) -> StrDeserializer<'_, Fault> {
    text.into_deserializer()
}

struct Values<I>(I);

impl<'de, I: Iterator<Item = (usize, Spanned<DeValue<'de>>)>> SeqAccess<'de> for Values<I> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, value)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Reader::from(value)).map(Some).map_err(|fault| fault.under(Segment::Index(index)))
    }
}

struct Members<'de, I> {
    members: I,
    /// The value that follows, and its known key.
    value: Option<(String, Reader<'de>)>,
}

impl<'de, I> MapAccess<'de> for Members<'de, I>
where
    I: Iterator<Item = (Spanned<toml::de::DeString<'de>>, Spanned<DeValue<'de>>)>,
{
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.members.next() else { return Ok(None) };
        let (at, key) = (key.span().start, key.into_inner());
        let known = seed.deserialize(named(&key)).map_err(|fault| fault.at(at))?;
        self.value = Some((key.into_owned(), value.into()));
        Ok(Some(known))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((key, value)) = self.value.take() else { return Err(Fault::new("there is no value".to_owned())) };
        seed.deserialize(value).map_err(|fault| fault.under(Segment::Key(key)))
    }
}
