//! The device authorization endpoint, and the decision of the person who enters the user code: [RFC 8628 §3.1] to
//! [§3.3]. The device then gets its tokens at the token endpoint, in `token/device_code.rs`.
//!
//! A device's request is a [`PendingRequest`] with two keys, that of the device code and that of the user code. The
//! person enters the user code ([`VerifyUserCode`]), and the host keeps the [`DevicePrompt`] in their session. An
//! approval spends the request, and issues a code of a new grant under the key of the device code, all in one commit. A
//! denial is written in the request, which it spends.
//!
//! [RFC 8628 §3.1]: https://www.rfc-editor.org/rfc/rfc8628#section-3.1
//! [§3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3

mod config;
mod decision;
mod error;
mod event;
mod prompt;
mod reply;
mod verify;

pub use config::DeviceConfig;
pub use decision::{DeviceDecided, DeviceDecision, DeviceDecisionCommit, DeviceDecisionLookup};
pub use error::{AuthorizeDeviceError, DevicePageError};
pub use prompt::{AskedFrom, DevicePrompt};
pub use reply::{AuthorizeDeviceReply, AuthorizeDeviceResponse, DeviceDecisionReply};
pub use verify::{VerifyUserCode, VerifyUserCodeLookup, VerifyUserCodeReply, VerifyUserCodeRequest};

use std::borrow::Cow;
use std::sync::Arc;

use http::Request;

use super::client_auth::{
    AuthenticateClientSecret, AuthenticateFetch, AuthenticateLookup, Authenticated, ClientAuthentication,
    ClientEndpoint, by_document,
};
use super::cross_origin::Reader;
use super::error::{EndpointError, PresentedIn};
use super::request::{form, presented_in};
use super::scope::{Granted, Requested};
use super::{Config, Server};
use crate::effect::{Answer, Outage};
use crate::fetch::FromCache;
use crate::model::{ClientId, GrantType, Key, Moment, Secret, UserCode};
use crate::record::{Asked, Client, DeviceRequest, PendingKind, PendingRequest, Version};
use crate::step::{Pause, Step, machine};
use crate::store::{Change, Commit, Found, Outcome};

machine! {
    /// The machine of the device authorization endpoint.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret | Fetch] ─▶ Commit ─▶ reply
    ///                                                ▲    │ the user code is taken: at most three times
    ///                                                └────┘
    /// ```
    ///
    /// The machine draws from its moment the device code, the user code, and another user code for each that is taken.
    AuthorizeDevice<'a> {
        Lookup = AuthenticateLookup<'a, AuthorizeDeviceEndpoint<'a>>,
        ClientSecret = AuthenticateClientSecret<AuthorizeDeviceEndpoint<'a>>,
        Fetch = AuthenticateFetch<'a, AuthorizeDeviceEndpoint<'a>>,
        Commit = AuthorizeDeviceCommit<'a>,
        Reply = AuthorizeDeviceReply,
    }
}

/// The number of times that a user code is drawn again.
const REDRAWS: u8 = 3;

impl Server {
    /// Answers a request to the device authorization endpoint: [RFC 8628 §3.1]. `run` returns an
    /// [`AuthorizeDeviceReply`].
    ///
    /// A host that knows where the device asks from, or what it is, adds [`AskedFrom`] to the request's extensions.
    ///
    /// [RFC 8628 §3.1]: https://www.rfc-editor.org/rfc/rfc8628#section-3.1
    pub fn authorize_device<'a, B: AsRef<[u8]>>(
        &'a self,
        request: &'a Request<B>,
        moment: Moment,
    ) -> Step<AuthorizeDevice<'a>> {
        let reader = self.config.cross_origin.reader(request);
        let Some(device) = &self.config.device else {
            return refuse(reader, None, EndpointError::NotConfigured, presented_in(request));
        };
        match read(&self.config, request) {
            Ok((client, [scope, authorization_details, asked_from], resource)) => {
                let presented_in = client.presented_in();
                let config = &self.config;
                let endpoint = AuthorizeDeviceEndpoint {
                    config,
                    device,
                    scope,
                    authorization_details,
                    resource,
                    asked_from,
                    presented_in,
                    reader,
                    moment,
                };
                Step::Lookup(AuthenticateLookup::new(client, None, endpoint))
            }
            Err(error) => refuse(reader, None, error, presented_in(request)),
        }
    }
}

