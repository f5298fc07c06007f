//! The authorization request: [RFC 6749 §4.1.1], [§4.2.1]; [RFC 7636 §4.3].
//!
//! [RFC 6749 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
//! [§4.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.1
//! [RFC 7636 §4.3]: https://www.rfc-editor.org/rfc/rfc7636#section-4.3

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Client;
use super::dialect::Pkce;
use crate::model::{
    AuthorizationDetails, CodeChallengeMethod, CodeVerifier, Endpoint, Issuer, Moment, PromptValue, RedirectUri,
    Resource, ResponseMode, ResponseType, Scope, Secret, Timestamp, exposed,
};
use crate::wire::{Parameters, with_parameters};

/// An authorization request: the scope, resources and further parameters that a client asks for.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    redirect_uri: RedirectUri,
    response_mode: Option<ResponseMode>,
    scope: Option<Scope>,
    resource: Vec<Resource>,
    authorization_details: AuthorizationDetails,
    parameters: Vec<(String, String)>,
}

impl AuthorizationRequest {
    /// Creates a request whose response goes to this redirect URI, which is registered at the server.
    /// [`RedirectUri::parse_registered_elsewhere`] accepts URIs that a stricter server would not register.
    ///
    /// A client of several servers that do not send `iss` ([RFC 9207]) needs a separate redirect URI for each of them:
    /// [RFC 9700 §4.4.2.2].
    ///
    /// [RFC 9207]: https://www.rfc-editor.org/rfc/rfc9207
    /// [RFC 9700 §4.4.2.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2.2
    #[must_use]
    pub fn new(redirect_uri: RedirectUri) -> Self {
        Self {
            redirect_uri,
            response_mode: None,
            scope: None,
            resource: Vec::new(),
            authorization_details: AuthorizationDetails::default(),
            parameters: Vec::new(),
        }
    }

    /// Asks for the response by this mode, [`ResponseMode::FormPost`] say: [Multiple Response Types §2.1]. That one is
    /// read by [`Client::callback_form_post`].
    ///
    /// [Multiple Response Types §2.1]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
    #[must_use]
    pub fn response_mode(self, response_mode: ResponseMode) -> Self {
        Self { response_mode: Some(response_mode), ..self }
    }

    /// Asks for these pages to be shown to the resource owner, or for none at all
    /// ([`PromptValue::None`], which stands alone): [OpenID Connect Core 1.0 §3.1.2.1]. Without a page, the response is
    /// a code, or an error such as `login_required` or `consent_required`.
    ///
    /// [OpenID Connect Core 1.0 §3.1.2.1]: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    #[must_use]
    pub fn prompt(self, values: impl IntoIterator<Item = PromptValue>) -> Self {
        let values: Vec<_> = values.into_iter().map(PromptValue::as_str).collect();
        if values.is_empty() { self } else { self.parameter("prompt", &values.join(" ")) }
    }

    /// Asks for this scope. Without a scope, or with an empty one, the server's default applies: [RFC 6749 §3.3].
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    #[must_use]
    pub fn scope(self, scope: Scope) -> Self {
        Self { scope: Some(scope).filter(|scope| !scope.is_empty()), ..self }
    }

    /// Asks for a token that is good at this protected resource: [RFC 8707 §2]. Call it again for further resources.
    /// The token request repeats them, and so does each refresh.
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.resource.push(resource);
        self
    }

    /// Asks for these authorization details, beside the scope: [RFC 9396 §3]. What was granted of them is told with the
    /// tokens ([`TokenSet::authorization_details`](super::TokenSet::authorization_details)).
    ///
    /// They go through the browser, where they may be changed and end in its history. [RFC 9396 §12]: "If the integrity
    /// of the authorization_details is a concern, clients MUST protect authorization_details against tampering and
    /// swapping": push the request ([RFC 9126]).
    ///
    /// [RFC 9396 §3]: https://www.rfc-editor.org/rfc/rfc9396#section-3
    /// [RFC 9396 §12]: https://www.rfc-editor.org/rfc/rfc9396#section-12
    /// [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126
    #[must_use]
    pub fn authorization_details(self, authorization_details: AuthorizationDetails) -> Self {
        Self { authorization_details, ..self }
    }

    /// Adds a further parameter, such as `login_hint`, or `acr_values` and `max_age` when a resource server asks for
    /// them ([RFC 9470 §4]).
    ///
    /// [RFC 9470 §4]: https://www.rfc-editor.org/rfc/rfc9470#section-4
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        match Resource::parse(value) {
            Ok(resource) if name == "resource" => self.resource.push(resource),
            _ => self.parameters.push((name.to_owned(), value.to_owned())),
        }
        self
    }
}

