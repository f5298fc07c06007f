//! A registration that is about to be written, and the host's word on it.

use std::sync::Arc;

use super::config::RegistrationConfig;
use super::error::RegistrationError;
use super::information::ClientInformation;
use crate::consult::{Registration, RegistrationVerdict};
use crate::effect::{Answer, Outage};
use crate::model::Secret;
use crate::record::{Client, DynamicRegistration};
use crate::server::error::EndpointError;
use crate::store::{Change, Commit};

/// The record to be written, and what the client is told once it is.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Planned {
    pub(super) information: ClientInformation,
}

impl Planned {
    pub(super) fn new(
        section: &RegistrationConfig,
        client: Arc<Client>,
        client_secret: Option<Secret<'static>>,
        registration_access_token: Secret<'static>,
    ) -> Self {
        Self { information: ClientInformation::new(section, client, client_secret, registration_access_token) }
    }

    /// Returns what is to be written by the host's word.
    pub(super) fn under(self, answer: Answer<Registration>) -> Result<Self, RegistrationError> {
        match answer {
            Ok(RegistrationVerdict::Register(client)) => {
                let planned = &self.information.client;
                let client = if Arc::ptr_eq(&client, planned) { client } else { Arc::new(changed(planned, &client)) };
                Ok(Self { information: ClientInformation { client, ..self.information } })
            }
            Ok(RegistrationVerdict::Unauthorized) => Err(RegistrationError::Token),
            Ok(RegistrationVerdict::Refuse(refusal)) => Err(RegistrationError::Refused(refusal)),
            Err(cause) => Err(EndpointError::Unavailable(Outage::of::<Registration>(cause)).into()),
        }
    }

    pub(super) fn commit(&self) -> Commit {
        Commit::of(Change::PutClient(Arc::clone(&self.information.client)))
    }
}

/// Returns the host's record, with what the host cannot change.
fn changed(planned: &Client, by_host: &Client) -> Client {
    let own = planned.registration.clone().unwrap_or_default();
    let registration = by_host.registration.clone().unwrap_or_else(|| own.clone());
    Client {
        client_id: planned.client_id.clone(),
        revision: planned.revision,
        authentication: planned.authentication.clone(),
        registration: Some(DynamicRegistration {
            access_token: own.access_token,
            issued_at: own.issued_at,
            ..registration
        }),
        ..by_host.clone()
    }
}
