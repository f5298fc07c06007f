//! The authorization server: [RFC 6749 §1.1].
//!
//! | endpoint | machine | starts with | `run` returns |
//! |---|---|---|---|
//! | authorization | [`Authorize`] | [`Server::authorize`] | [`AuthorizeReply`], with a [`Prompt`] if valid |
//! | the decision | [`AuthorizeDecision`] | [`Prompt::approve`] or [`Prompt::deny`] | [`AuthorizationResponse`] |
//! | an error, after login | [`AuthorizeRefusal`] | [`Refusal::respond`] | [`AuthorizationResponse`] |
//! | pushed authorization request | [`Push`] | [`Server::push`] | [`PushReply`] |
//! | registration | [`Register`] | [`Server::register`] | [`RegisterReply`] |
//! | client configuration | [`Configure`] | [`Server::configure`] | [`ConfigureReply`] |
//! | device authorization | [`AuthorizeDevice`] | [`Server::authorize_device`] | [`AuthorizeDeviceReply`] |
//! | the page for user codes | [`VerifyUserCode`] | [`Server::verify_user_code`] | [`VerifyUserCodeReply`] |
//! | the decision there | [`DeviceDecision`] | [`DevicePrompt::approve`] or `deny` | [`DeviceDecisionReply`] |
//! | token | [`Token`] | [`Server::token`] | [`TokenReply`] |
//! | introspection | [`Introspect`] | [`Server::introspect`] | [`IntrospectReply`] |
//! | revocation | [`Revoke`] | [`Server::revoke`] | [`RevokeReply`] |
//! | metadata | none, since it is a document | [`Server::metadata`] | the response, without `run` |
//! | public keys | none, since they are a document | [`Server::jwks`] | the response, without `run` |
//!
//! Each endpoint has a file or a folder of its own, with its section of the [`Config`].
//!
//! # An example
//!
//! What clients call is a line each: the [crate's page](crate) has the token endpoint. What people see is between two
//! machines. The first reads the authorization request and may end in a [`Prompt`], which the host keeps while it shows
//! its pages; the second carries out what the person decided.
//!
//! ```
//! use grantor::model::Subject;
//! use grantor::server::{Approval, AuthorizeReply, Interaction, Prompt};
//! use grantor::{Moment, Server, store::Store};
//! use http::{Request, Response};
//! use std::time::SystemTime;
//!
//! /// What the host does next.
//! enum Next {
//!     /// Show the login page, from which the browser comes back with the same request.
//!     LogIn,
//!     /// Show the consent page, and keep the prompt until a button is pressed.
//!     Ask(Prompt),
//!     Send(Response<Vec<u8>>),
//! }
//!
//! type Made<T> = Result<T, getrandom::Error>;
//!
//! fn moment() -> Made<Moment> {
//!     Moment::try_new(SystemTime::now(), &mut getrandom::SysRng)
//! }
//!
//! fn authorize(
//!     server: &Server,
//!     store: &dyn Store,
//!     request: &Request<Vec<u8>>,
//!     login: Option<Subject>,
//! ) -> Made<Next> {
//!     let reply = server.authorize(request, moment()?).run(store);
//!     if login.is_none() && reply.needs_login() {
//!         return Ok(Next::LogIn);
//!     }
//!     let response = match reply {
//!         AuthorizeReply::Ask(prompt) if !prompt.is_silent() => return Ok(Next::Ask(prompt)),
//!         AuthorizeReply::Ask(prompt) => {
//!             let open = login.map_or(Interaction::Login, |_| Interaction::Consent);
//!             prompt.refuse(server, open, moment()?).run(store)
//!         }
//!         AuthorizeReply::Refuse(refusal) => refusal.respond(server, moment()?).run(store),
//!         AuthorizeReply::Respond(response) => response,
//!     };
//!     Ok(Next::Send(response.into_http()))
//! }
//!
//! fn decide(
//!     server: &Server,
//!     store: &dyn Store,
//!     prompt: Prompt,
//!     allowed_by: Option<Subject>,
//! ) -> Made<Response<Vec<u8>>> {
//!     let step = match allowed_by {
//!         Some(person) => prompt.approve(server, Approval::by(person), moment()?),
//!         None => prompt.deny(server, moment()?),
//!     };
//!     Ok(step.run(store).into_http())
//! }
//! ```
//!
//! [A provider of your own](crate::_documentation::recipes#a-provider-of-your-own) says what else it takes.
//!
//! [RFC 6749 §1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-1.1

mod about_token;
mod authorization_details;
mod authorize;
mod client_auth;
mod client_id_metadata_document;
mod cross_origin;
mod device;
mod error;
mod event;
mod introspect;
mod issue;
mod jwks;
mod may_be_outage;
mod metadata;
mod par;
mod register;
mod request;
mod revoke;
mod scope;
mod section;
mod token;

