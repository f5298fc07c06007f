//! The `Authorization` request header: Basic as in [RFC 6749 §2.3.1], Bearer as in [RFC 6750 §2.1].
//!
//! [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
//! [RFC 6750 §2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderValue, header};
use zeroize::Zeroize as _;

use super::form::decode;
use crate::model::{ClientId, Secret, only};

/// Accepts base64 with or without padding: [RFC 7617] requires it, some clients omit it.
///
/// [RFC 7617]: https://www.rfc-editor.org/rfc/rfc7617
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An error in reading the `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationHeaderError {
    /// There is more than one header.
    #[error("more than one Authorization header")]
    Repeated,
    /// The header is empty.
    #[error("an empty Authorization header")]
    Empty,
    /// The credentials do not have the syntax of the scheme.
    #[error("malformed credentials in the Authorization header")]
    Malformed,
    /// The scheme is not supported at this endpoint.
    #[error("unsupported scheme in the Authorization header")]
    UnsupportedScheme,
}

/// The content of an `Authorization` header to the authorization server.
#[derive(Debug)]
pub(crate) enum Authorization {
    Basic(BasicCredentials),
}

/// A client's credentials in HTTP Basic: [RFC 6749 §2.3.1].
///
/// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BasicCredentials {
    /// The client identifier, sent as the user name.
    pub client_id: ClientId,
    /// The secret, sent as the password and decoded by [RFC 6749 §2.3.1]; `None` if it is empty.
    ///
    /// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
    pub client_secret: Option<Secret<'static>>,
    /// The password as it stands in the header, if that is another text: the secret of a client that does not encode,
    /// as `curl -u` does not. `None` if both readings are the same.
    pub client_secret_as_written: Option<Secret<'static>>,
}

impl Authorization {
    /// Reads the header, if there is one. With `ignores_others`, a header that is empty, or of a scheme by which
    /// clients do not authenticate, counts as missing.
    pub(crate) fn read(headers: &HeaderMap, ignores_others: bool) -> Result<Option<Self>, AuthorizationHeaderError> {
        let Some(value) = only_value(headers)? else { return Ok(None) };
        let value = value.as_bytes().trim_ascii();
        let (scheme, credentials) = value.split_at(value.iter().position(|byte| *byte == b' ').unwrap_or(value.len()));
        // RFC 9110 §11.1: the scheme is case-insensitive.
        if scheme.eq_ignore_ascii_case(b"Basic") {
            let credentials = std::str::from_utf8(credentials).map_err(|_| AuthorizationHeaderError::Malformed)?;
            return BasicCredentials::parse(credentials.trim()).map(|basic| Some(Self::Basic(basic)));
        }
        match scheme {
            _ if ignores_others => Ok(None),
            b"" => Err(AuthorizationHeaderError::Empty),
            _ => Err(AuthorizationHeaderError::UnsupportedScheme),
        }
    }
}

fn only_value(headers: &HeaderMap) -> Result<Option<&HeaderValue>, AuthorizationHeaderError> {
    let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
    let value = values.next();
    if values.next().is_some() { Err(AuthorizationHeaderError::Repeated) } else { Ok(value) }
}

/// Reads the access token in the header, if there is one: [RFC 6750 §2.1]: `credentials = "Bearer" 1*SP b64token`. A
/// header of another scheme is ignored.
///
/// [RFC 6750 §2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<Secret<'_>>, AuthorizationHeaderError> {
    let Some(value) = only_value(headers)? else { return Ok(None) };
    let mut parts = value.as_bytes().splitn(2, |byte| *byte == b' ');
    let (scheme, credentials) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // RFC 9110 §11.1: the scheme is case-insensitive.
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Ok(None);
    }
    let token = std::str::from_utf8(credentials).map(|text| text.trim_matches(' ')).unwrap_or_default();
    if is_b64token(token) { Ok(Some(Secret::new(token))) } else { Err(AuthorizationHeaderError::Malformed) }
}

/// Tells if the text is a `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` of [RFC 6750 §2.1].
///
/// [RFC 6750 §2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
fn is_b64token(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    !digits.is_empty() && only(digits, is_digit)
}

impl BasicCredentials {
    /// Reads the text after `Basic`: base64 of the form-encoded client identifier, a colon, and the form-encoded
    /// secret.
    ///
    /// # Errors
    /// The text has another form, or characters that [RFC 6749 appendix A] does not allow.
    ///
    /// [RFC 6749 appendix A]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A
    pub fn parse(credentials: &str) -> Result<Self, AuthorizationHeaderError> {
        let malformed = || AuthorizationHeaderError::Malformed;
        let mut decoded =
            BASE64.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(malformed)?;
        let (user, password) = decoded.split_once(':').ok_or_else(malformed)?;
        let client_id = ClientId::parse(&form_decode(user).ok_or_else(malformed)?).map_err(|_| malformed())?;
        let mut as_written = None;
        let client_secret = match decode(password) {
            // The secret was not encoded, so it can be used in place: only the part before it is cut off.
            Some(Cow::Borrowed(_)) | None => {
                let colon = user.len();
                decoded.drain(..=colon);
                Secret::new(decoded)
            }
            Some(Cow::Owned(text)) => {
                as_written = Some(Secret::new(password.to_owned())).filter(|written| written.expose() != text);
                decoded.zeroize();
                Secret::new(text)
            }
        };
        let client_secret = Some(client_secret).filter(|secret| !secret.expose().is_empty());
        Ok(Self { client_id, client_secret, client_secret_as_written: as_written })
    }
}

/// Decodes a part. [RFC 6749 §2.3.1]: "encoded using the "application/x-www-form-urlencoded" encoding algorithm per
/// Appendix B".
///
/// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
fn form_decode(encoded: &str) -> Option<Cow<'_, str>> {
    // This is a single value, so a separator in it stands for itself, as from a client that forgot to encode.
    if encoded.contains(['&', '=']) {
        return Some(Cow::Borrowed(encoded));
    }
    decode(encoded)
}
