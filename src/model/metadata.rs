//! The metadata document of an authorization server: RFC 8414 §2.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Endpoint, Issuer};

/// What an authorization server says of itself. A server derives it from its configuration, a client reads it. There
/// may be more members than are named here (RFC 8414 §2); they are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// Compared, as a string, by whoever fetched this.
    #[serde(deserialize_with = "super::issuer::in_private_network")]
    pub issuer: Issuer,
    /// RFC 6749 §3.1.
    #[serde(
        default,
        deserialize_with = "super::endpoint::in_private_network",
        skip_serializing_if = "Option::is_none"
    )]
    pub authorization_endpoint: Option<Endpoint>,
    /// RFC 6749 §3.2.
    #[serde(
        default,
        deserialize_with = "super::endpoint::in_private_network",
        skip_serializing_if = "Option::is_none"
    )]
    pub token_endpoint: Option<Endpoint>,
    /// RFC 8628 §4.
    #[serde(
        default,
        deserialize_with = "super::endpoint::in_private_network",
        skip_serializing_if = "Option::is_none"
    )]
    pub device_authorization_endpoint: Option<Endpoint>,
    /// RFC 7662 §2.
    #[serde(
        default,
        deserialize_with = "super::endpoint::in_private_network",
        skip_serializing_if = "Option::is_none"
    )]
    pub introspection_endpoint: Option<Endpoint>,
    /// RFC 7009 §2.
    #[serde(
        default,
        deserialize_with = "super::endpoint::in_private_network",
        skip_serializing_if = "Option::is_none"
    )]
    pub revocation_endpoint: Option<Endpoint>,
    /// RFC 9126 §5.
    #[serde(
        default,
        deserialize_with = "super::endpoint::in_private_network",
        skip_serializing_if = "Option::is_none"
    )]
    pub pushed_authorization_request_endpoint: Option<Endpoint>,
    /// What may be asked for; there may be more. "Servers MAY choose not to advertise some supported scope values even
    /// when this parameter is used" (RFC 8414 §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes_supported: Option<Vec<String>>,
    /// What the authorization endpoint takes.
    #[serde(default, deserialize_with = "or_default")]
    pub response_types_supported: Vec<String>,
    /// Where its answer may stand: the query for a code, the fragment for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_modes_supported: Option<Vec<String>>,
    /// What can be had, and how. "If omitted, the default value is "["authorization_code", "implicit"]"."
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_types_supported: Option<Vec<String>>,
    /// How clients authenticate at the token endpoint. "If omitted, the default is "client_secret_basic"".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// How clients authenticate at the revocation endpoint. "If omitted, the default is "client_secret_basic"".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// How clients authenticate at the introspection endpoint. "If omitted, the set of supported authentication methods
    /// MUST be determined by other means."
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9700 §2.1.1: "Authorization servers MUST provide a way to detect their support for PKCE." "If omitted, the
    /// authorization server does not support PKCE" (RFC 8414 §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// The ways to authenticate a resource owner that may be asked for: RFC 9470 §7.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub acr_values_supported: Vec<String>,
    /// Whether authorization responses carry `iss`: RFC 9207 §3.
    #[serde(default, deserialize_with = "or_default")]
    pub authorization_response_iss_parameter_supported: bool,
    /// A page for developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_documentation: Option<String>,
    /// The languages of the server's pages, as BCP 47 language tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_locales_supported: Option<Vec<String>>,
    /// A page on what a client may do with the data that it gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op_policy_uri: Option<String>,
    /// The terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op_tos_uri: Option<String>,
    /// Every other member.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

impl Metadata {
    /// What a server without a metadata document is known by; name its endpoints, and switch on what it is known to
    /// support.
    #[must_use]
    pub fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            authorization_endpoint: None,
            token_endpoint: None,
            device_authorization_endpoint: None,
            introspection_endpoint: None,
            revocation_endpoint: None,
            scopes_supported: None,
            response_types_supported: Vec::new(),
            response_modes_supported: None,
            grant_types_supported: None,
            token_endpoint_auth_methods_supported: None,
            revocation_endpoint_auth_methods_supported: None,
            introspection_endpoint_auth_methods_supported: None,
            code_challenge_methods_supported: None,
            acr_values_supported: Vec::new(),
            authorization_response_iss_parameter_supported: false,
            pushed_authorization_request_endpoint: None,
            service_documentation: None,
            ui_locales_supported: None,
            op_policy_uri: None,
            op_tos_uri: None,
            members: Map::new(),
        }
    }

    /// Every endpoint that it names.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let endpoints = [
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.device_authorization_endpoint,
            &self.introspection_endpoint,
            &self.revocation_endpoint,
            &self.pushed_authorization_request_endpoint,
        ];
        endpoints.into_iter().flatten()
    }

    /// The same document, whose further members do not repeat what it says already.
    pub(crate) fn without_doubles(mut self) -> Self {
        let members = std::mem::take(&mut self.members);
        let said = serde_json::to_value(&self).unwrap_or_default();
        self.members = members.into_iter().filter(|(name, _)| said.get(name).is_none()).collect();
        self
    }
}

/// For a member that may be omitted: null is omitted too.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
