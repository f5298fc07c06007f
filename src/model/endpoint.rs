//! The URLs of endpoints, and of the documents that name them.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::syntax::text_form;
use super::uri::{Transport, Uri};

/// The URL of an endpoint. It uses https: [RFC 6749 §3.1], [§3.2]: "the authorization server MUST require the use of
/// TLS". Plain http is accepted for loopback hosts, for development. The URL may have a query, but no fragment: "The
/// endpoint URI MUST NOT include a fragment component."
///
/// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
/// [§3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint(Arc<str>);

/// The error for a text that is not the URL of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint must be an https URL (http for loopback hosts only) without fragment or user name")]
pub struct EndpointUrlError;

impl Endpoint {
    /// Checks that the text can be the URL of an endpoint.
    ///
    /// # Errors
    /// See [`EndpointUrlError`].
    pub fn parse(text: &str) -> Result<Self, EndpointUrlError> {
        if is_secure_url(text) { Ok(Self(text.into())) } else { Err(EndpointUrlError) }
    }

    /// Checks that the text can be the URL of an endpoint within a private network, where plain http is accepted for
    /// any host: `http://keycloak:8080/token` between containers, say.
    ///
    /// Anybody who can listen in that network reads the secrets and tokens that pass through it. [RFC 6749 §3.2]: "the
    /// authorization server MUST require the use of TLS [...] when sending requests to the token endpoint."
    ///
    /// # Errors
    /// See [`EndpointUrlError`].
    ///
    /// [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    pub fn parse_in_private_network(text: &str) -> Result<Self, EndpointUrlError> {
        if is_url_in_private_network(text) { Ok(Self(text.into())) } else { Err(EndpointUrlError) }
    }

    /// Appends this path to a base URL that is known to be valid.
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

/// Tells if this is an https URL, or an http one of a loopback host, without fragment, user name or password.
pub(super) fn is_secure_url(text: &str) -> bool {
    matches!(transport(text), Transport::Https | Transport::Loopback)
}

/// Tells if this is an https URL, or an http one of any host, without fragment, user name or password.
pub(super) fn is_url_in_private_network(text: &str) -> bool {
    is_secure_url(text) || transport(text) == Transport::PlainHttp
}

/// Returns the transport that a client of this URL uses, as a browser's parser reads the URL.
pub(crate) fn transport(text: &str) -> Transport {
    Uri::parse(text).map_or(Transport::Other, |uri| uri.transport())
}

/// Reads a URL in a server's document, which may be in a private network. The code that fetched the document compares
/// its transport with that of the URL.
pub(super) fn in_private_network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Endpoint, D::Error> {
    Endpoint::parse_in_private_network(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Returns the path of a document about a URL, on that URL's own host. [RFC 8414 §3.1]: "If the issuer identifier value
/// contains a path component, any terminating "/" MUST be removed before inserting "/.well-known/" and the well-known
/// URI suffix between the host component and the path component."
///
/// [RFC 8414 §3.1]: https://www.rfc-editor.org/rfc/rfc8414#section-3.1
pub(crate) fn well_known_path(url: &str, suffix: &str) -> String {
    let (_, path) = split_at_path(url);
    format!("/.well-known/{suffix}{}", path.trim_end_matches('/'))
}

/// Splits a URL behind its scheme and host.
pub(crate) fn split_at_path(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |colon| colon + 3);
    let path = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |slash| host + slash);
    url.split_at_checked(path).unwrap_or((url, ""))
}
