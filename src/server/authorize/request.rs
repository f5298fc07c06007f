//! The authorization request and its rules: [RFC 6749 §4.1.1], [§4.2.1], [RFC 7636 §4.3], [§4.4], [RFC 9470 §4].
//!
//! [RFC 6749 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
//! [§4.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.1
//! [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3
//! [§4.4]: https://www.rfc-editor.org/rfc/rfc7636#section-4.4
//! [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4

use std::borrow::Cow;
use std::fmt;

use super::error::{AuthorizationError, AuthorizationPageError};
use super::recipient::Recipient;
use crate::model::{
    Acr, CodeChallenge, CodeChallengeMethod, GrantType, LanguageTag, PromptValue, RedirectUri, ResponseMode,
    ResponseType, Secret, SyntaxError, is_vschar, only,
};
use crate::record::{Asked, Client};
use crate::server::Config;
use crate::server::scope::{Granted, Requested};
use crate::wire::{Form, FormError, Param};

/// An authorization request: [RFC 6749 §4.1.1], [§4.2.1]. A parameter that was sent without a value is `None`.
///
/// [RFC 6749 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
/// [§4.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.1
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct AuthorizationRequest<'a> {
    /// The response type: [RFC 6749 §3.1.1].
    ///
    /// [RFC 6749 §3.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.1
    pub response_type: Option<Cow<'a, str>>,
    /// The response mode: [Multiple Response Types §2.1]; the default of the response type if omitted.
    ///
    /// [Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
    pub response_mode: Option<Cow<'a, str>>,
    /// The client identifier: [RFC 6749 §2.2].
    ///
    /// [RFC 6749 §2.2]: https://www.rfc-editor.org/rfc/rfc6749#section-2.2
    pub client_id: Option<Cow<'a, str>>,
    /// The redirect URI: [RFC 6749 §3.1.2].
    ///
    /// [RFC 6749 §3.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2
    pub redirect_uri: Option<Cow<'a, str>>,
    /// The scope: [RFC 6749 §3.3].
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub scope: Option<Cow<'a, str>>,
    /// The client's own value, returned byte for byte in the response.
    pub state: Option<Cow<'a, str>>,
    /// The code challenge: [RFC 7636 §4.3].
    ///
    /// [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3
    pub code_challenge: Option<Cow<'a, str>>,
    /// The code challenge method: [RFC 7636 §4.3]; `plain` if omitted.
    ///
    /// [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3
    pub code_challenge_method: Option<Cow<'a, str>>,
    /// The protected resources: [RFC 8707 §2.1].
    ///
    /// [RFC 8707 §2.1]: https://www.rfc-editor.org/rfc/rfc8707#section-2.1
    pub resource: Vec<Cow<'a, str>>,
    /// The authorization details, as JSON: [RFC 9396 §3].
    ///
    /// [RFC 9396 §3]: https://www.rfc-editor.org/rfc/rfc9396#section-3
    pub authorization_details: Option<Cow<'a, str>>,
    /// The authentication context classes: [RFC 9470 §4].
    ///
    /// [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4
    pub acr_values: Option<Cow<'a, str>>,
    /// The greatest age of the authentication, in seconds: [RFC 9470 §4].
    ///
    /// [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4
    pub max_age: Option<Cow<'a, str>>,
    /// The pages that the client wants to be shown, or none at all: [OpenID Connect Core 1.0 §3.1.2.1].
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    pub prompt: Option<Cow<'a, str>>,
    /// The name by which the resource owner may log in.
    pub login_hint: Option<Cow<'a, str>>,
    /// The languages for the pages.
    pub ui_locales: Option<Cow<'a, str>>,
    /// The reference to a pushed request, in place of all other parameters but `client_id`: [RFC 9126 §4].
    ///
    /// [RFC 9126 §4]: https://www.rfc-editor.org/rfc/rfc9126#section-4
    pub request_uri: Option<Cow<'a, str>>,
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

