//! The client credentials grant: RFC 6749 §4.4.

use super::{Context, TokenError};
use crate::model::{GrantType, Scope};
use crate::server::client_auth::Authenticated;
use crate::server::issue::Plan;

/// A client that acts for itself.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Ask {
    pub(super) scope: Option<Scope>,
}

impl Ask {
    pub(super) fn decide(self, context: &Context<'_>, client: &Authenticated) -> Result<Plan, TokenError> {
        // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
        if !client.client().is_confidential() {
            return Err(TokenError::UnauthorizedClient);
        }
        // RFC 6749 §4.4.3: "A refresh token SHOULD NOT be included."
        context.open(client.client(), GrantType::ClientCredentials, None, self.scope)
    }
}
