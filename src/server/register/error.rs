//! The errors of dynamic registration: [RFC 7591 §3.2.2], [RFC 7592 §2], [RFC 6750 §3.1].
//!
//! [RFC 7591 §3.2.2]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2
//! [RFC 7592 §2]: https://www.rfc-editor.org/rfc/rfc7592#section-2
//! [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1

use http::{HeaderValue, Response, StatusCode, header};

use crate::consult::RegistrationRefusal;
use crate::model::{ErrorCode, RedirectUriError};
use crate::server::error::{EndpointError, PresentedIn, error_response};
use crate::wire::{AuthorizationHeaderError, preflight, serialize_error};

/// An error of the registration endpoint or of a client configuration endpoint.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The server, the store or the host is at fault, as at any endpoint.
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    /// The method is not one of this endpoint.
    #[error("this endpoint does not take this method")]
    Method,
    /// The request has no token.
    #[error("the request has no access token")]
    NoToken,
    /// The `Authorization` header cannot be read.
    #[error("{0}")]
    Header(#[from] AuthorizationHeaderError),
    /// The initial access token or the registration access token is not good, or there is no such client.
    #[error("the access token is not good here")]
    Token,
    /// The client is switched off: [`Client::disabled`](crate::record::Client::disabled).
    #[error("the client is disabled")]
    Disabled,
    /// The host refused the client: [`RegistrationVerdict::Refuse`](crate::consult::RegistrationVerdict::Refuse).
    #[error("{}", .0.description.as_deref().unwrap_or(REFUSED))]
    Refused(RegistrationRefusal),
    /// The body is longer than [`MAX_REGISTRATION_LEN`](crate::server::MAX_REGISTRATION_LEN).
    #[error("the client metadata is too long")]
    TooLong,
    /// The body is not of the media type `application/json`: [RFC 7591 §3.1].
    ///
    /// [RFC 7591 §3.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.1
    #[error("the Content-Type must be application/json")]
    ContentType,
    /// The body is not a JSON object in which each name stands once.
    #[error("the body is not a JSON object in which each name stands once")]
    NotJson,
    /// A member has another type than [RFC 7591 §2] gives it, or a value that is not accepted.
    ///
    /// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
    #[error("{member} {reason}")]
    #[non_exhaustive]
    Member {
        /// The name of the member.
        member: &'static str,
        /// The reason why it is not accepted.
        reason: &'static str,
    },
    /// A redirect URI may not be registered.
    #[error("{0}")]
    RedirectUri(#[from] RedirectUriError),
    /// There are no redirect URIs, and the client needs one; or they are too many, or one is there twice.
    #[error("redirect_uris {0}")]
    RedirectUris(&'static str),
    /// The grant types and the response types do not go together: [RFC 7591 §2.1].
    ///
    /// [RFC 7591 §2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-2.1
    #[error("grant_types and response_types differ: authorization_code goes with code, implicit with token")]
    Inconsistent,
    /// The server accepts no software statement: [RFC 7591 §2.3].
    ///
    /// [RFC 7591 §2.3]: https://www.rfc-editor.org/rfc/rfc7591#section-2.3
    #[error("software statements are not supported here")]
    SoftwareStatement,
    /// The software statement is not even a text: [RFC 7591 §3.1.1].
    ///
    /// [RFC 7591 §3.1.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.1.1
    #[error("software_statement is not a string")]
    SoftwareStatementMalformed,
    /// The registration was changed since it was read.
    #[error("the registration was changed at the same time: read it again")]
    Changed,
    /// A new random identifier exists already.
    #[error("the server could not register the client")]
    Collision,
}

serialize_error!(RegistrationError);

const REFUSED: &str = "the client may not be registered here";

impl RegistrationError {
    pub(super) fn member(member: &'static str, reason: &'static str) -> Self {
        Self::Member { member, reason }
    }

    /// The `error` of [RFC 7591 §3.2.2] or [RFC 6750 §3.1]; for cases without a code there, one of [RFC 6749 §4.1.2.1].
    ///
    /// [RFC 7591 §3.2.2]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2
    /// [RFC 6750 §3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Endpoint(error) => error.code(),
            Self::Method | Self::Header(_) => "invalid_request",
            Self::NoToken | Self::Token => "invalid_token",
            Self::Disabled => "access_denied",
            Self::Refused(refusal) => refusal.error.as_ref().map_or("access_denied", ErrorCode::as_str),
            Self::RedirectUri(_) | Self::RedirectUris(_) => "invalid_redirect_uri",
            Self::SoftwareStatement => "unapproved_software_statement",
            Self::SoftwareStatementMalformed => "invalid_software_statement",
            Self::Changed => "temporarily_unavailable",
            Self::Collision => "server_error",
            Self::TooLong | Self::ContentType | Self::NotJson | Self::Member { .. } | Self::Inconsistent => {
                "invalid_client_metadata"
            }
        }
    }

    /// The `error_description`. It contains nothing from the request.
    pub(in crate::server) fn description(&self) -> String {
        match self {
            Self::Endpoint(error) => error.description(),
            // RFC 7591 §3.2.2: "Human-readable ASCII text description of the error used for debugging."
            reason => {
                let is_allowed = |character: &char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
                reason.to_string().chars().filter(is_allowed).collect()
            }
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            // RFC 7592 §2.1: "If the client does not exist on this server, the server MUST respond with HTTP 401
            // Unauthorized".
            Self::NoToken | Self::Token => StatusCode::UNAUTHORIZED,
            // RFC 7592 §2.1: "If the client does not have permission to read its record, the server MUST return an HTTP
            // 403 Forbidden." RFC 7592 §2.2: "If the client is not allowed to update its records, the server MUST
            // respond with HTTP 403 Forbidden." RFC 7592 §2.3: "If the client is not allowed to delete itself, the
            // server MUST respond with HTTP 403 Forbidden."
            Self::Disabled | Self::Refused(RegistrationRefusal { error: None, .. }) => StatusCode::FORBIDDEN,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Changed => StatusCode::CONFLICT,
            Self::Collision => StatusCode::INTERNAL_SERVER_ERROR,
            // RFC 7591 §3.2.2: "the authorization server returns an HTTP 400 status code (unless otherwise specified)".
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Returns the challenge: [RFC 6750 §3]. [RFC 7592 §2.1]: "If the registration access token used to make this
    /// request is not valid, the server MUST respond with an error as described in the OAuth Bearer Token Usage
    /// specification".
    ///
    /// [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
    /// [RFC 7592 §2.1]: https://www.rfc-editor.org/rfc/rfc7592#section-2.1
    fn challenge(&self) -> Option<HeaderValue> {
        let challenge = match self {
            Self::NoToken => "Bearer realm=\"registration\"",
            Self::Token => "Bearer realm=\"registration\", error=\"invalid_token\"",
            Self::Header(_) => "Bearer realm=\"registration\", error=\"invalid_request\"",
            _ => return None,
        };
        Some(HeaderValue::from_static(challenge))
    }

    /// Returns the response of an endpoint that takes these methods.
    pub(super) fn into_http(self, methods: &'static str) -> Response<Vec<u8>> {
        match self {
            Self::Endpoint(EndpointError::Preflight) => return preflight(methods),
            Self::Endpoint(error) => return error.into_http(PresentedIn::Body),
            _ => {}
        }
        let mut response = error_response(self.status(), self.code(), &self.description());
        let headers = response.headers_mut();
        headers.extend(self.challenge().map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        if self == Self::Method {
            headers.insert(header::ALLOW, HeaderValue::from_static(methods));
        }
        response
    }
}
