//! The words of the protocol as types that cannot be wrong, and the three records that a store keeps.
//!
//! This module knows no other: it is shared by all roles.

mod acr;
mod client;
mod credential;
mod endpoint;
mod grant;
mod metadata;
mod pkce;
mod redirect_uri;
mod resource;
mod resource_metadata;
mod scope;
mod secret;
mod syntax;
mod time;
mod version;

pub use acr::Acr;
pub use client::{Client, ClientAuthentication, ClientId, ResponseType, SecretPresentation};
pub(crate) use credential::is_registered_claim;
pub use credential::{Claims, Credential, CredentialKind};
pub use endpoint::{Endpoint, EndpointUrlError};
pub(crate) use endpoint::{split_at_path, well_known_path};
pub use grant::{Grant, GrantId, GrantType, Subject};
pub use metadata::Metadata;
pub use pkce::{CodeChallenge, CodeChallengeMethod, CodeVerifier};
pub use redirect_uri::{RedirectUri, RedirectUriError};
pub use resource::{Issuer, IssuerError, Resource, Resources};
pub use resource_metadata::ResourceMetadata;
pub use scope::{Scope, ScopeError};
pub use secret::{Digest, Key, Partition, Secret};
pub use syntax::SyntaxError;
pub(crate) use syntax::{is_unicodecharnocrlf, is_vschar, only};
pub use time::{Moment, Timestamp};
pub use version::Version;
