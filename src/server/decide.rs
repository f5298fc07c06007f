//! The resource owner's decision and the authorization response: RFC 6749 §4.1.2, §4.2.2, RFC 9207.
//!
//! ```text
//! approve ─▶ Lookup ─▶ [Issuance] ─▶ Commit ─▶ redirect with a code, or with an access token
//! deny    ─▶ Lookup ─▶ redirect with access_denied
//! ```
//!
//! Time has passed since the [`Prompt`] was made, and it has been out of grantor's hands: the client, its redirect URI and
//! what it may ask for are looked up and checked again.

use std::sync::Arc;

use arrayvec::ArrayVec;
use http::{HeaderValue, Response, StatusCode, header};

use super::authorize::{choose_redirect_uri, permit};
use super::issue::{Issued, Plan, issue_code, open};
use super::{Config, Prompt, Server};
use crate::consult::{Issuance, Verdict};
use crate::event::Event;
use crate::model::{
    Client, ClientId, CredentialKind, GrantType, Moment, RedirectUri, ResponseType, Scope, Secret, Subject,
};
use crate::step::{Answer, Pause, Step, Unavailable, machine};
use crate::store::{Commit, Lookup, Outcome};
use crate::wire::{FormError, Parameters, redirect, see_other, text};

machine! {
    /// The machine that carries out a decision.
    Decide<'a> {
        Lookup = DecideLookup<'a>,
        Issuance = DecideIssuance<'a>,
        Commit = DecideCommit<'a>,
        Reply = AuthorizationResponse,
    }
}

/// The resource owner said yes.
#[derive(Clone, Debug)]
pub struct Approval {
    subject: Subject,
    scope: Option<Scope>,
}

impl Approval {
    /// This resource owner grants everything that was asked for. Log them in first (RFC 9700 §4.11.2).
    #[must_use]
    pub fn by(subject: Subject) -> Self {
        Self { subject, scope: None }
    }

    /// Grants only these of the scope tokens that were asked for. Others are ignored, whatever a form sent; if none remain,
    /// the request is denied.
    #[must_use]
    pub fn narrowed_to(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }
}

impl Prompt {
    /// The resource owner approves. The response carries a code or, for `response_type=token`, an access token.
    pub fn approve(self, server: &Server, approval: Approval, moment: Moment) -> Step<Decide<'_>> {
        self.decide(server, Decision::Approve(approval, moment))
    }

    /// The resource owner denies: `access_denied`.
    pub fn deny(self, server: &Server) -> Step<Decide<'_>> {
        self.decide(server, Decision::Deny)
    }

    fn decide(self, server: &Server, decision: Decision) -> Step<Decide<'_>> {
        let lookup = Lookup { client: Some(self.client_id.clone()), credentials: ArrayVec::new() };
        Step::Lookup(DecideLookup { lookup, config: &server.config, prompt: self, decision })
    }
}

/// What is to be carried out.
#[cfg_attr(feature = "explore", derive(Clone))]
enum Decision {
    Approve(Approval, Moment),
    Deny,
}

/// Waits for the client.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct DecideLookup<'a> {
    lookup: Lookup,
    config: &'a Config,
    prompt: Prompt,
    decision: Decision,
}

impl<'a> Pause<Lookup> for DecideLookup<'a> {
    type Machine = Decide<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<Decide<'a>> {
        let Self { config, prompt, decision, .. } = self;
        let (recipient, offer) = prompt.split();
        let client = match answer {
            Err(unavailable) => {
                return recipient.refused(config, AuthorizationError::Unavailable("lookup", unavailable));
            }
            Ok(found) => match found.client {
                None => return page(recipient.client_id, AuthorizationRefused::UnknownClient),
                Some(client) => client,
            },
        };
        if let Err(reason) = choose_redirect_uri(&client, Some(recipient.redirect_uri.as_str())) {
            return page(recipient.client_id, reason);
        }
        let carried_out =
            permit(config, &client, recipient.response_type, offer.code_challenge).and_then(|()| match decision {
                Decision::Approve(approval, moment) => {
                    offer.accept(config, client, &recipient, approval, &moment).map(|next| (next, moment))
                }
                Decision::Deny => Err(AuthorizationError::AccessDenied),
            });
        match carried_out {
            Ok((Accepted::Code(commit, code, event), _)) => {
                DecideCommit::wait(config, recipient, commit, Success::Code(code), event)
            }
            Ok((Accepted::Token(plan), moment)) if config.consult_issuance => {
                Step::Issuance(DecideIssuance { question: plan.question(), config, recipient, plan, moment })
            }
            Ok((Accepted::Token(plan), moment)) => DecideCommit::issue(config, recipient, plan, &moment),
            Err(error) => recipient.refused(config, error),
        }
    }
}

