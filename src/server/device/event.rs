//! The events of the device grant's replies.

use super::prompt::DevicePrompt;
use super::reply::{AuthorizeDeviceReply, Decided, DeviceDecisionReply};
use super::verify::VerifyUserCodeReply;
use crate::server::error::ErrorReply;
use crate::server::event::{Event, types};

impl AuthorizeDeviceReply {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Ok((client_id, _)) => Event::DeviceStarted { client_id: client_id.clone() },
            Err(ErrorReply { client_id, error, .. }) => {
                Event::refused(client_id, error, |client_id, reason| Event::DeviceRefused { client_id, reason })
            }
        }
    }
}

impl VerifyUserCodeReply {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match self {
            Self::Ask(DevicePrompt { client_id, asked, .. }) => Event::Asked {
                client_id: client_id.clone(),
                scope: asked.scope.clone(),
                authorization_details_types: types(&asked.authorization_details),
            },
            Self::Refuse(error) => {
                Event::refused(&None, error, |client_id, reason| Event::DevicePageRefused { client_id, reason })
            }
        }
    }
}

impl DeviceDecisionReply {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        let client_id = self.client_id.clone();
        match &self.outcome {
            Ok(Decided::Approved(grant)) => Event::Authorized {
                client_id,
                grant: grant.id,
                subject: grant.subject.clone(),
                scope: grant.scope.clone(),
                authorization_details_types: types(&grant.authorization_details),
            },
            Ok(Decided::Denied(error)) => Event::AuthorizationRefused { client_id, reason: error.clone() },
            Err(error) => Event::refused(&Some(client_id), error, |client_id, reason| Event::DevicePageRefused {
                client_id,
                reason,
            }),
        }
    }
}
