//! The questions to a resource owner: which of them a request needs, and which it can do without.
//!
//! A client asks for a login, for consent, or for no page at all by `prompt`, and for a recent login by `max_age`
//! ([OpenID Connect Core 1.0 §3.1.2.1]). A host that remembers what people allowed compares it here.
//!
//! [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest

use super::error::AuthorizationError;
use super::prompt::Prompt;
use super::recipient::Recipient;
use crate::model::{AuthenticationEvent, GrantType, PromptValue, ResponseType, Timestamp};
use crate::record::{Asked, Grant};

/// A question to the resource owner that comes before an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interaction {
    /// A login: nobody is logged in, or not as recently as the client asks.
    Login,
    /// The choice of an account.
    AccountSelection,
    /// The consent to this request.
    Consent,
    /// Any other, by the host: terms to accept, say.
    Other,
}

impl Interaction {
    /// The error for a client that asked for no page at all: [OpenID Connect Core 1.0 §3.1.2.6].
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.6]: https://openid.net/specs/openid-connect-core-1_0.html#AuthError
    pub(super) fn error(self) -> AuthorizationError {
        match self {
            Self::Login => AuthorizationError::LoginRequired,
            Self::AccountSelection => AuthorizationError::AccountSelectionRequired,
            Self::Consent => AuthorizationError::ConsentRequired,
            Self::Other => AuthorizationError::InteractionRequired,
        }
    }
}

impl Prompt {
    /// True if the client asks for an answer without any page (`prompt=none`). Show none: approve, or refuse with what
    /// would have to be asked ([`needs`](Self::needs), [`refuse`](Self::refuse)).
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.1]: the server "MUST NOT display any authentication or consent user interface
    /// pages".
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    #[must_use]
    pub fn is_silent(&self) -> bool {
        is_silent(&self.asked)
    }

    /// Returns the first question that is still open; `None` if the request can be approved as it is.
    ///
    /// `login` is the login of the person at the browser, if there is one, and `grants` are those of this person that
    /// live, as [`GrantStore::held_grants`](crate::store::GrantStore::held_grants) lists them by
    /// [`GrantsOf::SubjectAndClient`](crate::store::GrantsOf::SubjectAndClient). A host that remembers no consent gives
    /// none. Without a login, nothing is said of the grants, and they need not be read.
    ///
    /// A login after the request came counts as the choice of an account. Authentication context classes are not
    /// looked at: a host that cannot meet them would ask for ever, and the approval is refused.
    #[must_use]
    pub fn needs<'g>(
        &self,
        login: Option<&AuthenticationEvent>,
        grants: impl IntoIterator<Item = &'g Grant>,
    ) -> Option<Interaction> {
        let auth_time = login.and_then(|login| login.auth_time);
        let asks_for = |value| self.asked.prompt.contains(&value);
        if login.is_none() || !is_recent(&self.asked, self.asked_at, auth_time) {
            return Some(Interaction::Login);
        }
        if asks_for(PromptValue::SelectAccount) && auth_time.is_none_or(|at| at < self.asked_at) {
            return Some(Interaction::AccountSelection);
        }
        let is_settled = !asks_for(PromptValue::Consent) && grants.into_iter().any(|grant| self.is_covered_by(grant));
        if is_settled { None } else { Some(Interaction::Consent) }
    }

    /// Tells if a grant covers the request: the same client got at least the scope, the resources and the authorization
    /// details that it asks for now, from a person at a browser, and nobody can pose as this client. The grant has to
    /// be one of this person's, and to live.
    ///
    /// Details are compared by [`AuthorizationDetails::cover`](crate::model::AuthorizationDetails::cover). A host whose
    /// types allow something once, a payment say, does not give the grants of these, or asks each time.
    #[must_use]
    pub fn is_covered_by(&self, grant: &Grant) -> bool {
        let by_a_person = matches!(grant.grant_type, GrantType::AuthorizationCode | GrantType::Implicit);
        by_a_person
            && grant.client_id == self.recipient.client_id
            && self.asked.scope.is_subset(&grant.scope)
            && grant.audience.covers(&self.asked.audience)
            && grant.authorization_details.cover(&self.asked.authorization_details)
            && self.is_proven()
    }

    /// Tells if nobody but the client can use the response. [RFC 6749 §10.2]: "The authorization server SHOULD NOT
    /// process repeated authorization requests automatically [...] without authenticating the client or relying on
    /// other measures to ensure that the repeated request comes from the original client and not an impersonator."
    ///
    /// [RFC 6749 §10.2]: https://www.rfc-editor.org/rfc/rfc6749#section-10.2
    fn is_proven(&self) -> bool {
        let Recipient { redirect_uri, response_type, .. } = &self.recipient;
        // A code is worth nothing without the client's secret; a token is worth something to whoever receives it.
        let redeems_alone = self.is_confidential && *response_type == ResponseType::Code;
        // RFC 8252 §8.6: "unless the identity of the client can be proven, the request SHOULD be processed as if no
        // previous request had been approved. Measures such as claimed "https" scheme redirects MAY be accepted by
        // authorization servers as identity proof."
        redeems_alone || redirect_uri.is_https()
    }
}

/// Tells if the request asks for an answer without any page.
pub(super) fn is_silent(asked: &Asked) -> bool {
    asked.prompt.contains(&PromptValue::None)
}

/// Tells if a login is as recent as the request asks for. [OpenID Connect Core 1.0 §3.1.2.1]: "If the elapsed time is
/// greater than this value, the OP MUST attempt to actively re-authenticate the End-User." "Note that max_age=0 is
/// equivalent to prompt=login."
///
/// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
fn is_recent(asked: &Asked, asked_at: Timestamp, auth_time: Option<Timestamp>) -> bool {
    let by_age = asked.max_age.map(|max_age| Timestamp(asked_at.0.saturating_sub(max_age)));
    let by_prompt = asked.prompt.contains(&PromptValue::Login).then_some(asked_at);
    let earliest = by_age.max(by_prompt);
    earliest.is_none_or(|earliest| auth_time.is_some_and(|at| at >= earliest))
}

/// Checks that the authentication of an approval meets the request.
pub(super) fn meets(
    authentication: &AuthenticationEvent,
    asked: &Asked,
    asked_at: Timestamp,
) -> Result<(), AuthorizationError> {
    let AuthenticationEvent { acr, auth_time, .. } = authentication;
    // RFC 9470 §5: "the authorization server SHOULD consider the requested acr value as necessary for successfully
    // fulfilling the request."
    if !asked.acr_values.is_empty() && acr.as_ref().is_none_or(|acr| !asked.acr_values.contains(acr)) {
        return Err(AuthorizationError::UnmetAuthenticationRequirements);
    }
    if is_recent(asked, asked_at, *auth_time) {
        return Ok(());
    }
    // OpenID Connect Core 1.0 §3.1.2.1: "If it cannot reauthenticate the End-User, it MUST return an error, typically
    // login_required."
    let has_to_log_in = asked.prompt.contains(&PromptValue::Login);
    Err(if has_to_log_in {
        AuthorizationError::LoginRequired
    } else {
        AuthorizationError::UnmetAuthenticationRequirements
    })
}
