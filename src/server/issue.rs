//! From a decision to records: what the token endpoint and the implicit response issue, in one commit.

use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::consult::{Issuance, Verdict};
use crate::event::Event;
use crate::model::{
    Claims, Client, Credential, CredentialKind, Grant, GrantId, GrantType, Key, Moment, Resources, Scope, Secret,
    Subject, Timestamp, Version,
};
use crate::store::{Change, Commit};

/// What it means that the credential was unspent at the lookup and spent at the commit: another request won a race.
#[derive(Clone, Copy)]
pub(super) enum IfSpent {
    /// An authorization code is used twice: RFC 6749 §4.1.2: the server "SHOULD revoke (when possible) all tokens previously
    /// issued based on that authorization code."
    Revoke(GrantId),
    /// A refresh token without grace: the loser gets nothing, the winner keeps everything.
    Refuse,
    /// A refresh token with grace: if it was spent since then, the loser is within it, and gets tokens of its own.
    IssueIfSince(Timestamp),
}

/// What is about to be issued, every check made.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Plan {
    pub(super) grant_type: GrantType,
    /// The grant that the tokens stand for.
    pub(super) grant: Arc<Grant>,
    /// Whether it is opened here.
    pub(super) opens: bool,
    /// What spends the credential that pays for the tokens, or says that it was spent.
    pub(super) payment: Option<Change>,
    pub(super) if_spent: IfSpent,
    /// Whether a spent refresh token pays for them, within its grace.
    pub(super) within_grace: bool,
    /// The access token's.
    pub(super) scope: Scope,
    /// The access token's.
    pub(super) resource: Resources,
    pub(super) access_token_lifetime: Duration,
    pub(super) claims: Claims,
    /// The scope of the refresh token, if there is to be one.
    pub(super) refresh: Option<Scope>,
}

/// Tokens in plain text and the commit that makes them good. They go out only once it is applied.
pub(super) struct Issued {
    pub(super) commit: Commit,
    pub(super) access_token: Secret<'static>,
    pub(super) refresh_token: Option<Secret<'static>>,
}

impl Plan {
    /// A plan for a grant that is opened with the tokens.
    pub(super) fn open(
        config: &Config,
        client: &Client,
        grant_type: GrantType,
        subject: Option<Subject>,
        (scope, resource): (Scope, Resources),
        moment: &Moment,
    ) -> Self {
        let grant = open(client, grant_type, subject, scope, resource, moment);
        Self {
            grant_type: grant.grant_type.clone(),
            opens: true,
            payment: None,
            if_spent: IfSpent::Refuse,
            within_grace: false,
            scope: grant.scope.clone(),
            resource: grant.resource.clone(),
            access_token_lifetime: config.access_token_lifetime,
            claims: Claims::new(),
            refresh: None,
            grant,
        }
    }

    /// What the host is asked.
    pub(super) fn question(&self, client: Arc<Client>) -> Issuance {
        Issuance {
            client,
            grant_type: self.grant_type.clone(),
            subject: self.grant.subject.clone(),
            scope: self.scope.clone(),
            resource: self.resource.clone(),
            access_token_lifetime: self.access_token_lifetime,
        }
    }

    /// The plan under the host's terms, which only narrow; none if it refuses, or if nothing is left of the scope or the lifetime. (A token
    /// without a scope would not say that it was narrowed: RFC 6749 §5.1 has no way to write an empty scope.)
    pub(super) fn under(mut self, verdict: Verdict) -> Option<Self> {
        let Verdict::Issue(terms) = verdict else { return None };
        if let Some(scope) = terms.scope {
            let kept = self.scope.intersection(&scope);
            if kept.is_empty() && !self.scope.is_empty() {
                return None;
            }
            self.scope = kept;
        }
        if let Some(lifetime) = terms.access_token_lifetime {
            self.access_token_lifetime = self.access_token_lifetime.min(lifetime);
            if self.access_token_lifetime.as_secs() == 0 {
                return None;
            }
        }
        self.claims = terms.claims;
        Some(self)
    }

    /// What the audit log will say.
    pub(super) fn event(&self) -> Event {
        Event::Issued {
            client_id: self.grant.client_id.clone(),
            grant_type: self.grant_type.clone(),
            grant: self.grant.id,
            subject: self.grant.subject.clone(),
            scope: self.scope.clone(),
            refresh_token: self.refresh.is_some(),
            within_grace: self.within_grace,
        }
    }

    /// The tokens, and the commit.
    pub(super) fn issue(self, config: &Config, moment: &Moment) -> Issued {
        let now = moment.now();
        let grant = self.grant.id;
        let expires_at = now.after(self.access_token_lifetime);
        let credential = |key, kind, scope, resource, expires_at| {
            let (version, revision, issued_at) = (Version, 0, now);
            Arc::new(Credential { version, revision, key, grant, kind, scope, resource, issued_at, expires_at })
        };
        let (access_token, key) = Key::generate(grant.partition(), &moment.entropy().first);
        let kind = CredentialKind::AccessToken { claims: self.claims };
        let access = credential(key, kind, self.scope, self.resource, expires_at);
        let (mut refresh_token, mut refresh, mut until) = (None, None, expires_at);
        if let Some(scope) = self.refresh {
            let (token, key) = Key::generate(grant.partition(), &moment.entropy().second);
            let expires_at = now.after(config.refresh_token_lifetime);
            let resource = self.grant.resource.clone();
            refresh_token = Some(token);
            refresh = Some(credential(key, CredentialKind::RefreshToken, scope, resource, expires_at));
            until = until.max(expires_at);
        }
        let keep = match self.opens {
            true => Change::Open { grant: self.grant, until },
            false => Change::Extend { grant, until },
        };
        let issue = [keep, Change::Issue(access)].into_iter().chain(refresh.map(Change::Issue));
        let changes = self.payment.into_iter().chain(issue).collect();
        Issued { commit: Commit::in_one_partition(changes), access_token, refresh_token }
    }
}

/// A new grant.
pub(super) fn open(
    client: &Client,
    grant_type: GrantType,
    subject: Option<Subject>,
    scope: Scope,
    resource: Resources,
    moment: &Moment,
) -> Arc<Grant> {
    Arc::new(Grant {
        version: Version,
        id: GrantId::from_bytes(moment.entropy().grant),
        client_id: client.client_id.clone(),
        subject,
        grant_type,
        scope,
        resource,
        issued_at: moment.now(),
        auth_time: None,
        acr: None,
    })
}

/// An authorization code for a grant that is opened with it: RFC 6749 §4.1.2.
pub(super) fn issue_code(
    grant: Arc<Grant>,
    kind: CredentialKind,
    expires_at: Timestamp,
    moment: &Moment,
) -> (Commit, Secret<'static>) {
    let (code, key) = Key::generate(grant.id.partition(), &moment.entropy().first);
    let credential = Credential {
        version: Version,
        revision: 0,
        key,
        grant: grant.id,
        kind,
        scope: grant.scope.clone(),
        resource: grant.resource.clone(),
        issued_at: moment.now(),
        expires_at,
    };
    let changes = [Change::Open { grant, until: expires_at }, Change::Issue(Arc::new(credential))];
    (Commit::in_one_partition(changes.into_iter().collect()), code)
}
