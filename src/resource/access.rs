//! What a token that is good stands for.

use std::sync::Arc;

use http::HeaderValue;
use serde_json::Value;

use crate::model::{GrantId, Scope, Subject, Timestamp};
use crate::record::{Credential, CredentialKind, Grant, is_registered_claim};
use crate::wire::Introspection;

/// A request may be served: on whose behalf, and for what its token is good. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Access {
    source: Source,
    in_query: bool,
}

/// Where what is known of the token comes from.
#[derive(Clone, Debug)]
enum Source {
    Store { credential: Arc<Credential>, grant: Arc<Grant> },
    Introspection(Arc<Introspection>),
}

impl Access {
    pub(super) fn stored(credential: Arc<Credential>, grant: Arc<Grant>) -> Self {
        Self { source: Source::Store { credential, grant }, in_query: false }
    }

    pub(super) fn introspected(introspection: Arc<Introspection>) -> Self {
        Self { source: Source::Introspection(introspection), in_query: false }
    }

    pub(super) fn presented(self, in_query: bool) -> Self {
        Self { in_query, ..self }
    }

    /// The resource owner (`sub`); `None` where the client acts for itself, or where the authorization server does not
    /// say, or says what cannot be read: see [`Access::unreadable`].
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        match &self.source {
            Source::Store { grant, .. } => grant.subject.as_ref().map(Subject::as_str),
            Source::Introspection(introspection) => introspection.sub.as_deref(),
        }
    }

    /// The client that the token was issued to; `None` where the authorization server does not say.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match &self.source {
            Source::Store { grant, .. } => Some(grant.client_id.as_str()),
            Source::Introspection(introspection) => introspection.client_id.as_deref(),
        }
    }

    /// All that the token is good for, which may be more than was required.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        match &self.source {
            Source::Store { credential, .. } => &credential.scope,
            Source::Introspection(introspection) => introspection.scope.as_ref().unwrap_or(&Scope::EMPTY),
        }
    }

    /// The protected resources that the token is for; none of them: not restricted to any.
    pub fn audience(&self) -> impl Iterator<Item = &str> + Clone {
        let (stored, introspected) = match &self.source {
            Source::Store { credential, .. } => (credential.audience.resources(), [].as_slice()),
            Source::Introspection(introspection) => ([].as_slice(), introspection.aud.as_slice()),
        };
        stored.iter().map(|resource| resource.as_str()).chain(introspected.iter().map(String::as_str))
    }

    /// When the token ends; `None` where the authorization server does not say.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        match &self.source {
            Source::Store { credential, .. } => Some(credential.expires_at),
            Source::Introspection(introspection) => introspection.exp,
        }
    }

    /// When the resource owner was authenticated, if that is known: RFC 9470 §6.
    #[must_use]
    pub fn auth_time(&self) -> Option<Timestamp> {
        match &self.source {
            Source::Store { grant, .. } => grant.authentication.auth_time,
            Source::Introspection(introspection) => introspection.auth_time,
        }
    }

    /// How the resource owner was authenticated, if that is known: RFC 9470 §6.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        match &self.source {
            Source::Store { grant, .. } => grant.authentication.acr.as_ref().map(AsRef::as_ref),
            Source::Introspection(introspection) => introspection.acr.as_deref(),
        }
    }

    /// A statement about the token that the authorization server's host added: RFC 7662 §2.2. Those that have a method
    /// of their own are none of these.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        let claims = match &self.source {
            Source::Introspection(introspection) => &introspection.claims,
            Source::Store { credential, .. } => match &credential.kind {
                CredentialKind::AccessToken(access_token) => &*access_token.claims,
                _ => return None,
            },
        };
        if is_registered_claim(name) { None } else { claims.get(name) }
    }

    /// The members of the authorization server's answer that were there and cannot be read, `sub` say: none of those on
    /// which hangs whether the token may be used. What such a member was to say is not known.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        match &self.source {
            Source::Introspection(introspection) => introspection.unreadable(),
            Source::Store { .. } => &[],
        }
    }

    /// The grant, if the token was looked up in the store: for what the host keeps by it.
    #[must_use]
    pub fn grant(&self) -> Option<GrantId> {
        match &self.source {
            Source::Store { grant, .. } => Some(grant.id),
            Source::Introspection(_) => None,
        }
    }

    /// The `Cache-Control` that the response needs, if it needs one. RFC 6750 §2.3, of requests with a token in the
    /// query: "Server success (2XX status) responses to these requests SHOULD contain a Cache-Control header with the
    /// "private" option."
    #[must_use]
    pub fn cache_control(&self) -> Option<HeaderValue> {
        self.in_query.then(|| HeaderValue::from_static("private"))
    }
}
