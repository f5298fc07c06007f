//! The shortening of secrets. A secret is shortened before it is recorded, so that no whole secret is ever in a trace.

use serde_json::Value;
use url::Url;

/// The number of characters of a secret that are shown: enough to recognize it.
const SHOWN: usize = 6;

/// The most characters of any other text that are shown.
const MAX_LEN: usize = 160;

/// The parameters that are never shown, not even in part, since a person may have chosen them.
const HIDDEN: [&str; 2] = ["password", "client_secret"];

/// The parameters that are always shortened.
const SECRET: [&str; 13] = [
    "access_token",
    "code",
    "code_challenge",
    "code_verifier",
    "csrf",
    "device_code",
    "fragment",
    "refresh_token",
    "registration_access_token",
    "request",
    "state",
    "token",
    "jti",
];

/// Returns a secret's beginning.
pub(crate) fn secret(text: &str) -> String {
    // A short secret is not shown at all.
    let shown = if text.chars().count() >= 4 * SHOWN { SHOWN } else { 0 };
    text.chars().take(shown).chain(['…']).collect()
}

/// Returns a parameter's value, shortened if need be.
pub(crate) fn parameter(name: &str, value: &str) -> String {
    if HIDDEN.contains(&name) {
        "••••••".to_owned()
    } else if let ("request_uri", Some((kind, reference))) = (name, value.rsplit_once(':')) {
        format!("{}:{}", bounded(kind), secret(reference))
    } else if SECRET.contains(&name) || is_random(value) {
        secret(value)
    } else {
        bounded(value)
    }
}

/// Shortens an address, whose query and fragment may hold secrets.
pub(crate) fn location(text: &str) -> String {
    let (rest, fragment) = text.split_once('#').map_or((text, None), |(rest, fragment)| (rest, Some(fragment)));
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let mut shown = bounded(path);
    for (mark, part) in [('?', query), ('#', fragment)] {
        if let Some(part) = part {
            shown.push(mark);
            shown.push_str(&if part.contains('=') { form(part) } else { parameter("", part) });
        }
    }
    shown
}

/// Shortens a form or a query, one parameter per line, decoded for people to read.
pub(crate) fn form(text: &str) -> String {
    let pairs = form_urlencoded::parse(text.as_bytes());
    pairs
        .map(|(name, value)| format!("{}={}", bounded(&name), parameter(&name, &value)))
        .collect::<Vec<_>>()
        .join("\n  &")
}

/// Shortens the secrets in a JSON document.
pub(crate) fn json(mut value: Value) -> Value {
    walk("", &mut value);
    value
}

fn walk(name: &str, value: &mut Value) {
    match value {
        Value::String(text) => *text = parameter(name, text),
        Value::Array(values) => values.iter_mut().for_each(|value| walk(name, value)),
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| walk(name, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns text of limited length, without control characters.
pub(crate) fn bounded(text: &str) -> String {
    let mut characters = text.chars().filter(|character| !character.is_control());
    let mut shown: String = characters.by_ref().take(MAX_LEN).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Tells if this may be a secret: long, of the alphabet of base64, and not an address.
fn is_random(value: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=');
    value.len() >= 24
        && Url::parse(value).is_err()
        && value.bytes().all(is_base64)
        && value.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8";

    #[test]
    fn a_secret_is_shortened_wherever_it_stands() {
        assert_eq!(secret(TOKEN), "Zm9vYm…");
        assert_eq!(secret("short"), "…", "a short one is not shown at all");
        assert_eq!(parameter("password", "wonderland"), "••••••");
        assert_eq!(parameter("whatever", "4f3e2d1c0b4f3e2d1c0b4f3e2d1c0b"), "4f3e2d…", "it looks like one");
        let request_uri = format!("urn:ietf:params:oauth:request_uri:{TOKEN}");
        assert_eq!(parameter("request_uri", &request_uri), "urn:ietf:params:oauth:request_uri:Zm9vYm…");
        assert_eq!(parameter("scope", "photos.read photos.write"), "photos.read photos.write");
        let shown = location(&format!(
            "http://127.0.0.1/callback?code={TOKEN}&iss=http%3A%2F%2F127.0.0.1#access_token={TOKEN}"
        ));
        assert_eq!(shown, "http://127.0.0.1/callback?code=Zm9vYm…\n  &iss=http://127.0.0.1#access_token=Zm9vYm…");
        let shown =
            json(serde_json::json!({"access_token": TOKEN, "scope": "a b", "nested": [{"refresh_token": TOKEN}]}));
        assert!(!shown.to_string().contains(TOKEN), "{shown}");
    }
}
