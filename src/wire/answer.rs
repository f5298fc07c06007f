//! What another server answered: read with the tolerance that the world asks for, refused with what one needs to know.

use std::fmt;

use http::{HeaderMap, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use zeroize::Zeroize as _;

use super::excerpt::{excerpt, excerpt_of_url, peer_text};
use super::lenient;
use crate::effect::{Answer, Unavailable};
use crate::fetch::Fetch;

/// A request to another server did not bring what it was to bring. No secret is in it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server's metadata does not name the endpoint. Nothing was sent.
    #[error("the server's metadata has no {0}")]
    NoEndpoint(&'static str),
    /// What was to be presented was issued by another authorization server. Nothing was sent.
    #[error("it was issued by another authorization server")]
    OtherServer,
    /// The request cannot be written as HTTP, say for a secret that no header can hold. Nothing was sent.
    #[error("the request cannot be written")]
    Unsendable,
    /// There was no response. The request may or may not have arrived.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The server refused, in the words of RFC 6749 §5.2.
    #[error(transparent)]
    Refused(ErrorResponse),
    /// The response is not one that can be used.
    #[error("{fault} (status {status}): {excerpt}")]
    #[non_exhaustive]
    Unusable {
        /// What is wrong with it.
        fault: Fault,
        /// Its status.
        status: StatusCode,
        /// The beginning of its body, or of the location of a redirect: at most 200 characters, with whatever may be a
        /// secret left out.
        excerpt: String,
        /// In how many seconds to ask again, if it said so (RFC 9110 §10.2.3).
        retry_after: Option<u32>,
    },
}

/// What is wrong with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It leads elsewhere. A request with credentials is not sent to where another server says.
    #[error("the response is a redirect")]
    Redirect,
    /// It is longer than [`Fetch::MAX_RESPONSE_LEN`].
    #[error("the response is too long")]
    TooLong,
    /// It ends too early.
    #[error("the response is truncated")]
    Truncated,
    /// It is not JSON: a page for people, say, or a signed token.
    #[error("the response is not JSON")]
    NotJson,
    /// It is JSON, but not as the RFC has it.
    #[error("the response is malformed")]
    Malformed,
    /// This member of it decides, and cannot be used.
    #[error("the response has a {0} that cannot be used")]
    Unreadable(&'static str),
    /// It lacks this member.
    #[error("the response has no {0}")]
    Missing(&'static str),
    /// RFC 6749 §7.1: "The client MUST NOT use an access token if it does not understand the token type."
    #[error("the response has a token of a type that is not understood")]
    TokenType,
    /// Its status is that of a failure, and it does not say more in the words of OAuth.
    #[error("the response is a failure")]
    Status,
}

/// An error response: RFC 6749 §5.2. Its texts are the server's, with characters that cannot be seen and whatever may
/// be a token left out, and their length bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The status that it came with: mostly 400 or 401, from some servers 200.
    pub status: StatusCode,
    /// The code, say `invalid_grant`.
    pub error: String,
    /// A text for the client's developer.
    pub error_description: Option<String>,
    /// A page for the client's developer.
    pub error_uri: Option<String>,
    /// In how many seconds to ask again, if it said so (RFC 9110 §10.2.3).
    pub retry_after: Option<u32>,
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused: {}", self.error)?;
        self.error_description.iter().try_for_each(|text| write!(f, ": {text}"))?;
        self.error_uri.iter().try_for_each(|uri| write!(f, " ({uri})"))
    }
}

impl std::error::Error for ErrorResponse {}

impl RequestError {
    /// The `error` of RFC 6749 §5.2, if the server refused with one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(response) => Some(&response.error),
            _ => None,
        }
    }

    /// In how many seconds to ask again, if the server or the host said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused(response) => response.retry_after,
            Self::Unusable { retry_after, .. } => *retry_after,
            Self::Unavailable(unavailable) => unavailable.retry_after(),
            Self::NoEndpoint(_) | Self::OtherServer | Self::Unsendable => None,
        }
    }
}

/// The members of an error response. A text that is none does not hide the code.
#[derive(Deserialize)]
struct ErrorMembers {
    #[serde(default, deserialize_with = "lenient::text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    error_description: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    error_uri: Option<String>,
}

/// A server's answer, for which nothing but a failure speaks yet.
pub(crate) struct ServerAnswer {
    response: Response<Vec<u8>>,
}

impl ServerAnswer {
    /// Takes an answer that is neither a redirect, nor too long, nor cut short.
    pub(crate) fn new(answer: Answer<Fetch>) -> Result<Self, RequestError> {
        let answer = Self { response: answer? };
        let response = &answer.response;
        let length = response.body().len();
        if response.status().is_redirection() {
            return Err(answer.redirect());
        }
        if length > Fetch::MAX_RESPONSE_LEN {
            return Err(answer.unusable(Fault::TooLong));
        }
        // Where a coding was undone, the length was another's.
        let headers = response.headers();
        let announced = header_text(headers, header::CONTENT_LENGTH).and_then(|text| text.trim().parse::<usize>().ok());
        if !headers.contains_key(header::CONTENT_ENCODING) && announced.is_some_and(|announced| announced > length) {
            return Err(answer.unusable(Fault::Truncated));
        }
        Ok(answer)
    }

