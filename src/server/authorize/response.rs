//! The authorization response: [RFC 6749 §4.1.2], [§4.1.2.1], [§4.2.2], [§4.2.2.1], [RFC 9207]; by each response mode:
//! [Multiple Response Types §2.1], [Form Post §2].
//!
//! [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
//! [§4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
//! [§4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
//! [§4.2.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2.1
//! [RFC 9207]: https://www.rfc-editor.org/rfc/rfc9207
//! [Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
//! [Form Post §2]: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html#FormPostResponseMode

use std::sync::Arc;

use http::{HeaderValue, Response, header};

use super::error::{AuthorizationError, AuthorizationPageError};
use super::recipient::Recipient;
use crate::model::{ClientId, ErrorCode, ResponseMode, Scope, Secret};
use crate::record::Grant;
use crate::server::Config;
use crate::server::client_id_metadata_document::ClientIdMetadataDocumentError;
use crate::wire::{FormPost, Parameters, see_other, text, with_parameters};

/// The response of the authorization endpoint to the user agent.
#[derive(Clone, Debug)]
#[must_use = "the response is what the user agent waits for"]
pub struct AuthorizationResponse {
    pub(in crate::server) outcome: Outcome,
}

/// The result of a request, and the way in which the user agent is told.
#[derive(Clone, Debug)]
pub(in crate::server) enum Outcome {
    /// A code was issued for a grant. The delivery carries it.
    Authorized { delivery: Delivery, grant: Arc<Grant> },
    /// An access token of this scope was issued for a grant. The delivery carries it.
    Issued { delivery: Delivery, grant: Arc<Grant>, scope: Scope },
    /// The client is told an error.
    Refused { delivery: Delivery, client_id: ClientId, error: AuthorizationError },
    /// The client is told the error of a [`Refusal`](super::Refusal).
    Told { delivery: Delivery, client_id: ClientId, error: ErrorCode },
    /// The person is shown an error.
    Page { client_id: Option<ClientId>, error: AuthorizationPageError },
}

/// The parameters for the client, as the user agent takes them there.
#[derive(Clone, Debug)]
pub(in crate::server) enum Delivery {
    /// In the query or the fragment of this URL.
    Redirect(Secret<'static>),
    /// In the body of a POST.
    FormPost(FormPost),
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
        let delivery = self.error(config, error.code(), &error.description());
        AuthorizationResponse { outcome: Outcome::Refused { delivery, client_id: self.client_id, error } }
    }

    /// Returns the error response of a refusal that was kept.
    pub(super) fn tell(self, config: &Config, error: ErrorCode, description: &str) -> AuthorizationResponse {
        let delivery = self.error(config, error.as_str(), description);
        AuthorizationResponse { outcome: Outcome::Told { delivery, client_id: self.client_id, error } }
    }

    fn error(&self, config: &Config, code: &str, description: &str) -> Delivery {
        self.deliver(config, [("error", Some(code)), ("error_description", Some(description))])
    }

    /// Returns a successful response: [RFC 6749 §4.1.2], [§4.2.2].
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    /// [§4.2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.2
    pub(super) fn respond(&self, config: &Config, success: Success, grant: Arc<Grant>) -> AuthorizationResponse {
        let outcome = match success {
            Success::Code(code) => {
                Outcome::Authorized { delivery: self.deliver(config, [("code", Some(code.expose()))]), grant }
            }
            Success::Token { access_token, expires_in, scope } => {
                let expires_in = expires_in.to_string();
                let parameters = [
                    ("access_token", Some(access_token.expose())),
                    ("token_type", Some("Bearer")),
                    ("expires_in", Some(expires_in.as_str())),
                    ("scope", Some(scope.as_str()).filter(|scope| !scope.is_empty())),
                ];
                Outcome::Issued { delivery: self.deliver(config, parameters), grant, scope }
            }
        };
        AuthorizationResponse { outcome }
    }

    /// Makes the response of these parameters, a successful one and an error alike.
    fn deliver<'p, const N: usize>(
        &'p self,
        config: &'p Config,
        parameters: [(&'static str, Option<&'p str>); N],
    ) -> Delivery {
        // RFC 6749 §4.1.2: state "REQUIRED if the "state" parameter was present in the client authorization request.
        // The exact value received from the client." RFC 9207 §2: "an authorization server supporting this
        // specification MUST indicate its identity by including the iss parameter in the response."
        let common = [("state", self.state.as_ref().map(Secret::expose)), ("iss", Some(config.issuer.as_str()))];
        let all = parameters.into_iter().chain(common);
        // Multiple Response Types §2.2: "All parameters returned from the Authorization Endpoint SHOULD use the same
        // Response Mode. This recommendation applies to both success and error responses."
        let component = match self.response_mode() {
            ResponseMode::FormPost => return Delivery::FormPost(FormPost::new(self.redirect_uri.clone(), all)),
            ResponseMode::Query => Parameters::Query,
            ResponseMode::Fragment => Parameters::Fragment,
        };
        Delivery::Redirect(Secret::new(with_parameters(self.redirect_uri.as_str(), component, all)))
    }
}

impl AuthorizationResponse {
    pub(super) fn page(client_id: Option<ClientId>, error: AuthorizationPageError) -> Self {
        Self { outcome: Outcome::Page { client_id, error } }
    }

    fn delivery(&self) -> Option<&Delivery> {
        match &self.outcome {
            Outcome::Authorized { delivery, .. }
            | Outcome::Issued { delivery, .. }
            | Outcome::Refused { delivery, .. }
            | Outcome::Told { delivery, .. } => Some(delivery),
            Outcome::Page { .. } => None,
        }
    }

    /// The URL that the user agent is redirected to, if the response travels in a URL. It may carry a code or a token.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match self.delivery()? {
            Delivery::Redirect(location) => Some(location.expose()),
            Delivery::FormPost(_) => None,
        }
    }

    /// The form that the user agent posts, if the client asked for `response_mode=form_post`, for a host that renders
    /// its own page.
    #[must_use]
    pub fn form_post(&self) -> Option<&FormPost> {
        match self.delivery()? {
            Delivery::Redirect(_) => None,
            Delivery::FormPost(form) => Some(form),
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

    /// Returns the response: a 303 redirect, a page that posts the response to the client, or a plain page with an
    /// error. A host adds headers and replaces none: the page that posts has a content security policy of its own, by
    /// which a browser runs its script and no other.
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let error = match self.outcome {
            Outcome::Authorized { delivery, .. }
            | Outcome::Issued { delivery, .. }
            | Outcome::Refused { delivery, .. }
            | Outcome::Told { delivery, .. } => {
                return match delivery {
                    Delivery::Redirect(location) => see_other(location.expose()),
                    Delivery::FormPost(form) => form.into_http(),
                };
            }
            Outcome::Page { error, .. } => error,
        };
        let mut response = text(error.status(), format!("The request cannot be answered: {}.\n", error.description()));
        let headers = response.headers_mut();
        match &error {
            AuthorizationPageError::Method => {
                drop(headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST")));
            }
            AuthorizationPageError::Unavailable(outage)
            | AuthorizationPageError::Document(ClientIdMetadataDocumentError::Unavailable(outage)) => {
                headers.extend(outage.cause.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
            }
            _ => {}
        }
        response
    }
}
