//! `application/x-www-form-urlencoded`, in a query or a body: [RFC 6749 §3.1], [§3.2], [appendix B].
//!
//! [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
//! [§3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
//! [appendix B]: https://www.rfc-editor.org/rfc/rfc6749#appendix-B

use std::borrow::Cow;
use std::iter;

use http::{HeaderMap, header};
use memchr::{memchr, memchr2};
use percent_encoding::percent_decode_str;

/// The greatest length of a form or a query, in bytes.
pub const MAX_FORM_LEN: usize = 64 * 1024;

/// An error in reading a request's parameters. All of these are `invalid_request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The parameter is repeated. [RFC 6749 §3.1], [§3.2]: "Request and response parameters MUST NOT be included more
    /// than once."
    ///
    /// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
    /// [§3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    #[error("parameter {0} is included more than once")]
    Repeated(&'static str),
    /// The form is not UTF-8. [RFC 6749 appendix B]: names and values are encoded in UTF-8, and then so that only ASCII
    /// is left.
    ///
    /// [RFC 6749 appendix B]: https://www.rfc-editor.org/rfc/rfc6749#appendix-B
    #[error("the parameters are not UTF-8")]
    NotUtf8,
    /// The decoded value is not UTF-8: [RFC 6749 appendix B].
    ///
    /// [RFC 6749 appendix B]: https://www.rfc-editor.org/rfc/rfc6749#appendix-B
    #[error("parameter {0} is not UTF-8")]
    Encoding(&'static str),
    /// The value has a character outside its set: [RFC 6749 appendix A].
    ///
    /// [RFC 6749 appendix A]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A
    #[error("parameter {0} has characters that are not allowed")]
    Characters(&'static str),
    /// A required parameter is missing.
    #[error("parameter {0} is missing")]
    Missing(&'static str),
    /// The body is not a form.
    #[error("the Content-Type must be application/x-www-form-urlencoded")]
    ContentType,
    /// The form is longer than [`MAX_FORM_LEN`].
    #[error("the parameters are too long")]
    TooLong,
}

/// Encoded parameters, not yet read.
#[derive(Clone, Copy)]
pub(crate) struct Form<'a> {
    encoded: &'a str,
    /// True if no part of the form is encoded, so that every value stands for itself.
    is_plain: bool,
}

/// One parameter of a request: `None` if omitted, or sent without a value.
pub(crate) type Param<'a> = Result<Option<Cow<'a, str>>, FormError>;

impl<'a> Form<'a> {
    pub(crate) fn new(encoded: &'a [u8]) -> Result<Self, FormError> {
        if encoded.len() > MAX_FORM_LEN {
            return Err(FormError::TooLong);
        }
        std::str::from_utf8(encoded).map(Self::of).map_err(|_| FormError::NotUtf8)
    }

    fn of(encoded: &'a str) -> Self {
        Self { encoded, is_plain: memchr2(b'%', b'+', encoded.as_bytes()).is_none() }
    }

    /// Returns the named parameters, in the order of the names. Others are ignored. [RFC 6749 §3.1], [§3.2]: "The
    /// authorization server MUST ignore unrecognized request parameters."
    ///
    /// Each has its own error, so that an endpoint can use those that are valid.
    ///
    /// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
    /// [§3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    pub(crate) fn params<const N: usize>(self, names: [&'static str; N]) -> [Param<'a>; N] {
        self.params_and_all(names, "").0
    }

    /// Returns the named parameters, and every value of one parameter that may repeat, as `resource` of [RFC 8707 §2]
    /// may. A value that is not UTF-8 is included as one that names nothing: if it were left out, the request would ask
    /// for everything.
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    pub(crate) fn params_and_all<const N: usize>(
        self,
        names: [&'static str; N],
        repeating: &str,
    ) -> ([Param<'a>; N], Vec<Cow<'a, str>>) {
        let mut all = Vec::new();
        let mut seen = [false; N];
        let mut params = [const { Ok(None) }; N];
        for pair in self.encoded_pairs() {
            // A parameter without a name, or whose name is not UTF-8, is ignored.
            let Some(name) = pair.name().filter(|name| !name.is_empty()) else { continue };
            if let Some(at) = names.iter().position(|known| name == *known) {
                let (Some(param), Some(seen), Some(name)) = (params.get_mut(at), seen.get_mut(at), names.get(at))
                else {
                    continue;
                };
                *param = match self.value(pair) {
                    _ if std::mem::replace(seen, true) => Err(FormError::Repeated(name)),
                    None => Err(FormError::Encoding(name)),
                    // RFC 6749 §3.1, §3.2: "Parameters sent without a value MUST be treated as if they were omitted
                    // from the request."
                    Some(value) if value.is_empty() => Ok(None),
                    value => Ok(value),
                };
            } else if name == repeating {
                let value = self.value(pair).unwrap_or(Cow::Borrowed("\u{FFFD}"));
                all.extend(Some(value).filter(|value| !value.is_empty()));
            }
        }
        (params, all)
    }

    /// Returns all parameters, as `name=value`. A value is `None` if it is not UTF-8; parameters whose name is not
    /// UTF-8 are left out.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (Cow<'a, str>, Option<Cow<'a, str>>)> {
        self.encoded_pairs().filter_map(move |pair| Some((pair.name()?, self.value(pair))))
    }

    fn encoded_pairs(self) -> impl Iterator<Item = Pair<'a>> {
        let mut rest = self.encoded;
        iter::from_fn(move || {
            // An empty text between two separators is not a parameter.
            rest = rest.trim_start_matches('&');
            let pair;
            (pair, rest) = (!rest.is_empty()).then(|| Pair::split_off(rest))?;
            Some(pair)
        })
    }

    fn value(self, pair: Pair<'a>) -> Option<Cow<'a, str>> {
        if self.is_plain { Some(Cow::Borrowed(pair.value)) } else { decode(pair.value) }
    }
}

/// A parameter, still encoded.
#[derive(Clone, Copy)]
struct Pair<'a> {
    name: &'a str,
    /// True if the name is encoded, which is rare.
    name_is_encoded: bool,
    value: &'a str,
}

impl<'a> Pair<'a> {
    /// Splits off the first parameter of a text.
    fn split_off(text: &'a str) -> (Self, &'a str) {
        let mut name_is_encoded = false;
        let mut ends_name = |byte: u8| {
            name_is_encoded |= matches!(byte, b'%' | b'+');
            matches!(byte, b'=' | b'&')
        };
        // Names consist of letters and `_`, which are greater than these four characters.
        let end = text.bytes().position(|byte| byte < b'@' && ends_name(byte)).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        let end = memchr(b'&', rest.as_bytes()).unwrap_or(rest.len());
        let (value, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        (Self { name, name_is_encoded, value }, rest)
    }

    fn name(self) -> Option<Cow<'a, str>> {
        if self.name_is_encoded { decode(self.name) } else { Some(Cow::Borrowed(self.name)) }
    }
}

/// Decodes a name or value, if it is UTF-8: in one allocation or, for most of them, in none.
pub(super) fn decode(encoded: &str) -> Option<Cow<'_, str>> {
    if memchr2(b'%', b'+', encoded.as_bytes()).is_none() {
        return Some(Cow::Borrowed(encoded));
    }
    let mut decoded = Vec::with_capacity(encoded.len());
    for (index, word) in encoded.split('+').enumerate() {
        decoded.extend((index > 0).then_some(b' '));
        decoded.extend(percent_decode_str(word));
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// Returns the form in a request's body.
pub(crate) fn form_body<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Form<'a>, FormError> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = || content_type.split(';').next().unwrap_or_default().trim();
    if content_type != FORM && !media_type().eq_ignore_ascii_case(FORM) {
        return Err(FormError::ContentType);
    }
    Form::new(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_form_urlencoded_reads_it() {
        let texts = [
            "",
            "&",
            "=",
            "a",
            "a=",
            "=b",
            "a=b",
            "a=b=c",
            "a&b",
            "a=1&&b=2&",
            "a+b=c+d",
            "%61=%62",
            "a=%2",
            "a=%",
            "a=%%41",
            "a=%zz%4",
            "a=%C3%A9",
            "\u{e9}=\u{fffd}",
            "a=%2B%26%3D%25",
            "%3D=%26&c",
            "a=%e2%82%AC+",
        ];
        for text in texts {
            let ours: Vec<_> = Form::of(text).pairs().collect();
            let theirs = url::form_urlencoded::parse(text.as_bytes());
            let theirs: Vec<_> = theirs.map(|(name, value)| (name, Some(value))).collect();
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_nobodys() {
        assert!(matches!(Form::new(b"a=\xFF"), Err(FormError::NotUtf8)));
        let pairs: Vec<_> = Form::of("a=%FF&%FF=b&c=%C3&d=1").pairs().collect();
        assert_eq!(pairs, [("a".into(), None), ("c".into(), None), ("d".into(), Some("1".into()))]);
    }
}
