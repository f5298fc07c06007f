//! What happened at the authorization server, for audit logs and metrics. No event holds a secret.
//!
//! An event is made of a reply when it is asked for, so a host that does not ask pays nothing.

use serde::Serialize;

use super::authorize::{
    AuthorizationError, AuthorizationPageError, AuthorizationResponse, AuthorizeReply, Outcome, Refusal,
};
use super::error::{EndpointError, ErrorReply};
use super::introspect::IntrospectReply;
use super::par::{PushError, PushReply};
use super::revoke::{RevokeError, RevokeReply};
use super::token::{TokenError, TokenRefused, TokenReply, TokensIssued};
use crate::effect::Outage;
use crate::model::{ClientId, ErrorCode, GrantId, GrantType, Scope, Subject};

/// What a request to the authorization server came to. As JSON it is an object with a member `event`, its
/// [name](Event::name).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A client pushed an authorization request.
    #[non_exhaustive]
    Pushed {
        /// The client.
        client_id: ClientId,
    },
    /// The pushed authorization request endpoint refused.
    #[non_exhaustive]
    PushRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: PushError,
    },
    /// An authorization request is sound; the resource owner is asked.
    #[non_exhaustive]
    Asked {
        /// The client that asks.
        client_id: ClientId,
        /// What it asks for.
        scope: Scope,
    },
    /// A resource owner authorized a client: an authorization code was issued.
    #[non_exhaustive]
    Authorized {
        /// The client.
        client_id: ClientId,
        /// The grant that was opened.
        grant: GrantId,
        /// Who authorized.
        subject: Option<Subject>,
        /// What was authorized.
        scope: Scope,
    },
    /// Tokens were issued.
    #[non_exhaustive]
    Issued {
        /// The client.
        client_id: ClientId,
        /// On what grounds.
        grant_type: GrantType,
        /// The grant that they stand for.
        grant: GrantId,
        /// Whose it is; `None` if it is the client's own.
        subject: Option<Subject>,
        /// The scope of the access token.
        scope: Scope,
        /// Whether there is a refresh token.
        refresh_token: bool,
        /// Whether they were issued for a refresh token that had been used before, within its grace: a retry, the loser
        /// of a race, or a quick thief.
        within_grace: bool,
    },
    /// An authorization request was refused, or what was decided about it came to an error. The client is told by
    /// redirect; where the request was wrong, once the resource owner has logged in.
    #[non_exhaustive]
    AuthorizationRefused {
        /// The client.
        client_id: ClientId,
        /// Why, exactly.
        reason: AuthorizationError,
    },
    /// The client was told why its authorization request had been refused.
    #[non_exhaustive]
    RefusalSent {
        /// The client.
        client_id: ClientId,
        /// What it was told.
        error: ErrorCode,
    },
    /// The authorization endpoint showed an error to the person, since client or redirect URI are not proven.
    #[non_exhaustive]
    PageRefused {
        /// The client that was named, if it was.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: AuthorizationPageError,
    },
    /// The token endpoint refused.
    #[non_exhaustive]
    TokenRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: TokenError,
    },
    /// A spent code or refresh token was presented by a request that was valid otherwise. The grant is revoked.
    /// Somebody may have stolen it, or a client retries what it must not.
    #[non_exhaustive]
    Replayed {
        /// The client.
        client_id: ClientId,
        /// The grant that is dead now.
        grant: GrantId,
        /// What was replayed.
        reason: TokenError,
    },
    /// A resource server or client asked about a token.
    #[non_exhaustive]
    Introspected {
        /// Who asked.
        client_id: ClientId,
        /// Whether it was told of an active token.
        active: bool,
    },
    /// The introspection endpoint refused.
    #[non_exhaustive]
    IntrospectionRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: EndpointError,
    },
    /// A client gave up a token.
    #[non_exhaustive]
    Revoked {
        /// The client.
        client_id: ClientId,
        /// The grant of the token; `None` if there was no such token. A refresh token takes its whole grant with it.
        grant: Option<GrantId>,
    },
    /// The revocation endpoint refused.
    #[non_exhaustive]
    RevocationRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: RevokeError,
    },
    /// The host could not carry out an effect. Nothing was issued.
    #[non_exhaustive]
    Unavailable {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
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
            Self::Pushed { .. } => "pushed",
            Self::PushRefused { .. } => "push_refused",
            Self::Asked { .. } => "asked",
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
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl AuthorizeReply {
    /// Tells what happened.
    #[must_use]
    pub fn event(&self) -> Event {
        match self {
            Self::Ask(prompt) => {
                Event::Asked { client_id: prompt.recipient.client_id.clone(), scope: prompt.asked.scope.clone() }
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
    /// Tells what happened.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Outcome::Authorized { grant, .. } => Event::Authorized {
                client_id: grant.client_id.clone(),
                grant: grant.id,
                subject: grant.subject.clone(),
                scope: grant.scope.clone(),
            },
            Outcome::Issued { grant, scope, .. } => Event::Issued {
                client_id: grant.client_id.clone(),
                grant_type: grant.grant_type.clone(),
                grant: grant.id,
                subject: grant.subject.clone(),
                scope: scope.clone(),
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

impl TokenReply {
    /// Tells what happened.
    #[must_use]
    pub fn event(&self) -> Event {
        match &self.outcome {
            Ok(TokensIssued { response, grant, grant_type, basis }) => Event::Issued {
                client_id: grant.client_id.clone(),
                grant_type: grant_type.clone(),
                grant: grant.id,
                subject: grant.subject.clone(),
                scope: response.scope.clone(),
                refresh_token: response.refresh_token.is_some(),
                within_grace: basis.is_retry(),
            },
            Err(TokenRefused { reply: ErrorReply { client_id, error, .. }, replayed }) => match (replayed, client_id) {
                (Some(grant), Some(client_id)) => {
                    Event::Replayed { client_id: client_id.clone(), grant: *grant, reason: error.clone() }
                }
                _ => Event::refused(client_id, error, |client_id, reason| Event::TokenRefused { client_id, reason }),
            },
        }
    }
}

impl PushReply {
    /// Tells what happened.
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
    /// Tells what happened.
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
    /// Tells what happened.
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

/// An error that may be an outage.
trait MayBeOutage: Clone {
    fn outage(&self) -> Option<&Outage>;
}

/// The errors that have a variant for those of every endpoint.
macro_rules! may_be_outage {
    ($($error:ident: $pattern:pat => $outage:ident;)*) => {$(
        impl MayBeOutage for $error {
            fn outage(&self) -> Option<&Outage> {
                match self {
                    $pattern => Some($outage),
                    _ => None,
                }
            }
        }
    )*};
}
may_be_outage! {
    EndpointError: Self::Unavailable(outage) => outage;
    TokenError: Self::Endpoint(EndpointError::Unavailable(outage)) => outage;
    RevokeError: Self::Endpoint(EndpointError::Unavailable(outage)) => outage;
    PushError: Self::Endpoint(EndpointError::Unavailable(outage)) => outage;
}

impl Event {
    fn refused<E: MayBeOutage>(
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