pub use crate::wire::FormPost;
pub use authorization_details::{
    AuthorizationDetailsConfig, AuthorizationDetailsType, DetailMembers, DetailsError, InvalidDetail, MemberKind,
};
pub use authorize::{
    Approval, AuthorizationClient, AuthorizationConfig, AuthorizationError, AuthorizationPageError,
    AuthorizationRequest, AuthorizationResponse, Authorize, AuthorizeDecided, AuthorizeDecision,
    AuthorizeDecisionCommit, AuthorizeDecisionIssuance, AuthorizeDecisionLookup, AuthorizeFetch, AuthorizeLookup,
    AuthorizeRefusal, AuthorizeRefusalLookup, AuthorizeReply, AuthorizeRequest, Interaction, Prompt, Recipient,
    Refusal,
};
pub use client_auth::{
    AuthenticateClientSecret, AuthenticateFetch, AuthenticateLookup, Authenticated, ClientAuthentication,
    ClientAuthenticationConfig, ClientAuthenticationMethod, ClientEndpoint,
};
pub use client_id_metadata_document::{
    ClientIdMetadataDocumentConfig, ClientIdMetadataDocumentError, MAX_DOCUMENT_LEN,
};
pub use cross_origin::CrossOrigin;
pub use device::{
    AskedFrom, AuthorizeDevice, AuthorizeDeviceCommit, AuthorizeDeviceEndpoint, AuthorizeDeviceError,
    AuthorizeDeviceReply, AuthorizeDeviceResponse, DeviceConfig, DeviceDecision, DeviceDecisionCommit,
    DeviceDecisionLookup, DeviceDecisionReply, DevicePageError, DevicePrompt, VerifyUserCode, VerifyUserCodeLookup,
    VerifyUserCodeReply,
};
pub use error::{ClientError, EndpointError, PresentedIn};
pub use event::Event;
pub use introspect::{
    ActiveToken, Introspect, IntrospectEndpoint, IntrospectLookup, IntrospectReply, IntrospectionConfig,
    IntrospectionRequest,
};
pub use jwks::JwksConfig;
pub use metadata::DocumentConfig;
pub use par::{ParConfig, Push, PushCommit, PushEndpoint, PushError, PushReply, PushResponse};
pub use register::{
    ClientInformation, Configure, ConfigureCommit, ConfigureLookup, ConfigureRegistration, ConfigureReply, Configured,
    MAX_REGISTRATION_LEN, Register, RegisterCommit, RegisterRegistration, RegisterReply, Registrants,
    RegistrationConfig, RegistrationError,
};
pub use revoke::{RevocationConfig, RevocationRequest, Revoke, RevokeCommit, RevokeEndpoint, RevokeError, RevokeReply};
pub use scope::{DefaultScope, ScopeConfig, SeveralResources, UnknownScope};
pub use section::ConfigError;
pub use token::{
    RefreshPolicy, Token, TokenCommit, TokenConfig, TokenEndpoint, TokenError, TokenExtension, TokenIssuance,
    TokenPassword, TokenReply, TokenRequest, TokenResponse,
};

use std::time::Duration;

use crate::model::{Audience, GrantType, Issuer};

