//! The errors of an authorization request, told to the client or to the person: [RFC 6749 §4.1.2.1], [§4.2.2.1].
//!
//! [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
//! [§4.2.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1

use http::StatusCode;

use crate::effect::{CANNOT_ANSWER, Outage};
use crate::server::authorization_details::DetailsError;
use crate::server::client_id_metadata_document::ClientIdMetadataDocumentError;
use crate::server::scope::Excess;
use crate::wire::{FormError, serialize_error};

/// An error of an authorization request that the client is told: [RFC 6749 §4.1.2.1], [§4.2.2.1].
///
/// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
/// [§4.2.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// The parameters cannot be read, or one is missing.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The request has no code challenge: [RFC 7636 §4.4.1].
    ///
    /// [RFC 7636 §4.4.1]: https://www.rfc-editor.org/rfc/rfc7636#section-4.4.1
    #[error("code_challenge is missing: this client must use PKCE")]
    ChallengeMissing,
    /// The code challenge has a wrong syntax: [RFC 7636 §4.2].
    ///
    /// [RFC 7636 §4.2]: https://www.rfc-editor.org/rfc/rfc7636#section-4.2
    #[error("code_challenge is malformed")]
    ChallengeMalformed,
    /// The code challenge method is not accepted: [RFC 7636 §4.4.1].
    ///
    /// [RFC 7636 §4.4.1]: https://www.rfc-editor.org/rfc/rfc7636#section-4.4.1
    #[error("this code_challenge_method is not supported")]
    ChallengeMethod,
    /// The client is not registered for this response type.
    #[error("the client is not authorized to use this response type")]
    UnauthorizedClient,
    /// The server does not offer this response type.
    #[error("the response type is not supported")]
    UnsupportedResponseType,
    /// The response mode is unknown or not offered, or the response must not travel by it: a token in the query, or a
    /// form that would be posted to a private-use scheme ([Multiple Response Types §2.1]).
    ///
    /// [Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
    #[error("the response mode is not supported for this response")]
    ResponseMode,
    /// The scope is malformed, or exceeds the client's registration, or does not belong to the resources:
    /// [RFC 6749 §3.3], [RFC 9068 §3].
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    /// [RFC 9068 §3]: https://www.rfc-editor.org/rfc/rfc9068#section-3
    #[error("the scope is malformed or exceeds what the client may ask for")]
    InvalidScope,
    /// A resource is unknown, or not for this client: [RFC 8707 §2].
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    #[error("the resource is malformed or unknown")]
    InvalidTarget,
    /// The authorization details are malformed, or of a type that the server does not have or the client may not ask
    /// for, or do not conform to their type: [RFC 9396 §5].
    ///
    /// [RFC 9396 §5]: https://www.rfc-editor.org/rfc/rfc9396#section-5
    #[error("{0}")]
    InvalidAuthorizationDetails(#[from] DetailsError),
    /// The resource owner or the host denied the request.
    #[error("the resource owner or authorization server denied the request")]
    AccessDenied,
    /// The resource owner was not authenticated as the client asked: [RFC 9470 §5].
    ///
    /// [RFC 9470 §5]: https://www.rfc-editor.org/rfc/rfc9470#section-5
    #[error("the resource owner was not authenticated in the way that the request asks for")]
    UnmetAuthenticationRequirements,
    /// The resource owner would have to log in: [OpenID Connect Core 1.0 §3.1.2.6].
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.6]: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
    #[error("the resource owner has to log in")]
    LoginRequired,
    /// The resource owner would have to choose an account: [OpenID Connect Core 1.0 §3.1.2.6].
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.6]: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
    #[error("the resource owner has to choose an account")]
    AccountSelectionRequired,
    /// The resource owner would have to consent: [OpenID Connect Core 1.0 §3.1.2.6].
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.6]: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
    #[error("the resource owner has to consent")]
    ConsentRequired,
    /// The resource owner would have to be asked for something else: [OpenID Connect Core 1.0 §3.1.2.6].
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.6]: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
    #[error("the resource owner has to be asked")]
    InteractionRequired,
    /// The request came in the browser, and the server or the client's record takes pushed ones only: [RFC 9126 §4].
    ///
    /// [RFC 9126 §4]: https://www.rfc-editor.org/rfc/rfc9126#section-4
    #[error("the authorization requests of this client must be pushed")]
    NotPushed,
    /// A pushed request has a `request_uri`. [RFC 9126 §2.1]: "The request_uri authorization request parameter is one
    /// exception, and it MUST NOT be provided".
    ///
    /// [RFC 9126 §2.1]: https://www.rfc-editor.org/rfc/rfc9126#section-2.1
    #[error("request_uri cannot be pushed")]
    RequestUriPushed,
    /// The pushed request was approved or denied before, or has expired: [RFC 9126 §4].
    ///
    /// [RFC 9126 §4]: https://www.rfc-editor.org/rfc/rfc9126#section-4
    #[error("the pushed request was decided before, or has expired")]
    RequestEnded,
    /// A new random identifier exists already.
    #[error("the server could not issue")]
    Collision,
    /// The host could not carry out an effect.
    #[error("{0}")]
    Unavailable(Outage),
}

