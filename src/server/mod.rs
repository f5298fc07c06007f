//! The authorization server: [RFC 6749 §1.1](https://www.rfc-editor.org/rfc/rfc6749#section-1.1).
//!
//! | endpoint | machine | starts with | ends in |
//! |---|---|---|---|
//! | authorization | [`Authorize`] | [`Server::authorize`] | [`AuthorizeReply`], with a [`Prompt`] if all is sound |
//! | the decision | [`AuthorizeDecision`] | [`Prompt::approve`] or [`Prompt::deny`] | [`AuthorizationResponse`] |
//! | an error, after login | [`AuthorizeRefusal`] | [`Refusal::respond`] | [`AuthorizationResponse`] |
//! | pushed authorization request | [`Push`] | [`Server::push`] | [`PushReply`] |
//! | token | [`Token`] | [`Server::token`] | [`TokenReply`] |
//! | introspection | [`Introspect`] | [`Server::introspect`] | [`IntrospectReply`] |
//! | revocation | [`Revoke`] | [`Server::revoke`] | [`RevokeReply`] |
//! | metadata | none: it is a document | [`Server::metadata`] | a response |
//!
//! Each endpoint has a file or a folder of its own, with its section of the [`Config`].

mod about_token;
mod authorize;
mod client_auth;
mod cross_origin;
mod error;
mod event;
mod introspect;
mod issue;
mod metadata;
mod par;
mod request;
mod revoke;
mod scope;
mod section;
mod token;

pub use authorize::{
    Approval, AuthorizationConfig, AuthorizationError, AuthorizationPageError, AuthorizationRequest,
    AuthorizationResponse, Authorize, AuthorizeDecision, AuthorizeDecisionCommit, AuthorizeDecisionIssuance,
    AuthorizeDecisionLookup, AuthorizeLookup, AuthorizeRefusal, AuthorizeRefusalLookup, AuthorizeReply, Prompt,
    Recipient, Refusal,
};
pub use client_auth::{
    AuthenticateClientSecret, AuthenticateLookup, Authenticated, ClientAuthentication, ClientAuthenticationConfig,
    ClientAuthenticationMethod, ClientEndpoint,
};
pub use cross_origin::CrossOrigin;
pub use error::{ClientError, EndpointError, PresentedIn};
pub use event::Event;
pub use introspect::{
    ActiveToken, Introspect, IntrospectEndpoint, IntrospectLookup, IntrospectReply, IntrospectionConfig,
    IntrospectionRequest,
};
pub use metadata::DocumentConfig;
pub use par::{ParConfig, Push, PushCommit, PushEndpoint, PushError, PushReply, PushResponse};
pub use revoke::{RevocationConfig, RevocationRequest, Revoke, RevokeCommit, RevokeEndpoint, RevokeError, RevokeReply};
pub use scope::{DefaultScope, ScopeConfig, UnknownScope};
pub use section::ConfigError;
pub use token::{
    RefreshPolicy, Token, TokenCommit, TokenConfig, TokenEndpoint, TokenError, TokenExtension, TokenIssuance,
    TokenPassword, TokenReply, TokenRequest, TokenResponse,
};

use std::time::Duration;

use crate::model::{Audience, Issuer};

/// The configuration of a [`Server`], by endpoint: one that is `None` does not exist. [`Config::new`] gives the values
/// that RFC 9700 recommends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Who this server is: `iss` in every authorization response (RFC 9207 §2).
    pub issuer: Issuer,
    /// What may be asked for.
    pub scope: ScopeConfig,
    /// The protected resources that tokens can be restricted to (RFC 8707). Default: [`Audience::Any`]: resource
    /// indicators are not in use, and `resource` is ignored.
    pub resources: Audience,
    /// How long a grant lasts at the most, however often its tokens are refreshed; a client's record may say less. In
    /// whole seconds. Default: `None`, for as long as it is refreshed. Where there is an end, token responses tell it
    /// (draft-ietf-oauth-refresh-token-expiration-02).
    pub grant_lifetime: Option<Duration>,
    /// Whether the host has the last word on what is issued: [`Policy::issuance`](crate::Policy::issuance). Default:
    /// yes. A host that has nothing to say may switch the question off.
    pub consult_issuance: bool,
    /// How clients authenticate, at whatever endpoint: RFC 6749 §2.3.
    pub client_authentication: ClientAuthenticationConfig,
    /// Whether clients may live in a browser.
    pub cross_origin: CrossOrigin,
    /// The authorization endpoint: RFC 6749 §3.1.
    pub authorization: AuthorizationConfig,
    /// The token endpoint: RFC 6749 §3.2.
    pub token: TokenConfig,
    /// The introspection endpoint: RFC 7662. Default: below the issuer.
    pub introspection: Option<IntrospectionConfig>,
    /// The revocation endpoint: RFC 7009. Default: below the issuer.
    pub revocation: Option<RevocationConfig>,
    /// The pushed authorization request endpoint: RFC 9126. Default: `None`.
    pub par: Option<ParConfig>,
    /// What the metadata document says for people. Default: nothing.
    pub document: DocumentConfig,
}

impl Config {
    /// The recommended configuration.
    #[must_use]
    pub fn new(issuer: Issuer) -> Self {
        Self {
            scope: ScopeConfig::default(),
            resources: Audience::Any,
            grant_lifetime: None,
            consult_issuance: true,
            client_authentication: ClientAuthenticationConfig::default(),
            cross_origin: CrossOrigin::default(),
            authorization: AuthorizationConfig::at(issuer.endpoint("authorize")),
            token: TokenConfig::at(issuer.endpoint("token")),
            introspection: Some(IntrospectionConfig::at(issuer.endpoint("introspect"))),
            revocation: Some(RevocationConfig::at(issuer.endpoint("revoke"))),
            par: None,
            document: DocumentConfig::default(),
            issuer,
        }
    }

    fn sections(&self) -> impl Iterator<Item = &dyn section::Section> {
        let optional = [
            self.introspection.as_ref().map(|section| section as &dyn section::Section),
            self.revocation.as_ref().map(|section| section as _),
            self.par.as_ref().map(|section| section as _),
        ];
        let always: [&dyn section::Section; 4] = [&self.scope, &self.token, &self.authorization, &self.document];
        always.into_iter().chain(optional.into_iter().flatten())
    }
}

/// An authorization server: its configuration, from which every request's machine starts. It holds no state.
#[derive(Clone, Debug)]
pub struct Server {
    config: Config,
}

impl Server {
    /// A server of this configuration.
    ///
    /// # Errors
    /// The configuration cannot be meant.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.sections().try_for_each(section::Section::check)?;
        config.grant_lifetime.map_or(Ok(()), |lifetime| section::lifetime("grant_lifetime", lifetime))?;
        Ok(Self { config })
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}