/// An error in making an authorization request. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// The server's metadata has no `authorization_endpoint`.
    #[error("the server's metadata has no authorization_endpoint")]
    NoEndpoint,
    /// The server's metadata has `require_pushed_authorization_requests` ([RFC 9126 §5]): use [`Client::push`].
    ///
    /// [RFC 9126 §5]: https://www.rfc-editor.org/rfc/rfc9126#section-5
    #[error("the server takes pushed authorization requests only")]
    PushRequired,
    /// The server's metadata does not list this `response_type`.
    #[error("the server does not support response_type={0}")]
    ResponseType(ResponseType),
    /// The server's metadata lists its response modes, and this is not among them; or a token was to travel in the
    /// query ([Multiple Response Types §7]).
    ///
    /// [Multiple Response Types §7]: https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#Security
    #[error("the server does not support response_mode={0}")]
    ResponseMode(ResponseMode),
    /// The server's metadata lists PKCE methods, but not `S256`. [RFC 7636 §4.2]: "If the client is capable of using
    /// "S256", it MUST use "S256"".
    ///
    /// [RFC 7636 §4.2]: https://www.rfc-editor.org/rfc/rfc7636#section-4.2
    #[error("the server does not support code_challenge_method=S256")]
    CodeChallengeMethod,
    /// The server's metadata does not list PKCE, and the client requires it: [`Pkce::Verified`](super::Pkce::Verified).
    #[error("the server does not say that it supports PKCE")]
    PkceUnverified,
    /// A further parameter has a name that grantor itself sets.
    #[error("the parameter {0} is set by the library")]
    Reserved(&'static str),
}

/// The part of a pending request that both response types share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// The issuer of the server that the request was sent to: [RFC 9700 §4.4.2.1].
    ///
    /// [RFC 9700 §4.4.2.1]: https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2.1
    #[serde(deserialize_with = "crate::model::issuer::in_private_network")]
    pub(super) issuer: Issuer,
    #[serde(with = "exposed")]
    pub(super) state: Secret<'static>,
    #[serde(deserialize_with = "crate::model::redirect_uri::stored::elsewhere")]
    pub(super) redirect_uri: RedirectUri,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resource: Vec<Resource>,
    pub(super) begun_at: Timestamp,
}

/// An authorization request that was sent and waits for its callback. Keep it, as a serde value, in the session of the
/// same browser: [RFC 6749 §10.12] wants `state` bound to "the user-agent's authenticated state". It is good for one
/// callback.
///
/// It holds the `code_verifier`, so a session that is stored in the browser must be encrypted.
///
/// [RFC 6749 §10.12]: https://www.rfc-editor.org/rfc/rfc6749#section-10.12
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[must_use = "the callback needs it"]
pub struct Pending {
    #[serde(flatten)]
    pub(super) attempt: Attempt,
    /// The code verifier; `None` if PKCE is off.
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    pub(super) code_verifier: Option<Secret<'static>>,
}

/// An implicit request that was sent and waits for its callback; otherwise the same as [`Pending`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[must_use = "the callback needs it"]
pub struct PendingImplicit {
    #[serde(flatten)]
    pub(super) attempt: Attempt,
}

/// The accessors that [`Pending`] and [`PendingImplicit`] share.
macro_rules! accessors {
    ($($pending:ident)*) => {$(
        impl $pending {
            /// The `state` of the request. A session with several pending requests finds the right one by it.
            #[must_use]
            pub fn state(&self) -> &str {
                self.attempt.state.expose()
            }

            /// The issuer of the server that the request was sent to.
            #[must_use]
            pub fn issuer(&self) -> &Issuer {
                &self.attempt.issuer
            }

            /// The redirect URI of the request. A client of several servers that do not send `iss` has a redirect URI
            /// for each, and must accept a callback only at its own. [RFC 9700 §4.4.2.2]: "Clients MUST check that the
            /// authorization response was received from the correct issuer by comparing the distinct redirection URI
            /// for the issuer to the URI where the authorization response was received on".
            ///
            /// [RFC 9700 §4.4.2.2]: https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2.2
            #[must_use]
            pub fn redirect_uri(&self) -> &RedirectUri {
                &self.attempt.redirect_uri
            }

            /// The time at which the request was made. A host may want to forget old ones.
            #[must_use]
            pub fn begun_at(&self) -> Timestamp {
                self.attempt.begun_at
            }
        }
    )*};
}
accessors!(Pending PendingImplicit);

