//! The parts of a request that a check reads.

use http::request::Parts;
use http::{HeaderMap, Method, Request, Uri};

/// A request to a protected resource, made from a whole one or, while the body is still on its way, from its head.
/// Without a body, no token is found there, whatever the configuration says.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "it holds a token")]
pub struct Incoming<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl<'a, B: AsRef<[u8]>> From<&'a Request<B>> for Incoming<'a> {
    fn from(request: &'a Request<B>) -> Self {
        let body = request.body().as_ref();
        Self { method: request.method(), uri: request.uri(), headers: request.headers(), body }
    }
}

impl<'a> From<&'a Parts> for Incoming<'a> {
    fn from(head: &'a Parts) -> Self {
        Self { method: &head.method, uri: &head.uri, headers: &head.headers, body: b"" }
    }
}
