//! Token introspection: [RFC 7662].
//!
//! A registered resource server is told about tokens that are for it, a client about its own. For any other token the
//! response is `{"active":false}` and nothing more: [RFC 7662 §2.2]. This machine cannot write.
//!
//! [RFC 7662]: https://www.rfc-editor.org/rfc/rfc7662
//! [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2

use std::sync::Arc;

use http::{Request, Response, StatusCode};

use super::about_token::about_token;
use super::client_auth::{
    AuthenticateClientSecret, AuthenticateLookup, Authenticated, ClientAuthentication, ClientEndpoint,
};
use super::client_id_metadata_document::has_document;
use super::error::{ClientError, EndpointError, ErrorReply, PresentedIn};
use super::section::{CONFIDENTIAL_AUTH_METHODS, Section, names};
use super::{Config, Server};
use crate::effect::{Answer, Outage};
use crate::model::{
    Audience, AuthorizationDetails, ClientId, Endpoint, Issuer, Key, Metadata, Moment, Secret, Timestamp,
};
use crate::record::{Client, Credential, CredentialKind, Grant, is_registered_claim};
use crate::step::{Pause, Step, machine};
use crate::store::{Found, Lookup, Presented};
use crate::wire::{Object, json};

machine! {
    /// The machine of the introspection endpoint. It has no `Commit`: introspection cannot write.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret] ─▶ [Lookup] ─▶ reply
    /// ```
    ///
    /// The second lookup is for the client that an active token was issued to, if another client asks: a client that
    /// was removed or disabled has no active tokens.
    ///
    /// The machine draws nothing from its moment yet; a signed response ([RFC 9701]) will.
    ///
    /// [RFC 9701]: https://www.rfc-editor.org/rfc/rfc9701
    Introspect<'a> {
        Lookup = IntrospectLookup<'a>,
        ClientSecret = AuthenticateClientSecret<IntrospectEndpoint<'a>>,
        Reply = IntrospectReply,
    }
}

/// The introspection section of a configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IntrospectionConfig {
    /// The URL at which the host has mounted the endpoint. Default: `introspect` below the issuer.
    pub endpoint: Endpoint,
}

impl IntrospectionConfig {
    /// Creates the recommended section, for an endpoint at this URL.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }
}

impl Section for IntrospectionConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        metadata.introspection_endpoint = Some(self.endpoint.clone());
        // Public clients may not introspect.
        metadata.introspection_endpoint_auth_methods_supported = names(CONFIDENTIAL_AUTH_METHODS);
    }
}

/// A request to the introspection endpoint: [RFC 7662 §2.1]. `token_type_hint` is not needed, since one lookup finds a
/// token of any type.
///
/// [RFC 7662 §2.1]: https://www.rfc-editor.org/rfc/rfc7662#section-2.1
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IntrospectionRequest<'a> {
    /// The client or resource server that asks.
    pub client: ClientAuthentication<'a>,
    /// The token in question.
    pub token: Secret<'a>,
}

impl<'a> IntrospectionRequest<'a> {
    /// Creates this client's request about this token.
    #[must_use]
    pub fn new(client: ClientAuthentication<'a>, token: Secret<'a>) -> Self {
        Self { client, token }
    }

    fn read<B: AsRef<[u8]>>(config: &Config, request: &'a Request<B>) -> Result<Self, EndpointError> {
        let (client, token) = about_token(config, request)?;
        Ok(Self { client, token })
    }
}

impl Server {
    /// Answers a request to the introspection endpoint: [RFC 7662 §2]. `run` returns an [`IntrospectReply`].
    ///
    /// [RFC 7662 §2]: https://www.rfc-editor.org/rfc/rfc7662#section-2
    pub fn introspect<'a, B: AsRef<[u8]>>(&'a self, request: &'a Request<B>, moment: Moment) -> Step<Introspect<'a>> {
        match IntrospectionRequest::read(&self.config, request) {
            Ok(request) => self.introspection_request(request, moment),
            Err(error) => refuse(None, error),
        }
    }

    /// Answers a request to the introspection endpoint whose parameters are already read.
    ///
    /// `run` returns an [`IntrospectReply`].
    pub fn introspection_request<'a>(
        &'a self,
        request: IntrospectionRequest<'a>,
        moment: Moment,
    ) -> Step<Introspect<'a>> {
        let IntrospectionRequest { client, token } = request;
        if self.config.introspection.is_none() {
            return refuse(Some(client.client_id), EndpointError::NotConfigured);
        }
        let key = Key::of(token.expose());
        let endpoint = IntrospectEndpoint { config: &self.config, key, now: moment.now() };
        Step::Lookup(IntrospectLookup(Reading::Asker(AuthenticateLookup::new(client, key, endpoint))))
    }
}

