//! The replies of dynamic registration: [RFC 7591 §3.2], [RFC 7592 §2].
//!
//! [RFC 7591 §3.2]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2
//! [RFC 7592 §2]: https://www.rfc-editor.org/rfc/rfc7592#section-2

use http::{Response, StatusCode};

use super::error::RegistrationError;
use super::information::ClientInformation;
use crate::model::ClientId;
use crate::server::cross_origin::Reader;
use crate::server::event::Event;
use crate::store::GrantsOf;
use crate::wire::{empty, json};

/// The response of the registration endpoint, before it is written as HTTP.
#[derive(Debug)]
#[must_use = "the reply is what the client waits for"]
pub struct RegisterReply {
    pub(super) outcome: Result<ClientInformation, RegistrationError>,
    pub(super) reader: Reader,
}

impl RegisterReply {
    /// The registration, or the error.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<&ClientInformation, &RegistrationError> {
        self.outcome.as_ref()
    }

    /// Returns the HTTP response: [RFC 7591 §3.2.1], [§3.2.2].
    ///
    /// [RFC 7591 §3.2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1
    /// [§3.2.2]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        self.reader.shown(match self.outcome {
            // RFC 7591 §3.2.1: "The successful registration response uses an HTTP 201 Created status code with a body
            // of type "application/json"".
            Ok(information) => json(StatusCode::CREATED, &information),
            Err(error) => error.into_http("POST"),
        })
    }

    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Ok(ClientInformation { client, .. }) => Event::Registered {
                client_id: client.client_id.clone(),
                is_self_registered: client.is_self_registered(),
            },
            Err(error) => refused(&None, error),
        }
    }
}

/// The response of a client configuration endpoint, before it is written as HTTP.
#[derive(Debug)]
#[must_use = "the reply is what the client waits for, and a deleted client's grants are still there"]
pub struct ConfigureReply {
    pub(super) outcome: Result<Configured, (Option<ClientId>, RegistrationError)>,
    pub(super) reader: Reader,
}

/// The result of a request to a client configuration endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Configured {
    /// The registration was read: [RFC 7592 §2.1].
    ///
    /// [RFC 7592 §2.1]: https://www.rfc-editor.org/rfc/rfc7592#section-2.1
    Read(ClientInformation),
    /// The registration was changed: [RFC 7592 §2.2].
    ///
    /// [RFC 7592 §2.2]: https://www.rfc-editor.org/rfc/rfc7592#section-2.2
    Updated(ClientInformation),
    /// The client was deleted: [RFC 7592 §2.3].
    ///
    /// [RFC 7592 §2.3]: https://www.rfc-editor.org/rfc/rfc7592#section-2.3
    Deleted(ClientId),
}

impl ConfigureReply {
    /// The result, or the error.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<&Configured, &RegistrationError> {
        self.outcome.as_ref().map_err(|(_, error)| error)
    }

    /// The grants that the host has to revoke before it sends the response, if the client was deleted:
    /// [`revoke_grants`](crate::store::GrantStore::revoke_grants). [RFC 7592 §2.3]: "If possible, the authorization
    /// server SHOULD immediately invalidate all existing authorization grants and currently active access tokens, all
    /// refresh tokens, and all other tokens associated with this client."
    ///
    /// The client itself is off by then: its secret, its codes and its refresh tokens are refused, introspection
    /// reports its tokens as inactive, and nothing more is issued to it. What is left are the access tokens at resource
    /// servers that read the store and no clients. If the revocation fails, answer 503 in place of the response: access
    /// tokens that are left end by themselves.
    ///
    /// ```
    /// use grantor::store::{GrantStore, GrantsOf};
    /// use grantor::{Timestamp, Unavailable, server::ConfigureReply};
    ///
    /// fn end_grants(reply: &ConfigureReply, store: &impl GrantStore, now: Timestamp) -> Result<(), Unavailable> {
    ///     reply.grants_to_end().map_or(Ok(0), |grants: GrantsOf| store.revoke_grants(&grants, now)).map(drop)
    /// }
    /// ```
    ///
    /// [RFC 7592 §2.3]: https://www.rfc-editor.org/rfc/rfc7592#section-2.3
    #[must_use]
    pub fn grants_to_end(&self) -> Option<GrantsOf> {
        match &self.outcome {
            Ok(Configured::Deleted(client_id)) => Some(GrantsOf::Client(client_id.clone())),
            _ => None,
        }
    }

    /// Returns the HTTP response: [RFC 7592 §2.1] to [§2.3].
    ///
    /// [RFC 7592 §2.1]: https://www.rfc-editor.org/rfc/rfc7592#section-2.1
    /// [§2.3]: https://www.rfc-editor.org/rfc/rfc7592#section-2.3
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        self.reader.shown(match self.outcome {
            Ok(Configured::Read(information) | Configured::Updated(information)) => json(StatusCode::OK, &information),
            // RFC 7592 §2.3: "If a client has been successfully deprovisioned, the authorization server MUST respond
            // with an HTTP 204 No Content message."
            Ok(Configured::Deleted(_)) => empty(StatusCode::NO_CONTENT),
            // RFC 7592 §2: "If an authorization server does not support a particular method on the client configuration
            // endpoint, it MUST respond with the appropriate error code."
            Err((_, error)) => error.into_http("GET, PUT, DELETE"),
        })
    }

    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Ok(Configured::Read(ClientInformation { client, .. })) => {
                Event::RegistrationRead { client_id: client.client_id.clone() }
            }
            Ok(Configured::Updated(ClientInformation { client, .. })) => {
                Event::RegistrationUpdated { client_id: client.client_id.clone() }
            }
            Ok(Configured::Deleted(client_id)) => Event::RegistrationDeleted { client_id: client_id.clone() },
            Err((client_id, error)) => refused(client_id, error),
        }
    }
}

fn refused(client_id: &Option<ClientId>, error: &RegistrationError) -> Event {
    Event::refused(client_id, error, |client_id, reason| Event::RegistrationRefused { client_id, reason })
}
