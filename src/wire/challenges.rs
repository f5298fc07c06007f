//! The `WWW-Authenticate` header as servers really send it: [RFC 9110 §11.6.1], and deviations that have only one
//! possible meaning.
//!
//! [RFC 9110 §11.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1

use http::{HeaderMap, header};

/// The most challenges of a response, and parameters of a challenge, that are read.
const MAX_CHALLENGES: usize = 16;
const MAX_PARAMETERS: usize = 64;
/// The greatest length of a value, in bytes; a longer one is skipped. Some servers write claims here, in base64.
const MAX_VALUE_LEN: usize = 8192;

/// A challenge of any scheme.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AnyChallenge {
    /// The scheme, as it was sent.
    pub(crate) scheme: String,
    /// The parameters, in the order in which they were sent: names in lower case, values without their quotes.
    pub(crate) parameters: Vec<(String, String)>,
}

/// Reads the challenges of a response, in order. An unreadable one does not hide the others.
pub(crate) fn challenges(headers: &HeaderMap) -> Vec<AnyChallenge> {
    let mut challenges = Vec::new();
    for field in headers.get_all(header::WWW_AUTHENTICATE) {
        let start = challenges.len();
        read(&text(field.as_bytes()), &mut challenges, start);
    }
    challenges
}

/// Decodes a field. [RFC 9110 §5.5]: a field may hold `obs-text`, which "a recipient SHOULD treat [...] as opaque
/// data". In practice it is UTF-8, or else Latin-1, in a text for people.
///
/// [RFC 9110 §5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
fn text(field: &[u8]) -> String {
    std::str::from_utf8(field).map_or_else(|_| field.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

/// Reads a list of challenges, in which commas separate challenges and parameters alike. A word without an equals sign
/// begins the next challenge. Semicolons, and spaces alone, count as commas.
fn read(field: &str, challenges: &mut Vec<AnyChallenge>, start: usize) {
    let mut rest = field;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',', ';']);
        let (word, after) = split_token(rest);
        let Some(first) = rest.chars().next() else { return };
        if word.is_empty() {
            // No known syntax begins like this.
            let junk = if first == '"' { split_quoted(rest).1 } else { rest.get(first.len_utf8()..) };
            rest = junk.unwrap_or_default();
        } else if let Some(value) = after.trim_start().strip_prefix('=') {
            let (value, after) = split_value(value.trim_start());
            // Parameters before the first scheme belong to no challenge.
            let challenge = challenges.get_mut(start..).and_then(<[_]>::last_mut);
            let has_room = |challenge: &&mut AnyChallenge| challenge.parameters.len() < MAX_PARAMETERS;
            if let Some(challenge) = challenge.filter(has_room).filter(|_| value.len() <= MAX_VALUE_LEN) {
                // RFC 9110 §11.2: the name of a parameter is case-insensitive.
                challenge.parameters.push((word.to_ascii_lowercase(), value));
            }
            rest = after;
        } else if challenges.len() == MAX_CHALLENGES {
            return;
        } else {
            challenges.push(AnyChallenge { scheme: word.to_owned(), parameters: Vec::new() });
            rest = after;
        }
    }
}

/// Splits off the `token` at the beginning of a text, [RFC 9110 §5.6.2], or the `token68` of a scheme that has one
/// ([RFC 9110 §11.2]).
///
/// [RFC 9110 §5.6.2]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
/// [RFC 9110 §11.2]: https://www.rfc-editor.org/rfc/rfc9110#section-11.2
fn split_token(text: &str) -> (&str, &str) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/".contains(c);
    let end = text.find(|c| !is_token(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Splits off the value at the beginning of a text: a quoted-string ([RFC 9110 §5.6.4]) or a token. Single quotes, an
/// unclosed quote, and unquoted text up to the next comma or the next `name=` are tolerated.
///
/// [RFC 9110 §5.6.4]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4
fn split_value(text: &str) -> (String, &str) {
    if let Some(unquoted) = text.strip_prefix('"') {
        return match split_quoted(text) {
            (value, Some(rest)) => (value, rest),
            (_, None) => split_unquoted(unquoted.trim_end_matches('\\')),
        };
    }
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', ',', ';']);
    let quoted = text.strip_prefix('\'').and_then(|quoted| quoted.split_once('\''));
    if let Some((value, rest)) = quoted.filter(|(_, rest)| ends(rest)) {
        return (value.to_owned(), rest);
    }
    split_unquoted(text)
}

/// Splits off the beginning of a text up to the next comma or the next `name=`.
fn split_unquoted(text: &str) -> (String, &str) {
    let mut is_after_space = false;
    let is_end = |(at, character): &(usize, char)| {
        let is_space = matches!(character, ' ' | '\t');
        let begins = is_space && !is_after_space;
        is_after_space = is_space;
        *character == ',' || begins && is_parameter(text.get(*at..).unwrap_or_default().trim_start())
    };
    let end = text.char_indices().find(is_end).map_or(text.len(), |(at, _)| at);
    let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (value.trim_end().to_owned(), rest)
}

/// Tells if a text begins with a name and an equals sign.
fn is_parameter(text: &str) -> bool {
    let (name, rest) = split_token(text);
    !name.is_empty() && rest.trim_start().starts_with('=')
}

/// Splits off the content of the quoted-string at the beginning of a text; without its end, nothing follows.
fn split_quoted(text: &str) -> (String, Option<&str>) {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, text.get(at + 1..)),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, None)
}
