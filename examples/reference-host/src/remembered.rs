//! Consent that is remembered: what a person has allowed a client, and has not ended.
//!
//! grantor compares (`Prompt::needs`): nothing is remembered for a client that anybody may pose as (RFC 8252 §8.6).

use std::sync::atomic::Ordering;

use grantor::model::AuthenticationEvent;
use grantor::server::{Interaction, Prompt};
use grantor::store::{AsyncGrantStore as _, GrantsOf};
use grantor::{Timestamp, Unavailable};

use crate::details;
use crate::session::Login;
use crate::web::App;

/// The most grants of a person to a client that are looked at.
const MAX_GRANTS: usize = 256;

/// The answer to a request for which no page is shown.
#[derive(Debug)]
pub(crate) enum Unasked {
    /// All that the request asks for is approved, for the person of this login.
    Approve(Login),
    /// The client wants no page (`prompt=none`), and would need one for this.
    Refuse(Interaction),
}

/// Returns the answer to a request for which no page is shown; `None` if the person is asked. A request with
/// `prompt=none` (OpenID Connect Core 1.0 §3.1.2.1) always has one, any other if the configuration has consent
/// remembered and nothing is left to ask. Nobody who is not logged in learns whether somebody has allowed it.
///
/// # Errors
/// The store cannot answer.
pub(crate) async fn unasked(
    app: &App,
    login: Option<&Login>,
    prompt: &Prompt,
    now: Timestamp,
) -> Result<Option<Unasked>, Unavailable> {
    let is_silent = prompt.is_silent();
    if !is_silent && !app.remembered_consent.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let mut grants = Vec::new();
    if let Some(login) = login.filter(|_| details::may_be_remembered(&prompt.asked.authorization_details)) {
        let theirs = GrantsOf::SubjectAndClient(login.user.subject.clone(), prompt.recipient.client_id.clone());
        grants = app.host.store.held_grants_async(&theirs, None, MAX_GRANTS, now).await?;
    }
    let authentication = login.map(|login| AuthenticationEvent::at(login.at));
    Ok(match (login, prompt.needs(authentication.as_ref(), grants.iter().map(|held| &*held.grant))) {
        (Some(login), None) => Some(Unasked::Approve(login.clone())),
        (_, open) => is_silent.then(|| Unasked::Refuse(open.unwrap_or(Interaction::Login))),
    })
}
