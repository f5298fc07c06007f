//! Pushed authorization requests: [RFC 9126].
//!
//! The client pushes its request and gets a `request_uri` that stands for it at the authorization endpoint, once. No
//! parameter of the browser's request changes the pushed one. The decision spends it.
//!
//! [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use serde::Serialize;

use super::authorize::{AuthorizationError, AuthorizationPageError, AuthorizationRequest, Recipient};
use super::client_auth::{
    AuthenticateClientSecret, AuthenticateFetch, AuthenticateLookup, Authenticated, ClientAuthentication,
    ClientEndpoint, by_document,
};
use super::cross_origin::Reader;
use super::error::{EndpointError, ErrorReply, PresentedIn, error_response};
use super::request::{form, presented_in};
use super::section::{ConfigError, Section, lifetime};
use super::{Config, Server};
use crate::effect::{Answer, Outage};
use crate::fetch::FromCache;
use crate::model::{ClientId, Endpoint, Issuer, Key, Metadata, Moment, Partition, Secret};
use crate::record::{PendingKind, PendingRequest, PushedRequest, Version};
use crate::step::{Pause, Step, machine};
use crate::store::{Change, Commit, Found, Outcome};
use crate::wire::{FormError, json, serialize_error};

machine! {
    /// The machine of the pushed authorization request endpoint.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret | Fetch] ─▶ Commit ─▶ reply
    /// ```
    ///
    /// The machine draws the `request_uri` from its moment.
    Push<'a> {
        Lookup = AuthenticateLookup<'a, PushEndpoint<'a>>,
        ClientSecret = AuthenticateClientSecret<PushEndpoint<'a>>,
        Fetch = AuthenticateFetch<'a, PushEndpoint<'a>>,
        Commit = PushCommit<'a>,
        Reply = PushReply,
    }
}

/// The section of a configuration for pushed authorization requests.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ParConfig {
    /// The URL at which the host has mounted the endpoint.
    pub endpoint: Endpoint,
    /// The time for which a `request_uri` may be presented after it was pushed (`expires_in`). Default: 60 seconds.
    /// [RFC 9126 §2.2]: it "will typically be relatively short (e.g., between 5 and 600 seconds)".
    ///
    /// [RFC 9126 §2.2]: https://www.rfc-editor.org/rfc/rfc9126#section-2.2
    pub lifetime: Duration,
    /// True to take authorization requests only if they are pushed: [RFC 9126 §5]. Default: false; a client's record
    /// may ask for it ([`Client::require_pushed_authorization_requests`]).
    ///
    /// [RFC 9126 §5]: https://www.rfc-editor.org/rfc/rfc9126#section-5
    /// [`Client::require_pushed_authorization_requests`]: crate::record::Client::require_pushed_authorization_requests
    pub require_pushed_authorization_requests: bool,
    /// The time that a resource owner who came in time has to log in and to decide. Default: an hour.
    pub decision_lifetime: Duration,
}

impl ParConfig {
    /// Creates the recommended section, for an endpoint at `par` below the issuer.
    #[must_use]
    pub fn below(issuer: &Issuer) -> Self {
        Self::at(issuer.endpoint("par"))
    }

    /// Creates the recommended section, for an endpoint at this URL.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            lifetime: Duration::from_secs(60),
            require_pushed_authorization_requests: false,
            decision_lifetime: Duration::from_secs(60 * 60),
        }
    }
}

impl Section for ParConfig {
    fn check(&self) -> Result<(), ConfigError> {
        lifetime("par.lifetime", self.lifetime)?;
        lifetime("par.decision_lifetime", self.decision_lifetime)
    }

    fn advertise(&self, metadata: &mut Metadata) {
        metadata.pushed_authorization_request_endpoint = Some(self.endpoint.clone());
        metadata.require_pushed_authorization_requests = self.require_pushed_authorization_requests;
    }
}

/// The prefix of a `request_uri`: [RFC 9126 §2.2] suggests `urn:ietf:params:oauth:request_uri:<reference-value>`.
///
/// [RFC 9126 §2.2]: https://www.rfc-editor.org/rfc/rfc9126#section-2.2
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// Returns the key of a `request_uri`; `None` if it cannot be one of ours.
pub(super) fn request_uri_key(request_uri: &str) -> Option<Key> {
    Key::of(request_uri.strip_prefix(PREFIX)?)
}

