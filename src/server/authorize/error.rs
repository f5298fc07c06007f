//! Why an authorization request fails, and who is told: [RFC 6749 §4.1.2.1], [§4.2.2.1].
//!
//! [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
//! [§4.2.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1

use http::StatusCode;

use crate::effect::{CANNOT_ANSWER, Outage};
use crate::wire::{FormError, serialize_error};

/// Why an authorization request failed, told to the client: RFC 6749 §4.1.2.1, §4.2.2.1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// The parameters cannot be read, or one is missing.
    #[error("{0}")]
    Form(#[from] FormError),
    /// RFC 7636 §4.4.1.
    #[error("code_challenge is missing: this client must use PKCE")]
    ChallengeMissing,
    /// RFC 7636 §4.2.
    #[error("code_challenge is malformed")]
    ChallengeMalformed,
    /// RFC 7636 §4.4.1.
    #[error("this code_challenge_method is not supported")]
    ChallengeMethod,
    /// The client is not registered for this response type.
    #[error("the client is not authorized to use this response type")]
    UnauthorizedClient,
    /// The server does not offer this response type.
    #[error("the response type is not supported")]
    UnsupportedResponseType,
    /// RFC 6749 §3.3.
    #[error("the scope is malformed or exceeds what the client may ask for")]
    InvalidScope,
    /// RFC 8707 §2.
    #[error("the resource is malformed or unknown")]
    InvalidTarget,
    /// The resource owner or the host said no.
    #[error("the resource owner or authorization server denied the request")]
    AccessDenied,
    /// RFC 9470 §5: the resource owner was not authenticated as the client asked.
    #[error("the resource owner was not authenticated in the way that the request asks for")]
    UnmetAuthenticationRequirements,
    /// RFC 9126 §2.1: "The request_uri authorization request parameter is one exception, and it MUST NOT be provided", in a request that is
    /// pushed.
    #[error("request_uri cannot be pushed")]
    RequestUriPushed,
    /// The pushed request was approved or denied before, or it has ended: RFC 9126 §4.
    #[error("the pushed request was decided before, or has expired")]
    RequestEnded,
    /// An identifier was drawn that was there before.
    #[error("the server could not issue")]
    Collision,
    /// The host could not carry out an effect.
    #[error("{0}")]
    Unavailable(Outage),
}

serialize_error!(AuthorizationError);

impl AuthorizationError {
    /// The `error` of RFC 6749 §4.1.2.1, RFC 8707 §2 and RFC 9470 §5.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) | Self::RequestUriPushed | Self::RequestEnded => "invalid_request",
            Self::ChallengeMissing | Self::ChallengeMalformed | Self::ChallengeMethod => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::Unavailable(outage) => outage.code(),
            Self::Collision => "server_error",
        }
    }

    /// The `error_description`. It holds nothing that the request brought.
    pub(in crate::server) fn description(&self) -> String {
        match self {
            Self::Unavailable(_) => CANNOT_ANSWER.to_owned(),
            reason => reason.to_string(),
        }
    }
}

/// Why an authorization request failed, told to the person: there is no client to tell, or none that is proven.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationPageError {
    /// RFC 6749 §3.1: GET, or POST.
    #[error("the authorization endpoint takes GET and POST")]
    Method,
    /// The parameters cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// There is no `client_id`.
    #[error("the request does not say which application it comes from")]
    ClientIdMissing,
    /// There is no such client.
    #[error("the application is not known here")]
    UnknownClient,
    /// The client is switched off: [`Client::disabled`](crate::record::Client::disabled). Nobody is sent to it.
    #[error("the application has been switched off here")]
    ClientDisabled,
    /// The client is registered without a redirect URI.
    #[error("the application has no registered address to return to")]
    RedirectUriUnregistered,
    /// The client has several redirect URIs, and the request names none.
    #[error("the request does not say which of the application's addresses to return to")]
    RedirectUriMissing,
    /// The redirect URI is not one of the client's.
    #[error("the address to return to is not one that the application registered")]
    RedirectUriMismatch,
    /// The `state` is too long, or has characters that RFC 6749 appendix A.5 does not allow. It could not come back as
    /// it was, and without it the client would not know the response for its own.
    #[error("what the application sent to recognize the answer by (state) cannot be sent back")]
    State,
    /// There is no pushed request of this `request_uri`, it is another client's, or its time is over: RFC 9126 §4.
    /// Without it nobody knows where the client is.
    #[error("the request was not found, or its time is over: go back to the application and start again")]
    RequestUriUnknown,
    /// The host could not carry out an effect.
    #[error("{0}")]
    Unavailable(Outage),
}

serialize_error!(AuthorizationPageError);

impl AuthorizationPageError {
    /// The `error` that it would be, were there somebody to tell: RFC 6749 §4.1.2.1, RFC 9101 §7.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RequestUriUnknown => "invalid_request_uri",
            Self::Unavailable(outage) => outage.code(),
            _ => "invalid_request",
        }
    }

    /// The status of the page.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Form(FormError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// What the person is told. It holds nothing that the request brought.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Unavailable(_) => CANNOT_ANSWER.to_owned(),
            reason => reason.to_string(),
        }
    }
}
