//! The resource owner's decision, which is the second half of the authorization endpoint: [RFC 6749 §4.1.2], [§4.2.2].
//!
//! Time has passed since the [`Prompt`] was made, and the host has kept it meanwhile. The client, its redirect URI and
//! its permissions are looked up and checked again.
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
//! [§4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2

use std::sync::Arc;

use super::approval::{Approval, granted};
use super::error::{AuthorizationError, AuthorizationPageError};
use super::identify::{AuthorizationClient, AuthorizeFetch, identify};
use super::interaction::{Interaction, meets};
use super::prompt::{Prompt, Pushed};
use super::recipient::Recipient;
use super::request::{choose_redirect_uri, permit};
use super::response::{AuthorizationResponse, Success};
use crate::consult::Issuance;
use crate::effect::{Answer, Effect, Outage, Unavailable};
use crate::model::{ClientId, GrantType, Key, Moment, ResponseType, Timestamp};
use crate::record::{Asked, AuthorizationCode, Client, Credential, CredentialKind, Grant, Version};
use crate::server::issue::{Issued, Plan};
use crate::server::{Config, Server};
use crate::step::{Pause, Step, machine};
use crate::store::{Change, Commit, Found, Lookup, Outcome};

machine! {
    /// The machine that carries out a decision.
    ///
    /// ```text
    /// approve ─▶ Lookup ─▶ [Fetch] ─▶ [Issuance] ─▶ Commit ─▶ redirect with a code, or with an access token
    /// deny    ─▶ Lookup ─▶ [Fetch] ─▶ [Commit] ─▶ redirect with access_denied
    /// refuse  ─▶ Lookup ─▶ [Fetch] ─▶ [Commit] ─▶ redirect with login_required, or another error
    /// ```
    ///
    /// A denial or a refusal needs a commit only if there is a pushed request to spend. The machine draws from its
    /// moment the id of the grant, then the code or the access token.
    AuthorizeDecision<'a> {
        Lookup = AuthorizeDecisionLookup<'a>,
        Issuance = AuthorizeDecisionIssuance<'a>,
        Fetch = AuthorizeFetch<'a, AuthorizeDecided<'a>>,
        Commit = AuthorizeDecisionCommit<'a>,
        Reply = AuthorizationResponse,
    }
}

impl Prompt {
    /// Carries out the resource owner's approval. The response carries a code or, for `response_type=token`, an access
    /// token.
    ///
    /// `run` returns an [`AuthorizationResponse`].
    pub fn approve(self, server: &Server, approval: Approval, moment: Moment) -> Step<AuthorizeDecision<'_>> {
        self.decide(server, Ok(approval), moment)
    }

    /// Carries out the resource owner's denial: `access_denied`.
    ///
    /// `run` returns an [`AuthorizationResponse`].
    pub fn deny(self, server: &Server, moment: Moment) -> Step<AuthorizeDecision<'_>> {
        self.decide(server, Err(AuthorizationError::AccessDenied), moment)
    }

    /// Refuses since the resource owner would have to be asked, which the client does not want (`prompt=none`) or the
    /// host cannot do: `login_required`, `consent_required` and so on. Nobody has decided, but a pushed request is
    /// spent.
    ///
    /// `run` returns an [`AuthorizationResponse`].
    pub fn refuse(self, server: &Server, open: Interaction, moment: Moment) -> Step<AuthorizeDecision<'_>> {
        self.decide(server, Err(open.error()), moment)
    }

    fn decide(
        self,
        server: &Server,
        approval: Result<Approval, AuthorizationError>,
        moment: Moment,
    ) -> Step<AuthorizeDecision<'_>> {
        let lookup = Lookup::of_client(self.recipient.client_id.clone());
        let Self { recipient, asked, asked_at, pushed, .. } = self;
        let decision = Decision { config: &server.config, recipient, pushed, moment };
        let decided = AuthorizeDecided { asked, asked_at, approval, decision };
        Step::Lookup(AuthorizeDecisionLookup { lookup, decided })
    }
}

/// The fields that every state needs.
#[cfg_attr(feature = "explore", derive(Clone))]
struct Decision<'a> {
    config: &'a Config,
    recipient: Recipient,
    /// The pushed request that any decision spends.
    pushed: Option<Pushed>,
    moment: Moment,
}

