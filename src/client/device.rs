//! The device authorization grant: [RFC 8628].
//!
//! ```text
//! authorize_device ─▶ Fetch ─▶ Device: show the person its user_code and verification_uri
//! poll ─▶ Fetch ─▶ Pending(Device), again and again, ─▶ Tokens, or Denied, or Expired
//! ```
//!
//! [RFC 8628]: https://www.rfc-editor.org/rfc/rfc8628

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Client;
use super::dialect::Dialect;
use super::parameters::Parameters;
use super::token::Expected;
use super::token_set::{Asked, TokenSet};
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{AuthorizationDetails, GrantType, Issuer, Moment, Resource, Scope, Secret, Timestamp, exposed};
use crate::step::{Pause, Step, machine};
use crate::wire::{Fault, PostForm, RequestError, ServerAnswer, is_invisible, lenient};

machine! {
    /// The machine that asks for a device code and a user code.
    AuthorizeDevice {
        Fetch = AuthorizeDeviceFetch,
        Reply = Result<Device, RequestError>,
    }
}

machine! {
    /// The machine that asks if the person has decided.
    Poll {
        Fetch = PollFetch,
        Reply = Result<Polled, RequestError>,
    }
}

/// The seconds between two polls if the server does not say. [RFC 8628 §3.2]: "If no value is provided, clients MUST
/// use 5 as the default."
///
/// [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
const DEFAULT_INTERVAL: u64 = 5;

/// A device authorization request that is not sent yet.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is started"]
pub struct DeviceRequest<'a> {
    client: &'a Client,
    parameters: Parameters,
}

impl Client {
    /// Asks for a device code and a user code: [RFC 8628 §3.1].
    ///
    /// [RFC 8628 §3.1]: https://www.rfc-editor.org/rfc/rfc8628#section-3.1
    pub fn authorize_device(&self) -> DeviceRequest<'_> {
        DeviceRequest { client: self, parameters: Parameters::new() }
    }
}

impl DeviceRequest<'_> {
    /// Asks for this scope; an empty scope asks for the server's default: [RFC 6749 §3.3].
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub fn scope(mut self, scope: Scope) -> Self {
        self.parameters.scope(scope);
        self
    }

    /// Asks for a token that is good at this protected resource: [RFC 8707 §2]. Call it again for further resources.
    /// Each poll repeats them, and so does each refresh.
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    pub fn resource(mut self, resource: Resource) -> Self {
        self.parameters.resource(resource);
        self
    }

    /// Asks for these authorization details, beside the scope: [RFC 9396 §3]. The tokens tell which of them were
    /// granted ([`TokenSet::authorization_details`]).
    ///
    /// [RFC 9396 §3]: https://www.rfc-editor.org/rfc/rfc9396#section-3
    pub fn authorization_details(mut self, authorization_details: AuthorizationDetails) -> Self {
        self.parameters.authorization_details(authorization_details);
        self
    }

    /// Adds a further parameter. One that the request has already must not be added; see
    /// [`TokenRequest::parameter`](super::TokenRequest::parameter).
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.further(name, value);
        self
    }

    /// Starts the request at this moment. No randomness is drawn from the moment yet; proofs of possession will need
    /// it.
    ///
    /// `run` returns the [`Device`], or a [`RequestError`].
    pub fn start(self, moment: Moment) -> Step<AuthorizeDevice> {
        let Self { client, parameters } = self;
        let (form, scope, resource) = parameters.finish(Vec::new());
        let endpoint = client.server.device_authorization_endpoint.as_ref();
        let endpoint = endpoint.ok_or(RequestError::NoEndpoint("device_authorization_endpoint"));
        match endpoint.and_then(|endpoint| client.post(form, endpoint, None)) {
            Ok(fetch) => {
                let (dialect, issuer) = (Arc::clone(&client.dialect), client.server.issuer.clone());
                Step::Fetch(AuthorizeDeviceFetch { fetch, dialect, issuer, scope, resource, now: moment.now() })
            }
            Err(error) => Step::Done(Err(error)),
        }
    }
}

/// Waits for a device authorization response.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct AuthorizeDeviceFetch {
    fetch: Fetch,
    dialect: Arc<Dialect>,
    issuer: Issuer,
    scope: Option<Scope>,
    resource: Vec<Resource>,
    now: Timestamp,
}

