//! The authentication that every endpoint for clients starts with: one lookup, for the client and the presented
//! credential, and one question if only the host can check the secret.

use super::authenticated::Authenticated;
use super::presented::{ClientAuthentication, ClientAuthenticationMethod};
use super::secret::{Checked, by_host, check};
use crate::consult::ClientSecret;
use crate::effect::{Answer, Outage};
use crate::model::{ClientId, Key, Secret};
use crate::server::error::{ClientError, EndpointError};
use crate::step::{Machine, Pause, Step};
use crate::store::{Found, Lookup, RequestKey};

/// The continuation of an endpoint once its client is authenticated or refused. Implemented by grantor's endpoints.
pub trait ClientEndpoint: Sized + Send + Sync {
    /// The endpoint's machine.
    type Machine: Machine<ClientSecret = AuthenticateClientSecret<Self>>;

    /// Continues for an authenticated client.
    fn authenticated(self, client: Authenticated, found: &Found) -> Step<Self::Machine>;

    /// Refuses a client that is not authenticated, or cannot be.
    fn refused(self, client_id: ClientId, error: EndpointError) -> Step<Self::Machine>;

    /// Continues for a client that is not in the store and presents no secret. It is refused, unless the endpoint takes
    /// clients that are identified by their metadata documents.
    fn unregistered(self, client_id: ClientId, found: Found) -> Step<Self::Machine> {
        drop(found);
        self.refused(client_id, ClientError::Unknown.into())
    }
}

/// Waits for the records of the client and of the presented credential.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "it holds what was presented")]
pub struct AuthenticateLookup<'a, E> {
    lookup: Lookup,
    client_id: ClientId,
    method: ClientAuthenticationMethod<'a>,
    client_secret_as_written: Option<Secret<'a>>,
    endpoint: E,
}

impl<'a, E: ClientEndpoint> AuthenticateLookup<'a, E> {
    /// Looks up the client and the presented credential.
    pub(in crate::server) fn new(client: ClientAuthentication<'a>, presented: Option<Key>, endpoint: E) -> Self {
        let ClientAuthentication { client_id, method, client_secret_as_written } = client;
        let credentials = presented.into_iter().collect();
        let lookup = Lookup { client: Some(client_id.clone()), credentials, request: None };
        Self { lookup, client_id, method, client_secret_as_written, endpoint }
    }

    /// Looks up a pending request too.
    pub(in crate::server) fn with_request(self, request: Option<Key>) -> Self {
        let request = request.map(RequestKey::Key);
        Self { lookup: Lookup { request, ..self.lookup }, ..self }
    }
}

impl<E: ClientEndpoint> Pause<Lookup> for AuthenticateLookup<'_, E> {
    type Machine = E::Machine;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<E::Machine> {
        let Self { client_id, method, client_secret_as_written, endpoint, .. } = self;
        let mut found = match answer {
            Ok(found) => found,
            Err(cause) => {
                return endpoint.refused(client_id, EndpointError::Unavailable(Outage::of::<Lookup>(cause)));
            }
        };
        let client = found.take_client(&client_id);
        if client.is_none() && method.secret().is_none() {
            return endpoint.unregistered(client_id, found);
        }
        match check(method, client_secret_as_written, client) {
            Ok(Checked::Authenticated(client)) => endpoint.authenticated(client, &found),
            Ok(Checked::AskHost(question)) => {
                Step::ClientSecret(AuthenticateClientSecret { question, found, endpoint })
            }
            Err(error) => endpoint.refused(client_id, error.into()),
        }
    }
}

/// Waits for the host to check the client's secret.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "it holds what was presented")]
pub struct AuthenticateClientSecret<E> {
    question: ClientSecret,
    found: Found,
    endpoint: E,
}

impl<E: ClientEndpoint> Pause<ClientSecret> for AuthenticateClientSecret<E> {
    type Machine = E::Machine;

    fn effect(&self) -> &ClientSecret {
        &self.question
    }

    fn resume(self, answer: Answer<ClientSecret>) -> Step<E::Machine> {
        let Self { question, found, endpoint } = self;
        let client_id = question.client.client_id.clone();
        let authenticated = match answer {
            Ok(answer) => by_host(question, answer).map_err(EndpointError::from),
            Err(cause) => Err(EndpointError::Unavailable(Outage::of::<ClientSecret>(cause))),
        };
        match authenticated {
            Ok(client) => endpoint.authenticated(client, &found),
            Err(error) => endpoint.refused(client_id, error),
        }
    }
}
