//! Replies with a body.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

/// RFC 6749 §5.1: "The authorization server MUST include the HTTP "Cache-Control" response header field [...] with a
/// value of "no-store" in any response containing tokens, credentials, or other sensitive information, as well as the
/// "Pragma" response header field [...] with a value of "no-cache"."
pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

fn reply(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    no_store(&mut headers);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A JSON object: RFC 6749 §5.1, §5.2.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response<Vec<u8>> {
    let mut bytes = Vec::with_capacity(256);
    match serde_json::to_writer(&mut bytes, body) {
        Ok(()) => reply(status, "application/json", bytes),
        Err(_) => {
            reply(StatusCode::INTERNAL_SERVER_ERROR, "application/json", b"{\"error\":\"server_error\"}".to_vec())
        }
    }
}

/// A document for everyone, read with GET: metadata. There is nothing secret in it.
pub(crate) fn document(method: &Method, body: &impl Serialize) -> Response<Vec<u8>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let mut response = json(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.remove(header::PRAGMA);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    // For clients that live in a browser (OAuth 2.1 §3.2).
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Nothing but a status: RFC 7009 §2.2.
pub(crate) fn empty(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    no_store(response.headers_mut());
    response
}

/// A plain page for a person.
pub(crate) fn text(status: StatusCode, body: String) -> Response<Vec<u8>> {
    let mut response = reply(status, "text/plain; charset=utf-8", body.into_bytes());
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
