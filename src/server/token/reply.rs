//! The access token response: RFC 6749 §5.

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde::ser::SerializeMap as _;

use crate::event::Event;
use crate::model::{ClientId, GrantId, Scope, Secret};
use crate::server::client_auth::{ClientError, PresentedIn};
use crate::step::Unavailable;
use crate::wire::{FormError, json};

/// What the token endpoint answers.
#[derive(Debug)]
#[must_use = "the reply is what the client waits for"]
pub struct TokenReply {
    result: Result<TokenResponse, TokenError>,
    presented_in: PresentedIn,
    event: Event,
}

/// A successful response: RFC 6749 §5.1.
#[derive(Clone, Debug)]
pub struct TokenResponse {
    /// The access token. Its type is `Bearer` (RFC 6750).
    pub access_token: Secret<'static>,
    /// Its lifetime in seconds.
    pub expires_in: u64,
    /// The refresh token. After a rotation it takes the place of the one that was used.
    pub refresh_token: Option<Secret<'static>>,
    /// What the access token is good for. It is always sent but when it is empty, which the syntax has no way to say.
    pub scope: Scope,
}

impl Serialize for TokenResponse {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("access_token", self.access_token.expose())?;
        map.serialize_entry("token_type", "Bearer")?;
        map.serialize_entry("expires_in", &self.expires_in)?;
        if let Some(refresh_token) = &self.refresh_token {
            map.serialize_entry("refresh_token", refresh_token.expose())?;
        }
        if !self.scope.is_empty() {
            map.serialize_entry("scope", self.scope.as_str())?;
        }
        map.end()
    }
}

/// Why the token endpoint refused. The client learns the [`code`](Self::code) and a description that gives nothing away;
/// this, the exact reason, is for the [`Event`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// RFC 6749 §3.2: POST only.
    #[error("the token endpoint takes POST only")]
    Method,
    /// The parameters cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// RFC 7636 §4.1.
    #[error("code_verifier is not 43 to 128 unreserved characters")]
    VerifierMalformed,
    /// The client is not who it says.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The client is not registered for this grant type, or may not use it.
    #[error("the client is not authorized to use this grant type")]
    UnauthorizedClient,
    /// The server does not offer this grant type.
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    /// The scope is malformed, or exceeds what the client may ask for or what was granted.
    #[error("the scope is malformed or exceeds what was granted")]
    InvalidScope,
    /// RFC 8707 §2.2.
    #[error("the resource is malformed, unknown or was not granted")]
    InvalidTarget,
    /// No such code.
    #[error("no such authorization code")]
    CodeUnknown,
    /// The code was issued to another client.
    #[error("the authorization code was issued to another client")]
    CodeOfAnotherClient,
    /// The code has expired.
    #[error("the authorization code has expired")]
    CodeExpired,
    /// The code was used before, and everything that it led to is revoked now.
    #[error("the authorization code was used before")]
    CodeReplayed,
    /// RFC 6749 §4.1.3.
    #[error("redirect_uri is missing though the authorization request had it")]
    RedirectUriMissing,
    /// RFC 6749 §4.1.3.
    #[error("redirect_uri is not that of the authorization request")]
    RedirectUriMismatch,
    /// RFC 7636 §4.5.
    #[error("code_verifier is missing though the authorization request had a code_challenge")]
    VerifierMissing,
    /// RFC 7636 §4.6.
    #[error("code_verifier does not match the code_challenge")]
    VerifierMismatch,
    /// RFC 9700 §4.8.2: PKCE downgrade.
    #[error("code_verifier was sent though the authorization request had no code_challenge")]
    VerifierUnexpected,
    /// The client must use PKCE, and the authorization request did not.
    #[error("the authorization request had no code_challenge")]
    ChallengeMissing,
    /// No such refresh token.
    #[error("no such refresh token")]
    RefreshTokenUnknown,
    /// The refresh token was issued to another client.
    #[error("the refresh token was issued to another client")]
    RefreshTokenOfAnotherClient,
    /// The refresh token has expired.
    #[error("the refresh token has expired")]
    RefreshTokenExpired,
    /// The refresh token had been rotated, and the grant is revoked now.
    #[error("the refresh token was used before")]
    RefreshTokenReplayed,
    /// Another request used the credential at the same moment. Nothing is revoked.
    #[error("another request used this credential first")]
    RaceLost,
    /// The grant was revoked.
    #[error("the grant was revoked")]
    GrantRevoked,
    /// The host does not know this resource owner or password.
    #[error("the resource owner credentials are wrong")]
    PasswordRefused,
    /// The host refused the extension grant.
    #[error("the host refused the extension grant")]
    ExtensionRefused,
    /// The host had the last word.
    #[error("the host refused to issue")]
    RefusedByHost,
    /// The host could not carry out an effect.
    #[error("{0} {1}")]
    Unavailable(&'static str, Unavailable),
}

