//! The authorization response: [RFC 6749 §4.1.2], [§4.1.2.1], [§4.2.2], [§4.2.2.1]; [RFC 9207 §2.4]; [Form Post §2].
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
//! [§4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
//! [§4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
//! [§4.2.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1
//! [RFC 9207 §2.4]: https://www.rfc-editor.org/rfc/rfc9207#section-2.4
//! [Form Post §2]: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html#FormPostResponseMode

use std::borrow::Cow;

use http::Request;

use super::Client;
use super::authorize::{Attempt, Pending, PendingImplicit};
use super::token::TokenRequest;
use super::token_set::{Asked, TokenSet};
use crate::model::{Digest, GrantType, Scope, Secret, Timestamp, exposed};
use crate::wire::{Form, FormError, Param, excerpt_of_url, form_body, peer_text};

/// An error in an authorization response: it does not answer the pending request, or it refuses. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The parameters cannot be read, for example because one is repeated.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The pending request went to a server other than this client's: [RFC 9700 §4.4.2.1].
    ///
    /// [RFC 9700 §4.4.2.1]: https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2.1
    #[error("the request was sent to another authorization server")]
    OtherServer,
    /// The response has no `state`. Somebody else may have sent the browser here: [RFC 6749 §10.12].
    ///
    /// [RFC 6749 §10.12]: https://www.rfc-editor.org/rfc/rfc6749#section-10.12
    #[error("the response has no state")]
    StateMissing,
    /// The `state` belongs to another request. Somebody else may have sent the browser here: [RFC 6749 §10.12].
    ///
    /// [RFC 6749 §10.12]: https://www.rfc-editor.org/rfc/rfc6749#section-10.12
    #[error("the state is not that of the request")]
    StateMismatch,
    /// The server's metadata promises `iss`, and this response has none: [RFC 9207 §2.4].
    ///
    /// [RFC 9207 §2.4]: https://www.rfc-editor.org/rfc/rfc9207#section-2.4
    #[error("the response has no iss")]
    IssuerMissing,
    /// The `iss` names another server, which is a mix-up attack: [RFC 9207 §2.4], [RFC 9700 §4.4].
    ///
    /// [RFC 9207 §2.4]: https://www.rfc-editor.org/rfc/rfc9207#section-2.4
    /// [RFC 9700 §4.4]: https://www.rfc-editor.org/rfc/rfc9700#section-4.4
    #[error("the response is that of another issuer")]
    IssuerMismatch,
    /// The server or the resource owner refused: [RFC 6749 §4.1.2.1]. The texts come through the browser, so anyone may
    /// have written them; they are cleaned as those of an [`ErrorResponse`](super::ErrorResponse) are.
    ///
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    #[error("the server refused: {}", .0.error)]
    Refused(AuthorizationErrorResponse),
    /// The response has neither an error nor this parameter with the right syntax: `code` or `access_token`.
    #[error("the response has no usable {0}")]
    Missing(&'static str),
    /// The type of the token is unknown to the client. [RFC 6749 §7.1]: "The client MUST NOT use an access token if it
    /// does not understand the token type."
    ///
    /// [RFC 6749 §7.1]: https://www.rfc-editor.org/rfc/rfc6749#section-7.1
    #[error("the response has a token of a type that is not understood")]
    TokenType,
}

/// An error response of the authorization endpoint: [RFC 6749 §4.1.2.1].
///
/// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationErrorResponse {
    /// The error code, such as `access_denied`.
    pub error: String,
    /// An explanation for the client's developer.
    pub error_description: Option<String>,
    /// The URL of a page for the client's developer.
    pub error_uri: Option<String>,
}

impl AuthorizationErrorResponse {
    /// Creates a response with this error code.
    #[must_use]
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), error_description: None, error_uri: None }
    }
}

/// The parameters that any authorization response may have.
const COMMON: [&str; 5] = ["state", "iss", "error", "error_description", "error_uri"];

