//! The authorization endpoint: RFC 6749 §3.1, §4.1.1, §4.2.1, RFC 7636 §4.3, §4.4.
//!
//! This machine cannot write. It ends in a [`Prompt`], which the host keeps while the resource owner logs in and decides;
//! [`Prompt::approve`] and [`Prompt::deny`] start the machine of `decide`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::{Method, Request};

use super::response::{AuthorizationError, AuthorizationRefused, AuthorizationResponse, Recipient};
use super::{Config, Prompt, Server};
use crate::event::Event;
use crate::model::{
    Acr, Client, ClientId, CodeChallenge, CodeChallengeMethod, GrantType, RedirectUri, Resources, ResponseType, Scope,
    Secret, Version, is_vschar, only,
};
use crate::step::{Answer, Pause, Step, machine};
use crate::store::Lookup;
use crate::wire::{Form, FormError, form_body};

machine! {
    /// The machine of the authorization endpoint. It has no `Commit`: nothing is written before the resource owner decides.
    ///
    /// ```text
    /// request ─▶ Lookup ─▶ Ask(Prompt) │ redirect with an error │ page with an error
    /// ```
    Authorize<'a> {
        Lookup = AuthorizeLookup<'a>,
        Reply = Authorization,
    }
}

/// What an authorization request comes to.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is a reply, moved once")]
#[must_use = "the resource owner is to be asked, or the response to be sent"]
pub enum Authorization {
    /// The request is sound: log the resource owner in and ask.
    Ask(Prompt),
    /// It is not: send this.
    Respond(AuthorizationResponse),
}

/// An authorization request: RFC 6749 §4.1.1, §4.2.1. A parameter that was sent without a value is none.
#[derive(Clone, Default)]
pub struct AuthorizationRequest<'a> {
    /// RFC 6749 §3.1.1.
    pub response_type: Option<Cow<'a, str>>,
    /// RFC 6749 §2.2.
    pub client_id: Option<Cow<'a, str>>,
    /// RFC 6749 §3.1.2.
    pub redirect_uri: Option<Cow<'a, str>>,
    /// RFC 6749 §3.3.
    pub scope: Option<Cow<'a, str>>,
    /// Comes back in the response, to the byte.
    pub state: Option<Cow<'a, str>>,
    /// RFC 7636 §4.3.
    pub code_challenge: Option<Cow<'a, str>>,
    /// RFC 7636 §4.3; `plain` if omitted.
    pub code_challenge_method: Option<Cow<'a, str>>,
    /// RFC 8707 §2.1.
    pub resource: Vec<Cow<'a, str>>,
    /// RFC 9470 §4.
    pub acr_values: Option<Cow<'a, str>>,
    /// RFC 9470 §4, in seconds.
    pub max_age: Option<Cow<'a, str>>,
}

impl fmt::Debug for AuthorizationRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("response_type", &self.response_type)
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Answers a request to the authorization endpoint: GET or POST (RFC 6749 §3.1).
    pub fn authorize<'a, B: AsRef<[u8]>>(&'a self, request: &'a Request<B>) -> Step<Authorize<'a>> {
        match AuthorizationRequest::read(request) {
            Ok((request, fault)) => self.look_up(request, fault),
            Err(refused) => refuse(None, refused),
        }
    }

    /// Answers a typed authorization request.
    pub fn authorization_request<'a>(&'a self, request: AuthorizationRequest<'a>) -> Step<Authorize<'a>> {
        self.look_up(request, None)
    }

    fn look_up<'a>(&'a self, request: AuthorizationRequest<'a>, fault: Option<FormError>) -> Step<Authorize<'a>> {
        let Some(client_id) = &request.client_id else {
            return refuse(None, AuthorizationRefused::ClientIdMissing);
        };
        match ClientId::parse(client_id) {
            Err(_) => refuse(None, AuthorizationRefused::UnknownClient),
            Ok(client_id) => {
                let lookup = Lookup::of_client(client_id);
                Step::Lookup(AuthorizeLookup { lookup, config: &self.config, request, fault })
            }
        }
    }
}

fn refuse<'a>(client_id: Option<ClientId>, reason: AuthorizationRefused) -> Step<Authorize<'a>> {
    Step::Done(Authorization::Respond(AuthorizationResponse::page(client_id, reason)))
}

/// The parameters that an authorization request may have once.
const PARAMETERS: [&str; 9] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "acr_values",
    "max_age",
];

