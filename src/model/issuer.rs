//! Issuer identifiers: [RFC 8414 §2].
//!
//! [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Endpoint;
use super::endpoint::{is_secure_url, is_url_in_private_network, transport};
use super::syntax::text_form;
use super::uri::Transport;

/// An issuer identifier: "a URL that uses the "https" scheme and has no query or fragment components" ([RFC 8414 §2]).
/// Plain http is accepted for loopback hosts, for development.
///
/// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Issuer(Arc<str>);

/// The error for a text that is not an issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuer must be an https URL (http for loopback hosts only) without query, fragment or user name")]
pub struct IssuerError;

impl Issuer {
    /// Checks that a URL can identify an issuer. It is kept as written, since issuers are compared as strings.
    ///
    /// # Errors
    /// See [`IssuerError`].
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let is_good = is_secure_url(text) && !text.contains('?');
        if is_good { Ok(Self(text.into())) } else { Err(IssuerError) }
    }

    /// Checks that a URL can identify an issuer within a private network, where plain http is accepted for any host.
    /// The warning of [`Endpoint::parse_in_private_network`] applies here too.
    ///
    /// # Errors
    /// See [`IssuerError`].
    pub fn parse_in_private_network(text: &str) -> Result<Self, IssuerError> {
        let is_good = is_url_in_private_network(text) && !text.contains('?');
        if is_good { Ok(Self(text.into())) } else { Err(IssuerError) }
    }

    /// True if the issuer uses https. Cookies of its host should be `Secure` then.
    #[must_use]
    pub fn is_https(&self) -> bool {
        transport(&self.0) == Transport::Https
    }

    /// The URL, as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the endpoint at this path below the issuer.
    pub(crate) fn endpoint(&self, path: &str) -> Endpoint {
        Endpoint::below(&self.0, path)
    }
}

text_form!(Issuer, IssuerError);

/// Reads an issuer that a document names or that a client's record keeps, which may be in a private network. The reader
/// of the document compares the issuer with the expected one.
pub(crate) fn in_private_network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Issuer, D::Error> {
    Issuer::parse_in_private_network(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
