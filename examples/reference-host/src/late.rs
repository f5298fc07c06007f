//! Requests whose body takes too long or breaks off, and answers that take too long.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use grantor::MAX_FORM_LEN;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};

use crate::audit::{HostEvent, audit};
use crate::metrics::Endpoint;
use crate::pages;

/// Names the request, for whoever asks about a refusal.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Stands for a body that is longer than any may be: each endpoint refuses it in its own words.
static TOO_LONG: [u8; MAX_FORM_LEN + 1] = [0; MAX_FORM_LEN + 1];

/// How much of such a body is read and thrown away: a peer that is still sending would not see the answer.
const MAX_SKIPPED: usize = 1024 * 1024;

/// Reads the whole body of a request. Nothing here takes one that is longer than [`MAX_FORM_LEN`].
///
/// # Errors
/// The peer broke off, or its chunks are none.
pub(crate) async fn whole(request: Request<Incoming>) -> Result<Request<Bytes>, hyper::Error> {
    let (parts, mut body) = request.into_parts();
    if body.is_end_stream() {
        return Ok(Request::from_parts(parts, Bytes::new()));
    }
    let whole = match Limited::new(&mut body, MAX_FORM_LEN).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) => match error.downcast() {
            Ok(broken) => return Err(*broken),
            // It is too long.
            Err(_) => {
                let _ = Limited::new(&mut body, MAX_SKIPPED).collect().await;
                Bytes::from_static(&TOO_LONG)
            }
        },
    };
    Ok(Request::from_parts(parts, whole))
}

/// Why there is no answer but this.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Late {
    /// The peer took too long for its body.
    Body,
    /// The peer's body ended before its end.
    Broken,
    /// The server took too long.
    Server,
}

/// Says so: to a client in OAuth's words (RFC 6749 §5.2), to a browser on a page.
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
        "token" | "introspect" | "revoke" => {
            let body = format!(r#"{{"error":"{error}","error_description":"{told}"}}"#);
            let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (status, headers, body).into_response()
        }
        _ => pages::message(status, told),
    };
    let headers = response.headers_mut();
    match late {
        // What is left of the body is no further request.
        Late::Body | Late::Broken => drop(headers.insert(header::CONNECTION, HeaderValue::from_static("close"))),
        Late::Server => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
    }
    pages::safe_headers(response)
}
