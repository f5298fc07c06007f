//! Redirect URIs: RFC 6749 §3.1.2, OAuth 2.1 §2.3, RFC 8252 §7, RFC 9700 §2.1 and §2.6.

use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use super::endpoint::{has_authority, is_of_a_uri};
use super::syntax::text_form;

/// A redirect URI that may be registered: absolute, without a fragment, with a scheme that is safe to redirect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct RedirectUri(Arc<str>);

/// Why a redirect URI may not be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectUriError {
    /// RFC 6749 §3.1.2: "The redirection endpoint URI MUST be an absolute URI".
    #[error("a redirect URI must be an absolute URI")]
    NotAbsolute,
    /// RFC 6749 §3.1.2: "The endpoint URI MUST NOT include a fragment component."
    #[error("a redirect URI must not have a fragment")]
    Fragment,
    /// RFC 3986 §2: a URI has printable ASCII characters, no space and no backslash. Or it is longer than
    /// [`RedirectUri::MAX_LEN`].
    #[error("a redirect URI must be printable ASCII without spaces and backslashes, and not too long")]
    Characters,
    /// A user name or password in a redirect URI serves only to deceive.
    #[error("a redirect URI must not have a user name or password")]
    UserInfo,
    /// RFC 9700 §2.6: "authorization servers MUST NOT allow redirect URIs that use the `http` scheme except for native
    /// clients that use Loopback Interface Redirection".
    #[error("a redirect URI may use http only for a loopback address")]
    InsecureHttp,
    /// OAuth 2.1 §2.3.1: "At a minimum, any private-use URI scheme that doesn't contain a period character (`.`) SHOULD
    /// be rejected." This keeps out `javascript:` and its like too.
    #[error("a private-use scheme must be a reversed domain name, with a period")]
    PrivateUseScheme,
}

impl RedirectUri {
    /// The most bytes that one may have.
    pub const MAX_LEN: usize = 2048;

    /// Checks that a URI may be registered.
    ///
    /// # Errors
    /// See [`RedirectUriError`].
    pub fn parse(text: &str) -> Result<Self, RedirectUriError> {
        if text.len() > Self::MAX_LEN || !text.bytes().all(is_of_a_uri) {
            return Err(RedirectUriError::Characters);
        }
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::NotAbsolute)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::UserInfo);
        }
        match url.scheme() {
            scheme @ ("https" | "http") if !has_authority(text, scheme) => Err(RedirectUriError::NotAbsolute),
            "https" => Ok(()),
            "http" if matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")) => Ok(()),
            "http" => Err(RedirectUriError::InsecureHttp),
            scheme if scheme.contains('.') => Ok(()),
            _ => Err(RedirectUriError::PrivateUseScheme),
        }?;
        Ok(Self(text.into()))
    }

    /// The URI, as registered or as requested.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a requested URI is this registered one, and if so, the URI to redirect to.
    ///
    /// OAuth 2.1 §2.3.1: "Authorization servers MUST reject authorization requests that specify a redirect URI that
    /// doesn't exactly match one that was registered, with an exception for loopback redirects, where an exact match is
    /// required except for the port URI component". RFC 8252 §7.3 means loopback IP literals; `localhost` matches
    /// exactly.
    #[must_use]
    pub fn matches(&self, requested: &str) -> Option<Self> {
        if *self.0 == *requested {
            return Some(self.clone());
        }
        let same = without_loopback_port(&self.0)? == without_loopback_port(requested)?;
        // A port that is longer than the registered one can make it too long.
        if same { Self::parse(requested).ok() } else { None }
    }
}

/// Splits a loopback IP URI into what stands before and after the port; none if it is not one.
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    let host = ["http://127.0.0.1", "http://[::1]"].into_iter().find(|host| uri.starts_with(host))?;
    let rest = uri.strip_prefix(host)?;
    let rest = match rest.strip_prefix(':') {
        None => rest,
        Some(port_on) => {
            let digits = port_on.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = port_on.split_at_checked(digits).filter(|_| digits <= 5)?;
            port.parse::<u16>().ok()?;
            rest
        }
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

text_form!(RedirectUri, RedirectUriError);