fn page<'a>(client_id: ClientId, reason: AuthorizationRefused) -> Step<Decide<'a>> {
    Step::Done(AuthorizationResponse::page(Some(client_id), reason))
}

/// What of a prompt is granted, as opposed to where the answer goes.
struct Offer {
    scope: Scope,
    resource: crate::model::Resources,
    redirect_uri_sent: bool,
    code_challenge: Option<crate::model::CodeChallenge>,
}

/// What comes of an approval.
enum Accepted {
    Code(Commit, Secret<'static>, Event),
    Token(Plan),
}

impl Prompt {
    fn split(self) -> (Recipient, Offer) {
        let Self { client_id, redirect_uri, response_type, state, .. } = self;
        let recipient = Recipient { client_id, redirect_uri, response_type, state };
        let Self { scope, resource, redirect_uri_sent, code_challenge, .. } = self;
        (recipient, Offer { scope, resource, redirect_uri_sent, code_challenge })
    }
}

impl Offer {
    fn accept(
        self,
        config: &Config,
        client: Arc<Client>,
        recipient: &Recipient,
        approval: Approval,
        moment: &Moment,
    ) -> Result<Accepted, AuthorizationError> {
        let offered = self.scope.intersection(&client.scope);
        let scope = approval.scope.map_or_else(|| offered.clone(), |scope| offered.intersection(&scope));
        // A grant of nothing, of something that was asked for, is a denial.
        if scope.is_empty() && !self.scope.is_empty() {
            return Err(AuthorizationError::AccessDenied);
        }
        let resource = config.resource(&client, &self.resource).ok_or(AuthorizationError::InvalidTarget)?;
        if recipient.response_type == ResponseType::Token {
            let granted = (scope, resource);
            let plan = Plan::open(config, &client, GrantType::Implicit, Some(approval.subject), granted, moment);
            // RFC 6749 §4.2.2: "The authorization server MUST NOT issue a refresh token."
            return Ok(Accepted::Token(plan));
        }
        let subject = approval.subject;
        let grant = open(&client, GrantType::AuthorizationCode, Some(subject.clone()), scope.clone(), resource, moment);
        let event = Event::Authorized { client_id: client.client_id.clone(), grant: grant.id, subject, scope };
        let kind = CredentialKind::AuthorizationCode {
            redirect_uri: self.redirect_uri_sent.then(|| recipient.redirect_uri.clone()),
            code_challenge: self.code_challenge,
        };
        let (commit, code) = issue_code(grant, kind, moment.now().after(config.code_lifetime), moment);
        Ok(Accepted::Code(commit, code, event))
    }
}

/// Waits for the host's word on an access token that is about to be issued by redirect.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct DecideIssuance<'a> {
    question: Issuance,
    config: &'a Config,
    recipient: Recipient,
    plan: Plan,
    moment: Moment,
}

impl<'a> Pause<Issuance> for DecideIssuance<'a> {
    type Machine = Decide<'a>;

    fn effect(&self) -> &Issuance {
        &self.question
    }

    fn resume(self, answer: Result<Verdict, Unavailable>) -> Step<Decide<'a>> {
        let Self { config, recipient, plan, moment, .. } = self;
        match answer {
            Err(unavailable) => recipient.refused(config, AuthorizationError::Unavailable("issuance", unavailable)),
            Ok(Verdict::Refuse) => recipient.refused(config, AuthorizationError::AccessDenied),
            Ok(Verdict::Issue(terms)) => DecideCommit::issue(config, recipient, plan.under(terms), &moment),
        }
    }
}

/// Waits for the write.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct DecideCommit<'a> {
    commit: Commit,
    config: &'a Config,
    recipient: Recipient,
    success: Success,
    event: Event,
}

