//! The errors of a metadata document.

use http::StatusCode;

use crate::effect::Outage;

/// The reason why a client's metadata document does not make a client.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientIdMetadataDocumentError {
    /// The configuration has no section for such documents.
    #[error("clients are not identified by their metadata documents here")]
    NotConfigured,
    /// The client identifier is not the URL of a document: [CIMD §3].
    ///
    /// [CIMD §3]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-3
    #[error("the client_id cannot be the URL of a metadata document")]
    Url,
    /// The client identifier leads into a private network: [CIMD §6.5].
    ///
    /// [CIMD §6.5]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-6.5
    #[error("the client_id leads into a private network")]
    PrivateNetwork,
    /// The document could not be fetched.
    #[error("the metadata document could not be fetched: {0}")]
    Unavailable(Outage),
    /// The document's server answered with another status than 200; 3xx is a redirect, which is not followed.
    #[error("the metadata document's server answered {0}")]
    Status(StatusCode),
    /// The document is longer than [`MAX_DOCUMENT_LEN`](crate::server::MAX_DOCUMENT_LEN).
    #[error("the metadata document is too long")]
    TooLong,
    /// The document has another media type than JSON's.
    #[error("the metadata document is not of a JSON media type")]
    ContentType,
    /// The document is not a JSON object in which each name stands once.
    #[error("the metadata document is not a JSON object in which each name stands once")]
    NotJson,
    /// The document has no `client_id`, or another than its own URL.
    #[error("the client_id in the metadata document is not its URL")]
    ClientId,
    /// The document has a secret, which everybody can read.
    #[error("the metadata document must not have {0}")]
    Secret(&'static str),
    /// The metadata is none that a client may have here: the reason, as dynamic registration would word it.
    #[error("the metadata document is refused: {0}")]
    Metadata(String),
}

impl ClientIdMetadataDocumentError {
    /// The outage, if nothing is known of the document but that it could not be fetched.
    #[must_use]
    pub fn outage(&self) -> Option<&Outage> {
        match self {
            Self::Unavailable(outage) => Some(outage),
            _ => None,
        }
    }

    /// The reason, for the client's developer. What a server answers that has no such document is not told, or the
    /// authorization server could be used to look around.
    pub(in crate::server) fn description(&self) -> String {
        match self {
            Self::Unavailable(_) | Self::Status(_) | Self::TooLong | Self::ContentType | Self::NotJson => {
                "the metadata document at the client_id could not be read".to_owned()
            }
            reason => reason.to_string(),
        }
    }
}
