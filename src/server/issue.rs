//! The issuing of tokens: turns a decision into records, in one commit, for the token endpoint and the implicit
//! response.

use std::sync::Arc;
use std::time::Duration;

use arrayvec::ArrayVec;
use serde_json::Value;

use super::Config;
use super::scope::Granted;
use crate::consult::{Issuance, Verdict};
use crate::model::{
    AuthenticationEvent, AuthorizationDetails, Claims, GrantId, GrantType, Key, Moment, Partition, Scope, Secret,
    Subject, Timestamp,
};
use crate::record::{AccessToken, Client, Credential, CredentialKind, Grant, Version};
use crate::store::{Change, Commit};

/// The basis on which tokens are issued: the change that is written beside them, and the meaning of a conflict.
#[derive(Clone, Copy, Debug)]
pub(super) enum Basis {
    /// A new grant, which is opened with the tokens.
    NewGrant,
    /// An authorization code, which is spent. If it was spent meanwhile, the grant is revoked. [RFC 6749 §4.1.2]: the
    /// server "SHOULD revoke (when possible) all tokens previously issued based on that authorization code."
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    Code(Key),
    /// The code of a device that was approved, which is spent, and replayed, as an authorization code is.
    DeviceCode(Key),
    /// A refresh token that does not rotate, and is not spent.
    RefreshTokenKept,
    /// A refresh token, which is spent. If it was spent meanwhile, the request is a retry within the grace period, or
    /// else a lost race.
    RefreshTokenRotated { key: Key, grace: Option<Grace> },
    /// A refresh token that was spent before, within its grace period.
    RefreshTokenRetried { key: Key, grace: Grace },
}

/// The limits for the retry of a spent refresh token: the earliest time of its first use, and the number of retries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grace {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) at_most: u32,
}

impl Grace {
    /// Returns the change that a retry writes.
    pub(super) fn reuse(self, key: Key) -> Change {
        let Self { since, until, at_most } = self;
        Change::Reuse { key, since, until, at_most }
    }
}

impl Basis {
    /// Returns the change that pays for the tokens: it spends a credential, or demands that it was spent.
    fn payment(self, at: Timestamp) -> Option<Change> {
        match self {
            Self::NewGrant | Self::RefreshTokenKept => None,
            Self::Code(key) | Self::DeviceCode(key) | Self::RefreshTokenRotated { key, .. } => {
                Some(Change::Spend { key, at })
            }
            Self::RefreshTokenRetried { key, grace } => Some(grace.reuse(key)),
        }
    }

    /// Tells if the refresh token had been used before.
    pub(super) fn is_retry(self) -> bool {
        matches!(self, Self::RefreshTokenRetried { .. })
    }
}

/// The tokens to be issued, after every check.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Plan {
    /// The client, grant, scope and audience, as the host may be asked about them.
    pub(super) issuance: Issuance,
    pub(super) basis: Basis,
    /// The claims of the access token.
    pub(super) claims: Claims,
    /// The scope of the refresh token, if there will be one.
    pub(super) refresh_token: Option<Scope>,
    /// Further members of the response.
    pub(super) response_members: Vec<(String, Value)>,
}

/// Tokens in plain text, and the commit that makes them valid. They are sent only after it is applied.
pub(super) struct Issued {
    pub(super) commit: Commit,
    pub(super) grant: Arc<Grant>,
    pub(super) access_token: Secret<'static>,
    pub(super) expires_in: u64,
    pub(super) scope: Scope,
    pub(super) authorization_details: AuthorizationDetails,
    /// The refresh token with its expiry.
    pub(super) refresh_token: Option<(Secret<'static>, Timestamp)>,
    pub(super) response_members: Vec<(String, Value)>,
}

impl Plan {
    /// Creates a plan for tokens on these terms. They expire with their grant at the latest.
    pub(super) fn new(
        config: &Config,
        (client, grant): (Arc<Client>, Arc<Grant>),
        grant_type: GrantType,
        basis: Basis,
        granted: Granted,
        now: Timestamp,
    ) -> Self {
        let lifetime = config.token.access_token_lifetime;
        let remaining = grant.expires_at.map(|end| Duration::from_secs(end.0.saturating_sub(now.0)));
        let access_token_lifetime = remaining.map_or(lifetime, |remaining| remaining.min(lifetime));
        let Granted { scope, audience, authorization_details } = granted;
        let issuance =
            Issuance { client, grant, grant_type, scope, audience, authorization_details, access_token_lifetime };
        Self { issuance, basis, claims: Claims::default(), refresh_token: None, response_members: Vec::new() }
    }

    /// Creates a plan for a grant that is opened with the tokens.
    pub(super) fn of_new_grant(config: &Config, client: Arc<Client>, grant: Arc<Grant>, now: Timestamp) -> Self {
        let grant_type = grant.grant_type.clone();
        let authorization_details = config.details_at(&grant.authorization_details, grant.audience.resources());
        let granted = Granted { scope: grant.scope.clone(), audience: grant.audience.clone(), authorization_details };
        Self::new(config, (client, grant), grant_type, Basis::NewGrant, granted, now)
    }

    /// Applies the host's terms, which only narrow. Returns `None` if the host refuses, or if no scope or lifetime
    /// remains. (A token without a scope could not tell that it was narrowed, since [RFC 6749 §5.1] has no way to write
    /// an empty scope.)
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
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

    /// Makes the tokens and the commit. Draws the access token, then the refresh token.
    pub(super) fn issue(self, config: &Config, moment: &mut Moment) -> Issued {
        let Issuance { grant, scope, audience, authorization_details, access_token_lifetime, .. } = self.issuance;
        let (now, partition) = (moment.now(), grant.id.partition());
        let expires_at = now.end_of(access_token_lifetime);
        let credential = |key, kind, scope, audience, expires_at| {
            let (version, revision, issued_at) = (Version, 0, now);
            let grant = grant.id;
            Arc::new(Credential { version, revision, key, grant, kind, scope, audience, issued_at, expires_at })
        };
        let (access_token, key) = Key::generate(partition, &moment.draw());
        let details = authorization_details.clone();
        let kind = CredentialKind::AccessToken(AccessToken { claims: self.claims, authorization_details: details });
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
            authorization_details,
            refresh_token,
            response_members: self.response_members,
        }
    }
}

/// The content of a new grant.
pub(super) struct NewGrant<'a> {
    pub(super) client: &'a Client,
    pub(super) grant_type: GrantType,
    pub(super) subject: Option<Subject>,
    pub(super) granted: Granted,
    pub(super) authentication: AuthenticationEvent,
    pub(super) data: Claims,
    /// The partition of the stored request that led to the grant, if any.
    pub(super) partition: Option<Partition>,
}

impl NewGrant<'_> {
    /// Makes the record, and draws its identifier.
    pub(super) fn open(self, config: &Config, moment: &mut Moment) -> Arc<Grant> {
        let Self { client, grant_type, subject, granted, authentication, data, partition } = self;
        let Granted { scope, audience, authorization_details } = granted;
        let id = GrantId::from_bytes(moment.draw());
        Arc::new(Grant {
            version: Version,
            id: partition.map_or(id, |partition| id.in_partition(partition)),
            client_id: client.client_id.clone(),
            subject,
            grant_type,
            scope,
            audience,
            authorization_details,
            issued_at: moment.now(),
            expires_at: client.grant_lifetime(config.grant_lifetime).map(|lifetime| moment.now().end_of(lifetime)),
            authentication,
            data,
        })
    }
}
