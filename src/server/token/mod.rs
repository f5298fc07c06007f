//! The token endpoint: [RFC 6749 §3.2].
//!
//! One lookup reads the client and the presented credential. Each grant's own parameters and rules are in the file of
//! its name. All of them end in one commit, which spends the presented credential and stores the issued ones, or does
//! neither.
//!
//! [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

mod authorization_code;
mod client_credentials;
mod commit;
mod config;
mod device_code;
mod error;
mod extension;
mod password;
mod refresh_token;
mod reply;
mod request;

pub use commit::TokenCommit;
pub use config::{RefreshPolicy, TokenConfig};
pub use error::TokenError;
pub use extension::TokenExtension;
pub use password::TokenPassword;
pub(in crate::server) use reply::{TokenRefused, TokensIssued};
pub use reply::{TokenReply, TokenResponse};
use request::Parameters;
pub use request::TokenRequest;

use std::sync::Arc;

use super::authorization_details::DetailsError;
use super::client_auth::{
    AuthenticateClientSecret, AuthenticateFetch, AuthenticateLookup, Authenticated, ClientAuthentication,
    ClientEndpoint, by_document,
};
use super::cross_origin::Reader;
use super::error::{EndpointError, PresentedIn};
use super::issue::{NewGrant, Plan};
use super::request::presented_in;
use super::scope::Granted;
use super::{Config, Server};
use crate::consult::Issuance;
use crate::effect::{Answer, Effect, Outage, Unavailable};
use crate::fetch::FromCache;
use crate::model::{AuthenticationEvent, Claims, ClientId, GrantId, GrantType, Moment, Scope, Subject};
use crate::record::Client;
use crate::step::{Pause, Step, machine};
use crate::store::{Found, Presented};
use crate::wire::Form;

machine! {
    /// The machine of the token endpoint. The type has no values; its pauses and its reply carry the state.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret | Fetch] ─▶ [Password | Extension] ─▶ [Issuance] ─▶ Commit ─▶ reply
    ///                                                                                  │ spent meanwhile
    ///                                                                                  └─▶ Commit (revoke, or retry)
    /// ```
    ///
    /// The machine draws from its moment the id of a new grant, the access token and the refresh token, in this order.
    Token<'a> {
        Lookup = AuthenticateLookup<'a, TokenEndpoint<'a>>,
        ClientSecret = AuthenticateClientSecret<TokenEndpoint<'a>>,
        Password = TokenPassword<'a>,
        Extension = TokenExtension<'a>,
        Issuance = TokenIssuance<'a>,
        Fetch = AuthenticateFetch<'a, TokenEndpoint<'a>>,
        Commit = TokenCommit<'a>,
        Reply = TokenReply,
    }
}

/// The grants of this endpoint, by `grant_type`: [RFC 6749 §4], [§6]. A new grant adds its line here.
///
/// [RFC 6749 §4]: https://www.rfc-editor.org/rfc/rfc6749#section-4
/// [§6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
fn rules(grant_type: &GrantType) -> Option<&'static Rules> {
    match grant_type {
        GrantType::AuthorizationCode => Some(authorization_code::RULES),
        GrantType::RefreshToken => Some(refresh_token::RULES),
        GrantType::ClientCredentials => Some(client_credentials::RULES),
        GrantType::Password => Some(password::RULES),
        GrantType::DeviceCode => Some(device_code::RULES),
        GrantType::Extension(_) => Some(extension::RULES),
        GrantType::Implicit => None,
    }
}

/// The rules of a grant, from the file of its name.
struct Rules {
    /// The parameter that carries something of our own.
    presents: Presents,
    /// The grant's other parameters, or `NONE`.
    parameters: [&'static str; 2],
    /// Checks the request of an authenticated client, and ends in [`TokenEndpoint::conclude`], now or after the host
    /// has answered.
    check: for<'a> fn(TokenEndpoint<'a>, Authenticated, &Found) -> Step<Token<'a>>,
}

/// The parameter of a grant that carries something of our own, and the records that it finds.
#[derive(Clone, Copy)]
enum Presents {
    Nothing,
    /// A credential.
    Credential(&'static str),
    /// A pending request or, once that is approved, the credential under the same key.
    Request(&'static str),
}

impl Presents {
    /// The name of the parameter.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Credential(name) | Self::Request(name) => Some(name),
        }
    }
}

