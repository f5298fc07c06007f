//! The access token response: [RFC 6749 §5].
//!
//! [RFC 6749 §5]: https://www.rfc-editor.org/rfc/rfc6749#section-5

use std::sync::Arc;

use http::{Response, StatusCode};
use serde_json::Value;

use super::error::TokenError;
use crate::model::{AuthorizationDetails, ClientId, GrantId, GrantType, Scope, Secret};
use crate::record::Grant;
use crate::server::cross_origin::Reader;
use crate::server::error::{ErrorReply, PresentedIn, error_response};
use crate::server::issue::Basis;
use crate::wire::Object;

/// The response of the token endpoint, before it is written as HTTP.
#[derive(Debug)]
#[must_use = "the reply is what the client waits for"]
pub struct TokenReply {
    pub(in crate::server) outcome: Result<TokensIssued, TokenRefused>,
    reader: Reader,
}

/// Issued tokens, and the basis on which they were issued.
#[derive(Debug)]
#[cfg_attr(feature = "explore", derive(Clone))]
pub(in crate::server) struct TokensIssued {
    pub(in crate::server) response: TokenResponse,
    pub(in crate::server) grant: Arc<Grant>,
    pub(in crate::server) grant_type: GrantType,
    pub(in crate::server) basis: Basis,
}

/// A refusal, and the grant that is revoked if the presented credential had been spent before.
#[derive(Debug)]
pub(in crate::server) struct TokenRefused {
    pub(in crate::server) reply: ErrorReply<TokenError>,
    pub(in crate::server) replayed: Option<GrantId>,
}

/// A successful response: [RFC 6749 §5.1].
///
/// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The access token. Its type is `Bearer` ([RFC 6750]).
    ///
    /// [RFC 6750]: https://www.rfc-editor.org/rfc/rfc6750
    pub access_token: Secret<'static>,
    /// The lifetime of the access token, in seconds.
    pub expires_in: u64,
    /// The refresh token. After a rotation it replaces the one that was used.
    pub refresh_token: Option<Secret<'static>>,
    /// The scope of the access token. Always sent, unless it is empty: [RFC 6749 §3.3] has no syntax for an empty
    /// scope.
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub scope: Scope,
    /// The authorization details of the access token; sent if there are any. [RFC 9396 §7]: "the AS MUST also return
    /// the `authorization_details` as granted by the resource owner and assigned to the respective access token."
    ///
    /// [RFC 9396 §7]: https://www.rfc-editor.org/rfc/rfc9396#section-7
    pub authorization_details: AuthorizationDetails,
    /// The seconds until the refresh token expires; sent if the grant has a latest end ([Refresh Token Expiration]).
    ///
    /// [Refresh Token Expiration]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-refresh-token-expiration-02
    pub refresh_token_expires_in: Option<u64>,
    /// The seconds until the grant ends, however often it is refreshed; sent if it has a latest end ([Refresh Token
    /// Expiration]).
    ///
    /// [Refresh Token Expiration]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-refresh-token-expiration-02
    pub authorization_expires_in: Option<u64>,
    /// Further members, from an extension grant. Names that have a field here are not sent.
    pub members: Vec<(String, Value)>,
}

/// The names of the members that grantor writes.
const MEMBERS: [&str; 8] = [
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "authorization_details",
    "refresh_token_expires_in",
    "authorization_expires_in",
];

impl TokenResponse {
    fn to_json(&self) -> Object {
        let mut object = Object::new();
        object.text("access_token", self.access_token.expose());
        object.text("token_type", "Bearer");
        object.member("expires_in", &self.expires_in);
        if let Some(refresh_token) = &self.refresh_token {
            object.text("refresh_token", refresh_token.expose());
        }
        if !self.scope.is_empty() {
            object.text("scope", self.scope.as_str());
        }
        if !self.authorization_details.is_empty() {
            object.member("authorization_details", &self.authorization_details);
        }
        if let Some(seconds) = &self.refresh_token_expires_in {
            object.member("refresh_token_expires_in", seconds);
        }
        if let Some(seconds) = &self.authorization_expires_in {
            object.member("authorization_expires_in", seconds);
        }
        // A repeated name would make the object malformed for strict readers, so only the first one is sent.
        let is_first = |at: usize, name: &str| !self.members.iter().take(at).any(|(other, _)| other == name);
        for (at, (name, value)) in self.members.iter().enumerate() {
            if !MEMBERS.contains(&name.as_str()) && is_first(at, name) {
                object.member(name, value);
            }
        }
        object
    }
}

impl TokenReply {
    pub(super) fn issued(reader: Reader, issued: TokensIssued) -> Self {
        Self { outcome: Ok(issued), reader }
    }

    pub(super) fn refused(
        reader: Reader,
        client_id: Option<ClientId>,
        error: TokenError,
        presented_in: PresentedIn,
    ) -> Self {
        let refused = TokenRefused { reply: ErrorReply::new(client_id, error, presented_in), replayed: None };
        Self { outcome: Err(refused), reader }
    }

    pub(super) fn replayed(reader: Reader, client_id: ClientId, grant: GrantId, error: TokenError) -> Self {
        let reply = ErrorReply::new(Some(client_id), error, PresentedIn::Body);
        let refused = TokenRefused { reply, replayed: Some(grant) };
        Self { outcome: Err(refused), reader }
    }

    /// The tokens, or the error.
    ///
    /// # Errors
    /// The exact refusal, for tests and logs. The client gets [`Self::into_http`].
    pub fn result(&self) -> Result<&TokenResponse, &TokenError> {
        self.outcome.as_ref().map(|issued| &issued.response).map_err(|refused| &refused.reply.error)
    }

    /// Returns the HTTP response: [RFC 6749 §5.1], [§5.2].
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    /// [§5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let reader = self.reader;
        reader.shown(match self.outcome {
            Ok(issued) => issued.response.to_json().reply(StatusCode::OK),
            Err(refused) => refused.into_http(),
        })
    }
}

impl TokenRefused {
    fn into_http(self) -> Response<Vec<u8>> {
        let ErrorReply { error, presented_in, .. } = self.reply;
        let status = match error {
            TokenError::Endpoint(error) => return error.into_http(presented_in),
            TokenError::Collision => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        error_response(status, error.code(), &error.description())
    }
}
