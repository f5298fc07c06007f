//! The access token response: RFC 6749 §5.

use http::{Response, StatusCode};
use serde::Serialize;
use serde::ser::SerializeMap as _;

use crate::event::Event;
use crate::model::{ClientId, GrantId, Scope, Secret};
use crate::server::client_auth::{ClientError, PresentedIn};
use crate::server::refusal::{EndpointError, error_response};
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
#[non_exhaustive]
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
    /// The request, the client or the store is at fault, as it may be at any endpoint.
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    /// RFC 7636 §4.1.
    #[error("code_verifier is not 43 to 128 unreserved characters")]
    VerifierMalformed,
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
    /// An identifier or a token was drawn that was there before: the generator of the [`Moment`](crate::Moment) repeats itself.
    #[error("the server could not issue")]
    Collision,
    /// The host does not know this resource owner or password.
    #[error("the resource owner credentials are wrong")]
    PasswordRefused,
    /// The host refused the extension grant.
    #[error("the host refused the extension grant")]
    ExtensionRefused,
    /// The host had the last word.
    #[error("the host refused to issue")]
    RefusedByHost,
}

impl From<FormError> for TokenError {
    fn from(error: FormError) -> Self {
        EndpointError::from(error).into()
    }
}

impl From<ClientError> for TokenError {
    fn from(error: ClientError) -> Self {
        EndpointError::from(error).into()
    }
}

impl TokenError {
    /// The `error` of RFC 6749 §5.2 and RFC 8707 §2; `server_error` where those have no word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Endpoint(error) => error.code(),
            Self::VerifierMalformed | Self::VerifierUnexpected => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::Collision => "server_error",
            _ => "invalid_grant",
        }
    }

    /// The `error_description`: for the client's developer, and no oracle for anyone else.
    fn description(&self) -> String {
        match self {
            Self::Endpoint(error) => error.description(),
            Self::CodeUnknown | Self::CodeOfAnotherClient | Self::CodeExpired | Self::CodeReplayed => {
                "the authorization code is invalid, expired, revoked, used, or was issued to another client".to_owned()
            }
            Self::RefreshTokenUnknown
            | Self::RefreshTokenOfAnotherClient
            | Self::RefreshTokenExpired
            | Self::RefreshTokenReplayed => {
                "the refresh token is invalid, expired, revoked, used, or was issued to another client".to_owned()
            }
            reason => reason.to_string(),
        }
    }
}

impl TokenReply {
    pub(super) fn issued(response: TokenResponse, event: Event) -> Self {
        Self { result: Ok(response), presented_in: PresentedIn::Body, event }
    }

    pub(super) fn refused(client_id: Option<ClientId>, error: TokenError, presented_in: PresentedIn) -> Self {
        let event = match &error {
            TokenError::Endpoint(EndpointError::Unavailable(effect, cause)) => {
                Event::Unavailable { client_id, effect, cause: cause.clone() }
            }
            reason => Event::TokenRefused { client_id, reason: reason.clone() },
        };
        Self { result: Err(error), presented_in, event }
    }

    pub(super) fn replayed(client_id: ClientId, grant: GrantId, error: TokenError) -> Self {
        let event = Event::Replayed { client_id, grant, reason: error.clone() };
        Self { result: Err(error), presented_in: PresentedIn::Body, event }
    }

    pub(super) fn unavailable(effect: &'static str, client_id: Option<ClientId>, unavailable: Unavailable) -> Self {
        Self::refused(client_id, EndpointError::Unavailable(effect, unavailable).into(), PresentedIn::Body)
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
        match self.result {
            Ok(response) => json(StatusCode::OK, &response),
            Err(TokenError::Endpoint(error)) => error.into_http(self.presented_in),
            Err(error @ TokenError::Collision) => {
                error_response(StatusCode::INTERNAL_SERVER_ERROR, error.code(), &error.description())
            }
            Err(error) => error_response(StatusCode::BAD_REQUEST, error.code(), &error.description()),
        }
    }
}