serialize_error!(AuthorizationError);

impl From<Excess> for AuthorizationError {
    fn from(excess: Excess) -> Self {
        match excess {
            Excess::Scope => Self::InvalidScope,
            Excess::Target => Self::InvalidTarget,
            Excess::Details(error) => Self::InvalidAuthorizationDetails(error),
        }
    }
}

impl AuthorizationError {
    /// The `error` of [RFC 6749 §4.1.2.1], [RFC 8707 §2], [RFC 9396 §5], [RFC 9470 §5] and
    /// [OpenID Connect Core 1.0 §3.1.2.6].
    ///
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    /// [RFC 9396 §5]: https://www.rfc-editor.org/rfc/rfc9396#section-5
    /// [RFC 9470 §5]: https://www.rfc-editor.org/rfc/rfc9470#section-5
    /// [OpenID Connect Core 1.0 §3.1.2.6]: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) | Self::ResponseMode => "invalid_request",
            Self::NotPushed | Self::RequestUriPushed | Self::RequestEnded => "invalid_request",
            Self::ChallengeMissing | Self::ChallengeMalformed | Self::ChallengeMethod => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::AccessDenied => "access_denied",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::LoginRequired => "login_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::Unavailable(outage) => outage.code(),
            Self::Collision => "server_error",
        }
    }

    /// The `error_description`. It contains nothing from the request.
    pub(in crate::server) fn description(&self) -> String {
        match self {
            Self::Unavailable(_) => CANNOT_ANSWER.to_owned(),
            reason => reason.to_string(),
        }
    }
}

/// An error of an authorization request that the person is shown, because the client is not known or not proven.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationPageError {
    /// The method is neither GET nor POST: [RFC 6749 §3.1].
    ///
    /// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
    #[error("the authorization endpoint takes GET and POST")]
    Method,
    /// The parameters cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The request has no `client_id`.
    #[error("the request does not say which application it comes from")]
    ClientIdMissing,
    /// No client has this identifier.
    #[error("the application is not known here")]
    UnknownClient,
    /// The client identifier is a URL, and the document at it does not make a client.
    #[error("the application is not known here: {}", .0.description())]
    Document(#[from] ClientIdMetadataDocumentError),
    /// The client is switched off: [`Client::disabled`](crate::record::Client::disabled). The person is not redirected
    /// to it.
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
    /// The `state` is too long, or has characters that [RFC 6749 appendix A.5] does not allow. It could not be returned
    /// unchanged, and the client would not recognize the response without it.
    ///
    /// [RFC 6749 appendix A.5]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.5
    #[error("what the application sent to recognize the answer by (state) cannot be sent back")]
    State,
    /// No pushed request has this `request_uri`, or it is another client's, or it has expired: [RFC 9126 §4]. Without
    /// the request, the client's redirect URI is not known.
    ///
    /// [RFC 9126 §4]: https://www.rfc-editor.org/rfc/rfc9126#section-4
    #[error("the request was not found, or its time is over: go back to the application and start again")]
    RequestUriUnknown,
    /// The request is erroneous, and its client registered itself, so that it is not told: whoever registers a client
    /// could otherwise have the server send people to any place, by a request that is wrong on purpose
    /// ([RFC 9700 §4.11.2]).
    ///
    /// [RFC 9700 §4.11.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2
    #[error("the application's request cannot be answered: {0}")]
    Unsound(AuthorizationError),
    /// The host could not carry out an effect.
    #[error("{0}")]
    Unavailable(Outage),
}

serialize_error!(AuthorizationPageError);

impl AuthorizationPageError {
    /// The `error` that a client would be told: [RFC 6749 §4.1.2.1], [RFC 9101 §7].
    ///
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    /// [RFC 9101 §7]: https://www.rfc-editor.org/rfc/rfc9101#section-7
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RequestUriUnknown => "invalid_request_uri",
            Self::Unsound(error) => error.code(),
            Self::Unavailable(outage) => outage.code(),
            Self::Document(error) => error.outage().map_or("invalid_request", Outage::code),
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
            Self::Document(error) if error.outage().is_some() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The text of the page. It contains nothing from the request.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Unavailable(_) => CANNOT_ANSWER.to_owned(),
            reason => reason.to_string(),
        }
    }
}
