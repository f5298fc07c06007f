//! The authorization request: RFC 6749 §4.1.1, §4.2.1; RFC 7636 §4.3.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Client;
use super::dialect::Pkce;
use crate::model::{
    CodeChallengeMethod, CodeVerifier, Issuer, Moment, RedirectUri, Resource, ResponseType, Scope, Secret, Timestamp,
    exposed,
};
use crate::wire::{Parameters, with_parameters};

/// What a client asks a resource owner for.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    redirect_uri: RedirectUri,
    scope: Option<Scope>,
    resource: Vec<Resource>,
    parameters: Vec<(String, String)>,
}

impl AuthorizationRequest {
    /// A request whose response goes to this URI, as it is registered at the server:
    /// [`RedirectUri::parse_registered_elsewhere`] takes what a stricter server would not register.
    ///
    /// A client of several servers that do not send `iss` (RFC 9207) has a redirect URI of its own for each of them:
    /// RFC 9700 §4.4.2.2.
    #[must_use]
    pub fn new(redirect_uri: RedirectUri) -> Self {
        Self { redirect_uri, scope: None, resource: Vec::new(), parameters: Vec::new() }
    }

    /// What is asked for; without it, or with the empty scope, the server's default: RFC 6749 §3.3.
    #[must_use]
    pub fn scope(self, scope: Scope) -> Self {
        Self { scope: Some(scope).filter(|scope| !scope.is_empty()), ..self }
    }

    /// A protected resource that the token is to be for: RFC 8707 §2. May be called for several. The token request says
    /// it again, and so does each refresh.
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.resource.push(resource);
        self
    }

    /// A further parameter, say `login_hint`, or `acr_values` and `max_age` when a resource server asks for them (RFC
    /// 9470 §4).
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        match Resource::parse(value) {
            Ok(resource) if name == "resource" => self.resource.push(resource),
            _ => self.parameters.push((name.to_owned(), value.to_owned())),
        }
        self
    }
}

/// The authorization request cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// The server's metadata has no `authorization_endpoint`.
    #[error("the server's metadata has no authorization_endpoint")]
    NoEndpoint,
    /// The server says that it does not take this `response_type`.
    #[error("the server does not support response_type={0}")]
    ResponseType(ResponseType),
    /// The server says that it supports PKCE, and not `S256`. RFC 7636 §4.2: "If the client is capable of using "S256",
    /// it MUST use "S256"".
    #[error("the server does not support code_challenge_method=S256")]
    CodeChallengeMethod,
    /// The server does not say that it supports PKCE, and the client goes on only where it does:
    /// [`Pkce::Verified`](super::Pkce::Verified).
    #[error("the server does not say that it supports PKCE")]
    PkceUnverified,
    /// The request says twice what is grantor's to say.
    #[error("the parameter {0} is set by the library")]
    Reserved(&'static str),
}

/// What every attempt has, whatever comes back from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// RFC 9700 §4.4.2.1: where the request was sent.
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

/// An authorization request that was sent, waiting for its callback. It is a serde value for the host's session of this
/// very browser: RFC 6749 §10.12 wants `state` bound to "the user-agent's authenticated state". It is good for one
/// callback.
///
/// It holds the `code_verifier`: a session that lives in the browser has to be encrypted.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[must_use = "the callback needs it"]
pub struct Pending {
    #[serde(flatten)]
    pub(super) attempt: Attempt,
    /// `None` if PKCE is off.
    #[serde(default, with = "exposed::option", skip_serializing_if = "Option::is_none")]
    pub(super) code_verifier: Option<Secret<'static>>,
}

/// An implicit request that was sent, waiting for its callback; as [`Pending`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "explore", derive(Clone))]
#[must_use = "the callback needs it"]
pub struct PendingImplicit {
    #[serde(flatten)]
    pub(super) attempt: Attempt,
}

/// What an attempt says of itself, whichever response it waits for.
macro_rules! accessors {
    ($($pending:ident)*) => {$(
        impl $pending {
            /// Its `state`, by which a session that holds several finds the one that a callback belongs to.
            #[must_use]
            pub fn state(&self) -> &str {
                self.attempt.state.expose()
            }

            /// The server that was asked.
            #[must_use]
            pub fn issuer(&self) -> &Issuer {
                &self.attempt.issuer
            }

            /// Where its callback comes to. A client of several servers that do not send `iss` has a redirect URI for
            /// each, and takes a callback only where it belongs. RFC 9700 §4.4.2.2: "Clients MUST
            /// check that the authorization response was received from the correct issuer by comparing the distinct
            /// redirection URI for the issuer to the URI where the authorization response was received on."
            #[must_use]
            pub fn redirect_uri(&self) -> &RedirectUri {
                &self.attempt.redirect_uri
            }

            /// When it was begun. A host may want to forget old ones.
            #[must_use]
            pub fn begun_at(&self) -> Timestamp {
                self.attempt.begun_at
            }
        }
    )*};
}
accessors!(Pending PendingImplicit);