impl<'a> AuthorizationRequest<'a> {
    /// The parameters, and what is wrong with those that are left out, if there is a client to tell.
    fn read<B: AsRef<[u8]>>(request: &'a Request<B>) -> Result<(Self, Option<FormError>), AuthorizationRefused> {
        let form = match *request.method() {
            // RFC 6749 §3.1: "The authorization server MUST support the use of the HTTP "GET" method [...] and MAY support the
            // use of the "POST" method as well."
            Method::GET | Method::HEAD => Form::new(request.uri().query().unwrap_or_default().as_bytes())?,
            Method::POST => form_body(request.headers(), request.body().as_ref())?,
            _ => return Err(AuthorizationRefused::Method),
        };
        let (params, resource) = form.params_and_all(PARAMETERS, "resource");
        let [client_id, redirect_uri, response_type, scope, state, params @ ..] = params;
        let [code_challenge, code_challenge_method, acr_values, max_age] = params;
        // Without a client and its redirect URI there is no one to send an error to but the person.
        let (client_id, redirect_uri) = (client_id?, redirect_uri?);
        let mut fault = None;
        let mut sound = |param: crate::wire::Param<'a>| {
            param.unwrap_or_else(|error| {
                fault = fault.or(Some(error));
                None
            })
        };
        let request = Self {
            client_id,
            redirect_uri,
            response_type: sound(response_type),
            scope: sound(scope),
            state: sound(state),
            code_challenge: sound(code_challenge),
            code_challenge_method: sound(code_challenge_method),
            resource,
            acr_values: sound(acr_values),
            max_age: sound(max_age),
        };
        Ok((request, fault))
    }
}

/// Waits for the client.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct AuthorizeLookup<'a> {
    lookup: Lookup,
    config: &'a Config,
    request: AuthorizationRequest<'a>,
    fault: Option<FormError>,
}

impl<'a> Pause<Lookup> for AuthorizeLookup<'a> {
    type Machine = Authorize<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<Authorize<'a>> {
        let Self { lookup, config, request, fault } = self;
        // RFC 6749 §4.1.2.1: "If the request fails due to a missing, invalid, or mismatching redirection URI, or if the client
        // identifier is missing or invalid, the authorization server SHOULD inform the resource owner of the error and MUST
        // NOT automatically redirect the user-agent to the invalid redirection URI."
        let client = match answer {
            Err(unavailable) => return refuse(lookup.client, AuthorizationRefused::Unavailable("lookup", unavailable)),
            Ok(mut found) => match lookup.client.as_ref().and_then(|client_id| found.take_client(client_id)) {
                None => return refuse(lookup.client, AuthorizationRefused::UnknownClient),
                Some(client) => client,
            },
        };
        let redirect_uri = match choose_redirect_uri(&client, request.redirect_uri.as_deref()) {
            Err(reason) => return refuse(lookup.client, reason),
            Ok(redirect_uri) => redirect_uri,
        };
        // From here on there is a recipient, and errors go to the client.
        Step::Done(match request.check(fault, config, &client, redirect_uri) {
            Ok(prompt) => Authorization::Ask(prompt),
            Err((recipient, reason)) => Authorization::Respond(recipient.refuse(config, reason)),
        })
    }
}

/// RFC 6749 §3.1.2.3, RFC 9700 §2.1.
pub(super) fn choose_redirect_uri(
    client: &Client,
    requested: Option<&str>,
) -> Result<RedirectUri, AuthorizationRefused> {
    match (requested, client.redirect_uris.as_slice()) {
        (Some(requested), registered) => registered
            .iter()
            .find_map(|registered| registered.matches(requested))
            .ok_or(AuthorizationRefused::RedirectUriMismatch),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(AuthorizationRefused::RedirectUriUnregistered),
        // "If multiple redirection URIs have been registered [...] the client MUST include a redirection URI".
        (None, _) => Err(AuthorizationRefused::RedirectUriMissing),
    }
}

/// What of a sound request the resource owner decides on.
struct Terms {
    scope: Scope,
    resource: Resources,
    code_challenge: Option<CodeChallenge>,
    acr_values: Vec<Acr>,
    max_age: Option<u64>,
}

