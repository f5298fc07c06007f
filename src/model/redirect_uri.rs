//! Redirect URIs: RFC 6749 §3.1.2, OAuth 2.1 §2.3, RFC 8252 §7, RFC 9700 §2.1 and §2.6.

use std::sync::Arc;

use serde::Deserialize;

use super::syntax::text_form;
use super::uri::{Transport, Uri, UriError};

/// A redirect URI: absolute, without a fragment, with a scheme that is safe to redirect to.
///
/// [`parse`](Self::parse) is for what a server registers. What weakens it has a name:
/// [`parse_private_use`](Self::parse_private_use) for a server that takes the schemes of applications as they are, and
/// [`parse_registered_elsewhere`](Self::parse_registered_elsewhere) for a client, at whose server another's rules hold.
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
    /// RFC 3986 §2 has another set of characters, and a "%" only before two hexadecimal digits. Or it is longer than
    /// [`RedirectUri::MAX_LEN`].
    #[error("a redirect URI must have no characters but those of RFC 3986, and not be too long")]
    Characters,
    /// A user name or password in a redirect URI serves only to deceive; so does the place of one that is empty.
    #[error("a redirect URI must not have a user name or password")]
    UserInfo,
    /// The host is not written as whoever goes there reads it: `2130706433`, `0x7f.1` or `%6cocalhost`.
    #[error("a redirect URI must have its host written plainly")]
    Host,
    /// RFC 9700 §2.1: "authorization servers MUST utilize exact string matching". No request would match a pattern.
    #[error("a redirect URI must name its host: there are no wildcards, each URI is registered as it is")]
    Wildcard,
    /// RFC 9700 §2.6: "authorization servers MUST NOT allow redirection URIs that use the `http` scheme except for native
    /// clients that use loopback interface redirection".
    #[error("a redirect URI may use http only for a loopback address")]
    InsecureHttp,
    /// OAuth 2.1 §2.3.1: "At a minimum, any private-use URI scheme that doesn't contain a period character (`.`) SHOULD
    /// be rejected." This keeps out `javascript:` and its like too.
    #[error("a private-use scheme must be a reversed domain name, with a period")]
    PrivateUseScheme,
    /// The scheme is no application's: a browser runs or reads what stands behind it, or has a use of its own for it.
    #[error("a redirect URI must not use a scheme that is no application's")]
    Scheme,
}

impl From<UriError> for RedirectUriError {
    fn from(error: UriError) -> Self {
        match error {
            UriError::NotAbsolute => Self::NotAbsolute,
            UriError::Fragment => Self::Fragment,
            UriError::Characters => Self::Characters,
            UriError::UserInfo => Self::UserInfo,
            UriError::Host => Self::Host,
        }
    }
}

impl RedirectUri {
    /// The most bytes that one may have.
    pub const MAX_LEN: usize = 2048;

    /// The redirect URI of applications that cannot be redirected to: the server shows the code on a page of its own,
    /// for people to copy. [`parse_private_use`](Self::parse_private_use) takes it.
    pub const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

    /// Checks that a URI may be registered.
    ///
    /// # Errors
    /// See [`RedirectUriError`].
    pub fn parse(text: &str) -> Result<Self, RedirectUriError> {
        let uri = read(text)?;
        match uri.transport() {
            Transport::Https | Transport::Loopback => Ok(Self(text.into())),
            Transport::PlainHttp => Err(RedirectUriError::InsecureHttp),
            Transport::Other if uri.scheme().contains('.') => Ok(Self(text.into())),
            Transport::Other => Err(RedirectUriError::PrivateUseScheme),
        }
    }

