//! The metadata document of an authorization server: [RFC 8414 §2].
//!
//! [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::members::{Members, Unreadable, without_doubles};
use super::{Endpoint, Issuer, endpoint, issuer};

/// The metadata of an authorization server. A server derives it from its configuration; a client reads it. Members that
/// have no field here ([RFC 8414 §2]) are in [`Metadata::members`].
///
/// An unreadable member is left out, as if the server had not sent it, and [named](Metadata::unreadable), since most
/// clients need few of them. Without a valid `issuer`, there is no metadata.
///
/// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members")]
#[non_exhaustive]
pub struct Metadata {
    /// The issuer identifier. The code that fetched the document compares it as a string.
    pub issuer: Issuer,
    /// The URL of the authorization endpoint: [RFC 6749 §3.1].
    ///
    /// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<Endpoint>,
    /// The URL of the token endpoint: [RFC 6749 §3.2].
    ///
    /// [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<Endpoint>,
    /// The URL of the device authorization endpoint: [RFC 8628 §4].
    ///
    /// [RFC 8628 §4]: https://www.rfc-editor.org/rfc/rfc8628#section-4
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_authorization_endpoint: Option<Endpoint>,
    /// The URL of the introspection endpoint: [RFC 7662 §2].
    ///
    /// [RFC 7662 §2]: https://www.rfc-editor.org/rfc/rfc7662#section-2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<Endpoint>,
    /// The URL of the revocation endpoint: [RFC 7009 §2].
    ///
    /// [RFC 7009 §2]: https://www.rfc-editor.org/rfc/rfc7009#section-2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<Endpoint>,
    /// The URL of the pushed authorization request endpoint: [RFC 9126 §5].
    ///
    /// [RFC 9126 §5]: https://www.rfc-editor.org/rfc/rfc9126#section-5
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_request_endpoint: Option<Endpoint>,
    /// True if the server takes authorization requests only if they are pushed: [RFC 9126 §5].
    ///
    /// [RFC 9126 §5]: https://www.rfc-editor.org/rfc/rfc9126#section-5
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_pushed_authorization_requests: bool,
    /// The URL at which clients register themselves: [RFC 7591 §3].
    ///
    /// [RFC 7591 §3]: https://www.rfc-editor.org/rfc/rfc7591#section-3
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<Endpoint>,
    /// The URL of the server's public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<Endpoint>,
    /// True if a client can be identified by the URL of a document of its own, in place of a registration: [CIMD].
    ///
    /// [CIMD]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub client_id_metadata_document_supported: bool,
    /// The scope values that a client may ask for; there may be more. "Servers MAY choose not to advertise some
    /// supported scope values even when this parameter is used" ([RFC 8414 §2]).
    ///
    /// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes_supported: Option<Vec<String>>,
    /// The authorization details types that a client may ask for: [RFC 9396 §10].
    ///
    /// [RFC 9396 §10]: https://www.rfc-editor.org/rfc/rfc9396#section-10
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details_types_supported: Option<Vec<String>>,
    /// The `response_type` values that the authorization endpoint accepts.
    pub response_types_supported: Vec<String>,
    /// The places where a response can stand: the query for a code, the fragment for a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_modes_supported: Option<Vec<String>>,
    /// The grant types that the server supports. "If omitted, the default value is "["authorization_code",
    /// "implicit"]"."
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types_supported: Option<Vec<String>>,
    /// The client authentication methods of the token endpoint. "If omitted, the default is "client_secret_basic"".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// The client authentication methods of the revocation endpoint. "If omitted, the default is
    /// "client_secret_basic"".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// The client authentication methods of the introspection endpoint. "If omitted, the set of supported
    /// authentication methods MUST be determined by other means." ([RFC 8414 §2])
    ///
    /// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// The PKCE methods that the server supports. [RFC 9700 §2.1.1]: "Authorization servers MUST provide a way to
    /// detect their support for PKCE." "If omitted, the authorization server does not support PKCE" ([RFC 8414 §2]).
    ///
    /// [RFC 9700 §2.1.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1
    /// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// The authentication context classes that a client may ask for: [RFC 9470 §7].
    ///
    /// [RFC 9470 §7]: https://www.rfc-editor.org/rfc/rfc9470#section-7
    // RFC 8414 §3.2: "Claims with zero elements MUST be omitted from the response."
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr_values_supported: Vec<String>,
    /// True if authorization responses carry `iss`: [RFC 9207 §3]. A member that is not a boolean counts as true, so
    /// that a response without `iss` is refused.
    ///
    /// [RFC 9207 §3]: https://www.rfc-editor.org/rfc/rfc9207#section-3
    pub authorization_response_iss_parameter_supported: bool,
    /// The URL of a page for developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_documentation: Option<String>,
    /// The languages of the server's pages, as BCP 47 language tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ui_locales_supported: Option<Vec<String>>,
    /// The URL of the server's policy on the use of its data by clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_policy_uri: Option<String>,
    /// The URL of the terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_tos_uri: Option<String>,
    /// The other members, as they were sent.
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
            require_pushed_authorization_requests: from.flag("require_pushed_authorization_requests", false),
            registration_endpoint: from.text_by("registration_endpoint", endpoint::in_private_network),
            jwks_uri: from.text_by("jwks_uri", endpoint::in_private_network),
            client_id_metadata_document_supported: from.flag("client_id_metadata_document_supported", false),
            scopes_supported: from.list("scopes_supported"),
            authorization_details_types_supported: from.list("authorization_details_types_supported"),
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
    /// Creates the metadata of a server that publishes none. Set its endpoints, and switch on the features that it is
    /// known to support.
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
            authorization_details_types_supported: None,
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
            require_pushed_authorization_requests: false,
            service_documentation: None,
            ui_locales_supported: None,
            op_policy_uri: None,
            op_tos_uri: None,
            members: Map::new(),
            unreadable: Unreadable::new(),
        }
    }

    /// The names of the members that cannot be used: of another type, say, a relative URL, or plain http where that is
    /// refused; also a list that is kept without some of its entries. Meant for a log, and not serialized.
    #[must_use]
    pub fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }

    /// Leaves out the endpoints for which the predicate is true, and adds their names to the unreadable ones.
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

    /// Returns the same document, without further members that repeat a field.
    pub(crate) fn without_doubles(mut self) -> Self {
        let members = std::mem::take(&mut self.members);
        self.members = without_doubles(members, &self);
        self
    }
}
