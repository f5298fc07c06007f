//! Issuer identifiers: RFC 8414 §2.

use std::sync::Arc;

use serde::Deserialize;

use super::Endpoint;
use super::endpoint::is_secure_url;
use super::syntax::text_form;

/// An issuer identifier: "a URL that uses the "https" scheme and has no query or fragment components" (RFC 8414 §2).
/// Plain http is taken for loopback hosts, for development.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Issuer(Arc<str>);

/// The text is not an issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuer must be an https URL (http for loopback hosts only) without query, fragment or user name")]
pub struct IssuerError;

impl Issuer {
    /// Checks that a URL may identify an issuer. It is kept as written: issuers are compared as strings.
    ///
    /// # Errors
    /// See [`IssuerError`].
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let is_good = is_secure_url(text) && !text.contains('?');
        if is_good { Ok(Self(text.into())) } else { Err(IssuerError) }
    }

    /// The URL, as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The endpoint at this path below the issuer.
    pub(crate) fn endpoint(&self, path: &str) -> Endpoint {
        Endpoint::below(&self.0, path)
    }
}

text_form!(Issuer, IssuerError);
