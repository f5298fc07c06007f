//! The token endpoint: [RFC 6749 §3.2].
//!
//! One lookup reads the client and what it presents; each grant's own parameters and rules are in the file of its name;
//! all of them end in one commit, which spends what was presented and stores what is issued, or does neither.
//!
//! [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

mod authorization_code;
mod client_credentials;
mod config;
mod error;
mod extension;
mod password;
mod refresh_token;
mod reply;
mod request;

pub use config::{RefreshPolicy, TokenConfig};
pub use error::TokenError;
pub use extension::TokenExtension;
pub use password::TokenPassword;
pub(in crate::server) use reply::{TokenRefused, TokensIssued};
pub use reply::{TokenReply, TokenResponse};
pub use request::TokenRequest;

use std::marker::PhantomData;
use std::sync::Arc;

use super::client_auth::{
    AuthenticateClientSecret, AuthenticateLookup, Authenticated, ClientAuthentication, ClientEndpoint,
};
use super::error::{EndpointError, PresentedIn};
use super::issue::{Basis, Issued, NewGrant, Plan};
use super::request::presented_in;
use super::{Config, Server};
use crate::consult::Issuance;
use crate::effect::{Answer, Effect, Outage, Unavailable};
use crate::model::{
    Audience, AuthenticationEvent, Claims, ClientId, GrantId, GrantType, Key, Moment, Scope, Subject, Timestamp,
};
use crate::record::Client;
use crate::step::{Pause, Step, machine};
use crate::store::{Change, Commit, Found, Outcome};
use crate::wire::{Form, FormError};

machine! {
    /// The machine of the token endpoint. It has no values; its pauses and its reply are what moves.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret] ─▶ [Password | Extension] ─▶ [Issuance] ─▶ Commit ─▶ reply │ spent meanwhile
    /// └─▶ Commit (revoke, or issue in the grace)
    /// ```
    ///
    /// From its moment it draws the id of a grant that is opened, the access token, the refresh token.
    Token<'a> {
        Lookup = AuthenticateLookup<'a, TokenEndpoint<'a>>,
        ClientSecret = AuthenticateClientSecret<TokenEndpoint<'a>>,
        Password = TokenPassword<'a>,
        Extension = TokenExtension<'a>,
        Issuance = TokenIssuance<'a>,
        Commit = TokenCommit<'a>,
        Reply = TokenReply,
    }
}

/// The grants of this endpoint, by `grant_type`: RFC 6749 §4, §6. A grant joins with its line.
fn rules(grant_type: &GrantType) -> Option<Rules> {
    match grant_type {
        GrantType::AuthorizationCode => Some(authorization_code::RULES),
        GrantType::RefreshToken => Some(refresh_token::RULES),
        GrantType::ClientCredentials => Some(client_credentials::RULES),
        GrantType::Password => Some(password::RULES),
        GrantType::Extension(_) => Some(extension::RULES),
        GrantType::Implicit => None,
    }
}

/// What the file of a grant says of it.
#[derive(Clone, Copy)]
struct Rules {
    /// The parameter by which one of our own credentials is presented.
    presents: Option<&'static str>,
    /// The client is known: checks the request, and ends in [`TokenEndpoint::conclude`], now or when the host has
    /// answered.
    check: for<'a> fn(TokenEndpoint<'a>, Authenticated, &Found) -> Step<Token<'a>>,
}

impl Rules {
    /// What is presented, if it can be a credential of ours.
    fn key(self, form: Form<'_>) -> Result<Option<Key>, FormError> {
        let Some(name) = self.presents else { return Ok(None) };
        let [presented] = form.params([name]);
        Ok(Key::of(&presented?.ok_or(FormError::Missing(name))?))
    }
}

impl Server {
    /// Answers a request to the token endpoint: RFC 6749 §3.2. `run` returns a [`TokenReply`].
    pub fn token<'a, B: AsRef<[u8]>>(&'a self, request: &'a http::Request<B>, moment: Moment) -> Step<Token<'a>> {
        match request::read(request) {
            Ok((client, grant_type, form)) => {
                TokenEndpoint::start(&self.config, client, GrantType::parse(&grant_type).ok(), form, moment)
            }
            Err(error) => Step::Done(TokenReply::refused(None, error.into(), presented_in(request))),
        }
    }

    /// Answers a typed request to the token endpoint.
    pub fn token_request<'a>(&'a self, request: &'a TokenRequest, moment: Moment) -> Step<Token<'a>> {
        match request.form() {
            Ok(form) => {
                let (client, grant_type) = (request.client.clone(), Some(request.grant_type.clone()));
                TokenEndpoint::start(&self.config, client, grant_type, form, moment)
            }
            Err(error) => {
                let client_id = Some(request.client.client_id.clone());
                Step::Done(TokenReply::refused(client_id, error.into(), request.client.presented_in()))
            }
        }
    }
}

/// The endpoint, at work on one request.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct TokenEndpoint<'a> {
    config: &'a Config,
    moment: Moment,
    form: Form<'a>,
    grant_type: GrantType,
    rules: Rules,
    /// What is presented, if it can be a credential of ours.
    key: Option<Key>,
    presented_in: PresentedIn,
}

