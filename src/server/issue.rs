//! From a decision to records: what the token endpoint and the implicit response issue, in one commit.

use std::sync::Arc;
use std::time::Duration;

use arrayvec::ArrayVec;
use serde_json::Value;

use super::Config;
use crate::consult::{Issuance, Verdict};
use crate::model::{
    Audience, AuthenticationEvent, Claims, GrantId, GrantType, Key, Moment, Partition, Scope, Secret, Subject,
    Timestamp,
};
use crate::record::{AccessToken, Client, Credential, CredentialKind, Grant, Version};
use crate::store::{Change, Commit};

/// On what grounds tokens are issued: what is written beside them, and what it means if that is refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Basis {
    /// A grant that is opened with them.
    NewGrant,
    /// An authorization code, which is spent. If it was spent meanwhile, the grant is revoked: RFC 6749 §4.1.2: the
    /// server "SHOULD revoke (when possible) all tokens previously issued based on that authorization code."
    Code(Key),
    /// A refresh token that does not rotate, and is not spent.
    RefreshTokenKept,
    /// A refresh token, which is spent. If it was spent meanwhile, and there is a grace, this is a retry; otherwise the
    /// race is lost.
    RefreshTokenRotated { key: Key, grace: Option<Grace> },
    /// A refresh token that was spent before, within its grace.
    RefreshTokenRetried { key: Key, grace: Grace },
}

/// When a spent refresh token was spent, if its use is a retry, and how many retries there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grace {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) at_most: u32,
}

impl Grace {
    /// The change that a retry writes.
    pub(super) fn reuse(self, key: Key) -> Change {
        let Self { since, until, at_most } = self;
        Change::Reuse { key, since, until, at_most }
    }
}

impl Basis {
    /// What pays for the tokens: spends a credential, or demands that it was spent.
    fn payment(self, at: Timestamp) -> Option<Change> {
        match self {
            Self::NewGrant | Self::RefreshTokenKept => None,
            Self::Code(key) | Self::RefreshTokenRotated { key, .. } => Some(Change::Spend { key, at }),
            Self::RefreshTokenRetried { key, grace } => Some(grace.reuse(key)),
        }
    }

    /// Whether the tokens are for a refresh token that had been used before.
    pub(super) fn is_retry(self) -> bool {
        matches!(self, Self::RefreshTokenRetried { .. })
    }
}

/// What is about to be issued, every check made.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Plan {
    /// For whom and what: the question that the host may be asked.
    pub(super) issuance: Issuance,
    pub(super) basis: Basis,
    /// The access token's.
    pub(super) claims: Claims,
    /// The scope of the refresh token, if there is to be one.
    pub(super) refresh_token: Option<Scope>,
    /// Further members of the response.
    pub(super) response_members: Vec<(String, Value)>,
}

/// Tokens in plain text and the commit that makes them good. They go out only once it is applied.
pub(super) struct Issued {
    pub(super) commit: Commit,
    pub(super) grant: Arc<Grant>,
    pub(super) access_token: Secret<'static>,
    pub(super) expires_in: u64,
    pub(super) scope: Scope,
    /// With when it ends.
    pub(super) refresh_token: Option<(Secret<'static>, Timestamp)>,
    pub(super) response_members: Vec<(String, Value)>,
}

impl Plan {
    /// A plan for tokens of this scope and audience. They end with their grant at the latest.
    pub(super) fn new(
        config: &Config,
        (client, grant): (Arc<Client>, Arc<Grant>),
        grant_type: GrantType,
        basis: Basis,
        (scope, audience): (Scope, Audience),
        now: Timestamp,
    ) -> Self {
        let lifetime = config.token.access_token_lifetime;
        let remaining = grant.expires_at.map(|end| Duration::from_secs(end.0.saturating_sub(now.0)));
        let access_token_lifetime = remaining.map_or(lifetime, |remaining| remaining.min(lifetime));
        let issuance = Issuance { client, grant, grant_type, scope, audience, access_token_lifetime };
        Self { issuance, basis, claims: Claims::default(), refresh_token: None, response_members: Vec::new() }
    }

    /// A plan for a grant that is opened with the tokens.
    pub(super) fn of_new_grant(config: &Config, client: Arc<Client>, grant: Arc<Grant>, now: Timestamp) -> Self {
        let grant_type = grant.grant_type.clone();
        let granted = (grant.scope.clone(), grant.audience.clone());
        Self::new(config, (client, grant), grant_type, Basis::NewGrant, granted, now)
    }

