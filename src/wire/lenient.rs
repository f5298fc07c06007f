//! JSON values as servers really send them, beyond the RFCs. Each function is one tolerance.

use serde::de::{Deserialize, Deserializer, Error as _};

use crate::model::{Scope, ScopeError, Secret};

/// Reads a number of seconds: a number, with or without a fraction, or a string of digits. Null counts as missing.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged, expecting = "a number of seconds")]
    enum Seconds {
        Whole(u64),
        Fraction(f64),
        Text(String),
    }
    let Some(seconds) = Option::deserialize(deserializer)? else { return Ok(None) };
    let seconds = match seconds {
        Seconds::Whole(seconds) => Some(seconds),
        // Past the end of the range, `as` saturates.
        Seconds::Fraction(seconds) if seconds >= 0.0 => Some(seconds as u64),
        Seconds::Fraction(_) => None,
        Seconds::Text(text) => text.trim().parse().ok(),
    };
    seconds.map(Some).ok_or_else(|| D::Error::custom("not a number of seconds"))
}

/// Reads a scope: a string, with any number of spaces between tokens, or an array of strings. Null counts as missing.
pub(crate) fn scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scope>, D::Error> {
    scope_separated_by(char::is_whitespace, deserializer)
}

/// The same as [`scope`], with other separators between tokens.
pub(crate) fn scope_separated_by<'de, D: Deserializer<'de>>(
    is_separator: fn(char) -> bool,
    deserializer: D,
) -> Result<Option<Scope>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged, expecting = "a scope")]
    enum Text {
        One(String),
        Many(Vec<String>),
    }
    let Some(scope) = Option::deserialize(deserializer)? else { return Ok(None) };
    let tokens = match scope {
        Text::One(text) => text,
        Text::Many(tokens) => tokens.join(" "),
    };
    let tokens: Vec<_> = tokens.split(is_separator).filter(|token| !token.is_empty()).collect();
    let text = tokens.join(" ");
    Scope::parse(&text).map(Some).map_err(D::Error::custom)
}

/// Parses a scope with any number of spaces between tokens.
pub(crate) fn spaced_scope(text: &str) -> Result<Scope, ScopeError> {
    Scope::parse(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Reads a secret. Null and the empty string count as missing.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret<'static>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(Secret::new).filter(|secret| !secret.expose().is_empty()))
}

/// Reads a string. Null counts as missing.
pub(crate) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

/// Reads a text for people. The empty string, and a value that is not a string, count as missing.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
}

/// Reads one string or an array of them, as `aud` is in [RFC 7519 §4.1.3]. Null is an empty list.
///
/// [RFC 7519 §4.1.3]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3
pub(crate) fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged, expecting = "a string or an array of strings")]
    enum Texts {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Texts::One(text)) => vec![text],
        Some(Texts::Many(texts)) => texts,
    })
}
