//! Token requests and their responses: [RFC 6749 §4.1.3], [§4.1.4], [§4.3], [§4.4], [§4.5], [§5], [§6].
//!
//! [RFC 6749 §4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
//! [§4.1.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.4
//! [§4.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.3
//! [§4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4
//! [§4.5]: https://www.rfc-editor.org/rfc/rfc6749#section-4.5
//! [§5]: https://www.rfc-editor.org/rfc/rfc6749#section-5
//! [§6]: https://www.rfc-editor.org/rfc/rfc6749#section-6

use std::sync::Arc;

use serde::de::Error as _;
use serde_json::value::RawValue;

use super::Client;
use super::dialect::Dialect;
use super::parameters::Parameters;
use super::token_set::{Asked, TokenSet};
use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{AuthorizationDetails, GrantType, Issuer, Moment, Resource, Scope, Secret, Timestamp, exposed};
use crate::step::{Pause, Step, machine};
use crate::wire::{Fault, Further, Member, RawMembers, RequestError, ServerAnswer, lenient};

machine! {
    /// The machine that requests tokens from a token endpoint, for any grant.
    Exchange {
        Fetch = ExchangeFetch,
        Reply = Result<TokenSet, RequestError>,
    }
}

/// The grant type of token exchange: [RFC 8693 §2.1].
///
/// [RFC 8693 §2.1]: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A token request that is not sent yet.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is started"]
pub struct TokenRequest<'a> {
    client: &'a Client,
    parameters: Parameters,
    /// The scope that was granted before, if known, to a request that does not repeat it.
    known_scope: Option<Scope>,
    /// The terms of the earlier request that this one continues.
    before: Asked,
    token_type: Option<String>,
    by_client_credentials: bool,
    refresh_token: Option<Secret<'static>>,
    only_at: Option<Issuer>,
}

impl Client {
    /// Asks for a token for the client itself: [RFC 6749 §4.4.2]. "The client credentials grant type MUST only be used
    /// by confidential clients" ([RFC 6749 §4.4]), which the server enforces.
    ///
    /// [RFC 6749 §4.4.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4.2
    /// [RFC 6749 §4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4
    pub fn client_credentials(&self) -> TokenRequest<'_> {
        let request = TokenRequest::new(self, GrantType::ClientCredentials.as_str());
        TokenRequest { by_client_credentials: true, ..request }
    }

    /// Asks with a resource owner's password: [RFC 6749 §4.3.2]. Use it only for migrations. [RFC 9700 §2.4]: "The
    /// resource owner password credentials grant [...] MUST NOT be used."
    ///
    /// [RFC 6749 §4.3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2
    /// [RFC 9700 §2.4]: https://www.rfc-editor.org/rfc/rfc9700#section-2.4
    pub fn password(&self, username: &str, password: &Secret<'_>) -> TokenRequest<'_> {
        let mut request = TokenRequest::new(self, GrantType::Password.as_str());
        request.append("username", username);
        request.append("password", password.expose());
        request
    }

    /// Asks with a refresh token: [RFC 6749 §6]. The token set in the reply has the new refresh token if the server
    /// issued one, and the old one otherwise.
    ///
    /// [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
    pub fn refresh(&self, refresh_token: &Secret<'_>) -> TokenRequest<'_> {
        let mut request = TokenRequest::new(self, GrantType::RefreshToken.as_str());
        request.append("refresh_token", refresh_token.expose());
        request.refresh_token = Some(refresh_token.clone().into_static());
        request
    }

    /// Asks by an extension grant: [RFC 6749 §4.5]. Add its parameters with [`TokenRequest::parameter`].
    ///
    /// For token exchange, the token type `N_A` is understood. [RFC 8693 §2.2.1]: "If the issued token is not an access
    /// token or usable as an access token, then the `token_type` value `N_A` is used".
    ///
    /// [RFC 6749 §4.5]: https://www.rfc-editor.org/rfc/rfc6749#section-4.5
    /// [RFC 8693 §2.2.1]: https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
    pub fn extension(&self, grant_type: &GrantType) -> TokenRequest<'_> {
        let request = TokenRequest::new(self, grant_type.as_str());
        if grant_type.as_str() == TOKEN_EXCHANGE { request.token_type("N_A") } else { request }
    }
}

impl<'a> TokenRequest<'a> {
    pub(super) fn new(client: &'a Client, grant_type: &str) -> Self {
        let mut parameters = Parameters::new();
        parameters.append("grant_type", grant_type);
        Self {
            client,
            parameters,
            known_scope: None,
            before: Asked::default(),
            token_type: None,
            by_client_credentials: false,
            refresh_token: None,
            only_at: None,
        }
    }

    pub(super) fn append(&mut self, name: &str, value: &str) {
        self.parameters.append(name, value);
    }