impl Server {
    /// Answers a request to the pushed authorization request endpoint: [RFC 9126 §2.1]. `run` returns a [`PushReply`].
    ///
    /// [RFC 9126 §2.1]: https://www.rfc-editor.org/rfc/rfc9126#section-2.1
    pub fn push<'a, B: AsRef<[u8]>>(&'a self, request: &'a Request<B>, moment: Moment) -> Step<Push<'a>> {
        let reader = self.config.cross_origin.reader(request);
        let Some(par) = &self.config.par else {
            return refuse(reader, None, EndpointError::NotConfigured, presented_in(request));
        };
        match read(&self.config, request) {
            Ok((client, request, fault)) => {
                let presented_in = client.presented_in();
                let endpoint = PushEndpoint { config: &self.config, par, request, fault, presented_in, reader, moment };
                Step::Lookup(AuthenticateLookup::new(client, None, endpoint))
            }
            Err(error) => refuse(reader, None, error, presented_in(request)),
        }
    }
}

/// Reads a request. [RFC 9126 §2.1]: "A client sends the parameters that comprise an authorization request directly to
/// the PAR endpoint", with "any additional parameters necessary for client authentication".
///
/// [RFC 9126 §2.1]: https://www.rfc-editor.org/rfc/rfc9126#section-2.1
fn read<'a, B: AsRef<[u8]>>(
    config: &Config,
    request: &'a Request<B>,
) -> Result<(ClientAuthentication<'a>, AuthorizationRequest<'a>, Option<FormError>), EndpointError> {
    config.cross_origin.check(request)?;
    let form = form(request)?;
    let [client_id, client_secret] = form.params(ClientAuthentication::PARAMETERS);
    let client = ClientAuthentication::read(config.client_authentication, request.headers(), client_id, client_secret)?;
    let (request, fault) = AuthorizationRequest::read(form)?;
    Ok((client, request, fault))
}

fn refuse<'a>(
    reader: Reader,
    client_id: Option<ClientId>,
    error: impl Into<PushError>,
    presented_in: PresentedIn,
) -> Step<Push<'a>> {
    let outcome = Err(ErrorReply::new(client_id, error, presented_in));
    Step::Done(PushReply { outcome, reader })
}

/// The state of the endpoint while the client is authenticated.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct PushEndpoint<'a> {
    config: &'a Config,
    par: &'a ParConfig,
    request: AuthorizationRequest<'a>,
    fault: Option<FormError>,
    presented_in: PresentedIn,
    reader: Reader,
    moment: Moment,
}

impl<'a> ClientEndpoint for PushEndpoint<'a> {
    type Machine = Push<'a>;

    fn authenticated(self, client: Authenticated, _: &Found) -> Step<Push<'a>> {
        let presented_in = self.presented_in;
        let client_id = client.client().client_id.clone();
        let (reader, lifetime) = (self.reader, self.par.lifetime);
        match self.pending(&client) {
            Err(error) => refuse(reader, Some(client_id), error, presented_in),
            Ok((request_uri, pending)) => {
                let commit = Commit::of(Change::PutRequest(Arc::new(pending)));
                let response = PushResponse { request_uri, expires_in: lifetime.as_secs() };
                Step::Commit(PushCommit { commit, client_id, response, reader, server: PhantomData })
            }
        }
    }

    fn refused(self, client_id: ClientId, error: EndpointError) -> Step<Push<'a>> {
        refuse(self.reader, Some(client_id), error, self.presented_in)
    }

    fn unregistered(self, client_id: ClientId, found: Found) -> Step<Push<'a>> {
        by_document(self.config, client_id, FromCache::Fresh, (found, self))
    }
}

impl PushEndpoint<'_> {
    /// Checks the request and makes its record. [RFC 9126 §2.1]: "Validate the pushed request as it would an
    /// authorization request sent to the authorization endpoint."
    ///
    /// [RFC 9126 §2.1]: https://www.rfc-editor.org/rfc/rfc9126#section-2.1
    fn pending(self, client: &Authenticated) -> Result<(Secret<'static>, PendingRequest), PushError> {
        let Self { config, par, request, fault, mut moment, .. } = self;
        let client = client.client();
        // "Reject the request if the request_uri authorization request parameter is provided."
        if request.request_uri.is_some() {
            return Err(AuthorizationError::RequestUriPushed.into());
        }
        let recipient = request.recipient(config, client)?;
        if let Some(fault) = fault {
            return Err(AuthorizationError::from(fault).into());
        }
        let asked = request.check(config, client, &recipient)?;
        let Recipient { client_id, redirect_uri, redirect_uri_sent, response_type, response_mode, state, .. } =
            recipient;
        // RFC 9126 §2.2: "it MUST contain some part generated using a cryptographically strong pseudorandom algorithm".
        let (token, key) = Key::generate(Partition(u16::from_be_bytes(moment.draw())), &moment.draw());
        let present_until = moment.now().end_of(par.lifetime);
        let pushed =
            PushedRequest { redirect_uri, redirect_uri_sent, response_type, response_mode, present_until, state };
        let pending = PendingRequest {
            version: Version,
            revision: 0,
            key,
            user_code: None,
            client_id,
            kind: PendingKind::Pushed(pushed),
            asked,
            issued_at: moment.now(),
            expires_at: present_until.end_of(par.decision_lifetime),
        };
        Ok((Secret::new(format!("{PREFIX}{}", token.expose())), pending))
    }
}

