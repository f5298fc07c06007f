//! Token requests and their responses: RFC 6749 §4.1.3, §4.1.4, §4.3, §4.4, §4.5, §5, §6.

use serde::Deserialize;
use serde_json::Value;

use super::{Client, TokenSet};
use crate::fetch::Fetch;
use crate::model::{GrantType, Issuer, Resource, Scope, Secret, Timestamp};
use crate::step::{Answer, Pause, Step, machine};
use crate::wire::{Fault, PostForm, RequestError, ServerAnswer, exposed, lenient};

machine! {
    /// The machine that asks a token endpoint for tokens, whatever the grant.
    Exchange {
        Fetch = TokenRequested,
        Reply = Result<TokenSet, RequestError>,
    }
}

/// A token request that was not sent yet.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is started"]
pub struct TokenRequest<'a> {
    client: &'a Client,
    form: PostForm,
    scope: Option<Scope>,
    known_scope: Option<Scope>,
    refresh_token: Option<Secret<'static>>,
    only_at: Option<Issuer>,
}

impl Client {
    /// Asks for a token for the client itself: RFC 6749 §4.4.2. "The client credentials grant type MUST only be used by confidential
    /// clients": the server sees to that.
    pub fn client_credentials(&self) -> TokenRequest<'_> {
        TokenRequest::new(self, GrantType::ClientCredentials.as_str())
    }

    /// Asks with a resource owner's password: RFC 6749 §4.3.2. It exists for migrations. RFC 9700 §2.4: "The resource owner password
    /// credentials grant [...] MUST NOT be used."
    pub fn password(&self, username: &str, password: &Secret<'_>) -> TokenRequest<'_> {
        let mut request = TokenRequest::new(self, GrantType::Password.as_str());
        request.append("username", username);
        request.append("password", password.expose());
        request
    }

    /// Asks with a refresh token: RFC 6749 §6. If the server issues a new one, it is in the token set; if not, the old one is.
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
        let mut form = PostForm::new();
        form.append("grant_type", grant_type);
        Self { client, form, scope: None, known_scope: None, refresh_token: None, only_at: None }
    }

    pub(super) fn append(&mut self, name: &str, value: &str) {
        self.form.append(name, value);
    }

    /// What was asked for before, which this request does not repeat.
    pub(super) fn asked_for(self, known_scope: Option<Scope>) -> Self {
        Self { known_scope, ..self }
    }

    /// What is presented is of this server, and for no other.
    pub(super) fn only_at(self, issuer: Issuer) -> Self {
        Self { only_at: Some(issuer), ..self }
    }

    /// What is asked for; with the empty scope, the server's default: RFC 6749 §3.3. Not for an authorization code, whose scope was settled
    /// before.
    pub fn scope(self, scope: Scope) -> Self {
        Self { scope: Some(scope).filter(|scope| !scope.is_empty()), ..self }
    }

    /// A protected resource that the token is to be for: RFC 8707 §2.2. May be called for several.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.form.append("resource", resource.as_str());
        self
    }

    /// A further parameter; one that the grant has already must not be added, since "parameters MUST NOT be included more than once"
    /// (RFC 6749 §3.2).
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.form.append(name, value);
        self
    }

    /// Starts the request, at this time.
    pub fn start(self, now: impl Into<Timestamp>) -> Step<Exchange> {
        let Self { client, mut form, scope, known_scope, refresh_token, only_at } = self;
        let issuer = client.server.issuer.clone();
        if only_at.is_some_and(|only| only != issuer) {
            return Step::Done(Err(RequestError::OtherServer));
        }
        form.append_optional("scope", scope.as_ref().map(Scope::as_str));
        let expected = Expected { issuer, requested_at: now.into(), scope: scope.or(known_scope), refresh_token };
        match client.token_endpoint().and_then(|endpoint| form.post(endpoint, &client.identity(None))) {
            Ok(fetch) => Step::Fetch(TokenRequested { fetch, expected }),
            Err(error) => Step::Done(Err(error)),
        }
    }
}

/// Waits for a token response.
#[cfg_attr(feature = "explore", derive(Clone))]
#[derive(Debug)]
pub struct TokenRequested {
    fetch: Fetch,
    expected: Expected,
}

impl Pause<Fetch> for TokenRequested {
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
    /// Reads a token response. What is said about the tokens may be unreadable: they were issued all the same and, where refresh tokens
    /// rotate, there are no others.
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
            // RFC 6749 §6: "The authorization server MAY issue a new refresh token, in which case the client MUST discard the old
            // refresh token and replace it with the new refresh token."
            .refreshed_by(members.refresh_token.or(self.refresh_token)))
    }
}
