//! Why a request is not served, and how that is said: RFC 6750 §3.1, RFC 9470 §3.

use http::{HeaderValue, Response, StatusCode, header};

use super::challenge::challenge;
use super::{Requirement, ResourceServer};
use crate::event::Event;
use crate::step::Unavailable;
use crate::wire::{AuthorizationHeaderError, FormError, RequestError, empty};

/// Why a request is not served. The texts of `invalid_request` and `invalid_token` go to the client; they hold no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// There is no token in the request: neither an error nor a code.
    #[error("the request has no access token")]
    NoToken,
    /// The `Authorization` header cannot be read.
    #[error("{0}")]
    Header(#[from] AuthorizationHeaderError),
    /// The form or the query with a token cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// RFC 6750 §2: "Clients MUST NOT use more than one method to transmit the token in each request."
    #[error("the access token is sent in more than one way")]
    TwoMethods,
    /// There is no such access token; there may be another credential of this text, or the authorization server does not say why.
    #[error("the access token is not known")]
    Unknown,
    /// It has expired.
    #[error("the access token expired")]
    Expired,
    /// Its grant was revoked, or it was spent.
    #[error("the access token was revoked")]
    Revoked,
    /// It is not to be used yet: `nbf`, RFC 7662 §2.2.
    #[error("the access token is not valid yet")]
    NotYet,
    /// It is of a type that is not presented like this, say one that is bound to a key.
    #[error("the access token is not a bearer token")]
    TokenType,
    /// It is for another resource, or for any.
    #[error("the access token is not for this resource")]
    Audience,
    /// Its scope lacks something that is required.
    #[error("the request needs more scope than the access token has")]
    Scope,
    /// Its resource owner was authenticated in another way, or too long ago, or it does not say: RFC 9470.
    #[error("a different or more recent authentication is required")]
    Authentication {
        /// Whether its scope lacks something too.
        lacks_scope: bool,
    },
    /// The host could not carry out an effect.
    #[error("{0} {1}")]
    Unavailable(&'static str, Unavailable),
    /// The authorization server did not say whether the token is active.
    #[error("introspection failed: {0}")]
    Introspection(RequestError),
}

impl AccessError {
    /// The `error` of RFC 6750 §3.1 or RFC 9470 §3. For a request without a token, and for an outage, there is none; the words here are for
    /// logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Header(_) | Self::Form(_) | Self::TwoMethods => "invalid_request",
            Self::Unknown | Self::Expired | Self::Revoked | Self::NotYet | Self::TokenType | Self::Audience => {
                "invalid_token"
            }
            Self::Scope => "insufficient_scope",
            Self::Authentication { .. } => "insufficient_user_authentication",
            Self::Unavailable(..) | Self::Introspection(_) => "unavailable",
        }
    }

    /// The status: RFC 6750 §3.1, RFC 9470 §3. An outage is never 401, for the client would throw its token away.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            _ if self.is_invalid_request() => StatusCode::BAD_REQUEST,
            Self::Scope => StatusCode::FORBIDDEN,
            Self::Unavailable(..) | Self::Introspection(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    pub(super) fn is_invalid_request(&self) -> bool {
        matches!(self, Self::Header(_) | Self::Form(_) | Self::TwoMethods)
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Unavailable(_, unavailable) => unavailable.retry_after(),
            Self::Introspection(error) => error.retry_after(),
            _ => None,
        }
    }
}

/// A request is not served: why, and the response that says so.
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

    /// Why, exactly.
    #[must_use]
    pub fn error(&self) -> &AccessError {
        &self.0.error
    }

    /// The challenge, for a host that words the response itself; none where the outage is ours.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&HeaderValue> {
        self.0.challenge.as_ref()
    }

    /// The response. It has no body: RFC 6750 §3 has it all in the header.
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let Parts { error, challenge } = *self.0;
        let mut response = empty(error.status());
        let headers = response.headers_mut();
        headers.extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        headers.extend(error.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
        response
    }

    pub(super) fn event(&self) -> Event {
        match self.error().clone() {
            AccessError::Unavailable(effect, cause) => Event::Unavailable { client_id: None, effect, cause },
            // It says nothing about the token: an outage, though the authorization server did answer something.
            AccessError::Introspection(error) => {
                Event::Unavailable { client_id: None, effect: "fetch", cause: Unavailable::new(error) }
            }
            reason => Event::AccessRefused { reason },
        }
    }
}
