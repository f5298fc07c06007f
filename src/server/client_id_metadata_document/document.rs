//! The document, and the client that it makes: [CIMD §4], [§4.1].
//!
//! [CIMD §4]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-4
//! [§4.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-4.1

use http::{HeaderMap, Response, StatusCode, header};

use super::config::ClientIdMetadataDocumentConfig;
use super::error::ClientIdMetadataDocumentError;
use crate::model::members::Members;
use crate::model::{ClientId, Secret};
use crate::record::{Client, DynamicRegistration};
use crate::server::register::{ClientMetadata, Limits, Offer};
use crate::server::{Config, Server};

/// The greatest length of a client's metadata document, in bytes. [CIMD §6.6]: "The recommended maximum
/// response size for client metadata documents is 5 kilobytes."
///
/// [CIMD §6.6]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-6.6
pub const MAX_DOCUMENT_LEN: usize = 5 * 1024;

impl Server {
    /// Returns the client that a response to the request for its metadata document makes, as the endpoints of this
    /// server see it. [CIMD §4.4]: "The authorization server MUST NOT cache error responses. The
    /// authorization server also MUST NOT cache documents which are invalid or malformed." So a host with a cache asks
    /// this before it keeps a response.
    ///
    /// # Errors
    /// The response is not a document of this client, or is refused.
    ///
    /// [CIMD §4.4]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-4.4
    pub fn client_of_document(
        &self,
        client_id: &ClientId,
        response: &Response<Vec<u8>>,
    ) -> Result<Client, ClientIdMetadataDocumentError> {
        let section = self.config.client_id_metadata_documents.as_ref();
        let section = section.ok_or(ClientIdMetadataDocumentError::NotConfigured)?;
        super::url::check(client_id, section.in_private_network)?;
        client_of(&self.config, section, client_id, response)
    }
}

/// Reads a response.
pub(super) fn client_of(
    config: &Config,
    section: &ClientIdMetadataDocumentConfig,
    client_id: &ClientId,
    response: &Response<Vec<u8>>,
) -> Result<Client, ClientIdMetadataDocumentError> {
    // CIMD §4: "A successful response MUST use the 200 OK HTTP status code. The authorization server MUST
    // treat all other HTTP status codes as an error response. The authorization server MUST NOT automatically follow
    // HTTP redirects when retrieving the client registration information."
    if response.status() != StatusCode::OK {
        return Err(ClientIdMetadataDocumentError::Status(response.status()));
    }
    // CIMD §6.6: "Authorization servers SHOULD limit the response size when fetching the client metadata
    // document".
    if response.body().len() > MAX_DOCUMENT_LEN {
        return Err(ClientIdMetadataDocumentError::TooLong);
    }
    if !is_json(response.headers()) {
        return Err(ClientIdMetadataDocumentError::ContentType);
    }
    let members = serde_json::from_slice::<Members>(response.body()).and_then(Members::distinct);
    let mut members = members.map_err(|_| ClientIdMetadataDocumentError::NotJson)?;
    // CIMD §4.1: "The client metadata document MUST contain a `client_id` property whose value MUST match
    // the URL of the document using simple string comparison as defined in [RFC3986] Section 6.2.1."
    let named = members.strict("client_id", serde_json::from_value::<String>).ok().flatten();
    if named.as_deref() != Some(client_id.as_str()) {
        return Err(ClientIdMetadataDocumentError::ClientId);
    }
    // CIMD §4.1: "the `client_secret` and `client_secret_expires_at` properties MUST NOT be used".
    if let Some(name) = ["client_secret", "client_secret_expires_at"].into_iter().find(|name| members.has(name)) {
        return Err(ClientIdMetadataDocumentError::Secret(name));
    }
    let limits = Limits { config, offer: section.offer(), before: None };
    let metadata = ClientMetadata::read(members, limits);
    let metadata = metadata.map_err(|error| ClientIdMetadataDocumentError::Metadata(error.description()))?;
    // Nobody but the client vouches for it, as for one that registered itself.
    let registration = DynamicRegistration { is_self_registered: true, ..DynamicRegistration::default() };
    let client = Client { registration: Some(registration), ..Client::public(client_id.clone()) };
    let (client, _) = metadata.applied_to(client, || Secret::new(String::new()));
    Ok(client)
}

impl ClientIdMetadataDocumentConfig {
    fn offer(&self) -> Offer<'_> {
        Offer {
            scope: &self.scope,
            whole_scope: false,
            grant_types: &self.grant_types,
            authorization_details_types: &self.authorization_details_types,
            private_use_schemes: self.private_use_schemes,
            require_same_host: false,
            is_published: true,
        }
    }
}

/// Tells if a response has the media type of JSON. [CIMD §4.1]: a document may be served "with more
/// specific content types as long as the response is JSON and conforms to `application/<AS-defined>+json`."
///
/// [CIMD §4.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-4.1
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = media_type.strip_prefix("application/").unwrap_or_default();
    subtype == "json" || subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty())
}
