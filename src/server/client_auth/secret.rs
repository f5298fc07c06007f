//! `none`, `client_secret_basic` and `client_secret_post`: [RFC 6749 §2.3.1], [RFC 7591 §2].
//!
//! [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

use std::sync::Arc;

use super::authenticated::Authenticated;
use super::presented::ClientAuthenticationMethod;
use crate::consult::{Authenticity, ClientSecret};
use crate::model::{Digest, Secret};
use crate::record::{Client, RegisteredAuthentication, SecretPresentation};
use crate::server::error::{ClientError, PresentedIn};

/// The result of comparing a client's proof with its record.
pub(super) enum Checked {
    Authenticated(Authenticated),
    AskHost(ClientSecret),
}

/// Checks a client's proof. [RFC 6749 §3.2.1]: "Confidential clients or other clients issued client credentials MUST
/// authenticate with the authorization server".
///
/// [RFC 6749 §3.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1
pub(super) fn check(
    method: ClientAuthenticationMethod<'_>,
    as_written: Option<Secret<'_>>,
    client: Option<Arc<Client>>,
) -> Result<Checked, ClientError> {
    let client = client.ok_or(ClientError::Unknown)?;
    if client.disabled {
        return Err(ClientError::Disabled);
    }
    // RFC 6749 §2.2: the client identifier "MUST NOT be used alone for client authentication".
    let presented_in = method.presented_in();
    let client_secret = method.into_secret();
    let presented = match (&client.authentication, &client_secret) {
        (RegisteredAuthentication::None, None) => return Ok(Checked::Authenticated(Authenticated::new(client))),
        // A secret that was never issued proves nothing, and its sender is mistaken about its registration.
        (RegisteredAuthentication::None, Some(_)) => return Err(ClientError::OtherMethod),
        (RegisteredAuthentication::Secret { presented, .. } | RegisteredAuthentication::Host { presented }, _) => {
            *presented
        }
    };
    let client_secret = client_secret.ok_or(ClientError::Unauthenticated)?;
    match (presented, presented_in) {
        (SecretPresentation::Basic, PresentedIn::Body) | (SecretPresentation::Post, PresentedIn::Header) => {
            return Err(ClientError::OtherMethod);
        }
        _ => {}
    }
    let is_right = match &client.authentication {
        RegisteredAuthentication::Secret { digest, previous, .. } => {
            // RFC 6749 §2.3.1 has the secret form-encoded; a client that did not encode it meant the text as written.
            // All readings are compared with all digests, even after a match, so that the time does not depend on it.
            let is_right = |presented: Digest| {
                let is_previous = previous.is_some_and(|previous| previous == presented);
                *digest == presented || is_previous
            };
            let is_right_as_written = as_written.is_some_and(|as_written| is_right(as_written.digest()));
            is_right(client_secret.digest()) || is_right_as_written
        }
        RegisteredAuthentication::None | RegisteredAuthentication::Host { .. } => {
            let client_secret = client_secret.into_static();
            let client_secret_as_written = as_written.map(Secret::into_static);
            return Ok(Checked::AskHost(ClientSecret { client, client_secret, client_secret_as_written }));
        }
    };
    if is_right { Ok(Checked::Authenticated(Authenticated::new(client))) } else { Err(ClientError::SecretMismatch) }
}

/// Applies the host's answer for a secret that only it can check.
pub(super) fn by_host(question: ClientSecret, answer: Authenticity) -> Result<Authenticated, ClientError> {
    match answer {
        Authenticity::Genuine => Ok(Authenticated::new(question.client)),
        Authenticity::Refused => Err(ClientError::SecretMismatch),
    }
}
