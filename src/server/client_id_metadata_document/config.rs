//! The configuration of client ID metadata documents.

use crate::model::{GrantType, Metadata, Scope};
use crate::server::section::Section;

/// The section of a configuration for clients that are identified by the URL of their metadata document
/// ([CIMD]): what such a client may ask for at most. What its document asks for beyond that, the client
/// does not get.
///
/// Anybody can publish a document, with any name in it. Show people the host of the identifier
/// ([`Prompt::client_host`](crate::server::Prompt::client_host),
/// [`DevicePrompt::client_host`](crate::server::DevicePrompt::client_host)), which nobody can make up. A client that is
/// in the store with its URL as its identifier is the operator's: its document is not fetched, and
/// [`Client::disabled`](crate::record::Client::disabled) keeps a client out.
///
/// [CIMD]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientIdMetadataDocumentConfig {
    /// The greatest scope of such a client, and the scope of one whose document names none. Default: none. What is
    /// beyond it is refused or left out, as [`ScopeConfig::unknown`](crate::server::ScopeConfig::unknown) says.
    pub scope: Scope,
    /// The grant types of such clients. Others are left out. Default: `authorization_code` and `refresh_token`. With
    /// [`GrantType::DeviceCode`], devices may have documents too.
    pub grant_types: Vec<GrantType>,
    /// The authorization details types of such clients ([RFC 9396 §10]), of those that the server has. Default: none.
    ///
    /// [RFC 9396 §10]: https://www.rfc-editor.org/rfc/rfc9396#section-10
    pub authorization_details_types: Vec<String>,
    /// True to accept private-use schemes without a period in `redirect_uris`:
    /// [`RedirectUri::parse_private_use`](crate::model::RedirectUri::parse_private_use). Default: false.
    pub private_use_schemes: bool,
    /// True to fetch documents from a private network too, which is for clients on it, and for development. Default:
    /// false. [CIMD §6.5]: "Authorization servers MUST validate that the Client ID Metadata Document URL
    /// does not resolve to special-use IP addresses". Whoever can reach the authorization endpoint can otherwise make
    /// the server send requests into its own network.
    ///
    /// [CIMD §6.5]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-6.5
    pub in_private_network: bool,
}

impl Default for ClientIdMetadataDocumentConfig {
    fn default() -> Self {
        Self {
            scope: Scope::EMPTY,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            authorization_details_types: Vec::new(),
            private_use_schemes: false,
            in_private_network: false,
        }
    }
}

impl Section for ClientIdMetadataDocumentConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        // CIMD §5: "Authorization servers that publish Authorization Server Metadata [...] MUST include
        // the following property to signal support for client metadata documents".
        metadata.client_id_metadata_document_supported = true;
    }
}
