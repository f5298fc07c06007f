//! Redirect URIs: [RFC 6749 §3.1.2], [OAuth 2.1 §2.3], [RFC 8252 §7], [RFC 9700 §2.1] and [§2.6].
//!
//! [RFC 6749 §3.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2
//! [OAuth 2.1 §2.3]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-2.3
//! [RFC 8252 §7]: https://www.rfc-editor.org/rfc/rfc8252#section-7
//! [RFC 9700 §2.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1
//! [§2.6]: https://www.rfc-editor.org/rfc/rfc9700#section-2.6

use std::sync::Arc;

use serde::Deserialize;

use super::syntax::text_form;
use super::uri::{Transport, Uri, UriError};

/// A redirect URI: absolute, without a fragment, with a scheme that is safe to redirect to.
///
/// [`parse`](Self::parse) is for the URIs that a server registers. Two weaker rules have names:
/// [`parse_private_use`](Self::parse_private_use) for a server that accepts the schemes that applications use in
/// practice, and [`parse_registered_elsewhere`](Self::parse_registered_elsewhere) for a client, whose server has rules
/// of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct RedirectUri(Arc<str>);

/// The reason why a redirect URI may not be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectUriError {
    /// The URI is not absolute. [RFC 6749 §3.1.2]: "The redirection endpoint URI MUST be an absolute URI".
    ///
    /// [RFC 6749 §3.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2
    #[error("a redirect URI must be an absolute URI")]
    NotAbsolute,
    /// The URI has a fragment. [RFC 6749 §3.1.2]: "The endpoint URI MUST NOT include a fragment component."
    ///
    /// [RFC 6749 §3.1.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2
    #[error("a redirect URI must not have a fragment")]
    Fragment,
    /// The URI has characters outside the set of [RFC 3986 §2], or a "%" without two hexadecimal digits after it, or is
    /// longer than [`RedirectUri::MAX_LEN`].
    ///
    /// [RFC 3986 §2]: https://www.rfc-editor.org/rfc/rfc3986#section-2
    #[error("a redirect URI must have no characters but those of RFC 3986, and not be too long")]
    Characters,
    /// The URI has a user name or password, be it empty. In a redirect URI these only serve to deceive.
    #[error("a redirect URI must not have a user name or password")]
    UserInfo,
    /// The host is written so that it is read differently from how it looks: `2130706433`, `0x7f.1` or `%6cocalhost`.
    #[error("a redirect URI must have its host written plainly")]
    Host,
    /// The host is a pattern, which no request would match. [RFC 9700 §2.1]: "authorization servers MUST utilize exact
    /// string matching".
    ///
    /// [RFC 9700 §2.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1
    #[error("a redirect URI must name its host: there are no wildcards, each URI is registered as it is")]
    Wildcard,
    /// The URI uses plain http for another host than a loopback one. [RFC 9700 §2.6]: "authorization servers MUST NOT
    /// allow redirection URIs that use the `http` scheme except for native clients that use loopback interface
    /// redirection".
    ///
    /// [RFC 9700 §2.6]: https://www.rfc-editor.org/rfc/rfc9700#section-2.6
    #[error("a redirect URI may use http only for a loopback address")]
    InsecureHttp,
    /// The private-use scheme has no period. [OAuth 2.1 §2.3.1]: "At a minimum, any private-use URI scheme that doesn't
    /// contain a period character (`.`) SHOULD be rejected." This keeps out `javascript:` and the like too.
    ///
    /// [OAuth 2.1 §2.3.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-2.3.1
    #[error("a private-use scheme must be a reversed domain name, with a period")]
    PrivateUseScheme,
    /// The scheme cannot belong to an application: a browser would run or display the rest of the URI, or uses the
    /// scheme itself.
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
    /// The greatest length of a redirect URI, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// The redirect URI of applications that cannot be redirected to: the server shows the code on a page of its own,
    /// for people to copy. [`parse_private_use`](Self::parse_private_use) accepts it.
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

    /// Checks that a URI may be registered, but also accepts private-use schemes without a period, which applications
    /// use in practice: `cursor://…`, `vscode://…`, `myapp:/…`; and [`OUT_OF_BAND`](Self::OUT_OF_BAND).
    ///
    /// By [OAuth 2.1 §2.3.1] such a scheme "SHOULD be rejected", since nobody owns it. Any other application on the
    /// device can claim it and receive the code; PKCE keeps that application from redeeming it.
    ///
    /// # Errors
    /// See [`RedirectUriError`]. `javascript:`, `data:` and the like are refused here too.
    ///
    /// [OAuth 2.1 §2.3.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-2.3.1
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

    /// Checks a URI that is registered for a client at another party's server. That server may have allowed more: plain
    /// http for any host, a scheme without a period.
    ///
    /// # Errors
    /// The text is not an absolute URI without fragment, or has a scheme that runs in a browser: see
    /// [`RedirectUriError`].
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

    /// Tells if only the owner of a domain gets a redirect to the URI.
    pub(crate) fn is_https(&self) -> bool {
        Uri::parse(&self.0).is_ok_and(|uri| uri.transport() == Transport::Https)
    }

    /// Tells if a browser can post to the URI. One of a private-use scheme starts an application, which gets the URI
    /// and no body.
    pub(crate) fn takes_posts(&self) -> bool {
        Uri::parse(&self.0).is_ok_and(|uri| uri.transport() != Transport::Other)
    }

    /// Compares a requested URI with this registered one, and returns the URI to redirect to if they match.
    ///
    /// As [OAuth 2.1 §2.3.1] puts it: "Authorization servers MUST reject authorization requests that specify a redirect
    /// URI that doesn't exactly match one that was registered, with an exception for loopback redirects, where an exact
    /// match is required except for the port URI component". [RFC 8252 §7.3] means loopback IP literals,
    /// [RFC 9700 §4.1.3] `localhost` too: "native apps using a `localhost` URI: In this case, the authorization server
    /// MUST allow variable port numbers".
    ///
    /// [OAuth 2.1 §2.3.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-2.3.1
    /// [RFC 8252 §7.3]: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
    /// [RFC 9700 §4.1.3]: https://www.rfc-editor.org/rfc/rfc9700#section-4.1.3
    #[must_use]
    pub fn matches(&self, requested: &str) -> Option<Self> {
        if *self.0 == *requested {
            return Some(self.clone());
        }
        let loopback = Uri::parse(&self.0).ok().filter(|uri| uri.transport() == Transport::Loopback)?;
        // With a longer port than the registered one, the URI can be too long.
        let requested = read(requested).ok()?;
        let is_same = loopback.without_port()? == requested.without_port()?;
        is_same.then(|| Self(requested.as_str().into()))
    }
}

