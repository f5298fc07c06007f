//! Requests to the registration endpoint and to client configuration endpoints: [RFC 7591 §3.1], [RFC 7592 §2].
//!
//! [RFC 7591 §3.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.1
//! [RFC 7592 §2]: https://www.rfc-editor.org/rfc/rfc7592#section-2

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use super::error::RegistrationError;
use crate::model::ClientId;
use crate::model::members::Members;

/// The greatest length of the body of a registration, in bytes. What a client may store here without being known is
/// bounded.
pub const MAX_REGISTRATION_LEN: usize = 16 * 1024;

/// Reads the members of the client metadata. [RFC 7591 §3]: "The client registration endpoint MUST accept HTTP POST
/// messages with request parameters encoded in the entity body using the "application/json" format."
///
/// [RFC 7591 §3]: https://www.rfc-editor.org/rfc/rfc7591#section-3
pub(super) fn members(headers: &HeaderMap, body: &[u8]) -> Result<Members, RegistrationError> {
    if body.len() > MAX_REGISTRATION_LEN {
        return Err(RegistrationError::TooLong);
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(RegistrationError::ContentType);
    }
    let members = serde_json::from_slice::<Members>(body).and_then(Members::distinct);
    members.map_err(|_| RegistrationError::NotJson)
}

/// Returns the client that a client configuration endpoint is about: the last segment of its path.
pub(super) fn client_of(path: &str) -> Option<ClientId> {
    let segment = path.rsplit('/').next().unwrap_or_default();
    ClientId::parse(&percent_decode_str(segment).decode_utf8().ok()?).ok()
}