impl Server {
    /// Answers a request to the token endpoint: [RFC 6749 §3.2]. `run` returns a [`TokenReply`].
    ///
    /// [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    pub fn token<'a, B: AsRef<[u8]>>(&'a self, request: &'a http::Request<B>, moment: Moment) -> Step<Token<'a>> {
        let reader = self.config.cross_origin.reader(request);
        match request::read(&self.config, request) {
            Ok((client, grant_type, form)) => {
                TokenEndpoint::start((&self.config, reader), client, GrantType::parse(&grant_type).ok(), form, moment)
            }
            Err(error) => Step::Done(TokenReply::refused(reader, None, error.into(), presented_in(request))),
        }
    }

    /// Answers a request to the token endpoint whose parameters are already read.
    ///
    /// `run` returns a [`TokenReply`].
    pub fn token_request<'a>(&'a self, request: &'a TokenRequest, moment: Moment) -> Step<Token<'a>> {
        match request.form() {
            Ok(form) => {
                let (client, grant_type) = (request.client.clone(), Some(request.grant_type.clone()));
                TokenEndpoint::start((&self.config, Reader::Client), client, grant_type, form, moment)
            }
            Err(error) => {
                let client_id = Some(request.client.client_id.clone());
                Step::Done(TokenReply::refused(Reader::Client, client_id, error.into(), request.client.presented_in()))
            }
        }
    }
}

/// The state of the endpoint while one request is handled.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct TokenEndpoint<'a> {
    config: &'a Config,
    moment: Moment,
    parameters: Parameters<'a>,
    grant_type: GrantType,
    rules: &'static Rules,
    presented_in: PresentedIn,
    reader: Reader,
}

impl<'a> TokenEndpoint<'a> {
    fn start(
        (config, reader): (&'a Config, Reader),
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
            return Step::Done(TokenReply::refused(reader, Some(client.client_id), error, presented_in));
        };
        match Parameters::read(form, rules.presents.name(), rules.parameters) {
            Err(error) => Step::Done(TokenReply::refused(reader, Some(client.client_id), error.into(), presented_in)),
            Ok(parameters) => {
                let presented = parameters.presented;
                let request = presented.filter(|_| matches!(rules.presents, Presents::Request(_)));
                let endpoint = Self { config, moment, parameters, grant_type, rules, presented_in, reader };
                Step::Lookup(AuthenticateLookup::new(client, presented, endpoint).with_request(request))
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

    fn unregistered(self, client_id: ClientId, found: Found) -> Step<Token<'a>> {
        // People whose client is in use are not logged out because the document's server is down.
        let is_refresh = self.grant_type == GrantType::RefreshToken;
        let from_cache = if is_refresh { FromCache::LastGood } else { FromCache::Fresh };
        by_document(self.config, client_id, from_cache, (found, self))
    }
}

/// A refusal by a grant's rules.
enum Refused {
    /// A refusal with this error.
    With(TokenError),
    /// A refusal that also revokes everything issued from this grant, since the presented credential had been spent
    /// before.
    Revoking(GrantId, TokenError),
}

impl Refused {
    /// Refuses a credential that had been spent before. If its grant is revoked already, after an earlier replay say,
    /// there is nothing left to do.
    fn replayed(presented: &Presented, error: TokenError) -> Self {
        if presented.revoked { Self::With(error) } else { Self::Revoking(presented.grant.id, error) }
    }
}

impl<E: Into<TokenError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::With(error.into())
    }
}

/// The resource owner of a grant that is opened at this endpoint, and the terms for its tokens.
#[derive(Default)]
struct Opened {
    subject: Option<Subject>,
    authentication: AuthenticationEvent,
    data: Claims,
    /// True if a refresh token may be issued too.
    refresh_token: bool,
}

impl<'a> TokenEndpoint<'a> {
    /// Returns the terms of the request: [RFC 6749 §3.3], [RFC 8707 §2.2], [RFC 9396 §6]. All of them go into the token
    /// that is issued with the grant, so none may be for other resources.
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    /// [RFC 8707 §2.2]: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
    /// [RFC 9396 §6]: https://www.rfc-editor.org/rfc/rfc9396#section-6
    fn terms(&self, client: &Client) -> Result<Granted, TokenError> {
        let terms = self.config.terms(client, &self.parameters.requested())?;
        let details = &terms.authorization_details;
        if self.config.details_at(details, terms.audience.resources()).len() < details.len() {
            return Err(DetailsError::Location.into());
        }
        Ok(terms)
    }

