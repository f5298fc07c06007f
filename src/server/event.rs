//! The events of the authorization server, for audit logs and metrics. No event holds a secret.
//!
//! An event is made from a reply on demand, so a host that does not ask pays nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::authorize::{AuthorizationError, AuthorizationPageError};
use super::device::{AuthorizeDeviceError, DevicePageError};
use super::error::{EndpointError, ErrorReply};
use super::introspect::IntrospectReply;
use super::may_be_outage::MayBeOutage;
use super::par::{PushError, PushReply};
use super::register::RegistrationError;
use super::revoke::{RevokeError, RevokeReply};
use super::token::{TokenError, TokenRefused, TokenReply, TokensIssued};
use crate::effect::Outage;
use crate::model::{
    AuthorizationDetail, AuthorizationDetails, ClientId, ErrorCode, GrantId, GrantType, Scope, Subject,
};

/// The result of a request to the authorization server. As JSON it is an object with a member `event`, its
/// [name](Event::name).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A client pushed an authorization request.
    #[non_exhaustive]
    Pushed {
        /// The client that pushed the request.
        client_id: ClientId,
    },
    /// The pushed authorization request endpoint refused.
    #[non_exhaustive]
    PushRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// The exact reason.
        reason: PushError,
    },
    /// An authorization request is valid; the resource owner is asked.
    #[non_exhaustive]
    Asked {
        /// The client that asks.
        client_id: ClientId,
        /// The scope that the client asks for.
        scope: Scope,
        /// The types of the authorization details, which may be about people and are not shown ([RFC 9396]).
        ///
        /// [RFC 9396]: https://www.rfc-editor.org/rfc/rfc9396
        #[serde(skip_serializing_if = "Vec::is_empty")]
        authorization_details_types: Vec<String>,
    },
    /// A device was given a device code and a user code.
    #[non_exhaustive]
    DeviceStarted {
        /// The client on the device.
        client_id: ClientId,
    },
    /// The device authorization endpoint refused.
    #[non_exhaustive]
    DeviceRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// The exact reason.
        reason: AuthorizeDeviceError,
    },
    /// A device polled before the person decided. There are as many of these as there are polls.
    #[non_exhaustive]
    Polled {
        /// The client on the device.
        client_id: ClientId,
        /// True if it polls too often, and was told to slow down.
        slow_down: bool,
    },
    /// The verification page showed an error to the person: a user code that no device shows now, perhaps a guess.
    #[non_exhaustive]
    DevicePageRefused {
        /// The client on the device, if it is known.
        client_id: Option<ClientId>,
        /// The exact reason.
        reason: DevicePageError,
    },
    /// A resource owner authorized a client: an authorization code was issued, or a device may have its tokens.
    #[non_exhaustive]
    Authorized {
        /// The client that was authorized.
        client_id: ClientId,
        /// The grant that was opened.
        grant: GrantId,
        /// The resource owner.
        subject: Option<Subject>,
        /// The scope that was authorized.
        scope: Scope,
        /// The types of the authorization details, which may be about people and are not shown ([RFC 9396]).
        ///
        /// [RFC 9396]: https://www.rfc-editor.org/rfc/rfc9396
        #[serde(skip_serializing_if = "Vec::is_empty")]
        authorization_details_types: Vec<String>,
    },
    /// Tokens were issued.
    #[non_exhaustive]
    Issued {
        /// The client that received the tokens.
        client_id: ClientId,
        /// The grant type by which the client asked.
        grant_type: GrantType,
        /// The grant that the tokens stand for.
        grant: GrantId,
        /// The resource owner; `None` if the grant is the client's own.
        subject: Option<Subject>,
        /// The scope of the access token.
        scope: Scope,
        /// The types of the authorization details, which may be about people and are not shown ([RFC 9396]).
        ///
        /// [RFC 9396]: https://www.rfc-editor.org/rfc/rfc9396
        #[serde(skip_serializing_if = "Vec::is_empty")]
        authorization_details_types: Vec<String>,
        /// True if a refresh token was issued.
        refresh_token: bool,
        /// True if the refresh token in the request had been used before, within its grace period: a retry, the loser
        /// of a race, or a quick thief.
        within_grace: bool,
    },
    /// An authorization request was refused, or its decision led to an error. The client is told by redirect; if the
    /// request was erroneous, after the resource owner has logged in.
    #[non_exhaustive]
    AuthorizationRefused {
        /// The client that sent the request.
        client_id: ClientId,
        /// The exact reason.
        reason: AuthorizationError,
    },
    /// The client was told the refusal of its authorization request.
    #[non_exhaustive]
    RefusalSent {
        /// The client that was told.
        client_id: ClientId,
        /// The error code that the client was told.
        error: ErrorCode,
    },
    /// The authorization endpoint showed an error to the person, since the client or the redirect URI is not proven.
    #[non_exhaustive]
    PageRefused {
        /// The client that the request named, if any.
        client_id: Option<ClientId>,
        /// The exact reason.
        reason: AuthorizationPageError,
    },
    /// The token endpoint refused.
    #[non_exhaustive]
    TokenRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// The exact reason.
        reason: TokenError,
    },
    /// A spent code or refresh token was presented in a request that was valid otherwise, and the grant is revoked for
    /// it. The token may be stolen, or the client retries where it must not.
    ///
    /// One replay is one event. Of requests that race for one code, each but the winner has one, and they name the same
    /// grant. Once that is revoked, a further replay is a [`TokenRefused`](Self::TokenRefused) with the same reason.
    #[non_exhaustive]
    Replayed {
        /// The client that presented the credential.
        client_id: ClientId,
        /// The grant that was revoked.
        grant: GrantId,
        /// The error, by which the replayed credential is known.
        reason: TokenError,
    },
    /// A resource server or client asked about a token.
    #[non_exhaustive]
    Introspected {
        /// The client or resource server that asked.
        client_id: ClientId,
        /// True if the response described an active token.
        active: bool,
    },
    /// The introspection endpoint refused.
    #[non_exhaustive]
    IntrospectionRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// The exact reason.
        reason: EndpointError,
    },
    /// A client revoked a token.
    #[non_exhaustive]
    Revoked {
        /// The client that revoked the token.
        client_id: ClientId,
        /// The grant of the token; `None` if there was no such token. Revoking a refresh token revokes its whole grant.
        grant: Option<GrantId>,
    },
    /// The revocation endpoint refused.
    #[non_exhaustive]
    RevocationRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// The exact reason.
        reason: RevokeError,
    },
    /// A client registered itself.
    #[non_exhaustive]
    Registered {
        /// The client's new identifier.
        client_id: ClientId,
        /// True if it came without an initial access token.
        is_self_registered: bool,
    },
    /// A client read its registration.
    #[non_exhaustive]
    RegistrationRead {
        /// The client.
        client_id: ClientId,
    },
    /// A client changed its registration.
    #[non_exhaustive]
    RegistrationUpdated {
        /// The client.
        client_id: ClientId,
    },
    /// A client deleted itself.
    #[non_exhaustive]
    RegistrationDeleted {
        /// The client, which is disabled now.
        client_id: ClientId,
    },
    /// The registration endpoint or a client configuration endpoint refused.
    #[non_exhaustive]
    RegistrationRefused {
        /// The client that the request is about, proven or not.
        client_id: Option<ClientId>,
        /// The exact reason.
        reason: RegistrationError,
    },
    /// The host could not carry out an effect. Nothing was issued.
    #[non_exhaustive]
    Unavailable {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
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
            Self::Pushed { .. } => "pushed",
            Self::PushRefused { .. } => "push_refused",
            Self::Asked { .. } => "asked",
            Self::DeviceStarted { .. } => "device_started",
            Self::DeviceRefused { .. } => "device_refused",
            Self::Polled { .. } => "polled",
            Self::DevicePageRefused { .. } => "device_page_refused",
            Self::Authorized { .. } => "authorized",
            Self::Issued { .. } => "issued",
            Self::AuthorizationRefused { .. } => "authorization_refused",
            Self::RefusalSent { .. } => "refusal_sent",
            Self::PageRefused { .. } => "page_refused",
            Self::TokenRefused { .. } => "token_refused",
            Self::Replayed { .. } => "replayed",
            Self::Introspected { .. } => "introspected",
            Self::IntrospectionRefused { .. } => "introspection_refused",
            Self::Revoked { .. } => "revoked",
            Self::RevocationRefused { .. } => "revocation_refused",
            Self::Registered { .. } => "registered",
            Self::RegistrationRead { .. } => "registration_read",
            Self::RegistrationUpdated { .. } => "registration_updated",
            Self::RegistrationDeleted { .. } => "registration_deleted",
            Self::RegistrationRefused { .. } => "registration_refused",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl TokenReply {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Ok(TokensIssued { response, grant, grant_type, basis }) => Event::Issued {
                client_id: grant.client_id.clone(),
                grant_type: grant_type.clone(),
                grant: grant.id,
                subject: grant.subject.clone(),
                scope: response.scope.clone(),
                authorization_details_types: types(&response.authorization_details),
                refresh_token: response.refresh_token.is_some(),
                within_grace: basis.is_retry(),
            },
            Err(TokenRefused { reply: ErrorReply { client_id, error, .. }, replayed }) => match (replayed, client_id) {
                (Some(grant), Some(client_id)) => {
                    Event::Replayed { client_id: client_id.clone(), grant: *grant, reason: error.clone() }
                }
                (None, Some(client_id)) if matches!(error, TokenError::AuthorizationPending | TokenError::SlowDown) => {
                    Event::Polled { client_id: client_id.clone(), slow_down: *error == TokenError::SlowDown }
                }
                _ => Event::refused(client_id, error, |client_id, reason| Event::TokenRefused { client_id, reason }),
            },
        }
    }
}

