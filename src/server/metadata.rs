//! Authorization server metadata: RFC 8414. Derived from the configuration, so that what is advertised is what exists.

use http::{Request, Response};

use super::{Config, Server};
use crate::model::{Endpoint, GrantType, Issuer, Metadata, ResponseType, well_known_path};
use crate::wire::document;

/// Where the host has mounted the endpoints. One that is none does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// RFC 6749 §3.1.
    pub authorization_endpoint: Option<Endpoint>,
    /// RFC 6749 §3.2.
    pub token_endpoint: Option<Endpoint>,
    /// RFC 7662 §2.
    pub introspection_endpoint: Option<Endpoint>,
    /// RFC 7009 §2.
    pub revocation_endpoint: Option<Endpoint>,
}

impl Endpoints {
    /// `/authorize`, `/token`, `/introspect` and `/revoke` below the issuer.
    #[must_use]
    pub fn below(issuer: &Issuer) -> Self {
        Self {
            authorization_endpoint: Some(issuer.endpoint("authorize")),
            token_endpoint: Some(issuer.endpoint("token")),
            introspection_endpoint: Some(issuer.endpoint("introspect")),
            revocation_endpoint: Some(issuer.endpoint("revoke")),
        }
    }
}

/// How clients authenticate: the secret in the header or the body, or no secret.
const AUTH_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];
/// Public clients may not introspect.
const CONFIDENTIAL_AUTH_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

impl Config {
    /// The metadata document: RFC 8414 §2.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        let is_token = self.response_types.contains(&ResponseType::Token);
        let is_code = self.response_types.contains(&ResponseType::Code);
        let modes = [(is_code, "query"), (is_token, "fragment")].into_iter().filter(|(offered, _)| *offered);
        let implicit = is_token.then_some(GrantType::Implicit.as_str());
        let grant_types = self.grant_types.iter().filter(|grant_type| **grant_type != GrantType::Implicit);
        let Endpoints { authorization_endpoint, token_endpoint, introspection_endpoint, revocation_endpoint } =
            self.endpoints.clone();
        let challenge_methods = texts(self.code_challenge_methods.iter().map(|method| method.as_str()));
        let revocation_methods = revocation_endpoint.is_some().then(|| texts(AUTH_METHODS));
        let introspection_methods = introspection_endpoint.is_some().then(|| texts(CONFIDENTIAL_AUTH_METHODS));
        Metadata {
            authorization_endpoint,
            token_endpoint,
            introspection_endpoint,
            revocation_endpoint,
            response_types_supported: texts(self.response_types.iter().map(|kind| kind.as_str())),
            response_modes_supported: Some(texts(modes.map(|(_, mode)| mode))).filter(|modes| !modes.is_empty()),
            grant_types_supported: Some(texts(grant_types.map(GrantType::as_str).chain(implicit))),
            token_endpoint_auth_methods_supported: Some(texts(AUTH_METHODS)),
            revocation_endpoint_auth_methods_supported: revocation_methods,
            introspection_endpoint_auth_methods_supported: introspection_methods,
            code_challenge_methods_supported: Some(challenge_methods).filter(|methods| !methods.is_empty()),
            acr_values_supported: self.acr_values_supported.iter().map(ToString::to_string).collect(),
            authorization_response_iss_parameter_supported: true,
            ..Metadata::new(self.issuer.clone())
        }
    }

    /// The path at which the document is to be found on the issuer's host: RFC 8414 §3.1.
    #[must_use]
    pub fn metadata_path(&self) -> String {
        well_known_path(self.issuer.as_str(), "oauth-authorization-server")
    }
}

fn texts<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

impl Server {
    /// Answers a request for the metadata document: RFC 8414 §3. There is nothing to read or write, and nothing secret.
    pub fn metadata<B>(&self, request: &Request<B>) -> Response<Vec<u8>> {
        document(request.method(), &self.config.metadata())
    }
}
