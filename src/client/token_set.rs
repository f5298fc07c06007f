//! The tokens of a token response: [RFC 6749 §5.1].
//!
//! [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1

use std::time::Duration;

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::dialect::Lifetime;
use crate::model::{AuthorizationDetails, Issuer, Resource, Scope, Secret, Timestamp, exposed};
use crate::wire::Further;

/// An access token with the rest of the response. A serde value for the host to keep; it holds the tokens in plain
/// text. The tokens are opaque to the client: [RFC 6749 §1.4].
///
/// [RFC 6749 §1.4]: https://www.rfc-editor.org/rfc/rfc6749#section-1.4
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use]
pub struct TokenSet {
    #[serde(deserialize_with = "crate::model::issuer::in_private_network")]
    issuer: Issuer,
    #[serde(with = "exposed")]
    access_token: Secret<'static>,
    /// The server's name for the type, if not `Bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret<'static>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    authorization_details: AuthorizationDetails,
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

/// The terms of a token request, which its refresh repeats.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "requested_scope", default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resource: Vec<Resource>,
    #[serde(rename = "requested_authorization_details", default, skip_serializing_if = "Option::is_none")]
    pub(super) authorization_details: Option<AuthorizationDetails>,
    /// True if the request had nothing but the client's own credentials, scope, resource and details: then it can be
    /// repeated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) by_client_credentials: bool,
}

/// A token this close to expiry counts as expired, since the request that carries it takes time to arrive.
const LEEWAY: Duration = Duration::from_secs(30);

impl TokenSet {
    pub(super) fn new(issuer: Issuer, access_token: Secret<'static>, requested_at: Timestamp) -> Self {
        Self {
            issuer,
            access_token,
            token_type: None,
            refresh_token: None,
            scope: None,
            authorization_details: AuthorizationDetails::default(),
            asked: Asked::default(),
            requested_at,
            expires_at: None,
            members: Further::default(),
            unreadable: Vec::new(),
        }
    }

    /// Sets the type, which the client understands: [RFC 6749 §7.1]. An unreadable type counts as a missing one.
    ///
    /// [RFC 6749 §7.1]: https://www.rfc-editor.org/rfc/rfc6749#section-7.1
    pub(super) fn of_type<E>(mut self, token_type: Result<Option<String>, E>) -> Self {
        self.unreadable.extend(token_type.is_err().then_some("token_type"));
        let token_type = token_type.ok().flatten().filter(|kind| !kind.eq_ignore_ascii_case("Bearer"));
        Self { token_type, ..self }
    }

    /// Sets the lifetime in seconds. It counts from the time of the request, so that the token never seems to live
    /// longer than it does. An unreadable value counts as omitted: [RFC 6749 §5.1]: "the authorization server SHOULD
    /// provide the expiration time via other means".
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    pub(super) fn expiring_in<E>(mut self, expires_in: Result<Option<u64>, E>, lifetime: Lifetime) -> Self {
        self.unreadable.extend(expires_in.is_err().then_some("expires_in"));
        let expires_in = lifetime.seconds(expires_in.ok().flatten());
        let expires_at = expires_in.map(|seconds| self.requested_at.after(Duration::from_secs(seconds)));
        Self { expires_at, ..self }
    }