    /// The plan under the host's terms, which only narrow; `None` if it refuses, or if nothing is left of the scope or
    /// the lifetime. (A token without a scope would not say that it was narrowed: RFC 6749 §5.1 has no way to write an
    /// empty scope.)
    pub(super) fn under(mut self, verdict: Verdict) -> Option<Self> {
        let Verdict::Issue(terms) = verdict else { return None };
        let issuance = &mut self.issuance;
        if let Some(scope) = terms.scope {
            let kept = issuance.scope.intersection(&scope);
            if kept.is_empty() && !issuance.scope.is_empty() {
                return None;
            }
            issuance.scope = kept;
        }
        if let Some(lifetime) = terms.access_token_lifetime {
            issuance.access_token_lifetime = issuance.access_token_lifetime.min(lifetime);
            if issuance.access_token_lifetime.as_secs() == 0 {
                return None;
            }
        }
        self.claims.extend(terms.claims);
        Some(self)
    }

    /// The tokens, and the commit. Draws the access token, then the refresh token.
    pub(super) fn issue(self, config: &Config, moment: &mut Moment) -> Issued {
        let Self { issuance: Issuance { grant, scope, audience, access_token_lifetime, .. }, .. } = self;
        let (now, partition) = (moment.now(), grant.id.partition());
        let expires_at = now.end_of(access_token_lifetime);
        let credential = |key, kind, scope, audience, expires_at| {
            let (version, revision, issued_at) = (Version, 0, now);
            let grant = grant.id;
            Arc::new(Credential { version, revision, key, grant, kind, scope, audience, issued_at, expires_at })
        };
        let (access_token, key) = Key::generate(partition, &moment.draw());
        let kind = CredentialKind::AccessToken(AccessToken { claims: self.claims });
        let access = credential(key, kind, scope.clone(), audience, expires_at);
        let (mut refresh_token, mut refresh, mut until) = (None, None, expires_at);
        if let Some(scope) = self.refresh_token {
            let (token, key) = Key::generate(partition, &moment.draw());
            let expires_at = grant.at_most(now.end_of(config.token.refresh_token_lifetime));
            refresh_token = Some((token, expires_at));
            let audience = grant.audience.clone();
            refresh = Some(credential(key, CredentialKind::RefreshToken, scope, audience, expires_at));
            until = until.max(expires_at);
        }
        let keep = match self.basis {
            Basis::NewGrant => Change::Open { grant: Arc::clone(&grant), until },
            _ => Change::Extend { grant: grant.id, until, at_most: config.token.max_credentials_per_grant },
        };
        let mut changes = ArrayVec::new();
        changes.extend(self.basis.payment(now));
        changes.extend([keep, Change::Issue(access)]);
        changes.extend(refresh.map(Change::Issue));
        Issued {
            commit: Commit::in_one_partition(changes),
            grant,
            access_token,
            expires_in: expires_at.0.saturating_sub(now.0),
            scope,
            refresh_token,
            response_members: self.response_members,
        }
    }
}

/// What a grant is opened with.
pub(super) struct NewGrant<'a> {
    pub(super) client: &'a Client,
    pub(super) grant_type: GrantType,
    pub(super) subject: Option<Subject>,
    pub(super) scope: Scope,
    pub(super) audience: Audience,
    pub(super) authentication: AuthenticationEvent,
    pub(super) data: Claims,
    /// The partition of the request that the grant grows out of, if it was stored.
    pub(super) partition: Option<Partition>,
}

impl NewGrant<'_> {
    /// The record. Draws its identifier.
    pub(super) fn open(self, config: &Config, moment: &mut Moment) -> Arc<Grant> {
        let Self { client, grant_type, subject, scope, audience, authentication, data, partition } = self;
        let id = GrantId::from_bytes(moment.draw());
        Arc::new(Grant {
            version: Version,
            id: partition.map_or(id, |partition| id.in_partition(partition)),
            client_id: client.client_id.clone(),
            subject,
            grant_type,
            scope,
            audience,
            issued_at: moment.now(),
            expires_at: client.grant_lifetime(config.grant_lifetime).map(|lifetime| moment.now().end_of(lifetime)),
            authentication,
            data,
        })
    }
}
