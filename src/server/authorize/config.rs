//! The configuration of the authorization endpoint.

use std::time::Duration;

use crate::model::{Acr, CodeChallengeMethod, Endpoint, GrantType, Metadata, ResponseMode, ResponseType};
use crate::server::section::{ConfigError, Section, lifetime, names};

/// The authorization section of a configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthorizationConfig {
    /// The URL at which the host has mounted the endpoint. Default: `authorize` below the issuer.
    pub endpoint: Endpoint,
    /// The accepted response types. Default: `code`. If empty, there is no such endpoint.
    ///
    /// `token`, the implicit grant, exists for migrations. [RFC 9700 §2.1.2]: clients "SHOULD NOT use the implicit
    /// grant".
    ///
    /// [RFC 9700 §2.1.2]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2
    pub response_types: Vec<ResponseType>,
    /// The accepted response modes. Default: `query`, `fragment` and `form_post`. An access token never travels in the
    /// query, and a form is not posted to a private-use scheme. Without the default mode of a response type here, its
    /// requests must name another: [Multiple Response Types §2.1].
    ///
    /// [Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
    pub response_modes: Vec<ResponseMode>,
    /// The accepted code challenge methods. Default: `S256`. [RFC 7636 §7.2] describes the weakness of `plain`.
    ///
    /// [RFC 7636 §7.2]: https://www.rfc-editor.org/rfc/rfc7636#section-7.2
    pub code_challenge_methods: Vec<CodeChallengeMethod>,
    /// The lifetime of an authorization code, in whole seconds. Default: 60 seconds. [RFC 6749 §4.1.2]: "The
    /// authorization code MUST expire shortly after it is issued to mitigate the risk of leaks. A maximum authorization
    /// code lifetime of 10 minutes is RECOMMENDED."
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    pub code_lifetime: Duration,
    /// The authentication context classes that the host knows, for the metadata document ([RFC 9470 §7]). Default:
    /// none.
    ///
    /// [RFC 9470 §7]: https://www.rfc-editor.org/rfc/rfc9470#section-7
    pub acr_values_supported: Vec<Acr>,
}

impl AuthorizationConfig {
    pub(in crate::server) fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            response_types: vec![ResponseType::Code],
            response_modes: vec![ResponseMode::Query, ResponseMode::Fragment, ResponseMode::FormPost],
            code_challenge_methods: vec![CodeChallengeMethod::S256],
            code_lifetime: Duration::from_secs(60),
            acr_values_supported: Vec::new(),
        }
    }
}

impl Section for AuthorizationConfig {
    fn check(&self) -> Result<(), ConfigError> {
        lifetime("authorization.code_lifetime", self.code_lifetime)
    }

    fn advertise(&self, metadata: &mut Metadata) {
        let is_used = |mode: &&ResponseMode| self.response_types.iter().any(|kind| mode.carries(*kind));
        if !self.response_types.is_empty() {
            metadata.authorization_endpoint = Some(self.endpoint.clone());
        }
        metadata.response_types_supported =
            names(self.response_types.iter().map(|kind| kind.as_str())).unwrap_or_default();
        metadata.response_modes_supported = names(self.response_modes.iter().filter(is_used).map(|mode| mode.as_str()));
        metadata.code_challenge_methods_supported =
            names(self.code_challenge_methods.iter().map(|method| method.as_str()));
        metadata.acr_values_supported = self.acr_values_supported.iter().map(ToString::to_string).collect();
        metadata.authorization_response_iss_parameter_supported = true;
        if self.response_types.contains(&ResponseType::Token) {
            let implicit = GrantType::Implicit.as_str().to_owned();
            metadata.grant_types_supported.get_or_insert_default().push(implicit);
        }
    }
}
