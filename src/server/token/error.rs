//! Why the token endpoint refuses: [RFC 6749 §5.2].
//!
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use crate::consult::ExtensionRefusal;
use crate::model::ErrorCode;
use crate::server::error::{ClientError, EndpointError};
use crate::wire::{FormError, serialize_error};

/// Why the token endpoint refused. The client learns the [`code`](Self::code) and a description that gives nothing
/// away; this, the exact reason, is for the [`Event`](crate::server::Event).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
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
    /// The grant of the code was revoked.
    #[error("the grant of the authorization code was revoked")]
    CodeRevoked,
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
    /// The grant of the refresh token was revoked.
    #[error("the grant of the refresh token was revoked")]
    RefreshTokenRevoked,
    /// Another request used the refresh token at the same moment, or more retries came than there may be. Nothing is
    /// revoked.
    #[error("another request used this refresh token first")]
    RaceLost,
    /// The grant of the refresh token was revoked at the same moment, or holds as many credentials as a grant may
    /// ([`TokenConfig::max_credentials_per_grant`](crate::server::TokenConfig::max_credentials_per_grant)).
    #[error("the grant was revoked meanwhile, or holds too many credentials")]
    GrantNotExtended,
    /// An identifier or a token was drawn that was there before: the generator of the [`Moment`](crate::Moment) repeats
    /// itself.
    #[error("the server could not issue")]
    Collision,
    /// The host does not know this resource owner or password.
    #[error("the resource owner credentials are wrong")]
    PasswordRefused,
    /// The host refused the extension grant, with an error code and a text of its own if it chose to.
    #[error("{}", .0.description.as_deref().unwrap_or(REFUSED))]
    ExtensionRefused(ExtensionRefusal),
    /// The host had the last word.
    #[error("the host refused to issue")]
    RefusedByHost,
}

/// What the client is told of an extension grant that the host refused without a text of its own.
const REFUSED: &str = "the host refused the extension grant";

serialize_error!(TokenError);

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
    pub fn code(&self) -> &str {
        match self {
            Self::Endpoint(error) => error.code(),
            Self::VerifierMalformed | Self::VerifierUnexpected => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::Collision => "server_error",
            Self::ExtensionRefused(refusal) => refusal.error.as_ref().map_or("invalid_grant", ErrorCode::as_str),
            _ => "invalid_grant",
        }
    }

    /// The `error_description`: for the client's developer, and no oracle for anyone else.
    pub(super) fn description(&self) -> String {
        match self {
            Self::Endpoint(error) => error.description(),
            // Whoever found a code or a token is not told whether it was real.
            Self::CodeUnknown
            | Self::CodeOfAnotherClient
            | Self::CodeExpired
            | Self::CodeReplayed
            | Self::CodeRevoked => {
                "the authorization code is invalid, expired, revoked, used, or was issued to another client".to_owned()
            }
            Self::RefreshTokenUnknown
            | Self::RefreshTokenOfAnotherClient
            | Self::RefreshTokenExpired
            | Self::RefreshTokenReplayed
            | Self::RefreshTokenRevoked
            | Self::RaceLost
            | Self::GrantNotExtended => {
                "the refresh token is invalid, expired, revoked, used, or was issued to another client".to_owned()
            }
            // RFC 6749 §5.2: "MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E."
            Self::ExtensionRefused(_) => {
                let is_allowed = |character: &char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
                let text: String = self.to_string().chars().filter(is_allowed).collect();
                if text.is_empty() { REFUSED.to_owned() } else { text }
            }
            reason => reason.to_string(),
        }
    }
}
