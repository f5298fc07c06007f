//! The client as it presents itself to servers that it does not know yet.

use std::fmt;

use super::authorize::AuthorizationRequest;
use super::client_metadata::ClientMetadata;
use super::dialect::Pkce;
use super::discover_resource::ResourceMatch;
use crate::model::{ClientId, GrantType, Metadata, RedirectUri};

/// The client, wherever it goes: how it is identified at a server at which it is not registered yet, how it comes by
/// tokens, and which deviations it tolerates. Made once, and used for every [`Protected`](super::Protected).
///
/// The order of preference is that of the Model Context Protocol: a registration that is held for the server, a
/// metadata document, dynamic registration.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) redirect_uri: RedirectUri,
    pub(super) document: Option<ClientId>,
    pub(super) metadata: ClientMetadata,
    pub(super) acting_by: ActingBy,
    pub(super) is_offline: bool,
    pub(super) resource_match: ResourceMatch,
    pub(super) pkce: Pkce,
    pub(super) takes_origin: bool,
}

/// The way by which a client comes by tokens.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum ActingBy {
    /// A person, who is asked: authorization code and PKCE.
    #[default]
    Person,
    /// The client itself: client credentials, [RFC 6749 §4.4].
    ///
    /// [RFC 6749 §4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4
    ClientCredentials,
    /// An extension grant with these further parameters, [RFC 6749 §4.5]: an assertion that somebody else has signed,
    /// for example ([RFC 7523 §2.1]).
    ///
    /// [RFC 6749 §4.5]: https://www.rfc-editor.org/rfc/rfc6749#section-4.5
    /// [RFC 7523 §2.1]: https://www.rfc-editor.org/rfc/rfc7523#section-2.1
    Extension(GrantType, Vec<(String, String)>),
}

/// Leaves out the values of parameters, since an assertion is as good as a secret.
impl fmt::Debug for ActingBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person => f.write_str("Person"),
            Self::ClientCredentials => f.write_str("ClientCredentials"),
            Self::Extension(grant_type, parameters) => {
                let names: Vec<_> = parameters.iter().map(|(name, _)| name).collect();
                f.debug_tuple("Extension").field(grant_type).field(&names).finish()
            }
        }
    }
}

/// The methods of authentication that this crate has, in the order in which a client prefers them.
const METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

impl Profile {
    /// Creates the profile of a client to which browsers come back at this redirect URI. It requires PKCE, and takes
    /// documents of a resource above the requested one.
    #[must_use]
    pub fn new(redirect_uri: RedirectUri) -> Self {
        Self {
            redirect_uri,
            document: None,
            metadata: ClientMetadata::new(),
            acting_by: ActingBy::default(),
            is_offline: false,
            resource_match: ResourceMatch::Above,
            pkce: Pkce::Verified,
            takes_origin: false,
        }
    }

    /// Returns the same profile with the URL of a client ID metadata document, for servers that take one. What to host
    /// there is [`ClientMetadata::document_at`].
    #[must_use]
    pub fn document(self, client_id: ClientId) -> Self {
        Self { document: Some(client_id), ..self }
    }

    /// Returns the same profile with the metadata for dynamic registration. Left out here, `redirect_uris`,
    /// `grant_types` and `token_endpoint_auth_method` are filled in.
    #[must_use]
    pub fn described_by(self, metadata: ClientMetadata) -> Self {
        Self { metadata, ..self }
    }

    /// Returns the same profile of a client that comes by tokens in this way. Default: by asking a person.
    #[must_use]
    pub fn acting_by(self, acting_by: ActingBy) -> Self {
        Self { acting_by, ..self }
    }

    /// Returns the same profile, which asks for `offline_access` where a server offers it.
    #[must_use]
    pub fn offline(self) -> Self {
        Self { is_offline: true, ..self }
    }

    /// Returns the same profile with this rule for the resource that a document may describe. Default:
    /// [`ResourceMatch::Above`], since many servers of the Model Context Protocol name their origin.
    #[must_use]
    pub fn resource_match(self, resource_match: ResourceMatch) -> Self {
        Self { resource_match, ..self }
    }

    /// Returns the same profile with this policy for PKCE. Default: [`Pkce::Verified`], as the Model Context Protocol
    /// requires.
    #[must_use]
    pub fn pkce(self, pkce: Pkce) -> Self {
        Self { pkce, ..self }
    }

    /// Returns the same profile, which takes the origin of a resource without metadata for its authorization server,
    /// and if that has no metadata either, `/authorize`, `/token` and `/register` there for its endpoints: the Model
    /// Context Protocol had it so in its revision 2025-03-26. Default: such a resource is given up.
    #[must_use]
    pub fn origin_as_server(self) -> Self {
        Self { takes_origin: true, ..self }
    }

    /// True if the client has to authenticate: [RFC 6749 §4.4]: "The client credentials grant type MUST only be used by
    /// confidential clients."
    ///
    /// [RFC 6749 §4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4
    pub(super) fn needs_secret(&self) -> bool {
        matches!(self.acting_by, ActingBy::ClientCredentials)
    }

    /// Returns the metadata to register with at this server.
    pub(super) fn metadata_at(&self, server: &Metadata) -> ClientMetadata {
        let mut metadata = self.metadata.clone();
        if metadata.get("redirect_uris").is_none() {
            metadata = metadata.redirect_uri(&self.redirect_uri);
        }
        if metadata.get("grant_types").is_none() {
            metadata = match &self.acting_by {
                ActingBy::Person => metadata.grant_types(&[GrantType::AuthorizationCode, GrantType::RefreshToken]),
                ActingBy::ClientCredentials => metadata.grant_types(&[GrantType::ClientCredentials]),
                ActingBy::Extension(grant_type, _) => metadata.grant_types(std::slice::from_ref(grant_type)),
            };
        }
        if metadata.get("token_endpoint_auth_method").is_none() {
            // RFC 8414 §2: "If omitted, the default is "client_secret_basic"".
            let methods = server.token_endpoint_auth_methods_supported.as_deref();
            let takes = |method: &&str| methods.is_some_and(|methods| methods.iter().any(|other| other == method));
            let methods = if self.needs_secret() { &METHODS[1..] } else { &METHODS[..] };
            let method = methods.iter().copied().find(takes);
            metadata = metadata.token_endpoint_auth_method(method.unwrap_or("client_secret_basic"));
        }
        metadata
    }

    pub(super) fn request(&self) -> AuthorizationRequest {
        AuthorizationRequest::new(self.redirect_uri.clone())
    }
}
