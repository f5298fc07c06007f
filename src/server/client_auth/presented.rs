//! Who a request says that it comes from, and how it proves that.

use http::{HeaderMap, Request};

use super::config::ClientAuthenticationConfig;
use crate::model::{ClientId, Secret};
use crate::server::error::{ClientError, EndpointError, PresentedIn};
use crate::server::request::{form, is_client_secret};
use crate::wire::{Authorization, Param};

/// How a client presents itself in a request: RFC 6749 §2.3.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientAuthentication<'a> {
    /// Who it says it is.
    pub client_id: ClientId,
    /// Its proof.
    pub method: ClientAuthenticationMethod<'a>,
    /// The secret of the `Authorization` header as it stands there, if RFC 6749 §2.3.1 reads another: that of a client
    /// which does not encode.
    pub(super) client_secret_as_written: Option<Secret<'a>>,
}

/// A client's proof, by the names of `token_endpoint_auth_method` (RFC 7591 §2).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuthenticationMethod<'a> {
    /// `none`: a public client, which sends its `client_id` and no proof.
    None,
    /// `client_secret_basic`: the secret in the `Authorization` header; `None` if it is empty there, as from a public
    /// client.
    ClientSecretBasic(Option<Secret<'a>>),
    /// `client_secret_post`: the secret in the body.
    ClientSecretPost(Secret<'a>),
}

impl<'a> ClientAuthentication<'a> {
    /// A client that presents itself by this method.
    #[must_use]
    pub fn new(client_id: ClientId, method: ClientAuthenticationMethod<'a>) -> Self {
        Self { client_id, method, client_secret_as_written: None }
    }

    /// Reads who a request to the token, introspection, revocation or push endpoint says that it comes from. Those
    /// endpoints read it for themselves; a host may want to know before, to slow down whoever guesses at a client's
    /// secret (OAuth 2.1 §2.4.1). What else stands in the `Authorization` header is passed over here, whether the
    /// endpoints do so or not.
    ///
    /// # Errors
    /// The request cannot be read; the endpoint words it.
    pub fn of<B: AsRef<[u8]>>(request: &'a Request<B>) -> Result<Self, EndpointError> {
        let [client_id, client_secret] = form(request)?.params(Self::PARAMETERS);
        let lenient = ClientAuthenticationConfig { ignore_other_schemes: true };
        Self::read(lenient, request.headers(), client_id, client_secret)
    }

    /// What of the body says who the client is.
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

    /// Where in the request that stood.
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

    fn secret(&self) -> Option<&Secret<'a>> {
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
