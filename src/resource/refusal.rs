//! The response of a refusal: [RFC 6750 §3].
//!
//! [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3

use http::{HeaderValue, Response, header};

use super::ResourceServer;
use super::challenge::challenge;
use super::error::AccessError;
use super::requirement::Requirement;
use crate::wire::empty;

/// A refusal to serve a request: the reason, and the response.
#[derive(Clone, Debug)]
#[must_use = "the client waits for the response"]
pub struct Refusal(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    error: AccessError,
    challenge: Option<HeaderValue>,
}

impl Refusal {
    pub(super) fn new(server: &ResourceServer, requirement: &Requirement, error: AccessError) -> Self {
        let challenge = challenge(&server.config, requirement, &error);
        Self(Box::new(Parts { error, challenge }))
    }

    /// The exact reason.
    #[must_use]
    pub fn error(&self) -> &AccessError {
        &self.0.error
    }

    /// The challenge, for a host that writes the response itself; `None` if the outage is on our side.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&HeaderValue> {
        self.0.challenge.as_ref()
    }

    /// Returns the response. It has no body, since [RFC 6750 §3] puts everything into the header.
    ///
    /// [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let Parts { error, challenge } = *self.0;
        let mut response = empty(error.status());
        let headers = response.headers_mut();
        headers.extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        headers.extend(error.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
        response
    }
}
