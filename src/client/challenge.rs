//! What a resource server asks for when it refuses, in `WWW-Authenticate`: RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1.

use http::{HeaderMap, header};

use crate::model::{Endpoint, Scope};

/// The `Bearer` challenge of a response. Each member is there if the resource server sent it, and it can be read.
///
/// What it says comes from the resource server, and is worth as much trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The code: `invalid_token`, `insufficient_scope`, `insufficient_user_authentication`, say. None: the request had
    /// no token.
    pub error: Option<String>,
    /// A text for the client's developer.
    pub error_description: Option<String>,
    /// What the token must be good for.
    pub scope: Option<Scope>,
    /// How the resource owner is to be authenticated: the parameter of this name for the next authorization request
    /// (RFC 9470 §4).
    pub acr_values: Option<String>,
    /// How many seconds ago the resource owner may have been authenticated: the parameter of this name, likewise.
    pub max_age: Option<u64>,
    /// Where the resource server says what it is and whose tokens it takes: for
    /// [`discover_resource`](fn@super::discover_resource).
    pub resource_metadata: Option<Endpoint>,
}

impl Challenge {
    /// The `Bearer` challenge in a response's headers, if there is one: the first. Challenges of other schemes are
    /// passed over.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let fields = headers.get_all(header::WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
        fields.filter_map(Self::parse).next()
    }

    /// RFC 9110 §11.6.1: a list of challenges, in which commas separate challenges and parameters alike. A word that no
    /// equals sign follows begins the next challenge.
    fn parse(field: &str) -> Option<Self> {
        let mut challenge = None::<Self>;
        let mut rest = field;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let (word, after) = split_token(rest);
            if word.is_empty() {
                return challenge;
            }
            if let Some(value) = after.trim_start().strip_prefix('=') {
                let (value, after) = split_value(value.trim_start());
                if let Some(challenge) = &mut challenge {
                    challenge.set(word, value);
                }
                rest = after;
            } else if challenge.is_some() {
                return challenge;
            } else {
                // RFC 9110 §11.1: the scheme is case-insensitive.
                challenge = word.eq_ignore_ascii_case("Bearer").then(Self::default);
                rest = after;
            }
        }
    }

    /// RFC 9110 §11.2: the name of a parameter is case-insensitive.
    fn set(&mut self, name: &str, value: String) {
        match name.to_ascii_lowercase().as_str() {
            "error" => self.error = Some(value),
            "error_description" => self.error_description = Some(value),
            "scope" => self.scope = Scope::parse(&value).ok(),
            "acr_values" => self.acr_values = Some(value),
            "max_age" => self.max_age = value.parse().ok(),
            "resource_metadata" => self.resource_metadata = Endpoint::parse(&value).ok(),
            _ => {}
        }
    }
}

/// The `token` that a text begins with, RFC 9110 §5.6.2, or the `token68` of a scheme that has one (§11.2).
fn split_token(text: &str) -> (&str, &str) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/".contains(c);
    let end = text.find(|c| !is_token(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The value that a text begins with: a token, or a quoted-string (RFC 9110 §5.6.4), whose quotes are taken off.
fn split_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.trim_end().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test tells its findings by panicking")]
mod tests {
    use http::HeaderMap;
    use http::header::WWW_AUTHENTICATE;

    use super::Challenge;

    fn of(fields: &[&'static str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(WWW_AUTHENTICATE, field.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        let expired = Challenge { error: Some("invalid_token".to_owned()), ..Challenge::default() };
        let found: &[&[&str]] = &[
            &[r#"Bearer realm="example", error="invalid_token""#],
            &["bearer error=invalid_token"],
            &["Bearer  ERROR = \"invalid_token\" ,, x=y"],
            &[r#"Basic realm="a, Bearer error=\"no\"", Bearer error="invalid_token", Digest error="other""#],
            &["Negotiate YWJj/+==", r#"Bearer error="invalid\_token""#],
            &["Negotiate YWJj, Bearer error=invalid_token"],
        ];
        for fields in found {
            assert_eq!(of(fields), Some(expired.clone()), "{fields:?}");
        }
        let none: &[&[&str]] = &[&[], &[""], &["Basic realm=x"], &["error=invalid_token"], &["\"Bearer\""], &["é"]];
        for fields in none {
            assert_eq!(of(fields), None, "{fields:?}");
        }
        assert_eq!(of(&["Bearer"]), Some(Challenge::default()));
        assert_eq!(of(&["Bearer error=\"unterm\\"]).unwrap().error.as_deref(), Some("unterm"));
    }

    #[test]
    fn what_cannot_be_read_is_not_there() {
        let challenge = of(&[r#"Bearer scope="a  b", max_age=soon, resource_metadata="javascript:alert(1)""#]);
        assert_eq!(challenge, Some(Challenge::default()));
        let challenge =
            of(&[r#"Bearer scope="a b", max_age="5", acr_values="x y", resource_metadata="https://a.example/m""#])
                .unwrap();
        assert_eq!(challenge.scope.unwrap().as_str(), "a b");
        assert_eq!((challenge.max_age, challenge.acr_values.as_deref()), (Some(5), Some("x y")));
        assert_eq!(challenge.resource_metadata.unwrap().as_str(), "https://a.example/m");
    }
}
