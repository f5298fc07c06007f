//! Authorization server metadata: RFC 8414. Derived from the configuration, so that what is advertised is what exists.

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Serialize;

use super::refusal::EndpointError;
use super::{Config, PresentedIn, Server};
use crate::model::{GrantType, Issuer, ResponseType};
use crate::wire::json;

/// Where the host has mounted the endpoints: absolute URLs. One that is none does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// RFC 6749 §3.1.
    pub authorization_endpoint: Option<String>,
    /// RFC 6749 §3.2.
    pub token_endpoint: Option<String>,
    /// RFC 7662 §2.
    pub introspection_endpoint: Option<String>,
    /// RFC 7009 §2.
    pub revocation_endpoint: Option<String>,
}

impl Endpoints {
    /// `/authorize`, `/token`, `/introspect` and `/revoke` below the issuer.
    #[must_use]
    pub fn below(issuer: &Issuer) -> Self {
        let base = issuer.as_str().trim_end_matches('/');
        let endpoint = |path: &str| Some(format!("{base}/{path}"));
        Self {
            authorization_endpoint: endpoint("authorize"),
            token_endpoint: endpoint("token"),
            introspection_endpoint: endpoint("introspect"),
            revocation_endpoint: endpoint("revoke"),
        }
    }
}

/// The metadata document: RFC 8414 §2.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Metadata<'a> {
    /// Compared, as a string, by whoever fetched this.
    pub issuer: &'a str,
    /// RFC 6749 §3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<&'a str>,
    /// RFC 6749 §3.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<&'a str>,
    /// RFC 7662 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<&'a str>,
    /// RFC 7009 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<&'a str>,
    /// What the authorization endpoint takes.
    pub response_types_supported: Vec<&'a str>,
    /// Where its answer may stand: the query for a code, the fragment for a token.
    pub response_modes_supported: Vec<&'a str>,
    /// What can be had, and how.
    pub grant_types_supported: Vec<&'a str>,
    /// How clients authenticate at the token endpoint.
    pub token_endpoint_auth_methods_supported: [&'a str; 3],
    /// Public clients may revoke what is theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint_auth_methods_supported: Option<[&'a str; 3]>,
    /// Public clients may not introspect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint_auth_methods_supported: Option<[&'a str; 2]>,
    /// RFC 9700 §2.1.1: "Authorization servers MUST provide a way to detect their support for PKCE."
    pub code_challenge_methods_supported: Vec<&'a str>,
    /// RFC 9207 §3.
    pub authorization_response_iss_parameter_supported: bool,
}

impl Config {
    /// The metadata document.
    #[must_use]
    pub fn metadata(&self) -> Metadata<'_> {
        let is_token = self.response_types.contains(&ResponseType::Token);
        let is_code = self.response_types.contains(&ResponseType::Code);
        let modes = [(is_code, "query"), (is_token, "fragment")];
        let implicit = is_token.then_some(GrantType::Implicit.as_str());
        let grant_types = self.grant_types.iter().filter(|grant_type| **grant_type != GrantType::Implicit);
        let endpoints = &self.endpoints;
        Metadata {
            issuer: self.issuer.as_str(),
            authorization_endpoint: endpoints.authorization_endpoint.as_deref(),
            token_endpoint: endpoints.token_endpoint.as_deref(),
            introspection_endpoint: endpoints.introspection_endpoint.as_deref(),
            revocation_endpoint: endpoints.revocation_endpoint.as_deref(),
            response_types_supported: self.response_types.iter().map(|kind| kind.as_str()).collect(),
            response_modes_supported: modes.iter().filter(|(offered, _)| *offered).map(|(_, mode)| *mode).collect(),
            grant_types_supported: grant_types.map(GrantType::as_str).chain(implicit).collect(),
            token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
            revocation_endpoint_auth_methods_supported: endpoints
                .revocation_endpoint
                .as_ref()
                .map(|_| ["client_secret_basic", "client_secret_post", "none"]),
            introspection_endpoint_auth_methods_supported: endpoints
                .introspection_endpoint
                .as_ref()
                .map(|_| ["client_secret_basic", "client_secret_post"]),
            code_challenge_methods_supported: self.code_challenge_methods.iter().map(|it| it.as_str()).collect(),
            authorization_response_iss_parameter_supported: true,
        }
    }

    /// The path at which the document is to be found on the issuer's host. RFC 8414 §3.1: "If the issuer identifier value
    /// contains a path component, any terminating "/" MUST be removed before inserting "/.well-known/" and the well-known URI
    /// suffix between the host component and the path component."
    #[must_use]
    pub fn metadata_path(&self) -> String {
        let issuer = self.issuer.as_str();
        let host_on = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
        let path = host_on.find('/').and_then(|at| host_on.get(at..)).unwrap_or_default();
        format!("/.well-known/oauth-authorization-server{}", path.trim_end_matches('/'))
    }
}

impl Server {
    /// Answers a request for the metadata document: RFC 8414 §3. There is nothing to read or write, and nothing secret.
    pub fn metadata<B>(&self, request: &Request<B>) -> Response<Vec<u8>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = EndpointError::Method.into_http(PresentedIn::Body);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let mut response = json(StatusCode::OK, &self.config.metadata());
        let headers = response.headers_mut();
        headers.remove(header::PRAGMA);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        // For clients that live in a browser: the document is public (OAuth 2.1 §3.2).
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }
}