impl<'a> Decision<'a> {
    fn spend(&self) -> Option<Change> {
        self.pushed.map(|pushed| Change::SpendRequest { key: pushed.key, at: self.moment.now() })
    }

    /// Refuses, and tells the client the reason. This spends a pushed request too.
    fn refuse(self, error: AuthorizationError) -> Step<AuthorizeDecision<'a>> {
        match self.spend() {
            None => Step::Done(self.recipient.refuse(self.config, error)),
            Some(spend) => self.write(Commit::of(spend), Then::Refuse(error)),
        }
    }

    /// Ends in an outage: the outcome is not known.
    fn unavailable<E: Effect>(self, cause: Unavailable) -> Step<AuthorizeDecision<'a>> {
        let error = AuthorizationError::Unavailable(Outage::of::<E>(cause));
        Step::Done(self.recipient.refuse(self.config, error))
    }

    fn write(self, commit: Commit, then: Then) -> Step<AuthorizeDecision<'a>> {
        Step::Commit(AuthorizeDecisionCommit { commit, config: self.config, recipient: self.recipient, then })
    }

    /// Issues a code, and opens its grant with it: [RFC 6749 §4.1.2].
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    fn issue_code(mut self, asked: Asked, grant: Arc<Grant>) -> Step<AuthorizeDecision<'a>> {
        let now = self.moment.now();
        let (code, key) = Key::generate(grant.id.partition(), &self.moment.draw());
        let expires_at = grant.at_most(now.end_of(self.config.authorization.code_lifetime));
        let redirect_uri = self.recipient.redirect_uri_sent.then(|| self.recipient.redirect_uri.clone());
        // RFC 7636 §4.4: "it MUST associate the "code_challenge" and "code_challenge_method" values with the
        // authorization code so it can be verified later".
        let kind = AuthorizationCode { redirect_uri, code_challenge: asked.code_challenge };
        let credential = Credential {
            version: Version,
            revision: 0,
            key,
            grant: grant.id,
            kind: CredentialKind::AuthorizationCode(kind),
            scope: grant.scope.clone(),
            audience: grant.audience.clone(),
            issued_at: now,
            expires_at,
        };
        let open = Change::Open { grant: Arc::clone(&grant), until: expires_at };
        let changes = self.spend().into_iter().chain([open, Change::Issue(Arc::new(credential))]);
        let commit = Commit::in_one_partition(changes.collect());
        self.write(commit, Then::Respond(Success::Code(code), grant))
    }

    /// Issues an access token, and opens its grant with it: [RFC 6749 §4.2.2]. "The authorization server MUST NOT issue
    /// a refresh token."
    ///
    /// [RFC 6749 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
    fn issue_token(mut self, plan: Plan) -> Step<AuthorizeDecision<'a>> {
        let Issued { commit, grant, access_token, expires_in, scope, .. } = plan.issue(self.config, &mut self.moment);
        let success = Success::Token { access_token, expires_in, scope };
        let commit = self.spend().into_iter().fold(commit, Commit::after);
        self.write(commit, Then::Respond(success, grant))
    }
}

/// Waits for the client's record.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeDecisionLookup<'a> {
    lookup: Lookup,
    decided: AuthorizeDecided<'a>,
}

/// A decision whose client is being identified again.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeDecided<'a> {
    asked: Asked,
    asked_at: Timestamp,
    /// The approval, or the error of a denial or refusal.
    approval: Result<Approval, AuthorizationError>,
    decision: Decision<'a>,
}

impl<'a> Pause<Lookup> for AuthorizeDecisionLookup<'a> {
    type Machine = AuthorizeDecision<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<AuthorizeDecision<'a>> {
        let Self { decided, .. } = self;
        identify(decided.decision.config, decided.decision.recipient.client_id.clone(), answer, decided)
    }
}

