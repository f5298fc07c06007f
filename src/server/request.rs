//! Requests to endpoints for clients: [RFC 6749 §3.2], and in the same form [RFC 7009], [RFC 7662] and [RFC 9126].
//!
//! [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
//! [RFC 7009]: https://www.rfc-editor.org/rfc/rfc7009
//! [RFC 7662]: https://www.rfc-editor.org/rfc/rfc7662
//! [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126

use http::{Method, Request, header};

use super::error::{ClientError, EndpointError, PresentedIn};
use crate::model::{is_vschar, only};
use crate::wire::{Form, form_body};

/// Reads the parameters of a request to an endpoint for clients.
pub(super) fn form<B: AsRef<[u8]>>(request: &Request<B>) -> Result<Form<'_>, EndpointError> {
    // RFC 6749 §3.2: "The client MUST use the HTTP "POST" method when making access token requests."
    if request.method() != Method::POST {
        return Err(EndpointError::Method);
    }
    // RFC 6749 §2.3.1: "The parameters can only be transmitted in the request-body and MUST NOT be included in the
    // request URI."
    let query = Form::new(request.uri().query().unwrap_or_default().as_bytes())?;
    if query.pairs().any(|(name, _)| name == "client_secret") {
        return Err(ClientError::SecretInUri.into());
    }
    Ok(form_body(request.headers(), request.body().as_ref())?)
}

/// Returns the place of the client's credentials in a request that could not be read.
pub(super) fn presented_in<B>(request: &Request<B>) -> PresentedIn {
    let has_header = request.headers().contains_key(header::AUTHORIZATION);
    if has_header { PresentedIn::Header } else { PresentedIn::Body }
}

/// Tells if a text can be a client secret: [RFC 6749 appendix A.2]: `client-secret = *VSCHAR`
///
/// [RFC 6749 appendix A.2]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.2
pub(super) fn is_client_secret(text: &str) -> bool {
    only(text, is_vschar)
}
