//! The URL that a client identifier is: [CIMD §3].
//!
//! [CIMD §3]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-3

use super::error::ClientIdMetadataDocumentError;
use crate::model::{ClientId, PageUrl};
use crate::server::register::is_public;

/// Tells if a client identifier is meant as a URL. [CIMD §6.9]: a server that generates identifiers too
/// "SHOULD ensure that the `client_id` strings it generates do not start with `https://`."
///
/// [CIMD §6.9]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01#section-6.9
pub(super) fn is_url(client_id: &ClientId) -> bool {
    client_id.as_str().starts_with("https://")
}

/// Checks that a client identifier can be the URL of a document. A URL that one reader takes for another than the next
/// is refused too.
pub(super) fn check(client_id: &ClientId, in_private_network: bool) -> Result<(), ClientIdMetadataDocumentError> {
    let text = client_id.as_str();
    // CIMD §3: "Client identifier URLs MUST have an "https" scheme, MUST contain a path component, MUST
    // NOT contain single-dot or double-dot path segments, MUST NOT contain a fragment component and MUST NOT contain a
    // username or password".
    let url = PageUrl::parse(text).ok().filter(|_| is_url(client_id) && !text.contains('#'));
    let url = url.filter(|_| path(text).is_some_and(|path| !path.split('/').any(is_dots)));
    let url = url.ok_or(ClientIdMetadataDocumentError::Url)?;
    if in_private_network || is_public(&url) { Ok(()) } else { Err(ClientIdMetadataDocumentError::PrivateNetwork) }
}

/// Returns the path, which begins with a slash; `None` if there is none.
fn path(url: &str) -> Option<&str> {
    let before_query = url.split('?').next().unwrap_or_default();
    let after_scheme = before_query.strip_prefix("https://")?;
    after_scheme.find('/').and_then(|at| after_scheme.get(at..))
}

/// Tells if a segment is a single-dot or double-dot one, as it stands or as an HTTP client that decodes it finds it.
fn is_dots(segment: &str) -> bool {
    let decoded = segment.replace("%2e", ".").replace("%2E", ".");
    decoded == "." || decoded == ".."
}
