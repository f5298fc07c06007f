//! The client information response: [RFC 7591 §3.2.1], [RFC 7592 §3].
//!
//! [RFC 7591 §3.2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1
//! [RFC 7592 §3]: https://www.rfc-editor.org/rfc/rfc7592#section-3

use std::sync::Arc;

use serde::Serialize;
use serde::ser::SerializeMap as _;

use super::config::RegistrationConfig;
use crate::model::Secret;
use crate::record::{Client, RegisteredAuthentication, SecretPresentation};

/// The registration of a client, as the client is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientInformation {
    /// The client's record.
    pub client: Arc<Client>,
    /// The client's secret if it is new: it is shown once, and the server keeps its digest.
    pub client_secret: Option<Secret<'static>>,
    /// The token by which the client manages its registration.
    pub registration_access_token: Secret<'static>,
    /// The URL of the client configuration endpoint.
    pub registration_client_uri: String,
}

impl ClientInformation {
    pub(super) fn new(
        section: &RegistrationConfig,
        client: Arc<Client>,
        client_secret: Option<Secret<'static>>,
        registration_access_token: Secret<'static>,
    ) -> Self {
        let registration_client_uri = section.client_uri(&client.client_id);
        Self { client, client_secret, registration_access_token, registration_client_uri }
    }
}

/// The value of `token_endpoint_auth_method`: [RFC 7591 §2].
///
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
fn method(authentication: &RegisteredAuthentication) -> &'static str {
    match authentication {
        RegisteredAuthentication::None => "none",
        RegisteredAuthentication::Secret { presented, .. } | RegisteredAuthentication::Host { presented } => {
            match presented {
                SecretPresentation::Post => "client_secret_post",
                SecretPresentation::Basic | SecretPresentation::Either => "client_secret_basic",
            }
        }
    }
}

impl Serialize for ClientInformation {
    // RFC 7591 §3.2.1: "Additionally, the authorization server MUST return all registered metadata about this client,
    // including any fields provisioned by the authorization server itself."
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let client = &*self.client;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("client_id", &client.client_id)?;
        if let Some(client_secret) = &self.client_secret {
            map.serialize_entry("client_secret", client_secret.expose())?;
        }
        // RFC 7591 §3.2.1: "REQUIRED if "client_secret" is issued. Time at which the client secret will expire or 0 if
        // it will not expire."
        if client.is_confidential() {
            map.serialize_entry("client_secret_expires_at", &0)?;
        }
        // RFC 7592 §3: "REQUIRED. String containing the fully qualified URL of the client configuration endpoint for
        // this client."
        map.serialize_entry("registration_client_uri", &self.registration_client_uri)?;
        // RFC 7592 §3: "REQUIRED. String containing the access token to be used at the client configuration endpoint to
        // perform subsequent operations upon the client registration."
        map.serialize_entry("registration_access_token", self.registration_access_token.expose())?;
        map.serialize_entry("redirect_uris", &client.redirect_uris)?;
        map.serialize_entry("token_endpoint_auth_method", method(&client.authentication))?;
        map.serialize_entry("grant_types", &client.grant_types)?;
        map.serialize_entry("response_types", &client.response_types)?;
        if !client.scope.is_empty() {
            map.serialize_entry("scope", &client.scope)?;
        }
        if let Some(client_name) = &client.client_name {
            map.serialize_entry("client_name", client_name)?;
        }
        if client.require_pushed_authorization_requests {
            map.serialize_entry("require_pushed_authorization_requests", &true)?;
        }
        if !client.authorization_details_types.is_empty() {
            map.serialize_entry("authorization_details_types", &client.authorization_details_types)?;
        }
        let Some(registration) = &client.registration else { return map.end() };
        map.serialize_entry("client_id_issued_at", &registration.issued_at)?;
        let pages = [
            ("client_uri", &registration.client_uri),
            ("logo_uri", &registration.logo_uri),
            ("tos_uri", &registration.tos_uri),
            ("policy_uri", &registration.policy_uri),
        ];
        for (name, page) in pages.into_iter().filter_map(|(name, page)| Some((name, page.as_ref()?))) {
            map.serialize_entry(name, page)?;
        }
        if !registration.contacts.is_empty() {
            map.serialize_entry("contacts", &registration.contacts)?;
        }
        let texts = [("software_id", &registration.software_id), ("software_version", &registration.software_version)];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
            map.serialize_entry(name, text)?;
        }
        for (name, text) in &registration.localized {
            map.serialize_entry(name, text)?;
        }
        map.end()
    }
}
