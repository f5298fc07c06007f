//! The resource owner's decision and the authorization response: RFC 6749 §4.1.2, §4.2.2, RFC 9207.
//!
//! Time has passed since the [`Prompt`] was made, and it has been out of grantor's hands: the client, its redirect URI and
//! what it may ask for are looked up and checked again.

use std::sync::Arc;

use super::authorize::{choose_redirect_uri, permit};
use super::issue::{Issued, Plan, issue_code, open};
use super::response::{AuthorizationError, AuthorizationRefused, AuthorizationResponse, Recipient, Success};
use super::{Config, Prompt, Server};
use crate::consult::{Issuance, Verdict};
use crate::event::Event;
use crate::model::{
    Acr, Client, ClientId, CodeChallenge, CredentialKind, Grant, GrantType, Moment, Resources, ResponseType, Scope,
    Secret, Subject, Timestamp,
};
use crate::step::{Answer, Pause, Step, Unavailable, machine};
use crate::store::{Commit, Lookup, Outcome};

machine! {
    /// The machine that carries out a decision.
    ///
    /// ```text
    /// approve ─▶ Lookup ─▶ [Issuance] ─▶ Commit ─▶ redirect with a code, or with an access token
    /// deny    ─▶ Lookup ─▶ redirect with access_denied
    /// ```
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
    auth_time: Option<Timestamp>,
    acr: Option<Acr>,
}

impl Approval {
    /// This resource owner grants everything that was asked for. Log them in first (RFC 9700 §4.11.2).
    #[must_use]
    pub fn by(subject: Subject) -> Self {
        Self { subject, scope: None, auth_time: None, acr: None }
    }

    /// Grants only these of the scope tokens that were asked for. Others are ignored, whatever a form sent; if none remain,
    /// the request is denied.
    #[must_use]
    pub fn narrowed_to(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// The resource owner was authenticated at this time: the login, not the click on "allow". Protected resources that ask for a recent
    /// login (`max_age`; RFC 9470 §6) learn it, for as long as the grant lives.
    #[must_use]
    pub fn authenticated_at(self, auth_time: Timestamp) -> Self {
        Self { auth_time: Some(auth_time), ..self }
    }

    /// The resource owner was authenticated in this way, which protected resources may ask for (`acr_values`; RFC 9470 §6).
    #[must_use]
    pub fn with_acr(self, acr: Acr) -> Self {
        Self { acr: Some(acr), ..self }
    }

    /// The grant, which remembers how its resource owner was authenticated.
    fn witness(&self, mut grant: Arc<Grant>) -> Arc<Grant> {
        let remembered = Arc::make_mut(&mut grant);
        remembered.auth_time = self.auth_time;
        remembered.acr.clone_from(&self.acr);
        grant
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
        let lookup = Lookup::of_client(self.client_id.clone());
        Step::Lookup(DecideLookup { lookup, config: &server.config, prompt: self, decision })
    }
}

/// The client is told why there is nothing for it.
fn refuse<'a>(config: &Config, recipient: &Recipient, reason: AuthorizationError) -> Step<Decide<'a>> {
    Step::Done(recipient.refuse(config, reason))
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
        // As at the first request: no redirect before the client and its redirect URI are proven, now.
        let client = match answer {
            Err(unavailable) => {
                return page(recipient.client_id, AuthorizationRefused::Unavailable("lookup", unavailable));
            }
            Ok(mut found) => match found.take_client(&recipient.client_id) {
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
            Ok((Accepted::Token(client, plan), moment)) if config.consult_issuance => {
                Step::Issuance(DecideIssuance { question: plan.question(client), config, recipient, plan, moment })
            }
            Ok((Accepted::Token(_, plan), moment)) => DecideCommit::issue(config, recipient, plan, &moment),
            Err(error) => refuse(config, &recipient, error),
        }
    }
}

fn page<'a>(client_id: ClientId, reason: AuthorizationRefused) -> Step<Decide<'a>> {
    Step::Done(AuthorizationResponse::page(Some(client_id), reason))
}

/// What of a prompt is granted, as opposed to where the answer goes.
struct Offer {
    scope: Scope,
    resource: Resources,
    redirect_uri_sent: bool,
    code_challenge: Option<CodeChallenge>,
    acr_values: Vec<Acr>,
    max_age: Option<u64>,
}

/// What comes of an approval.
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once")]
enum Accepted {
    Code(Commit, Secret<'static>, Event),
    Token(Arc<Client>, Plan),
}

impl Prompt {
    fn split(self) -> (Recipient, Offer) {
        let Self { client_id, redirect_uri, response_type, state, .. } = self;
        let recipient = Recipient { client_id, redirect_uri, response_type, state };
        let Self { scope, resource, redirect_uri_sent, code_challenge, acr_values, max_age, .. } = self;
        (recipient, Offer { scope, resource, redirect_uri_sent, code_challenge, acr_values, max_age })
    }
}

impl Offer {
    /// RFC 9470 §5: "the authorization server SHOULD consider the requested acr value as necessary for successfully fulfilling the request".
    /// How long ago is too long, the host judged when it showed its pages; here it has to say when it was.
    fn is_authenticated_by(&self, approval: &Approval) -> bool {
        let acr_is_met =
            self.acr_values.is_empty() || approval.acr.as_ref().is_some_and(|acr| self.acr_values.contains(acr));
        acr_is_met && (self.max_age.is_none() || approval.auth_time.is_some())
    }

