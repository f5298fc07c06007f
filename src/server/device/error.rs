//! The errors of the device grant: told to the client by the endpoint ([RFC 8628 §3.2]), or to the person on the
//! verification page ([RFC 8628 §3.3]).
//!
//! [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
//! [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3

use http::StatusCode;

use crate::effect::{CANNOT_ANSWER, Outage};
use crate::server::authorization_details::DetailsError;
use crate::server::authorize::AuthorizationPageError;
use crate::server::client_id_metadata_document::ClientIdMetadataDocumentError;
use crate::server::error::EndpointError;
use crate::server::scope::Excess;
use crate::wire::{FormError, serialize_error};

/// An error of the device authorization endpoint. [RFC 8628 §3.2]: "the authorization server responds in the same way
/// as the token endpoint".
///
/// [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizeDeviceError {
    /// The request, the client or the store is at fault, as at any endpoint.
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    /// The client is not registered for the device grant, or there is nothing to grant to it.
    #[error("the client is not authorized to use the device grant")]
    UnauthorizedClient,
    /// The scope is malformed, or exceeds the client's registration.
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
    /// Four user codes in a row were taken: too many devices are waiting, or the generator of the
    /// [`Moment`](crate::Moment) repeats itself.
    #[error("the server has no user code to give")]
    UserCodesTaken,
}

serialize_error!(AuthorizeDeviceError);

impl From<FormError> for AuthorizeDeviceError {
    fn from(error: FormError) -> Self {
        EndpointError::from(error).into()
    }
}

impl From<Excess> for AuthorizeDeviceError {
    fn from(excess: Excess) -> Self {
        match excess {
            Excess::Scope => Self::InvalidScope,
            Excess::Target => Self::InvalidTarget,
            Excess::Details(error) => Self::InvalidAuthorizationDetails(error),
        }
    }
}

impl AuthorizeDeviceError {
    /// The `error` of [RFC 6749 §5.2], [RFC 8707 §2] and [RFC 9396 §5].
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    /// [RFC 9396 §5]: https://www.rfc-editor.org/rfc/rfc9396#section-5
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Endpoint(error) => error.code(),
            Self::UnauthorizedClient => "unauthorized_client",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::UserCodesTaken => "temporarily_unavailable",
        }
    }
}

/// An error that the person on the verification page is shown.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DevicePageError {
    /// The server has no device authorization endpoint.
    #[error("devices cannot be connected here")]
    NotConfigured,
    /// The text cannot be a user code.
    #[error("the text is not a user code")]
    UserCodeMalformed,
    /// No request has this user code.
    #[error("no device waits with this user code")]
    UserCodeUnknown,
    /// The request was decided before, or has expired.
    #[error("the device's request was decided before, or has expired")]
    Ended,
    /// The client was removed or switched off.
    #[error("the device's client is not known any more, or is switched off")]
    ClientGone,
    /// The client is identified by its metadata document, which could not be had, or makes no client any more. Nothing
    /// was decided, and the request still waits.
    #[error("{0}")]
    Document(#[from] ClientIdMetadataDocumentError),
    /// Somebody polls so often that the denial could not be written. The request still waits.
    #[error("the device asks too often for the denial to be written")]
    Busy,
    /// A new random identifier exists already.
    #[error("the server could not issue")]
    Collision,
    /// The host could not carry out an effect.
    #[error("{0}")]
    Unavailable(Outage),
}

serialize_error!(DevicePageError);

impl DevicePageError {
    /// Returns the error for a client that was not identified.
    pub(super) fn of_client(error: AuthorizationPageError) -> Self {
        match error {
            AuthorizationPageError::Unavailable(outage) => Self::Unavailable(outage),
            AuthorizationPageError::Document(error) => Self::Document(error),
            _ => Self::ClientGone,
        }
    }

    /// A code for the log, by the names of [RFC 6749 §4.1.2.1]. Nobody is sent it.
    ///
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(outage) => outage.code(),
            Self::Document(error) => error.outage().map_or("invalid_request", Outage::code),
            Self::Busy => "temporarily_unavailable",
            Self::Collision => "server_error",
            _ => "invalid_request",
        }
    }

    /// True if the person may have guessed. Count these by the person's address and session, and let both wait after a
    /// few. [RFC 8628 §5.1]: "it is recommended that the server rate-limit user code attempts."
    ///
    /// [RFC 8628 §5.1]: https://www.rfc-editor.org/rfc/rfc8628#section-5.1
    #[must_use]
    pub fn is_guess(&self) -> bool {
        matches!(self, Self::UserCodeMalformed | Self::UserCodeUnknown | Self::Ended | Self::ClientGone)
    }

    /// The status of the page.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotConfigured => StatusCode::NOT_FOUND,
            Self::Unavailable(_) | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Document(error) if error.outage().is_some() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Collision => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The text of the page. Somebody who guesses is not told what was wrong.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Unavailable(_) => CANNOT_ANSWER.to_owned(),
            Self::Document(error) => format!("the device's client is not known here: {}", error.description()),
            error if error.is_guess() => {
                "the code is not one that a device shows now: compare it with the device, or start again there"
                    .to_owned()
            }
            reason => reason.to_string(),
        }
    }
}
