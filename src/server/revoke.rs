//! Token revocation: RFC 7009.

use std::marker::PhantomData;

use http::{Request, Response, StatusCode};

use super::Server;
use super::about_token::AboutToken;
use super::client_auth::{Authenticated, ClientError, PresentedIn};
use super::identify::{CheckSecret, Endpoint, Identify};
use super::refusal::{EndpointError, error_response, presented_in};
use crate::event::Event;
use crate::model::{ClientId, CredentialKind, GrantId, Key};
use crate::step::{Answer, Pause, Step, Unavailable, machine};
use crate::store::{Change, Commit, Found, Outcome};
use crate::wire::empty;

machine! {
    /// The machine of the revocation endpoint.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret] ─▶ Commit ─▶ reply
    /// ```
    Revoke<'a> {
        Lookup = Identify<'a, RevokeRequested<'a>>,
        ClientSecret = CheckSecret<RevokeRequested<'a>>,
        Commit = RevokeCommit<'a>,
        Reply = RevokeReply,
    }
}

impl Server {
    /// Answers a request to the revocation endpoint: RFC 7009 §2.
    pub fn revoke<'a, B: AsRef<[u8]>>(&'a self, request: &'a Request<B>) -> Step<Revoke<'a>> {
        match AboutToken::read(request) {
            Ok(request) => self.revoke_request(request),
            Err(error) => Step::Done(RevokeReply::refused(None, error.into(), presented_in(request))),
        }
    }

    /// Answers a typed request to the revocation endpoint.
    pub fn revoke_request<'a>(&'a self, request: AboutToken<'a>) -> Step<Revoke<'a>> {
        let key = Key::of(request.token.expose());
        let endpoint = RevokeRequested { key, presented_in: request.client.presented_in, server: PhantomData };
        Step::Lookup(Identify::new(request.client, key, endpoint))
    }
}

/// A request whose client is not known yet.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct RevokeRequested<'a> {
    key: Option<Key>,
    presented_in: PresentedIn,
    server: PhantomData<&'a Server>,
}

impl<'a> Endpoint for RevokeRequested<'a> {
    type Machine = Revoke<'a>;

    fn ask_host(pause: CheckSecret<Self>) -> Step<Revoke<'a>> {
        Step::ClientSecret(pause)
    }

    fn authenticated(self, client: Authenticated, found: &Found) -> Step<Revoke<'a>> {
        let client_id = client.client().client_id.clone();
        // RFC 7009 §2.2: "invalid tokens do not cause an error response since the client cannot handle such an error in a
        // reasonable way."
        let Some(presented) = self.key.and_then(|key| found.credential(key)) else {
            return Step::Done(RevokeReply::revoked(client_id, None));
        };
        // RFC 7009 §2.1: "verifies whether the token was issued to the client making the revocation request. If this
        // validation fails, the request is refused and the client is informed of the error".
        if presented.grant.client_id != client_id {
            return Step::Done(RevokeReply::refused(Some(client_id), RevokeError::OfAnotherClient, self.presented_in));
        }
        let (key, grant) = (presented.credential.key, presented.grant.id);
        let change = match presented.credential.kind {
            // RFC 7009 §2.1: "If the particular token is a refresh token [...], then the authorization server SHOULD also
            // invalidate all access tokens based on the same authorization grant".
            CredentialKind::RefreshToken => Change::Revoke(grant),
            CredentialKind::AccessToken { .. } => Change::Discard(key),
            CredentialKind::AuthorizationCode { .. } => {
                return Step::Done(RevokeReply::refused(
                    Some(client_id),
                    RevokeError::UnsupportedTokenType,
                    self.presented_in,
                ));
            }
        };
        Step::Commit(RevokeCommit { commit: Commit::of(change), client_id, grant, server: self.server })
    }

    fn refused(self, client_id: ClientId, error: ClientError) -> Step<Revoke<'a>> {
        let error = EndpointError::from(error).into();
        Step::Done(RevokeReply::refused(Some(client_id), error, self.presented_in))
    }

    fn unavailable(self, client_id: ClientId, effect: &'static str, unavailable: Unavailable) -> Step<Revoke<'a>> {
        let error = EndpointError::Unavailable(effect, unavailable).into();
        Step::Done(RevokeReply::refused(Some(client_id), error, self.presented_in))
    }
}

/// Waits for the write.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct RevokeCommit<'a> {
    commit: Commit,
    client_id: ClientId,
    grant: GrantId,
    server: PhantomData<&'a Server>,
}

impl<'a> Pause<Commit> for RevokeCommit<'a> {
    type Machine = Revoke<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Revoke<'a>> {
        let unavailable = match answer {
            Ok(Outcome::Applied) => return Step::Done(RevokeReply::revoked(self.client_id, Some(self.grant))),
            Ok(Outcome::Conflict(_)) => Unavailable::new("the store refused a change that has no precondition"),
            Err(unavailable) => unavailable,
        };
        // RFC 7009 §2.2.1: "If the server responds with HTTP status code 503, the client must assume the token still exists and may
        // retry after a reasonable delay."
        let error = EndpointError::Unavailable("commit", unavailable).into();
        Step::Done(RevokeReply::refused(Some(self.client_id), error, PresentedIn::Body))
    }
}

/// Why the revocation endpoint refused.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// The request, the client or the store is at fault, as it may be at any endpoint.
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    /// The token was issued to another client.
    #[error("the token was issued to another client")]
    OfAnotherClient,
    /// An authorization code is not a token.
    #[error("only access tokens and refresh tokens can be revoked")]
    UnsupportedTokenType,
}

impl RevokeError {
    /// The `error` of RFC 6749 §5.2 and RFC 7009 §2.2.1.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Endpoint(error) => error.code(),
            Self::OfAnotherClient => "invalid_grant",
            Self::UnsupportedTokenType => "unsupported_token_type",
        }
    }
}

/// What the revocation endpoint answers.
#[derive(Debug)]
#[must_use = "the reply is what the client waits for"]
pub struct RevokeReply {
    result: Result<(), RevokeError>,
    presented_in: PresentedIn,
    event: Event,
}

impl RevokeReply {
    fn revoked(client_id: ClientId, grant: Option<GrantId>) -> Self {
        Self { result: Ok(()), presented_in: PresentedIn::Body, event: Event::Revoked { client_id, grant } }
    }

    fn refused(client_id: Option<ClientId>, error: RevokeError, presented_in: PresentedIn) -> Self {
        let event = match &error {
            RevokeError::Endpoint(EndpointError::Unavailable(effect, cause)) => {
                Event::Unavailable { client_id, effect, cause: cause.clone() }
            }
            reason => Event::RevocationRefused { client_id, reason: reason.clone() },
        };
        Self { result: Err(error), presented_in, event }
    }

    /// Whether the token is dead now, or never was alive; or why the request was refused.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<(), &RevokeError> {
        self.result.as_ref().copied()
    }

    /// For the audit log and the metrics.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The response: RFC 7009 §2.2, §2.2.1.
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        match self.result {
            Ok(()) => empty(StatusCode::OK),
            Err(RevokeError::Endpoint(error)) => error.into_http(self.presented_in),
            Err(error) => error_response(StatusCode::BAD_REQUEST, error.code(), &error.to_string()),
        }
    }
}
