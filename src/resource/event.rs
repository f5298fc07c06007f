//! What happened at a protected resource, for audit logs and metrics. No event holds a secret.

use serde::Serialize;

use super::check::CheckReply;
use super::error::AccessError;
use crate::effect::{Outage, Unavailable};
use crate::fetch::Fetch;
use crate::model::{ClientId, GrantId, Subject};

/// What a request to a protected resource came to. As JSON it is an object with a member `event`, its
/// [name](Event::name).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A request was let through.
    #[non_exhaustive]
    Accessed {
        /// The client that holds the token, if it is known.
        client_id: Option<ClientId>,
        /// Whose grant it is; `None` if it is the client's own, or not known.
        subject: Option<Subject>,
        /// The grant, if the token was looked up in the store.
        grant: Option<GrantId>,
    },
    /// A request was refused.
    #[non_exhaustive]
    AccessRefused {
        /// Why, exactly.
        reason: AccessError,
    },
    /// The host could not carry out an effect, or what it fetched cannot be used. Nobody was let through.
    #[non_exhaustive]
    Unavailable {
        /// Which effect, and why.
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
    /// Tells what happened. The event is made here and not before, so that whoever does not ask for it pays nothing.
    #[must_use]
    pub fn event(&self) -> Event {
        match self.result.as_ref().map_err(|refusal| refusal.error().clone()) {
            Ok(access) => Event::Accessed {
                client_id: access.client_id().and_then(|text| ClientId::parse(text).ok()),
                subject: access.subject().and_then(|text| Subject::parse(text).ok()),
                grant: access.grant(),
            },
            Err(AccessError::Unavailable(outage)) => Event::Unavailable { outage },
            // It says nothing about the token: an outage, though the authorization server did answer something.
            Err(AccessError::Introspection(error)) => {
                Event::Unavailable { outage: Outage::of::<Fetch>(Unavailable::new(error)) }
            }
            Err(reason) => Event::AccessRefused { reason },
        }
    }
}
