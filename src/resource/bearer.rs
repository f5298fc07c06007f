//! The access token in a request: [RFC 6750 §2].
//!
//! [RFC 6750 §2]: https://www.rfc-editor.org/rfc/rfc6750#section-2

use http::{Method, header};

use super::config::Config;
use super::error::AccessError;
use super::incoming::Incoming;
use crate::model::{Secret, is_vschar, only};
use crate::wire::{Form, FormError, bearer, form_body};

/// The greatest length of an access token, in bytes. However it is encoded, such a token still fits into an
/// introspection request's form.
const MAX_TOKEN_LEN: usize = 16 * 1024;

/// An access token, and the place in the request where it stood.
#[derive(Debug)]
pub(super) struct Bearer<'a> {
    pub(super) token: Secret<'a>,
    pub(super) in_query: bool,
}

impl<'a> Bearer<'a> {
    /// Reads the one token of a request. [RFC 6750 §2]: "Clients MUST NOT use more than one method to transmit the
    /// token in each request."
    ///
    /// [RFC 6750 §2]: https://www.rfc-editor.org/rfc/rfc6750#section-2
    pub(super) fn read(request: Incoming<'a>, config: &Config) -> Result<Self, AccessError> {
        // RFC 6750 §2.1: "Resource servers MUST support this method."
        let in_header = bearer(request.headers)?;
        // If the token stands elsewhere, a body that is too long to be read is left to the application.
        let unless_too_long = |token: Result<Option<Secret<'a>>, FormError>| match token {
            Err(FormError::TooLong) if in_header.is_some() => Ok(None),
            token => token,
        };
        let in_body = if config.token_in_body { unless_too_long(in_body(request))? } else { None };
        let in_query = if config.token_in_query { unless_too_long(in_query(request))? } else { None };
        let (token, in_query) = match (in_header, in_body, in_query) {
            (None, None, None) => return Err(AccessError::NoToken),
            (Some(token), None, None) | (None, Some(token), None) => (token, false),
            (None, None, Some(token)) => (token, true),
            // RFC 6750 §3.1, `invalid_request`: "uses more than one method for including an access token".
            _ => return Err(AccessError::TwoMethods),
        };
        if token.expose().len() > MAX_TOKEN_LEN { Err(AccessError::Unknown) } else { Ok(Self { token, in_query }) }
    }
}

/// Reads a token in the body: [RFC 6750 §2.2]. If one of the conditions there is not met, the body belongs to the
/// application alone.
///
/// [RFC 6750 §2.2]: https://www.rfc-editor.org/rfc/rfc6750#section-2.2
fn in_body(request: Incoming<'_>) -> Result<Option<Secret<'_>>, FormError> {
    let Incoming { method, headers, body, .. } = request;
    // RFC 6750 §2.2: "The HTTP request method is one for which the request-body has defined semantics. In particular,
    // this means that the "GET" method MUST NOT be used."
    let has_semantics = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    // RFC 6750 §2.2: "The content to be encoded in the entity-body MUST consist entirely of ASCII". A body with a
    // content coding is not a form yet.
    let is_plain = body.is_ascii() && !headers.contains_key(header::CONTENT_ENCODING);
    if !has_semantics || !is_plain {
        return Ok(None);
    }
    // "The HTTP request entity-header includes the "Content-Type" header field set to
    // "application/x-www-form-urlencoded"."
    match form_body(headers, body) {
        Err(FormError::ContentType) => Ok(None),
        form => access_token(form?),
    }
}

/// Reads a token in the query: [RFC 6750 §2.3].
///
/// [RFC 6750 §2.3]: https://www.rfc-editor.org/rfc/rfc6750#section-2.3
fn in_query(request: Incoming<'_>) -> Result<Option<Secret<'_>>, FormError> {
    access_token(Form::new(request.uri.query().unwrap_or_default().as_bytes())?)
}

fn access_token(form: Form<'_>) -> Result<Option<Secret<'_>>, FormError> {
    let [token] = form.params(["access_token"]);
    let token = token?.map(Secret::new);
    // RFC 6749 appendix A.12: `access-token = 1*VSCHAR`
    let is_good = token.as_ref().is_none_or(|token| only(token.expose(), is_vschar));
    if is_good { Ok(token) } else { Err(FormError::Characters("access_token")) }
}