/// Reads a redirect URI whose host is not a pattern.
fn read(text: &str) -> Result<Uri<'_>, RedirectUriError> {
    if text.len() > RedirectUri::MAX_LEN {
        return Err(RedirectUriError::Characters);
    }
    // The port of a pattern would not parse either, so this check comes before the parser.
    let (_, hierarchical) = text.split_once("://").unwrap_or_default();
    if hierarchical.split(['/', '?', '#', '@']).next().is_some_and(|authority| authority.contains('*')) {
        return Err(RedirectUriError::Wildcard);
    }
    Ok(Uri::parse(text)?)
}

/// Tells if a scheme can belong to an application. Schemes of browsers, of networks and of the system cannot.
fn is_private_use(scheme: &str) -> bool {
    const TAKEN: &str = "about blob chrome content data file filesystem ftp intent jar javascript livescript mailto \
                         mhtml mocha resource sms tel urn vbscript view-source ws wss";
    !TAKEN.split(' ').any(|taken| taken == scheme)
}

/// `#[serde(deserialize_with = "…")]` for URIs that were registered or sent, which were checked by the strict or the
/// weaker rule then.
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

    /// A redirect URI in a server's record.
    struct Registered(RedirectUri);

    impl<'de> Deserialize<'de> for Registered {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            RedirectUri::parse_private_use(&text).map(Self).map_err(D::Error::custom)
        }
    }

    /// Reads a redirect URI in a client's record.
    pub(crate) fn elsewhere<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RedirectUri, D::Error> {
        let text = String::deserialize(deserializer)?;
        RedirectUri::parse_registered_elsewhere(&text).map_err(D::Error::custom)
    }
}

text_form!(RedirectUri, RedirectUriError);
