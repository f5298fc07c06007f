//! Token introspection: RFC 7662.
//!
//! A registered resource server learns about tokens that are for it, a client about its own. Whatever else is asked, the
//! answer is `{"active":false}` and says no more: RFC 7662 §2.2. This machine cannot write.

use std::sync::Arc;

use http::{Request, Response, StatusCode};
use serde::Serialize;
use serde::ser::SerializeMap as _;

use super::about_token::AboutToken;
use super::client_auth::{Authenticated, ClientError, PresentedIn};
use super::identify::{CheckSecret, Endpoint, Identify};
use super::refusal::EndpointError;
use super::{Config, Server};
use crate::event::Event;
use crate::model::{Client, ClientId, Credential, CredentialKind, Grant, Issuer, Key, Timestamp, is_registered_claim};
use crate::step::{Step, Unavailable, machine};
use crate::store::{Found, Presented};
use crate::wire::json;

machine! {
    /// The machine of the introspection endpoint. It has no `Commit`: introspection cannot write.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret] ─▶ reply
    /// ```
    Introspect<'a> {
        Lookup = Identify<'a, IntrospectRequested<'a>>,
        ClientSecret = CheckSecret<IntrospectRequested<'a>>,
        Reply = IntrospectReply,
    }
}

impl Server {
    /// Answers a request to the introspection endpoint: RFC 7662 §2.
    pub fn introspect<'a, B: AsRef<[u8]>>(
        &'a self,
        request: &'a Request<B>,
        now: impl Into<Timestamp>,
    ) -> Step<Introspect<'a>> {
        match AboutToken::read(request) {
            Ok(request) => self.introspect_request(request, now),
            Err(error) => Step::Done(IntrospectReply::refused(None, error)),
        }
    }

    /// Answers a typed request to the introspection endpoint.
    pub fn introspect_request<'a>(
        &'a self,
        request: AboutToken<'a>,
        now: impl Into<Timestamp>,
    ) -> Step<Introspect<'a>> {
        let key = Key::of(request.token.expose());
        let endpoint = IntrospectRequested { config: &self.config, key, now: now.into() };
        Step::Lookup(Identify::new(request.client, key, endpoint))
    }
}

/// A request whose client is not known yet.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct IntrospectRequested<'a> {
    config: &'a Config,
    key: Option<Key>,
    now: Timestamp,
}

impl<'a> Endpoint for IntrospectRequested<'a> {
    type Machine = Introspect<'a>;

    fn ask_host(pause: CheckSecret<Self>) -> Step<Introspect<'a>> {
        Step::ClientSecret(pause)
    }

    fn authenticated(self, client: Authenticated, found: &Found) -> Step<Introspect<'a>> {
        let client = client.client();
        // RFC 7662 §2.1: "To prevent token scanning attacks, the endpoint MUST also require some form of authorization to
        // access this endpoint". A public client has none to show.
        if !client.is_confidential() {
            return self.refused(client.client_id.clone(), ClientError::Unauthenticated);
        }
        let presented = self.key.and_then(|key| found.credential(key));
        let visible = presented.filter(|presented| is_active(presented, self.now) && may_see(client, presented));
        let active = visible.map(|presented| ActiveToken {
            issuer: self.config.issuer.clone(),
            credential: Arc::clone(&presented.credential),
            grant: Arc::clone(&presented.grant),
        });
        let event = Event::Introspected { client_id: client.client_id.clone(), active: active.is_some() };
        Step::Done(IntrospectReply { result: Ok(active), event })
    }

    fn refused(self, client_id: ClientId, error: ClientError) -> Step<Introspect<'a>> {
        Step::Done(IntrospectReply::refused(Some(client_id), error.into()))
    }

    fn unavailable(self, client_id: ClientId, effect: &'static str, unavailable: Unavailable) -> Step<Introspect<'a>> {
        let error = EndpointError::Unavailable(effect, unavailable);
        Step::Done(IntrospectReply::refused(Some(client_id), error))
    }
}