impl<'a> TokenEndpoint<'a> {
    fn start(
        config: &'a Config,
        client: ClientAuthentication<'a>,
        grant_type: Option<GrantType>,
        form: Form<'a>,
        moment: Moment,
    ) -> Step<Token<'a>> {
        let presented_in = client.presented_in();
        // RFC 6749 §5.2: "The authorization grant type is not supported by the authorization server."
        let offered = grant_type.filter(|grant_type| config.token.grant_types.contains(grant_type));
        let (Some(rules), Some(grant_type)) = (offered.as_ref().and_then(rules), offered) else {
            let error = TokenError::UnsupportedGrantType;
            return Step::Done(TokenReply::refused(Some(client.client_id), error, presented_in));
        };
        match rules.key(form) {
            Err(error) => Step::Done(TokenReply::refused(Some(client.client_id), error.into(), presented_in)),
            Ok(key) => {
                let endpoint = Self { config, moment, form, grant_type, rules, key, presented_in };
                Step::Lookup(AuthenticateLookup::new(client, key, endpoint))
            }
        }
    }
}

impl<'a> ClientEndpoint for TokenEndpoint<'a> {
    type Machine = Token<'a>;

    fn authenticated(self, client: Authenticated, found: &Found) -> Step<Token<'a>> {
        // RFC 6749 §5.2: "The authenticated client is not authorized to use this authorization grant type."
        if !client.client().grant_types.contains(&self.grant_type) {
            return self.refuse(client.client().client_id.clone(), TokenError::UnauthorizedClient);
        }
        (self.rules.check)(self, client, found)
    }

    fn refused(self, client_id: ClientId, error: EndpointError) -> Step<Token<'a>> {
        self.refuse(client_id, error.into())
    }
}

/// A grant's rules said no.
enum Refused {
    /// And that is all.
    With(TokenError),
    /// And everything that this grant ever issued is to die: what was presented had been spent before.
    Revoking(GrantId, TokenError),
}

impl<E: Into<TokenError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::With(error.into())
    }
}

/// Who authorized a grant that is opened at this endpoint, and what goes with it.
#[derive(Default)]
struct Opened {
    subject: Option<Subject>,
    authentication: AuthenticationEvent,
    data: Claims,
}

impl<'a> TokenEndpoint<'a> {
    /// The scope and the resources of the request: RFC 6749 §3.3, RFC 8707 §2.2.
    fn scope_and_audience(&self, client: &Client) -> Result<(Scope, Audience), TokenError> {
        let ([scope], resource) = self.form.params_and_all(["scope"], "resource");
        let scope = scope?.map(|scope| Scope::parse(&scope)).transpose().map_err(|_| TokenError::InvalidScope)?;
        let scope = self.config.scope(client, scope).ok_or(TokenError::InvalidScope)?;
        let audience = self.config.audience(client, &resource).ok_or(TokenError::InvalidTarget)?;
        Ok((scope, audience))
    }

    /// A plan for a grant that is opened at this endpoint.
    fn open(&mut self, client: Arc<Client>, opened: Opened) -> Result<Plan, TokenError> {
        let (scope, audience) = self.scope_and_audience(&client)?;
        let Opened { subject, authentication, data } = opened;
        let grant_type = self.grant_type.clone();
        let grant =
            NewGrant { client: &client, grant_type, subject, scope, audience, authentication, data, partition: None };
        let grant = grant.open(self.config, &mut self.moment);
        Ok(Plan::of_new_grant(self.config, client, grant, self.moment.now()))
    }

    /// The scope of a refresh token, if server and client both use them: RFC 6749 §1.5: "Issuing a refresh token is
    /// optional at the discretion of the authorization server."
    fn refresh_token(&self, client: &Client, scope: &Scope) -> Option<Scope> {
        let both = [&self.config.token.grant_types, &client.grant_types];
        both.iter().all(|grant_types| grant_types.contains(&GrantType::RefreshToken)).then(|| scope.clone())
    }

    /// The grant's rules have decided. The last word is the host's, if it wants it.
    fn conclude(self, client_id: ClientId, decided: Result<Plan, Refused>) -> Step<Token<'a>> {
        match decided {
            Ok(plan) if self.config.consult_issuance => {
                let Self { config, moment, presented_in, .. } = self;
                Step::Issuance(TokenIssuance { plan, config, moment, presented_in })
            }
            Ok(plan) => TokenCommit::issue(self.config, self.moment, plan),
            Err(Refused::With(error)) => self.refuse(client_id, error),
            Err(Refused::Revoking(grant, error)) => TokenCommit::revoke(client_id, grant, error),
        }
    }

    fn refuse(&self, client_id: ClientId, error: TokenError) -> Step<Token<'a>> {
        Step::Done(TokenReply::refused(Some(client_id), error, self.presented_in))
    }
}

fn unavailable<'a, E: Effect>(client_id: ClientId, cause: Unavailable) -> Step<Token<'a>> {
    let error = EndpointError::Unavailable(Outage::of::<E>(cause)).into();
    Step::Done(TokenReply::refused(Some(client_id), error, PresentedIn::Body))
}

