//! Token revocation: [RFC 7009].
//!
//! [RFC 7009]: https://www.rfc-editor.org/rfc/rfc7009

use std::marker::PhantomData;

use http::{Request, Response, StatusCode};

use super::about_token::about_token;
use super::client_auth::{
    AuthenticateClientSecret, AuthenticateLookup, Authenticated, ClientAuthentication, ClientEndpoint, by_name,
};
use super::cross_origin::Reader;
use super::error::{EndpointError, ErrorReply, PresentedIn, error_response};
use super::request::presented_in;
use super::section::{AUTH_METHODS, Section, names};
use super::{Config, Server};
use crate::effect::{Answer, Outage, Unavailable};
use crate::model::{ClientId, Endpoint, GrantId, Key, Metadata, Moment, Secret};
use crate::record::CredentialKind;
use crate::step::{Pause, Step, machine};
use crate::store::{Change, Commit, Found, Outcome};
use crate::wire::{empty, serialize_error};

machine! {
    /// The machine of the revocation endpoint.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ [ClientSecret] ─▶ Commit ─▶ reply
    /// ```
    ///
    /// The machine draws nothing from its moment; a client assertion will be checked against its time.
    Revoke<'a> {
        Lookup = AuthenticateLookup<'a, RevokeEndpoint<'a>>,
        ClientSecret = AuthenticateClientSecret<RevokeEndpoint<'a>>,
        Commit = RevokeCommit<'a>,
        Reply = RevokeReply,
    }
}

/// The revocation section of a configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RevocationConfig {
    /// The URL at which the host has mounted the endpoint. Default: `revoke` below the issuer.
    pub endpoint: Endpoint,
}

impl RevocationConfig {
    /// Creates the recommended section, for an endpoint at this URL.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }
}

impl Section for RevocationConfig {
    fn advertise(&self, metadata: &mut Metadata) {
        metadata.revocation_endpoint = Some(self.endpoint.clone());
        metadata.revocation_endpoint_auth_methods_supported = names(AUTH_METHODS);
    }
}

/// A request to the revocation endpoint: [RFC 7009 §2.1]. It lets a server ignore `token_type_hint` "if it is able to
/// detect the token type automatically"; one lookup finds a token of any type.
///
/// [RFC 7009 §2.1]: https://www.rfc-editor.org/rfc/rfc7009#section-2.1
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RevocationRequest<'a> {
    /// The client that revokes the token.
    pub client: ClientAuthentication<'a>,
    /// The token to revoke.
    pub token: Secret<'a>,
}

impl<'a> RevocationRequest<'a> {
    /// Creates this client's request to revoke this token.
    #[must_use]
    pub fn new(client: ClientAuthentication<'a>, token: Secret<'a>) -> Self {
        Self { client, token }
    }

    fn read<B: AsRef<[u8]>>(config: &Config, request: &'a Request<B>) -> Result<Self, EndpointError> {
        if config.revocation.is_none() {
            return Err(EndpointError::NotConfigured);
        }
        config.cross_origin.check(request)?;
        let (client, token) = about_token(config, request)?;
        Ok(Self { client, token })
    }
}

impl Server {
    /// Answers a request to the revocation endpoint: [RFC 7009 §2]. `run` returns a [`RevokeReply`].
    ///
    /// [RFC 7009 §2]: https://www.rfc-editor.org/rfc/rfc7009#section-2
    pub fn revoke<'a, B: AsRef<[u8]>>(&'a self, request: &'a Request<B>, moment: Moment) -> Step<Revoke<'a>> {
        let reader = self.config.cross_origin.reader(request);
        match RevocationRequest::read(&self.config, request) {
            Ok(request) => self.start_revocation(request, reader, moment),
            Err(error) => Step::Done(RevokeReply::refused(reader, None, error, presented_in(request))),
        }
    }

    /// Answers a request to the revocation endpoint whose parameters are already read.
    ///
    /// `run` returns a [`RevokeReply`].
    pub fn revocation_request<'a>(&'a self, request: RevocationRequest<'a>, moment: Moment) -> Step<Revoke<'a>> {
        self.start_revocation(request, Reader::Client, moment)
    }

    fn start_revocation<'a>(
        &'a self,
        request: RevocationRequest<'a>,
        reader: Reader,
        moment: Moment,
    ) -> Step<Revoke<'a>> {
        drop(moment); // nothing is drawn yet, and no method of authentication looks at the time
        let RevocationRequest { client, token } = request;
        let presented_in = client.presented_in();
        if self.config.revocation.is_none() {
            let error = EndpointError::NotConfigured;
            return Step::Done(RevokeReply::refused(reader, Some(client.client_id), error, presented_in));
        }
        let key = Key::of(token.expose());
        let endpoint = RevokeEndpoint { config: &self.config, key, presented_in, reader };
        Step::Lookup(AuthenticateLookup::new(client, key, endpoint))
    }
}

/// The state of the endpoint while the client is authenticated.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct RevokeEndpoint<'a> {
    config: &'a Config,
    key: Option<Key>,
    presented_in: PresentedIn,
    reader: Reader,
}

impl<'a> ClientEndpoint for RevokeEndpoint<'a> {
    type Machine = Revoke<'a>;

