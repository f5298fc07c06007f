//! Requests whose body takes too long, and answers that do.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use grantor::MAX_FORM_LEN;
use hyper::body::{Body as _, Incoming};

use crate::audit::{HostEvent, audit};
use crate::metrics::Endpoint;
use crate::pages;

/// Names the request, for whoever asks about a refusal.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Stands for a body that is longer than any may be: each endpoint refuses it in its own words.
static TOO_LONG: [u8; MAX_FORM_LEN + 1] = [0; MAX_FORM_LEN + 1];

/// Reads the whole body of a request. Nothing here takes one that is longer than [`MAX_FORM_LEN`].
pub(crate) async fn whole(request: Request<Incoming>) -> Request<Bytes> {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return Request::from_parts(parts, Bytes::new());
    }
    let too_long = body.size_hint().lower() > MAX_FORM_LEN as u64;
    let body = match too_long {
        true => None,
        false => to_bytes(Body::new(body), MAX_FORM_LEN).await.ok(),
    };
    Request::from_parts(parts, body.unwrap_or_else(|| Bytes::from_static(&TOO_LONG)))
}

/// Who took too long.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Late {
    /// The peer, for its body.
    Body,
    /// The server.
    Server,
}

/// Says so: to a client in OAuth's words (RFC 6749 §5.2), to a browser on a page.
pub(crate) async fn answer(endpoint: Endpoint, late: Late) -> Response<Body> {
    let (status, error, told) = match late {
        Late::Body => (StatusCode::REQUEST_TIMEOUT, "invalid_request", "The request took too long to arrive."),
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
        Late::Body => drop(headers.insert(header::CONNECTION, HeaderValue::from_static("close"))),
        Late::Server => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
    }
    pages::safe_headers(response).await
}
