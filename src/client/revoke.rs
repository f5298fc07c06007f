//! Token revocation: [RFC 7009 §2].
//!
//! [RFC 7009 §2]: https://www.rfc-editor.org/rfc/rfc7009#section-2

use std::sync::Arc;

use super::Client;
use super::dialect::Dialect;
use super::token_set::TokenSet;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Moment, Secret, Timestamp};
use crate::step::{Pause, Step, machine};
use crate::wire::{PostForm, RequestError};

machine! {
    /// The machine that revokes a token.
    Revoke {
        Fetch = RevokeFetch,
        Reply = Result<(), RequestError>,
    }
}

/// The kind of a token, by which the server finds it sooner: [RFC 7009 §2.1], [RFC 7662 §2.1]. More kinds may be
/// registered: [RFC 7009 §4.1.2].
///
/// [RFC 7009 §2.1]: https://www.rfc-editor.org/rfc/rfc7009#section-2.1
/// [RFC 7662 §2.1]: https://www.rfc-editor.org/rfc/rfc7662#section-2.1
/// [RFC 7009 §4.1.2]: https://www.rfc-editor.org/rfc/rfc7009#section-4.1.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenTypeHint {
    /// `access_token`
    AccessToken,
    /// `refresh_token`
    RefreshToken,
}

impl TokenTypeHint {
    /// The value of the hint in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

impl Client {
    /// Revokes a token. Servers that can do so revoke the access tokens of a refresh token with it: [RFC 7009 §2.1].
    ///
    /// After an error with status 503, or one for want of a response, the token may still be good: "the client must
    /// assume the token still exists and may retry after a reasonable delay" ([RFC 7009 §2.2.1]). No randomness is
    /// drawn from the moment yet; proofs of possession will need it.
    ///
    /// A bare token does not show who issued it, so it is sent to this client's server. [`TokenSet::revoke`] checks the
    /// issuer.
    ///
    /// [RFC 7009 §2.1]: https://www.rfc-editor.org/rfc/rfc7009#section-2.1
    /// [RFC 7009 §2.2.1]: https://www.rfc-editor.org/rfc/rfc7009#section-2.2.1
    ///
    /// `run` returns `()`, or a [`RequestError`].
    pub fn revoke(&self, token: &Secret<'_>, hint: Option<TokenTypeHint>, moment: Moment) -> Step<Revoke> {
        let mut form = PostForm::new();
        form.append("token", token.expose());
        form.append_optional("token_type_hint", hint.map(TokenTypeHint::as_str));
        let endpoint = self.server.revocation_endpoint.as_ref().ok_or(RequestError::NoEndpoint("revocation_endpoint"));
        let methods = self.server.revocation_endpoint_auth_methods_supported.as_ref();
        match endpoint.and_then(|endpoint| self.post(form, endpoint, methods)) {
            Ok(fetch) => Step::Fetch(RevokeFetch { fetch, dialect: Arc::clone(&self.dialect), asked_at: moment.now() }),
            Err(error) => Step::Done(Err(error)),
        }
    }
}

impl TokenSet {
    /// Revokes these tokens: the refresh token or, without one, the access token. If this client is not of the server
    /// that issued them, nothing is sent, since the server would learn a token that is good, and the reply is
    /// [`RequestError::OtherServer`].
    ///
    /// `run` returns `()`, or a [`RequestError`].
    pub fn revoke(&self, client: &Client, moment: Moment) -> Step<Revoke> {
        if *self.issuer() != client.server.issuer {
            return Step::Done(Err(RequestError::OtherServer));
        }
        match self.refresh_token() {
            Some(refresh_token) => client.revoke(refresh_token, Some(TokenTypeHint::RefreshToken), moment),
            None => client.revoke(self.access_token(), Some(TokenTypeHint::AccessToken), moment),
        }
    }
}

/// Waits for the revocation response.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct RevokeFetch {
    fetch: Fetch,
    dialect: Arc<Dialect>,
    asked_at: Timestamp,
}

impl Pause<Fetch> for RevokeFetch {
    type Machine = Revoke;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Revoke> {
        // RFC 7009 §2.2: "The content of the response body is ignored by the client as all necessary information is
        // conveyed in the response code." All but for an error that calls itself a success.
        Step::Done(self.dialect.hear(answer, self.asked_at).and_then(|answer| answer.check()))
    }
}
