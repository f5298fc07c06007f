//! Grant types.

use std::sync::Arc;

use serde::Deserialize;

use super::syntax::{SyntaxError, is_nqchar, text_form};

/// A `grant_type`: RFC 6749 §4, and `implicit`, which RFC 7591 §2 names though it never reaches the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §4.2. RFC 9700 §2.1.2: SHOULD NOT be used.
    Implicit,
    /// RFC 6749 §4.3. RFC 9700 §2.4: MUST NOT be used. Off until configuration and client both name it.
    Password,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §6.
    RefreshToken,
    /// An absolute URI: RFC 6749 §4.5.
    Extension(Arc<str>),
}

impl GrantType {
    /// Reads a grant type.
    ///
    /// # Errors
    /// It is neither one of RFC 6749 nor an absolute URI (§4.5: "an absolute URI (defined by the authorization
    /// server)").
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        match text {
            "authorization_code" => Ok(Self::AuthorizationCode),
            "implicit" => Ok(Self::Implicit),
            "password" => Ok(Self::Password),
            "client_credentials" => Ok(Self::ClientCredentials),
            "refresh_token" => Ok(Self::RefreshToken),
            uri if uri.len() <= 255 && uri.bytes().all(is_nqchar) && url::Url::parse(uri).is_ok() => {
                Ok(Self::Extension(uri.into()))
            }
            _ => Err(SyntaxError("grant_type")),
        }
    }

    /// Its name in a request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::Extension(uri) => uri,
        }
    }
}

text_form!(GrantType, SyntaxError);