/// The configuration of a [`Server`], by endpoint. An endpoint whose section is `None` does not exist. [`Config::new`]
/// gives the values that [RFC 9700] recommends.
///
/// [RFC 9700]: https://www.rfc-editor.org/rfc/rfc9700
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The server's issuer identifier, sent as `iss` in every authorization response ([RFC 9207 §2]).
    ///
    /// [RFC 9207 §2]: https://www.rfc-editor.org/rfc/rfc9207#section-2
    pub issuer: Issuer,
    /// The rules for scope.
    pub scope: ScopeConfig,
    /// The protected resources that tokens can be restricted to ([RFC 8707]). Default: [`Audience::Any`], so that
    /// resource indicators are not in use and `resource` is ignored. A request that names none gets tokens for all of
    /// them that are the client's too.
    ///
    /// [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707
    pub resources: Audience,
    /// The authorization details types: [RFC 9396]. Default: none.
    ///
    /// [RFC 9396]: https://www.rfc-editor.org/rfc/rfc9396
    pub authorization_details: AuthorizationDetailsConfig,
    /// The longest life of a grant, in whole seconds, however often its tokens are refreshed; a client's record may set
    /// a shorter one. Default: `None`, for as long as it is refreshed. If there is an end, token responses tell it
    /// ([Refresh Token Expiration]).
    ///
    /// [Refresh Token Expiration]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-refresh-token-expiration-02
    pub grant_lifetime: Option<Duration>,
    /// True to ask the host before tokens are issued: [`Policy::issuance`](crate::Policy::issuance). Default: true. A
    /// host with the default policy may switch the question off.
    pub consult_issuance: bool,
    /// The rules for client authentication at all endpoints: [RFC 6749 §2.3].
    ///
    /// [RFC 6749 §2.3]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3
    pub client_authentication: ClientAuthenticationConfig,
    /// The rule for clients that live in a browser.
    pub cross_origin: CrossOrigin,
    /// The authorization endpoint: [RFC 6749 §3.1].
    ///
    /// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
    pub authorization: AuthorizationConfig,
    /// The token endpoint: [RFC 6749 §3.2].
    ///
    /// [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    pub token: TokenConfig,
    /// The introspection endpoint: [RFC 7662]. Default: below the issuer.
    ///
    /// [RFC 7662]: https://www.rfc-editor.org/rfc/rfc7662
    pub introspection: Option<IntrospectionConfig>,
    /// The revocation endpoint: [RFC 7009]. Default: below the issuer.
    ///
    /// [RFC 7009]: https://www.rfc-editor.org/rfc/rfc7009
    pub revocation: Option<RevocationConfig>,
    /// The pushed authorization request endpoint: [RFC 9126]. Default: `None`.
    ///
    /// [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126
    pub par: Option<ParConfig>,
    /// The registration endpoint: [RFC 7591], [RFC 7592]. Default: `None`.
    ///
    /// [RFC 7591]: https://www.rfc-editor.org/rfc/rfc7591
    /// [RFC 7592]: https://www.rfc-editor.org/rfc/rfc7592
    pub registration: Option<RegistrationConfig>,
    /// The clients that are identified by the URL of their metadata document ([CIMD]), at every endpoint but
    /// that for devices. Default: `None`, so that there are none.
    ///
    /// [CIMD]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01
    pub client_id_metadata_documents: Option<ClientIdMetadataDocumentConfig>,
    /// The device authorization endpoint: [RFC 8628]. Default: `None`.
    ///
    /// [RFC 8628]: https://www.rfc-editor.org/rfc/rfc8628
    pub device: Option<DeviceConfig>,
    /// The server's public keys: [RFC 7517 §5]. No endpoint signs with them yet. Default: `None`.
    ///
    /// [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5
    pub jwks: Option<JwksConfig>,
    /// The members of the metadata document for people. Default: none.
    pub document: DocumentConfig,
}

impl Config {
    /// Creates the recommended configuration.
    #[must_use]
    pub fn new(issuer: Issuer) -> Self {
        Self {
            scope: ScopeConfig::default(),
            resources: Audience::Any,
            authorization_details: AuthorizationDetailsConfig::default(),
            grant_lifetime: None,
            consult_issuance: true,
            client_authentication: ClientAuthenticationConfig::default(),
            cross_origin: CrossOrigin::default(),
            authorization: AuthorizationConfig::at(issuer.endpoint("authorize")),
            token: TokenConfig::at(issuer.endpoint("token")),
            introspection: Some(IntrospectionConfig::at(issuer.endpoint("introspect"))),
            revocation: Some(RevocationConfig::at(issuer.endpoint("revoke"))),
            par: None,
            registration: None,
            client_id_metadata_documents: None,
            device: None,
            jwks: None,
            document: DocumentConfig::default(),
            issuer,
        }
    }

    fn sections(&self) -> impl Iterator<Item = &dyn section::Section> {
        let optional = [
            self.introspection.as_ref().map(|section| section as &dyn section::Section),
            self.revocation.as_ref().map(|section| section as _),
            self.par.as_ref().map(|section| section as _),
            self.registration.as_ref().map(|section| section as _),
            self.client_id_metadata_documents.as_ref().map(|section| section as _),
            self.device.as_ref().map(|section| section as _),
            self.jwks.as_ref().map(|section| section as _),
        ];
        let always: [&dyn section::Section; 5] =
            [&self.scope, &self.authorization_details, &self.token, &self.authorization, &self.document];
        always.into_iter().chain(optional.into_iter().flatten())
    }
}

/// An authorization server: the configuration from which every request's machine starts. It holds no state.
#[derive(Clone, Debug)]
pub struct Server {
    config: Config,
}

impl Server {
    /// Creates a server with this configuration.
    ///
    /// # Errors
    /// The configuration contradicts itself or the RFCs.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.sections().try_for_each(section::Section::check)?;
        if config.device.is_some() && !config.token.grant_types.contains(&GrantType::DeviceCode) {
            return Err(ConfigError::DeviceCodeNotTaken);
        }
        config.grant_lifetime.map_or(Ok(()), |lifetime| section::lifetime("grant_lifetime", lifetime))?;
        config.check_scope_of_resources()?;
        Ok(Self { config })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}
