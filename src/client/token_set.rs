//! What a token request brings: RFC 6749 §5.1.

use std::time::Duration;

use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::model::{Issuer, Scope, Secret, Timestamp, exposed};

/// An access token, and what came with it. It is a serde value for the host to keep; it holds the tokens in plain text.
/// To the client they are opaque: RFC 6749 §1.4.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use]
pub struct TokenSet {
    #[serde(deserialize_with = "crate::model::issuer::in_private_network")]
    issuer: Issuer,
    #[serde(with = "exposed")]
    access_token: Secret<'static>,
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret<'static>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    requested_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip)]
    unreadable: Vec<&'static str>,
}

/// A token this close to its end counts as expired: a request that takes it along has to arrive.
const LEEWAY: Duration = Duration::from_secs(30);

impl TokenSet {
    pub(super) fn new(issuer: Issuer, access_token: Secret<'static>, requested_at: Timestamp) -> Self {
        Self {
            issuer,
            access_token,
            refresh_token: None,
            scope: None,
            requested_at,
            expires_at: None,
            unreadable: Vec::new(),
        }
    }

    /// The lifetime in seconds. It counts from when the token was asked for, so that it never seems longer than it is.
    /// One that cannot be read is omitted: RFC 6749 §5.1: "the authorization server SHOULD provide the expiration time
    /// via other means".
    pub(super) fn expiring_in<E>(mut self, expires_in: Result<Option<u64>, E>) -> Self {
        self.unreadable.extend(expires_in.is_err().then_some("expires_in"));
        let expires_in = expires_in.ok().flatten();
        let expires_at = expires_in.map(|seconds| self.requested_at.after(Duration::from_secs(seconds)));
        Self { expires_at, ..self }
    }

    /// RFC 6749 §4.2.2, §5.1: scope is "OPTIONAL, if identical to the scope requested by the client; otherwise,
    /// REQUIRED." One that is there and cannot be read may be any, so it is not taken for the one that was requested.
    pub(super) fn good_for<E>(mut self, scope: Result<Option<Scope>, E>, requested: Option<Scope>) -> Self {
        self.unreadable.extend(scope.is_err().then_some("scope"));
        Self { scope: scope.ok().and_then(|scope| scope.or(requested)), ..self }
    }

    pub(super) fn refreshed_by(self, refresh_token: Option<Secret<'static>>) -> Self {
        Self { refresh_token, ..self }
    }

    pub(super) fn requested_at(&self) -> Timestamp {
        self.requested_at
    }

    /// The authorization server that issued it.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The access token.
    #[must_use]
    pub fn access_token(&self) -> &Secret<'static> {
        &self.access_token
    }

    /// The refresh token, if there is one.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&Secret<'static>> {
        self.refresh_token.as_ref()
    }

    /// What the access token is good for: what the server said or, where it said nothing, what was asked for. None if
    /// neither is known, or what the server said cannot be read.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// When the access token ends, if the server said so.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The members of the response that were there and cannot be read: `expires_in`, `scope`. The tokens are good all
    /// the same, and what such a member was to say is not known. For a log: it is not kept with the rest.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }

    /// Whether the access token has ended, or is about to: within 30 seconds, or the last tenth of a life that is
    /// shorter than five minutes. Never, if the server did not say how long it lives.
    #[must_use]
    pub fn needs_refresh(&self, now: impl Into<Timestamp>) -> bool {
        let now = now.into();
        self.expires_at.is_some_and(|end| {
            let lifetime = end.0.saturating_sub(self.requested_at.0);
            let leeway = LEEWAY.as_secs().min(lifetime / 10);
            end.is_past(now.after(Duration::from_secs(leeway)))
        })
    }

    /// The `Authorization` header that shows the access token to a resource server: RFC 6750 §2.1. That is its only
    /// place. RFC 9700 §4.3.2: "Clients MUST NOT pass access tokens in a URI query parameter".
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        // Whoever makes a token set checks that the token is visible ASCII, which every header takes.
        let value = HeaderValue::try_from(format!("Bearer {}", self.access_token.expose()));
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        value.set_sensitive(true);
        value
    }
}