/// What goes out when the write is done.
#[cfg_attr(feature = "explore", derive(Clone))]
enum Success {
    Code(Secret<'static>),
    Token { access_token: Secret<'static>, expires_in: u64, scope: Scope },
}

impl<'a> DecideCommit<'a> {
    fn wait(
        config: &'a Config,
        recipient: Recipient,
        commit: Commit,
        success: Success,
        event: Event,
    ) -> Step<Decide<'a>> {
        Step::Commit(Self { commit, config, recipient, success, event })
    }

    fn issue(config: &'a Config, recipient: Recipient, plan: Plan, moment: &Moment) -> Step<Decide<'a>> {
        let (event, scope, expires_in) = (plan.event(), plan.scope.clone(), plan.access_token_lifetime.as_secs());
        let Issued { commit, access_token, .. } = plan.issue(config, moment);
        Self::wait(config, recipient, commit, Success::Token { access_token, expires_in, scope }, event)
    }
}

impl<'a> Pause<Commit> for DecideCommit<'a> {
    type Machine = Decide<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Decide<'a>> {
        let Self { config, recipient, success, event, .. } = self;
        match answer {
            Err(unavailable) => recipient.refused(config, AuthorizationError::Unavailable("commit", unavailable)),
            // An identifier of 128 random bits, or a token of 248, was there before.
            Ok(Outcome::Conflict(_)) => recipient.refused(config, AuthorizationError::Collision),
            Ok(Outcome::Applied) => Step::Done(recipient.respond(config, &success, event)),
        }
    }
}

/// Who gets the response, by which redirect: the client is proven, and the redirect URI is its own.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    pub(super) client_id: ClientId,
    pub(super) redirect_uri: RedirectUri,
    pub(super) response_type: ResponseType,
    pub(super) state: Option<String>,
}

impl Recipient {
    fn refused<'a>(&self, config: &Config, reason: AuthorizationError) -> Step<Decide<'a>> {
        Step::Done(self.refuse(config, reason))
    }

    /// RFC 6749 §4.1.2.1, §4.2.2.1.
    pub(super) fn refuse(&self, config: &Config, reason: AuthorizationError) -> AuthorizationResponse {
        let description = reason.description();
        let parameters = [("error", Some(reason.code())), ("error_description", Some(description.as_str()))];
        let location = self.location(config, parameters);
        let client_id = self.client_id.clone();
        let event = match reason {
            AuthorizationError::Unavailable(effect, cause) => {
                Event::Unavailable { client_id: Some(client_id), effect, cause }
            }
            reason => Event::AuthorizationRefused { client_id, reason },
        };
        AuthorizationResponse { to: To::Redirect(location), event }
    }

    /// RFC 6749 §4.1.2, §4.2.2.
    fn respond(&self, config: &Config, success: &Success, event: Event) -> AuthorizationResponse {
        let location = match success {
            Success::Code(code) => self.location(config, [("code", Some(code.expose()))]),
            Success::Token { access_token, expires_in, scope } => {
                let expires_in = expires_in.to_string();
                let parameters = [
                    ("access_token", Some(access_token.expose())),
                    ("token_type", Some("Bearer")),
                    ("expires_in", Some(expires_in.as_str())),
                    ("scope", Some(scope.as_str()).filter(|scope| !scope.is_empty())),
                ];
                self.location(config, parameters)
            }
        };
        AuthorizationResponse { to: To::Redirect(location), event }
    }

    fn location<'p, const N: usize>(
        &'p self,
        config: &'p Config,
        parameters: [(&'static str, Option<&'p str>); N],
    ) -> Secret<'static> {
        let component = match self.response_type {
            ResponseType::Token => Parameters::Fragment,
            ResponseType::Code => Parameters::Query,
        };
        // RFC 6749 §4.1.2: state "REQUIRED if the "state" parameter was present in the client authorization request. The exact
        // value received from the client." RFC 9207 §2: "Authorization servers supporting this specification MUST indicate
        // their identity by including the iss parameter in the response."
        let common = [("state", self.state.as_deref()), ("iss", Some(config.issuer.as_str()))];
        Secret::new(redirect(&self.redirect_uri, component, parameters.into_iter().chain(common)))
    }
}

/// What the authorization endpoint answers the user agent.
#[derive(Clone, Debug)]
#[must_use = "the response is what the user agent waits for"]
pub struct AuthorizationResponse {
    to: To,
    event: Event,
}