/// The client, its scope and its authorization details and the place that it asks from, and its resources.
type Read<'a> = (ClientAuthentication<'a>, [Option<Cow<'a, str>>; 3], Vec<Cow<'a, str>>);

/// Reads a request.
fn read<'a, B: AsRef<[u8]>>(config: &Config, request: &'a Request<B>) -> Result<Read<'a>, EndpointError> {
    config.cross_origin.check(request)?;
    // RFC 8628 §3.1: "Parameters sent without a value MUST be treated as if they were omitted from the request. The
    // authorization server MUST ignore unrecognized request parameters. Request and response parameters MUST NOT be
    // included more than once."
    let form = form(request)?;
    let names = ["client_id", "client_secret", "scope", "authorization_details"];
    let ([client_id, client_secret, scope, authorization_details], resource) = form.params_and_all(names, "resource");
    // RFC 8628 §3.1: "confidential clients (those that have established client credentials) authenticate in the same
    // manner as when making requests to the token endpoint, and public clients provide the "client_id" parameter to
    // identify themselves."
    let client = ClientAuthentication::read(config.client_authentication, request.headers(), client_id, client_secret)?;
    let asked_from = request.extensions().get::<AskedFrom>().map(|asked_from| asked_from.as_str().into());
    Ok((client, [scope?, authorization_details?, asked_from], resource))
}

fn refuse<'a>(
    reader: Reader,
    client_id: Option<ClientId>,
    error: impl Into<AuthorizeDeviceError>,
    presented_in: PresentedIn,
) -> Step<AuthorizeDevice<'a>> {
    Step::Done(AuthorizeDeviceReply::refused(reader, client_id, error, presented_in))
}

/// The state of the endpoint while the client is authenticated.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeDeviceEndpoint<'a> {
    config: &'a Config,
    device: &'a DeviceConfig,
    scope: Option<Cow<'a, str>>,
    authorization_details: Option<Cow<'a, str>>,
    resource: Vec<Cow<'a, str>>,
    asked_from: Option<Cow<'a, str>>,
    presented_in: PresentedIn,
    reader: Reader,
    moment: Moment,
}

impl<'a> ClientEndpoint for AuthorizeDeviceEndpoint<'a> {
    type Machine = AuthorizeDevice<'a>;

    fn authenticated(mut self, client: Authenticated, _: &Found) -> Step<AuthorizeDevice<'a>> {
        let client = client.client();
        let asked = match self.check(client) {
            Ok(asked) => asked,
            Err(error) => return refuse(self.reader, Some(client.client_id.clone()), error, self.presented_in),
        };
        let now = self.moment.now();
        let device_code = self.moment.draw();
        let kind = DeviceRequest {
            interval: self.device.interval.as_secs(),
            polled_at: None,
            asked_from: self.asked_from.map(Cow::into_owned),
            denied: false,
        };
        let draw = Draw { device: self.device, moment: self.moment, device_code, redraws: REDRAWS };
        draw.put(self.reader, |key, user_code| PendingRequest {
            version: Version,
            revision: 0,
            key,
            user_code: Some(user_code),
            client_id: client.client_id.clone(),
            kind: PendingKind::Device(kind),
            asked,
            issued_at: now,
            expires_at: now.end_of(self.device.lifetime),
        })
    }

    fn refused(self, client_id: ClientId, error: EndpointError) -> Step<AuthorizeDevice<'a>> {
        refuse(self.reader, Some(client_id), error, self.presented_in)
    }

    fn unregistered(self, client_id: ClientId, found: Found) -> Step<AuthorizeDevice<'a>> {
        by_document(self.config, client_id, FromCache::Fresh, (found, self))
    }
}

