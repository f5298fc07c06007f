//! Grant types.

use std::sync::Arc;

use serde::Deserialize;

use super::syntax::{SyntaxError, is_nqchar, text_form};

/// A `grant_type`: [RFC 6749 §4], and `implicit`, which [RFC 7591 §2] names though it never reaches the token endpoint.
///
/// [RFC 6749 §4]: https://www.rfc-editor.org/rfc/rfc6749#section-4
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum GrantType {
    /// `authorization_code`: [RFC 6749 §4.1].
    ///
    /// [RFC 6749 §4.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1
    AuthorizationCode,
    /// `implicit`: [RFC 6749 §4.2]. [RFC 9700 §2.1.2]: SHOULD NOT be used.
    ///
    /// [RFC 6749 §4.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.2
    /// [RFC 9700 §2.1.2]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2
    Implicit,
    /// `password`: [RFC 6749 §4.3]. [RFC 9700 §2.4]: MUST NOT be used. Off unless both the configuration and the client
    /// name it.
    ///
    /// [RFC 6749 §4.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.3
    /// [RFC 9700 §2.4]: https://www.rfc-editor.org/rfc/rfc9700#section-2.4
    Password,
    /// `client_credentials`: [RFC 6749 §4.4].
    ///
    /// [RFC 6749 §4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4
    ClientCredentials,
    /// `refresh_token`: [RFC 6749 §6].
    ///
    /// [RFC 6749 §6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
    RefreshToken,
    /// `urn:ietf:params:oauth:grant-type:device_code`: [RFC 8628 §3.4].
    ///
    /// [RFC 8628 §3.4]: https://www.rfc-editor.org/rfc/rfc8628#section-3.4
    DeviceCode,
    /// An extension grant, by its absolute URI: [RFC 6749 §4.5].
    ///
    /// [RFC 6749 §4.5]: https://www.rfc-editor.org/rfc/rfc6749#section-4.5
    Extension(Arc<str>),
}

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl GrantType {
    /// Reads a grant type.
    ///
    /// # Errors
    /// The text is neither a grant type of [RFC 6749] nor an absolute URI ([RFC 6749 §4.5]: "an absolute URI (defined
    /// by the authorization server)").
    ///
    /// [RFC 6749]: https://www.rfc-editor.org/rfc/rfc6749
    /// [RFC 6749 §4.5]: https://www.rfc-editor.org/rfc/rfc6749#section-4.5
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        match text {
            "authorization_code" => Ok(Self::AuthorizationCode),
            "implicit" => Ok(Self::Implicit),
            "password" => Ok(Self::Password),
            "client_credentials" => Ok(Self::ClientCredentials),
            "refresh_token" => Ok(Self::RefreshToken),
            DEVICE_CODE => Ok(Self::DeviceCode),
            uri if uri.len() <= 255 && uri.bytes().all(is_nqchar) && url::Url::parse(uri).is_ok() => {
                Ok(Self::Extension(uri.into()))
            }
            _ => Err(SyntaxError("grant_type")),
        }
    }

    /// The value of `grant_type` in a request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => DEVICE_CODE,
            Self::Extension(uri) => uri,
        }
    }
}

text_form!(GrantType, SyntaxError);
