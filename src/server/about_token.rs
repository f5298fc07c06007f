//! A request about a token: what introspection (RFC 7662 §2.1) and revocation (RFC 7009 §2.1) are asked with.

use http::Request;

use super::client_auth::ClientCredentials;
use super::refusal::{EndpointError, form};
use crate::model::Secret;
use crate::wire::FormError;

/// A client and a token. RFC 7009 §2.1 lets a server ignore `token_type_hint` "if it is able to detect the token type
/// automatically": one lookup finds a token of any type.
#[derive(Clone, Debug)]
pub struct AboutToken<'a> {
    /// Who asks.
    pub client: ClientCredentials<'a>,
    /// About which token.
    pub token: Secret<'a>,
}

impl<'a> AboutToken<'a> {
    pub(super) fn read<B: AsRef<[u8]>>(request: &'a Request<B>) -> Result<Self, EndpointError> {
        let [token, client_id, client_secret] = form(request)?.params(["token", "client_id", "client_secret"]);
        let client = ClientCredentials::read(request.headers(), client_id?, client_secret?)?;
        let token = token?.map(Secret::new).ok_or(FormError::Missing("token"))?;
        Ok(Self { client, token })
    }
}
