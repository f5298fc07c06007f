//! Refreshing an access token: RFC 6749 §6, RFC 9700 §4.14.

use std::sync::Arc;
use std::time::Duration;

use super::{Context, Refused, TokenError};
use crate::model::{Claims, CredentialKind, GrantType, Key, Scope, Timestamp};
use crate::server::client_auth::Authenticated;
use crate::server::issue::{IfSpent, Plan};
use crate::store::{Change, Found};

/// A refresh token to be used.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Ask {
    pub(super) key: Option<Key>,
    pub(super) scope: Option<Scope>,
}

impl Ask {
    /// RFC 6749 §6: "The authorization server MUST [...] authenticate the client if client authentication is included and
    /// ensure that the refresh token was issued to the authenticated client, and [...] validate the refresh token."
    pub(super) fn decide(self, context: &Context<'_>, client: &Authenticated, found: &Found) -> Result<Plan, Refused> {
        let presented = self.key.and_then(|key| found.credential(key)).ok_or(TokenError::RefreshTokenUnknown)?;
        let (token, grant) = (&*presented.credential, &presented.grant);
        if !matches!(token.kind, CredentialKind::RefreshToken) {
            return Err(TokenError::RefreshTokenUnknown.into());
        }
        if grant.client_id != client.client().client_id {
            return Err(TokenError::RefreshTokenOfAnotherClient.into());
        }
        if presented.revoked {
            return Err(TokenError::GrantRevoked.into());
        }

        let now = context.moment.now();
        let rotation = context.config.refresh.rotation(client.client());
        // RFC 9700 §4.14.2: "the authorization server cannot determine which party submitted the invalid refresh token, but
        // it will revoke the active refresh token." Within the grace, a second use is a retry or the loser of a race.
        let key = token.key;
        let (payment, if_spent) = match (rotation.map(|grace| earliest(grace, now)), presented.spent_at) {
            (None, None) => (None, IfSpent::Refuse),
            (Some(None), None) => (Some(Change::Spend { key, at: now }), IfSpent::Refuse),
            (Some(Some(since)), None) => (Some(Change::Spend { key, at: now }), IfSpent::IssueIfSince(since)),
            (Some(Some(since)), Some(spent_at)) if since <= spent_at => {
                (Some(Change::SpentSince { key, since }), IfSpent::Refuse)
            }
            // It came before the token was spent, and was slow: it lost a race.
            (Some(None), Some(spent_at)) if now < spent_at => return Err(TokenError::RaceLost.into()),
            (_, Some(_)) => return Err(Refused::Revoking(grant.id, TokenError::RefreshTokenReplayed)),
        };
        if token.expires_at.is_past(now) {
            return Err(TokenError::RefreshTokenExpired.into());
        }

        // RFC 6749 §6: "The requested scope MUST NOT include any scope not originally granted by the resource owner, and if
        // omitted is treated as equal to the scope originally granted".
        let scope = self.scope.unwrap_or_else(|| token.scope.clone());
        if !scope.is_subset(&token.scope) {
            return Err(TokenError::InvalidScope.into());
        }

        Ok(Plan {
            grant_type: GrantType::RefreshToken,
            grant: Arc::clone(grant),
            opens: false,
            within_grace: presented.spent_at.is_some(),
            payment,
            if_spent,
            scope,
            resource: context.granted_resource(client.client(), &token.resource)?,
            access_token_lifetime: context.config.access_token_lifetime,
            claims: Claims::new(),
            // RFC 6749 §6: "If a new refresh token is issued, the refresh token scope MUST be identical to that of the refresh
            // token included by the client in the request."
            refresh: rotation.map(|_| token.scope.clone()),
        })
    }
}

/// When a token that may be used a second time now was first used at the earliest; none if there is no grace.
fn earliest(grace: Duration, now: Timestamp) -> Option<Timestamp> {
    let seconds = grace.as_secs().checked_sub(1)?;
    Some(Timestamp(now.0.saturating_sub(seconds)))
}