    fn accept(
        self,
        config: &Config,
        client: Arc<Client>,
        recipient: &Recipient,
        approval: Approval,
        moment: &Moment,
    ) -> Result<Accepted, AuthorizationError> {
        if !self.is_authenticated_by(&approval) {
            return Err(AuthorizationError::UnmetAuthenticationRequirements);
        }
        let offered = self.scope.intersection(&client.scope);
        let scope = approval.scope.as_ref().map_or_else(|| offered.clone(), |scope| offered.intersection(scope));
        // A grant of nothing, of something that was asked for, is a denial.
        if scope.is_empty() && !self.scope.is_empty() {
            return Err(AuthorizationError::AccessDenied);
        }
        // A restriction that was asked for must not turn into none because the configuration changed meanwhile.
        let resource = config.resource(&client, &self.resource);
        let resource = resource.filter(|kept| !kept.is_empty() || self.resource.is_empty());
        let resource = resource.ok_or(AuthorizationError::InvalidTarget)?;
        if recipient.response_type == ResponseType::Token {
            let granted = (scope, resource);
            let subject = Some(approval.subject.clone());
            let mut plan = Plan::open(config, &client, GrantType::Implicit, subject, granted, moment);
            plan.grant = approval.witness(plan.grant);
            // RFC 6749 §4.2.2: "The authorization server MUST NOT issue a refresh token."
            return Ok(Accepted::Token(client, plan));
        }
        let subject = approval.subject.clone();
        let grant = open(&client, GrantType::AuthorizationCode, Some(subject.clone()), scope.clone(), resource, moment);
        let grant = approval.witness(grant);
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
            Err(unavailable) => refuse(config, &recipient, AuthorizationError::Unavailable("issuance", unavailable)),
            Ok(verdict) => match plan.under(verdict) {
                None => refuse(config, &recipient, AuthorizationError::AccessDenied),
                Some(plan) => DecideCommit::issue(config, recipient, plan, &moment),
            },
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
            Err(unavailable) => refuse(config, &recipient, AuthorizationError::Unavailable("commit", unavailable)),
            // An identifier of 128 random bits, or a token of 248, was there before.
            Ok(Outcome::Conflict(_)) => refuse(config, &recipient, AuthorizationError::Collision),
            Ok(Outcome::Applied) => Step::Done(recipient.respond(config, &success, event)),
        }
    }
}
