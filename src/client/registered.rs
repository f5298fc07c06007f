//! The client's own record of a dynamic registration: [RFC 7591 §3.2.1], [RFC 7592 §3].
//!
//! [RFC 7591 §3.2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1
//! [RFC 7592 §3]: https://www.rfc-editor.org/rfc/rfc7592#section-3

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client_metadata::ClientMetadata;
use super::discover::is_downgrade;
use crate::model::members::Members;
use crate::model::{ClientId, Endpoint, Issuer, Secret, Timestamp, exposed};
use crate::wire::{Authentication, Fault, Registration, RequestError, ServerAnswer, lenient};

/// A client that was registered dynamically, as the server confirmed it: [RFC 7591 §3.2.1].
///
/// It is a serde value for the host to keep, one for each issuer, with the names of the client information response and
/// `issuer` beside them, so that a [`Registration`] can be read from it too. It holds secrets in plain text.
///
/// [RFC 7591 §3.2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    #[serde(deserialize_with = "crate::model::issuer::in_private_network")]
    issuer: Issuer,
    client_id: ClientId,
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    client_secret: Option<Secret<'static>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id_issued_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registration_client_uri: Option<String>,
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    registration_access_token: Option<Secret<'static>>,
    #[serde(flatten)]
    metadata: ClientMetadata,
}

/// The error for a client that was registered with an authentication that this crate does not have. The registration
/// itself is good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client is registered for another authentication than by a secret: {0}")]
pub struct OtherAuthentication(String);

impl Registered {
    /// Reads a client information response. [RFC 7592 §2.1]: "If the authorization server includes a new client secret
    /// and/or registration access token in its response, the client MUST immediately discard its previous client secret
    /// and/or registration access token." What the response leaves out stays as it was.
    ///
    /// [RFC 7592 §2.1]: https://www.rfc-editor.org/rfc/rfc7592#section-2.1
    pub(super) fn of(answer: &ServerAnswer, issuer: Issuer, before: Option<&Self>) -> Result<Self, RequestError> {
        let mut members = answer.json::<Members>()?;
        let from = &mut members;
        let client_id = from.required("client_id", serde_json::from_value::<ClientId>);
        let client_id = client_id.map_err(|_| answer.unusable(Fault::Unreadable("client_id")))?;
        // RFC 7592 §2.1: "The value of the "client_id" MUST NOT change from the initial registration response."
        if before.is_some_and(|before| before.client_id != client_id) {
            return Err(answer.unusable(Fault::Unreadable("client_id")));
        }
        let client_secret = secret(from, "client_secret", answer)?;
        let access_token = secret(from, "registration_access_token", answer)?;
        let mut seconds = |name| from.optional(name, lenient::seconds).flatten();
        let issued_at = seconds("client_id_issued_at").map(Timestamp);
        let expires_at = seconds("client_secret_expires_at").filter(|seconds| *seconds > 0).map(Timestamp);
        let uri = from.text::<String>("registration_client_uri");
        let (mut metadata, _) = members.finish();
        // This name is for the host's own.
        metadata.remove("issuer");
        let is_public = metadata.get("token_endpoint_auth_method").and_then(Value::as_str) == Some("none");
        let kept = |find: fn(&Self) -> Option<&Secret<'static>>| before.and_then(find).cloned();
        let is_new = client_secret.is_some();
        let kept_end = before.filter(|_| !is_new).and_then(|before| before.client_secret_expires_at);
        Ok(Self {
            issuer,
            client_id,
            client_secret: client_secret.or_else(|| kept(Self::client_secret)).filter(|_| !is_public),
            client_secret_expires_at: expires_at.or(kept_end),
            client_id_issued_at: issued_at.or_else(|| before?.client_id_issued_at),
            registration_client_uri: uri.or_else(|| before?.registration_client_uri.clone()),
            registration_access_token: access_token
                .or_else(|| kept(|before| before.registration_access_token.as_ref())),
            metadata: ClientMetadata::of(metadata),
        })
    }

    /// Returns the registration with which the client goes on: [`Registration::at`].
    ///
    /// # Errors
    /// The client was registered for an authentication that this crate does not have.
    pub fn registration(&self) -> Result<Registration, OtherAuthentication> {
        let (issuer, client_id) = (self.issuer.clone(), self.client_id.clone());
        let method = self.metadata.text("token_endpoint_auth_method");
        let Some(client_secret) = self.client_secret.clone().filter(|_| method != Some("none")) else {
            return match method {
                None | Some("none") => Ok(Registration::public(issuer, client_id)),
                Some(other) => Err(OtherAuthentication(other.to_owned())),
            };
        };
        let registration = Registration::confidential(issuer, client_id, client_secret.clone());
        match method {
            None => Ok(registration),
            Some("client_secret_basic") => Ok(registration.authenticated_by(Authentication::Basic(client_secret))),
            Some("client_secret_post") => Ok(registration.authenticated_by(Authentication::Post(client_secret))),
            Some(other) => Err(OtherAuthentication(other.to_owned())),
        }
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

    /// The client's secret, if it has one.
    #[must_use]
    pub fn client_secret(&self) -> Option<&Secret<'static>> {
        self.client_secret.as_ref()
    }

    /// The time at which the secret expires; `None` if it does not. Before then, [`read`](Self::read) the registration:
    /// the server may give a new one.
    #[must_use]
    pub fn client_secret_expires_at(&self) -> Option<Timestamp> {
        self.client_secret_expires_at
    }

    /// The time at which the identifier was issued, if the server said so.
    #[must_use]
    pub fn client_id_issued_at(&self) -> Option<Timestamp> {
        self.client_id_issued_at
    }

    /// The metadata that is registered, which may differ from what was asked for.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// True if the registration can be read, updated and deleted at its server: [RFC 7592].
    ///
    /// [RFC 7592]: https://www.rfc-editor.org/rfc/rfc7592
    #[must_use]
    pub fn is_managed(&self) -> bool {
        self.management().is_ok()
    }

    /// Returns the URL of the client configuration endpoint, and the token for it. The token goes to no less protected
    /// place than the issuer's.
    pub(super) fn management(&self) -> Result<(&str, &Secret<'static>), RequestError> {
        let uri = self.registration_client_uri.as_deref();
        let uri = uri.filter(|uri| Endpoint::parse_in_private_network(uri).is_ok());
        let uri = uri.filter(|uri| !is_downgrade(self.issuer.as_str(), uri));
        let uri = uri.ok_or(RequestError::NoEndpoint("registration_client_uri"))?;
        let access_token = self.registration_access_token.as_ref();
        Ok((uri, access_token.ok_or(RequestError::NoEndpoint("registration_access_token"))?))
    }
}

/// Takes a secret. An empty text counts as missing.
fn secret(
    members: &mut Members,
    name: &'static str,
    answer: &ServerAnswer,
) -> Result<Option<Secret<'static>>, RequestError> {
    let read = |value: Value| match value {
        Value::String(text) if text.is_empty() => Ok(None),
        value => exposed::deserialize(value).map(Some),
    };
    let secret = members.strict(name, read).map_err(|_| answer.unusable(Fault::Unreadable(name)))?;
    Ok(secret.flatten())
}
