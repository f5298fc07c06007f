//! The access that a good token gives.

use std::sync::Arc;

use http::HeaderValue;
use serde_json::Value;

use crate::model::{AuthorizationDetail, GrantId, Scope, Subject, Timestamp};
use crate::record::{Credential, CredentialKind, Grant, is_registered_claim};
use crate::wire::Introspection;

/// Permission to serve a request: on whose behalf, and with what scope. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Access {
    source: Source,
    in_query: bool,
}

/// The source of the facts about a token.
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

    /// The resource owner (`sub`); `None` if the client acts for itself, or if the authorization server did not send
    /// it, or sent it unreadable: see [`Access::unreadable`].
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        match &self.source {
            Source::Store { grant, .. } => grant.subject.as_ref().map(Subject::as_str),
            Source::Introspection(introspection) => introspection.sub.as_deref(),
        }
    }

    /// The client that the token was issued to; `None` if the authorization server did not say.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match &self.source {
            Source::Store { grant, .. } => Some(grant.client_id.as_str()),
            Source::Introspection(introspection) => introspection.client_id.as_deref(),
        }
    }

    /// The whole scope of the token, which may be more than was required.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        match &self.source {
            Source::Store { credential, .. } => &credential.scope,
            Source::Introspection(introspection) => introspection.scope.as_ref().unwrap_or(&Scope::EMPTY),
        }
    }

    /// The protected resources that the token is restricted to; empty if it is not restricted.
    pub fn audience(&self) -> impl Iterator<Item = &str> + Clone {
        let (stored, introspected) = match &self.source {
            Source::Store { credential, .. } => (credential.audience.resources(), [].as_slice()),
            Source::Introspection(introspection) => ([].as_slice(), introspection.aud.as_slice()),
        };
        stored.iter().map(|resource| resource.as_str()).chain(introspected.iter().map(String::as_str))
    }

    /// The authorization details of the token, which the resource enforces: [RFC 9396 §9]. Those of a token in the
    /// store may be for other resources too; those that introspection tells are for whoever asked.
    ///
    /// [RFC 9396 §9]: https://www.rfc-editor.org/rfc/rfc9396#section-9
    #[must_use]
    pub fn authorization_details(&self) -> &[AuthorizationDetail] {
        match &self.source {
            Source::Introspection(introspection) => &introspection.authorization_details,
            Source::Store { credential, .. } => match &credential.kind {
                CredentialKind::AccessToken(access_token) => &access_token.authorization_details,
                _ => &[],
            },
        }
    }

    /// The time at which the token expires; `None` if the authorization server did not say.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        match &self.source {
            Source::Store { credential, .. } => Some(credential.expires_at),
            Source::Introspection(introspection) => introspection.exp,
        }
    }

    /// The time of the resource owner's authentication, if known: [RFC 9470 §6].
    ///
    /// [RFC 9470 §6]: https://www.rfc-editor.org/rfc/rfc9470#section-6
    #[must_use]
    pub fn auth_time(&self) -> Option<Timestamp> {
        match &self.source {
            Source::Store { grant, .. } => grant.authentication.auth_time,
            Source::Introspection(introspection) => introspection.auth_time,
        }
    }

    /// The authentication context class, if known: [RFC 9470 §6].
    ///
    /// [RFC 9470 §6]: https://www.rfc-editor.org/rfc/rfc9470#section-6
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        match &self.source {
            Source::Store { grant, .. } => grant.authentication.acr.as_ref().map(AsRef::as_ref),
            Source::Introspection(introspection) => introspection.acr.as_deref(),
        }
    }

    /// Returns a claim about the token that the authorization server's host added: [RFC 7662 §2.2]. Members that have a
    /// method of their own are not among the claims.
    ///
    /// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
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

    /// The members of the introspection response that cannot be read, such as `sub`. None of them decides if the token
    /// may be used. Their values are not known.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        match &self.source {
            Source::Introspection(introspection) => introspection.unreadable(),
            Source::Store { .. } => &[],
        }
    }

    /// The grant, if the token was looked up in the store, so that the host can find its own data by it.
    #[must_use]
    pub fn grant(&self) -> Option<GrantId> {
        match &self.source {
            Source::Store { grant, .. } => Some(grant.id),
            Source::Introspection(_) => None,
        }
    }

    /// The `Cache-Control` that the response needs, if any. [RFC 6750 §2.3], for requests with a token in the query:
    /// "Server success (2XX status) responses to these requests SHOULD contain a Cache-Control header with the
    /// "private" option."
    ///
    /// [RFC 6750 §2.3]: https://www.rfc-editor.org/rfc/rfc6750#section-2.3
    #[must_use]
    pub fn cache_control(&self) -> Option<HeaderValue> {
        self.in_query.then(|| HeaderValue::from_static("private"))
    }
}
