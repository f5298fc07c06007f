//! The record of a registered client: the metadata of [RFC 7591 §2] by its own names, and beside it the server's policy
//! for the client.
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Version;
use super::registration::DynamicRegistration;
use crate::model::{Audience, ClientId, Digest, GrantType, RedirectUri, Resource, ResponseType, Scope, Timestamp};

/// A registered client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Client {
    /// The version of this record's format.
    pub version: Version<3>,
    /// The number of changes of this record, from 0. A new version is stored with the next number, and only if the
    /// stored one has the number before it.
    pub revision: u32,
    /// The client's identifier.
    pub client_id: ClientId,
    /// The client's name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The way in which the client authenticates. Decides if the client is confidential or public ([RFC 6749 §2.1]).
    ///
    /// [RFC 6749 §2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.1
    pub authentication: RegisteredAuthentication,
    /// The redirect URIs of the client.
    #[serde(deserialize_with = "crate::model::redirect_uri::stored::list")]
    pub redirect_uris: Vec<RedirectUri>,
    /// The grant types that the client may use at the token endpoint.
    pub grant_types: Vec<GrantType>,
    /// The response types that the client may use at the authorization endpoint.
    pub response_types: Vec<ResponseType>,
    /// The greatest scope that the client may ask for. A scope that was granted before this is narrowed stays granted,
    /// until the grant is revoked.
    pub scope: Scope,
    /// True to refuse an authorization request without `code_challenge`. [OAuth 2.1 §4.1.1] lets a server waive this
    /// only for a confidential client that is known to use an OpenID Connect nonce. A record may waive it for a public
    /// client too, for an old one that cannot be changed, against [RFC 9700 §2.1.1], "Public clients MUST use PKCE":
    /// anybody who reads its code can redeem it.
    ///
    /// [OAuth 2.1 §4.1.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-4.1.1
    /// [RFC 9700 §2.1.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1
    pub require_pkce: bool,
    /// True if a token request must repeat the `redirect_uri` of the authorization request ([RFC 6749 §4.1.3]). False
    /// only for clients of [OAuth 2.1], which dropped the parameter ([OAuth 2.1 §10.2]); if it is sent, it is always
    /// compared.
    ///
    /// [RFC 6749 §4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
    /// [OAuth 2.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16
    /// [OAuth 2.1 §10.2]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-10.2
    pub require_redirect_uri: bool,
    /// True to refuse an authorization request that was not pushed: [RFC 9126 §6]. Without an endpoint to push to
    /// ([`Config::par`](crate::server::Config::par)), the client can send none at all. (Since version 3.)
    ///
    /// [RFC 9126 §6]: https://www.rfc-editor.org/rfc/rfc9126#section-6
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_pushed_authorization_requests: bool,
    /// The protected resources that the client may ask tokens for ([RFC 8707]), among those that the server offers.
    ///
    /// [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707
    #[serde(rename = "resource", default, skip_serializing_if = "Audience::is_any")]
    pub audience: Audience,
    /// The authorization details types that the client may ask for, among those that the server has
    /// ([RFC 9396 §10]). With none, which is the default, it may not ask for authorization details at all. (Since
    /// version 3.)
    ///
    /// [RFC 9396 §10]: https://www.rfc-editor.org/rfc/rfc9396#section-10
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<String>,
    /// The resources of a resource server ([RFC 6749 §1.1]), which may introspect access tokens that are restricted to
    /// one of these resources, or to none at all. `None` for a client that is not a resource server.
    ///
    /// [RFC 6749 §1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-1.1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_server: Option<Vec<Resource>>,
    /// The longest life of a grant to this client, in seconds, however often its tokens are refreshed. `None` leaves it
    /// to [`Config::grant_lifetime`](crate::server::Config::grant_lifetime); the shorter of the two counts. With zero
    /// there is nothing to grant, and every request is refused with `unauthorized_client`. (Since version 2.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_lifetime: Option<u64>,
    /// True if the client is switched off: every endpoint refuses it, and introspection reports its tokens as inactive.
    /// Its record stays, so that its id is not given to another. Resource servers that read the store do not read
    /// clients, and go on accepting existing access tokens until they expire or their grants are revoked;
    /// [`end_client`](crate::store::GrantStore::end_client) revokes them. (Since version 2.)
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// The registration of a client that came to the registration endpoint; `None` for a client of the operator. (Since
    /// version 3.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<DynamicRegistration>,
}