impl Pause<Fetch> for AuthorizeDeviceFetch {
    type Machine = AuthorizeDevice;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<AuthorizeDevice> {
        Step::Done(self.dialect.hear(answer, self.now).and_then(|answer| self.read(&answer)))
    }
}

impl AuthorizeDeviceFetch {
    /// Reads a device authorization response: [RFC 8628 §3.2]. Optional members may be unreadable.
    ///
    /// [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
    fn read(self, answer: &ServerAnswer) -> Result<Device, RequestError> {
        let members = self.dialect.members(answer)?;
        let malformed = |_| answer.unusable(Fault::Malformed);
        let missing = |name| answer.unusable(Fault::Missing(name));
        let text = |name| members.read_once(name, lenient::string);
        let expires_in = members.read("expires_in", lenient::seconds).map_err(malformed)?;
        let expires_in = expires_in.ok_or_else(|| missing("expires_in"))?;
        let device_code = members.read_once("device_code", lenient::secret).map_err(malformed)?;
        let user_code = text("user_code").map_err(malformed)?;
        // `verification_url` is from before the RFC.
        let verification_uri = text("verification_uri").map_err(malformed)?.or(text("verification_url").ok().flatten());
        let verification_uri_complete = text("verification_uri_complete").ok().flatten();
        let interval = members.read("interval", lenient::seconds).ok().flatten().unwrap_or(DEFAULT_INTERVAL).max(1);
        let device = Device {
            issuer: self.issuer,
            device_code: device_code.ok_or_else(|| missing("device_code"))?,
            user_code: user_code.ok_or_else(|| missing("user_code"))?,
            verification_uri: verification_uri.ok_or_else(|| missing("verification_uri"))?,
            verification_uri_complete: verification_uri_complete.filter(|uri| !uri.is_empty()),
            expires_at: self.now.after(Duration::from_secs(expires_in)),
            interval,
            poll_at: self.now.after(Duration::from_secs(interval)),
            scope: self.scope,
            resource: self.resource,
        };
        if device.is_presentable() { Ok(device) } else { Err(answer.unusable(Fault::Malformed)) }
    }
}

/// A device authorization that waits for a person: [RFC 8628 §3.2]. A serde value that holds the device code in plain
/// text.
///
/// [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "the person has to be told"]
pub struct Device {
    #[serde(deserialize_with = "crate::model::issuer::in_private_network")]
    issuer: Issuer,
    #[serde(with = "exposed")]
    device_code: Secret<'static>,
    user_code: String,
    verification_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<String>,
    expires_at: Timestamp,
    interval: u64,
    poll_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resource: Vec<Resource>,
}

impl Device {
    /// The code for the person to type in: [RFC 8628 §3.3]. Free of control characters and of other invisible ones, so
    /// that a terminal may print it.
    ///
    /// [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// The http or https URL for the person to visit.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The URL that spares the person the typing, for a QR code, say: [RFC 8628 §3.3.1]. Show the code all the same.
    ///
    /// [RFC 8628 §3.3.1]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3.1
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_deref()
    }

    /// The time at which the codes expire.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The earliest time for the next poll.
    #[must_use]
    pub fn poll_at(&self) -> Timestamp {
        self.poll_at
    }

    /// Checks that a browser can be sent to the page and that a terminal can print the code.
    fn is_presentable(&self) -> bool {
        let is_text = |text: &str| !text.is_empty() && !text.contains(is_invisible);
        let is_page = |text: &str| {
            is_text(text)
                && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        };
        exposed::is_visible(&self.device_code)
            && is_text(&self.user_code)
            && is_page(&self.verification_uri)
            && self.verification_uri_complete.as_deref().is_none_or(is_page)
    }

    /// Returns the same authorization, to be polled after this many seconds, now and later.
    fn again(&self, now: Timestamp, interval: u64) -> Self {
        Self { interval, poll_at: now.after(Duration::from_secs(interval)), ..self.clone() }
    }
}

