//! Client authentication: RFC 6749 §2.3, §3.2.1.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, Request};

use super::refusal::{EndpointError, form};
use crate::consult::{Authenticity, ClientSecret};
use crate::model::{Client, ClientAuthentication, ClientId, Secret, SecretPresentation, is_vschar, only};
use crate::wire::{Authorization, AuthorizationHeaderError};

/// How a client presents itself in a request.
#[derive(Clone, Debug)]
pub struct ClientCredentials<'a> {
    /// Who it says it is.
    pub client_id: ClientId,
    /// Its proof. None: a public client, which has none.
    pub client_secret: Option<Secret<'a>>,
    /// Where in the request that stood.
    pub presented_in: PresentedIn,
}

/// Where in a request the client's credentials stood: RFC 6749 §2.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentedIn {
    /// In the `Authorization` header, by the Basic scheme.
    Header,
    /// In the request body.
    Body,
}

/// The client could not be authenticated. The requester is not told more than the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
    #[error("the request uses more than one client authentication method")]
    MultipleMethods,
    /// RFC 6749 §2.3.1: "The parameters [...] MUST NOT be included in the request URI."
    #[error("the client secret must not be in the request URI")]
    SecretInUri,
    /// The request does not say who the client is.
    #[error("the request has no client credentials")]
    Missing,
    /// The identifier or the secret has characters that RFC 6749 appendix A does not allow.
    #[error("malformed client credentials")]
    Malformed,
    /// The header cannot be read.
    #[error("{0}")]
    Header(#[from] AuthorizationHeaderError),
    /// No such client.
    #[error("no such client")]
    Unknown,
    /// RFC 6749 §3.2.1: a confidential client must authenticate.
    #[error("the client did not authenticate")]
    Unauthenticated,
    /// The secret is not the client's.
    #[error("the client secret does not match")]
    SecretMismatch,
    /// The client is registered for another method.
    #[error("the client is registered for another authentication method")]
    OtherMethod,
}

impl ClientError {
    /// OAuth 2.1 §3.2.4 counts multiple credentials, more than one mechanism and misplaced parameters as `invalid_request`.
    pub(super) fn is_invalid_request(self) -> bool {
        matches!(self, Self::MultipleMethods | Self::SecretInUri | Self::Header(AuthorizationHeaderError::Repeated))
    }
}

impl<'a> ClientCredentials<'a> {
    /// Who a request to the token, introspection or revocation endpoint says it comes from. Those endpoints read it for
    /// themselves; a host may want to know before, to slow down whoever guesses at a client's secret (OAuth 2.1 §2.4.1).
    ///
    /// # Errors
    /// The request cannot be read; the endpoint words it.
    pub fn of<B: AsRef<[u8]>>(request: &'a Request<B>) -> Result<Self, EndpointError> {
        let [client_id, client_secret] = form(request)?.params(["client_id", "client_secret"]);
        Ok(Self::read(request.headers(), client_id?, client_secret?)?)
    }

    /// Reads them from the header and from the body's `client_id` and `client_secret`.
    pub(super) fn read(
        headers: &HeaderMap,
        client_id: Option<Cow<'a, str>>,
        client_secret: Option<Cow<'a, str>>,
    ) -> Result<Self, ClientError> {
        let body_id = client_id.map(|id| ClientId::parse(&id).map_err(|_| ClientError::Malformed)).transpose()?;
        let credentials = match Authorization::read(headers)? {
            Some(Authorization::Basic(basic)) => {
                if client_secret.is_some() || body_id.is_some_and(|id| id != basic.client_id) {
                    return Err(ClientError::MultipleMethods);
                }
                let (client_id, client_secret) = (basic.client_id, basic.client_secret);
                Self { client_id, client_secret, presented_in: PresentedIn::Header }
            }
            None => {
                let client_id = body_id.ok_or(ClientError::Missing)?;
                Self { client_id, client_secret: client_secret.map(Secret::new), presented_in: PresentedIn::Body }
            }
        };
        // RFC 6749 appendix A.2: `client-secret = *VSCHAR`
        let is_well_formed = |secret: &Secret<'_>| only(secret.expose(), is_vschar);
        if credentials.client_secret.as_ref().is_some_and(|secret| !is_well_formed(secret)) {
            return Err(ClientError::Malformed);
        }
        Ok(credentials)
    }

    /// Splits off the part that must wait for the client's record.
    pub(super) fn into_claim(self) -> (ClientId, Claim<'a>) {
        (self.client_id, Claim { client_secret: self.client_secret, presented_in: self.presented_in })
    }
}

/// A client's claim to be who it says, not yet checked.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Claim<'a> {
    client_secret: Option<Secret<'a>>,
    presented_in: PresentedIn,
}

/// Witness that a client was authenticated or, if it is public, identified. Only this file makes one.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct Authenticated(Arc<Client>);

impl Authenticated {
    pub(super) fn client(&self) -> &Arc<Client> {
        &self.0
    }

    pub(super) fn into_client(self) -> Arc<Client> {
        self.0
    }

    /// The host's word on a secret that only it can check.
    pub(super) fn by_host(question: &ClientSecret, answer: Authenticity) -> Result<Self, ClientError> {
        match answer {
            Authenticity::Genuine => Ok(Self(Arc::clone(&question.client))),
            Authenticity::Refused => Err(ClientError::SecretMismatch),
        }
    }
}

/// What the record says of a claim.
pub(super) enum Checked {
    Authenticated(Authenticated),
    AskHost(ClientSecret),
}

impl Claim<'_> {
    /// RFC 6749 §3.2.1: "Confidential clients or other clients issued client credentials MUST authenticate with the
    /// authorization server".
    pub(super) fn check(self, client: Option<Arc<Client>>) -> Result<Checked, ClientError> {
        let client = client.ok_or(ClientError::Unknown)?;
        let presented = match client.authentication {
            ClientAuthentication::None => {
                // A secret that nobody issued proves nothing, and its sender is mistaken about who it is.
                let none = self.client_secret.is_none();
                return if none {
                    Ok(Checked::Authenticated(Authenticated(client)))
                } else {
                    Err(ClientError::OtherMethod)
                };
            }
            ClientAuthentication::Secret { presented, .. } | ClientAuthentication::Host { presented } => presented,
        };
        let client_secret = self.client_secret.ok_or(ClientError::Unauthenticated)?;
        match (presented, self.presented_in) {
            (SecretPresentation::Basic, PresentedIn::Body) | (SecretPresentation::Post, PresentedIn::Header) => {
                return Err(ClientError::OtherMethod);
            }
            _ => {}
        }
        match client.authentication {
            ClientAuthentication::Secret { digest, .. } if digest != client_secret.digest() => {
                Err(ClientError::SecretMismatch)
            }
            ClientAuthentication::Host { .. } => {
                let client_secret = client_secret.into_static();
                Ok(Checked::AskHost(ClientSecret { client, client_secret }))
            }
            _ => Ok(Checked::Authenticated(Authenticated(client))),
        }
    }
}
