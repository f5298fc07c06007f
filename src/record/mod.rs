//! The four records that a store keeps, and their versions.
//!
//! | record | what it is | found by |
//! |---|---|---|
//! | [`Client`] | a registered client | its [`ClientId`] |
//! | [`Grant`] | an authorization by a resource owner, or of the client itself | its [`GrantId`] or a credential |
//! | [`Credential`] | an authorization code, an access token or a refresh token | its [`Key`] |
//! | [`PendingRequest`] | a request of a client that nobody has granted yet | its key, or one that people type |
//!
//! Each carries the [`Version`] of its format. A record of an older version is read; one of a newer version is refused.
//!
//! [`ClientId`]: crate::model::ClientId
//! [`GrantId`]: crate::model::GrantId
//! [`Key`]: crate::model::Key

mod client;
mod credential;
mod grant;
mod import;
mod pending_request;
mod registration;
mod version;

pub use client::{Client, RegisteredAuthentication, SecretPresentation};
pub(crate) use credential::is_registered_claim;
pub use credential::{AccessToken, AuthorizationCode, Credential, CredentialKind};
pub use grant::Grant;
pub use import::{ClientImport, ImportRemark, ImportedClient};
pub use pending_request::{Asked, DeviceRequest, PendingKind, PendingRequest, PushedRequest};
pub use registration::DynamicRegistration;
pub use version::Version;