    /// Continues an earlier request: its resources are repeated, and its granted scope is known and not repeated.
    pub(super) fn asked_for(self, before: Asked, known_scope: Option<Scope>) -> Self {
        Self { before, known_scope, ..self }
    }

    /// Limits the request to this server, whose credential it presents.
    pub(super) fn only_at(self, issuer: Issuer) -> Self {
        Self { only_at: Some(issuer), ..self }
    }

    /// Asks for this scope; an empty scope asks for the server's default: [RFC 6749 §3.3]. Not for an authorization
    /// code, whose scope is settled already.
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub fn scope(mut self, scope: Scope) -> Self {
        self.parameters.scope(scope);
        self
    }

    /// Asks for a token that is good at this protected resource: [RFC 8707 §2.2]. Call it again for further resources.
    /// Without a call, the request repeats the resources of the authorization request, or of the token that is
    /// refreshed; a call replaces them.
    ///
    /// [RFC 8707 §2.2]: https://www.rfc-editor.org/rfc/rfc8707#section-2.2
    pub fn resource(mut self, resource: Resource) -> Self {
        self.parameters.resource(resource);
        self
    }

    /// Asks for a token with these authorization details: [RFC 9396 §6]. Without a call, the server decides; grantor's
    /// gives all that were granted. A refresh does not repeat a call, as it does not repeat the scope.
    ///
    /// [RFC 9396 §6]: https://www.rfc-editor.org/rfc/rfc9396#section-6
    pub fn authorization_details(mut self, authorization_details: AuthorizationDetails) -> Self {
        self.parameters.authorization_details(authorization_details);
        self
    }

    /// Accepts this token type too, beside `Bearer` and those that the client [knows](Client::with_token_type).
    pub fn token_type(self, token_type: impl Into<String>) -> Self {
        Self { token_type: Some(token_type.into()), ..self }
    }

    /// Adds a further parameter. One that the grant has already must not be added: "parameters MUST NOT be included
    /// more than once" ([RFC 6749 §3.2]).
    ///
    /// [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.further(name, value);
        self
    }

    /// Starts the request at this moment. No randomness is drawn from the moment yet; proofs of possession will need
    /// it.
    ///
    /// `run` returns a [`TokenSet`], or a [`RequestError`].
    pub fn start(self, moment: Moment) -> Step<Exchange> {
        let Self { client, parameters, known_scope, before, token_type, by_client_credentials, .. } = self;
        let issuer = client.server.issuer.clone();
        if self.only_at.is_some_and(|only| only != issuer) {
            return Step::Done(Err(RequestError::OtherServer));
        }
        let by_client_credentials = by_client_credentials && !parameters.has_further;
        let authorization_details = parameters.details().cloned();
        let (form, scope, resource) = parameters.finish(before.resource);
        let scope_asked = scope.clone().or(before.scope);
        let asked = Asked { scope: scope_asked, resource, authorization_details, by_client_credentials };
        let expected = Expected {
            dialect: Arc::clone(&client.dialect),
            issuer,
            requested_at: moment.now(),
            scope: scope.or(known_scope),
            asked,
            token_type,
            refresh_token: self.refresh_token,
        };
        match client.token_endpoint().and_then(|endpoint| client.post(form, endpoint, None)) {
            Ok(fetch) => Step::Fetch(ExchangeFetch { fetch, expected }),
            Err(error) => Step::Done(Err(error)),
        }
    }
}

impl TokenSet {
    /// Returns the request that refreshes these tokens ([RFC 6749 §6]), at the client that they were issued to; `None`
    /// without a refresh token. A client of another server sends nothing. [RFC 6749 §10.4]: "Refresh tokens MUST be
    /// kept confidential in transit and storage, and shared only among the authorization server and the client to whom
    /// the refresh tokens were issued."
    ///
    /// [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
    /// [RFC 6749 §10.4]: https://www.rfc-editor.org/rfc/rfc6749#section-10.4
    #[must_use]
    pub fn refresh<'a>(&self, client: &'a Client) -> Option<TokenRequest<'a>> {
        let request = client.refresh(self.refresh_token()?);
        // RFC 6749 §6: "if omitted is treated as equal to the scope originally granted by the resource owner".
        let request = request.asked_for(self.asked().clone(), self.scope().cloned());
        // The type was understood once, so it is understood again.
        Some(request.token_type(self.token_type()).only_at(self.issuer().clone()))
    }

    /// Returns the request for a replacement that needs nobody's help: the [refresh](Self::refresh), or the same
    /// request again if that was [`Client::client_credentials`] without a parameter of its own. (The client's own
    /// [parameters](Client::with_parameter) are sent again.)
    #[must_use]
    pub fn renew<'a>(&self, client: &'a Client) -> Option<TokenRequest<'a>> {
        if let Some(request) = self.refresh(client) {
            return Some(request);
        }
        let request = self.asked().by_client_credentials.then(|| client.client_credentials())?;
        let Asked { scope, resource, authorization_details, .. } = self.asked().clone();
        let request = authorization_details.into_iter().fold(request, TokenRequest::authorization_details);
        let request = scope.into_iter().fold(request, TokenRequest::scope);
        let request = resource.into_iter().fold(request, TokenRequest::resource);
        Some(request.token_type(self.token_type()).only_at(self.issuer().clone()))
    }

    /// True if [`Self::renew`] returns a request.
    #[must_use]
    pub fn is_renewable(&self) -> bool {
        self.refresh_token().is_some() || self.asked().by_client_credentials
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
        let Self { expected, .. } = self;
        let answer = expected.dialect.hear(answer, expected.requested_at);
        Step::Done(answer.and_then(|answer| expected.read(&answer)))
    }
}

