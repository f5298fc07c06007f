//! The recipient of an authorization response.

use serde::{Deserialize, Serialize};

use crate::model::{ClientId, RedirectUri, ResponseMode, ResponseType, Secret, exposed};
use crate::record::PushedRequest;
use crate::server::Config;

/// The recipient of a response: the client is proven, and the redirect URI is its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recipient {
    /// The client that asks.
    pub client_id: ClientId,
    /// The redirect URI of the response.
    #[serde(deserialize_with = "crate::model::redirect_uri::stored::one")]
    pub redirect_uri: RedirectUri,
    /// True if the request named the redirect URI.
    pub(in crate::server) redirect_uri_sent: bool,
    /// The response type: a code or a token.
    pub response_type: ResponseType,
    /// The response mode that the request named; `None` for the default of the response type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::server) response_mode: Option<ResponseMode>,
    /// The client's `state`, returned unchanged: [RFC 6749 §4.1.2].
    ///
    /// [RFC 6749 §4.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    #[serde(default, with = "exposed::option")]
    pub(in crate::server) state: Option<Secret<'static>>,
}

impl Recipient {
    /// Returns the recipient of a pushed request's response.
    pub(super) fn of(client_id: ClientId, pushed: &PushedRequest) -> Self {
        Self {
            client_id,
            redirect_uri: pushed.redirect_uri.clone(),
            redirect_uri_sent: pushed.redirect_uri_sent,
            response_type: pushed.response_type,
            response_mode: pushed.response_mode,
            state: pushed.state.clone(),
        }
    }

    /// The way in which the response travels, a successful one or an error.
    #[must_use]
    pub fn response_mode(&self) -> ResponseMode {
        self.response_mode.unwrap_or(ResponseMode::default_for(self.response_type))
    }

    /// Tells if the server sends such a response by its mode.
    pub(super) fn is_reachable(&self, config: &Config) -> bool {
        let mode = self.response_mode();
        config.authorization.response_modes.contains(&mode)
            && mode.carries(self.response_type)
            && (mode != ResponseMode::FormPost || self.redirect_uri.takes_posts())
    }
}
