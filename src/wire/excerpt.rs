//! Excerpts of an unusable response, for a log: bounded, on one line, with possible secrets left out.

use url::{Position, Url};

const MAX_CHARS: usize = 200;
/// The length, in token characters, from which a run may be a token.
const SUSPICIOUS: usize = 16;
/// The length from which a name of a JSON member is suspicious. It is greater, for names such as
/// `authorization_response_iss_parameter_supported`.
const SUSPICIOUS_NAME: usize = 64;

/// Returns an excerpt of a text. Left out, as `…`, are texts in quotes other than the names of JSON members, the values
/// of form parameters, and anything as long as a token.
pub(crate) fn excerpt(text: &[u8]) -> String {
    let head = text.get(..8 * MAX_CHARS).unwrap_or(text);
    bounded(mask(&String::from_utf8_lossy(head)))
}

/// The same for a URL, whose host is not a secret, nor are the short parts of its path.
pub(crate) fn excerpt_of_url(url: &str) -> String {
    let parsed = Url::parse(url).ok().filter(Url::has_host);
    let (origin, rest) = match &parsed {
        Some(parsed) => (parsed.origin().ascii_serialization(), &parsed[Position::BeforePath..]),
        None => (String::new(), url),
    };
    let head = rest.get(..8 * MAX_CHARS).unwrap_or(rest);
    let path = head.split('/').map(mask).collect::<Vec<_>>().join("/");
    bounded(format!("{origin}{path}"))
}

/// Returns an excerpt of prose, which is not masked like data.
pub(super) fn excerpt_of_prose(text: &str) -> String {
    bounded(peer_text(text))
}

/// Cleans a text that another party wrote for people: bounded, without invisible characters, and without anything as
/// long as a token.
pub(crate) fn peer_text(text: &str) -> String {
    let text: String = text.chars().filter(|character| !is_invisible(*character)).take(500).collect();
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let run = rest.split_once(|c| !is_token(c)).map_or(rest, |(run, _)| run);
        let (part, as_shown) = match run {
            "" => rest.split_at_checked(first.len_utf8()).map_or((rest, rest), |(part, _)| (part, part)),
            run if is_suspicious(run) => (run, "…"),
            run => (run, run),
        };
        shown.push_str(as_shown);
        rest = rest.get(part.len()..).unwrap_or_default();
    }
    shown
}

/// Tells if a character is invisible, or changes how the rest of a text is shown: controls, line and paragraph
/// separators, interlinear annotations, and Unicode's `Default_Ignorable_Code_Point`, which includes tags and the
/// characters that change the direction of writing.
pub(crate) fn is_invisible(character: char) -> bool {
    #[rustfmt::skip]
    let is_ignorable = matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}');
    is_ignorable || character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}')
}

fn bounded(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text.trim_start_matches('\u{FEFF}').trim();
    // The last character that is not a space: a value follows an equals sign.
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let (part, shown) = if first == '"' {
            let part = quoted(rest);
            let after = rest.get(part.len()..).unwrap_or_default().trim_start();
            let is_name = matches!(before, '{' | ',') && after.starts_with(':');
            (part, if is_name && part.len() < SUSPICIOUS_NAME { one_line(part) } else { "\"…\"".into() })
        } else if before == '=' && !ends_value(first) {
            (rest.split_once(ends_value).map_or(rest, |(value, _)| value), "…".into())
        } else if is_token(first) {
            let part = rest.split_once(|c| !is_token(c)).map_or(rest, |(run, _)| run);
            (part, if is_suspicious(part) { "…".into() } else { part.into() })
        } else {
            (rest.get(..first.len_utf8()).unwrap_or(rest), one_line(first.encode_utf8(&mut [0; 4])))
        };
        if !(shown == " " && masked.ends_with(' ')) {
            masked.push_str(&shown);
        }
        before = part.chars().rev().find(|c| !c.is_whitespace()).unwrap_or(before);
        rest = rest.get(part.len()..).unwrap_or_default();
    }
    masked
}

