//! Refreshing an access token: [RFC 6749 §6], [RFC 9700 §4.14].
//!
//! [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
//! [RFC 9700 §4.14]: https://www.rfc-editor.org/rfc/rfc9700#section-4.14

use std::sync::Arc;

use super::config::Rotation;
use super::request::{NONE, Parameters};
use super::{Presents, Refused, Rules, TokenEndpoint, TokenError};
use crate::model::GrantType;
use crate::record::{Client, CredentialKind};
use crate::server::issue::{Basis, Plan};
use crate::store::Found;

pub(super) const RULES: &Rules = &Rules {
    presents: Presents::Credential("refresh_token"),
    parameters: [NONE, NONE],
    check: |endpoint, client, found| endpoint.decide(client, found, check),
};

/// Checks the refresh token. [RFC 6749 §6]: "The authorization server MUST [...] authenticate the client if client
/// authentication is included and ensure that the refresh token was issued to the authenticated client, and [...]
/// validate the refresh token."
///
/// [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
fn check(endpoint: &TokenEndpoint<'_>, client: Arc<Client>, found: &Found) -> Result<Plan, Refused> {
    let (config, now) = (endpoint.config, endpoint.moment.now());
    let Parameters { presented, scope, .. } = &endpoint.parameters;
    let scope = scope.as_deref().map(|scope| config.parse_scope(scope)).transpose();
    let scope = scope.map_err(|_| TokenError::InvalidScope)?;

    let presented = presented.and_then(|key| found.credential(key)).ok_or(TokenError::RefreshTokenUnknown)?;
    let (token, grant) = (&*presented.credential, &presented.grant);
    if !matches!(token.kind, CredentialKind::RefreshToken) {
        return Err(TokenError::RefreshTokenUnknown.into());
    }
    if grant.client_id != client.client_id {
        return Err(TokenError::RefreshTokenOfAnotherClient.into());
    }
    if presented.revoked {
        return Err(TokenError::RefreshTokenRevoked.into());
    }

    // RFC 9700 §4.14.2: "The authorization server cannot determine which party submitted the invalid refresh token, but
    // it will revoke the active refresh token." Within the grace period, a second use is a retry or the loser of a
    // race.
    let (key, rotation) = (token.key, config.token.rotation(&client, now));
    let basis = match (rotation, presented.spent_at) {
        (Rotation::Off, None) => Basis::RefreshTokenKept,
        (Rotation::On { grace }, None) => Basis::RefreshTokenRotated { key, grace },
        // The request came before the token was spent, and was slow, or its clock is behind and cannot tell how long
        // ago that was. Nothing is revoked for it.
        (_, Some(spent_at)) if now < spent_at => return Err(TokenError::RaceLost.into()),
        (Rotation::On { grace: Some(grace) }, Some(spent_at)) if grace.since <= spent_at => {
            Basis::RefreshTokenRetried { key, grace }
        }
        (_, Some(_)) => return Err(Refused::replayed(presented, TokenError::RefreshTokenReplayed)),
    };
    if token.expires_at.is_past(now) {
        return Err(TokenError::RefreshTokenExpired.into());
    }

    // RFC 9700 §4.14.2: "refresh tokens MUST be bound to the scope and resource servers as consented by the resource
    // owner". RFC 6749 §6: "The requested scope MUST NOT include any scope not originally granted by the resource
    // owner, and if omitted is treated as equal to the scope originally granted".
    let held = (&token.scope, &token.audience, &grant.authorization_details);
    let granted = config.within(&client, held, scope, &endpoint.parameters.requested())?;

    let holder = (client, Arc::clone(grant));
    let plan = Plan::new(config, holder, GrantType::RefreshToken, basis, granted, now);
    // RFC 6749 §6: "If a new refresh token is issued, the refresh token scope MUST be identical to that of the refresh
    // token included by the client in the request."
    let refresh_token = matches!(rotation, Rotation::On { .. }).then(|| token.scope.clone());
    Ok(Plan { refresh_token, ..plan })
}