impl AuthorizationRequest<'_> {
    /// RFC 6749 §4.1.1: "The authorization server validates the request to ensure that all required parameters are present
    /// and valid."
    fn check(
        self,
        fault: Option<FormError>,
        config: &Config,
        client: &Arc<Client>,
        redirect_uri: RedirectUri,
    ) -> Result<Prompt, (Recipient, AuthorizationError)> {
        let response_type = self.response_type.as_deref().map(ResponseType::parse);
        let recipient = Recipient {
            client_id: client.client_id.clone(),
            redirect_uri,
            // The client that made up a response type has not said where it looks for the answer; the query is safer.
            response_type: response_type.flatten().unwrap_or(ResponseType::Code),
            state: self.state.as_deref().filter(|state| is_state(state)).map(|state| Secret::new(state.to_owned())),
        };
        let terms = fault.map_or_else(|| self.terms(config, client, response_type), |fault| Err(fault.into()));
        match terms {
            Err(error) => Err((recipient, error)),
            Ok(Terms { scope, resource, code_challenge, acr_values, max_age }) => Ok(Prompt {
                version: Version,
                client_id: recipient.client_id,
                client_name: client.client_name.clone(),
                redirect_uri: recipient.redirect_uri,
                redirect_uri_sent: self.redirect_uri.is_some(),
                response_type: recipient.response_type,
                scope,
                resource,
                acr_values,
                max_age,
                state: recipient.state,
                code_challenge,
            }),
        }
    }

    fn terms(
        &self,
        config: &Config,
        client: &Client,
        response_type: Option<Option<ResponseType>>,
    ) -> Result<Terms, AuthorizationError> {
        if self.state.as_deref().is_some_and(|state| !is_state(state)) {
            return Err(AuthorizationError::State);
        }
        // RFC 6749 §3.1.1: "If an authorization request is missing the "response_type" parameter, or if the response type is
        // not understood, the authorization server MUST return an error response as described in Section 4.1.2.1."
        let response_type = response_type.ok_or(FormError::Missing("response_type"))?;
        let response_type = response_type.ok_or(AuthorizationError::UnsupportedResponseType)?;
        let code_challenge = self.code_challenge()?;
        permit(config, client, response_type, code_challenge)?;

        let scope =
            self.scope.as_deref().map(Scope::parse).transpose().map_err(|_| AuthorizationError::InvalidScope)?;
        let scope = config.scope(client, scope).ok_or(AuthorizationError::InvalidScope)?;
        let resource = config.resource(client, &self.resource).ok_or(AuthorizationError::InvalidTarget)?;
        let (acr_values, max_age) = self.authentication()?;
        Ok(Terms { scope, resource, code_challenge, acr_values, max_age })
    }

    /// RFC 9470 §4, with the syntax of OpenID Connect Core §3.1.2.1.
    fn authentication(&self) -> Result<(Vec<Acr>, Option<u64>), AuthorizationError> {
        let acr_values = self.acr_values.as_deref().map(Acr::parse_values).transpose();
        let acr_values = acr_values.map_err(|_| FormError::Characters("acr_values"))?.unwrap_or_default();
        // `u64::from_str` would take a sign.
        let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = |text: &str| Some(text).filter(is_number)?.parse().ok();
        let max_age = self.max_age.as_deref().map(|text| seconds(text).ok_or(FormError::Characters("max_age")));
        Ok((acr_values, max_age.transpose()?))
    }

    /// RFC 7636 §4.3: "code_challenge_method OPTIONAL, defaults to "plain" if not present in the request."
    fn code_challenge(&self) -> Result<Option<CodeChallenge>, AuthorizationError> {
        let method = match self.code_challenge_method.as_deref() {
            Some("S256") => CodeChallengeMethod::S256,
            None | Some("plain") => CodeChallengeMethod::Plain,
            Some(_) => return Err(AuthorizationError::ChallengeMethod),
        };
        match (&self.code_challenge, &self.code_challenge_method) {
            (None, None) => Ok(None),
            // RFC 9700 §4.8.2: half of PKCE is an attempt to switch it off.
            (None, Some(_)) => Err(FormError::Missing("code_challenge").into()),
            (Some(text), _) => {
                CodeChallenge::parse(text, method).map(Some).map_err(|_| AuthorizationError::ChallengeMalformed)
            }
        }
    }
}

/// The most bytes that `state` may have: it comes back in a URL.
const MAX_STATE_LEN: usize = 4096;

/// RFC 6749 appendix A.5: `state = 1*VSCHAR`
fn is_state(state: &str) -> bool {
    state.len() <= MAX_STATE_LEN && only(state, is_vschar)
}

/// Whether server and client both want such a response. Asked again when the decision comes back.
pub(super) fn permit(
    config: &Config,
    client: &Client,
    response_type: ResponseType,
    code_challenge: Option<CodeChallenge>,
) -> Result<(), AuthorizationError> {
    // Nobody is asked to consent to a code that the token endpoint would not take: RFC 7591 §2.1 ties the two.
    let takes_its_outcome = |grant_types: &[GrantType]| match response_type {
        ResponseType::Code => grant_types.contains(&GrantType::AuthorizationCode),
        ResponseType::Token => true,
    };
    if !config.response_types.contains(&response_type) || !takes_its_outcome(&config.grant_types) {
        return Err(AuthorizationError::UnsupportedResponseType);
    }
    if !client.response_types.contains(&response_type) || !takes_its_outcome(&client.grant_types) {
        return Err(AuthorizationError::UnauthorizedClient);
    }
    // RFC 7636 §4.4.1: "If the server requires Proof Key for Code Exchange (PKCE) by OAuth public clients and the client does
    // not send the "code_challenge" in the request, the authorization endpoint MUST return the authorization error response
    // with the "error" value set to "invalid_request"." Here, every client unless its record says otherwise.
    if response_type == ResponseType::Code && client.require_pkce && code_challenge.is_none() {
        return Err(AuthorizationError::ChallengeMissing);
    }
    // RFC 7636 §4.4.1: "If the server supporting PKCE does not support the requested transformation, the authorization
    // endpoint MUST return the authorization error response with "error" value set to "invalid_request"."
    if code_challenge.is_some_and(|challenge| !config.code_challenge_methods.contains(&challenge.method())) {
        return Err(AuthorizationError::ChallengeMethod);
    }
    Ok(())
}

impl Authorization {
    /// For the audit log and the metrics. It is made here: a [`Prompt`] holds what it is for, and no event.
    #[must_use]
    pub fn event(&self) -> Event {
        match self {
            Self::Ask(prompt) => Event::Asked { client_id: prompt.client_id.clone(), scope: prompt.scope.clone() },
            Self::Respond(response) => response.event().clone(),
        }
    }
}
