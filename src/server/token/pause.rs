//! Where the token endpoint's machine waits.

use std::marker::PhantomData;
use std::sync::Arc;

use super::reply::{TokenError, TokenReply, TokenResponse};
use super::{Ask, Context, Token};
use crate::consult::{Extension, Issuance, Owner, Password, Verdict};
use crate::event::Event;
use crate::model::{Client, ClientId, GrantId, Scope};
use crate::server::Config;
use crate::server::client_auth::{Authenticated, ClientError, PresentedIn};
use crate::server::identify::{CheckSecret, Endpoint};
use crate::server::issue::{IfSpent, Issued, Plan};
use crate::step::{Answer, Pause, Step, Unavailable};
use crate::store::{Change, Commit, Found, Outcome};

/// A request whose client is not known yet.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct TokenRequested<'a> {
    pub(super) ask: Ask<'a>,
    pub(super) context: Context<'a>,
}

impl<'a> Endpoint for TokenRequested<'a> {
    type Machine = Token<'a>;

    fn ask_host(pause: CheckSecret<Self>) -> Step<Token<'a>> {
        Step::ClientSecret(pause)
    }

    fn authenticated(self, client: Authenticated, found: &Found) -> Step<Token<'a>> {
        self.context.decide(client, found, self.ask)
    }

    fn refused(self, client_id: ClientId, error: ClientError) -> Step<Token<'a>> {
        self.context.refuse(Some(client_id), error.into())
    }

    fn unavailable(self, client_id: ClientId, effect: &'static str, unavailable: Unavailable) -> Step<Token<'a>> {
        unavailable_at(effect, client_id, unavailable)
    }
}

/// Waits for the host to check a resource owner's password.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct TokenPassword<'a> {
    pub(super) question: Password,
    pub(super) scope: Option<Scope>,
    pub(super) context: Context<'a>,
}

impl<'a> Pause<Password> for TokenPassword<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Password {
        &self.question
    }

    fn resume(self, answer: Result<Owner, Unavailable>) -> Step<Token<'a>> {
        let Self { question: Password { client, .. }, scope, context } = self;
        match answer {
            Err(unavailable) => unavailable_at("password", client.client_id.clone(), unavailable),
            Ok(owner) => match super::password::decide(&context, &client, owner, scope) {
                Ok(plan) => context.consult(client, plan),
                Err(error) => context.refuse(Some(client.client_id.clone()), error),
            },
        }
    }
}

/// Waits for the host to judge an extension grant.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct TokenExtension<'a> {
    pub(super) question: Extension,
    pub(super) scope: Option<Scope>,
    pub(super) context: Context<'a>,
}

impl<'a> Pause<Extension> for TokenExtension<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Extension {
        &self.question
    }

    fn resume(self, answer: Result<Owner, Unavailable>) -> Step<Token<'a>> {
        let Self { question: Extension { client, grant_type, .. }, scope, context } = self;
        match answer {
            Err(unavailable) => unavailable_at("extension", client.client_id.clone(), unavailable),
            Ok(owner) => match super::extension::decide(&context, &client, grant_type, owner, scope) {
                Ok(plan) => context.consult(client, plan),
                Err(error) => context.refuse(Some(client.client_id.clone()), error),
            },
        }
    }
}

/// Waits for the host's word on what is about to be issued.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct TokenIssuance<'a> {
    question: Issuance,
    plan: Plan,
    context: Context<'a>,
}

impl<'a> TokenIssuance<'a> {
    pub(super) fn ask(context: Context<'a>, client: Arc<Client>, plan: Plan) -> Step<Token<'a>> {
        Step::Issuance(Self { question: plan.question(client), plan, context })
    }
}

impl<'a> Pause<Issuance> for TokenIssuance<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Issuance {
        &self.question
    }

    fn resume(self, answer: Result<Verdict, Unavailable>) -> Step<Token<'a>> {
        let Self { plan, context, .. } = self;
        let client_id = plan.grant.client_id.clone();
        match answer {
            Err(unavailable) => unavailable_at("issuance", client_id, unavailable),
            Ok(verdict) => match plan.under(verdict) {
                None => context.refuse(Some(client_id), TokenError::RefusedByHost),
                Some(plan) => TokenCommit::issue(&context, plan),
            },
        }
    }
}

/// Waits for the write.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct TokenCommit<'a> {
    commit: Commit,
    client_id: ClientId,
    then: Then,
    server: PhantomData<&'a Config>,
}

/// What follows a write.
#[cfg_attr(feature = "explore", derive(Clone))]
enum Then {
    /// The tokens go out; if what pays for them was spent meanwhile, see there.
    Issue(TokenResponse, Event, IfSpent),
    /// The refusal goes out.
    Refuse(GrantId, TokenError),
}

impl<'a> TokenCommit<'a> {
    pub(super) fn issue(context: &Context<'a>, plan: Plan) -> Step<Token<'a>> {
        let client_id = plan.grant.client_id.clone();
        let (event, scope, expires_in) = (plan.event(), plan.scope.clone(), plan.access_token_lifetime.as_secs());
        let if_spent = plan.if_spent;
        let Issued { commit, access_token, refresh_token } = plan.issue(context.config, &context.moment);
        let response = TokenResponse { access_token, expires_in, refresh_token, scope };
        Self::wait(commit, client_id, Then::Issue(response, event, if_spent))
    }

    pub(super) fn revoke(client_id: ClientId, grant: GrantId, error: TokenError) -> Step<Token<'a>> {
        Self::wait(Commit::of(Change::Revoke(grant)), client_id, Then::Refuse(grant, error))
    }

    fn wait(commit: Commit, client_id: ClientId, then: Then) -> Step<Token<'a>> {
        Step::Commit(Self { commit, client_id, then, server: PhantomData })
    }

    fn refused(self, at: usize) -> Step<Token<'a>> {
        let Self { commit, client_id, then, .. } = self;
        match (commit.changes().get(at), then) {
            (Some(Change::Spend { .. }), Then::Issue(_, _, IfSpent::Revoke(grant))) => {
                Self::revoke(client_id, grant, TokenError::CodeReplayed)
            }
            (Some(Change::Spend { .. }), Then::Issue(response, mut event, IfSpent::IssueIfSince(since))) => {
                if let Event::Issued { within_grace, .. } = &mut event {
                    *within_grace = true;
                }
                let changes = commit.changes().iter().map(|change| match change {
                    Change::Spend { key, .. } => Change::SpentSince { key: *key, since },
                    other => other.clone(),
                });
                let commit = Commit::in_one_partition(changes.collect());
                let then = Then::Issue(response, event, IfSpent::Refuse);
                Self::wait(commit, client_id, then)
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

impl<'a> Pause<Commit> for TokenCommit<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Token<'a>> {
        match answer {
            Err(unavailable) => unavailable_at("commit", self.client_id, unavailable),
            Ok(Outcome::Conflict(at)) => self.refused(at),
            Ok(Outcome::Applied) => Step::Done(match self.then {
                Then::Issue(response, event, _) => TokenReply::issued(response, event),
                Then::Refuse(grant, error) => TokenReply::replayed(self.client_id, grant, error),
            }),
        }
    }
}

fn unavailable_at<'a>(effect: &'static str, client_id: ClientId, unavailable: Unavailable) -> Step<Token<'a>> {
    Step::Done(TokenReply::unavailable(effect, Some(client_id), unavailable))
}