/// The parameters that an authorization request may have once each.
const PARAMETERS: [&str; 15] = [
    "client_id",
    "redirect_uri",
    "request_uri",
    "response_type",
    "scope",
    "state",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "authorization_details",
    "acr_values",
    "max_age",
    "prompt",
    "login_hint",
    "ui_locales",
];

impl<'a> AuthorizationRequest<'a> {
    /// Creates a request by this client, to which parameters can be added.
    #[must_use]
    pub fn new(client_id: impl Into<Cow<'a, str>>) -> Self {
        Self { client_id: Some(client_id.into()), ..Self::default() }
    }

    /// Reads the parameters. Errors in parameters other than `client_id`, `redirect_uri`, `request_uri` and `state` are
    /// returned beside the request, to be reported to the client by redirect.
    pub(in crate::server) fn read(form: Form<'a>) -> Result<(Self, Option<FormError>), FormError> {
        let (params, resource) = form.params_and_all(PARAMETERS, "resource");
        let [client_id, redirect_uri, request_uri, response_type, scope, state, params @ ..] = params;
        let [response_mode, code_challenge, code_challenge_method, authorization_details, params @ ..] = params;
        let [acr_values, max_age, prompt, login_hint, ui_locales] = params;
        // Without a client and its redirect URI, an error can only be shown to the person. RFC 6749 §4.1.2.1: state is
        // "REQUIRED if a "state" parameter was present in the client authorization request", so the same holds if that
        // is unreadable.
        let (client_id, redirect_uri, request_uri, state) = (client_id?, redirect_uri?, request_uri?, state?);
        let mut fault = None;
        let mut sound = |param: Param<'a>| {
            param.unwrap_or_else(|error| {
                fault = fault.or(Some(error));
                None
            })
        };
        let request = Self {
            client_id,
            redirect_uri,
            response_type: sound(response_type),
            response_mode: sound(response_mode),
            scope: sound(scope),
            state,
            code_challenge: sound(code_challenge),
            code_challenge_method: sound(code_challenge_method),
            resource,
            authorization_details: sound(authorization_details),
            acr_values: sound(acr_values),
            max_age: sound(max_age),
            prompt: sound(prompt),
            login_hint: sound(login_hint),
            ui_locales: sound(ui_locales),
            request_uri,
        };
        Ok((request, fault))
    }

    /// Returns the recipient of the response. [RFC 6749 §3.1.2.3], [RFC 9700 §2.1]: the redirect URI is one of the
    /// client's. [RFC 6749 §4.1.2.1]: `state` is returned, "The exact value received from the client", in an error too.
    /// If the response cannot travel by the response mode of the request, the error travels by the default one.
    ///
    /// [RFC 6749 §3.1.2.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2.3
    /// [RFC 9700 §2.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1
    /// [RFC 6749 §4.1.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
    pub(in crate::server) fn recipient(
        &self,
        config: &Config,
        client: &Client,
    ) -> Result<Recipient, AuthorizationPageError> {
        let state = self.state.as_deref();
        if state.is_some_and(|state| !is_state(state)) {
            return Err(AuthorizationPageError::State);
        }
        let recipient = Recipient {
            client_id: client.client_id.clone(),
            redirect_uri: choose_redirect_uri(client, self.redirect_uri.as_deref())?,
            redirect_uri_sent: self.redirect_uri.is_some(),
            // For an unknown response type it is not known where the client looks for the response; the query is safer.
            response_type: self.known_response_type().flatten().unwrap_or(ResponseType::Code),
            response_mode: self.response_mode.as_deref().and_then(ResponseMode::parse),
            state: state.map(|state| Secret::new(state.to_owned())),
        };
        if recipient.is_reachable(config) { Ok(recipient) } else { Ok(Recipient { response_mode: None, ..recipient }) }
    }

    fn known_response_type(&self) -> Option<Option<ResponseType>> {
        self.response_type.as_deref().map(ResponseType::parse)
    }

    /// Checks the request. [RFC 6749 §4.1.1]: "The authorization server validates the request to ensure that all
    /// required parameters are present and valid."
    ///
    /// [RFC 6749 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
    pub(in crate::server) fn check(
        &self,
        config: &Config,
        client: &Client,
        recipient: &Recipient,
    ) -> Result<Asked, AuthorizationError> {
        // RFC 6749 §3.1.1: "If an authorization request is missing the "response_type" parameter, or if the response
        // type is not understood, the authorization server MUST return an error response as described in Section
        // 4.1.2.1."
        let response_type = self.known_response_type().ok_or(FormError::Missing("response_type"))?;
        response_type.ok_or(AuthorizationError::UnsupportedResponseType)?;
        let code_challenge = self.code_challenge()?;
        permit(config, client, recipient, code_challenge)?;
        if self.response_mode.as_deref() != recipient.response_mode.map(ResponseMode::as_str) {
            return Err(AuthorizationError::ResponseMode);
        }

        let requested = Requested {
            scope: self.scope.as_deref(),
            resource: &self.resource,
            authorization_details: self.authorization_details.as_deref(),
        };
        let Granted { scope, audience, authorization_details } = config.terms(client, &requested)?;
        let (acr_values, max_age) = self.authentication()?;
        let prompt = self.prompt().map_err(|_| FormError::Characters("prompt"))?;
        let login_hint = self.login_hint()?;
        let ui_locales = self.ui_locales.as_deref().map(LanguageTag::parse_values).unwrap_or_default();
        let interaction = Asked { prompt, login_hint, ui_locales, ..Asked::new(scope) };
        Ok(Asked { audience, authorization_details, code_challenge, acr_values, max_age, ..interaction })
    }

    fn prompt(&self) -> Result<Vec<PromptValue>, SyntaxError> {
        self.prompt.as_deref().map_or(Ok(Vec::new()), PromptValue::parse_values)
    }

    /// Tells if the request asks for an answer without any page, whatever else is wrong with it.
    pub(super) fn is_silent(&self) -> bool {
        self.prompt().is_ok_and(|values| values == [PromptValue::None])
    }

    /// Reads `login_hint`, which a page will show.
    fn login_hint(&self) -> Result<Option<String>, FormError> {
        let is_fit = |hint: &str| hint.len() <= Asked::MAX_LOGIN_HINT_LEN && !hint.contains(char::is_control);
        match self.login_hint.as_deref() {
            Some(hint) if !is_fit(hint) => Err(FormError::Characters("login_hint")),
            hint => Ok(hint.map(str::to_owned)),
        }
    }

    /// Reads `acr_values` and `max_age`: [RFC 9470 §4], with the syntax of [OpenID Connect Core 1.0 §3.1.2.1].
    ///
    /// [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4
    /// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    fn authentication(&self) -> Result<(Vec<Acr>, Option<u64>), AuthorizationError> {
        let acr_values = self.acr_values.as_deref().map(Acr::parse_values).transpose();
        let acr_values = acr_values.map_err(|_| FormError::Characters("acr_values"))?.unwrap_or_default();
        // `u64::from_str` would accept a sign.
        let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = |text: &str| Some(text).filter(is_number)?.parse().ok();
        let max_age = self.max_age.as_deref().map(|text| seconds(text).ok_or(FormError::Characters("max_age")));
        Ok((acr_values, max_age.transpose()?))
    }

    /// Reads the code challenge. [RFC 7636 §4.3]: "code_challenge_method OPTIONAL, defaults to "plain" if not present
    /// in the request."
    ///
    /// [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3
    fn code_challenge(&self) -> Result<Option<CodeChallenge>, AuthorizationError> {
        let method = match self.code_challenge_method.as_deref() {
            Some("S256") => CodeChallengeMethod::S256,
            None | Some("plain") => CodeChallengeMethod::Plain,
            Some(_) => return Err(AuthorizationError::ChallengeMethod),
        };
        match (&self.code_challenge, &self.code_challenge_method) {
            (None, None) => Ok(None),
            // RFC 9700 §4.8.2: half of the parameters of PKCE is an attempt to switch it off.
            (None, Some(_)) => Err(FormError::Missing("code_challenge").into()),
            (Some(text), _) => {
                CodeChallenge::parse(text, method).map(Some).map_err(|_| AuthorizationError::ChallengeMalformed)
            }
        }
    }
}

