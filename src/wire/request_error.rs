//! The errors of requests to another server, and their remedies.

use std::fmt;

use http::StatusCode;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::further::Further;
use crate::effect::Unavailable;

/// An error of a request to another server. It never shows a secret.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server's metadata does not name the endpoint. Nothing was sent.
    #[error("the server's metadata has no {0}")]
    NoEndpoint(&'static str),
    /// The credential was issued by another authorization server. Nothing was sent.
    #[error("it was issued by another authorization server")]
    OtherServer,
    /// The request cannot be written as HTTP, for example because no header can hold the secret. Nothing was sent.
    #[error("the request cannot be written")]
    Unsendable,
    /// There was no response. The request may or may not have arrived.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The server refused, with an error of [RFC 6749 §5.2] or in another known format.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    #[error(transparent)]
    Refused(ErrorResponse),
    /// The response cannot be used.
    #[error("{fault} (status {status}): {excerpt}")]
    #[non_exhaustive]
    Unusable {
        /// The fault of the response.
        fault: Fault,
        /// The status of the response.
        status: StatusCode,
        /// The response's text for people, if one can be found; else the beginning of its body, or of the location of a
        /// redirect: at most 200 characters, with possible secrets left out.
        excerpt: String,
        /// The seconds after which to ask again, if the server said so ([RFC 9110 §10.2.3]).
        ///
        /// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
        retry_after: Option<u32>,
    },
}

/// An error response: [RFC 6749 §5.2]. Its texts are the server's, limited in length, without invisible characters and
/// without anything that may be a token.
///
/// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The status of the response: mostly 400 or 401, from some servers 200.
    pub status: StatusCode,
    /// The error code, such as `invalid_grant`. If a server has no `error`, its own code from another member.
    pub error: String,
    /// An explanation for the client's developer.
    pub error_description: Option<String>,
    /// The URL of a page for the client's developer.
    pub error_uri: Option<String>,
    /// The seconds after which to ask again, if the server said so ([RFC 9110 §10.2.3]).
    ///
    /// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    pub retry_after: Option<u32>,
    pub(super) further: Further,
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused: {}", self.error)?;
        self.error_description.iter().try_for_each(|text| write!(f, ": {text}"))?;
        self.error_uri.iter().try_for_each(|uri| write!(f, " ({uri})"))
    }
}

impl std::error::Error for ErrorResponse {}

/// The remedy for a [`RequestError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Repeat the request later.
    Wait,
    /// Correct the client: its credentials, or its knowledge of the server. The credential that it presented may still
    /// be good.
    MendClient,
    /// Give up: repeating this request is of no use. A refresh token that was refused in this way is dead; ask the
    /// resource owner again.
    AskOwner,
}

impl RequestError {
    /// The `error` of [RFC 6749 §5.2], if the server refused with one.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(response) => Some(&response.error),
            _ => None,
        }
    }

    /// The seconds after which to ask again, if the server or the host said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused(response) => response.retry_after,
            Self::Unusable { retry_after, .. } => *retry_after,
            Self::Unavailable(unavailable) => unavailable.retry_after(),
            Self::NoEndpoint(_) | Self::OtherServer | Self::Unsendable => None,
        }
    }

    /// The remedy for this error. [RFC 6749 §5.2] does not say which errors are permanent, and servers have codes of
    /// their own. The first row that fits applies:
    ///
    /// | response | remedy |
    /// |---|---|
    /// | none, because nothing was sent: no endpoint, or another server's token | [`MendClient`](Remedy::MendClient) |
    /// | a token of a type that the client does not understand | [`MendClient`](Remedy::MendClient) |
    /// | `invalid_grant`, or another name for a dead credential | [`AskOwner`](Remedy::AskOwner) |
    /// | `invalid_client`, or another name for it | [`MendClient`](Remedy::MendClient) |
    /// | status 408, 425, 429 or 5xx, or a `Retry-After` | [`Wait`](Remedy::Wait) |
    /// | `server_error`, or another name for a temporary failure | [`Wait`](Remedy::Wait) |
    /// | any other code in OAuth's form, with status 2xx, 400, 401 or 403 | [`AskOwner`](Remedy::AskOwner) |
    /// | anything else: no response, a page, a redirect, a number, `Bad Request` | [`Wait`](Remedy::Wait) |
    ///
    /// A code in OAuth's form is in lower case and has more than one word: `unauthorized_client`, `invalid_scope`,
    /// `invalid_target`, `invalid_request`, `unsupported_grant_type`, `interaction_required`, or any other. The known
    /// names are:
    ///
    /// - for a dead credential: `access_denied`, `account_inactive`, `authorization_declined`, `bad_refresh_token`,
    ///   `expired_token`, `invalid_refresh_token`, `refresh_token_expired`, `refresh_token_invalidated`,
    ///   `refresh_token_reused`, `refresh_token_revoked`, `token_expired`, `token_inactive`, `token_revoked`;
    /// - for `invalid_client`: `bad_client_secret`, `incorrect_client_credentials`, `invalid_client_id`,
    ///   `invalid_client_secret`; and for metadata that a registration refuses: `invalid_redirect_uri`,
    ///   `invalid_client_metadata`, `invalid_software_statement`, `unapproved_software_statement`;
    /// - for a temporary failure: `authorization_pending`, `fatal_error`, `internal_error`, `internal_failure`,
    ///   `internal_server_error`, `rate_limit_exceeded`, `rate_limited`, `request_timeout`, `service_unavailable`,
    ///   `slow_down`, `temporarily_unavailable`, `too_many_requests`, `unknown_error`, `use_dpop_nonce`.
    ///
    /// If a server uses a code with another meaning, replace it with a [response
    /// hook](crate::client::Client::with_response_hook).
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NoEndpoint(_) | Self::OtherServer | Self::Unsendable => Remedy::MendClient,
            Self::Unusable { fault: Fault::TokenType, .. } => Remedy::MendClient,
            Self::Unavailable(_) | Self::Unusable { .. } => Remedy::Wait,
            Self::Refused(response) => response.remedy(),
        }
    }

    /// Tells if the failure may be temporary, by its status: no response, or a server that is busy or out of order.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Unusable { status, .. } => is_passing(*status),
            Self::Refused(response) => is_passing(response.status),
            Self::NoEndpoint(_) | Self::OtherServer | Self::Unsendable => false,
        }
    }
}

