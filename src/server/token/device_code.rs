//! The device access token request: [RFC 8628 §3.4], [§3.5].
//!
//! The device polls. A poll that comes before the decision writes its time in the request, so that every host knows it.
//! An approval has issued a code under the key of the device code; from then on the device code is spent, and replayed,
//! as an authorization code is.
//!
//! [RFC 8628 §3.4]: https://www.rfc-editor.org/rfc/rfc8628#section-3.4
//! [§3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5

use std::sync::Arc;

use super::commit::TokenCommit;
use super::request::{NONE, Parameters};
use super::{Presents, Refused, Rules, Token, TokenEndpoint, TokenError};
use crate::model::{GrantType, Timestamp};
use crate::record::{Client, CredentialKind, DeviceRequest, PendingKind, PendingRequest};
use crate::server::client_auth::Authenticated;
use crate::server::issue::{Basis, Plan};
use crate::step::Step;
use crate::store::{Found, Presented, RequestKey};

pub(super) const RULES: &Rules =
    &Rules { presents: Presents::Request("device_code"), parameters: [NONE, NONE], check: answer };

/// The seconds that `slow_down` adds.
const SLOWER: u64 = 5;

/// Answers a poll: with the tokens, if the person has approved, or else by what the request says.
fn answer<'a>(endpoint: TokenEndpoint<'a>, client: Authenticated, found: &Found) -> Step<Token<'a>> {
    let key = endpoint.parameters.presented;
    if let Some(approved) = key.and_then(|key| found.credential(key)) {
        let client_id = client.client().client_id.clone();
        let decided = approve(&endpoint, client.into_client(), approved);
        return endpoint.conclude(client_id, decided);
    }
    let client_id = client.client().client_id.clone();
    match poll(&endpoint, client.client(), found) {
        Err(error) => endpoint.refuse(client_id, error),
        Ok((None, error)) => endpoint.refuse(client_id, error),
        Ok((Some(polled), error)) => TokenCommit::poll(endpoint.reader, polled, error),
    }
}

/// Checks an approved code, in the order of the authorization code's rules, and only then for an earlier use, so that
/// an invalid replay changes nothing.
fn approve(endpoint: &TokenEndpoint<'_>, client: Arc<Client>, presented: &Presented) -> Result<Plan, Refused> {
    let now = endpoint.moment.now();
    let (credential, grant) = (&*presented.credential, &presented.grant);
    let is_code = matches!(credential.kind, CredentialKind::AuthorizationCode(_));
    // A code that came by redirect is bound to more than this request shows.
    if !is_code || grant.grant_type != GrantType::DeviceCode {
        return Err(TokenError::DeviceCodeUnknown.into());
    }
    if grant.client_id != client.client_id {
        return Err(TokenError::DeviceCodeOfAnotherClient.into());
    }
    if presented.spent_at.is_some() {
        return Err(Refused::replayed(presented, TokenError::DeviceCodeReplayed));
    }
    if presented.revoked {
        return Err(TokenError::DeviceCodeRevoked.into());
    }
    if credential.expires_at.is_past(now) {
        return Err(TokenError::DeviceCodeExpired.into());
    }
    let config = endpoint.config;
    let held = (&grant.scope, &grant.audience, &grant.authorization_details);
    let granted = config.within(&client, held, None, &endpoint.parameters.requested())?;
    let refresh_token = endpoint.refresh_token(&client, &grant.scope);
    let holder = (client, Arc::clone(grant));
    let plan = Plan::new(config, holder, GrantType::DeviceCode, Basis::DeviceCode(credential.key), granted, now);
    Ok(Plan { refresh_token, ..plan })
}

/// Checks a code that nobody has approved. Returns the error to answer with and, if the poll counts, the request with
/// the time of it.
fn poll(
    endpoint: &TokenEndpoint<'_>,
    client: &Client,
    found: &Found,
) -> Result<(Option<PendingRequest>, TokenError), TokenError> {
    let now = endpoint.moment.now();
    let Parameters { presented, .. } = &endpoint.parameters;
    let presented = presented.and_then(|key| found.request(RequestKey::Key(key)));
    let presented = presented.ok_or(TokenError::DeviceCodeUnknown)?;
    let request = &*presented.request;
    let PendingKind::Device(device) = &request.kind else { return Err(TokenError::DeviceCodeUnknown) };
    if request.client_id != client.client_id {
        return Err(TokenError::DeviceCodeOfAnotherClient);
    }
    // RFC 8628 §3.5: "The authorization request was denied."
    if device.denied {
        return Err(TokenError::DeviceDenied);
    }
    // RFC 8628 §3.5: "The "device_code" has expired, and the device authorization session has concluded."
    if request.expires_at.is_past(now) {
        return Err(TokenError::DeviceCodeExpired);
    }
    // Approved, by a commit that the store read one half of. The device polls again and finds the other.
    if presented.spent_at.is_some() {
        return Ok((None, TokenError::AuthorizationPending));
    }
    let is_early = is_early(device, now);
    // RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests."
    let interval = if is_early { device.interval.saturating_add(SLOWER) } else { device.interval };
    let kind = PendingKind::Device(DeviceRequest { interval, polled_at: Some(now), ..device.clone() });
    let error = if is_early { TokenError::SlowDown } else { TokenError::AuthorizationPending };
    Ok((Some(PendingRequest { kind, ..request.next() }), error))
}

/// Tells if less than the interval has passed since the last poll. [RFC 8628 §3.5]: "Before each new request, the
/// client MUST wait at least the number of seconds specified by the "interval" parameter". A clock that is behind the
/// last poll's cannot tell, and nobody is slowed down for it.
///
/// [RFC 8628 §3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
fn is_early(device: &DeviceRequest, now: Timestamp) -> bool {
    device.polled_at.is_some_and(|at| at <= now && now.0.saturating_sub(at.0) < device.interval)
}