/// Returns the redirect URI of the response: [RFC 6749 §3.1.2.3], [RFC 9700 §2.1].
///
/// [RFC 6749 §3.1.2.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2.3
/// [RFC 9700 §2.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1
pub(super) fn choose_redirect_uri(
    client: &Client,
    requested: Option<&str>,
) -> Result<RedirectUri, AuthorizationPageError> {
    match (requested, client.redirect_uris.as_slice()) {
        (Some(requested), registered) => registered
            .iter()
            .find_map(|registered| registered.matches(requested))
            .ok_or(AuthorizationPageError::RedirectUriMismatch),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(AuthorizationPageError::RedirectUriUnregistered),
        // RFC 6749 §3.1.2.3: "If multiple redirection URIs have been registered [...] the client MUST include a
        // redirection URI".
        (None, _) => Err(AuthorizationPageError::RedirectUriMissing),
    }
}

/// The greatest length of `state`, in bytes, since it is returned in a URL.
const MAX_STATE_LEN: usize = 4096;

/// Tells if the text can be a `state`: [RFC 6749 appendix A.5]: `state = 1*VSCHAR`
///
/// [RFC 6749 appendix A.5]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.5
fn is_state(state: &str) -> bool {
    state.len() <= MAX_STATE_LEN && only(state, is_vschar)
}

