//! The client that a request names, and its proof.

use http::{HeaderMap, Request};

use super::config::ClientAuthenticationConfig;
use crate::model::{ClientId, Secret};
use crate::server::error::{ClientError, EndpointError, PresentedIn};
use crate::server::request::{form, is_client_secret};
use crate::wire::{Authorization, Param};

/// A client's identifier and proof in a request: [RFC 6749 §2.3].
///
/// [RFC 6749 §2.3]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientAuthentication<'a> {
    /// The client that the request names.
    pub client_id: ClientId,
    /// The proof that the client presents.
    pub method: ClientAuthenticationMethod<'a>,
    /// The secret as it stands in the `Authorization` header, if decoding it by [RFC 6749 §2.3.1] gives another: that
    /// of a client that does not encode.
    ///
    /// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
    pub(super) client_secret_as_written: Option<Secret<'a>>,
}

/// A client's proof, by the names of `token_endpoint_auth_method` ([RFC 7591 §2]).
///
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuthenticationMethod<'a> {
    /// `none`: a public client, which sends its `client_id` and no proof.
    None,
    /// `client_secret_basic`: the secret in the `Authorization` header; `None` if that is empty, as from a public
    /// client.
    ClientSecretBasic(Option<Secret<'a>>),
    /// `client_secret_post`: the secret in the body.
    ClientSecretPost(Secret<'a>),
}

impl<'a> ClientAuthentication<'a> {
    /// Creates the authentication of this client by this method.
    #[must_use]
    pub fn new(client_id: ClientId, method: ClientAuthenticationMethod<'a>) -> Self {
        Self { client_id, method, client_secret_as_written: None }
    }

    /// Reads the client and its proof from a request to the token, introspection, revocation, push or device
    /// authorization endpoint. Those endpoints do this themselves; a host can use it beforehand, to slow down guesses
    /// at a client's secret ([OAuth 2.1 §2.4.1]). An `Authorization` header of another kind is ignored here, whatever
    /// the configuration says.
    ///
    /// # Errors
    /// The request cannot be read. The endpoint words the error.
    ///
    /// [OAuth 2.1 §2.4.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-2.4.1
    pub fn of<B: AsRef<[u8]>>(request: &'a Request<B>) -> Result<Self, EndpointError> {
        let [client_id, client_secret] = form(request)?.params(Self::PARAMETERS);
        let lenient = ClientAuthenticationConfig { ignore_other_schemes: true };
        Self::read(lenient, request.headers(), client_id, client_secret)
    }

    /// The parameters of the body that identify the client.
    pub(in crate::server) const PARAMETERS: [&'static str; 2] = ["client_id", "client_secret"];

    /// Reads the header and the body's `client_id` and `client_secret`.
    pub(in crate::server) fn read(
        config: ClientAuthenticationConfig,
        headers: &HeaderMap,
        client_id: Param<'a>,
        client_secret: Param<'a>,
    ) -> Result<Self, EndpointError> {
        let (client_id, client_secret) = (client_id?, client_secret?);
        let body_id = client_id.map(|id| ClientId::parse(&id).map_err(|_| ClientError::Malformed)).transpose()?;
        let presented = match Authorization::read(headers, config.ignore_other_schemes).map_err(ClientError::from)? {
            Some(Authorization::Basic(basic)) => {
                if client_secret.is_some() || body_id.is_some_and(|id| id != basic.client_id) {
                    return Err(ClientError::MultipleMethods.into());
                }
                let method = ClientAuthenticationMethod::ClientSecretBasic(basic.client_secret);
                let client_secret_as_written = basic.client_secret_as_written;
                Self { client_secret_as_written, ..Self::new(basic.client_id, method) }
            }
            None => {
                let method = client_secret.map(Secret::new).map(ClientAuthenticationMethod::ClientSecretPost);
                let client_id = body_id.ok_or(ClientError::Missing)?;
                Self::new(client_id, method.unwrap_or(ClientAuthenticationMethod::None))
            }
        };
        match presented.method.secret() {
            Some(secret) if !is_client_secret(secret.expose()) => Err(ClientError::Malformed.into()),
            _ => Ok(presented),
        }
    }

    /// The place in the request where the client stood.
    #[must_use]
    pub fn presented_in(&self) -> PresentedIn {
        self.method.presented_in()
    }
}

impl<'a> ClientAuthenticationMethod<'a> {
    pub(super) fn presented_in(&self) -> PresentedIn {
        match self {
            Self::ClientSecretBasic(_) => PresentedIn::Header,
            Self::None | Self::ClientSecretPost(_) => PresentedIn::Body,
        }
    }

    pub(super) fn secret(&self) -> Option<&Secret<'a>> {
        match self {
            Self::None => None,
            Self::ClientSecretBasic(secret) => secret.as_ref(),
            Self::ClientSecretPost(secret) => Some(secret),
        }
    }

    pub(super) fn into_secret(self) -> Option<Secret<'a>> {
        match self {
            Self::None => None,
            Self::ClientSecretBasic(secret) => secret,
            Self::ClientSecretPost(secret) => Some(secret),
        }
    }
}
