//! Replies with a body.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Serialize;

/// Forbids caching. [RFC 6749 §5.1]: "The authorization server MUST include the HTTP "Cache-Control" response header
/// field [...] with a value of "no-store" in any response containing tokens, credentials, or other sensitive
/// information, as well as the "Pragma" response header field [...] with a value of "no-cache"."
///
/// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

/// The headers of a JSON reply, of which a copy costs less than inserting them.
static JSON: LazyLock<HeaderMap> = LazyLock::new(|| headers("application/json"));

fn headers(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    no_store(&mut headers);
    headers
}

pub(super) fn reply(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    with_headers(status, headers(content_type), body)
}

/// Returns a JSON reply whose body is written already.
pub(super) fn json_text(status: StatusCode, body: Vec<u8>) -> Response<Vec<u8>> {
    with_headers(status, JSON.clone(), body)
}

fn with_headers(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Returns a JSON object: [RFC 6749 §5.1], [§5.2].
///
/// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
/// [§5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response<Vec<u8>> {
    let mut bytes = Vec::with_capacity(256);
    match serde_json::to_writer(&mut bytes, body) {
        Ok(()) => json_text(status, bytes),
        Err(_) => json_text(StatusCode::INTERNAL_SERVER_ERROR, b"{\"error\":\"server_error\"}".to_vec()),
    }
}

/// Returns a public document, read with GET, such as metadata. Scripts of other origins may read it if the
/// configuration allows that; browsers send a preflight first, because clients add headers of their own.
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

/// Lets scripts of any origin read a response, as in the Fetch standard, with the headers that carry information for
/// them.
pub(crate) fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if headers.contains_key(header::RETRY_AFTER) || headers.contains_key(header::WWW_AUTHENTICATE) {
        let telling = HeaderValue::from_static("Retry-After, WWW-Authenticate");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, telling);
    }
}

/// Tells if a request is a browser's preflight. By the Fetch standard it names the origin, and the method or the
/// headers of the request that is to follow.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    const ASKING: [header::HeaderName; 3] =
        [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_REQUEST_HEADERS];
    method == Method::OPTIONS && ASKING.iter().any(|name| headers.contains_key(name))
}

/// Returns the answer to a preflight: a script of another origin may send a request by these methods. The header names
/// are those that clients send; "*" stands for every other except `Authorization`.
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

/// Returns a response without a body: [RFC 7009 §2.2].
///
/// [RFC 7009 §2.2]: https://www.rfc-editor.org/rfc/rfc7009#section-2.2
pub(crate) fn empty(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    no_store(response.headers_mut());
    response
}

/// Returns a plain page for a person.
pub(crate) fn text(status: StatusCode, body: String) -> Response<Vec<u8>> {
    let mut response = reply(status, "text/plain; charset=utf-8", body.into_bytes());
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