/// The values that apply if the response does not say otherwise.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) dialect: Arc<Dialect>,
    pub(super) issuer: Issuer,
    pub(super) requested_at: Timestamp,
    pub(super) scope: Option<Scope>,
    pub(super) asked: Asked,
    pub(super) token_type: Option<String>,
    pub(super) refresh_token: Option<Secret<'static>>,
}

/// The members of a token response that [`TokenSet`] has accessors for, or that mean that there is no token.
const KNOWN: [&str; 8] =
    ["access_token", "token_type", "expires_in", "refresh_token", "scope", "error", "error_description", "error_uri"];

/// The member that [`TokenSet`] has an accessor for too, if it can be read; if not, it is left to the host as it is.
const DETAILS: &str = "authorization_details";

impl Expected {
    /// Reads a token response: [RFC 6749 §5.1]. Members about the tokens may be unreadable: the tokens were issued all
    /// the same and, if refresh tokens rotate, there are no others.
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    pub(super) fn read(self, answer: &ServerAnswer) -> Result<TokenSet, RequestError> {
        let members = self.dialect.token_members(answer)?;
        let malformed = || answer.unusable(Fault::Malformed);
        let access_token = members.read_once("access_token", lenient::secret).map_err(|_| malformed())?;
        let access_token = access_token.ok_or_else(|| answer.unusable(Fault::Missing("access_token")))?;
        if !exposed::is_visible(&access_token) {
            return Err(malformed());
        }
        let token_type = members.read("token_type", lenient::string);
        let own = |kind: &str| self.token_type.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(kind));
        let is_understood = match &token_type {
            Ok(kind) => kind.as_ref().is_none_or(|kind| self.dialect.understands(kind) || own(kind)),
            // A value that is not a text says nothing. Of several values, one may be unknown to the client.
            Err(_) => !matches!(members.get("token_type"), Member::Ambiguous),
        };
        if !is_understood {
            return Err(answer.unusable(Fault::TokenType));
        }
        let scope = match members.get("scope") {
            Member::Absent => self.dialect.scope(&members, "scopes").or(Ok::<_, ()>(None)),
            _ => self.dialect.scope(&members, "scope").map_err(drop),
        };
        let (refresh_token, unreadable) = refresh_token(&members, self.refresh_token);
        let details = members.read_once(DETAILS, details);
        let known: Vec<_> = KNOWN.into_iter().chain(details.is_ok().then_some(DETAILS)).collect();
        Ok(TokenSet::new(self.issuer, access_token, self.requested_at)
            .of_type(token_type)
            .expiring_in(members.read("expires_in", lenient::seconds), self.dialect.lifetime)
            .good_for(scope, self.scope)
            .with_details(details)
            .asked_by(self.asked)
            .refreshed_by(refresh_token)
            .unreadable_too(unreadable)
            .with_members(Further::than(&known, &members)))
    }
}

/// Reads authorization details. Null counts as missing.
fn details(json: &RawValue) -> serde_json::Result<Option<AuthorizationDetails>> {
    match json.get() {
        "null" => Ok(None),
        text => AuthorizationDetails::parse(text).map(Some).map_err(serde_json::Error::custom),
    }
}

/// Returns the refresh token to keep, and the member's name if it cannot be read. [RFC 6749 §6]: "The authorization
/// server MAY issue a new refresh token, in which case the client MUST discard the old refresh token and replace it
/// with the new refresh token."
///
/// [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
fn refresh_token(
    members: &RawMembers<'_>,
    old: Option<Secret<'static>>,
) -> (Option<Secret<'static>>, Option<&'static str>) {
    let is_ambiguous = matches!(members.get("refresh_token"), Member::Ambiguous);
    match members.read("refresh_token", lenient::secret) {
        Ok(None) => (old, None),
        Ok(Some(new)) if exposed::is_visible(&new) => (Some(new), None),
        // A token was issued, but an ambiguous one.
        Ok(Some(_)) => (None, Some("refresh_token")),
        Err(_) if is_ambiguous => (None, Some("refresh_token")),
        // No token was issued: `false`, for example.
        Err(_) => (old, Some("refresh_token")),
    }
}