impl ErrorResponse {
    /// The further members of the response, as the server sent them: `suberror`, `claims`, `mfa_token`. They may be
    /// secrets, and are not shown by `Debug` or `Display`. A member that cannot be read, or has more than one value, is
    /// left out.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        self.further.map()
    }

    fn remedy(&self) -> Remedy {
        let known = known_code(&self.error).and_then(|(_, remedy)| remedy);
        if let Some(remedy @ (Remedy::AskOwner | Remedy::MendClient)) = known {
            return remedy;
        }
        let is_answer = self.status.is_success() || matches!(self.status.as_u16(), 400 | 401 | 403);
        match known {
            None if is_answer && self.retry_after.is_none() && is_name(&self.error) => Remedy::AskOwner,
            _ => Remedy::Wait,
        }
    }
}

fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// Tells if a text looks like an OAuth error code, all of which have more than one word. Single words, and other
/// spellings, also come from whatever stands before a server: `Forbidden`, `error`.
fn is_name(code: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    code.starts_with(|first: char| first.is_ascii_lowercase()) && code.contains('_') && code.bytes().all(is_letter)
}

/// The known codes, with the remedy if that does not depend on the status.
const CODES: [(&str, Option<Remedy>); 43] = [
    // RFC 6749 §5.2, RFC 8707 §2.
    ("invalid_request", None),
    ("invalid_scope", None),
    ("invalid_target", None),
    ("unauthorized_client", None),
    ("unsupported_grant_type", None),
    // RFC 6749 §5.2: "invalid, expired, revoked".
    ("invalid_grant", Some(Remedy::AskOwner)),
    ("account_inactive", Some(Remedy::AskOwner)),
    ("bad_refresh_token", Some(Remedy::AskOwner)),
    ("invalid_refresh_token", Some(Remedy::AskOwner)),
    ("refresh_token_expired", Some(Remedy::AskOwner)),
    ("refresh_token_invalidated", Some(Remedy::AskOwner)),
    ("refresh_token_reused", Some(Remedy::AskOwner)),
    ("refresh_token_revoked", Some(Remedy::AskOwner)),
    ("token_expired", Some(Remedy::AskOwner)),
    ("token_inactive", Some(Remedy::AskOwner)),
    ("token_revoked", Some(Remedy::AskOwner)),
    // RFC 8628 §3.5.
    ("access_denied", Some(Remedy::AskOwner)),
    ("authorization_declined", Some(Remedy::AskOwner)),
    ("expired_token", Some(Remedy::AskOwner)),
    // RFC 6749 §5.2: "Client authentication failed".
    ("invalid_client", Some(Remedy::MendClient)),
    ("bad_client_secret", Some(Remedy::MendClient)),
    ("incorrect_client_credentials", Some(Remedy::MendClient)),
    ("invalid_client_id", Some(Remedy::MendClient)),
    ("invalid_client_secret", Some(Remedy::MendClient)),
    // RFC 7591 §3.2.2.
    ("invalid_redirect_uri", Some(Remedy::MendClient)),
    ("invalid_client_metadata", Some(Remedy::MendClient)),
    ("invalid_software_statement", Some(Remedy::MendClient)),
    ("unapproved_software_statement", Some(Remedy::MendClient)),
    // RFC 6749 §4.1.2.1, RFC 8628 §3.5, RFC 9449 §8.
    ("temporarily_unavailable", Some(Remedy::Wait)),
    ("server_error", Some(Remedy::Wait)),
    ("authorization_pending", Some(Remedy::Wait)),
    ("slow_down", Some(Remedy::Wait)),
    ("use_dpop_nonce", Some(Remedy::Wait)),
    ("fatal_error", Some(Remedy::Wait)),
    ("internal_error", Some(Remedy::Wait)),
    ("internal_failure", Some(Remedy::Wait)),
    ("internal_server_error", Some(Remedy::Wait)),
    ("rate_limit_exceeded", Some(Remedy::Wait)),
    ("rate_limited", Some(Remedy::Wait)),
    ("request_timeout", Some(Remedy::Wait)),
    ("service_unavailable", Some(Remedy::Wait)),
    ("too_many_requests", Some(Remedy::Wait)),
    ("unknown_error", Some(Remedy::Wait)),
];

/// Returns the known code that a text stands for, in any spelling: `Invalid refresh token` is one, and so is
/// `BAD_REFRESH_TOKEN`.
pub(super) fn known_code(text: &str) -> Option<(&'static str, Option<Remedy>)> {
    let is_code = |code: &str| {
        code.len() == text.len()
            && code.bytes().zip(text.bytes()).all(|(code, byte)| match byte {
                b' ' | b'-' => code == b'_',
                byte => code == byte.to_ascii_lowercase(),
            })
    };
    CODES.into_iter().find(|(code, _)| is_code(code))
}
