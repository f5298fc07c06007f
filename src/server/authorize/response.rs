//! The authorization response: [RFC 6749 §4.1.2], [§4.1.2.1], [§4.2.2], [§4.2.2.1], [RFC 9207].
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
//! [§4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
//! [§4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
//! [§4.2.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1
//! [RFC 9207]: https://www.rfc-editor.org/rfc/rfc9207

use std::sync::Arc;

use http::{HeaderValue, Response, header};

use super::error::{AuthorizationError, AuthorizationPageError};
use super::recipient::Recipient;
use crate::model::{ClientId, ErrorCode, ResponseType, Scope, Secret};
use crate::record::Grant;
use crate::server::Config;
use crate::wire::{Parameters, see_other, text, with_parameters};

/// The response of the authorization endpoint to the user agent.
#[derive(Clone, Debug)]
#[must_use = "the response is what the user agent waits for"]
pub struct AuthorizationResponse {
    pub(in crate::server) outcome: Outcome,
}

/// The result of a request, and the way in which the user agent is told.
#[derive(Clone, Debug)]
pub(in crate::server) enum Outcome {
    /// A code was issued for a grant. The location carries it.
    Authorized { location: Secret<'static>, grant: Arc<Grant> },
    /// An access token of this scope was issued for a grant. The location carries it.
    Issued { location: Secret<'static>, grant: Arc<Grant>, scope: Scope },
    /// The client is told an error.
    Refused { location: Secret<'static>, client_id: ClientId, error: AuthorizationError },
    /// The client is told the error of a [`Refusal`](super::Refusal).
    Told { location: Secret<'static>, client_id: ClientId, error: ErrorCode },
    /// The person is shown an error.
    Page { client_id: Option<ClientId>, error: AuthorizationPageError },
}

/// The part of a response that is sent after the write.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(in crate::server) enum Success {
    Code(Secret<'static>),
    Token { access_token: Secret<'static>, expires_in: u64, scope: Scope },
}

impl Recipient {
    /// Returns an error response: [RFC 6749 §4.1.2.1], [§4.2.2.1].
    ///
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    /// [§4.2.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1
    pub(super) fn refuse(self, config: &Config, error: AuthorizationError) -> AuthorizationResponse {
        let location = self.error(config, error.code(), &error.description());
        AuthorizationResponse { outcome: Outcome::Refused { location, client_id: self.client_id, error } }
    }

    /// Returns the error response of a refusal that was kept.
    pub(super) fn tell(self, config: &Config, error: ErrorCode, description: &str) -> AuthorizationResponse {
        let location = self.error(config, error.as_str(), description);
        AuthorizationResponse { outcome: Outcome::Told { location, client_id: self.client_id, error } }
    }

    fn error(&self, config: &Config, code: &str, description: &str) -> Secret<'static> {
        self.location(config, [("error", Some(code)), ("error_description", Some(description))])
    }

    /// Returns a successful response: [RFC 6749 §4.1.2], [§4.2.2].
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    /// [§4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
    pub(super) fn respond(&self, config: &Config, success: Success, grant: Arc<Grant>) -> AuthorizationResponse {
        let outcome = match success {
            Success::Code(code) => {
                Outcome::Authorized { location: self.location(config, [("code", Some(code.expose()))]), grant }
            }
            Success::Token { access_token, expires_in, scope } => {
                let expires_in = expires_in.to_string();
                let parameters = [
                    ("access_token", Some(access_token.expose())),
                    ("token_type", Some("Bearer")),
                    ("expires_in", Some(expires_in.as_str())),
                    ("scope", Some(scope.as_str()).filter(|scope| !scope.is_empty())),
                ];
                Outcome::Issued { location: self.location(config, parameters), grant, scope }
            }
        };
        AuthorizationResponse { outcome }
    }

    fn location<'p, const N: usize>(
        &'p self,
        config: &'p Config,
        parameters: [(&'static str, Option<&'p str>); N],
    ) -> Secret<'static> {
        let component = match self.response_type {
            ResponseType::Token => Parameters::Fragment,
            ResponseType::Code => Parameters::Query,
        };
        // RFC 6749 §4.1.2: state "REQUIRED if the "state" parameter was present in the client authorization request.
        // The exact value received from the client." RFC 9207 §2: "an authorization server supporting this
        // specification MUST indicate its identity by including the iss parameter in the response."
        let common = [("state", self.state.as_ref().map(Secret::expose)), ("iss", Some(config.issuer.as_str()))];
        Secret::new(with_parameters(self.redirect_uri.as_str(), component, parameters.into_iter().chain(common)))
    }
}

impl AuthorizationResponse {
    pub(super) fn page(client_id: Option<ClientId>, error: AuthorizationPageError) -> Self {
        Self { outcome: Outcome::Page { client_id, error } }
    }

    /// The URL that the user agent is redirected to, if any. It may carry a code or a token.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Authorized { location, .. }
            | Outcome::Issued { location, .. }
            | Outcome::Refused { location, .. }
            | Outcome::Told { location, .. } => Some(location.expose()),
            Outcome::Page { .. } => None,
        }
    }

    /// The error that the person is shown, if any, for a host that renders its own page.
    #[must_use]
    pub fn page_error(&self) -> Option<&AuthorizationPageError> {
        match &self.outcome {
            Outcome::Page { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Returns the response: a 303 redirect, or a plain page.
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let error = match self.outcome {
            Outcome::Authorized { location, .. }
            | Outcome::Issued { location, .. }
            | Outcome::Refused { location, .. }
            | Outcome::Told { location, .. } => return see_other(location.expose()),
            Outcome::Page { error, .. } => error,
        };
        let mut response = text(error.status(), format!("The request cannot be answered: {}.\n", error.description()));
        let headers = response.headers_mut();
        match &error {
            AuthorizationPageError::Method => {
                drop(headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST")));
            }
            AuthorizationPageError::Unavailable(outage) => {
                headers.extend(outage.cause.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
            }
            _ => {}
        }
        response
    }
}
