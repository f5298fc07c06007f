//! The reasons why a request is not served: [RFC 6750 §3.1], [RFC 9470 §3].
//!
//! [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
//! [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3

use http::StatusCode;

use crate::effect::Outage;
use crate::wire::{AuthorizationHeaderError, FormError, RequestError, serialize_error};

/// The reason why a request is not served. The texts of `invalid_request` and `invalid_token` go to the client and
/// contain no secret.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The request has no token. The challenge has no error code.
    #[error("the request has no access token")]
    NoToken,
    /// The `Authorization` header cannot be read.
    #[error("{0}")]
    Header(#[from] AuthorizationHeaderError),
    /// The form or query with the token cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The request has more than one token. [RFC 6750 §2]: "Clients MUST NOT use more than one method to transmit the
    /// token in each request."
    ///
    /// [RFC 6750 §2]: https://www.rfc-editor.org/rfc/rfc6750#section-2
    #[error("the access token is sent in more than one way")]
    TwoMethods,
    /// No access token has this text; a credential of another kind may, or the authorization server did not give a
    /// reason.
    #[error("the access token is not known")]
    Unknown,
    /// The token has expired.
    #[error("the access token expired")]
    Expired,
    /// The grant of the token was revoked, or the token was spent.
    #[error("the access token was revoked")]
    Revoked,
    /// The token is not valid yet: `nbf`, [RFC 7662 §2.2].
    ///
    /// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
    #[error("the access token is not valid yet")]
    NotYet,
    /// The token is of a type that must not be presented like this, for example one that is bound to a key.
    #[error("the access token is not a bearer token")]
    TokenType,
    /// The token is for another resource, or not restricted to any.
    #[error("the access token is not for this resource")]
    Audience,
    /// The token lacks a part of the required scope.
    #[error("the request needs more scope than the access token has")]
    Scope,
    /// The authentication of the resource owner is of another class, too old, or not known: [RFC 9470].
    ///
    /// [RFC 9470]: https://www.rfc-editor.org/rfc/rfc9470
    #[error("a different or more recent authentication is required")]
    Authentication {
        /// True if the token also lacks a part of the required scope.
        lacks_scope: bool,
    },
    /// The host could not carry out an effect.
    #[error("{0}")]
    Unavailable(Outage),
    /// Introspection failed, so that the state of the token is not known.
    #[error("introspection failed: {0}")]
    Introspection(RequestError),
}

serialize_error!(AccessError);

impl AccessError {
    /// The `error` of [RFC 6750 §3.1] or [RFC 9470 §3]. A request without a token, and an outage, have none; the names
    /// that they get here are for logs.
    ///
    /// [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
    /// [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3
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

    /// The status: [RFC 6750 §3.1], [RFC 9470 §3]. An outage is never 401, since the client would discard its token.
    ///
    /// [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
    /// [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3
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
