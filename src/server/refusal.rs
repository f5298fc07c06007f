//! What every endpoint for clients may have to refuse, and how: RFC 6749 §5.2.

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Serialize;

use super::client_auth::{ClientError, PresentedIn};
use crate::step::Unavailable;
use crate::wire::{Form, FormError, form_body, json};

/// Why an endpoint for clients refused before it came to its own rules.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// RFC 6749 §3.2, RFC 7009 §2.1, RFC 7662 §2.1: POST only.
    #[error("this endpoint takes POST only")]
    Method,
    /// The parameters cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The client is not who it says.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The host could not carry out an effect.
    #[error("{0} {1}")]
    Unavailable(&'static str, Unavailable),
}

impl EndpointError {
    /// The `error` of RFC 6749 §5.2; for an outage, which has none there, that of §4.1.2.1.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Client(error) if !error.is_invalid_request() => "invalid_client",
            Self::Method | Self::Form(_) | Self::Client(_) => "invalid_request",
            Self::Unavailable(_, cause) if cause.retry_after().is_some() => "temporarily_unavailable",
            Self::Unavailable(..) => "server_error",
        }
    }

    /// The `error_description`: for the client's developer, and no oracle for anyone else.
    pub(super) fn description(&self) -> String {
        match self {
            Self::Client(error) if !error.is_invalid_request() => "client authentication failed".to_owned(),
            Self::Unavailable(..) => "the server cannot answer now".to_owned(),
            reason => reason.to_string(),
        }
    }

    /// The response.
    pub(super) fn into_http(self, presented_in: PresentedIn) -> Response<Vec<u8>> {
        let status = self.status(presented_in);
        let mut response = error_response(status, self.code(), &self.description());
        let headers = response.headers_mut();
        match self {
            Self::Method => drop(headers.insert(header::ALLOW, HeaderValue::from_static("POST"))),
            Self::Unavailable(_, cause) => {
                headers.extend(cause.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
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
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Form(FormError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(..) => StatusCode::SERVICE_UNAVAILABLE,
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

/// RFC 6749 §5.2.
pub(super) fn error_response(status: StatusCode, error: &str, error_description: &str) -> Response<Vec<u8>> {
    #[derive(Serialize)]
    struct ErrorResponse<'a> {
        error: &'a str,
        error_description: &'a str,
    }
    json(status, &ErrorResponse { error, error_description })
}

/// The parameters of a request to an endpoint for clients.
pub(super) fn form<B: AsRef<[u8]>>(request: &Request<B>) -> Result<Form<'_>, EndpointError> {
    // RFC 6749 §3.2: "The client MUST use the HTTP "POST" method when making access token requests."
    if request.method() != Method::POST {
        return Err(EndpointError::Method);
    }
    // RFC 6749 §2.3.1: "The parameters can only be transmitted in the request-body and MUST NOT be included in the request
    // URI."
    let query = Form::new(request.uri().query().unwrap_or_default().as_bytes())?;
    if query.pairs().any(|(name, _)| name == "client_secret") {
        return Err(ClientError::SecretInUri.into());
    }
    Ok(form_body(request.headers(), request.body().as_ref())?)
}

/// Where the client's credentials of a request stand that could not be read.
pub(super) fn presented_in<B>(request: &Request<B>) -> PresentedIn {
    let has_header = request.headers().contains_key(header::AUTHORIZATION);
    if has_header { PresentedIn::Header } else { PresentedIn::Body }
}
