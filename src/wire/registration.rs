//! A client's registration at one authorization server, and at no other.

use serde::{Deserialize, Serialize};

use super::request::{Authentication, Identity};
use crate::model::{ClientId, Issuer, Metadata, Secret, exposed};

/// A client's registration at one authorization server: [RFC 6749 §2]. It is bound to that server's issuer. It cannot
/// be combined with metadata that another party names, such as the resource to be called, because the secret would go
/// to the author of the metadata.
///
/// It is a serde value for the host to keep, one for each issuer, with the names of a client information response
/// ([RFC 7591 §3.2.1]) and `issuer` beside them; other members of such a response are ignored. It holds the secret in
/// plain text.
///
/// [RFC 6749 §2]: https://www.rfc-editor.org/rfc/rfc6749#section-2
/// [RFC 7591 §3.2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct Registration {
    issuer: Issuer,
    client_id: ClientId,
    proof: Proof,
}

/// The proof by which a client authenticates.
#[derive(Clone, Debug)]
enum Proof {
    /// The same method everywhere.
    By(Authentication),
    /// This secret, in the header or in the body, as each endpoint requires.
    Secret(Secret<'static>),
}

impl Registration {
    /// Creates the registration of a public client ([RFC 6749 §2.1]), which has no secret.
    ///
    /// [RFC 6749 §2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.1
    #[must_use]
    pub fn public(issuer: Issuer, client_id: ClientId) -> Self {
        Self { issuer, client_id, proof: Proof::By(Authentication::None) }
    }

    /// Creates the registration of a confidential client. The secret is sent in the header if an endpoint accepts that,
    /// else in the body. If the metadata does not name an endpoint's methods, those of the token endpoint are assumed;
    /// if it names none at all, [RFC 8414 §2] applies: "If omitted, the default is "client_secret_basic"".
    ///
    /// [RFC 8414 §2]: https://www.rfc-editor.org/rfc/rfc8414#section-2
    #[must_use]
    pub fn confidential(issuer: Issuer, client_id: ClientId, client_secret: Secret<'static>) -> Self {
        Self { issuer, client_id, proof: Proof::Secret(client_secret) }
    }

    /// Returns the same registration of a client that authenticates in this way at every endpoint, whatever the
    /// metadata says.
    #[must_use]
    pub fn authenticated_by(self, authentication: Authentication) -> Self {
        Self { proof: Proof::By(authentication), ..self }
    }

    /// The authorization server at which the client is registered.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The client's identifier there.
    #[must_use]
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Tells if this is the metadata of the server at which the client is registered. Nothing is sent to any other
    /// server.
    pub(crate) fn is_at(&self, server: &Metadata) -> bool {
        self.issuer == server.issuer
    }

    /// Returns the client's credentials in the form that an endpoint with these authentication methods accepts.
    pub(crate) fn identity(&self, server: &Metadata, methods: Option<&Vec<String>>) -> Identity {
        let methods = methods.or(server.token_endpoint_auth_methods_supported.as_ref());
        let takes = |name: &str| methods.is_some_and(|methods| methods.iter().any(|method| method == name));
        let authentication = match &self.proof {
            Proof::By(authentication) => authentication.clone(),
            Proof::Secret(secret) if takes("client_secret_post") && !takes("client_secret_basic") => {
                Authentication::Post(secret.clone())
            }
            Proof::Secret(secret) => Authentication::Basic(secret.clone()),
        };
        Identity { client_id: self.client_id.clone(), authentication }
    }
}

/// The serialized form of a registration.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(deserialize_with = "crate::model::issuer::in_private_network")]
    issuer: Issuer,
    client_id: ClientId,
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    client_secret: Option<Secret<'static>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_endpoint_auth_method: Option<Method>,
}

/// The authentication method: [RFC 7591 §2].
///
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Method {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Post,
}

impl TryFrom<Kept> for Registration {
    type Error = &'static str;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        let Kept { issuer, client_id, client_secret, token_endpoint_auth_method } = kept;
        let proof = match (token_endpoint_auth_method, client_secret) {
            (Some(Method::None), _) | (None, None) => Proof::By(Authentication::None),
            (None, Some(secret)) => Proof::Secret(secret),
            (Some(Method::Basic), Some(secret)) => Proof::By(Authentication::Basic(secret)),
            (Some(Method::Post), Some(secret)) => Proof::By(Authentication::Post(secret)),
            (Some(Method::Basic | Method::Post), None) => return Err("the client has no client_secret"),
        };
        Ok(Self { issuer, client_id, proof })
    }
}

impl From<Registration> for Kept {
    fn from(registration: Registration) -> Self {
        let Registration { issuer, client_id, proof } = registration;
        let (token_endpoint_auth_method, client_secret) = match proof {
            Proof::By(Authentication::None) => (Some(Method::None), None),
            Proof::By(Authentication::Basic(secret)) => (Some(Method::Basic), Some(secret)),
            Proof::By(Authentication::Post(secret)) => (Some(Method::Post), Some(secret)),
            Proof::Secret(secret) => (None, Some(secret)),
        };
        Self { issuer, client_id, client_secret, token_endpoint_auth_method }
    }
}