/// Waits for the outcome of the commit.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct PushCommit<'a> {
    commit: Commit,
    client_id: ClientId,
    response: PushResponse,
    reader: Reader,
    server: PhantomData<&'a Config>,
}

impl<'a> Pause<Commit> for PushCommit<'a> {
    type Machine = Push<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Push<'a>> {
        let Self { client_id, response, reader, .. } = self;
        match answer {
            Ok(Outcome::Applied) => Step::Done(PushReply { outcome: Ok((client_id, response)), reader }),
            // The random key exists already.
            Ok(Outcome::Conflict(_)) => {
                refuse(reader, Some(client_id), AuthorizationError::Collision, PresentedIn::Body)
            }
            Err(cause) => {
                let error = EndpointError::Unavailable(Outage::of::<Commit>(cause));
                refuse(reader, Some(client_id), error, PresentedIn::Body)
            }
        }
    }
}

/// An error of the pushed authorization request endpoint: [RFC 9126 §2.3].
///
/// [RFC 9126 §2.3]: https://www.rfc-editor.org/rfc/rfc9126#section-2.3
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The request, the client or the store is at fault, as at any endpoint.
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    /// The redirect URI is not the client's, or `state` could not be returned. At the authorization endpoint the person
    /// would be shown this error.
    #[error("{0}")]
    RedirectUri(#[from] AuthorizationPageError),
    /// The authorization endpoint would refuse the request.
    #[error("{0}")]
    Request(#[from] AuthorizationError),
}

serialize_error!(PushError);

impl PushError {
    /// The `error` of [RFC 9126 §2.3], which takes those of [RFC 6749 §4.1.2.1] and [§5.2].
    ///
    /// [RFC 9126 §2.3]: https://www.rfc-editor.org/rfc/rfc9126#section-2.3
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    /// [§5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Endpoint(error) => error.code(),
            Self::RedirectUri(error) => error.code(),
            Self::Request(error) => error.code(),
        }
    }
}

/// The response of the pushed authorization request endpoint, before it is written as HTTP.
#[derive(Debug)]
#[must_use = "the reply is what the client waits for"]
pub struct PushReply {
    pub(super) outcome: Result<(ClientId, PushResponse), ErrorReply<PushError>>,
    reader: Reader,
}

/// A successful response: [RFC 9126 §2.2].
///
/// [RFC 9126 §2.2]: https://www.rfc-editor.org/rfc/rfc9126#section-2.2
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PushResponse {
    /// The reference to the request for the authorization endpoint.
    pub request_uri: Secret<'static>,
    /// The seconds for which it may be presented there.
    pub expires_in: u64,
}

impl Serialize for PushResponse {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("request_uri", self.request_uri.expose())?;
        map.serialize_entry("expires_in", &self.expires_in)?;
        map.end()
    }
}

impl PushReply {
    /// The `request_uri`, or the error.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<&PushResponse, &PushError> {
        self.outcome.as_ref().map(|(_, response)| response).map_err(|refused| &refused.error)
    }

    /// Returns the HTTP response: [RFC 9126 §2.2], [§2.3].
    ///
    /// [RFC 9126 §2.2]: https://www.rfc-editor.org/rfc/rfc9126#section-2.2
    /// [§2.3]: https://www.rfc-editor.org/rfc/rfc9126#section-2.3
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let reader = self.reader;
        let ErrorReply { error, presented_in, .. } = match self.outcome {
            // "If the verification is successful, the server [...] provides a request URI [...] with HTTP status code
            // 201".
            Ok((_, response)) => return reader.shown(json(StatusCode::CREATED, &response)),
            Err(refused) => refused,
        };
        reader.shown(match error {
            PushError::Endpoint(error) => error.into_http(presented_in),
            PushError::Request(error @ AuthorizationError::Collision) => {
                error_response(StatusCode::INTERNAL_SERVER_ERROR, error.code(), &error.description())
            }
            error => error_response(StatusCode::BAD_REQUEST, error.code(), &error.to_string()),
        })
    }
}