impl Client {
    /// The URL to send the browser to for an authorization code, and what the callback will need: RFC 6749 §4.1.1.
    ///
    /// `state` and then `code_verifier` are drawn from the moment, so each attempt has its own. RFC 9700 §4.7.1 lets a
    /// client rely on PKCE against CSRF only where it has ensured that the server supports it; this one never relies on
    /// it: `state` is always sent, and always checked.
    ///
    /// # Errors
    /// The server's metadata says that it would be refused.
    pub fn begin(&self, request: AuthorizationRequest, mut moment: Moment) -> Result<(String, Pending), BeginError> {
        let s256 = CodeChallengeMethod::S256;
        let methods = self.server.code_challenge_methods_supported.as_deref().unwrap_or_default();
        let takes_s256 = methods.iter().any(|method| method == s256.as_str());
        match self.dialect.pkce {
            // A server that names none may have PKCE all the same, and ignores the parameters if it has not.
            Pkce::Sent if methods.is_empty() => {}
            Pkce::Verified if methods.is_empty() => return Err(BeginError::PkceUnverified),
            Pkce::Sent | Pkce::Verified if !takes_s256 => return Err(BeginError::CodeChallengeMethod),
            Pkce::Sent | Pkce::Verified | Pkce::Off => {}
        }
        let state = state(&mut moment);
        let code_verifier = (self.dialect.pkce != Pkce::Off).then(|| verifier(&mut moment));
        // The alphabet and the length are right.
        let verifier = code_verifier.as_ref().and_then(|verifier| CodeVerifier::parse(verifier.expose()).ok());
        let challenge = verifier.map(|verifier| verifier.challenge(s256).digest().to_string());
        let method = challenge.as_ref().map(|_| s256.as_str());
        let pkce = [("code_challenge", challenge.as_deref()), ("code_challenge_method", method)];
        let (url, attempt) = self.request(ResponseType::Code, request, (state, moment.now()), pkce)?;
        Ok((url, Pending { attempt, code_verifier }))
    }

    /// The URL to send the browser to for a token in the fragment, and what the callback will need: RFC 6749 §4.2.1. It
    /// exists for servers that have nothing better. RFC 9700 §2.1.2: clients "SHOULD NOT use the implicit grant".
    ///
    /// # Errors
    /// The server's metadata says that it would be refused.
    pub fn begin_implicit(
        &self,
        request: AuthorizationRequest,
        mut moment: Moment,
    ) -> Result<(String, PendingImplicit), BeginError> {
        let state = state(&mut moment);
        let (url, attempt) = self.request(ResponseType::Token, request, (state, moment.now()), [])?;
        Ok((url, PendingImplicit { attempt }))
    }

    fn request<const N: usize>(
        &self,
        response_type: ResponseType,
        request: AuthorizationRequest,
        (state, begun_at): (Secret<'static>, Timestamp),
        pkce: [(&'static str, Option<&str>); N],
    ) -> Result<(String, Attempt), BeginError> {
        let endpoint = self.server.authorization_endpoint.as_ref().ok_or(BeginError::NoEndpoint)?;
        let supported = &self.server.response_types_supported;
        if !supported.is_empty() && !supported.iter().any(|kind| kind == response_type.as_str()) {
            return Err(BeginError::ResponseType(response_type));
        }
        let AuthorizationRequest { redirect_uri, scope, resource, parameters } = request;
        let is_reserved = |name: &&str| parameters.iter().any(|(other, _)| other == name);
        if let Some(name) = RESERVED.into_iter().find(is_reserved) {
            return Err(BeginError::Reserved(name));
        }
        let fixed = [
            ("response_type", Some(response_type.as_str())),
            ("client_id", Some(self.client_id().as_str())),
            ("redirect_uri", Some(redirect_uri.as_str())),
            ("scope", scope.as_ref().map(Scope::as_str)),
            ("state", Some(state.expose())),
        ];
        let resources = resource.iter().map(|resource| ("resource", Some(resource.as_str())));
        let further = parameters.iter().map(|(name, value)| (name.as_str(), Some(value.as_str())));
        let all = fixed.into_iter().chain(pkce).chain(resources).chain(further);
        let url = with_parameters(endpoint.as_str(), Parameters::Query, all);
        // RFC 9700 §4.4.2: "clients MUST store, for each authorization request, the issuer they sent the authorization
        // request to and bind this information to the user agent".
        let issuer = self.server.issuer.clone();
        Ok((url, Attempt { issuer, state, redirect_uri, scope, resource, begun_at }))
    }
}

/// The parameters that are grantor's to set.
const RESERVED: [&str; 7] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];

/// RFC 6749 §10.12: a "non-guessable value": 31 random bytes as base64url.
fn state(moment: &mut Moment) -> Secret<'static> {
    Secret::new(URL_SAFE_NO_PAD.encode(moment.draw::<31>()))
}

/// RFC 7636 §4.1: a "high-entropy cryptographic random STRING": "the output of a suitable random number generator be
/// used to create a 32-octet sequence", as base64url.
fn verifier(moment: &mut Moment) -> Secret<'static> {
    Secret::new(URL_SAFE_NO_PAD.encode(moment.draw::<32>()))
}
