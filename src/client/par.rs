//! Pushed authorization requests: [RFC 9126].
//!
//! ```text
//! push ─▶ Fetch ─▶ Pushed: send the browser to its url, and keep its pending request for the callback
//! ```
//!
//! [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::authorize::{AuthorizationRequest, BeginError, Pending};
use super::dialect::Dialect;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{ClientId, Endpoint, Moment, Secret, Timestamp, exposed};
use crate::step::{Pause, Step, machine};
use crate::wire::{Authentication, Fault, Parameters, PostForm, RequestError, ServerAnswer, lenient, with_parameters};

machine! {
    /// The machine that pushes an authorization request.
    Push {
        Fetch = PushFetch,
        Reply = Result<Pushed, PushError>,
    }
}

impl Client {
    /// Pushes a request for an authorization code, past the browser, which is then sent to the authorization endpoint
    /// with no more than a reference to it: [RFC 9126 §2.1], [§4]. The rest of the flow is the same as after
    /// [`begin`](Self::begin), and so are the draws from the moment.
    ///
    /// A server whose metadata has a `pushed_authorization_request_endpoint` takes such requests; one that takes no
    /// others says so ([RFC 9126 §5]), and [`begin`](Self::begin) refuses with [`BeginError::PushRequired`].
    ///
    /// [RFC 9126 §2.1]: https://www.rfc-editor.org/rfc/rfc9126#section-2.1
    /// [§4]: https://www.rfc-editor.org/rfc/rfc9126#section-4
    /// [RFC 9126 §5]: https://www.rfc-editor.org/rfc/rfc9126#section-5
    ///
    /// `run` returns a [`Pushed`], or a [`PushError`].
    pub fn push(&self, request: AuthorizationRequest, moment: Moment) -> Step<Push> {
        match self.pushing(request, moment) {
            Ok(pause) => Step::Fetch(pause),
            Err(error) => Step::Done(Err(error)),
        }
    }

    fn pushing(&self, request: AuthorizationRequest, moment: Moment) -> Result<PushFetch, PushError> {
        let authorization_endpoint = self.authorization_endpoint()?.clone();
        let endpoint = self.server.pushed_authorization_request_endpoint.as_ref();
        let endpoint = endpoint.ok_or(RequestError::NoEndpoint("pushed_authorization_request_endpoint"))?;
        // RFC 9126 §2: "The rules for client authentication as defined in [...] for token endpoint requests, including
        // the applicable authentication methods, apply for the PAR endpoint as well." A client that authenticates in
        // the header names itself in the request; the others do so by authenticating.
        let is_in_header = matches!(self.identity(None).authentication, Authentication::Basic(_));
        let pushed_at = moment.now();
        let (form, pending) = self.code_request(request, moment, |parameters| {
            let mut form = PostForm::new();
            for (name, value) in parameters.iter().filter(|(name, _)| is_in_header || *name != "client_id") {
                form.append_optional(name, *value);
            }
            form
        })?;
        let fetch = self.post(form, endpoint, None)?;
        let (dialect, client_id) = (Arc::clone(&self.dialect), self.client_id().clone());
        Ok(PushFetch { fetch, dialect, authorization_endpoint, client_id, pending, pushed_at })
    }
}

/// Waits for the response to a pushed request.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct PushFetch {
    fetch: Fetch,
    dialect: Arc<Dialect>,
    authorization_endpoint: Endpoint,
    client_id: ClientId,
    pending: Pending,
    pushed_at: Timestamp,
}

impl Pause<Fetch> for PushFetch {
    type Machine = Push;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Push> {
        let answer = self.dialect.hear(answer, self.pushed_at);
        Step::Done(answer.and_then(|answer| self.read(&answer)).map_err(PushError::Request))
    }
}

impl PushFetch {
    /// Reads a response: [RFC 9126 §2.2]. A lifetime that cannot be read is not known.
    ///
    /// [RFC 9126 §2.2]: https://www.rfc-editor.org/rfc/rfc9126#section-2.2
    fn read(self, answer: &ServerAnswer) -> Result<Pushed, RequestError> {
        let members = self.dialect.members(answer)?;
        let request_uri = members.read_once("request_uri", lenient::secret);
        let request_uri = request_uri.map_err(|_| answer.unusable(Fault::Malformed))?;
        let request_uri = request_uri.ok_or_else(|| answer.unusable(Fault::Missing("request_uri")))?;
        if !exposed::is_visible(&request_uri) {
            return Err(answer.unusable(Fault::Malformed));
        }
        let expires_in = members.read("expires_in", lenient::seconds).ok().flatten();
        Ok(Pushed {
            url: self.url(&request_uri),
            pending: self.pending,
            expires_at: expires_in.map(|seconds| self.pushed_at.after(Duration::from_secs(seconds))),
        })
    }

    /// Returns the URL to send the browser to: [RFC 9126 §4].
    ///
    /// [RFC 9126 §4]: https://www.rfc-editor.org/rfc/rfc9126#section-4
    fn url(&self, request_uri: &Secret<'_>) -> String {
        let parameters = [("client_id", Some(self.client_id.as_str())), ("request_uri", Some(request_uri.expose()))];
        with_parameters(self.authorization_endpoint.as_str(), Parameters::Query, parameters)
    }
}

/// An authorization request that was pushed: [RFC 9126 §2.2].
///
/// [RFC 9126 §2.2]: https://www.rfc-editor.org/rfc/rfc9126#section-2.2
#[cfg_attr(feature = "explore", derive(Clone))]
#[non_exhaustive]
#[must_use = "the browser is to be sent to its URL"]
pub struct Pushed {
    /// The URL to send the browser to, once. [RFC 9126 §4]: "the client MUST only use a request_uri value once."
    ///
    /// [RFC 9126 §4]: https://www.rfc-editor.org/rfc/rfc9126#section-4
    pub url: String,
    /// The pending request that the callback needs.
    pub pending: Pending,
    /// The time by which the browser must have come, if the server said so.
    pub expires_at: Option<Timestamp>,
}

/// Does not show the URL, which stands for the request.
impl fmt::Debug for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pending, expires_at, .. } = self;
        f.debug_struct("Pushed").field("pending", pending).field("expires_at", expires_at).finish_non_exhaustive()
    }
}

/// An error in pushing an authorization request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The server's metadata shows that the server would refuse the request. Nothing was sent.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The server refused, or there was no usable response: [RFC 9126 §2.3].
    ///
    /// [RFC 9126 §2.3]: https://www.rfc-editor.org/rfc/rfc9126#section-2.3
    #[error(transparent)]
    Request(#[from] RequestError),
}
