//! What every endpoint for clients may have to refuse, and how: [RFC 6749 §5.2].
//!
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::effect::{CANNOT_ANSWER, Outage};
use crate::model::ClientId;
use crate::wire::{AuthorizationHeaderError, FormError, json, preflight, serialize_error};

/// Where in a request the client's credentials stood: RFC 6749 §2.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentedIn {
    /// In the `Authorization` header, by the Basic scheme.
    Header,
    /// In the request body.
    Body,
}

/// The client could not be authenticated. The requester is not told more than the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
    #[error("the request uses more than one client authentication method")]
    MultipleMethods,
    /// RFC 6749 §2.3.1: "The parameters [...] MUST NOT be included in the request URI."
    #[error("the client secret must not be in the request URI")]
    SecretInUri,
    /// The request does not say who the client is.
    #[error("the request has no client credentials")]
    Missing,
    /// The identifier or the secret has characters that RFC 6749 appendix A does not allow.
    #[error("malformed client credentials")]
    Malformed,
    /// The header cannot be read.
    #[error("{0}")]
    Header(#[from] AuthorizationHeaderError),
    /// No such client.
    #[error("no such client")]
    Unknown,
    /// The client is switched off: [`Client::disabled`](crate::record::Client::disabled).
    #[error("the client is disabled")]
    Disabled,
    /// RFC 6749 §3.2.1: a confidential client must authenticate.
    #[error("the client did not authenticate")]
    Unauthenticated,
    /// The secret is not the client's.
    #[error("the client secret does not match")]
    SecretMismatch,
    /// The client is registered for another method.
    #[error("the client is registered for another authentication method")]
    OtherMethod,
}

impl ClientError {
    /// OAuth 2.1 §3.2.4 counts multiple credentials, more than one mechanism and misplaced parameters as
    /// `invalid_request`.
    fn is_invalid_request(self) -> bool {
        matches!(self, Self::MultipleMethods | Self::SecretInUri | Self::Header(AuthorizationHeaderError::Repeated))
    }
}

/// Why an endpoint for clients refused before it came to its own rules.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The server's configuration does not have this endpoint.
    #[error("there is no such endpoint")]
    NotConfigured,
    /// RFC 6749 §3.2, RFC 7009 §2.1, RFC 7662 §2.1, RFC 9126 §2.1: POST only.
    #[error("this endpoint takes POST only")]
    Method,
    /// There is no request yet: a browser asks whether a script of another origin may send one
    /// ([`CrossOrigin`](super::CrossOrigin)), and is told that it may.
    #[error("a browser asks before it sends a request")]
    Preflight,
    /// The parameters cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The client is not who it says.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The host has seen too many failures, or too many requests. No machine says so: a host words it by this.
    #[error("too many requests")]
    TooManyRequests {
        /// When to ask again, in seconds.
        retry_after: u32,
    },
    /// The host could not carry out an effect.
    #[error("{0}")]
    Unavailable(Outage),
}

serialize_error!(EndpointError);

impl EndpointError {
    /// The `error` of RFC 6749 §5.2; for an outage, which has none there, that of §4.1.2.1.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Client(error) if !error.is_invalid_request() => "invalid_client",
            Self::NotConfigured | Self::Method | Self::Preflight | Self::Form(_) | Self::Client(_) => "invalid_request",
            Self::TooManyRequests { .. } => "temporarily_unavailable",
            Self::Unavailable(outage) => outage.code(),
        }
    }

    /// The `error_description`: for the client's developer, and no oracle for anyone else.
    pub(super) fn description(&self) -> String {
        match self {
            // Nothing was checked yet: a client that sent this along by mistake is told so.
            Self::Client(ClientError::Header(
                error @ (AuthorizationHeaderError::UnsupportedScheme | AuthorizationHeaderError::Empty),
            )) => error.to_string(),
            Self::Client(error) if !error.is_invalid_request() => "client authentication failed".to_owned(),
            Self::Unavailable(_) => CANNOT_ANSWER.to_owned(),
            reason => reason.to_string(),
        }
    }

    /// The response of an endpoint for clients: RFC 6749 §5.2. A host uses it where it refuses before a machine is
    /// asked, say because a body is longer than [`MAX_FORM_LEN`](crate::MAX_FORM_LEN) ([`FormError::TooLong`]), so that
    /// such a refusal is in OAuth's words too.
    #[must_use]
    pub fn into_http(self, presented_in: PresentedIn) -> Response<Vec<u8>> {
        if self == Self::Preflight {
            return preflight("POST");
        }
        let status = self.status(presented_in);
        let mut response = error_response(status, self.code(), &self.description());
        let headers = response.headers_mut();
        match self {
            Self::Method => drop(headers.insert(header::ALLOW, HeaderValue::from_static("POST"))),
            Self::TooManyRequests { retry_after } => drop(headers.insert(header::RETRY_AFTER, retry_after.into())),
            Self::Unavailable(outage) => {
                headers.extend(outage.cause.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
            }
            _ if status == StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"client\""));
            }
            _ => {}
        }
        response
    }

    fn status(&self, presented_in: PresentedIn) -> StatusCode {
        match self {
            Self::NotConfigured => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Form(FormError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            // RFC 6749 §5.2: "If the client attempted to authenticate via the "Authorization" request header field, the
            // authorization server MUST respond with an HTTP 401 (Unauthorized) status code and include the
            // "WWW-Authenticate" response header field". Otherwise 400: a browser would ask its user for a password.
            Self::Client(error) if !error.is_invalid_request() && presented_in == PresentedIn::Header => {
                StatusCode::UNAUTHORIZED
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// An error, whose client it is, and where that client's credentials stood.
#[derive(Debug)]
pub(super) struct ErrorReply<E> {
    pub(super) client_id: Option<ClientId>,
    pub(super) error: E,
    pub(super) presented_in: PresentedIn,
}

impl<E> ErrorReply<E> {
    pub(super) fn new(client_id: Option<ClientId>, error: impl Into<E>, presented_in: PresentedIn) -> Self {
        Self { client_id, error: error.into(), presented_in }
    }
}

/// RFC 6749 §5.2.
pub(super) fn error_response(status: StatusCode, error: &str, error_description: &str) -> Response<Vec<u8>> {
    #[derive(Serialize)]
    struct ErrorResponse<'a> {
        error: &'a str,
        error_description: &'a str,
    }
    json(status, &ErrorResponse { error, error_description })
}