    /// Creates a plan for a grant that is opened at this endpoint.
    fn open(&mut self, client: Arc<Client>, opened: Opened) -> Result<Plan, TokenError> {
        if client.has_no_time() {
            return Err(TokenError::UnauthorizedClient);
        }
        let granted = self.terms(&client)?;
        let Opened { subject, authentication, data, refresh_token } = opened;
        let refresh_token = if refresh_token { self.refresh_token(&client, &granted.scope) } else { None };
        let grant_type = self.grant_type.clone();
        let grant = NewGrant { client: &client, grant_type, subject, granted, authentication, data, partition: None };
        let grant = grant.open(self.config, &mut self.moment);
        Ok(Plan { refresh_token, ..Plan::of_new_grant(self.config, client, grant, self.moment.now()) })
    }

    /// Returns the scope of a refresh token, if server and client both use them. [RFC 6749 §1.5]: "Issuing a refresh
    /// token is optional at the discretion of the authorization server."
    ///
    /// [RFC 6749 §1.5]: https://www.rfc-editor.org/rfc/rfc6749#section-1.5
    fn refresh_token(&self, client: &Client, scope: &Scope) -> Option<Scope> {
        let both = [&self.config.token.grant_types, &client.grant_types];
        both.iter().all(|grant_types| grant_types.contains(&GrantType::RefreshToken)).then(|| scope.clone())
    }

    /// Applies the rules of a grant that does not ask the host.
    fn decide(
        self,
        client: Authenticated,
        found: &Found,
        check: fn(&Self, Arc<Client>, &Found) -> Result<Plan, Refused>,
    ) -> Step<Token<'a>> {
        let client = client.into_client();
        let client_id = client.client_id.clone();
        let decided = check(&self, client, found);
        self.conclude(client_id, decided)
    }

    /// Continues after the grant's rules have decided. The host has the last word, if configured.
    fn conclude(self, client_id: ClientId, decided: Result<Plan, Refused>) -> Step<Token<'a>> {
        match decided {
            Ok(plan) if self.config.consult_issuance => {
                let Self { config, moment, presented_in, reader, .. } = self;
                Step::Issuance(TokenIssuance { plan, config, moment, presented_in, reader })
            }
            Ok(plan) => TokenCommit::issue(self.config, self.reader, self.moment, plan),
            Err(Refused::With(error)) => self.refuse(client_id, error),
            Err(Refused::Revoking(grant, error)) => TokenCommit::revoke(self.reader, client_id, grant, error),
        }
    }

    fn refuse(&self, client_id: ClientId, error: TokenError) -> Step<Token<'a>> {
        Step::Done(TokenReply::refused(self.reader, Some(client_id), error, self.presented_in))
    }
}

fn unavailable<'a, E: Effect>(reader: Reader, client_id: ClientId, cause: Unavailable) -> Step<Token<'a>> {
    let error = EndpointError::Unavailable(Outage::of::<E>(cause)).into();
    Step::Done(TokenReply::refused(reader, Some(client_id), error, PresentedIn::Body))
}

/// Waits for the host's last word on the tokens to be issued.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct TokenIssuance<'a> {
    plan: Plan,
    config: &'a Config,
    moment: Moment,
    presented_in: PresentedIn,
    reader: Reader,
}

impl<'a> Pause<Issuance> for TokenIssuance<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Issuance {
        &self.plan.issuance
    }

    fn resume(self, answer: Answer<Issuance>) -> Step<Token<'a>> {
        let Self { plan, config, moment, presented_in, reader } = self;
        let client_id = plan.issuance.grant.client_id.clone();
        match answer.map(|verdict| plan.under(verdict)) {
            Err(cause) => unavailable::<Issuance>(reader, client_id, cause),
            Ok(None) => {
                Step::Done(TokenReply::refused(reader, Some(client_id), TokenError::RefusedByHost, presented_in))
            }
            Ok(Some(plan)) => TokenCommit::issue(config, reader, moment, plan),
        }
    }
}