/// Checks that server and client both allow this response. Checked again when the decision comes back.
pub(super) fn permit(
    config: &Config,
    client: &Client,
    recipient: &Recipient,
    code_challenge: Option<CodeChallenge>,
) -> Result<(), AuthorizationError> {
    let response_type = recipient.response_type;
    // Nobody should consent to a code that the token endpoint would refuse: RFC 7591 §2.1 ties the two.
    let takes_its_outcome = |grant_types: &[GrantType]| match response_type {
        ResponseType::Code => grant_types.contains(&GrantType::AuthorizationCode),
        ResponseType::Token => true,
    };
    let offered = &config.authorization;
    if !offered.response_types.contains(&response_type) || !takes_its_outcome(&config.token.grant_types) {
        return Err(AuthorizationError::UnsupportedResponseType);
    }
    if !recipient.is_reachable(config) {
        return Err(AuthorizationError::ResponseMode);
    }
    let is_registered = client.response_types.contains(&response_type) && takes_its_outcome(&client.grant_types);
    if !is_registered || client.has_no_time() {
        return Err(AuthorizationError::UnauthorizedClient);
    }
    // RFC 7636 §4.4.1: "If the server requires Proof Key for Code Exchange (PKCE) by OAuth public clients and the
    // client does not send the "code_challenge" in the request, the authorization endpoint MUST return the
    // authorization error response with the "error" value set to "invalid_request"." Here, every client unless its
    // record says otherwise.
    if response_type == ResponseType::Code && client.require_pkce && code_challenge.is_none() {
        return Err(AuthorizationError::ChallengeMissing);
    }
    // RFC 7636 §4.4.1: "If the server supporting PKCE does not support the requested transformation, the authorization
    // endpoint MUST return the authorization error response with "error" value set to "invalid_request"."
    if code_challenge.is_some_and(|challenge| !offered.code_challenge_methods.contains(&challenge.method())) {
        return Err(AuthorizationError::ChallengeMethod);
    }
    Ok(())
}