/// Waits for the host's word on what is about to be issued.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct TokenIssuance<'a> {
    plan: Plan,
    config: &'a Config,
    moment: Moment,
    presented_in: PresentedIn,
}

impl<'a> Pause<Issuance> for TokenIssuance<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Issuance {
        &self.plan.issuance
    }

    fn resume(self, answer: Answer<Issuance>) -> Step<Token<'a>> {
        let Self { plan, config, moment, presented_in } = self;
        let client_id = plan.issuance.grant.client_id.clone();
        match answer.map(|verdict| plan.under(verdict)) {
            Err(cause) => unavailable::<Issuance>(client_id, cause),
            Ok(None) => Step::Done(TokenReply::refused(Some(client_id), TokenError::RefusedByHost, presented_in)),
            Ok(Some(plan)) => TokenCommit::issue(config, moment, plan),
        }
    }
}

/// Waits for the write.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct TokenCommit<'a> {
    commit: Commit,
    then: Then,
    server: PhantomData<&'a Config>,
}

/// What follows a write.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(clippy::large_enum_variant, reason = "states are stored inline")]
enum Then {
    /// The tokens go out; if what pays for them was spent meanwhile, their basis says what that means.
    Issue(TokensIssued),
    /// The refusal goes out.
    Refuse(ClientId, GrantId, TokenError),
}

impl<'a> TokenCommit<'a> {
    fn issue(config: &'a Config, mut moment: Moment, plan: Plan) -> Step<Token<'a>> {
        let (basis, grant_type) = (plan.basis, plan.issuance.grant_type.clone());
        let issued = plan.issue(config, &mut moment);
        let Issued { commit, grant, access_token, expires_in, scope, refresh_token, response_members } = issued;
        // Told where rotation does not move the end of the grant.
        let seconds_until = |end: Timestamp| end.0.saturating_sub(moment.now().0);
        let authorization_expires_in = grant.expires_at.map(seconds_until);
        let refresh_token_ends = refresh_token.as_ref().map(|(_, expires_at)| seconds_until(*expires_at));
        let response = TokenResponse {
            access_token,
            expires_in,
            refresh_token: refresh_token.map(|(token, _)| token),
            scope,
            refresh_token_expires_in: refresh_token_ends.filter(|_| authorization_expires_in.is_some()),
            authorization_expires_in,
            members: response_members,
        };
        Self::wait(commit, Then::Issue(TokensIssued { response, grant, grant_type, basis }))
    }

    fn revoke(client_id: ClientId, grant: GrantId, error: TokenError) -> Step<Token<'a>> {
        Self::wait(Commit::of(Change::Revoke(grant)), Then::Refuse(client_id, grant, error))
    }

    fn wait(commit: Commit, then: Then) -> Step<Token<'a>> {
        Step::Commit(Self { commit, then, server: PhantomData })
    }

    /// The precondition of the change at this index did not hold.
    fn refused(self, at: usize) -> Step<Token<'a>> {
        let Self { commit, then, .. } = self;
        let client_id = then.client_id().clone();
        match (commit.changes().get(at), then) {
            (Some(Change::Spend { .. }), Then::Issue(TokensIssued { grant, basis: Basis::Code(_), .. })) => {
                Self::revoke(client_id, grant.id, TokenError::CodeReplayed)
            }
            (
                Some(Change::Spend { .. }),
                Then::Issue(
                    issued @ TokensIssued {
                        basis: Basis::RefreshTokenRotated { key, retry_since: Some(since) }, ..
                    },
                ),
            ) => {
                let changes = commit.changes().iter().map(|change| match change {
                    Change::Spend { .. } => Change::SpentSince { key, since },
                    other => other.clone(),
                });
                let commit = Commit::in_one_partition(changes.collect());
                let basis = Basis::RefreshTokenRetried { key, since };
                Self::wait(commit, Then::Issue(TokensIssued { basis, ..issued }))
            }
            (change, _) => {
                let error = match change {
                    Some(Change::Spend { .. } | Change::SpentSince { .. }) => TokenError::RaceLost,
                    Some(Change::Extend { .. }) => TokenError::GrantRevoked,
                    // The grant lives, or is new: what was drawn at random was there before.
                    _ => TokenError::Collision,
                };
                Step::Done(TokenReply::refused(Some(client_id), error, PresentedIn::Body))
            }
        }
    }
}

impl Then {
    fn client_id(&self) -> &ClientId {
        match self {
            Self::Issue(issued) => &issued.grant.client_id,
            Self::Refuse(client_id, ..) => client_id,
        }
    }
}

impl<'a> Pause<Commit> for TokenCommit<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Token<'a>> {
        match answer {
            Err(cause) => unavailable::<Commit>(self.then.client_id().clone(), cause),
            Ok(Outcome::Conflict(at)) => self.refused(at),
            Ok(Outcome::Applied) => Step::Done(match self.then {
                Then::Issue(issued) => TokenReply::issued(issued),
                Then::Refuse(client_id, grant, error) => TokenReply::replayed(client_id, grant, error),
            }),
        }
    }
}
