//! The record of a registered client: the metadata of RFC 7591 §2 by its own names, and beside it the server's policy
//! for the client.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Version;
use crate::model::{Audience, ClientId, Digest, GrantType, RedirectUri, Resource, ResponseType, Scope};

/// A registered client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Client {
    /// The format of this record.
    pub version: Version<2>,
    /// Counts the changes of this record, from 0. A new version is stored with the next number, and only if the stored
    /// one has the number before it.
    pub revision: u32,
    /// Its identifier.
    pub client_id: ClientId,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// How it proves who it is. Decides whether it is confidential or public (RFC 6749 §2.1).
    pub authentication: RegisteredAuthentication,
    /// Where it may be redirected to.
    #[serde(deserialize_with = "crate::model::redirect_uri::stored::list")]
    pub redirect_uris: Vec<RedirectUri>,
    /// What it may present at the token endpoint.
    pub grant_types: Vec<GrantType>,
    /// What it may ask of the authorization endpoint.
    pub response_types: Vec<ResponseType>,
    /// The most it may ask for. What was granted before this is narrowed stays granted, until the grant is revoked.
    pub scope: Scope,
    /// Whether an authorization request without `code_challenge` is refused. OAuth 2.1 §4.1.1 lets a server waive this
    /// only for a confidential client that is known to use an OpenID Connect nonce. A record may waive it for a public
    /// client too, for an old one that cannot be changed, against RFC 9700 §2.1.1, "Public clients MUST use PKCE":
    /// whoever reads its code can redeem it.
    pub require_pkce: bool,
    /// Whether a token request must repeat a `redirect_uri` that the authorization request had (RFC 6749 §4.1.3). False
    /// only for clients of OAuth 2.1, which dropped the parameter (OAuth 2.1 §10.2); one that is sent is always
    /// compared.
    pub require_redirect_uri: bool,
    /// The protected resources it may ask tokens for (RFC 8707), among those that the server offers.
    #[serde(rename = "resource", default, skip_serializing_if = "Audience::is_any")]
    pub audience: Audience,
    /// Whether this is a resource server (RFC 6749 §1.1), which may introspect access tokens that are for it: those for
    /// one of these resources, and those that are not restricted to any. `None`: it is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_server: Option<Vec<Resource>>,
    /// How long a grant to this client lasts at the most, in seconds, however often its tokens are refreshed; `None`:
    /// as long as [`Config::grant_lifetime`](crate::server::Config::grant_lifetime) says. The shorter of the two
    /// counts. With zero there is nothing to grant: whatever the client asks for is refused with
    /// `unauthorized_client`. (Since version 2.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_lifetime: Option<u64>,
    /// Whether it is switched off: every endpoint refuses it, and introspection calls its tokens inactive. Its record
    /// stays, so that its id is not given to another. Resource servers that read the store do not read clients: they
    /// take access tokens that are there until these expire or their grants are revoked, which
    /// [`end_client`](crate::store::GrantStore::end_client) does. (Since version 2.)
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
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
            authentication: RegisteredAuthentication::None,
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            response_types: Vec::new(),
            scope: Scope::EMPTY,
            require_pkce: true,
            require_redirect_uri: true,
            audience: Audience::Any,
            resource_server: None,
            grant_lifetime: None,
            disabled: false,
        }
    }

    /// A confidential client with a generated secret, as [`Secret::generate`](crate::model::Secret::generate) draws it,
    /// of which the record keeps the digest. A secret that a person chose needs a slow hash:
    /// [`RegisteredAuthentication::Host`].
    #[must_use]
    pub fn confidential(client_id: ClientId, client_secret: &str) -> Self {
        let authentication = RegisteredAuthentication::secret(client_secret, SecretPresentation::Either);
        Self { authentication, ..Self::public(client_id) }
    }

    /// Moves on to a new generated secret. The one before stays good beside it until
    /// [`retire_secret`](Self::retire_secret). The record has the next revision, to be stored by
    /// [`Change::PutClient`](crate::store::Change::PutClient). A client that has no secret of this kind gets its first.
    #[must_use]
    pub fn rotate_secret(self, client_secret: &str) -> Self {
        let (previous, presented) = match self.authentication {
            RegisteredAuthentication::Secret { digest, presented, .. } => (Some(digest), presented),
            RegisteredAuthentication::Host { presented } => (None, presented),
            RegisteredAuthentication::None => (None, SecretPresentation::Either),
        };
        let digest = Digest::of(client_secret);
        let authentication = RegisteredAuthentication::Secret { digest, previous, presented };
        Self { authentication, ..self }.revised()
    }

    /// Ends the secret before the current one. The record has the next revision.
    #[must_use]
    pub fn retire_secret(mut self) -> Self {
        if let RegisteredAuthentication::Secret { previous, .. } = &mut self.authentication {
            *previous = None;
        }
        self.revised()
    }

    /// Switches it off. The record has the next revision, to be stored by
    /// [`Change::PutClient`](crate::store::Change::PutClient).
    #[must_use]
    pub fn disable(self) -> Self {
        Self { disabled: true, ..self }.revised()
    }

    /// Switches it on again. The record has the next revision.
    #[must_use]
    pub fn enable(self) -> Self {
        Self { disabled: false, ..self }.revised()
    }

    fn revised(self) -> Self {
        Self { revision: self.revision.saturating_add(1), ..self }
    }

    /// How long a grant to this client lasts at the most.
    pub(crate) fn grant_lifetime(&self, of_server: Option<Duration>) -> Option<Duration> {
        let own = self.grant_lifetime.map(Duration::from_secs);
        [own, of_server].into_iter().flatten().min()
    }

    /// Whether a grant to this client would end when it begins.
    pub(crate) fn has_no_time(&self) -> bool {
        self.grant_lifetime == Some(0)
    }

    /// RFC 6749 §2.1: "Clients capable of maintaining the confidentiality of their credentials".
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        !matches!(self.authentication, RegisteredAuthentication::None)
    }
}

/// How a client authenticates: `token_endpoint_auth_method` of RFC 7591 §2, with what is needed to check it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RegisteredAuthentication {
    /// `none`: a public client.
    None,
    /// A secret that was generated with at least 128 bits of entropy, kept as its SHA-256. A fast hash is right for
    /// these: there is nothing to guess.
    #[non_exhaustive]
    Secret {
        /// The digest of the secret.
        digest: Digest,
        /// The digest of the secret before, while the client moves on to the new one: both are taken. (Since version
        /// 2.)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<Digest>,
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

impl RegisteredAuthentication {
    /// A generated secret, presented like this.
    #[must_use]
    pub fn secret(client_secret: &str, presented: SecretPresentation) -> Self {
        Self::Secret { digest: Digest::of(client_secret), previous: None, presented }
    }
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
