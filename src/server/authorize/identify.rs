//! The client that a person is asked about: a record in the store, or a metadata document ([CIMD]).
//!
//! [CIMD]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01

use std::sync::Arc;

use super::error::AuthorizationPageError;
use super::recipient::Recipient;
use super::request::choose_redirect_uri;
use crate::effect::{Answer, Outage};
use crate::fetch::{Fetch, FromCache};
use crate::model::ClientId;
use crate::record::Client;
use crate::server::Config;
use crate::server::client_id_metadata_document::RequestedDocument;
use crate::step::{Machine, Pause, Step};
use crate::store::{Found, Lookup};

/// The continuation of the authorization endpoint, or of a device's page, once the client is identified, or is not.
/// Implemented by grantor's machines.
pub trait AuthorizationClient<'a>: Sized + Send + Sync {
    /// The machine.
    type Machine: Machine<Fetch = AuthorizeFetch<'a, Self>>;

    /// Continues for this client.
    fn identified(self, client: Arc<Client>, found: &Found) -> Step<Self::Machine>;

    /// Shows the person an error: there is no client to tell.
    fn unidentified(self, client_id: ClientId, error: AuthorizationPageError) -> Step<Self::Machine>;
}

/// Waits for the metadata document of a client that is not in the store.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct AuthorizeFetch<'a, R> {
    requested: RequestedDocument<'a>,
    found: Found,
    request: R,
}

/// Identifies the client that was looked up: by its record or, if it has none, by its metadata document.
pub(in crate::server) fn identify<'a, R: AuthorizationClient<'a>>(
    config: &'a Config,
    client_id: ClientId,
    answer: Answer<Lookup>,
    request: R,
) -> Step<R::Machine> {
    let known = client_of(&client_id, answer).and_then(|found| match found {
        (Some(client), found) => Ok(Ok((client, found))),
        (None, found) => match RequestedDocument::of(config, &client_id, FromCache::Fresh) {
            Some(requested) => Ok(Err((requested?, found))),
            None => Err(AuthorizationPageError::UnknownClient),
        },
    });
    match known {
        Ok(Ok((client, found))) => request.identified(client, &found),
        Ok(Err((requested, found))) => Step::Fetch(AuthorizeFetch { requested, found, request }),
        Err(error) => request.unidentified(client_id, error),
    }
}

impl<'a, R: AuthorizationClient<'a>> Pause<Fetch> for AuthorizeFetch<'a, R> {
    type Machine = R::Machine;

    fn effect(&self) -> &Fetch {
        self.requested.fetch()
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<R::Machine> {
        let Self { requested, found, request } = self;
        match requested.client(answer) {
            Ok(client) => request.identified(client, &found),
            Err(error) => request.unidentified(requested.client_id().clone(), error.into()),
        }
    }
}

/// Returns the client that was looked up, if it is in the store.
fn client_of(
    client_id: &ClientId,
    answer: Answer<Lookup>,
) -> Result<(Option<Arc<Client>>, Found), AuthorizationPageError> {
    let mut found = answer.map_err(|cause| AuthorizationPageError::Unavailable(Outage::of::<Lookup>(cause)))?;
    match found.take_client(client_id) {
        Some(client) if client.disabled => Err(AuthorizationPageError::ClientDisabled),
        client => Ok((client, found)),
    }
}

/// Returns the client that was looked up, if the redirect URI is still one of its own: no redirect happens before both
/// are proven, now.
pub(super) fn proven(answer: Answer<Lookup>, recipient: &Recipient) -> Result<Arc<Client>, AuthorizationPageError> {
    let (client, _) = client_of(&recipient.client_id, answer)?;
    let client = client.ok_or(AuthorizationPageError::UnknownClient)?;
    choose_redirect_uri(&client, Some(recipient.redirect_uri.as_str()))?;
    Ok(client)
}
