//! The client credentials grant: [RFC 6749 §4.4].
//!
//! [RFC 6749 §4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4

use super::request::NONE;
use super::{Opened, Presents, Rules, TokenError};

pub(super) const RULES: &Rules = &Rules {
    presents: Presents::Nothing,
    parameters: [NONE, NONE],
    check: |mut endpoint, client, _| {
        let client = client.into_client();
        let client_id = client.client_id.clone();
        // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
        let plan = if client.is_confidential() {
            // RFC 6749 §4.4.3: "A refresh token SHOULD NOT be included."
            endpoint.open(client, Opened::default())
        } else {
            Err(TokenError::UnauthorizedClient)
        };
        endpoint.conclude(client_id, plan.map_err(Into::into))
    },
};
