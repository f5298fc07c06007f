//! Token requests and their responses: RFC 6749 §4.1.3, §4.1.4, §4.3, §4.4, §4.5, §5, §6.

use serde::Deserialize;
use serde_json::Value;

use super::Client;
use super::parameters::Parameters;
use super::token_set::TokenSet;
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{GrantType, Issuer, Moment, Resource, Scope, Secret, Timestamp, exposed};
use crate::step::{Pause, Step, machine};
use crate::wire::{Fault, RequestError, ServerAnswer, lenient};

machine! {
    /// The machine that asks a token endpoint for tokens, whatever the grant.
    Exchange {
        Fetch = ExchangeFetch,
        Reply = Result<TokenSet, RequestError>,
    }
}

/// A token request that was not sent yet.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is started"]
pub struct TokenRequest<'a> {
    client: &'a Client,
    parameters: Parameters,
    known_scope: Option<Scope>,
    refresh_token: Option<Secret<'static>>,
    only_at: Option<Issuer>,
}

impl Client {
    /// Asks for a token for the client itself: RFC 6749 §4.4.2. "The client credentials grant type MUST only be used by
    /// confidential clients": the server sees to that.
    pub fn client_credentials(&self) -> TokenRequest<'_> {
        TokenRequest::new(self, GrantType::ClientCredentials.as_str())
    }

    /// Asks with a resource owner's password: RFC 6749 §4.3.2. It exists for migrations. RFC 9700 §2.4: "The resource
    /// owner password credentials grant [...] MUST NOT be used."
    pub fn password(&self, username: &str, password: &Secret<'_>) -> TokenRequest<'_> {
        let mut request = TokenRequest::new(self, GrantType::Password.as_str());
        request.append("username", username);
        request.append("password", password.expose());
        request
    }

    /// Asks with a refresh token: RFC 6749 §6. If the server issues a new one, it is in the token set; if not, the old
    /// one is.
    pub fn refresh(&self, refresh_token: &Secret<'_>) -> TokenRequest<'_> {
        let mut request = TokenRequest::new(self, GrantType::RefreshToken.as_str());
        request.append("refresh_token", refresh_token.expose());
        request.refresh_token = Some(refresh_token.clone().into_static());
        request
    }

    /// Asks by an extension grant, RFC 6749 §4.5, whose parameters are added by [`TokenRequest::parameter`].
    pub fn extension(&self, grant_type: &GrantType) -> TokenRequest<'_> {
        TokenRequest::new(self, grant_type.as_str())
    }
}

impl<'a> TokenRequest<'a> {
    pub(super) fn new(client: &'a Client, grant_type: &str) -> Self {
        let mut parameters = Parameters::new();
        parameters.append("grant_type", grant_type);
        Self { client, parameters, known_scope: None, refresh_token: None, only_at: None }
    }

    pub(super) fn append(&mut self, name: &str, value: &str) {
        self.parameters.append(name, value);
    }

    /// What was asked for before, which this request does not repeat.
    pub(super) fn asked_for(self, known_scope: Option<Scope>) -> Self {
        Self { known_scope, ..self }
    }

    /// What is presented is of this server, and for no other.
    pub(super) fn only_at(self, issuer: Issuer) -> Self {
        Self { only_at: Some(issuer), ..self }
    }

    /// What is asked for; with the empty scope, the server's default: RFC 6749 §3.3. Not for an authorization code,
    /// whose scope was settled before.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.parameters.scope(scope);
        self
    }

    /// A protected resource that the token is to be for: RFC 8707 §2.2. May be called for several.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.parameters.resource(&resource);
        self
    }

    /// A further parameter; one that the grant has already must not be added, since "parameters MUST NOT be included
    /// more than once" (RFC 6749 §3.2).
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.append(name, value);
        self
    }

    /// Starts the request, at this moment. Nothing is drawn from it yet; a proof of the client's will be.
    pub fn start(self, moment: Moment) -> Step<Exchange> {
        let Self { client, parameters, known_scope, refresh_token, only_at } = self;
        let issuer = client.server.issuer.clone();
        if only_at.is_some_and(|only| only != issuer) {
            return Step::Done(Err(RequestError::OtherServer));
        }
        let (form, scope) = parameters.finish();
        let expected = Expected { issuer, requested_at: moment.now(), scope: scope.or(known_scope), refresh_token };
        match client.token_endpoint().and_then(|endpoint| form.post(endpoint, &client.identity(None))) {
            Ok(fetch) => Step::Fetch(ExchangeFetch { fetch, expected }),
            Err(error) => Step::Done(Err(error)),
        }
    }
}

impl TokenSet {
    /// The request that refreshes it (RFC 6749 §6), at the client that it was issued to; `None` if there is no refresh
    /// token. A client of another server sends nothing. RFC 6749 §10.4: "Refresh tokens MUST be kept confidential in
    /// transit and storage, and shared only among the authorization server and the client to whom the refresh tokens
    /// were issued."
    #[must_use]
    pub fn refresh<'a>(&self, client: &'a Client) -> Option<TokenRequest<'a>> {
        let request = client.refresh(self.refresh_token()?);
        // RFC 6749 §6: "if omitted is treated as equal to the scope originally granted by the resource owner".
        Some(request.asked_for(self.scope().cloned()).only_at(self.issuer().clone()))
    }
}

/// Waits for a token response.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct ExchangeFetch {
    fetch: Fetch,
    expected: Expected,
}

impl Pause<Fetch> for ExchangeFetch {
    type Machine = Exchange;

    fn effect(&self) -> &Fetch {
        &self.fetch
    }

    fn resume(self, answer: Answer<Fetch>) -> Step<Exchange> {
        Step::Done(ServerAnswer::new(answer).and_then(|answer| self.expected.read(&answer)))
    }
}

/// What holds where the response does not say otherwise.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) issuer: Issuer,
    pub(super) requested_at: Timestamp,
    pub(super) scope: Option<Scope>,
    pub(super) refresh_token: Option<Secret<'static>>,
}

/// RFC 6749 §5.1. "The client MUST ignore unrecognized value names in the response."
#[derive(Deserialize)]
struct TokenMembers {
    #[serde(default, deserialize_with = "lenient::secret")]
    access_token: Option<Secret<'static>>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Value,
    #[serde(default, deserialize_with = "lenient::secret")]
    refresh_token: Option<Secret<'static>>,
    #[serde(default)]
    scope: Value,
}

impl Expected {
    /// Reads a token response. What is said about the tokens may be unreadable: they were issued all the same and,
    /// where refresh tokens rotate, there are no others.
    pub(super) fn read(self, answer: &ServerAnswer) -> Result<TokenSet, RequestError> {
        let members: TokenMembers = answer.json()?;
        let access_token = members.access_token.ok_or_else(|| answer.unusable(Fault::Missing("access_token")))?;
        if members.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("Bearer")) {
            return Err(answer.unusable(Fault::TokenType));
        }
        let secrets = [Some(&access_token), members.refresh_token.as_ref()];
        if !secrets.into_iter().flatten().all(exposed::is_visible) {
            return Err(answer.unusable(Fault::Malformed));
        }
        Ok(TokenSet::new(self.issuer, access_token, self.requested_at)
            .expiring_in(lenient::seconds(members.expires_in))
            .good_for(lenient::scope(members.scope), self.scope)
            // RFC 6749 §6: "The authorization server MAY issue a new refresh token, in which case the client MUST
            // discard the old refresh token and replace it with the new refresh token."
            .refreshed_by(members.refresh_token.or(self.refresh_token)))
    }
}