/// The result of a poll: [RFC 8628 §3.5]. Each case has its own way on.
///
/// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
#[derive(Clone, Debug)]
pub enum Polled {
    /// The person approved; these are the tokens.
    Tokens(TokenSet),
    /// The person has not decided. Poll again at the device's [`poll_at`](Device::poll_at).
    Pending(Device),
    /// The server could not be reached, or failed. Poll again, more slowly, at the device's
    /// [`poll_at`](Device::poll_at).
    Retry(Device, RequestError),
    /// The person denied.
    Denied,
    /// The codes have expired. Start again when the person wants to.
    Expired,
}

impl Client {
    /// Asks if the person has decided: [RFC 8628 §3.4]. A call that comes too early sends nothing: "Before each new
    /// request, the client MUST wait at least the number of seconds specified by the "interval" parameter"
    /// ([RFC 8628 §3.5]).
    ///
    /// A device of another server is refused. An error in the reply is final: "If the client receives an error response
    /// with any other error code, it MUST stop polling". (The exception is a status that says that the server failed or
    /// is busy, with whatever code: [`Polled::Retry`].) No randomness is drawn from the moment yet; proofs of
    /// possession will need it.
    ///
    /// [RFC 8628 §3.4]: https://www.rfc-editor.org/rfc/rfc8628#section-3.4
    /// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
    ///
    /// `run` returns a [`Polled`], or a [`RequestError`].
    pub fn poll(&self, device: &Device, moment: Moment) -> Step<Poll> {
        let now = moment.now();
        if device.issuer != self.server.issuer {
            return Step::Done(Err(RequestError::OtherServer));
        }
        if device.expires_at.is_past(now) {
            return Step::Done(Ok(Polled::Expired));
        }
        if now < device.poll_at {
            return Step::Done(Ok(Polled::Pending(device.clone())));
        }
        let mut form = PostForm::new();
        form.append("grant_type", GrantType::DeviceCode.as_str());
        form.append("device_code", device.device_code.expose());
        device.resource.iter().for_each(|resource| form.append("resource", resource.as_str()));
        match self.token_endpoint().and_then(|endpoint| self.post(form, endpoint, None)) {
            Ok(fetch) => {
                Step::Fetch(PollFetch { fetch, dialect: Arc::clone(&self.dialect), device: device.clone(), now })
            }
            Err(error) => Step::Done(Err(error)),
        }
    }
}

/// Waits for the response to a poll.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct PollFetch {
    fetch: Fetch,
    dialect: Arc<Dialect>,
    device: Device,
    now: Timestamp,
}

impl Pause<Fetch> for PollFetch {
    type Machine = Poll;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Poll> {
        let Self { device, now, dialect, .. } = self;
        let answer = dialect.hear(answer, now);
        let asked = Asked { scope: device.scope.clone(), resource: device.resource.clone(), ..Asked::default() };
        let expected = Expected {
            dialect,
            issuer: device.issuer.clone(),
            requested_at: now,
            scope: device.scope.clone(),
            asked,
            token_type: None,
            refresh_token: None,
        };
        let error = match answer.and_then(|answer| expected.read(&answer)) {
            Ok(tokens) => return Step::Done(Ok(Polled::Tokens(tokens))),
            Err(error) => error,
        };
        let interval = device.interval;
        let again = |interval| {
            let device = device.again(now, interval);
            // RFC 9110 §10.2.3: a server that names a time to ask again is not asked before it.
            let retry_after = Duration::from_secs(error.retry_after().unwrap_or_default().into());
            Device { poll_at: device.poll_at.max(now.after(retry_after)), ..device }
        };
        Step::Done(match error.code() {
            Some("authorization_pending") => Ok(Polled::Pending(again(interval))),
            // RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests."
            Some("slow_down") => Ok(Polled::Pending(again(interval.saturating_add(5)))),
            // Some providers use the second name.
            Some("access_denied" | "authorization_declined") => Ok(Polled::Denied),
            Some("expired_token") => Ok(Polled::Expired),
            // RFC 8628 §3.5: "On encountering a connection timeout, clients MUST unilaterally reduce their polling
            // frequency before retrying. The use of an exponential backoff algorithm to achieve this, such as doubling
            // the polling interval [...] is RECOMMENDED." A server that is busy or out of order is no better than one
            // that is slow.
            _ if error.is_passing() => Ok(Polled::Retry(again(interval.saturating_mul(2)), error)),
            _ => Err(error),
        })
    }
}
