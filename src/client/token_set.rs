//! What a token request brings: RFC 6749 §5.1.

use std::time::Duration;

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::dialect::Lifetime;
use crate::model::{Issuer, Resource, Scope, Secret, Timestamp, exposed};
use crate::wire::Further;

/// An access token, and what came with it. It is a serde value for the host to keep; it holds the tokens in plain text.
/// To the client they are opaque: RFC 6749 §1.4.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use]
pub struct TokenSet {
    #[serde(deserialize_with = "crate::model::issuer::in_private_network")]
    issuer: Issuer,
    #[serde(with = "exposed")]
    access_token: Secret<'static>,
    /// What the server calls it, if not `Bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret<'static>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(flatten)]
    asked: Asked,
    requested_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Further::is_empty")]
    members: Further,
    #[serde(skip)]
    unreadable: Vec<&'static str>,
}

/// What was asked for, and what a request for the same says again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "requested_scope", default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resource: Vec<Resource>,
    /// Whether it was asked for with nothing but the client's own credentials, the scope and the resource: then another
    /// one can be had in the same way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) by_client_credentials: bool,
}

/// A token this close to its end counts as expired: a request that takes it along has to arrive.
const LEEWAY: Duration = Duration::from_secs(30);

impl TokenSet {
    pub(super) fn new(issuer: Issuer, access_token: Secret<'static>, requested_at: Timestamp) -> Self {
        Self {
            issuer,
            access_token,
            token_type: None,
            refresh_token: None,
            scope: None,
            asked: Asked::default(),
            requested_at,
            expires_at: None,
            members: Further::default(),
            unreadable: Vec::new(),
        }
    }

    /// RFC 6749 §7.1. Of a type that the client understands; one that cannot be read is passed over, as one that is
    /// missing is.
    pub(super) fn of_type<E>(mut self, token_type: Result<Option<String>, E>) -> Self {
        self.unreadable.extend(token_type.is_err().then_some("token_type"));
        let token_type = token_type.ok().flatten().filter(|kind| !kind.eq_ignore_ascii_case("Bearer"));
        Self { token_type, ..self }
    }

    /// The lifetime in seconds. It counts from when the token was asked for, so that it never seems longer than it is.
    /// One that cannot be read is omitted: RFC 6749 §5.1: "the authorization server SHOULD provide the expiration time
    /// via other means".
    pub(super) fn expiring_in<E>(mut self, expires_in: Result<Option<u64>, E>, lifetime: Lifetime) -> Self {
        self.unreadable.extend(expires_in.is_err().then_some("expires_in"));
        let expires_in = lifetime.seconds(expires_in.ok().flatten());
        let expires_at = expires_in.map(|seconds| self.requested_at.after(Duration::from_secs(seconds)));
        Self { expires_at, ..self }
    }

    /// RFC 6749 §4.2.2, §5.1: scope is "OPTIONAL, if identical to the scope requested by the client; otherwise,
    /// REQUIRED." One that is there and cannot be read may be any, so it is not taken for the one that was requested.
    pub(super) fn good_for<E>(mut self, scope: Result<Option<Scope>, E>, requested: Option<Scope>) -> Self {
        self.unreadable.extend(scope.is_err().then_some("scope"));
        Self { scope: scope.ok().and_then(|scope| scope.or(requested)), ..self }
    }

    pub(super) fn asked_by(self, asked: Asked) -> Self {
        Self { asked, ..self }
    }

    pub(super) fn refreshed_by(self, refresh_token: Option<Secret<'static>>) -> Self {
        Self { refresh_token, ..self }
    }

    pub(super) fn with_members(self, members: Further) -> Self {
        Self { members, ..self }
    }

    pub(super) fn unreadable_too(mut self, name: Option<&'static str>) -> Self {
        self.unreadable.extend(name);
        self
    }

    /// The same tokens, with which no others can be had.
    pub(super) fn at_its_end(mut self) -> Self {
        self.asked.by_client_credentials = false;
        self.refreshed_by(None)
    }

    pub(super) fn requested_at(&self) -> Timestamp {
        self.requested_at
    }

    pub(super) fn asked(&self) -> &Asked {
        &self.asked
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

    /// The type of the access token, as the server writes it; `Bearer` if it did not say.
    #[must_use]
    pub fn token_type(&self) -> &str {
        self.token_type.as_deref().unwrap_or("Bearer")
    }

    /// The refresh token, if there is one.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&Secret<'static>> {
        self.refresh_token.as_ref()
    }

    /// What the access token is good for: what the server said or, where it said nothing, what was asked for. `None` if
    /// neither is known, or what the server said cannot be read.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// What was asked for, whatever was granted; `None` if it was the server's default, or is not known. To ask for
    /// more, as a resource server wants it, ask for the [union](Scope::union) of this and that.
    #[must_use]
    pub fn requested_scope(&self) -> Option<&Scope> {
        self.asked.scope.as_ref()
    }

    /// The protected resources that it was asked for: RFC 8707 §2. A refresh asks for them again.
    #[must_use]
    pub fn resource(&self) -> &[Resource] {
        &self.asked.resource
    }

    /// When the access token ends, if that is known.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The same tokens, of which the access token ends then, or is not known to end: RFC 6749 §5.1 lets a server tell
    /// "via other means". What a refresh brings lives as long as its own response says; for all of a server's tokens,
    /// there is [`Client::with_lifetime`](super::Client::with_lifetime).
    pub fn with_expires_at(self, expires_at: Option<Timestamp>) -> Self {
        Self { expires_at, ..self }
    }

    /// The members of the response beside those that are told here, as the server sent them: `id_token`,
    /// `issued_token_type`, `instance_url`. RFC 6749 §5.1: "The client MUST ignore unrecognized value names in the
    /// response"; whoever recognizes one finds it here. They are kept with the rest, and are those of the last response
    /// only. One that cannot be read, or has more than one value, is not among them.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        self.members.map()
    }

    /// The members of the response that were there and cannot be read: `token_type`, `expires_in`, `scope`,
    /// `refresh_token`. The access token is good all the same, but its lifetime or scope is not known. For a log: it is
    /// not kept with the rest.
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

    /// The `Authorization` header that shows the access token to a resource server: RFC 6750 §2.1, in the scheme
    /// `Bearer` (one of type `DPoP`, RFC 9449 §7.1, in that scheme). That is its only place. RFC 9700 §4.3.2: "Clients
    /// MUST NOT pass access tokens in a URI query parameter". One of type `N_A` (RFC 8693 §2.2.1) is no access token,
    /// and goes into the request for one in place of a header.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        let scheme = if self.token_type().eq_ignore_ascii_case("DPoP") { "DPoP" } else { "Bearer" };
        // Whoever makes a token set checks that the token is visible ASCII, which every header takes.
        let value = HeaderValue::try_from(format!("{scheme} {}", self.access_token.expose()));
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        value.set_sensitive(true);
        value
    }
}
