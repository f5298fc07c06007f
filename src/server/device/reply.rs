//! The replies to the device ([RFC 8628 §3.2]) and, after the decision, to the person ([RFC 8628 §3.3]).
//!
//! [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
//! [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3

use std::sync::Arc;

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::config::DeviceConfig;
use super::error::{AuthorizeDeviceError, DevicePageError};
use crate::model::{ClientId, Endpoint, Secret, UserCode};
use crate::record::Grant;
use crate::server::authorize::AuthorizationError;
use crate::server::client_id_metadata_document::ClientIdMetadataDocumentError;
use crate::server::cross_origin::Reader;
use crate::server::error::{ErrorReply, PresentedIn, error_response};
use crate::wire::{Parameters, json, text, with_parameters};

/// The response of the device authorization endpoint, before it is written as HTTP.
#[derive(Debug)]
#[must_use = "the reply is what the device waits for"]
pub struct AuthorizeDeviceReply {
    pub(in crate::server) outcome: Result<(ClientId, AuthorizeDeviceResponse), ErrorReply<AuthorizeDeviceError>>,
    reader: Reader,
}

/// A successful response: [RFC 8628 §3.2].
///
/// [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthorizeDeviceResponse {
    /// The code by which the device asks for its tokens.
    pub device_code: Secret<'static>,
    /// The code that the person types in, as they are shown it.
    pub user_code: Secret<'static>,
    /// The page that the person goes to.
    pub verification_uri: Endpoint,
    /// The same page with the user code in its query.
    pub verification_uri_complete: Option<Secret<'static>>,
    /// The seconds until both codes expire.
    pub expires_in: u64,
    /// The seconds between two polls.
    pub interval: u64,
}

impl AuthorizeDeviceResponse {
    pub(super) fn new(config: &DeviceConfig, device_code: Secret<'static>, user_code: &UserCode) -> Self {
        let user_code = user_code.to_string();
        let uri = config.verification_uri.as_str();
        let complete = || with_parameters(uri, Parameters::Query, [("user_code", Some(&*user_code))]);
        Self {
            device_code,
            verification_uri: config.verification_uri.clone(),
            verification_uri_complete: config.complete.then(complete).map(Secret::new),
            expires_in: config.lifetime.as_secs(),
            interval: config.interval.as_secs(),
            user_code: Secret::new(user_code),
        }
    }
}

impl Serialize for AuthorizeDeviceResponse {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("device_code", self.device_code.expose())?;
        map.serialize_entry("user_code", self.user_code.expose())?;
        map.serialize_entry("verification_uri", &self.verification_uri)?;
        if let Some(complete) = &self.verification_uri_complete {
            map.serialize_entry("verification_uri_complete", complete.expose())?;
        }
        map.serialize_entry("expires_in", &self.expires_in)?;
        map.serialize_entry("interval", &self.interval)?;
        map.end()
    }
}

impl AuthorizeDeviceReply {
    pub(super) fn authorized(reader: Reader, client_id: ClientId, response: AuthorizeDeviceResponse) -> Self {
        Self { outcome: Ok((client_id, response)), reader }
    }

    pub(super) fn refused(
        reader: Reader,
        client_id: Option<ClientId>,
        error: impl Into<AuthorizeDeviceError>,
        presented_in: PresentedIn,
    ) -> Self {
        Self { outcome: Err(ErrorReply::new(client_id, error, presented_in)), reader }
    }

    /// The codes, or the error.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<&AuthorizeDeviceResponse, &AuthorizeDeviceError> {
        self.outcome.as_ref().map(|(_, response)| response).map_err(|refused| &refused.error)
    }

    /// Returns the HTTP response: [RFC 8628 §3.2].
    ///
    /// [RFC 8628 §3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let reader = self.reader;
        let ErrorReply { error, presented_in, .. } = match self.outcome {
            // "in the HTTP response body using the "application/json" format [...] with a 200 (OK) status code".
            Ok((_, response)) => return reader.shown(json(StatusCode::OK, &response)),
            Err(refused) => refused,
        };
        reader.shown(match error {
            AuthorizeDeviceError::Endpoint(error) => error.into_http(presented_in),
            AuthorizeDeviceError::UserCodesTaken => {
                error_response(StatusCode::SERVICE_UNAVAILABLE, error.code(), &error.to_string())
            }
            error => error_response(StatusCode::BAD_REQUEST, error.code(), &error.to_string()),
        })
    }
}

/// The result of a decision, to be told to the person.
#[derive(Clone, Debug)]
#[must_use = "the person waits for a page"]
pub struct DeviceDecisionReply {
    pub(in crate::server) client_id: ClientId,
    pub(in crate::server) outcome: Result<Decided, DevicePageError>,
}

/// A decision that was written.
#[derive(Clone, Debug)]
pub(in crate::server) enum Decided {
    Approved(Arc<Grant>),
    Denied(AuthorizationError),
}

impl DeviceDecisionReply {
    /// True if the device now gets its tokens; false if the request was denied, by the person or for them.
    ///
    /// # Errors
    /// Nothing was decided.
    pub fn is_approved(&self) -> Result<bool, &DevicePageError> {
        self.outcome.as_ref().map(|decided| matches!(decided, Decided::Approved(_)))
    }

    /// Returns a plain page. [RFC 8628 §3.3]: "Once the user interaction is complete, the server instructs the user to
    /// return to their device."
    ///
    /// [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let error = match self.outcome {
            Ok(Decided::Approved(_)) => return text(StatusCode::OK, "Done. Go back to your device.\n".to_owned()),
            Ok(Decided::Denied(_)) => return text(StatusCode::OK, "The device was denied.\n".to_owned()),
            Err(error) => error,
        };
        let mut response = text(error.status(), format!("This cannot be answered: {}.\n", error.description()));
        if let DevicePageError::Unavailable(outage)
        | DevicePageError::Document(ClientIdMetadataDocumentError::Unavailable(outage)) = &error
        {
            let seconds = outage.cause.retry_after().map(HeaderValue::from);
            response.headers_mut().extend(seconds.map(|seconds| (header::RETRY_AFTER, seconds)));
        }
        response
    }
}
