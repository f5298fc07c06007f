//! Clients that live in a browser: [OAuth 2.1 §3.2], with the headers of the [Fetch standard].
//!
//! [OAuth 2.1 §3.2]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1#section-3.2
//! [Fetch standard]: https://fetch.spec.whatwg.org/#http-cors-protocol

use http::{Request, Response, header};

use super::error::EndpointError;
use crate::wire::{allow_any_origin, is_preflight};

/// Whether scripts of other origins may ask. OAuth 2.1 §3.2: endpoints that a browser-based application uses "will also
/// need to have the CORS headers defined to allow access".
///
/// This is of the metadata document and the endpoints for clients: token, revocation, pushing. The authorization
/// endpoint is never among them (RFC 9700 §2.6: "CORS MUST NOT be supported at the authorization endpoint, as the
/// client does not access this endpoint directly"), nor is introspection, which is for resource servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrossOrigin {
    /// Scripts of any origin. Nothing that a browser adds by itself, such as a cookie, counts at these endpoints, so
    /// there is nothing that an origin would have to be trusted with.
    #[default]
    Any,
    /// None: responses have no CORS headers, and a preflight is of a method that is not allowed.
    None,
}

impl CrossOrigin {
    /// Tells a browser's preflight from a request.
    pub(super) fn check<B>(self, request: &Request<B>) -> Result<(), EndpointError> {
        let is_preflight = self == Self::Any && is_preflight(request.method(), request.headers());
        if is_preflight { Err(EndpointError::Preflight) } else { Ok(()) }
    }

    /// Whether the response to this request is for a script: a browser says the origin of one.
    pub(super) fn reader<B>(self, request: &Request<B>) -> Reader {
        let is_script = self == Self::Any && request.headers().contains_key(header::ORIGIN);
        if is_script { Reader::Script } else { Reader::Client }
    }
}

/// Who gets a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reader {
    /// A client that is no script in a browser, or one that may not ask.
    Client,
    /// A script, to which its browser hands the response only if that says so.
    Script,
}

impl Reader {
    /// The response, as it is let through to whoever reads it.
    pub(super) fn shown(self, mut response: Response<Vec<u8>>) -> Response<Vec<u8>> {
        if let Self::Script = self {
            allow_any_origin(response.headers_mut());
        }
        response
    }
}
