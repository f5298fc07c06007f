//! The record of a registered client, with the field names of RFC 7591 §2.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::syntax::{is_vschar, name, only};
use super::{Digest, GrantType, RedirectUri, Resources, Scope, Version};

name! {
    /// A `client_id`: RFC 6749 §2.2, `*VSCHAR` (appendix A.1).
    ClientId, "client_id", 2048, |text| only(text, is_vschar)
}

/// A registered client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Client {
    /// The format of this record.
    pub version: Version,
    /// Counts the changes of this record, from 0. A new version is stored with the next number, and only if the stored
    /// one has the number before it.
    pub revision: u32,
    /// Its identifier.
    pub client_id: ClientId,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// How it proves who it is. Decides whether it is confidential or public (RFC 6749 §2.1).
    pub authentication: ClientAuthentication,
    /// Where it may be redirected to.
    pub redirect_uris: Vec<RedirectUri>,
    /// What it may present at the token endpoint.
    pub grant_types: Vec<GrantType>,
    /// What it may ask of the authorization endpoint.
    pub response_types: Vec<ResponseType>,
    /// The most it may ask for. What was granted before this is narrowed stays granted, until the grant is revoked.
    pub scope: Scope,
    /// Whether an authorization request without `code_challenge` is refused. OAuth 2.1 §4.1.1 lets a server waive this
    /// only for a confidential client that is known to use an OpenID Connect nonce. A record may waive it for a public client
    /// too, for an old one that cannot be changed, against RFC 9700 §2.1.1, "Public clients MUST use PKCE": whoever reads its
    /// code can redeem it.
    pub require_pkce: bool,
    /// Whether a token request must repeat a `redirect_uri` that the authorization request had (RFC 6749 §4.1.3). False
    /// only for clients of OAuth 2.1, which dropped the parameter (OAuth 2.1 §10.2); one that is sent is always compared.
    pub require_redirect_uri: bool,
    /// The protected resources it may ask tokens for (RFC 8707); empty: whatever the server offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource: Resources,
    /// Whether this is a resource server (RFC 6749 §1.1), which may introspect access tokens that are for it: those for one of
    /// these resources, and those that are not restricted to any. None: it is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_server: Option<Resources>,
}

impl Client {
    /// A public client that does nothing yet: no redirect URI, no grant type, no scope; PKCE required.
    #[must_use]
    pub fn public(client_id: ClientId) -> Self {
        Self {
            version: Version,
            revision: 0,
            client_id,
            client_name: None,
            authentication: ClientAuthentication::None,
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            response_types: Vec::new(),
            scope: Scope::EMPTY,
            require_pkce: true,
            require_redirect_uri: true,
            resource: Vec::new(),
            resource_server: None,
        }
    }

    /// A confidential client with a generated secret, as [`Secret::generate`](super::Secret::generate) draws it, of which the
    /// record keeps the digest. A secret that a person chose needs a slow hash: [`ClientAuthentication::Host`].
    #[must_use]
    pub fn confidential(client_id: ClientId, client_secret: &str) -> Self {
        let digest = Digest::of(client_secret);
        let authentication = ClientAuthentication::Secret { digest, presented: SecretPresentation::Either };
        Self { authentication, ..Self::public(client_id) }
    }

    /// RFC 6749 §2.1: "Clients capable of maintaining the confidentiality of their credentials".
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        !matches!(self.authentication, ClientAuthentication::None)
    }
}

/// How a client authenticates: `token_endpoint_auth_method` of RFC 7591 §2, with what is needed to check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// `none`: a public client.
    None,
    /// A secret that was generated with at least 128 bits of entropy, kept as its SHA-256. A fast hash is right for these:
    /// there is nothing to guess.
    Secret {
        /// The digest of the secret.
        digest: Digest,
        /// How it is presented.
        presented: SecretPresentation,
    },
    /// A secret that only the host can check, say one that a person chose and that is kept under a slow hash. The
    /// machine asks [`Policy::client_secret`](crate::Policy::client_secret).
    Host {
        /// How it is presented.
        presented: SecretPresentation,
    },
}

/// How a client presents its secret: RFC 6749 §2.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretPresentation {
    /// In the `Authorization` header.
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// In the request body.
    #[serde(rename = "client_secret_post")]
    Post,
    /// In either.
    #[serde(rename = "either")]
    Either,
}

/// A `response_type`: RFC 6749 §3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseType {
    /// `code`: RFC 6749 §4.1.
    Code,
    /// `token`: the implicit grant, RFC 6749 §4.2. RFC 9700 §2.1.2: clients "SHOULD NOT use the implicit grant". Off until
    /// configuration and client both name it.
    Token,
}

impl ResponseType {
    /// Its name in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Code, Self::Token].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
