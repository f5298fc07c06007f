//! Token introspection for a client that asks about its own token: [RFC 7662]. A resource server has [a machine of its
//! own](crate::resource).
//!
//! [RFC 7662]: https://www.rfc-editor.org/rfc/rfc7662

use std::sync::Arc;

use super::Client;
use super::dialect::Dialect;
use super::revoke::TokenTypeHint;
use super::token_set::TokenSet;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Moment, Secret, Timestamp};
use crate::step::{Pause, Step, machine};
use crate::wire::{Introspection, RequestError, introspection_form, introspection_response};

machine! {
    /// The machine that asks about a token.
    Introspect {
        Fetch = IntrospectFetch,
        Reply = Result<Option<Introspection>, RequestError>,
    }
}

impl Client {
    /// Asks about a token. The reply is `None` if the token is not active, whatever the reason: [RFC 7662 §2.2]. No
    /// randomness is drawn from the moment yet; proofs of possession will need it.
    ///
    /// A bare token does not show who issued it, so it is sent to this client's server. [`TokenSet::introspect`] checks
    /// the issuer.
    ///
    /// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
    ///
    /// `run` returns the [`Introspection`], `None` if the token is inactive, or a [`RequestError`].
    pub fn introspect(&self, token: &Secret<'_>, hint: Option<TokenTypeHint>, moment: Moment) -> Step<Introspect> {
        let endpoint = self.server.introspection_endpoint.as_ref();
        let endpoint = endpoint.ok_or(RequestError::NoEndpoint("introspection_endpoint"));
        let methods = self.server.introspection_endpoint_auth_methods_supported.as_ref();
        let form = introspection_form(token, hint.map(TokenTypeHint::as_str));
        match endpoint.and_then(|endpoint| self.post(form, endpoint, methods)) {
            Ok(fetch) => {
                Step::Fetch(IntrospectFetch { fetch, dialect: Arc::clone(&self.dialect), asked_at: moment.now() })
            }
            Err(error) => Step::Done(Err(error)),
        }
    }
}

impl TokenSet {
    /// Asks about the access token, but only at the server that issued it: for another client the reply is
    /// [`RequestError::OtherServer`], and nothing is sent.
    ///
    /// `run` returns the [`Introspection`], `None` if the token is inactive, or a [`RequestError`].
    pub fn introspect(&self, client: &Client, moment: Moment) -> Step<Introspect> {
        if *self.issuer() != client.server.issuer {
            return Step::Done(Err(RequestError::OtherServer));
        }
        client.introspect(self.access_token(), Some(TokenTypeHint::AccessToken), moment)
    }
}

/// Waits for the introspection response.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct IntrospectFetch {
    fetch: Fetch,
    dialect: Arc<Dialect>,
    asked_at: Timestamp,
}

impl Pause<Fetch> for IntrospectFetch {
    type Machine = Introspect;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Introspect> {
        Step::Done(self.dialect.hear(answer, self.asked_at).and_then(introspection_response))
    }
}