    /// Sets the scope: "OPTIONAL, if identical to the scope requested by the client; otherwise, REQUIRED"
    /// ([RFC 6749 §4.2.2], [§5.1]). An unreadable value may be any scope, so it is not taken for the requested one.
    ///
    /// [RFC 6749 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
    /// [§5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    pub(super) fn good_for<E>(mut self, scope: Result<Option<Scope>, E>, requested: Option<Scope>) -> Self {
        self.unreadable.extend(scope.is_err().then_some("scope"));
        Self { scope: scope.ok().and_then(|scope| scope.or(requested)), ..self }
    }

    /// Sets the authorization details of the token. If they cannot be read, it is not known what the token is good for.
    pub(super) fn with_details<E>(mut self, details: Result<Option<AuthorizationDetails>, E>) -> Self {
        self.unreadable.extend(details.is_err().then_some("authorization_details"));
        Self { authorization_details: details.ok().flatten().unwrap_or_default(), ..self }
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

    /// Returns the same tokens without the means to renew them.
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

    /// The issuer of the authorization server that issued the tokens.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The access token.
    #[must_use]
    pub fn access_token(&self) -> &Secret<'static> {
        &self.access_token
    }

    /// The type of the access token, as the server writes it; `Bearer` if the server did not say.
    #[must_use]
    pub fn token_type(&self) -> &str {
        self.token_type.as_deref().unwrap_or("Bearer")
    }

    /// The refresh token, if there is one.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&Secret<'static>> {
        self.refresh_token.as_ref()
    }

    /// The scope of the access token: as the server said or, if it said nothing, as requested. `None` if neither is
    /// known, or if the server's value cannot be read.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// The authorization details of the access token, as the server said: [RFC 9396 §7]. They may be fewer than were
    /// asked for, and may have been filled in. Some that are longer or deeper than this type takes are among the
    /// [`members`](Self::members), as they were sent.
    ///
    /// [RFC 9396 §7]: https://www.rfc-editor.org/rfc/rfc9396#section-7
    #[must_use]
    pub fn authorization_details(&self) -> &AuthorizationDetails {
        &self.authorization_details
    }

    /// The scope that was requested, whatever was granted; `None` if that was the server's default, or is not known. To
    /// get more scope for a resource server, request the [union](Scope::union) of this and the scope of the challenge.
    #[must_use]
    pub fn requested_scope(&self) -> Option<&Scope> {
        self.asked.scope.as_ref()
    }

    /// The protected resources that the token was requested for: [RFC 8707 §2]. A refresh repeats them.
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    #[must_use]
    pub fn resource(&self) -> &[Resource] {
        &self.asked.resource
    }

    /// The time at which the access token expires, if known.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns the same tokens with this expiry of the access token; `None` means that it is not known to expire.
    /// [RFC 6749 §5.1] lets a server tell the expiry "via other means". Refreshed tokens live as long as their own
    /// response says; for all tokens of a server, use [`Client::with_lifetime`](super::Client::with_lifetime).
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    pub fn with_expires_at(self, expires_at: Option<Timestamp>) -> Self {
        Self { expires_at, ..self }
    }

    /// The members of the response that have no accessor here, as the server sent them: `id_token`,
    /// `issued_token_type`, `instance_url`. [RFC 6749 §5.1]: "The client MUST ignore unrecognized value names in the
    /// response"; a host that recognizes one finds it here. They are serialized with the rest, and are those of the
    /// last response only. A member that cannot be read, or has more than one value, is left out.
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        self.members.map()
    }

    /// The names of the members that were sent and cannot be read: `token_type`, `expires_in`, `scope`,
    /// `authorization_details`, `refresh_token`. The access token is good all the same, but its lifetime, its scope or
    /// what it is good for is not known. Meant for a log, and not serialized.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }

    /// True if the access token has expired or is about to: within 30 seconds, or within the last tenth of a life that
    /// is shorter than five minutes. Always false if the server did not say how long the token lives.
    #[must_use]
    pub fn needs_refresh(&self, now: impl Into<Timestamp>) -> bool {
        let now = now.into();
        self.expires_at.is_some_and(|end| {
            let lifetime = end.0.saturating_sub(self.requested_at.0);
            let leeway = LEEWAY.as_secs().min(lifetime / 10);
            end.is_past(now.after(Duration::from_secs(leeway)))
        })
    }

    /// Returns the `Authorization` header that presents the access token to a resource server: [RFC 6750 §2.1], in the
    /// scheme `Bearer` (one of type `DPoP`, [RFC 9449 §7.1], in that scheme). Send the token nowhere else.
    /// [RFC 9700 §4.3.2]: "Clients MUST NOT pass access tokens in a URI query parameter". A token of type `N_A`
    /// ([RFC 8693 §2.2.1]) is not an access token: it is a parameter of the next token request, and not for a header.
    ///
    /// [RFC 6750 §2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
    /// [RFC 9449 §7.1]: https://www.rfc-editor.org/rfc/rfc9449#section-7.1
    /// [RFC 9700 §4.3.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2
    /// [RFC 8693 §2.2.1]: https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        let scheme = if self.token_type().eq_ignore_ascii_case("DPoP") { "DPoP" } else { "Bearer" };
        // Every constructor of a token set checks that the token is visible ASCII, which every header takes.
        let value = HeaderValue::try_from(format!("{scheme} {}", self.access_token.expose()));
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        value.set_sensitive(true);
        value
    }
}