impl Client {
    /// Returns the URL to send the browser to for an authorization code, and the pending request that the callback
    /// needs: [RFC 6749 §4.1.1].
    ///
    /// `state` and then `code_verifier` are drawn from the moment, so each attempt has its own. `state` is always sent
    /// and always checked: [RFC 9700 §4.7.1] lets a client rely on PKCE against CSRF only if the server is known to
    /// support it, and this client never does.
    ///
    /// # Errors
    /// The server's metadata shows that the server would refuse the request.
    ///
    /// [RFC 6749 §4.1.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
    /// [RFC 9700 §4.7.1]: https://www.rfc-editor.org/rfc/rfc9700#section-4.7.1
    pub fn begin(&self, request: AuthorizationRequest, moment: Moment) -> Result<(String, Pending), BeginError> {
        let endpoint = self.open_endpoint()?;
        self.code_request(request, moment, |parameters| in_query(endpoint, parameters))
    }

    /// Makes a request for an authorization code, and has its parameters written in this way.
    pub(super) fn code_request<T>(
        &self,
        request: AuthorizationRequest,
        mut moment: Moment,
        write: impl FnOnce(&[Parameter<'_>]) -> T,
    ) -> Result<(T, Pending), BeginError> {
        let s256 = CodeChallengeMethod::S256;
        let methods = self.server.code_challenge_methods_supported.as_deref().unwrap_or_default();
        let takes_s256 = methods.iter().any(|method| method == s256.as_str());
        match self.dialect.pkce {
            // A server that lists no methods may support PKCE all the same; if not, it ignores the parameters.
            Pkce::Sent if methods.is_empty() => {}
            Pkce::Verified if methods.is_empty() => return Err(BeginError::PkceUnverified),
            Pkce::Sent | Pkce::Verified if !takes_s256 => return Err(BeginError::CodeChallengeMethod),
            Pkce::Sent | Pkce::Verified | Pkce::Off => {}
        }
        let state = state(&mut moment);
        let code_verifier = (self.dialect.pkce != Pkce::Off).then(|| verifier(&mut moment));
        // Parsing succeeds: a drawn verifier has the right alphabet and length.
        let verifier = code_verifier.as_ref().and_then(|verifier| CodeVerifier::parse(verifier.expose()).ok());
        let challenge = verifier.map(|verifier| verifier.challenge(s256).digest().to_string());
        let method = challenge.as_ref().map(|_| s256.as_str());
        let pkce = [("code_challenge", challenge.as_deref()), ("code_challenge_method", method)];
        let (written, attempt) = self.request(ResponseType::Code, request, (state, moment.now()), pkce, write)?;
        Ok((written, Pending { attempt, code_verifier }))
    }

    /// Returns the URL to send the browser to for a token in the fragment, and the pending request that the callback
    /// needs: [RFC 6749 §4.2.1]. Use it only for servers that offer nothing better. [RFC 9700 §2.1.2]: clients "SHOULD
    /// NOT use the implicit grant".
    ///
    /// # Errors
    /// The server's metadata shows that the server would refuse the request.
    ///
    /// [RFC 6749 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2.1
    /// [RFC 9700 §2.1.2]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2
    pub fn begin_implicit(
        &self,
        request: AuthorizationRequest,
        mut moment: Moment,
    ) -> Result<(String, PendingImplicit), BeginError> {
        let endpoint = self.open_endpoint()?;
        let begun = (state(&mut moment), moment.now());
        let (url, attempt) =
            self.request(ResponseType::Token, request, begun, [], |parameters| in_query(endpoint, parameters))?;
        Ok((url, PendingImplicit { attempt }))
    }

    pub(super) fn authorization_endpoint(&self) -> Result<&Endpoint, BeginError> {
        self.server.authorization_endpoint.as_ref().ok_or(BeginError::NoEndpoint)
    }

    /// Returns the authorization endpoint of a server that takes requests from the browser.
    fn open_endpoint(&self) -> Result<&Endpoint, BeginError> {
        let endpoint = self.authorization_endpoint()?;
        if self.server.require_pushed_authorization_requests { Err(BeginError::PushRequired) } else { Ok(endpoint) }
    }

    fn request<const N: usize, T>(
        &self,
        response_type: ResponseType,
        request: AuthorizationRequest,
        (state, begun_at): (Secret<'static>, Timestamp),
        pkce: [(&'static str, Option<&str>); N],
        write: impl FnOnce(&[Parameter<'_>]) -> T,
    ) -> Result<(T, Attempt), BeginError> {
        let supported = &self.server.response_types_supported;
        if !supported.is_empty() && !supported.iter().any(|kind| kind == response_type.as_str()) {
            return Err(BeginError::ResponseType(response_type));
        }
        let AuthorizationRequest { redirect_uri, response_mode, scope, resource, authorization_details, parameters } =
            request;
        let details = (!authorization_details.is_empty()).then(|| authorization_details.to_string());
        let listed = self.server.response_modes_supported.as_ref();
        let is_listed = |mode: ResponseMode| listed.is_none_or(|modes| modes.iter().any(|it| it == mode.as_str()));
        if let Some(mode) = response_mode.filter(|mode| !mode.carries(response_type) || !is_listed(*mode)) {
            return Err(BeginError::ResponseMode(mode));
        }
        // Multiple Response Types §2.1: "This use of this parameter is NOT RECOMMENDED with a value that specifies the
        // same Response Mode as the default Response Mode for the Response Type used."
        let response_mode = response_mode.filter(|mode| *mode != ResponseMode::default_for(response_type));
        let is_reserved = |name: &&str| parameters.iter().any(|(other, _)| other == name);
        if let Some(name) = RESERVED.into_iter().find(is_reserved) {
            return Err(BeginError::Reserved(name));
        }
        let fixed = [
            ("response_type", Some(response_type.as_str())),
            ("client_id", Some(self.client_id().as_str())),
            ("redirect_uri", Some(redirect_uri.as_str())),
            ("response_mode", response_mode.map(ResponseMode::as_str)),
            ("scope", scope.as_ref().map(Scope::as_str)),
            ("state", Some(state.expose())),
            ("authorization_details", details.as_deref()),
        ];
        let resources = resource.iter().map(|resource| ("resource", Some(resource.as_str())));
        let further = parameters.iter().map(|(name, value)| (name.as_str(), Some(value.as_str())));
        let all: Vec<_> = fixed.into_iter().chain(pkce).chain(resources).chain(further).collect();
        let written = write(&all);
        // RFC 9700 §4.4.2: "clients MUST store, for each authorization request, the issuer they sent the authorization
        // request to and bind this information to the user agent".
        let issuer = self.server.issuer.clone();
        Ok((written, Attempt { issuer, state, redirect_uri, scope, resource, begun_at }))
    }
}

/// A parameter of a request; absent ones are left out.
pub(super) type Parameter<'a> = (&'a str, Option<&'a str>);

fn in_query(endpoint: &Endpoint, parameters: &[Parameter<'_>]) -> String {
    with_parameters(endpoint.as_str(), Parameters::Query, parameters.iter().copied())
}

/// The parameters that only grantor sets.
const RESERVED: [&str; 9] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "request_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// Draws the `state`, a "non-guessable value" ([RFC 6749 §10.12]): 31 random bytes as base64url.
///
/// [RFC 6749 §10.12]: https://www.rfc-editor.org/rfc/rfc6749#section-10.12
fn state(moment: &mut Moment) -> Secret<'static> {
    Secret::new(URL_SAFE_NO_PAD.encode(moment.draw::<31>()))
}

/// Draws a `code_verifier`, a "high-entropy cryptographic random STRING": "the output of a suitable random number
/// generator be used to create a 32-octet sequence", as base64url ([RFC 7636 §4.1]).
///
/// [RFC 7636 §4.1]: https://www.rfc-editor.org/rfc/rfc7636#section-4.1
fn verifier(moment: &mut Moment) -> Secret<'static> {
    Secret::new(URL_SAFE_NO_PAD.encode(moment.draw::<32>()))
}