/// RFC 7662 §4: the server "MUST perform all applicable checks against a token's state": whether it has expired, was revoked,
/// or was spent. A code is not a token.
fn is_active(presented: &Presented, now: Timestamp) -> bool {
    let is_token =
        matches!(presented.credential.kind, CredentialKind::AccessToken { .. } | CredentialKind::RefreshToken);
    is_token && presented.is_alive(now)
}

/// A client sees its own tokens. A resource server sees access tokens alone, those for itself and its own: whatever is active, it
/// takes for a token that opens it, and a refresh token must not (RFC 6749 §1.5).
fn may_see(client: &Client, presented: &Presented) -> bool {
    let audience = &presented.credential.resource;
    let is_for = |served: &[_]| audience.is_empty() || audience.iter().any(|resource| served.contains(resource));
    let is_own = presented.grant.client_id == client.client_id;
    let is_access_token = matches!(presented.credential.kind, CredentialKind::AccessToken { .. });
    match &client.resource_server {
        None => is_own,
        Some(served) => is_access_token && (is_own || is_for(served)),
    }
}

/// What the introspection endpoint answers.
#[derive(Debug)]
#[must_use = "the reply is what the resource server waits for"]
pub struct IntrospectReply {
    result: Result<Option<ActiveToken>, EndpointError>,
    event: Event,
}

/// A token that is active: RFC 7662 §2.2.
#[derive(Clone, Debug)]
pub struct ActiveToken {
    issuer: Issuer,
    /// The token's record.
    pub credential: Arc<Credential>,
    /// What it stands for.
    pub grant: Arc<Grant>,
}

impl Serialize for ActiveToken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { issuer, credential, grant } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("active", &true)?;
        map.serialize_entry("iss", issuer)?;
        map.serialize_entry("client_id", &grant.client_id)?;
        if let Some(subject) = &grant.subject {
            map.serialize_entry("sub", subject)?;
        }
        if !credential.scope.is_empty() {
            map.serialize_entry("scope", &credential.scope)?;
        }
        match credential.resource.as_slice() {
            [] => {}
            [only] => map.serialize_entry("aud", only)?,
            several => map.serialize_entry("aud", several)?,
        }
        map.serialize_entry("iat", &credential.issued_at)?;
        map.serialize_entry("exp", &credential.expires_at)?;
        // RFC 9470 §6.2: for protected resources that ask how, and how recently, their user was authenticated.
        if let Some(acr) = &grant.acr {
            map.serialize_entry("acr", acr)?;
        }
        if let Some(auth_time) = &grant.auth_time {
            map.serialize_entry("auth_time", auth_time)?;
        }
        if let CredentialKind::AccessToken { claims } = &credential.kind {
            map.serialize_entry("token_type", "Bearer")?;
            for (name, value) in claims.iter().filter(|(name, _)| !is_registered_claim(name)) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

impl IntrospectReply {
    fn refused(client_id: Option<ClientId>, error: EndpointError) -> Self {
        let event = match error.clone() {
            EndpointError::Unavailable(effect, cause) => Event::Unavailable { client_id, effect, cause },
            reason => Event::IntrospectionRefused { client_id, reason },
        };
        Self { result: Err(error), event }
    }

    /// The token if it is active and the client may know, or why the question was refused.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<Option<&ActiveToken>, &EndpointError> {
        self.result.as_ref().map(Option::as_ref)
    }

    /// For the audit log and the metrics.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The response: RFC 7662 §2.2, §2.3.
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        match self.result {
            Ok(Some(active)) => json(StatusCode::OK, &active),
            // "the authorization server MUST return an introspection response with the "active" field set to "false"."
            Ok(None) => json(StatusCode::OK, &serde_json::json!({ "active": false })),
            // RFC 7662 §2.3: "the authorization server responds with an HTTP 401 (Unauthorized)", wherever the credentials stood:
            // no browser asks here.
            Err(error) => error.into_http(PresentedIn::Header),
        }
    }
}
