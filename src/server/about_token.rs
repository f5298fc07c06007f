//! The common form of requests to the revocation and introspection endpoints: a client, and a token.

use http::Request;

use super::Config;
use super::client_auth::ClientAuthentication;
use super::error::EndpointError;
use super::request::form;
use crate::model::Secret;
use crate::wire::FormError;

/// Reads the client and the token: [RFC 7009 §2.1] and [RFC 7662 §2.1], which let a server ignore `token_type_hint`,
/// since one lookup finds a token of any type.
///
/// [RFC 7009 §2.1]: https://www.rfc-editor.org/rfc/rfc7009#section-2.1
/// [RFC 7662 §2.1]: https://www.rfc-editor.org/rfc/rfc7662#section-2.1
pub(super) fn about_token<'a, B: AsRef<[u8]>>(
    config: &Config,
    request: &'a Request<B>,
) -> Result<(ClientAuthentication<'a>, Secret<'a>), EndpointError> {
    // RFC 7009 §2.1, RFC 7662 §2.1: "If the server is unable to locate the token using the given hint, it MUST extend
    // its search across all of its supported token types."
    let [client_id, client_secret, token] = form(request)?.params(["client_id", "client_secret", "token"]);
    let client = ClientAuthentication::read(config.client_authentication, request.headers(), client_id, client_secret)?;
    Ok((client, token?.map(Secret::new).ok_or(FormError::Missing("token"))?))
}
