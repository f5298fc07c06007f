//! The metadata document of an authorization server: RFC 8414 §2.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::members::{Members, Unreadable, without_doubles};
use super::{Endpoint, Issuer, endpoint, issuer};

/// What an authorization server says of itself. A server derives it from its configuration, a client reads it. There
/// may be more members than have a name here (RFC 8414 §2): see [`Metadata::members`].
///
/// A member that cannot be read is left out, as if the server had not said it, and [named](Metadata::unreadable), for
/// most clients need few of them. Without a sound `issuer`, there is no metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members")]
#[non_exhaustive]
pub struct Metadata {
    /// Compared, as a string, by whoever fetched this.
    pub issuer: Issuer,
    /// RFC 6749 §3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<Endpoint>,
    /// RFC 6749 §3.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<Endpoint>,
    /// RFC 8628 §4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_authorization_endpoint: Option<Endpoint>,
    /// RFC 7662 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<Endpoint>,
    /// RFC 7009 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<Endpoint>,
    /// RFC 9126 §5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_request_endpoint: Option<Endpoint>,
    /// Where clients register themselves: RFC 7591 §3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<Endpoint>,
    /// The server's public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<Endpoint>,
    /// Whether a client may be known by the URL of a document of its own, in place of a registration:
    /// draft-ietf-oauth-client-id-metadata-document.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub client_id_metadata_document_supported: bool,
    /// What may be asked for; there may be more. "Servers MAY choose not to advertise some supported scope values even
    /// when this parameter is used" (RFC 8414 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes_supported: Option<Vec<String>>,
    /// What the authorization endpoint takes.
    pub response_types_supported: Vec<String>,
    /// Where its answer may stand: the query for a code, the fragment for a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_modes_supported: Option<Vec<String>>,
    /// What can be had, and how. "If omitted, the default value is "["authorization_code", "implicit"]"."
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types_supported: Option<Vec<String>>,
    /// How clients authenticate at the token endpoint. "If omitted, the default is "client_secret_basic"".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// How clients authenticate at the revocation endpoint. "If omitted, the default is "client_secret_basic"".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// How clients authenticate at the introspection endpoint. "If omitted, the set of supported authentication methods
    /// MUST be determined by other means." ([RFC 8414 §2])
    ///
    /// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9700 §2.1.1: "Authorization servers MUST provide a way to detect their support for PKCE." "If omitted, the
    /// authorization server does not support PKCE" (RFC 8414 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    // RFC 8414 §3.2: "Claims with zero elements MUST be omitted from the response."
    /// The ways to authenticate a resource owner that may be asked for: RFC 9470 §7.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr_values_supported: Vec<String>,
    /// Whether authorization responses carry `iss`: RFC 9207 §3. A member that is there and is neither yes nor no
    /// counts as yes: then a response without `iss` is refused.
    pub authorization_response_iss_parameter_supported: bool,
    /// A page for developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_documentation: Option<String>,
    /// The languages of the server's pages, as BCP 47 language tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ui_locales_supported: Option<Vec<String>>,
    /// A page on what a client may do with the data that it gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_policy_uri: Option<String>,
    /// The terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_tos_uri: Option<String>,
    /// Every other member, as it is.
    #[serde(flatten)]
    pub members: Map<String, Value>,
    #[serde(skip)]
    unreadable: Unreadable,
}

impl TryFrom<Members> for Metadata {
    type Error = serde_json::Error;

    fn try_from(mut members: Members) -> Result<Self, Self::Error> {
        let from = &mut members;
        let read = Self {
            authorization_endpoint: from.text_by("authorization_endpoint", endpoint::in_private_network),
            token_endpoint: from.text_by("token_endpoint", endpoint::in_private_network),
            device_authorization_endpoint: from.text_by("device_authorization_endpoint", endpoint::in_private_network),
            introspection_endpoint: from.text_by("introspection_endpoint", endpoint::in_private_network),
            revocation_endpoint: from.text_by("revocation_endpoint", endpoint::in_private_network),
            pushed_authorization_request_endpoint: from
                .text_by("pushed_authorization_request_endpoint", endpoint::in_private_network),
            registration_endpoint: from.text_by("registration_endpoint", endpoint::in_private_network),
            jwks_uri: from.text_by("jwks_uri", endpoint::in_private_network),
            client_id_metadata_document_supported: from.flag("client_id_metadata_document_supported", false),
            scopes_supported: from.list("scopes_supported"),
            response_types_supported: from.list("response_types_supported").unwrap_or_default(),
            response_modes_supported: from.list("response_modes_supported"),
            grant_types_supported: from.list("grant_types_supported"),
            token_endpoint_auth_methods_supported: from.list("token_endpoint_auth_methods_supported"),
            revocation_endpoint_auth_methods_supported: from.list("revocation_endpoint_auth_methods_supported"),
            introspection_endpoint_auth_methods_supported: from.list("introspection_endpoint_auth_methods_supported"),
            code_challenge_methods_supported: from.list("code_challenge_methods_supported"),
            acr_values_supported: from.list("acr_values_supported").unwrap_or_default(),
            authorization_response_iss_parameter_supported: from
                .flag("authorization_response_iss_parameter_supported", true),
            service_documentation: from.text("service_documentation"),
            ui_locales_supported: from.list("ui_locales_supported"),
            op_policy_uri: from.text("op_policy_uri"),
            op_tos_uri: from.text("op_tos_uri"),
            ..Self::new(from.required("issuer", issuer::in_private_network)?)
        };
        let (members, unreadable) = members.finish();
        Ok(Self { members, unreadable, ..read })
    }
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
            registration_endpoint: None,
            jwks_uri: None,
            client_id_metadata_document_supported: false,
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
            unreadable: Unreadable::new(),
        }
    }

    /// The members of the document that were there and cannot be used: of another type, say, a relative URL, or plain
    /// http where that is refused; also a list that is kept without some of its entries. For a log: they are not kept
    /// with the rest.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }

    /// Leaves out the URLs of which that is said, and names them.
    pub(crate) fn leave_out(&mut self, is_unusable: impl Fn(&Endpoint) -> bool) {
        let urls = [
            ("authorization_endpoint", &mut self.authorization_endpoint),
            ("token_endpoint", &mut self.token_endpoint),
            ("device_authorization_endpoint", &mut self.device_authorization_endpoint),
            ("introspection_endpoint", &mut self.introspection_endpoint),
            ("revocation_endpoint", &mut self.revocation_endpoint),
            ("pushed_authorization_request_endpoint", &mut self.pushed_authorization_request_endpoint),
            ("registration_endpoint", &mut self.registration_endpoint),
            ("jwks_uri", &mut self.jwks_uri),
        ];
        for (name, url) in urls {
            if url.as_ref().is_some_and(&is_unusable) {
                *url = None;
                self.unreadable.push(name);
            }
        }
    }

    /// The same document, whose further members do not repeat what it says already.
    pub(crate) fn without_doubles(mut self) -> Self {
        let members = std::mem::take(&mut self.members);
        self.members = without_doubles(members, &self);
        self
    }
}
