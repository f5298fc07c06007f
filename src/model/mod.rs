//! The terms of the protocol, as types that cannot hold an invalid value.
//!
//! All roles share this module; it uses no other.

mod audience;
mod authentication;
pub(crate) mod claims;
mod client_id;
mod endpoint;
mod error_code;
pub(crate) mod exposed;
mod grant_id;
mod grant_type;
pub(crate) mod issuer;
mod key;
pub(crate) mod members;
mod metadata;
mod moment;
mod pkce;
pub(crate) mod redirect_uri;
mod resource;
mod resource_metadata;
mod response_mode;
mod response_type;
mod scope;
mod secret;
mod subject;
mod syntax;
mod timestamp;
mod uri;

pub use audience::{Audience, Resources};
pub use authentication::{Acr, Amr, AuthenticationEvent, SessionId};
pub use claims::{Claims, ClaimsError};
pub use client_id::ClientId;
pub use endpoint::{Endpoint, EndpointUrlError};
pub(crate) use endpoint::{split_at_path, transport, well_known_path};
pub use error_code::ErrorCode;
pub use grant_id::GrantId;
pub use grant_type::GrantType;
pub use issuer::{Issuer, IssuerError};
pub use key::{Key, Partition};
pub use metadata::Metadata;
pub use moment::Moment;
pub use pkce::{CodeChallenge, CodeChallengeMethod, CodeVerifier};
pub use redirect_uri::{RedirectUri, RedirectUriError};
pub use resource::Resource;
pub use resource_metadata::ResourceMetadata;
pub use response_mode::ResponseMode;
pub use response_type::ResponseType;
pub use scope::{Scope, ScopeError};
pub use secret::{Digest, Secret};
pub use subject::Subject;
pub use syntax::SyntaxError;
pub(crate) use syntax::{is_unicodecharnocrlf, is_vschar, only};
pub use timestamp::Timestamp;
pub(crate) use uri::Transport;
