//! Replies with a body.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
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

/// A document for everyone, read with GET: metadata. There is nothing secret in it. Scripts of other origins may read
/// it too, if they may at all: a browser asks before it sends a header that is not of its own, and clients send such.
pub(crate) fn document<B>(request: &Request<B>, for_any_origin: bool, body: &impl Serialize) -> Response<Vec<u8>> {
    let method = request.method();
    if for_any_origin && is_preflight(method, request.headers()) {
        return preflight("GET, HEAD");
    }
    let mut response = match *method {
        Method::GET | Method::HEAD => json(StatusCode::OK, body),
        _ => {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
    };
    let headers = response.headers_mut();
    if matches!(*method, Method::GET | Method::HEAD) {
        headers.remove(header::PRAGMA);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    }
    if for_any_origin {
        allow_any_origin(headers);
    }
    response
}

/// Lets scripts of any origin read a response, as the Fetch standard has it, with those of its headers that say more.
pub(crate) fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if headers.contains_key(header::RETRY_AFTER) || headers.contains_key(header::WWW_AUTHENTICATE) {
        let telling = HeaderValue::from_static("Retry-After, WWW-Authenticate");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, telling);
    }
}

/// Whether a browser asks whether a script may send a request. By the Fetch standard such a request says the origin,
/// and the method or the headers that are asked for.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    const ASKING: [header::HeaderName; 3] =
        [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_REQUEST_HEADERS];
    method == Method::OPTIONS && ASKING.iter().any(|name| headers.contains_key(name))
}

/// What a browser is told that asks whether a script of another origin may send a request by these methods. The names
/// of headers are those that clients send; "*" stands for every other but `Authorization`.
pub(crate) fn preflight(methods: &'static str) -> Response<Vec<u8>> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    allow_any_origin(headers);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    let names = "Authorization, Content-Type, Accept, DPoP, MCP-Protocol-Version, *";
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(names));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
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
