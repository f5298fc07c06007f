//! The `Authorization` request header: Basic as RFC 6749 §2.3.1 has it, Bearer as RFC 6750 §2.1 has it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderValue, header};
use zeroize::Zeroize as _;

use super::form::decode;
use crate::model::{ClientId, Secret, only};

/// Takes base64 with its padding or without: RFC 7617 asks for it, some clients forget it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The `Authorization` header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationHeaderError {
    /// There is more than one.
    #[error("more than one Authorization header")]
    Repeated,
    /// There is nothing in it.
    #[error("an empty Authorization header")]
    Empty,
    /// The credentials are not those of the scheme.
    #[error("malformed credentials in the Authorization header")]
    Malformed,
    /// A scheme that this endpoint does not know.
    #[error("unsupported scheme in the Authorization header")]
    UnsupportedScheme,
}

/// What an `Authorization` header may carry to the authorization server.
#[derive(Debug)]
pub(crate) enum Authorization {
    Basic(BasicCredentials),
}

/// A client's credentials in HTTP Basic: RFC 6749 §2.3.1.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BasicCredentials {
    /// The user name.
    pub client_id: ClientId,
    /// The password, as RFC 6749 §2.3.1 reads it; `None` if it is empty.
    pub client_secret: Option<Secret<'static>>,
    /// The password as it stands there, if that is another: what a client meant that does not encode, as `curl -u` does
    /// not. `None` if there is but one reading.
    pub client_secret_as_written: Option<Secret<'static>>,
}

impl Authorization {
    /// Reads the header, if there is one. One that is empty, or of a scheme by which clients do not authenticate, is
    /// none where those are ignored.
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

/// The access token in the header, if that has one: RFC 6750 §2.1: `credentials = "Bearer" 1*SP b64token`. Another
/// scheme's credentials are another's to read.
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

/// RFC 6750 §2.1: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_b64token(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    !digits.is_empty() && only(digits, is_digit)
}

impl BasicCredentials {
    /// Reads what follows `Basic`: base64 of the form-encoded client identifier, a colon, and the form-encoded secret.
    ///
    /// # Errors
    /// It is something else, or not of the characters that RFC 6749 appendix A allows.
    pub fn parse(credentials: &str) -> Result<Self, AuthorizationHeaderError> {
        let malformed = || AuthorizationHeaderError::Malformed;
        let mut decoded =
            BASE64.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(malformed)?;
        let (user, password) = decoded.split_once(':').ok_or_else(malformed)?;
        let client_id = ClientId::parse(&form_decode(user).ok_or_else(malformed)?).map_err(|_| malformed())?;
        let mut as_written = None;
        let client_secret = match decode(password) {
            // The secret stands there as it is: cut off what is before it.
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

/// RFC 6749 §2.3.1: "encoded using the "application/x-www-form-urlencoded" encoding algorithm per Appendix B".
fn form_decode(encoded: &str) -> Option<Cow<'_, str>> {
    // One value, so a separator in it stands for itself, as from a client that forgot to encode.
    if encoded.contains(['&', '=']) {
        return Some(Cow::Borrowed(encoded));
    }
    decode(encoded)
}
