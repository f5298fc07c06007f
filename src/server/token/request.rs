//! The access token request, typed: RFC 6749 §4.1.3, §4.3.2, §4.4.2, §4.5, §6.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use http::Request;

use super::reply::TokenError;
use crate::model::{CodeVerifier, GrantType, Scope, Secret, is_unicodecharnocrlf};
use crate::server::client_auth::ClientCredentials;
use crate::server::refusal::form;
use crate::wire::{Form, FormError};

/// A request to the token endpoint.
#[derive(Clone, Debug)]
pub struct TokenRequest<'a> {
    /// Who asks: RFC 6749 §3.2.1.
    pub client: ClientCredentials<'a>,
    /// On what grounds.
    pub grant: GrantRequest<'a>,
    /// For which protected resources: RFC 8707 §2.2. Empty: all that were granted.
    pub resource: Vec<Cow<'a, str>>,
}

/// The parameters of each `grant_type`.
#[derive(Clone)]
#[non_exhaustive]
pub enum GrantRequest<'a> {
    /// `authorization_code`: RFC 6749 §4.1.3, RFC 7636 §4.5.
    AuthorizationCode {
        /// The code.
        code: Secret<'a>,
        /// The redirect URI of the authorization request.
        redirect_uri: Option<Cow<'a, str>>,
        /// The verifier of the authorization request's challenge.
        code_verifier: Option<CodeVerifier<'a>>,
    },
    /// `refresh_token`: RFC 6749 §6.
    RefreshToken {
        /// The refresh token.
        refresh_token: Secret<'a>,
        /// The scope of the new access token; all that was granted, if it is omitted.
        scope: Option<Scope>,
    },
    /// `client_credentials`: RFC 6749 §4.4.2.
    ClientCredentials {
        /// The scope.
        scope: Option<Scope>,
    },
    /// `password`: RFC 6749 §4.3.2.
    Password {
        /// The resource owner's name.
        username: Cow<'a, str>,
        /// The resource owner's password.
        password: Secret<'a>,
        /// The scope.
        scope: Option<Scope>,
    },
    /// An absolute URI: RFC 6749 §4.5.
    Extension {
        /// The URI, as [`GrantType::Extension`].
        grant_type: GrantType,
        /// All parameters but the client's credentials.
        parameters: Vec<(String, Secret<'static>)>,
        /// The scope.
        scope: Option<Scope>,
    },
}

impl fmt::Debug for GrantRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grant_type = match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode.as_str(),
            Self::RefreshToken { .. } => GrantType::RefreshToken.as_str(),
            Self::ClientCredentials { .. } => GrantType::ClientCredentials.as_str(),
            Self::Password { .. } => GrantType::Password.as_str(),
            Self::Extension { grant_type, .. } => grant_type.as_str(),
        };
        f.debug_struct("GrantRequest").field("grant_type", &grant_type).finish_non_exhaustive()
    }
}

/// The parameters that a request to the token endpoint may have once.
const PARAMETERS: [&str; 10] = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "username",
    "password",
    "scope",
    "client_id",
    "client_secret",
];

impl<'a> TokenRequest<'a> {
    pub(super) fn read<B: AsRef<[u8]>>(request: &'a Request<B>) -> Result<Self, TokenError> {
        let form = form(request)?;
        let (params, resource) = form.params_and_all(PARAMETERS, "resource");
        let [
            grant_type,
            code,
            redirect_uri,
            code_verifier,
            refresh_token,
            username,
            password,
            scope,
            client_id,
            client_secret,
        ] = params;
        let client = ClientCredentials::read(request.headers(), client_id?, client_secret?)?;
        let grant_type = grant_type?.ok_or(FormError::Missing("grant_type"))?;
        // Only for the grants that have it; elsewhere it is one more parameter that is ignored.
        let scope = || -> Result<_, TokenError> {
            scope?.map(|scope| Scope::parse(&scope)).transpose().map_err(|_| TokenError::InvalidScope)
        };
        let grant = match GrantType::parse(&grant_type).map_err(|_| TokenError::UnsupportedGrantType)? {
            GrantType::AuthorizationCode => GrantRequest::AuthorizationCode {
                code: code?.map(Secret::new).ok_or(FormError::Missing("code"))?,
                redirect_uri: redirect_uri?,
                code_verifier: code_verifier?
                    .map(CodeVerifier::parse)
                    .transpose()
                    .map_err(|_| TokenError::VerifierMalformed)?,
            },
            GrantType::RefreshToken => GrantRequest::RefreshToken {
                refresh_token: refresh_token?.map(Secret::new).ok_or(FormError::Missing("refresh_token"))?,
                scope: scope()?,
            },
            GrantType::ClientCredentials => GrantRequest::ClientCredentials { scope: scope()? },
            GrantType::Password => GrantRequest::Password {
                username: typed_by_a_person(username?, "username")?,
                password: typed_by_a_person(password?, "password").map(Secret::new)?,
                scope: scope()?,
            },
            GrantType::Implicit => return Err(TokenError::UnsupportedGrantType),
            grant_type @ GrantType::Extension(_) => {
                GrantRequest::Extension { grant_type, parameters: parameters(form)?, scope: scope()? }
            }
        };
        Ok(Self { client, grant, resource })
    }
}

/// RFC 6749 appendix A.15, A.16: `*UNICODECHARNOCRLF`
fn typed_by_a_person<'a>(value: Option<Cow<'a, str>>, name: &'static str) -> Result<Cow<'a, str>, FormError> {
    let value = value.ok_or(FormError::Missing(name))?;
    if value.chars().all(is_unicodecharnocrlf) { Ok(value) } else { Err(FormError::Characters(name)) }
}

/// The parameters that only the host understands; which of them may repeat, RFC 8707 §2 and RFC 8693 §2.1 say.
fn parameters(form: Form<'_>) -> Result<Vec<(String, Secret<'static>)>, FormError> {
    let (mut seen, mut parameters) = (HashSet::new(), Vec::new());
    for (name, value) in form.pairs().filter(|(name, _)| *name != "client_id" && *name != "client_secret") {
        if !matches!(&*name, "resource" | "audience") && !seen.insert(name.clone()) {
            return Err(FormError::Repeated("of the extension grant"));
        }
        let value = value.ok_or(FormError::Encoding("of the extension grant"))?;
        if !value.is_empty() {
            parameters.push((name.into_owned(), Secret::new(value).into_static()));
        }
    }
    Ok(parameters)
}