    /// The JSON object of a successful response. Tolerated: any status of success for 200; `error` with such a status,
    /// which is a refusal all the same; a media type that is missing, `text/plain`, or of any JSON; parameters of the
    /// media type; a byte order mark.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, RequestError> {
        let members = self.object::<ErrorMembers>();
        self.judge(members.as_ref().ok())?;
        members.and_then(|_| self.object()).map_err(|fault| self.unusable(fault))
    }

    /// The same of a document, in which a byte that is no UTF-8 is one that nobody can read, and no more: it may stand
    /// in a text for people.
    pub(crate) fn document<T: DeserializeOwned>(&self) -> Result<T, RequestError> {
        let text = String::from_utf8_lossy(self.body());
        let members = self.read::<ErrorMembers>(&text);
        self.judge(members.as_ref().ok())?;
        members.and_then(|_| self.read(&text)).map_err(|fault| self.unusable(fault))
    }

    /// The JSON object of a response with a status of success, whatever `error` is in it.
    pub(crate) fn successful<T: DeserializeOwned>(&self) -> Option<T> {
        if self.response.status().is_success() { self.object().ok() } else { None }
    }

    /// Whether the server did what was asked, whatever it says beside that.
    pub(crate) fn check(&self) -> Result<(), RequestError> {
        self.judge(self.object().ok().as_ref())
    }

    fn judge(&self, members: Option<&ErrorMembers>) -> Result<(), RequestError> {
        let status = self.response.status();
        if let Some(ErrorMembers { error: Some(error), error_description, error_uri }) = members {
            return Err(RequestError::Refused(ErrorResponse {
                status,
                error: peer_text(error),
                error_description: error_description.as_deref().map(peer_text),
                error_uri: error_uri.as_deref().map(excerpt_of_url),
                retry_after: self.retry_after(),
            }));
        }
        if status.is_success() { Ok(()) } else { Err(self.unusable(Fault::Status)) }
    }

    fn object<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        // RFC 8259 §8.1: "JSON text [...] MUST be encoded using UTF-8". Serde would not look at what it passes over.
        match std::str::from_utf8(self.body()) {
            Ok(text) => self.read(text),
            Err(error) if self.is_json() => Err(not_text_fault(error)),
            Err(_) => Err(Fault::NotJson),
        }
    }

    fn read<T: DeserializeOwned>(&self, text: &str) -> Result<T, Fault> {
        if !self.is_json() {
            return Err(Fault::NotJson);
        }
        let fault = |error: serde_json::Error| match error.classify() {
            Category::Eof | Category::Io => Fault::Truncated,
            Category::Syntax => Fault::NotJson,
            Category::Data => Fault::Malformed,
        };
        // Serde would take an array for an object whose members have lost their names.
        if !text.trim_start().starts_with('{') {
            return Err(serde_json::from_str::<IgnoredAny>(text).map_or_else(fault, |_| Fault::Malformed));
        }
        serde_json::from_str(text).map_err(fault)
    }

    /// The error for a response that is not what it should be.
    pub(crate) fn unusable(&self, fault: Fault) -> RequestError {
        // What is not there may be what could not be read.
        let is_reading = matches!(fault, Fault::Malformed | Fault::Missing(_));
        let not_text = std::str::from_utf8(self.body()).err().filter(|_| is_reading);
        let fault = not_text.map_or(fault, not_text_fault);
        let excerpt = excerpt(self.response.body());
        RequestError::Unusable { fault, status: self.response.status(), excerpt, retry_after: self.retry_after() }
    }

    fn redirect(&self) -> RequestError {
        let location = header_text(self.response.headers(), header::LOCATION).unwrap_or_default();
        let (fault, status) = (Fault::Redirect, self.response.status());
        RequestError::Unusable { fault, status, excerpt: excerpt_of_url(location), retry_after: None }
    }

    fn body(&self) -> &[u8] {
        let body = self.response.body();
        body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
    }

    fn is_json(&self) -> bool {
        let content_type = header_text(self.response.headers(), header::CONTENT_TYPE).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media_type.is_empty()
            || media_type == "text/plain"
            || media_type.ends_with("/json")
            || media_type.ends_with("+json")
    }

    fn retry_after(&self) -> Option<u32> {
        header_text(self.response.headers(), header::RETRY_AFTER)?.trim().parse().ok()
    }
}

/// A response may hold tokens.
impl Drop for ServerAnswer {
    fn drop(&mut self) {
        self.response.body_mut().zeroize();
    }
}

fn not_text_fault(error: std::str::Utf8Error) -> Fault {
    error.error_len().map_or(Fault::Truncated, |_| Fault::NotJson)
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
