//! The token endpoint: RFC 6749 §3.2.
//!
//! One lookup reads the client and what it presents; each grant's own rules are in the file of its name; all of them end
//! in one commit, which spends what was presented and stores what is issued, or does neither.

mod authorization_code;
mod client_credentials;
mod extension;
mod password;
mod pause;
mod refresh_token;
mod reply;
mod request;

pub use pause::{TokenCommit, TokenExtension, TokenIssuance, TokenPassword, TokenRequested};
pub use reply::{TokenError, TokenReply, TokenResponse};
pub use request::{GrantRequest, TokenRequest};

use std::borrow::Cow;
use std::sync::Arc;

use super::client_auth::Authenticated;
use super::config::Config;
use super::identify::{CheckSecret, Identify};
use super::issue::Plan;
use super::refusal::presented_in;
use super::{PresentedIn, Server};
use crate::model::{Client, ClientId, GrantId, GrantType, Key, Moment, Resource, Resources, Scope, Subject};
use crate::step::{Step, machine};
use crate::store::Found;

machine! {
    /// The machine of the token endpoint. It has no values; its pauses and its reply are what moves.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret] ─▶ [Password | Extension] ─▶ [Issuance] ─▶ Commit ─▶ reply
    ///                                                                                  │ spent meanwhile
    ///                                                                                  └─▶ Commit (revoke, or issue in the grace)
    /// ```
    Token<'a> {
        Lookup = Identify<'a, TokenRequested<'a>>,
        ClientSecret = CheckSecret<TokenRequested<'a>>,
        Password = TokenPassword<'a>,
        Extension = TokenExtension<'a>,
        Issuance = TokenIssuance<'a>,
        Commit = TokenCommit<'a>,
        Reply = TokenReply,
    }
}

impl Server {
    /// Answers a request to the token endpoint: RFC 6749 §3.2.
    pub fn token<'a, B: AsRef<[u8]>>(&'a self, request: &'a http::Request<B>, moment: Moment) -> Step<Token<'a>> {
        match TokenRequest::read(request) {
            Ok(request) => self.token_request(request, moment),
            Err(error) => Step::Done(TokenReply::refused(None, error, presented_in(request))),
        }
    }

    /// Answers a typed request to the token endpoint.
    pub fn token_request<'a>(&'a self, request: TokenRequest<'a>, moment: Moment) -> Step<Token<'a>> {
        let TokenRequest { client, grant, resource } = request;
        let context = Context { config: &self.config, moment, resource, presented_in: client.presented_in };
        let ask = match Ask::of(grant) {
            // RFC 6749 §5.2: "The authorization grant type is not supported by the authorization server."
            Some(ask) if self.config.grant_types.contains(ask.grant_type()) => ask,
            _ => return context.refuse(Some(client.client_id), TokenError::UnsupportedGrantType),
        };
        let presented = ask.key();
        Step::Lookup(Identify::new(client, presented, TokenRequested { ask, context }))
    }
}

/// What every state of the machine needs.
#[cfg_attr(feature = "explore", derive(Clone))]
struct Context<'a> {
    config: &'a Config,
    moment: Moment,
    /// The `resource` parameters: RFC 8707 §2.2.
    resource: Vec<Cow<'a, str>>,
    presented_in: PresentedIn,
}

