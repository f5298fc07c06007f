//! Who gets an authorization response, by which redirect.

use serde::{Deserialize, Serialize};

use crate::model::{ClientId, RedirectUri, ResponseType, Secret, exposed};
use crate::record::{PendingKind, PendingRequest};

/// Who gets the response: the client is proven, and the redirect URI is its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recipient {
    /// The client that asks.
    pub client_id: ClientId,
    /// Where the response will go.
    #[serde(deserialize_with = "crate::model::redirect_uri::stored::one")]
    pub redirect_uri: RedirectUri,
    /// Whether the request named the redirect URI.
    pub(in crate::server) redirect_uri_sent: bool,
    /// What will be issued.
    pub response_type: ResponseType,
    /// RFC 6749 §4.1.2: comes back as it came.
    #[serde(default, with = "exposed::option")]
    pub(in crate::server) state: Option<Secret<'static>>,
}

impl Recipient {
    /// Who pushed a request.
    pub(super) fn of(request: &PendingRequest) -> Self {
        let PendingKind::Pushed(pushed) = &request.kind;
        Self {
            client_id: request.client_id.clone(),
            redirect_uri: pushed.redirect_uri.clone(),
            redirect_uri_sent: pushed.redirect_uri_sent,
            response_type: pushed.response_type,
            state: pushed.state.clone(),
        }
    }
}