impl<'a> AuthorizationClient<'a> for AuthorizeDecided<'a> {
    type Machine = AuthorizeDecision<'a>;

    fn identified(self, client: Arc<Client>, _: &Found) -> Step<AuthorizeDecision<'a>> {
        let Self { asked, asked_at, approval, mut decision } = self;
        if let Err(error) = choose_redirect_uri(&client, Some(decision.recipient.redirect_uri.as_str())) {
            return page(decision.recipient.client_id, error);
        }
        let config = decision.config;
        if decision.pushed.is_some_and(|pushed| pushed.expires_at.is_past(decision.moment.now())) {
            return Step::Done(decision.recipient.refuse(config, AuthorizationError::RequestEnded));
        }
        let granted = permit(config, &client, &decision.recipient, asked.code_challenge)
            .and(approval)
            .and_then(|approval| meets(&approval.authentication, &asked, asked_at).map(|()| approval))
            .and_then(|approval| Ok((granted(config, &client, &asked, &approval)?, approval)));
        let (granted, approval) = match granted {
            Ok(granted) => granted,
            Err(error) => return decision.refuse(error),
        };
        // For a pushed request the grant is in the same partition, so that one commit does both.
        let partition = decision.pushed.map(|pushed| pushed.key.partition);
        let open = |grant_type| approval.open(config, &client, grant_type, granted, partition, &mut decision.moment);
        match decision.recipient.response_type {
            ResponseType::Code => {
                let grant = open(GrantType::AuthorizationCode);
                decision.issue_code(asked, grant)
            }
            ResponseType::Token => {
                let grant = open(GrantType::Implicit);
                let plan = Plan::of_new_grant(config, client, grant, decision.moment.now());
                if config.consult_issuance {
                    Step::Issuance(AuthorizeDecisionIssuance { plan, decision })
                } else {
                    decision.issue_token(plan)
                }
            }
        }
    }

    fn unidentified(self, client_id: ClientId, error: AuthorizationPageError) -> Step<AuthorizeDecision<'a>> {
        page(client_id, error)
    }
}

fn page<'a>(client_id: ClientId, error: AuthorizationPageError) -> Step<AuthorizeDecision<'a>> {
    Step::Done(AuthorizationResponse::page(Some(client_id), error))
}

/// Waits for the host's last word on an access token that is about to be issued by redirect.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeDecisionIssuance<'a> {
    plan: Plan,
    decision: Decision<'a>,
}

impl<'a> Pause<Issuance> for AuthorizeDecisionIssuance<'a> {
    type Machine = AuthorizeDecision<'a>;

    fn effect(&self) -> &Issuance {
        &self.plan.issuance
    }

    fn resume(self, answer: Answer<Issuance>) -> Step<AuthorizeDecision<'a>> {
        let Self { plan, decision } = self;
        match answer.map(|verdict| plan.under(verdict)) {
            Err(cause) => decision.unavailable::<Issuance>(cause),
            Ok(None) => decision.refuse(AuthorizationError::AccessDenied),
            Ok(Some(plan)) => decision.issue_token(plan),
        }
    }
}

/// Waits for the outcome of the commit.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeDecisionCommit<'a> {
    commit: Commit,
    config: &'a Config,
    recipient: Recipient,
    then: Then,
}

/// The step after the write.
#[cfg_attr(feature = "explore", derive(Clone))]
enum Then {
    /// Send the code or the token.
    Respond(Success, Arc<Grant>),
    /// Send the refusal.
    Refuse(AuthorizationError),
}

impl<'a> Pause<Commit> for AuthorizeDecisionCommit<'a> {
    type Machine = AuthorizeDecision<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<AuthorizeDecision<'a>> {
        let Self { commit, config, recipient, then } = self;
        let error = match (answer, then) {
            (Ok(Outcome::Applied), Then::Respond(success, grant)) => {
                return Step::Done(recipient.respond(config, success, grant));
            }
            (Ok(Outcome::Applied), Then::Refuse(error)) => error,
            (Ok(Outcome::Conflict(at)), _) => match commit.changes().get(at) {
                // RFC 9126 §4: a pushed request is used once.
                Some(Change::SpendRequest { .. }) => AuthorizationError::RequestEnded,
                // The identifier of 128 random bits, or the token of 248, exists already.
                _ => AuthorizationError::Collision,
            },
            (Err(cause), _) => AuthorizationError::Unavailable(Outage::of::<Commit>(cause)),
        };
        Step::Done(recipient.refuse(config, error))
    }
}
