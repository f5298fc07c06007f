//! The errors that every endpoint for clients has, and their responses: [RFC 6749 §5.2].
//!
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::client_id_metadata_document::ClientIdMetadataDocumentError;
use crate::effect::{CANNOT_ANSWER, Outage};
use crate::model::ClientId;
use crate::wire::{AuthorizationHeaderError, FormError, json, preflight, serialize_error};

/// The place of the client's credentials in a request: [RFC 6749 §2.3.1].
///
/// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentedIn {
    /// In the `Authorization` header, by the Basic scheme.
    Header,
    /// In the request body.
    Body,
}

/// The reason why a client was not authenticated. The requester learns only the error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The request has several proofs. [RFC 6749 §2.3]: "The client MUST NOT use more than one authentication method in
    /// each request."
    ///
    /// [RFC 6749 §2.3]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3
    #[error("the request uses more than one client authentication method")]
    MultipleMethods,
    /// The query has credentials. [RFC 6749 §2.3.1]: "The parameters [...] MUST NOT be included in the request URI."
    ///
    /// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
    #[error("the client secret must not be in the request URI")]
    SecretInUri,
    /// The request does not name a client.
    #[error("the request has no client credentials")]
    Missing,
    /// The identifier or the secret has characters that [RFC 6749 appendix A] does not allow.
    ///
    /// [RFC 6749 appendix A]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A
    #[error("malformed client credentials")]
    Malformed,
    /// The `Authorization` header cannot be read.
    #[error("{0}")]
    Header(#[from] AuthorizationHeaderError),
    /// No client has this identifier.
    #[error("no such client")]
    Unknown,
    /// The client is switched off: [`Client::disabled`](crate::record::Client::disabled).
    #[error("the client is disabled")]
    Disabled,
    /// A confidential client did not authenticate: [RFC 6749 §3.2.1].
    ///
    /// [RFC 6749 §3.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1
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
    /// Tells if [OAuth 2.1 §3.2.4] counts the error as `invalid_request`: multiple credentials, more than one mechanism
    /// and misplaced parameters.
    ///
    /// [OAuth 2.1 §3.2.4]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-3.2.4
    fn is_invalid_request(self) -> bool {
        matches!(self, Self::MultipleMethods | Self::SecretInUri | Self::Header(AuthorizationHeaderError::Repeated))
    }
}

/// An error of an endpoint for clients that comes before the endpoint's own rules.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The server's configuration does not have this endpoint.
    #[error("there is no such endpoint")]
    NotConfigured,
    /// The method is not POST: [RFC 6749 §3.2], [RFC 7009 §2.1], [RFC 7662 §2.1], [RFC 9126 §2.1].
    ///
    /// [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    /// [RFC 7009 §2.1]: https://www.rfc-editor.org/rfc/rfc7009#section-2.1
    /// [RFC 7662 §2.1]: https://www.rfc-editor.org/rfc/rfc7662#section-2.1
    /// [RFC 9126 §2.1]: https://www.rfc-editor.org/rfc/rfc9126#section-2.1
    #[error("this endpoint takes POST only")]
    Method,
    /// The request is a browser's preflight for a script of another origin ([`CrossOrigin`](super::CrossOrigin)), and
    /// is answered: it may send the request.
    #[error("a browser asks before it sends a request")]
    Preflight,
    /// The parameters cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The client was not authenticated.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The client was not identified by its metadata document.
    #[error("{0}")]
    Document(#[from] ClientIdMetadataDocumentError),
    /// The host has seen too many failures, or too many requests. No machine returns this; a host uses it to word its
    /// own refusal.
    #[error("too many requests")]
    TooManyRequests {
        /// The seconds after which to ask again.
        retry_after: u32,
    },
    /// The host could not carry out an effect.
    #[error("{0}")]
    Unavailable(Outage),
}

serialize_error!(EndpointError);

impl EndpointError {
    /// The `error` of [RFC 6749 §5.2]; an outage, which has none there, has that of [RFC 6749 §4.1.2.1].
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Client(error) if !error.is_invalid_request() => "invalid_client",
            Self::Document(error) => error.outage().map_or("invalid_client", Outage::code),
            Self::NotConfigured | Self::Method | Self::Preflight | Self::Form(_) | Self::Client(_) => "invalid_request",
            Self::TooManyRequests { .. } => "temporarily_unavailable",
            Self::Unavailable(outage) => outage.code(),
        }
    }

    /// The `error_description`, which helps the client's developer and tells an attacker nothing.
    pub(super) fn description(&self) -> String {
        match self {
            // Nothing was checked yet, so a client that sent this header by mistake may be told.
            Self::Client(ClientError::Header(
                error @ (AuthorizationHeaderError::UnsupportedScheme | AuthorizationHeaderError::Empty),
            )) => error.to_string(),
            Self::Client(error) if !error.is_invalid_request() => "client authentication failed".to_owned(),
            Self::Unavailable(_) => CANNOT_ANSWER.to_owned(),
            Self::Document(error) => error.description(),
            reason => reason.to_string(),
        }
    }

    /// Returns the response of an endpoint for clients: [RFC 6749 §5.2]. A host can use it to refuse before it starts a
    /// machine, for example when a body is longer than [`MAX_FORM_LEN`](crate::MAX_FORM_LEN) ([`FormError::TooLong`]),
    /// so that such a refusal has OAuth's format too.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
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
            Self::Unavailable(outage) | Self::Document(ClientIdMetadataDocumentError::Unavailable(outage)) => {
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
            // Not the client's fault, which may try again: an error of another kind would have it forget its tokens.
            Self::Document(error) if error.outage().is_some() => StatusCode::SERVICE_UNAVAILABLE,
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

/// An error, the client that caused it, and the place of that client's credentials.
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

/// Returns an error response: [RFC 6749 §5.2].
///
/// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
pub(super) fn error_response(status: StatusCode, error: &str, error_description: &str) -> Response<Vec<u8>> {
    #[derive(Serialize)]
    struct ErrorResponse<'a> {
        error: &'a str,
        error_description: &'a str,
    }
    json(status, &ErrorResponse { error, error_description })
}
