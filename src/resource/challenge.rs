//! The `WWW-Authenticate` response header field: [RFC 6750 §3], [RFC 9470 §3], [RFC 9728 §5.1].
//!
//! [RFC 6750 §3]: https://www.rfc-editor.org/rfc/rfc6750#section-3
//! [RFC 9470 §3]: https://www.rfc-editor.org/rfc/rfc9470#section-3
//! [RFC 9728 §5.1]: https://www.rfc-editor.org/rfc/rfc9728#section-5.1

use http::HeaderValue;

use super::config::Config;
use super::error::AccessError;
use super::requirement::Requirement;
use crate::model::Acr;

/// A challenge as it is written: `Bearer` and its parameters, each at most once.
struct Challenge(String);

impl Challenge {
    fn new() -> Self {
        Self("Bearer".to_owned())
    }

    /// Adds a parameter, as a quoted-string ([RFC 9110 §5.6.4]). Characters that are not printable ASCII are left out,
    /// so that no text can end the header.
    ///
    /// [RFC 9110 §5.6.4]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4
    fn param(&mut self, name: &str, value: &str) {
        let separator = if self.0.ends_with('"') { ", " } else { " " };
        self.0.extend([separator, name, "=\""]);
        for character in value.chars().filter(|character| matches!(character, ' '..='~')) {
            if matches!(character, '"' | '\\') {
                self.0.push('\\');
            }
            self.0.push(character);
        }
        self.0.push('"');
    }
}

/// Returns the challenge for an error; `None` if a different token would not help the client.
pub(super) fn challenge(config: &Config, requirement: &Requirement, error: &AccessError) -> Option<HeaderValue> {
    let mut challenge = Challenge::new();
    // RFC 6750 §3: "the resource server MUST include the HTTP "WWW-Authenticate" response header field", and "All
    // challenges defined by this specification MUST use the auth-scheme value "Bearer"."
    // RFC 6750 §3: "This scheme MUST be followed by one or more auth-param values." The realm is always there.
    challenge.param("realm", &config.realm);
    match error {
        AccessError::Unavailable(..) | AccessError::Introspection(_) => return None,
        // RFC 6750 §3.1: "If the request lacks any authentication information [...], the resource server SHOULD NOT
        // include an error code or other error information."
        AccessError::NoToken => {}
        error => {
            challenge.param("error", error.code());
            challenge.param("error_description", &error.to_string());
        }
    }
    // The scope and metadata to ask the authorization server for: RFC 6750 §3, RFC 9728 §5.1. Left out if the request
    // itself is wrong. RFC 9470 §3: "If the resource server determines that the request is also lacking the scopes
    // required by the requested resource, it MAY include the scope attribute".
    let scope_is_enough = matches!(error, AccessError::Authentication { lacks_scope: false });
    let names_scope = !error.is_invalid_request() && !scope_is_enough;
    if names_scope && !requirement.required_scope().is_empty() {
        challenge.param("scope", requirement.required_scope().as_str());
    }
    if matches!(error, AccessError::Authentication { .. }) {
        // RFC 9470 §3: "in order of preference".
        let acr_values: Vec<_> = requirement.required_acr_values().iter().map(Acr::as_str).collect();
        if !acr_values.is_empty() {
            challenge.param("acr_values", &acr_values.join(" "));
        }
        if let Some(max_age) = requirement.required_max_age() {
            challenge.param("max_age", &max_age.to_string());
        }
    }
    if let Some(url) = &config.resource_metadata {
        challenge.param("resource_metadata", url.as_str());
    }
    // The challenge is printable ASCII by now.
    HeaderValue::from_str(&challenge.0).ok()
}