impl Client {
    /// Checks an authorization response and prepares the token request: [RFC 6749 §4.1.2], [§4.1.3]. `query` is the
    /// query of the URI that the browser requested, with or without its question mark.
    ///
    /// # Errors
    /// The response does not answer this request, or it refuses. Either way the pending request is used up.
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    /// [§4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
    pub fn callback(&self, pending: Pending, query: &str) -> Result<TokenRequest<'_>, CallbackError> {
        self.redeem(pending, Form::new(query.strip_prefix('?').unwrap_or(query).as_bytes())?)
    }

    /// Checks an authorization response that the browser posted to the redirect URI, and prepares the token request:
    /// [Form Post §2], for a request with [`ResponseMode::FormPost`]; otherwise the same as
    /// [`callback`](Self::callback).
    ///
    /// The POST comes from a page of the server, so a browser sends no cookie with it but those with `SameSite=None`. A
    /// host whose session has another cookie keeps the pending request where `state` finds it, bound to the browser by
    /// a cookie of its own.
    ///
    /// # Errors
    /// The request has no form; the response does not answer this request, or it refuses. In any case the pending
    /// request is used up.
    ///
    /// [Form Post §2]: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html#FormPostResponseMode
    /// [`ResponseMode::FormPost`]: crate::model::ResponseMode::FormPost
    pub fn callback_form_post<B: AsRef<[u8]>>(
        &self,
        pending: Pending,
        request: &Request<B>,
    ) -> Result<TokenRequest<'_>, CallbackError> {
        // Form Post §2: "the Client MUST be able to process the message without regard for the mechanism by which the
        // form submission was initiated."
        self.redeem(pending, form_body(request.headers(), request.body().as_ref())?)
    }

    fn redeem(&self, pending: Pending, form: Form<'_>) -> Result<TokenRequest<'_>, CallbackError> {
        // RFC 6749 §4.1.2: "The client MUST ignore unrecognized response parameters."
        self.check(&pending.attempt, form.params(COMMON))?;
        let [code] = form.params(["code"]);
        let code = visible(code?).ok_or(CallbackError::Missing("code"))?;
        let Attempt { redirect_uri, scope, resource, .. } = pending.attempt;
        let mut request = TokenRequest::new(self, GrantType::AuthorizationCode.as_str());
        request.append("code", code.expose());
        // RFC 6749 §4.1.3: "REQUIRED, if the "redirect_uri" parameter was included in the authorization request".
        request.append("redirect_uri", redirect_uri.as_str());
        if let Some(code_verifier) = &pending.code_verifier {
            request.append("code_verifier", code_verifier.expose());
        }
        Ok(request.asked_for(Asked { scope: scope.clone(), resource, ..Asked::default() }, scope))
    }

    /// Checks an implicit response and takes the token from it: [RFC 6749 §4.2.2]. `fragment` is the fragment of the
    /// URI that the browser requested, with or without its `#`.
    ///
    /// # Errors
    /// The response does not answer this request, or it refuses. Either way the pending request is used up.
    ///
    /// [RFC 6749 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
    pub fn callback_implicit(
        &self,
        pending: PendingImplicit,
        fragment: &str,
        now: impl Into<Timestamp>,
    ) -> Result<TokenSet, CallbackError> {
        self.take(pending, Form::new(fragment.strip_prefix('#').unwrap_or(fragment).as_bytes())?, now.into())
    }

    /// Checks an implicit response that the browser posted to the redirect URI, and takes the token from it:
    /// [Form Post §2]; otherwise the same as [`callback_implicit`](Self::callback_implicit). Unlike a fragment, it
    /// reaches a client that is a server, without a script. On cookies, see
    /// [`callback_form_post`](Self::callback_form_post).
    ///
    /// # Errors
    /// The request has no form; the response does not answer this request, or it refuses. In any case the pending
    /// request is used up.
    ///
    /// [Form Post §2]: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html#FormPostResponseMode
    pub fn callback_implicit_form_post<B: AsRef<[u8]>>(
        &self,
        pending: PendingImplicit,
        request: &Request<B>,
        now: impl Into<Timestamp>,
    ) -> Result<TokenSet, CallbackError> {
        self.take(pending, form_body(request.headers(), request.body().as_ref())?, now.into())
    }

    fn take(&self, pending: PendingImplicit, form: Form<'_>, now: Timestamp) -> Result<TokenSet, CallbackError> {
        self.check(&pending.attempt, form.params(COMMON))?;
        let [access_token, token_type, expires_in, scope] =
            form.params(["access_token", "token_type", "expires_in", "scope"]);
        let access_token = visible(access_token?).ok_or(CallbackError::Missing("access_token"))?;
        let token_type = token_type?.map(Cow::into_owned);
        if token_type.as_ref().is_some_and(|kind| !self.dialect.understands(kind)) {
            return Err(CallbackError::TokenType);
        }
        // An unreadable statement about the token does not spoil the token.
        let expires_in =
            expires_in.map_err(drop).and_then(|text| text.map(|text| text.trim().parse()).transpose().map_err(drop));
        let scope = scope.map_err(drop).and_then(|text| text.map(|text| Scope::parse(&text)).transpose().map_err(drop));
        let Attempt { issuer, scope: requested, resource, .. } = pending.attempt;
        let tokens = TokenSet::new(issuer, access_token, now);
        Ok(tokens
            .of_type(Ok::<_, ()>(token_type))
            .expiring_in(expires_in, self.dialect.lifetime)
            .good_for(scope, requested.clone())
            .asked_by(Asked { scope: requested, resource, ..Asked::default() }))
    }

    /// Checks that the response answers this attempt and does not refuse.
    fn check(
        &self,
        attempt: &Attempt,
        [state, iss, error, error_description, error_uri]: [Param<'_>; 5],
    ) -> Result<(), CallbackError> {
        if attempt.issuer != self.server.issuer {
            return Err(CallbackError::OtherServer);
        }
        // RFC 6749 §10.12: "The client MUST implement CSRF protection for its redirection URI." The comparison takes
        // constant time.
        let state = state?.ok_or(CallbackError::StateMissing)?;
        if Digest::of(&state) != attempt.state.digest() {
            return Err(CallbackError::StateMismatch);
        }
        match iss? {
            // RFC 9207 §2.4: "If the value does not match the expected issuer identifier, clients MUST reject the
            // authorization response and MUST NOT proceed with the authorization grant."
            Some(iss) if iss != attempt.issuer.as_str() => return Err(CallbackError::IssuerMismatch),
            Some(_) => {}
            // RFC 9207 §2.4: "Clients MUST reject authorization responses without the iss parameter from authorization
            // servers that do support the parameter according to the client's configuration."
            None if self.server.authorization_response_iss_parameter_supported => {
                return Err(CallbackError::IssuerMissing);
            }
            None => {}
        }
        match error? {
            None => Ok(()),
            Some(error) => Err(CallbackError::Refused(AuthorizationErrorResponse {
                error: peer_text(&error),
                // An unreadable text for people does not hide the error code.
                error_description: error_description.ok().flatten().map(|text| peer_text(&text)),
                error_uri: error_uri.ok().flatten().map(|uri| excerpt_of_url(&uri)),
            })),
        }
    }
}

/// Returns the value as a secret if it has the syntax of one: [RFC 6749 appendix A.11], [A.12].
///
/// [RFC 6749 appendix A.11]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.11
/// [A.12]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.12
fn visible(value: Option<Cow<'_, str>>) -> Option<Secret<'static>> {
    value.map(|text| Secret::new(text.into_owned())).filter(exposed::is_visible)
}
