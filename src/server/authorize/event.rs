//! The events of the authorization endpoint's replies.

use super::AuthorizeReply;
use super::error::{AuthorizationError, AuthorizationPageError};
use super::refusal::Refusal;
use super::response::{AuthorizationResponse, Outcome};
use crate::server::event::{Event, types};

impl AuthorizeReply {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match self {
            Self::Ask(prompt) => {
                let (client_id, scope) = (prompt.recipient.client_id.clone(), prompt.asked.scope.clone());
                let authorization_details_types = types(&prompt.asked.authorization_details);
                Event::Asked { client_id, scope, authorization_details_types }
            }
            Self::Refuse(Refusal { recipient, error, reason, .. }) => match reason.clone() {
                Some(reason) => Event::AuthorizationRefused { client_id: recipient.client_id.clone(), reason },
                None => Event::RefusalSent { client_id: recipient.client_id.clone(), error: error.clone() },
            },
            Self::Respond(response) => response.event(),
        }
    }
}

impl AuthorizationResponse {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Outcome::Authorized { grant, .. } => Event::Authorized {
                client_id: grant.client_id.clone(),
                grant: grant.id,
                subject: grant.subject.clone(),
                scope: grant.scope.clone(),
                authorization_details_types: types(&grant.authorization_details),
            },
            Outcome::Issued { grant, scope, .. } => Event::Issued {
                client_id: grant.client_id.clone(),
                grant_type: grant.grant_type.clone(),
                grant: grant.id,
                subject: grant.subject.clone(),
                scope: scope.clone(),
                authorization_details_types: types(&grant.authorization_details),
                refresh_token: false,
                within_grace: false,
            },
            Outcome::Refused { client_id, error: AuthorizationError::Unavailable(outage), .. } => {
                Event::Unavailable { client_id: Some(client_id.clone()), outage: outage.clone() }
            }
            Outcome::Refused { client_id, error, .. } => {
                Event::AuthorizationRefused { client_id: client_id.clone(), reason: error.clone() }
            }
            Outcome::Told { client_id, error, .. } => {
                Event::RefusalSent { client_id: client_id.clone(), error: error.clone() }
            }
            Outcome::Page { client_id, error: AuthorizationPageError::Unavailable(outage) } => {
                Event::Unavailable { client_id: client_id.clone(), outage: outage.clone() }
            }
            Outcome::Page { client_id, error } => {
                Event::PageRefused { client_id: client_id.clone(), reason: error.clone() }
            }
        }
    }
}