    /// Checks that a URI may be registered, also with a private-use scheme that has no period, as applications have
    /// them all the same: `cursor://…`, `vscode://…`, `myapp:/…`; or [`OUT_OF_BAND`](Self::OUT_OF_BAND).
    ///
    /// OAuth 2.1 §2.3.1: such a scheme "SHOULD be rejected", for nobody owns it. Any application on the device can
    /// claim it too and is sent the code; PKCE keeps that one from redeeming it.
    ///
    /// # Errors
    /// See [`RedirectUriError`]. `javascript:`, `data:` and their like are refused here too.
    pub fn parse_private_use(text: &str) -> Result<Self, RedirectUriError> {
        match Self::parse(text) {
            Err(RedirectUriError::PrivateUseScheme) if text == Self::OUT_OF_BAND => Ok(Self(text.into())),
            Err(RedirectUriError::PrivateUseScheme) if !is_private_use(read(text)?.scheme()) => {
                Err(RedirectUriError::Scheme)
            }
            Err(RedirectUriError::PrivateUseScheme) => Ok(Self(text.into())),
            parsed => parsed,
        }
    }

    /// Takes the URI that is registered for a client at somebody else's server. What that server lets be registered is
    /// its own affair: plain http for any host, a scheme without a period.
    ///
    /// # Errors
    /// It is no absolute URI without fragment, or has a scheme that runs in a browser: see [`RedirectUriError`].
    pub fn parse_registered_elsewhere(text: &str) -> Result<Self, RedirectUriError> {
        match Self::parse_private_use(text) {
            Err(RedirectUriError::InsecureHttp) => Ok(Self(text.into())),
            parsed => parsed,
        }
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
    /// required except for the port URI component". RFC 8252 §7.3 means loopback IP literals, RFC 9700 §4.1.3
    /// `localhost` too: "native apps using a `localhost` URI: In this case, the authorization server MUST allow
    /// variable port numbers".
    #[must_use]
    pub fn matches(&self, requested: &str) -> Option<Self> {
        if *self.0 == *requested {
            return Some(self.clone());
        }
        let loopback = Uri::parse(&self.0).ok().filter(|uri| uri.transport() == Transport::Loopback)?;
        // A port that is longer than the registered one can make it too long.
        let requested = read(requested).ok()?;
        let is_same = loopback.without_port()? == requested.without_port()?;
        is_same.then(|| Self(requested.as_str().into()))
    }
}

/// Reads a redirect URI whose host is no pattern.
fn read(text: &str) -> Result<Uri<'_>, RedirectUriError> {
    if text.len() > RedirectUri::MAX_LEN {
        return Err(RedirectUriError::Characters);
    }
    // A pattern's port is none either, so this comes before the parser.
    let (_, hierarchical) = text.split_once("://").unwrap_or_default();
    if hierarchical.split(['/', '?', '#', '@']).next().is_some_and(|authority| authority.contains('*')) {
        return Err(RedirectUriError::Wildcard);
    }
    Ok(Uri::parse(text)?)
}

/// Whether a scheme can be an application's own. What is not: schemes of browsers, of networks and of the system.
fn is_private_use(scheme: &str) -> bool {
    const TAKEN: &str = "about blob chrome content data file filesystem ftp intent jar javascript livescript mailto \
                         mhtml mocha resource sms tel urn vbscript view-source ws wss";
    !TAKEN.split(' ').any(|taken| taken == scheme)
}

/// `#[serde(deserialize_with = "…")]` for what was registered or sent: the rule for it was chosen then.
pub(crate) mod stored {
    use serde::de::{Deserialize, Deserializer, Error as _};

    use super::RedirectUri;

    pub(crate) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RedirectUri, D::Error> {
        Registered::deserialize(deserializer).map(|registered| registered.0)
    }

    pub(crate) fn option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RedirectUri>, D::Error> {
        Option::<Registered>::deserialize(deserializer).map(|registered| registered.map(|registered| registered.0))
    }

    pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RedirectUri>, D::Error> {
        let registered = Vec::<Registered>::deserialize(deserializer)?;
        Ok(registered.into_iter().map(|registered| registered.0).collect())
    }

    /// In a server's record.
    struct Registered(RedirectUri);

    impl<'de> Deserialize<'de> for Registered {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            RedirectUri::parse_private_use(&text).map(Self).map_err(D::Error::custom)
        }
    }

    /// In a client's record.
    pub(crate) fn elsewhere<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RedirectUri, D::Error> {
        let text = String::deserialize(deserializer)?;
        RedirectUri::parse_registered_elsewhere(&text).map_err(D::Error::custom)
    }
}

text_form!(RedirectUri, RedirectUriError);