/// Tells if this may be a token: long enough, and not a word of a protocol, such as `unmet_authentication_requirements`
/// or `BAD_REFRESH_TOKEN`.
fn is_suspicious(run: &str) -> bool {
    let is_word = run.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-' | b'.'));
    let is_shouted = run.contains('_') && run.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    run.len() >= SUSPICIOUS && !is_word && !is_shouted
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_invisible(c) || c.is_whitespace() { ' ' } else { c }).collect()
}

/// Tells if the character can be in a token: `token68` of [RFC 9110 §11.2] without the equals signs at its end, and
/// further characters that tokens are composed with.
///
/// [RFC 9110 §11.2]: https://www.rfc-editor.org/rfc/rfc9110#section-11.2
fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~+/%|$!*@^".contains(character)
}

/// Tells if the character ends a parameter's value, in a form or around one.
fn ends_value(character: char) -> bool {
    character.is_whitespace() || matches!(character, '&' | '"' | '<' | '>')
}

/// Returns the quoted text at the beginning of a text, as in JSON, up to its closing quote or, without one, to the end.
fn quoted(text: &str) -> &str {
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
    use super::{excerpt, excerpt_of_url, peer_text};

    #[test]
    fn what_may_be_a_secret_is_left_out() {
        let cases = [
            ("", ""),
            ("<!DOCTYPE html>\n<title>502 Bad Gateway</title>", "<!DOCTYPE html> <title>502 Bad Gateway</title>"),
            (r#"{"access_token": "abc", "expires_in": 3600}"#, r#"{"access_token": "…", "expires_in": 3600}"#),
            (r#"{"access_token":"ab\"c"#, r#"{"access_token":"…""#),
            (r#"{"access_token":["ab","c"]}"#, r#"{"access_token":["…","…"]}"#),
            (r#"["ab", "c"]"#, r#"["…", "…"]"#),
            (r#"<input name="access_token" value="ab:c">"#, r#"<input name="…" value="…">"#),
            ("access_token=ab%20c|d:e;f&x=1", "access_token=…&x=…"),
            (r#"{"access_token":"ab\\","x":1}"#, r#"{"access_token":"…","x":1}"#),
            ("access_token=abc&token_type=bearer", "access_token=…&token_type=…"),
            ("your token is MTQ0NjJkZmQ5OTM2NDE1ZTZjNGZmZjI3, sir", "your token is …, sir"),
            ("\u{FEFF}a\u{0}\r\n\t b", "a b"),
            ("A23456789012345 A234567890123456", "A23456789012345 …"),
        ];
        for (text, expected) in cases {
            assert_eq!(excerpt(text.as_bytes()), expected, "{text:?}");
        }
        for (letters, is_shown) in [(61, true), (62, false)] {
            let member = format!("{{\"{}\":1}}", "n".repeat(letters));
            assert_eq!(excerpt(member.as_bytes()) == member, is_shown, "{member}");
        }
        assert_eq!(excerpt("é ".repeat(10_000).as_bytes()).chars().count(), 201);
        assert_eq!(excerpt_of_url(&format!("/{}/login", "A1".repeat(150))), "/…/login");
        let location = "https://user:pass@login.microsoftonline.example/common/oauth2?code=ab#c";
        assert_eq!(excerpt_of_url(location), "https://login.microsoftonline.example/common/oauth2?code=…");
        assert_eq!(excerpt_of_url("https:/user:pass@login.example/x"), "https://login.example/x");
        assert_eq!(excerpt_of_url("/login?x=1"), "/login?x=…");
        assert_eq!(excerpt(b"\xFF\xFE"), "\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        let hidden = "\u{7}\u{9B}\u{AD}\u{200B}\u{200F}\u{2028}\u{202A}\u{202E}\u{2060}\u{2066}\u{2069}\u{FEFF}\u{FFF9}\u{E0041}\u{E01EF}";
        for character in hidden.chars() {
            let text = format!("not{character}today");
            assert_eq!(peer_text(&text), "nottoday", "{text:?}");
            assert_eq!(excerpt(text.as_bytes()), "not today", "{text:?}");
            assert_eq!(excerpt_of_url(&text), "not today", "{text:?}");
        }
        let seen = "aujourd\u{2019}hui, pas d\u{e9}j\u{e0} \u{2014} \u{5d0}\u{4e2d}\u{1f600}\u{a0}!";
        assert_eq!(peer_text(seen), seen);
    }
}
