//! Token introspection: RFC 7662. For a client that asks about its own token; a resource server has [a machine of its
//! own](crate::resource).

use super::Client;
use super::revoke::TokenTypeHint;
use super::token_set::TokenSet;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Moment, Secret};
use crate::step::{Pause, Step, machine};
use crate::wire::{Introspection, RequestError, ServerAnswer, introspection_request, introspection_response};

machine! {
    /// The machine that asks about a token.
    Introspect {
        Fetch = IntrospectFetch,
        Reply = Result<Option<Introspection>, RequestError>,
    }
}

impl Client {
    /// Asks about a token. The reply is `None` if it is not active, whatever the reason: RFC 7662 §2.2. Nothing is
    /// drawn from the moment yet; a proof of the client's will be.
    ///
    /// Of a token by itself nobody knows who issued it: it goes to this client's server. [`TokenSet::introspect`] sees
    /// to that.
    pub fn introspect(&self, token: &Secret<'_>, hint: Option<TokenTypeHint>, moment: Moment) -> Step<Introspect> {
        drop(moment);
        let endpoint = self.server.introspection_endpoint.as_ref();
        let endpoint = endpoint.ok_or(RequestError::NoEndpoint("introspection_endpoint"));
        let identity = self.identity(self.server.introspection_endpoint_auth_methods_supported.as_ref());
        let hint = hint.map(TokenTypeHint::as_str);
        match endpoint.and_then(|endpoint| introspection_request(endpoint, &identity, token, hint)) {
            Ok(fetch) => Step::Fetch(IntrospectFetch { fetch }),
            Err(error) => Step::Done(Err(error)),
        }
    }
}

impl TokenSet {
    /// Asks about the access token, at the server that issued it and at no other: there, the reply is
    /// [`RequestError::OtherServer`], and nothing is sent.
    pub fn introspect(&self, client: &Client, moment: Moment) -> Step<Introspect> {
        if *self.issuer() != client.server.issuer {
            return Step::Done(Err(RequestError::OtherServer));
        }
        client.introspect(self.access_token(), Some(TokenTypeHint::AccessToken), moment)
    }
}

/// Waits for the server's word on a token.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct IntrospectFetch {
    fetch: Fetch,
}

impl Pause<Fetch> for IntrospectFetch {
    type Machine = Introspect;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Introspect> {
        Step::Done(ServerAnswer::new(answer).and_then(introspection_response))
    }
}
