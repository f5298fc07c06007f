//! The errors of the token endpoint: [RFC 6749 §5.2].
//!
//! [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use crate::consult::ExtensionRefusal;
use crate::model::ErrorCode;
use crate::server::authorization_details::DetailsError;
use crate::server::error::{ClientError, EndpointError};
use crate::server::scope::Excess;
use crate::wire::{FormError, serialize_error};

/// An error of the token endpoint. The client learns the [`code`](Self::code) and a description that gives nothing
/// away; this exact reason is for the [`Event`](crate::server::Event).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The request, the client or the store is at fault, as at any endpoint.
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    /// The code verifier has a wrong syntax: [RFC 7636 §4.1].
    ///
    /// [RFC 7636 §4.1]: https://www.rfc-editor.org/rfc/rfc7636#section-4.1
    #[error("code_verifier is not 43 to 128 unreserved characters")]
    VerifierMalformed,
    /// The client is not registered for this grant type, or may not use it.
    #[error("the client is not authorized to use this grant type")]
    UnauthorizedClient,
    /// The server does not offer this grant type.
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    /// The scope is malformed, or exceeds the client's registration or the grant, or does not belong to the resources.
    #[error("the scope is malformed or exceeds what was granted")]
    InvalidScope,
    /// A resource is unknown, or was not granted: [RFC 8707 §2.2].
    ///
    /// [RFC 8707 §2.2]: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
    #[error("the resource is malformed, unknown or was not granted")]
    InvalidTarget,
    /// The authorization details are malformed, or of a type that the server does not have or the client may not ask
    /// for, or do not conform to their type, or exceed what was granted: [RFC 9396 §6], [§8].
    ///
    /// [RFC 9396 §6]: https://www.rfc-editor.org/rfc/rfc9396#section-6
    /// [§8]: https://www.rfc-editor.org/rfc/rfc9396#section-8
    #[error("{0}")]
    InvalidAuthorizationDetails(#[from] DetailsError),
    /// No code has this text.
    #[error("no such authorization code")]
    CodeUnknown,
    /// The code was issued to another client.
    #[error("the authorization code was issued to another client")]
    CodeOfAnotherClient,
    /// The code has expired.
    #[error("the authorization code has expired")]
    CodeExpired,
    /// The code was used before. Everything issued from it is revoked now.
    #[error("the authorization code was used before")]
    CodeReplayed,
    /// The grant of the code was revoked.
    #[error("the grant of the authorization code was revoked")]
    CodeRevoked,
    /// The request lacks the redirect URI of the authorization request: [RFC 6749 §4.1.3].
    ///
    /// [RFC 6749 §4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
    #[error("redirect_uri is missing though the authorization request had it")]
    RedirectUriMissing,
    /// The redirect URI differs from that of the authorization request: [RFC 6749 §4.1.3].
    ///
    /// [RFC 6749 §4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
    #[error("redirect_uri is not that of the authorization request")]
    RedirectUriMismatch,
    /// The request lacks the code verifier: [RFC 7636 §4.5].
    ///
    /// [RFC 7636 §4.5]: https://www.rfc-editor.org/rfc/rfc7636#section-4.5
    #[error("code_verifier is missing though the authorization request had a code_challenge")]
    VerifierMissing,
    /// The code verifier does not match the challenge: [RFC 7636 §4.6].
    ///
    /// [RFC 7636 §4.6]: https://www.rfc-editor.org/rfc/rfc7636#section-4.6
    #[error("code_verifier does not match the code_challenge")]
    VerifierMismatch,
    /// The request has a code verifier, but the authorization request had no challenge, which is a PKCE downgrade:
    /// [RFC 9700 §4.8.2].
    ///
    /// [RFC 9700 §4.8.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.8.2
    #[error("code_verifier was sent though the authorization request had no code_challenge")]
    VerifierUnexpected,
    /// The client must use PKCE, and the authorization request did not.
    #[error("the authorization request had no code_challenge")]
    ChallengeMissing,
    /// No refresh token has this text.
    #[error("no such refresh token")]
    RefreshTokenUnknown,
    /// The refresh token was issued to another client.
    #[error("the refresh token was issued to another client")]
    RefreshTokenOfAnotherClient,
    /// The refresh token has expired.
    #[error("the refresh token has expired")]
    RefreshTokenExpired,
    /// The refresh token was rotated before. Its grant is revoked now.
    #[error("the refresh token was used before")]
    RefreshTokenReplayed,
    /// The grant of the refresh token was revoked.
    #[error("the grant of the refresh token was revoked")]
    RefreshTokenRevoked,
    /// Another request used the refresh token at the same moment, or there were too many retries. Nothing is revoked.
    #[error("another request used this refresh token first")]
    RaceLost,
    /// The grant of the refresh token was revoked at the same moment, or holds the most credentials that a grant may
    /// hold ([`TokenConfig::max_credentials_per_grant`](crate::server::TokenConfig::max_credentials_per_grant)).
    #[error("the grant was revoked meanwhile, or holds too many credentials")]
    GrantNotExtended,
    /// The person has not decided yet: the device polls again. [RFC 8628 §3.5]
    ///
    /// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
    #[error("the person has not decided yet")]
    AuthorizationPending,
    /// The person has not decided yet, and the device polls too often: it waits five seconds longer from now on.
    /// [RFC 8628 §3.5]
    ///
    /// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
    #[error("the person has not decided yet, and the device polls too often")]
    SlowDown,
    /// The person denied the device: [RFC 8628 §3.5].
    ///
    /// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
    #[error("the person denied the request")]
    DeviceDenied,
    /// No device code has this text.
    #[error("no such device code")]
    DeviceCodeUnknown,
    /// The device code was issued to another client.
    #[error("the device code was issued to another client")]
    DeviceCodeOfAnotherClient,
    /// The device code has expired: [RFC 8628 §3.5].
    ///
    /// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
    #[error("the device code has expired")]
    DeviceCodeExpired,
    /// The device code was used before. Everything issued from it is revoked now.
    #[error("the device code was used before")]
    DeviceCodeReplayed,
    /// The grant of the device code was revoked.
    #[error("the grant of the device code was revoked")]
    DeviceCodeRevoked,
    /// A new random identifier or token exists already: the generator of the [`Moment`](crate::Moment) repeats itself.
    #[error("the server could not issue")]
    Collision,
    /// The host does not know this resource owner or password.
    #[error("the resource owner credentials are wrong")]
    PasswordRefused,
    /// The host refused the extension grant, possibly with an error code and a text of its own.
    #[error("{}", .0.description.as_deref().unwrap_or(REFUSED))]
    ExtensionRefused(ExtensionRefusal),
    /// The host refused when asked for the last word.
    #[error("the host refused to issue")]
    RefusedByHost,
}

