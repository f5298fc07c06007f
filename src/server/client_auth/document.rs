//! The identification of a client by its metadata document: [CIMD].
//!
//! Such a client is public: nothing in a document that everybody can read proves who sent a request.
//!
//! [CIMD]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01

use std::sync::Arc;

use super::authenticate::ClientEndpoint;
use super::authenticated::Authenticated;
use crate::effect::Answer;
use crate::fetch::{Fetch, FromCache};
use crate::model::ClientId;
use crate::record::Client;
use crate::server::Config;
use crate::server::client_id_metadata_document::{RequestedDocument, has_document};
use crate::server::error::{ClientError, EndpointError};
use crate::step::{Machine, Pause, Step};
use crate::store::Found;

/// Waits for the metadata document of a client that is not in the store.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "it holds what was presented")]
pub struct AuthenticateFetch<'a, E> {
    requested: RequestedDocument<'a>,
    found: Found,
    endpoint: E,
}

/// Identifies a client that is not in the store by its metadata document, if it can have one.
pub(in crate::server) fn by_document<'a, E>(
    config: &'a Config,
    client_id: ClientId,
    from_cache: FromCache,
    (found, endpoint): (Found, E),
) -> Step<E::Machine>
where
    E: ClientEndpoint,
    E::Machine: Machine<Fetch = AuthenticateFetch<'a, E>>,
{
    match RequestedDocument::of(config, &client_id, from_cache) {
        Some(Ok(requested)) => Step::Fetch(AuthenticateFetch { requested, found, endpoint }),
        Some(Err(error)) => endpoint.refused(client_id, error.into()),
        None => endpoint.refused(client_id, ClientError::Unknown.into()),
    }
}

/// Identifies a client that is not in the store by its identifier alone, if that can be the URL of a document. For an
/// endpoint that asks for nothing else of a public client: it then works while the document's server does not.
pub(in crate::server) fn by_name(config: &Config, client_id: &ClientId) -> Result<Authenticated, EndpointError> {
    has_document(config, client_id).ok_or(ClientError::Unknown)??;
    Ok(Authenticated::new(Arc::new(Client::public(client_id.clone()))))
}

impl<'a, E: ClientEndpoint> Pause<Fetch> for AuthenticateFetch<'a, E> {
    type Machine = E::Machine;

    fn effect(&self) -> &Fetch {
        self.requested.fetch()
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<E::Machine> {
        let Self { requested, found, endpoint } = self;
        match requested.client(answer) {
            Ok(client) => endpoint.authenticated(Authenticated::new(client), &found),
            Err(error) => endpoint.refused(requested.client_id().clone(), error.into()),
        }
    }
}