impl TokenError {
    /// The `error` of RFC 6749 §5.2.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Client(error) if error.is_invalid_request() => "invalid_request",
            Self::Client(_) => "invalid_client",
            Self::Method | Self::Form(_) | Self::VerifierMalformed | Self::VerifierUnexpected => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::Unavailable(_, cause) if cause.retry_after_seconds().is_some() => "temporarily_unavailable",
            Self::Unavailable(..) => "server_error",
            _ => "invalid_grant",
        }
    }

    /// The `error_description`: for the client's developer, and no oracle for anyone else.
    fn description(&self) -> String {
        match self {
            Self::Client(error) if !error.is_invalid_request() => "client authentication failed".to_owned(),
            Self::CodeUnknown | Self::CodeOfAnotherClient | Self::CodeExpired | Self::CodeReplayed => {
                "the authorization code is invalid, expired, revoked, used, or was issued to another client".to_owned()
            }
            Self::RefreshTokenUnknown
            | Self::RefreshTokenOfAnotherClient
            | Self::RefreshTokenExpired
            | Self::RefreshTokenReplayed => {
                "the refresh token is invalid, expired, revoked, used, or was issued to another client".to_owned()
            }
            Self::Unavailable(..) => "the server cannot answer now".to_owned(),
            reason => reason.to_string(),
        }
    }

    fn status(&self, presented_in: PresentedIn) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Form(FormError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(..) => StatusCode::SERVICE_UNAVAILABLE,
            // RFC 6749 §5.2: "If the client attempted to authenticate via the "Authorization" request header field, the
            // authorization server MUST respond with an HTTP 401 (Unauthorized) status code and include the
            // "WWW-Authenticate" response header field". Otherwise 400: a browser would ask its user for a password.
            Self::Client(error) if !error.is_invalid_request() && presented_in == PresentedIn::Header => {
                StatusCode::UNAUTHORIZED
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl TokenReply {
    pub(super) fn issued(response: TokenResponse, event: Event) -> Self {
        Self { result: Ok(response), presented_in: PresentedIn::Body, event }
    }

    pub(super) fn refused(client_id: Option<ClientId>, error: TokenError, presented_in: PresentedIn) -> Self {
        let event = Event::TokenRefused { client_id, reason: error.clone() };
        Self { result: Err(error), presented_in, event }
    }

    pub(super) fn replayed(client_id: ClientId, grant: GrantId, error: TokenError) -> Self {
        let event = Event::Replayed { client_id, grant, reason: error.clone() };
        Self { result: Err(error), presented_in: PresentedIn::Body, event }
    }

    pub(super) fn unavailable(effect: &'static str, client_id: Option<ClientId>, unavailable: Unavailable) -> Self {
        let event = Event::Unavailable { client_id, effect, cause: unavailable.clone() };
        Self { result: Err(TokenError::Unavailable(effect, unavailable)), presented_in: PresentedIn::Body, event }
    }

    /// The tokens, or why there are none.
    ///
    /// # Errors
    /// The refusal, exact: for tests and logs. The client gets [`Self::into_http`].
    pub fn result(&self) -> Result<&TokenResponse, &TokenError> {
        self.result.as_ref()
    }

    /// For the audit log and the metrics.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The response: RFC 6749 §5.1, §5.2.
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let error = match self.result {
            Ok(response) => return json(StatusCode::OK, &response),
            Err(error) => error,
        };
        let body = ErrorResponse { error: error.code(), error_description: error.description() };
        let status = error.status(self.presented_in);
        let mut response = json(status, &body);
        let headers = response.headers_mut();
        match &error {
            TokenError::Method => drop(headers.insert(header::ALLOW, HeaderValue::from_static("POST"))),
            TokenError::Unavailable(_, cause) => {
                let seconds = cause.retry_after_seconds().map(HeaderValue::from);
                seconds.map(|seconds| headers.insert(header::RETRY_AFTER, seconds));
            }
            _ if status == StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token endpoint\""));
            }
            _ => {}
        }
        response
    }
}

/// RFC 6749 §5.2.
#[derive(Serialize)]
struct ErrorResponse {
    error: &'static str,
    error_description: String,
}
