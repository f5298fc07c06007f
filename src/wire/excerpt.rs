//! A few words of a response that cannot be used, for a log: bounded, on one line, with whatever may be a secret left out.

const MAX_CHARS: usize = 200;
/// A run of this many token characters may be a token.
const SUSPICIOUS: usize = 16;

/// An excerpt of a text. Left out, as `…`, are the values of JSON members and of form parameters, and whatever is as long as a
/// token.
pub(crate) fn excerpt(text: &[u8]) -> String {
    let head = text.get(..8 * MAX_CHARS).unwrap_or(text);
    let head = String::from_utf8_lossy(head);
    let mut masked = mask(&head);
    if let Some((end, _)) = masked.char_indices().nth(MAX_CHARS) {
        masked.truncate(end);
        masked.push('…');
    }
    masked
}

fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text.trim_start_matches('\u{FEFF}').trim();
    // The last character that is not a space: what comes after a colon or an equals sign is a value.
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let (part, shown) = if first == '"' && before == ':' {
            (json_string(rest), "\"…\"".into())
        } else if is_token(first) {
            let part = rest.split_once(|c| !is_token(c)).map_or(rest, |(run, _)| run);
            let is_value = before == '=' || part.len() >= SUSPICIOUS;
            (part, if is_value { "…".into() } else { part.into() })
        } else {
            let shown = if first.is_control() || first.is_whitespace() { ' ' } else { first };
            (rest.get(..first.len_utf8()).unwrap_or(rest), std::borrow::Cow::from(shown.to_string()))
        };
        if !(shown == " " && masked.ends_with(' ')) {
            masked.push_str(&shown);
        }
        before = part.chars().rev().find(|c| !c.is_whitespace()).unwrap_or(before);
        rest = rest.get(part.len()..).unwrap_or_default();
    }
    masked
}

/// `token68` of RFC 9110 §11.2, but for the equals sign at its end.
fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~' | '+' | '/')
}

/// The JSON string that a text starts with, to its closing quote or, if that is missing, to the end.
fn json_string(text: &str) -> &str {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, character)| {
        let closes = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    });
    end.and_then(|(at, _)| text.get(..=at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn what_may_be_a_secret_is_left_out() {
        let cases = [
            ("", ""),
            ("<!DOCTYPE html>\n<title>502 Bad Gateway</title>", "<!DOCTYPE html> <title>502 Bad Gateway</title>"),
            (r#"{"access_token": "abc", "expires_in": 3600}"#, r#"{"access_token": "…", "expires_in": 3600}"#),
            (r#"{"access_token":"ab\"c"#, r#"{"access_token":"…""#),
            (r#"{"access_token":"ab\\","x":1}"#, r#"{"access_token":"…","x":1}"#),
            ("access_token=abc&token_type=bearer", "access_token=…&token_type=…"),
            ("your token is MTQ0NjJkZmQ5OTM2NDE1ZTZjNGZmZjI3, sir", "your token is …, sir"),
            ("\u{FEFF}a\u{0}\r\n\t b", "a b"),
        ];
        for (text, expected) in cases {
            assert_eq!(excerpt(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(excerpt("é ".repeat(10_000).as_bytes()).chars().count(), 201);
        assert_eq!(excerpt(b"\xFF\xFE"), "\u{FFFD}\u{FFFD}");
    }
}
