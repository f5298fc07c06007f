//! A registration that is about to be written, and the host's word on it.

use std::sync::Arc;

use super::error::RegistrationError;
use super::information::ClientInformation;
use crate::consult::{Registration, RegistrationVerdict};
use crate::effect::{Answer, Outage};
use crate::record::{Client, DynamicRegistration};
use crate::server::error::EndpointError;
use crate::store::{Change, Commit};

impl ClientInformation {
    /// Returns what is to be written by the host's word.
    pub(super) fn under(self, answer: Answer<Registration>) -> Result<Self, RegistrationError> {
        match answer {
            Ok(RegistrationVerdict::Register(client)) => {
                let planned = &self.client;
                let client = if Arc::ptr_eq(&client, planned) { client } else { Arc::new(changed(planned, &client)) };
                Ok(Self { client, ..self })
            }
            Ok(RegistrationVerdict::Unauthorized) => Err(RegistrationError::Token),
            Ok(RegistrationVerdict::Refuse(refusal)) => Err(RegistrationError::Refused(refusal)),
            Err(cause) => Err(EndpointError::Unavailable(Outage::of::<Registration>(cause)).into()),
        }
    }

    /// Returns the commit that writes the record.
    pub(super) fn commit(&self) -> Commit {
        Commit::of(Change::PutClient(Arc::clone(&self.client)))
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