fn refuse<'a>(client_id: Option<ClientId>, error: EndpointError) -> Step<Introspect<'a>> {
    // RFC 7662 §2.3: "the authorization server responds with an HTTP 401 (Unauthorized)", wherever the credentials
    // stood, since no browser calls this endpoint.
    Step::Done(IntrospectReply { outcome: Err(ErrorReply::new(client_id, error, PresentedIn::Header)) })
}

/// The state of the endpoint while the client is authenticated.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct IntrospectEndpoint<'a> {
    config: &'a Config,
    key: Option<Key>,
    now: Timestamp,
}

impl<'a> ClientEndpoint for IntrospectEndpoint<'a> {
    type Machine = Introspect<'a>;

    fn authenticated(self, client: Authenticated, found: &Found) -> Step<Introspect<'a>> {
        let client = client.client();
        // RFC 7662 §2.1: "To prevent token scanning attacks, the endpoint MUST also require some form of authorization
        // to access this endpoint". A public client has none.
        if !client.is_confidential() {
            return refuse(Some(client.client_id.clone()), ClientError::Unauthenticated.into());
        }
        match self.visible(client, found) {
            Some(presented) if presented.grant.client_id != client.client_id => {
                let credentials = self.key.into_iter().collect();
                let holder = Some(presented.grant.client_id.clone());
                let lookup = Lookup { client: holder, credentials, request: None };
                Step::Lookup(IntrospectLookup(Reading::Holder { lookup, client: Arc::clone(client), endpoint: self }))
            }
            presented => self.answer(client, presented),
        }
    }

    fn refused(self, client_id: ClientId, error: EndpointError) -> Step<Introspect<'a>> {
        refuse(Some(client_id), error)
    }
}

impl<'a> IntrospectEndpoint<'a> {
    /// Returns the token if it is active and this client may know about it.
    fn visible<'f>(&self, client: &Client, found: &'f Found) -> Option<&'f Presented> {
        let presented = self.key.and_then(|key| found.credential(key));
        presented.filter(|presented| is_active(presented, self.now) && may_see(client, presented))
    }

    fn answer(&self, client: &Client, active: Option<&Presented>) -> Step<Introspect<'a>> {
        let active = active.map(|presented| ActiveToken {
            issuer: self.config.issuer.clone(),
            credential: Arc::clone(&presented.credential),
            grant: Arc::clone(&presented.grant),
            authorization_details: self.details(client, presented),
        });
        Step::Done(IntrospectReply { outcome: Ok((client.client_id.clone(), active)) })
    }
}

impl IntrospectEndpoint<'_> {
    /// Returns the authorization details that this client is told. [RFC 9396 §13]: "The AS should share this data with
    /// those parties on a "need to know" basis": a resource server is not told about those for others.
    ///
    /// [RFC 9396 §13]: https://www.rfc-editor.org/rfc/rfc9396#section-13
    fn details(&self, client: &Client, presented: &Presented) -> AuthorizationDetails {
        let details = match &presented.credential.kind {
            CredentialKind::AccessToken(access_token) => &access_token.authorization_details,
            _ => &presented.grant.authorization_details,
        };
        match &client.resource_server {
            Some(served) if presented.grant.client_id != client.client_id => self.config.details_at(details, served),
            _ => details.clone(),
        }
    }
}

/// Waits for the client that asks and for the token, and then for the client that holds the token.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "it holds what was presented")]
pub struct IntrospectLookup<'a>(Reading<'a>);

#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(clippy::large_enum_variant, reason = "states are stored inline")]
enum Reading<'a> {
    Asker(AuthenticateLookup<'a, IntrospectEndpoint<'a>>),
    /// Reads the token once more, so that the response describes one moment.
    Holder {
        lookup: Lookup,
        client: Arc<Client>,
        endpoint: IntrospectEndpoint<'a>,
    },
}

impl<'a> Pause<Lookup> for IntrospectLookup<'a> {
    type Machine = Introspect<'a>;

    fn effect(&self) -> &Lookup {
        match &self.0 {
            Reading::Asker(pause) => pause.effect(),
            Reading::Holder { lookup, .. } => lookup,
        }
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<Introspect<'a>> {
        match (self.0, answer) {
            (Reading::Asker(pause), answer) => pause.resume(answer),
            (Reading::Holder { client, .. }, Err(cause)) => {
                refuse(Some(client.client_id.clone()), EndpointError::Unavailable(Outage::of::<Lookup>(cause)))
            }
            (Reading::Holder { lookup, client, endpoint }, Ok(mut found)) => {
                let holder = lookup.client.as_ref().and_then(|client_id| found.take_client(client_id));
                let visible = endpoint.visible(&client, &found);
                // A client with a metadata document has no record that could be removed or disabled.
                let is_known = match (&lookup.client, holder) {
                    (_, Some(holder)) => !holder.disabled,
                    (Some(client_id), None) => matches!(has_document(endpoint.config, client_id), Some(Ok(()))),
                    (None, None) => false,
                };
                endpoint.answer(&client, visible.filter(|_| is_known))
            }
        }
    }
}

