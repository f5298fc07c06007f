//! The authorization server: RFC 6749 §1.1.
//!
//! | endpoint | machine | starts with |
//! |---|---|---|
//! | authorization | [`Authorize`], then [`Decide`] | [`Server::authorize`], then [`Prompt::approve`] or [`Prompt::deny`] |
//! | token | [`Token`] | [`Server::token`] |
//! | introspection | [`Introspect`] | [`Server::introspect`] |
//! | revocation | [`Revoke`] | [`Server::revoke`] |
//! | metadata | none: it is a document | [`Server::metadata`] |

mod about_token;
mod authorize;
mod client_auth;
mod config;
mod decide;
mod identify;
mod introspect;
mod issue;
mod metadata;
mod prompt;
mod refusal;
mod response;
mod revoke;
mod token;

pub use about_token::AboutToken;
pub use authorize::{Authorization, AuthorizationRequest, Authorize, AuthorizeLookup};
pub use client_auth::{ClientCredentials, ClientError, PresentedIn};
pub use config::{Config, DefaultScope, RefreshPolicy};
pub use decide::{Approval, Decide, DecideCommit, DecideIssuance, DecideLookup};
pub use identify::{CheckSecret, Identify};
pub use introspect::{ActiveToken, Introspect, IntrospectReply, IntrospectRequested};
pub use metadata::Endpoints;
pub use prompt::Prompt;
pub use refusal::EndpointError;
pub use response::{AuthorizationError, AuthorizationRefused, AuthorizationResponse};
pub use revoke::{Revoke, RevokeCommit, RevokeError, RevokeReply, RevokeRequested};
pub use token::{
    GrantRequest, Token, TokenCommit, TokenError, TokenExtension, TokenIssuance, TokenPassword, TokenReply,
    TokenRequest, TokenRequested, TokenResponse,
};

/// An authorization server: its configuration, from which every request's machine starts. It holds no state.
#[derive(Clone, Debug)]
pub struct Server {
    config: Config,
}

impl Server {
    /// A server of this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}
