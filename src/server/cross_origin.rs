//! Clients that live in a browser: [OAuth 2.1 §3.2], with the headers of the [Fetch standard].
//!
//! [Fetch standard]: https://fetch.spec.whatwg.org/#http-cors-protocol
//! [OAuth 2.1 §3.2]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-3.2

use http::{Request, Response, header};

use super::error::EndpointError;
use crate::wire::{allow_any_origin, is_preflight};

/// The rule for scripts of other origins. [OAuth 2.1 §3.2]: endpoints that a browser-based application uses "will also
/// need to have the CORS headers defined to allow access".
///
/// The rule applies to the metadata document and the endpoints for clients: token, revocation, pushed requests,
/// registration, devices. The authorization endpoint is never included ([RFC 9700 §2.6]: "CORS MUST NOT be supported at
/// the authorization endpoint, as the client does not access this endpoint directly"), nor is introspection, which is
/// for resource servers.
///
/// [OAuth 2.1 §3.2]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-3.2
/// [RFC 9700 §2.6]: https://www.rfc-editor.org/rfc/rfc9700#section-2.6
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrossOrigin {
    /// Allows scripts of any origin. Nothing that a browser adds by itself, such as a cookie, counts at these
    /// endpoints, so an origin need not be trusted.
    #[default]
    Any,
    /// Allows none: responses have no CORS headers, and a preflight is refused for its method.
    None,
}

impl CrossOrigin {
    /// Tells a browser's preflight from a request.
    pub(super) fn check<B>(self, request: &Request<B>) -> Result<(), EndpointError> {
        let is_preflight = self == Self::Any && is_preflight(request.method(), request.headers());
        if is_preflight { Err(EndpointError::Preflight) } else { Ok(()) }
    }

    /// Returns the reader of the response to this request: a script if the browser sent its origin.
    pub(super) fn reader<B>(self, request: &Request<B>) -> Reader {
        let is_script = self == Self::Any && request.headers().contains_key(header::ORIGIN);
        if is_script { Reader::Script } else { Reader::Client }
    }
}

/// The reader of a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reader {
    /// A client that is not a script in a browser, or a script that is not allowed.
    Client,
    /// A script, which gets the response from its browser only if the response allows that.
    Script,
}

impl Reader {
    /// Returns the response with the headers that let this reader have it.
    pub(super) fn shown(self, mut response: Response<Vec<u8>>) -> Response<Vec<u8>> {
        if let Self::Script = self {
            allow_any_origin(response.headers_mut());
        }
        response
    }
}