/// What is asked for, in the form that waits for the records: each secret by its digest.
#[cfg_attr(feature = "explore", derive(Clone))]
enum Ask<'a> {
    AuthorizationCode(authorization_code::Ask<'a>),
    RefreshToken(refresh_token::Ask),
    ClientCredentials(client_credentials::Ask),
    Password(password::Ask<'a>),
    Extension(extension::Ask),
}

impl<'a> Ask<'a> {
    fn of(grant: GrantRequest<'a>) -> Option<Self> {
        Some(match grant {
            GrantRequest::AuthorizationCode { code, redirect_uri, code_verifier } => {
                Self::AuthorizationCode(authorization_code::Ask::new(&code, redirect_uri, code_verifier.as_ref()))
            }
            GrantRequest::RefreshToken { refresh_token, scope } => {
                Self::RefreshToken(refresh_token::Ask { key: Key::of(refresh_token.expose()), scope })
            }
            GrantRequest::ClientCredentials { scope } => Self::ClientCredentials(client_credentials::Ask { scope }),
            GrantRequest::Password { username, password, scope } => {
                Self::Password(password::Ask { username, password, scope })
            }
            GrantRequest::Extension { grant_type: grant_type @ GrantType::Extension(_), parameters, scope } => {
                Self::Extension(extension::Ask { grant_type, parameters, scope })
            }
            GrantRequest::Extension { .. } => return None,
        })
    }

    fn grant_type(&self) -> &GrantType {
        match self {
            Self::AuthorizationCode(_) => &GrantType::AuthorizationCode,
            Self::RefreshToken(_) => &GrantType::RefreshToken,
            Self::ClientCredentials(_) => &GrantType::ClientCredentials,
            Self::Password(_) => &GrantType::Password,
            Self::Extension(ask) => &ask.grant_type,
        }
    }

    /// The credential that is presented, if it can be one of ours.
    fn key(&self) -> Option<Key> {
        match self {
            Self::AuthorizationCode(ask) => ask.key,
            Self::RefreshToken(ask) => ask.key,
            Self::ClientCredentials(_) | Self::Password(_) | Self::Extension(_) => None,
        }
    }
}

/// A grant's rules said no.
enum Refused {
    /// And that is all.
    With(TokenError),
    /// And everything that this grant ever issued is to die: what was presented had been spent before.
    Revoking(GrantId, TokenError),
}

impl From<TokenError> for Refused {
    fn from(error: TokenError) -> Self {
        Self::With(error)
    }
}

impl<'a> Context<'a> {
    /// The client is known; each grant's rules decide.
    fn decide(self, client: Authenticated, found: &Found, ask: Ask<'a>) -> Step<Token<'a>> {
        // RFC 6749 §5.2: "The authenticated client is not authorized to use this authorization grant type."
        if !client.client().grant_types.contains(ask.grant_type()) {
            return self.refuse(Some(client.client().client_id.clone()), TokenError::UnauthorizedClient);
        }
        let decided = match ask {
            Ask::AuthorizationCode(ask) => ask.decide(&self, &client, found),
            Ask::RefreshToken(ask) => ask.decide(&self, &client, found),
            Ask::ClientCredentials(ask) => ask.decide(&self, &client).map_err(Refused::With),
            Ask::Password(ask) => return ask.consult(self, &client),
            Ask::Extension(ask) => return ask.consult(self, &client),
        };
        match decided {
            Ok(plan) => self.consult(client.into_client(), plan),
            Err(Refused::With(error)) => self.refuse(Some(client.client().client_id.clone()), error),
            Err(Refused::Revoking(grant, error)) => {
                TokenCommit::revoke(client.client().client_id.clone(), grant, error)
            }
        }
    }

    /// The last word is the host's, if it wants it.
    fn consult(self, client: Arc<Client>, plan: Plan) -> Step<Token<'a>> {
        match self.config.consult_issuance {
            true => TokenIssuance::ask(self, client, plan),
            false => TokenCommit::issue(&self, plan),
        }
    }

    fn refuse(&self, client_id: Option<ClientId>, error: TokenError) -> Step<Token<'a>> {
        Step::Done(TokenReply::refused(client_id, error, self.presented_in))
    }
}

impl Context<'_> {
    /// A plan for a grant that the client itself opens at this endpoint.
    fn open(
        &self,
        client: &Client,
        grant_type: GrantType,
        subject: Option<Subject>,
        scope: Option<Scope>,
    ) -> Result<Plan, TokenError> {
        let scope = self.config.scope(client, scope).ok_or(TokenError::InvalidScope)?;
        let resource = self.config.resource(client, &self.resource).ok_or(TokenError::InvalidTarget)?;
        Ok(Plan::open(self.config, client, grant_type, subject, (scope, resource), &self.moment))
    }

    /// The resources of an access token, of those that were granted: RFC 8707 §2.2.
    fn granted_resource(&self, client: &Client, granted: &[Resource]) -> Result<Resources, TokenError> {
        self.config.granted_resource(client, granted, &self.resource).ok_or(TokenError::InvalidTarget)
    }

    /// The scope of a refresh token, if server and client both use them: RFC 6749 §1.5: "Issuing a refresh token is
    /// optional at the discretion of the authorization server."
    fn refresh_token(&self, client: &Client, scope: &Scope) -> Option<Scope> {
        let both = [&self.config.grant_types, &client.grant_types];
        both.iter().all(|grant_types| grant_types.contains(&GrantType::RefreshToken)).then(|| scope.clone())
    }
}
