//! The request for a client's metadata document, and what its answer makes.

use std::sync::Arc;

use http::header::{ACCEPT, HeaderValue};
use http::{Request, Uri};

use super::document::{MAX_DOCUMENT_LEN, client_of};
use super::error::ClientIdMetadataDocumentError;
use super::url::{check, is_url};
use crate::effect::{Answer, Outage};
use crate::fetch::{Fetch, FetchRule, FromCache};
use crate::model::ClientId;
use crate::record::Client;
use crate::server::Config;

/// A document that is fetched, of a client that is not in the store.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(in crate::server) struct RequestedDocument<'a> {
    fetch: Fetch,
    client_id: ClientId,
    config: &'a Config,
}

/// Tells if a client that is not in the store may have a document: `None` if its identifier is no URL, or if such
/// clients are not served; an error if its URL cannot be a document's.
pub(in crate::server) fn has_document(
    config: &Config,
    client_id: &ClientId,
) -> Option<Result<(), ClientIdMetadataDocumentError>> {
    let section = config.client_id_metadata_documents.as_ref().filter(|_| is_url(client_id))?;
    Some(check(client_id, section.in_private_network))
}

impl<'a> RequestedDocument<'a> {
    /// Requests the document of a client that is not in the store: `None` if it has none.
    pub(in crate::server) fn of(
        config: &'a Config,
        client_id: &ClientId,
        from_cache: FromCache,
    ) -> Option<Result<Self, ClientIdMetadataDocumentError>> {
        let section = config.client_id_metadata_documents.as_ref()?;
        let requested = has_document(config, client_id)?.and_then(|()| {
            let uri = Uri::try_from(client_id.as_str()).map_err(|_| ClientIdMetadataDocumentError::Url)?;
            let mut request = Request::new(Vec::new());
            *request.uri_mut() = uri;
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
            let public_addresses_only = !section.in_private_network;
            let rule = FetchRule { max_response_len: MAX_DOCUMENT_LEN, public_addresses_only, from_cache };
            Ok(Self { fetch: Fetch::by(rule, request), client_id: client_id.clone(), config })
        });
        Some(requested)
    }

    pub(in crate::server) fn fetch(&self) -> &Fetch {
        &self.fetch
    }

    pub(in crate::server) fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Returns the client that the document makes.
    pub(in crate::server) fn client(
        &self,
        answer: Answer<Fetch>,
    ) -> Result<Arc<Client>, ClientIdMetadataDocumentError> {
        let section = self.config.client_id_metadata_documents.as_ref();
        let section = section.ok_or(ClientIdMetadataDocumentError::NotConfigured)?;
        // CIMD §4.3: "If fetching the metadata document fails, the authorization server SHOULD abort the
        // authorization request."
        let response =
            answer.map_err(|cause| ClientIdMetadataDocumentError::Unavailable(Outage::of::<Fetch>(cause)))?;
        client_of(self.config, section, &self.client_id, &response).map(Arc::new)
    }
}
