//! Client ID metadata documents: [CIMD], revision 01. Its words and sections are those of the working draft of March
//! 2026; the newest known revision is 03, of November 2026.
//!
//! A client is identified by the URL of a document that it publishes, in place of a registration. Where no client has
//! such an identifier in the store, the document is fetched, by the rule that the [`Fetch`](crate::Fetch) has, and the
//! client is what the document says, for this request. Nothing of it is stored, but that grants name their client.
//!
//! [CIMD]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01

mod config;
mod document;
mod error;
mod lifetime;
mod requested;
mod url;

pub use config::ClientIdMetadataDocumentConfig;
pub use document::MAX_DOCUMENT_LEN;
pub use error::ClientIdMetadataDocumentError;
pub(super) use requested::{RequestedDocument, has_document};