impl PushReply {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Ok((client_id, _)) => Event::Pushed { client_id: client_id.clone() },
            Err(ErrorReply { client_id, error, .. }) => {
                Event::refused(client_id, error, |client_id, reason| Event::PushRefused { client_id, reason })
            }
        }
    }
}

impl IntrospectReply {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Ok((client_id, active)) => Event::Introspected { client_id: client_id.clone(), active: active.is_some() },
            Err(ErrorReply { client_id, error, .. }) => {
                Event::refused(client_id, error, |client_id, reason| Event::IntrospectionRefused { client_id, reason })
            }
        }
    }
}

impl RevokeReply {
    /// Returns the event of this reply.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Ok((client_id, grant)) => Event::Revoked { client_id: client_id.clone(), grant: *grant },
            Err(ErrorReply { client_id, error, .. }) => {
                Event::refused(client_id, error, |client_id, reason| Event::RevocationRefused { client_id, reason })
            }
        }
    }
}

/// Returns the types of authorization details, each once.
pub(super) fn types(details: &AuthorizationDetails) -> Vec<String> {
    let types: BTreeSet<_> = details.iter().map(AuthorizationDetail::detail_type).collect();
    types.into_iter().map(str::to_owned).collect()
}

impl Event {
    pub(super) fn refused<E: MayBeOutage>(
        client_id: &Option<ClientId>,
        error: &E,
        refused: impl FnOnce(Option<ClientId>, E) -> Self,
    ) -> Self {
        match error.outage() {
            Some(outage) => Self::Unavailable { client_id: client_id.clone(), outage: outage.clone() },
            None => refused(client_id.clone(), error.clone()),
        }
    }
}
