//! The authorization response: RFC 6749 §4.1.2, §4.1.2.1, §4.2.2, §4.2.2.1, RFC 9207.

use http::{HeaderValue, Response, StatusCode, header};

use super::Config;
use crate::event::Event;
use crate::model::{ClientId, RedirectUri, ResponseType, Scope, Secret};
use crate::step::Unavailable;
use crate::wire::{FormError, Parameters, see_other, text, with_parameters};

/// What goes out when the write is done.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) enum Success {
    Code(Secret<'static>),
    Token { access_token: Secret<'static>, expires_in: u64, scope: Scope },
}

/// Who gets the response, by which redirect: the client is proven, and the redirect URI is its own.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    pub(super) client_id: ClientId,
    pub(super) redirect_uri: RedirectUri,
    pub(super) response_type: ResponseType,
    pub(super) state: Option<Secret<'static>>,
}

impl Recipient {
    /// RFC 6749 §4.1.2.1, §4.2.2.1.
    pub(super) fn refuse(&self, config: &Config, reason: AuthorizationError) -> AuthorizationResponse {
        let description = reason.description();
        let parameters = [("error", Some(reason.code())), ("error_description", Some(description.as_str()))];
        let location = self.location(config, parameters);
        let client_id = self.client_id.clone();
        let event = match reason {
            AuthorizationError::Unavailable(effect, cause) => {
                Event::Unavailable { client_id: Some(client_id), effect, cause }
            }
            reason => Event::AuthorizationRefused { client_id, reason },
        };
        AuthorizationResponse { to: To::Redirect(location), event }
    }

    /// RFC 6749 §4.1.2, §4.2.2.
    pub(super) fn respond(&self, config: &Config, success: &Success, event: Event) -> AuthorizationResponse {
        let location = match success {
            Success::Code(code) => self.location(config, [("code", Some(code.expose()))]),
            Success::Token { access_token, expires_in, scope } => {
                let expires_in = expires_in.to_string();
                let parameters = [
                    ("access_token", Some(access_token.expose())),
                    ("token_type", Some("Bearer")),
                    ("expires_in", Some(expires_in.as_str())),
                    ("scope", Some(scope.as_str()).filter(|scope| !scope.is_empty())),
                ];
                self.location(config, parameters)
            }
        };
        AuthorizationResponse { to: To::Redirect(location), event }
    }

    fn location<'p, const N: usize>(
        &'p self,
        config: &'p Config,
        parameters: [(&'static str, Option<&'p str>); N],
    ) -> Secret<'static> {
        let component = match self.response_type {
            ResponseType::Token => Parameters::Fragment,
            ResponseType::Code => Parameters::Query,
        };
        // RFC 6749 §4.1.2: state "REQUIRED if the "state" parameter was present in the client authorization request. The exact
        // value received from the client." RFC 9207 §2: "an authorization server supporting this specification MUST
        // indicate its identity by including the iss parameter in the response."
        let common = [("state", self.state.as_ref().map(Secret::expose)), ("iss", Some(config.issuer.as_str()))];
        Secret::new(with_parameters(self.redirect_uri.as_str(), component, parameters.into_iter().chain(common)))
    }
}

/// What the authorization endpoint answers the user agent.
#[derive(Clone, Debug)]
#[must_use = "the response is what the user agent waits for"]
pub struct AuthorizationResponse {
    to: To,
    event: Event,
}

#[derive(Clone, Debug)]
enum To {
    /// It may carry a code or a token.
    Redirect(Secret<'static>),
    Page(AuthorizationRefused),
}

/// Why an authorization request failed, told to the client: RFC 6749 §4.1.2.1, §4.2.2.1.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// The parameters cannot be read, or one is missing.
    #[error("{0}")]
    Form(#[from] FormError),
    /// RFC 6749 appendix A.5.
    #[error("state is too long or has characters that are not allowed")]
    State,
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
    /// An identifier was drawn that was there before.
    #[error("the server could not issue")]
    Collision,
    /// The host could not carry out an effect.
    #[error("{0} {1}")]
    Unavailable(&'static str, Unavailable),
}

impl AuthorizationError {
    /// The `error` of RFC 6749 §4.1.2.1, RFC 8707 §2 and RFC 9470 §5.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) | Self::State => "invalid_request",
            Self::ChallengeMissing | Self::ChallengeMalformed | Self::ChallengeMethod => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::Unavailable(_, cause) if cause.retry_after().is_some() => "temporarily_unavailable",
            Self::Collision | Self::Unavailable(..) => "server_error",
        }
    }

    fn description(&self) -> String {
        match self {
            Self::Unavailable(..) => "the server cannot answer now".to_owned(),
            reason => reason.to_string(),
        }
    }
}

/// Why an authorization request failed, told to the person: there is no client to tell, or none that is proven.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationRefused {
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
    /// The client is registered without a redirect URI.
    #[error("the application has no registered address to return to")]
    RedirectUriUnregistered,
    /// The client has several redirect URIs, and the request names none.
    #[error("the request does not say which of the application's addresses to return to")]
    RedirectUriMissing,
    /// The redirect URI is not one of the client's.
    #[error("the address to return to is not one that the application registered")]
    RedirectUriMismatch,
    /// The host could not carry out an effect.
    #[error("{0} {1}")]
    Unavailable(&'static str, Unavailable),
}

impl AuthorizationRefused {
    /// The status of the page.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Form(FormError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(..) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// What the person is told. It holds nothing that the request brought.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Unavailable(..) => "the server cannot answer now".to_owned(),
            reason => reason.to_string(),
        }
    }
}

impl AuthorizationResponse {
    pub(super) fn page(client_id: Option<ClientId>, reason: AuthorizationRefused) -> Self {
        let event = match reason.clone() {
            AuthorizationRefused::Unavailable(effect, cause) => Event::Unavailable { client_id, effect, cause },
            reason => Event::PageRefused { client_id, reason },
        };
        Self { to: To::Page(reason), event }
    }

    /// Where the user agent is redirected to, if it is; the URL may carry a code or a token.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match &self.to {
            To::Redirect(location) => Some(location.expose()),
            To::Page(_) => None,
        }
    }

    /// Why the person is shown an error, if they are: for a host that renders its own page.
    #[must_use]
    pub fn refused(&self) -> Option<&AuthorizationRefused> {
        match &self.to {
            To::Redirect(_) => None,
            To::Page(reason) => Some(reason),
        }
    }

    /// For the audit log and the metrics.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The response: a 303 redirect, or a plain page.
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let reason = match self.to {
            To::Redirect(location) => return see_other(location.expose()),
            To::Page(reason) => reason,
        };
        let mut response =
            text(reason.status(), format!("The request cannot be answered: {}.\n", reason.description()));
        match &reason {
            AuthorizationRefused::Method => {
                drop(response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST")))
            }
            AuthorizationRefused::Unavailable(_, cause) => {
                if let Some(seconds) = cause.retry_after() {
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                }
            }
            _ => {}
        }
        response
    }
}