    fn authenticated(self, client: Authenticated, found: &Found) -> Step<Revoke<'a>> {
        let client_id = client.client().client_id.clone();
        // RFC 7009 §2.2: "invalid tokens do not cause an error response since the client cannot handle such an error in
        // a reasonable way."
        let Some(presented) = self.key.and_then(|key| found.credential(key)) else {
            return Step::Done(RevokeReply::revoked(self.reader, client_id, None));
        };
        // RFC 7009 §2.1: "verifies whether the token was issued to the client making the revocation request. If this
        // validation fails, the request is refused and the client is informed of the error".
        if presented.grant.client_id != client_id {
            return Step::Done(RevokeReply::refused(
                self.reader,
                Some(client_id),
                RevokeError::OfAnotherClient,
                self.presented_in,
            ));
        }
        let (key, grant) = (presented.credential.key, presented.grant.id);
        let change = match presented.credential.kind {
            // RFC 7009 §2.1: "If the particular token is a refresh token [...], then the authorization server SHOULD
            // also invalidate all access tokens based on the same authorization grant".
            CredentialKind::RefreshToken => Change::Revoke(grant),
            CredentialKind::AccessToken(_) => Change::Discard(key),
            CredentialKind::AuthorizationCode(_) => {
                let error = RevokeError::UnsupportedTokenType;
                return Step::Done(RevokeReply::refused(self.reader, Some(client_id), error, self.presented_in));
            }
        };
        Step::Commit(RevokeCommit {
            commit: Commit::of(change),
            client_id,
            grant,
            reader: self.reader,
            server: PhantomData,
        })
    }

    fn refused(self, client_id: ClientId, error: EndpointError) -> Step<Revoke<'a>> {
        Step::Done(RevokeReply::refused(self.reader, Some(client_id), error, self.presented_in))
    }

    fn unregistered(self, client_id: ClientId, found: Found) -> Step<Revoke<'a>> {
        match by_name(self.config, &client_id) {
            Ok(client) => self.authenticated(client, &found),
            Err(error) => self.refused(client_id, error),
        }
    }
}

/// Waits for the outcome of the commit.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct RevokeCommit<'a> {
    commit: Commit,
    client_id: ClientId,
    grant: GrantId,
    reader: Reader,
    server: PhantomData<&'a Server>,
}

impl<'a> Pause<Commit> for RevokeCommit<'a> {
    type Machine = Revoke<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<Revoke<'a>> {
        let unavailable = match answer {
            Ok(Outcome::Applied) => {
                return Step::Done(RevokeReply::revoked(self.reader, self.client_id, Some(self.grant)));
            }
            Ok(Outcome::Conflict(_)) => Unavailable::new("the store refused a change that has no precondition"),
            Err(unavailable) => unavailable,
        };
        // RFC 7009 §2.2.1: "If the server responds with HTTP status code 503, the client must assume the token still
        // exists and may retry after a reasonable delay."
        let error = EndpointError::Unavailable(Outage::of::<Commit>(unavailable));
        Step::Done(RevokeReply::refused(self.reader, Some(self.client_id), error, PresentedIn::Body))
    }
}

/// An error of the revocation endpoint.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// The request, the client or the store is at fault, as at any endpoint.
    #[error("{0}")]
    Endpoint(#[from] EndpointError),
    /// The token was issued to another client.
    #[error("the token was issued to another client")]
    OfAnotherClient,
    /// The token is an authorization code, which cannot be revoked here.
    #[error("only access tokens and refresh tokens can be revoked")]
    UnsupportedTokenType,
}

serialize_error!(RevokeError);

impl RevokeError {
    /// The `error` of [RFC 6749 §5.2] and [RFC 7009 §2.2.1].
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    /// [RFC 7009 §2.2.1]: https://www.rfc-editor.org/rfc/rfc7009#section-2.2.1
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Endpoint(error) => error.code(),
            Self::OfAnotherClient => "invalid_grant",
            Self::UnsupportedTokenType => "unsupported_token_type",
        }
    }
}

/// The response of the revocation endpoint, before it is written as HTTP.
#[derive(Debug)]
#[must_use = "the reply is what the client waits for"]
pub struct RevokeReply {
    /// The client that revoked the token, and the token's grant if there was such a token.
    pub(super) outcome: Result<(ClientId, Option<GrantId>), ErrorReply<RevokeError>>,
    reader: Reader,
}

impl RevokeReply {
    fn revoked(reader: Reader, client_id: ClientId, grant: Option<GrantId>) -> Self {
        Self { outcome: Ok((client_id, grant)), reader }
    }

    fn refused(
        reader: Reader,
        client_id: Option<ClientId>,
        error: impl Into<RevokeError>,
        presented_in: PresentedIn,
    ) -> Self {
        let refused = ErrorReply::new(client_id, error, presented_in);
        Self { outcome: Err(refused), reader }
    }

    /// `Ok` if the token is no longer valid, or never was; else the error.
    ///
    /// # Errors
    /// The refusal.
    pub fn result(&self) -> Result<(), &RevokeError> {
        self.outcome.as_ref().map(|_| ()).map_err(|refused| &refused.error)
    }

    /// Returns the HTTP response: [RFC 7009 §2.2], [§2.2.1].
    ///
    /// [RFC 7009 §2.2]: https://www.rfc-editor.org/rfc/rfc7009#section-2.2
    /// [§2.2.1]: https://www.rfc-editor.org/rfc/rfc7009#section-2.2.1
    #[must_use]
    pub fn into_http(self) -> Response<Vec<u8>> {
        let reader = self.reader;
        reader.shown(match self.outcome {
            Ok(_) => empty(StatusCode::OK),
            Err(ErrorReply { error: RevokeError::Endpoint(error), presented_in, .. }) => error.into_http(presented_in),
            Err(ErrorReply { error, .. }) => error_response(StatusCode::BAD_REQUEST, error.code(), &error.to_string()),
        })
    }
}