impl AuthorizeDeviceEndpoint<'_> {
    /// Checks that the client may ask, and for this.
    fn check(&self, client: &Client) -> Result<Asked, AuthorizeDeviceError> {
        if !may_use_the_grant(self.config, client) {
            return Err(AuthorizeDeviceError::UnauthorizedClient);
        }
        let (scope, authorization_details) = (self.scope.as_deref(), self.authorization_details.as_deref());
        let requested = Requested { scope, resource: &self.resource, authorization_details };
        let Granted { scope, audience, authorization_details } = self.config.terms(client, &requested)?;
        Ok(Asked { audience, authorization_details, ..Asked::new(scope) })
    }
}

/// Tells if server and client both use the device grant, and the client can hold a grant at all.
fn may_use_the_grant(config: &Config, client: &Client) -> bool {
    let both = [&config.token.grant_types, &client.grant_types];
    both.iter().all(|grant_types| grant_types.contains(&GrantType::DeviceCode)) && !client.has_no_time()
}

/// The codes of a request, and what is left to draw if they are taken.
#[cfg_attr(feature = "explore", derive(Clone))]
struct Draw<'a> {
    device: &'a DeviceConfig,
    moment: Moment,
    /// The random part of the device code. No store keeps it until a user code is free, and then only its digest.
    device_code: [u8; 31],
    /// The number of user codes that may still be drawn.
    redraws: u8,
}

impl<'a> Draw<'a> {
    /// Draws a user code and stores the request. Both codes lead to the partition of the user code's digest.
    fn put(mut self, reader: Reader, request: impl FnOnce(Key, Key) -> PendingRequest) -> Step<AuthorizeDevice<'a>> {
        let user_code = UserCode::of_random(self.moment.draw());
        let user_code_key = user_code.key();
        // RFC 8628 §5.2: "As the device code is not displayed to the user and thus there are no usability
        // considerations on the length, a very high entropy code SHOULD be used."
        let (device_code, key) = Key::generate(user_code_key.partition, &self.device_code);
        let request = Arc::new(request(key, user_code_key));
        let commit = Commit::of(Change::PutRequest(Arc::clone(&request)));
        Step::Commit(AuthorizeDeviceCommit { commit, request, device_code, user_code, reader, draw: self })
    }
}

/// Waits for the outcome of the commit.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeDeviceCommit<'a> {
    commit: Commit,
    request: Arc<PendingRequest>,
    device_code: Secret<'static>,
    user_code: UserCode,
    reader: Reader,
    draw: Draw<'a>,
}

impl<'a> Pause<Commit> for AuthorizeDeviceCommit<'a> {
    type Machine = AuthorizeDevice<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<AuthorizeDevice<'a>> {
        let Self { request, device_code, user_code, reader, draw, .. } = self;
        let client_id = request.client_id.clone();
        let error = match answer {
            Ok(Outcome::Applied) => {
                let response = AuthorizeDeviceResponse::new(draw.device, device_code, &user_code);
                return Step::Done(AuthorizeDeviceReply::authorized(reader, client_id, response));
            }
            // The code belongs to a device that waits, or that waited and is not forgotten yet.
            Ok(Outcome::Conflict(_)) => match draw.redraws.checked_sub(1) {
                None => AuthorizeDeviceError::UserCodesTaken,
                Some(redraws) => {
                    return Draw { redraws, ..draw }.put(reader, |key, user_code| PendingRequest {
                        key,
                        user_code: Some(user_code),
                        ..PendingRequest::clone(&request)
                    });
                }
            },
            Err(cause) => EndpointError::Unavailable(Outage::of::<Commit>(cause)).into(),
        };
        refuse(reader, Some(client_id), error, PresentedIn::Body)
    }
}
