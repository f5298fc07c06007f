//! Settings of a client for a server that differs from the RFCs or from its own metadata.

use std::sync::Arc;

use http::Response;

use super::Client;
use super::dialect::{Dialect, Lifetime, Pkce, ResponseHook};

impl Client {
    /// Returns the same client, which also understands tokens of this type and presents them as it presents `Bearer`
    /// tokens (one of type `DPoP`, in the scheme of that name). For `BearerToken` or `bot`, say; case does not matter.
    ///
    /// As [RFC 6749 §7.1] puts it: "The client MUST NOT use an access token if it does not understand the token type."
    /// By calling this you state that the client does. For a single request, use
    /// [`TokenRequest::token_type`](super::TokenRequest::token_type).
    ///
    /// [RFC 6749 §7.1]: https://www.rfc-editor.org/rfc/rfc6749#section-7.1
    #[must_use]
    pub fn with_token_type(self, token_type: impl Into<String>) -> Self {
        self.knowing(|dialect| dialect.token_types.push(token_type.into()))
    }

    /// Returns the same client with this policy for PKCE.
    #[must_use]
    pub fn with_pkce(self, pkce: Pkce) -> Self {
        self.knowing(|dialect| dialect.pkce = pkce)
    }

    /// Returns the same client, which takes its access tokens to live this long.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Lifetime) -> Self {
        self.knowing(|dialect| dialect.lifetime = lifetime)
    }

    /// Returns the same client, which splits the `scope` of a token response at commas as well as spaces. By
    /// [RFC 6749 §3.3] a comma is a character of a scope token, so a client cannot tell from the response alone.
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    #[must_use]
    pub fn with_commas_in_scope(self) -> Self {
        self.knowing(|dialect| dialect.has_commas_in_scope = true)
    }

    /// Returns the same client, which reads token responses as JSON whatever their media type, even `text/html`.
    /// [RFC 6749 §5.1]: "The parameters are included in the entity-body of the HTTP response using the
    /// "application/json" media type".
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    #[must_use]
    pub fn with_any_media_type(self) -> Self {
        self.knowing(|dialect| dialect.has_any_media_type = true)
    }

    /// Returns the same client, which reads the tokens and their members from the object of this name if a token
    /// response has one with an access token in it. Slack puts a person's tokens into `authed_user`.
    #[must_use]
    pub fn with_tokens_in(self, member: impl Into<String>) -> Self {
        self.knowing(|dialect| dialect.tokens_in = Some(member.into()))
    }

    /// Returns the same client, which adds this parameter to every request that it posts: for tokens, for a refresh by
    /// [`SharedTokens`](super::SharedTokens), when it polls, revokes and introspects. Call it again for further
    /// parameters. One that a request has already must not be added: [RFC 6749 §3.2]: "parameters MUST NOT be included
    /// more than once".
    ///
    /// A client is cheap to clone, so a value that is good for one request, such as a `client_assertion`
    /// ([RFC 7521 §4.2]), is added to a clone. `Debug` does not show the values.
    ///
    /// [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    /// [RFC 7521 §4.2]: https://www.rfc-editor.org/rfc/rfc7521#section-4.2
    #[must_use]
    pub fn with_parameter(self, name: &str, value: &str) -> Self {
        self.knowing(|dialect| dialect.parameters.append(name, value))
    }

    /// Returns the same client, which passes each response through this function before it is read. For a server with
    /// error codes or members of its own; the responses of common servers are understood without. Replaces an earlier
    /// hook.
    ///
    /// ```
    /// # use grantor::client::Client;
    /// # fn hooked(client: Client) -> Client {
    /// // A server with an error code of its own for a refresh token that is no longer good.
    /// client.with_response_hook(|mut response| {
    ///     if response.body().windows(7).any(|window| window == b"\"E4711\"") {
    ///         *response.body_mut() = br#"{"error":"invalid_grant"}"#.to_vec();
    ///     }
    ///     response
    /// })
    /// # }
    /// ```
    ///
    /// The function sees tokens, and can weaken every check of a response. It does not see the request; edit a
    /// [`Fetch`](crate::Fetch) where you send it.
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
