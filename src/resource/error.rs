//! Why a request is not served: [RFC 6750 §3.1], [RFC 9470 §3].
//!
//! [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
//! [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3

use http::StatusCode;

use crate::effect::Outage;
use crate::wire::{AuthorizationHeaderError, FormError, RequestError, serialize_error};

/// Why a request is not served. The texts of `invalid_request` and `invalid_token` go to the client; they hold no
/// secret.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
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
    /// There is no such access token; there may be another credential of this text, or the authorization server does
    /// not say why.
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
    #[error("{0}")]
    Unavailable(Outage),
    /// The authorization server did not say whether the token is active.
    #[error("introspection failed: {0}")]
    Introspection(RequestError),
}

serialize_error!(AccessError);

impl AccessError {
    /// The `error` of RFC 6750 §3.1 or RFC 9470 §3. For a request without a token, and for an outage, there is none;
    /// the words here are for logs.
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
            Self::Unavailable(_) | Self::Introspection(_) => "unavailable",
        }
    }

    /// The status: RFC 6750 §3.1, RFC 9470 §3. An outage is never 401, for the client would throw its token away.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            _ if self.is_invalid_request() => StatusCode::BAD_REQUEST,
            Self::Scope => StatusCode::FORBIDDEN,
            Self::Unavailable(_) | Self::Introspection(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    pub(super) fn is_invalid_request(&self) -> bool {
        matches!(self, Self::Header(_) | Self::Form(_) | Self::TwoMethods)
    }

    pub(super) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Unavailable(outage) => outage.cause.retry_after(),
            Self::Introspection(error) => error.retry_after(),
            _ => None,
        }
    }
}
