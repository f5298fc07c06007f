//! What a client is told of its server by name, where that differs from the RFCs or from its metadata.

use std::sync::Arc;

use http::Response;

use super::Client;
use super::dialect::{Dialect, Lifetime, Pkce, ResponseHook};

impl Client {
    /// The same client, which understands tokens of this type too, and shows them as those of type `Bearer` (one of
    /// type `DPoP`, in the scheme of that name). For `BearerToken`, say, or `bot`; the case does not matter.
    ///
    /// RFC 6749 §7.1: "The client MUST NOT use an access token if it does not understand the token type." Whoever calls
    /// this says that it does. For one request, there is [`TokenRequest::token_type`](super::TokenRequest::token_type).
    #[must_use]
    pub fn with_token_type(self, token_type: impl Into<String>) -> Self {
        self.knowing(|dialect| dialect.token_types.push(token_type.into()))
    }

    /// The same client, which does this about PKCE.
    #[must_use]
    pub fn with_pkce(self, pkce: Pkce) -> Self {
        self.knowing(|dialect| dialect.pkce = pkce)
    }

    /// The same client, whose access tokens live so long.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Lifetime) -> Self {
        self.knowing(|dialect| dialect.lifetime = lifetime)
    }

    /// The same client, which reads the `scope` of a token response as tokens that commas stand between, or spaces. By
    /// RFC 6749 §3.3 a comma is a character of a token, so it is not told from a server's words.
    #[must_use]
    pub fn with_commas_in_scope(self) -> Self {
        self.knowing(|dialect| dialect.has_commas_in_scope = true)
    }

    /// The same client, which takes tokens from JSON of whatever media type, `text/html` for one. RFC 6749 §5.1: "The
    /// parameters are included in the entity-body of the HTTP response using the "application/json" media type".
    #[must_use]
    pub fn with_any_media_type(self) -> Self {
        self.knowing(|dialect| dialect.has_any_media_type = true)
    }

    /// The same client, which takes the tokens, and what goes with them, from the object of this name where a token
    /// response has one with an access token in it. Slack has a person's in `authed_user`.
    #[must_use]
    pub fn with_tokens_in(self, member: impl Into<String>) -> Self {
        self.knowing(|dialect| dialect.tokens_in = Some(member.into()))
    }

    /// The same client, which sends this parameter with every request that it posts: for tokens, for a refresh by
    /// [`SharedTokens`](super::SharedTokens), when it polls, revokes and introspects. May be called for several. One
    /// that a request has already must not be added: RFC 6749 §3.2: "parameters MUST NOT be included more than once".
    ///
    /// A client is cheap to make, so what is good once, as a `client_assertion` (RFC 7521 §4.2), is added to a clone of
    /// it for one request. The values are not shown by `Debug`.
    #[must_use]
    pub fn with_parameter(self, name: &str, value: &str) -> Self {
        self.knowing(|dialect| dialect.parameters.append(name, value))
    }

    /// The same client, which passes each response through this function before it reads it, where a server has words
    /// of its own. What common servers answer is understood without. A hook that was there before is replaced.
    ///
    /// ```
    /// # use grantor::client::Client;
    /// # fn hooked(client: Client) -> Client {
    /// // A server that has a code of its own for a refresh token that is dead.
    /// client.with_response_hook(|mut response| {
    ///     if response.body().windows(7).any(|window| window == b"\"E4711\"") {
    ///         *response.body_mut() = br#"{"error":"invalid_grant"}"#.to_vec();
    ///     }
    ///     response
    /// })
    /// # }
    /// ```
    ///
    /// The function sees tokens, and may weaken every check that is made of a response; the request it does not see.
    /// What a [`Fetch`](crate::Fetch) sends is edited where it is sent.
    #[must_use]
    pub fn with_response_hook(
        self,
        hook: impl Fn(Response<Vec<u8>>) -> Response<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        self.knowing(|dialect| dialect.hook = Some(ResponseHook::new(hook)))
    }

    fn knowing(mut self, change: impl FnOnce(&mut Dialect)) -> Self {
        change(Arc::make_mut(&mut self.dialect));
        self
    }
}
