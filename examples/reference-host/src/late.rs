//! Late requests and answers: bodies that take too long or break off, and answers that take too long.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use grantor::MAX_FORM_LEN;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};

use crate::audit::{HostEvent, audit};
use crate::metrics::Endpoint;
use crate::pages;

/// The header with the name of the request, for people who ask about a refusal.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A stand-in for a body that is longer than allowed, which each endpoint refuses in its own words.
static TOO_LONG: [u8; MAX_FORM_LEN + 1] = [0; MAX_FORM_LEN + 1];

/// The most bytes of such a body that are read and discarded: a peer that is still sending would not see the answer.
const MAX_SKIPPED: usize = 1024 * 1024;

/// Reads the whole body of a request. No endpoint accepts one that is longer than [`MAX_FORM_LEN`].
///
/// # Errors
/// The peer broke off, or its chunks are malformed.
pub(crate) async fn whole(request: Request<Incoming>) -> Result<Request<Bytes>, hyper::Error> {
    let (parts, mut body) = request.into_parts();
    if body.is_end_stream() {
        return Ok(Request::from_parts(parts, Bytes::new()));
    }
    let whole = match Limited::new(&mut body, MAX_FORM_LEN).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) => match error.downcast() {
            Ok(broken) => return Err(*broken),
            // The body is too long.
            Err(_) => {
                let _ = Limited::new(&mut body, MAX_SKIPPED).collect().await;
                Bytes::from_static(&TOO_LONG)
            }
        },
    };
    Ok(Request::from_parts(parts, whole))
}

/// The reason for an answer without the endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Late {
    /// The peer took too long for its body.
    Body,
    /// The peer's body ended early.
    Broken,
    /// The server took too long.
    Server,
}

/// Returns the response: to a client in OAuth's format (RFC 6749 §5.2), to a browser as a page.
pub(crate) fn answer(endpoint: Endpoint, late: Late) -> Response<Body> {
    let (status, error, told) = match late {
        Late::Body => (StatusCode::REQUEST_TIMEOUT, "invalid_request", "The request took too long to arrive."),
        Late::Broken => (StatusCode::BAD_REQUEST, "invalid_request", "The request cannot be read."),
        Late::Server => {
            audit(HostEvent::RequestTimedOut { endpoint: endpoint.name() });
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "The server cannot answer now. Please try again.",
            )
        }
    };
    let mut response = match endpoint.name() {
        "token" | "introspect" | "revoke" | "par" | "register" | "device_authorization" => {
            let body = format!(r#"{{"error":"{error}","error_description":"{told}"}}"#);
            let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (status, headers, body).into_response()
        }
        _ => pages::message(status, told),
    };
    let headers = response.headers_mut();
    match late {
        // The rest of the body must not be read as a further request.
        Late::Body | Late::Broken => drop(headers.insert(header::CONNECTION, HeaderValue::from_static("close"))),
        Late::Server => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
    }
    pages::safe_headers(response)
}