impl Client {
    /// Creates a public client that may do nothing yet: no redirect URI, no grant type, no scope; PKCE required.
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
            require_pushed_authorization_requests: false,
            audience: Audience::Any,
            authorization_details_types: Vec::new(),
            resource_server: None,
            grant_lifetime: None,
            disabled: false,
            registration: None,
        }
    }

    /// Creates a confidential client with a generated secret, as [`Secret::generate`](crate::model::Secret::generate)
    /// draws it. The record keeps its digest. A secret that a person chose needs a slow hash:
    /// [`RegisteredAuthentication::Host`].
    #[must_use]
    pub fn confidential(client_id: ClientId, client_secret: &str) -> Self {
        let authentication = RegisteredAuthentication::secret(client_secret, SecretPresentation::Either);
        Self { authentication, ..Self::public(client_id) }
    }

    /// Registers the client for the authorization code flow and for refresh tokens, with this redirect URI beside those
    /// that it has.
    #[must_use]
    pub fn with_code_flow(mut self, redirect_uri: RedirectUri) -> Self {
        self.redirect_uris.push(redirect_uri);
        for grant_type in [GrantType::AuthorizationCode, GrantType::RefreshToken] {
            if !self.grant_types.contains(&grant_type) {
                self.grant_types.push(grant_type);
            }
        }
        if !self.response_types.contains(&ResponseType::Code) {
            self.response_types.push(ResponseType::Code);
        }
        self
    }

    /// Moves on to a new generated secret. The previous one stays valid until [`retire_secret`](Self::retire_secret).
    /// The record has the next revision, to be stored by [`Change::PutClient`](crate::store::Change::PutClient). A
    /// client without such a secret gets its first.
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

    /// Ends the validity of the previous secret. The record has the next revision.
    #[must_use]
    pub fn retire_secret(mut self) -> Self {
        if let RegisteredAuthentication::Secret { previous, .. } = &mut self.authentication {
            *previous = None;
        }
        self.revised()
    }

    /// Switches the client off. The record has the next revision, to be stored by
    /// [`Change::PutClient`](crate::store::Change::PutClient).
    #[must_use]
    pub fn disable(self) -> Self {
        Self { disabled: true, ..self }.revised()
    }

    /// Switches the client on again. The record has the next revision.
    #[must_use]
    pub fn enable(self) -> Self {
        Self { disabled: false, ..self }.revised()
    }

    /// Switches the client off for good, with its registration access token. The record has the next revision.
    pub(crate) fn deregistered(mut self) -> Self {
        if let Some(registration) = &mut self.registration {
            registration.access_token = None;
        }
        self.disable()
    }

    /// True if nobody but the client itself vouches for what its record says:
    /// [`DynamicRegistration::is_self_registered`].
    #[must_use]
    pub fn is_self_registered(&self) -> bool {
        self.registration.as_ref().is_some_and(|registration| registration.is_self_registered)
    }

    /// The time at which a client was registered that may be forgotten when nobody uses it: one that registered itself,
    /// or one that was deleted by its own request. `None` for any other client, which only its operator removes. A
    /// store that implements [`PurgeClients`](crate::store::PurgeClients) keeps it in a column.
    #[must_use]
    pub fn purgeable_since(&self) -> Option<Timestamp> {
        let registration = self.registration.as_ref()?;
        let is_deleted = self.disabled && registration.access_token.is_none();
        let may_go = registration.is_self_registered || is_deleted;
        may_go.then_some(registration.issued_at)
    }

    pub(crate) fn revised(self) -> Self {
        Self { revision: self.revision.saturating_add(1), ..self }
    }

    /// Returns the longest life of a grant to this client, by its own limit and the server's.
    pub(crate) fn grant_lifetime(&self, of_server: Option<Duration>) -> Option<Duration> {
        let own = self.grant_lifetime.map(Duration::from_secs);
        [own, of_server].into_iter().flatten().min()
    }

    /// Tells if a grant to this client would expire at once.
    pub(crate) fn has_no_time(&self) -> bool {
        self.grant_lifetime == Some(0)
    }

    /// True if the client authenticates. [RFC 6749 §2.1]: "Clients capable of maintaining the confidentiality of their
    /// credentials".
    ///
    /// [RFC 6749 §2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.1
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        !matches!(self.authentication, RegisteredAuthentication::None)
    }
}

/// The authentication of a client: `token_endpoint_auth_method` of [RFC 7591 §2], with the data to check it.
///
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RegisteredAuthentication {
    /// `none`: a public client.
    None,
    /// A secret that was generated with at least 128 bits of entropy, kept as its SHA-256. A fast hash is right here,
    /// since such a secret cannot be guessed.
    #[non_exhaustive]
    Secret {
        /// The digest of the secret.
        digest: Digest,
        /// The digest of the previous secret, while the client moves on to the new one: both are accepted. (Since
        /// version 2.)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<Digest>,
        /// The place in a request where the secret stands.
        presented: SecretPresentation,
    },
    /// A secret that only the host can check, for example one that a person chose and that is kept under a slow hash.
    /// The machine asks [`Policy::client_secret`](crate::Policy::client_secret).
    Host {
        /// The place in a request where the secret stands.
        presented: SecretPresentation,
    },
}

impl RegisteredAuthentication {
    /// Creates the authentication by a generated secret that stands in this place of a request.
    #[must_use]
    pub fn secret(client_secret: &str, presented: SecretPresentation) -> Self {
        Self::Secret { digest: Digest::of(client_secret), previous: None, presented }
    }
}

/// The place where a client presents its secret: [RFC 6749 §2.3.1].
///
/// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretPresentation {
    /// In the `Authorization` header.
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// In the request body.
    #[serde(rename = "client_secret_post")]
    Post,
    /// In either of the two.
    #[serde(rename = "either")]
    Either,
}
