//! The audit log: the events of the endpoints and pages, as lines in the log and as counts in the metrics.

use std::borrow::Cow;

use grantor::model::{ClientId, Subject};
use grantor::server::{
    AuthorizeDeviceError, EndpointError, Event, PushError, RegistrationError, RevokeError, TokenError,
};
use grantor::store::GrantsOf;
use grantor::{Unavailable, resource};
use serde::Serialize;

use crate::exchange::Exchange;
use crate::log;

/// An event that has a line in the log.
pub trait Audited: Serialize {
    /// The stable name of the event.
    fn name(&self) -> &'static str;

    /// For a refusal, the code that the requester is told, and the exact reason. Neither contains text from the
    /// request.
    fn refusal(&self) -> Option<(Cow<'static, str>, String)> {
        None
    }

    /// Tells if the event is worth a line.
    fn is_worth_a_line(&self) -> bool {
        true
    }
}

/// Writes an event to the log, and counts it.
pub fn audit(event: impl Audited) {
    if !event.is_worth_a_line() {
        return;
    }
    Exchange::with(|exchange| {
        exchange.metrics.happened(event.name());
        if let Some((error, reason)) = event.refusal() {
            exchange.metrics.refused(exchange.endpoint, error, reason);
        }
    });
    // All keys of our events are valid in JSON.
    if let Ok(members) = serde_json::to_string(&event) {
        log::line(&members);
    }
}

/// Counts an event, without a line in the log.
pub(crate) fn count(event: &'static str) {
    Exchange::with(|exchange| exchange.metrics.happened(event));
}

/// The events of the host's own pages and limits.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub enum HostEvent {
    /// Too many attempts have failed at this address, with this client's secret or with the names of clients that do
    /// not exist.
    Throttled {
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<ClientId>,
        seconds: u64,
    },
    /// A person logged in.
    LoggedIn { subject: Subject },
    /// A login failed. Without the user name: sometimes it is a password in the wrong field.
    LoginRefused { reason: &'static str },
    /// A person ended all their sessions.
    LoggedOut { subject: Subject },
    /// A person took back what was allowed.
    GrantsRevoked {
        subject: Option<Subject>,
        client_id: Option<ClientId>,
        grants: Option<usize>,
        error: Option<String>,
    },
    /// The server took too long for an answer.
    RequestTimedOut { endpoint: &'static str },
}

impl HostEvent {
    /// Creates the event of revoking these grants.
    pub fn grants_revoked(of: &GrantsOf, revoked: &Result<usize, Unavailable>) -> Self {
        let (subject, client_id) = match of {
            GrantsOf::Subject(subject) => (Some(subject.clone()), None),
            GrantsOf::Client(client_id) => (None, Some(client_id.clone())),
            GrantsOf::SubjectAndClient(subject, client_id) => (Some(subject.clone()), Some(client_id.clone())),
        };
        let (grants, error) = match revoked {
            Ok(grants) => (Some(*grants), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self::GrantsRevoked { subject, client_id, grants, error }
    }
}

impl Audited for HostEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::LoggedIn { .. } => "logged_in",
            Self::LoginRefused { .. } => "login_refused",
            Self::LoggedOut { .. } => "logged_out",
            Self::GrantsRevoked { .. } => "grants_revoked",
            Self::RequestTimedOut { .. } => "request_timed_out",
        }
    }

    fn refusal(&self) -> Option<(Cow<'static, str>, String)> {
        match self {
            Self::Throttled { .. } => Some(("temporarily_unavailable".into(), "throttled".to_owned())),
            Self::LoginRefused { reason } => Some(("access_denied".into(), (*reason).to_owned())),
            Self::RequestTimedOut { .. } => Some(("temporarily_unavailable".into(), "timed out".to_owned())),
            _ => None,
        }
    }
}

impl Audited for Event {
    fn name(&self) -> &'static str {
        Self::name(self)
    }

    fn refusal(&self) -> Option<(Cow<'static, str>, String)> {
        let (code, reason) = match self {
            // The text is the host's for these, and grantor's for the others.
            Self::TokenRefused { reason: TokenError::ExtensionRefused(_), .. } => {
                ("refused", "by the extension".to_owned())
            }
            Self::TokenRefused { reason, .. } | Self::Replayed { reason, .. } => {
                return Some((reason.code().to_owned().into(), reason.to_string()));
            }
            Self::PushRefused { reason, .. } => return Some((reason.code().to_owned().into(), reason.to_string())),
            Self::RegistrationRefused { reason: RegistrationError::Refused(_), .. } => {
                ("refused", "by the host".to_owned())
            }
            Self::RegistrationRefused { reason, .. } => {
                return Some((reason.code().to_owned().into(), reason.to_string()));
            }
            Self::AuthorizationRefused { reason, .. } => (reason.code(), reason.to_string()),
            Self::PageRefused { reason, .. } => (reason.code(), reason.to_string()),
            Self::IntrospectionRefused { reason, .. } => (reason.code(), reason.to_string()),
            Self::RevocationRefused { reason, .. } => (reason.code(), reason.to_string()),
            Self::DeviceRefused { reason, .. } => (reason.code(), reason.to_string()),
            Self::DevicePageRefused { reason, .. } => (reason.code(), reason.to_string()),
            // The cause is left out, since it is the store's own text.
            Self::Unavailable { outage, .. } => ("unavailable", outage.effect.to_owned()),
            _ => return None,
        };
        Some((code.into(), reason))
    }

    /// A browser's preflight is not a refusal.
    fn is_worth_a_line(&self) -> bool {
        !matches!(
            self,
            Self::TokenRefused { reason: TokenError::Endpoint(EndpointError::Preflight), .. }
                | Self::IntrospectionRefused { reason: EndpointError::Preflight, .. }
                | Self::RevocationRefused { reason: RevokeError::Endpoint(EndpointError::Preflight), .. }
                | Self::PushRefused { reason: PushError::Endpoint(EndpointError::Preflight), .. }
                | Self::RegistrationRefused { reason: RegistrationError::Endpoint(EndpointError::Preflight), .. }
                | Self::DeviceRefused { reason: AuthorizeDeviceError::Endpoint(EndpointError::Preflight), .. }
        )
    }
}

impl Audited for resource::Event {
    fn name(&self) -> &'static str {
        Self::name(self)
    }

    fn refusal(&self) -> Option<(Cow<'static, str>, String)> {
        match self {
            Self::AccessRefused { reason, .. } => Some((reason.code().to_owned().into(), reason.code().to_owned())),
            Self::Unavailable { outage, .. } => Some(("unavailable".into(), outage.effect.to_owned())),
            _ => None,
        }
    }
}