/// The text for an extension grant that the host refused without a text of its own.
const REFUSED: &str = "the host refused the extension grant";

serialize_error!(TokenError);

impl From<FormError> for TokenError {
    fn from(error: FormError) -> Self {
        EndpointError::from(error).into()
    }
}

impl From<Excess> for TokenError {
    fn from(excess: Excess) -> Self {
        match excess {
            Excess::Scope => Self::InvalidScope,
            Excess::Target => Self::InvalidTarget,
            Excess::Details(error) => Self::InvalidAuthorizationDetails(error),
        }
    }
}

impl From<ClientError> for TokenError {
    fn from(error: ClientError) -> Self {
        EndpointError::from(error).into()
    }
}

impl TokenError {
    /// The `error` of [RFC 6749 §5.2], [RFC 8628 §3.5], [RFC 8707 §2] and [RFC 9396 §5]; `server_error` for cases
    /// without a code there.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    /// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    /// [RFC 9396 §5]: https://www.rfc-editor.org/rfc/rfc9396#section-5
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Endpoint(error) => error.code(),
            Self::VerifierMalformed | Self::VerifierUnexpected => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::DeviceDenied => "access_denied",
            Self::DeviceCodeExpired => "expired_token",
            Self::Collision => "server_error",
            Self::ExtensionRefused(refusal) => refusal.error.as_ref().map_or("invalid_grant", ErrorCode::as_str),
            _ => "invalid_grant",
        }
    }

    /// The `error_description`, which helps the client's developer and tells an attacker nothing.
    pub(super) fn description(&self) -> String {
        match self {
            Self::Endpoint(error) => error.description(),
            // Somebody who found a code or a token is not told if it is real.
            Self::CodeUnknown
            | Self::CodeOfAnotherClient
            | Self::CodeExpired
            | Self::CodeReplayed
            | Self::CodeRevoked => {
                "the authorization code is invalid, expired, revoked, used, or was issued to another client".to_owned()
            }
            Self::DeviceCodeUnknown
            | Self::DeviceCodeOfAnotherClient
            | Self::DeviceCodeReplayed
            | Self::DeviceCodeRevoked => {
                "the device code is invalid, revoked, used, or was issued to another client".to_owned()
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
