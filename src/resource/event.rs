//! The events of a protected resource, for audit logs and metrics. No event holds a secret.

use serde::Serialize;

use super::check::CheckReply;
use super::error::AccessError;
use crate::effect::{Outage, Unavailable};
use crate::fetch::Fetch;
use crate::model::{ClientId, GrantId, Subject};

/// The result of a request to a protected resource. As JSON it is an object with a member `event`, its
/// [name](Event::name).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A request was let through.
    #[non_exhaustive]
    Accessed {
        /// The client that holds the token, if known.
        client_id: Option<ClientId>,
        /// The resource owner; `None` if the grant is the client's own, or if it is not known.
        subject: Option<Subject>,
        /// The grant, if the token was looked up in the store.
        grant: Option<GrantId>,
    },
    /// A request was refused.
    #[non_exhaustive]
    AccessRefused {
        /// The exact reason.
        reason: AccessError,
    },
    /// The host could not carry out an effect, or its result cannot be used. The request was not served.
    #[non_exhaustive]
    Unavailable {
        /// The effect, and the cause.
        #[serde(flatten)]
        outage: Outage,
    },
}

impl Event {
    /// The stable name of this kind of event, for a metric's label, say.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accessed { .. } => "accessed",
            Self::AccessRefused { .. } => "access_refused",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl CheckReply {
    /// Returns the event of this reply. It is made on demand, so a host that does not ask pays nothing.
    #[must_use]
    pub fn event(&self) -> Event {
        match self.result.as_ref().map_err(|refusal| refusal.error().clone()) {
            Ok(access) => Event::Accessed {
                client_id: access.client_id().and_then(|text| ClientId::parse(text).ok()),
                subject: access.subject().and_then(|text| Subject::parse(text).ok()),
                grant: access.grant(),
            },
            Err(AccessError::Unavailable(outage)) => Event::Unavailable { outage },
            // Even an answer of the authorization server is an outage if it says nothing about the token.
            Err(AccessError::Introspection(error)) => {
                Event::Unavailable { outage: Outage::of::<Fetch>(Unavailable::new(error)) }
            }
            Err(reason) => Event::AccessRefused { reason },
        }
    }
}