/// Tells if a token is active. [RFC 7662 §4]: the server "MUST perform all applicable checks against a token's state":
/// expiry, revocation, and use. A code is not a token.
///
/// [RFC 7662 §4]: https://www.rfc-editor.org/rfc/rfc7662#section-4
fn is_active(presented: &Presented, now: Timestamp) -> bool {
    let is_token = matches!(presented.credential.kind, CredentialKind::AccessToken(_) | CredentialKind::RefreshToken);
    is_token && presented.is_alive(now)
}

/// Tells if a client may see a token. A client sees its own tokens. A resource server sees only access tokens, those
/// for itself and its own, since it would accept anything active, and must not accept a refresh token
/// ([RFC 6749 §1.5]).
///
/// [RFC 6749 §1.5]: https://www.rfc-editor.org/rfc/rfc6749#section-1.5
fn may_see(client: &Client, presented: &Presented) -> bool {
    let is_for = |served: &[_]| match &presented.credential.audience {
        Audience::Any => true,
        Audience::Only(resources) => resources.iter().any(|resource| served.contains(resource)),
    };
    let is_own = presented.grant.client_id == client.client_id;
    let is_access_token = matches!(presented.credential.kind, CredentialKind::AccessToken(_));
    match &client.resource_server {
        None => is_own,
        Some(served) => is_access_token && (is_own || is_for(served)),
    }
}

/// The response of the introspection endpoint, before it is written as HTTP.
#[derive(Debug)]
#[must_use = "the reply is what the resource server waits for"]
pub struct IntrospectReply {
    pub(super) outcome: Result<(ClientId, Option<ActiveToken>), ErrorReply<EndpointError>>,
}

/// A token that is active: [RFC 7662 §2.2].
///
/// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
#[derive(Clone, Debug)]
pub struct ActiveToken {
    issuer: Issuer,
    /// The token's record.
    pub credential: Arc<Credential>,
    /// The grant that the token stands for.
    pub grant: Arc<Grant>,
    /// The authorization details of the token that the asking client may know about: [RFC 9396 §9.2].
    ///
    /// [RFC 9396 §9.2]: https://www.rfc-editor.org/rfc/rfc9396#section-9.2
    pub authorization_details: AuthorizationDetails,
}

impl ActiveToken {
    fn to_json(&self) -> Object {
        let Self { issuer, credential, grant, authorization_details } = self;
        let mut object = Object::new();
        object.member("active", &true);
        object.text("iss", issuer.as_str());
        object.text("client_id", grant.client_id.as_str());
        if let Some(subject) = &grant.subject {
            object.text("sub", subject.as_str());
        }
        if !credential.scope.is_empty() {
            object.text("scope", credential.scope.as_str());
        }
        match credential.audience.resources() {
            [] => {}
            [only] => object.text("aud", only.as_str()),
            several => object.member("aud", several),
        }
        // RFC 9396 §9.2: "If the AS includes authorization detail information for the token in its response, the
        // information MUST be conveyed with `authorization_details` as a top-level member of the introspection response
        // JSON object."
        if !authorization_details.is_empty() {
            object.member("authorization_details", authorization_details);
        }
        object.member("iat", &credential.issued_at);
        object.member("exp", &credential.expires_at);
        // RFC 9470 §6.2: for protected resources that need the time and class of the user's authentication.
        let authentication = &grant.authentication;
        if let Some(acr) = &authentication.acr {
            object.member("acr", acr);
        }
        if let Some(auth_time) = &authentication.auth_time {
            object.member("auth_time", auth_time);
        }
        if let CredentialKind::AccessToken(access_token) = &credential.kind {
            object.text("token_type", "Bearer");
            for (name, value) in access_token.claims.iter().filter(|(name, _)| !is_registered_claim(name)) {
                object.member(name, value);
            }
        }
        object
    }
}

impl IntrospectReply {
    /// The token if it is active and the client may know about it, or the error.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<Option<&ActiveToken>, &EndpointError> {
        self.outcome.as_ref().map(|(_, active)| active.as_ref()).map_err(|refused| &refused.error)
    }

    /// Returns the HTTP response: [RFC 7662 §2.2], [§2.3].
    ///
    /// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
    /// [§2.3]: https://www.rfc-editor.org/rfc/rfc7662#section-2.3
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        match self.outcome {
            Ok((_, Some(active))) => active.to_json().reply(StatusCode::OK),
            // RFC 7662 §2.2: "the authorization server MUST return an introspection response with the "active" field
            // set to "false"."
            Ok((_, None)) => json(StatusCode::OK, &serde_json::json!({ "active": false })),
            Err(ErrorReply { error, presented_in, .. }) => error.into_http(presented_in),
        }
    }
}