#[derive(Clone, Debug)]
enum To {
    /// It may carry a code or a token.
    Redirect(Secret<'static>),
    Page(AuthorizationRefused),
}

/// Why an authorization request failed, told to the client: RFC 6749 §4.1.2.1, §4.2.2.1.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// The parameters cannot be read, or one is missing.
    #[error("{0}")]
    Form(#[from] FormError),
    /// RFC 6749 appendix A.5.
    #[error("state has characters that are not allowed")]
    State,
    /// RFC 7636 §4.4.1.
    #[error("code_challenge is missing: this client must use PKCE")]
    ChallengeMissing,
    /// RFC 7636 §4.2.
    #[error("code_challenge is malformed")]
    ChallengeMalformed,
    /// RFC 7636 §4.4.1.
    #[error("this code_challenge_method is not supported")]
    ChallengeMethod,
    /// The client is not registered for this response type.
    #[error("the client is not authorized to use this response type")]
    UnauthorizedClient,
    /// The server does not offer this response type.
    #[error("the response type is not supported")]
    UnsupportedResponseType,
    /// RFC 6749 §3.3.
    #[error("the scope is malformed or exceeds what the client may ask for")]
    InvalidScope,
    /// RFC 8707 §2.
    #[error("the resource is malformed or unknown")]
    InvalidTarget,
    /// The resource owner or the host said no.
    #[error("the resource owner or authorization server denied the request")]
    AccessDenied,
    /// An identifier was drawn that was there before.
    #[error("the server could not issue")]
    Collision,
    /// The host could not carry out an effect.
    #[error("{0} {1}")]
    Unavailable(&'static str, Unavailable),
}

impl AuthorizationError {
    /// The `error` of RFC 6749 §4.1.2.1.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) | Self::State => "invalid_request",
            Self::ChallengeMissing | Self::ChallengeMalformed | Self::ChallengeMethod => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::Unavailable(_, cause) if cause.retry_after_seconds().is_some() => "temporarily_unavailable",
            Self::Collision | Self::Unavailable(..) => "server_error",
        }
    }

    fn description(&self) -> String {
        match self {
            Self::Unavailable(..) => "the server cannot answer now".to_owned(),
            reason => reason.to_string(),
        }
    }
}

/// Why an authorization request failed, told to the person: there is no client to tell, or none that is proven.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationRefused {
    /// RFC 6749 §3.1: GET, or POST.
    #[error("the authorization endpoint takes GET and POST")]
    Method,
    /// The parameters cannot be read.
    #[error("{0}")]
    Form(#[from] FormError),
    /// There is no `client_id`.
    #[error("the request does not say which application it comes from")]
    ClientIdMissing,
    /// There is no such client.
    #[error("the application is not known here")]
    UnknownClient,
    /// The client is registered without a redirect URI.
    #[error("the application has no registered address to return to")]
    RedirectUriUnregistered,
    /// The client has several redirect URIs, and the request names none.
    #[error("the request does not say which of the application's addresses to return to")]
    RedirectUriMissing,
    /// The redirect URI is not one of the client's.
    #[error("the address to return to is not one that the application registered")]
    RedirectUriMismatch,
    /// The host could not carry out an effect.
    #[error("{0} {1}")]
    Unavailable(&'static str, Unavailable),
}

impl AuthorizationRefused {
    /// The status of the page.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Form(FormError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(..) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// What the person is told. It holds nothing that the request brought.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Unavailable(..) => "the server cannot answer now".to_owned(),
            reason => reason.to_string(),
        }
    }
}

impl AuthorizationResponse {
    pub(super) fn page(client_id: Option<ClientId>, reason: AuthorizationRefused) -> Self {
        let event = match reason.clone() {
            AuthorizationRefused::Unavailable(effect, cause) => Event::Unavailable { client_id, effect, cause },
            reason => Event::PageRefused { client_id, reason },
        };
        Self { to: To::Page(reason), event }
    }

    /// Where the user agent is redirected to, if it is; the URL may carry a code or a token.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match &self.to {
            To::Redirect(location) => Some(location.expose()),
            To::Page(_) => None,
        }
    }

    /// Why the person is shown an error, if they are: for a host that renders its own page.
    #[must_use]
    pub fn refused(&self) -> Option<&AuthorizationRefused> {
        match &self.to {
            To::Redirect(_) => None,
            To::Page(reason) => Some(reason),
        }
    }

    /// For the audit log and the metrics.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The response: a 303 redirect, or a plain page.
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let reason = match self.to {
            To::Redirect(location) => return see_other(location.expose()),
            To::Page(reason) => reason,
        };
        let mut response =
            text(reason.status(), format!("The request cannot be answered: {}.\n", reason.description()));
        match &reason {
            AuthorizationRefused::Method => {
                drop(response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST")))
            }
            AuthorizationRefused::Unavailable(_, cause) => {
                if let Some(seconds) = cause.retry_after_seconds() {
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                }
            }
            _ => {}
        }
        response
    }
}
