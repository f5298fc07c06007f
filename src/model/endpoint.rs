//! Where a server is: the URLs of endpoints, and of the documents that name them.

use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use super::syntax::text_form;

/// The URL of an endpoint. It uses https: RFC 6749 §3.1, §3.2: "the authorization server MUST require the use of TLS".
/// Plain http is taken for loopback hosts, for development. It may have a query, and no fragment: "The endpoint URI
/// MUST NOT include a fragment component."
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint(Arc<str>);

/// The text is not the URL of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint must be an https URL (http for loopback hosts only) without fragment or user name")]
pub struct EndpointUrlError;

impl Endpoint {
    /// Checks that this may be the URL of an endpoint.
    ///
    /// # Errors
    /// See [`EndpointUrlError`].
    pub fn parse(text: &str) -> Result<Self, EndpointUrlError> {
        if is_secure_url(text) { Ok(Self(text.into())) } else { Err(EndpointUrlError) }
    }

    /// This path below a base URL that is known to be good.
    pub(super) fn below(base: &str, path: &str) -> Self {
        Self(format!("{}/{path}", base.trim_end_matches('/')).into())
    }

    /// The URL, as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_form!(Endpoint, EndpointUrlError);

/// Whether this is an https URL, or an http one of a loopback host; without fragment, user name or password.
pub(super) fn is_secure_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let scheme_is_safe = match url.scheme() {
        "https" => url.has_host(),
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")),
        _ => false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none() && !text.contains('#');
    scheme_is_safe && is_plain && has_authority(text, url.scheme()) && text.bytes().all(is_of_a_uri)
}

/// RFC 3986 §2 has no backslash. A browser's parser, which grantor uses too, takes one for a slash, and others do not.
pub(super) fn is_of_a_uri(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'\\'
}

/// Whether a URL says its host where RFC 3986 has it. A browser's parser finds one in `https:host` and `https:///host`
/// as well; whoever sends a request may find another, or none.
pub(super) fn has_authority(text: &str, scheme: &str) -> bool {
    let after_scheme = text.get(scheme.len()..).unwrap_or_default();
    after_scheme.strip_prefix("://").is_some_and(|rest| !rest.starts_with(['/', '\\']))
}

/// The path of a document about a URL, on that URL's own host. RFC 8414 §3.1: "If the issuer identifier value contains
/// a path component, any terminating "/" MUST be removed before inserting "/.well-known/" and the well-known URI suffix
/// between the host component and the path component."
pub(crate) fn well_known_path(url: &str, suffix: &str) -> String {
    let (_, path) = split_at_path(url);
    format!("/.well-known/{suffix}{}", path.trim_end_matches('/'))
}

/// A URL's scheme and host, and what follows.
pub(crate) fn split_at_path(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |colon| colon + 3);
    let path = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |slash| host + slash);
    url.split_at_checked(path).unwrap_or((url, ""))
}
