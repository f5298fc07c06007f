//! URIs as [RFC 3986] has them. Browsers use another parser, which repairs invalid URIs and sometimes finds another
//! host, or one where there is none; only URIs that both read alike are accepted.
//!
//! [RFC 3986]: https://www.rfc-editor.org/rfc/rfc3986

use std::borrow::Cow;
use std::net::IpAddr;

use url::{Host, Url};

use super::syntax::{is_unreserved, only};

/// A URI in its parts: [RFC 3986 §3].
///
/// [RFC 3986 §3]: https://www.rfc-editor.org/rfc/rfc3986#section-3
#[derive(Debug)]
pub(super) struct Uri<'a> {
    text: &'a str,
    scheme: &'a str,
    authority: Option<Authority<'a>>,
    /// The same URI, as a browser's parser reads it.
    url: Url,
}

/// `authority = [ userinfo "@" ] host [ ":" port ]` ([RFC 3986 §3.2]), without user information.
///
/// [RFC 3986 §3.2]: https://www.rfc-editor.org/rfc/rfc3986#section-3.2
#[derive(Clone, Copy, Debug)]
struct Authority<'a> {
    host: &'a str,
    /// The text after the colon, if there is a colon; may be empty.
    port: Option<&'a str>,
}

/// The transport that a client of a URI uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// By https.
    Https,
    /// By plain http, to this very host.
    Loopback,
    /// By plain http, to another host.
    PlainHttp,
    /// By another scheme.
    Other,
}

/// The reason why a text is not accepted as a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UriError {
    /// The text has no scheme, or one that does not fit the rest.
    NotAbsolute,
    /// The URI has a fragment.
    Fragment,
    /// A character is not allowed in its place, or a "%" has no two hexadecimal digits after it.
    Characters,
    /// The URI has user information, be it empty.
    UserInfo,
    /// The host is written so that other readers take it for another host.
    Host,
}

impl<'a> Uri<'a> {
    /// Reads a URI without a fragment.
    pub(super) fn parse(text: &'a str) -> Result<Self, UriError> {
        if !has_characters_of_a_uri(text) {
            return Err(UriError::Characters);
        }
        if text.contains('#') {
            return Err(UriError::Fragment);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriError::NotAbsolute)?;
        let hierarchical = rest.strip_prefix("//");
        let parts = hierarchical.and_then(|rest| rest.split_at_checked(authority_len(rest)));
        let authority = parts.map(|(authority, _)| Authority::parse(authority)).transpose()?;
        let path_and_query = parts.map_or(rest, |(_, path_and_query)| path_and_query);
        // RFC 3986 §3.2.2: an IP literal "is distinguished by enclosing the IP literal within square brackets [...].
        // This is the only place where square bracket characters are allowed in the URI syntax."
        if path_and_query.contains(['[', ']']) {
            return Err(UriError::Characters);
        }
        let url = Url::parse(text).map_err(|_| UriError::NotAbsolute)?;
        let host = authority.map_or("", |authority| authority.host);
        // A browser's parser takes `2130706433`, `0x7f.1` and `%6cocalhost` for a loopback host, and finds a host in
        // `https:host` and `https:///host` as well.
        match (url.host(), url.host_str().unwrap_or_default()) {
            (Some(Host::Ipv6(_)), _) if host.starts_with('[') => {}
            (_, found) if found.eq_ignore_ascii_case(host) => {}
            _ if authority.is_some_and(|authority| !authority.host.is_empty()) => return Err(UriError::Host),
            _ => return Err(UriError::NotAbsolute),
        }
        Ok(Self { text, scheme, authority, url })
    }

    pub(super) fn as_str(&self) -> &'a str {
        self.text
    }

    pub(super) fn transport(&self) -> Transport {
        let is_host = |name: &&str| name.eq_ignore_ascii_case(self.host());
        match self.url.scheme() {
            "https" => Transport::Https,
            "http" if LOOPBACK.iter().any(is_host) => Transport::Loopback,
            "http" => Transport::PlainHttp,
            _ => Transport::Other,
        }
    }

    pub(super) fn host(&self) -> &'a str {
        self.authority.map_or("", |authority| authority.host)
    }

    /// The host, if it is an address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self.url.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// The scheme. [RFC 3986 §3.1]: "the canonical form is lowercase".
    ///
    /// [RFC 3986 §3.1]: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
    pub(super) fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// Returns the normal form of [RFC 3986 §6.2.2] and [§6.2.3]: scheme and host in lower case, no default port, a
    /// path for http and https, no dot-segments, and no needless percent-encoding.
    ///
    /// [RFC 3986 §6.2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
    /// [§6.2.3]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.3
    pub(super) fn normalized(&self) -> String {
        let (scheme, rest) = self.url.as_str().split_once(':').unwrap_or_default();
        let authority_len = rest.strip_prefix("//").map_or(0, |rest| "//".len() + authority_len(rest));
        let (authority, rest) = rest.split_at_checked(authority_len).unwrap_or_default();
        format!(
            "{scheme}:{}{}",
            without_needless_escapes(&authority.to_ascii_lowercase()),
            without_needless_escapes(rest)
        )
    }

    /// Returns the text before and after the port, as written; `None` if the port is not a valid number.
    pub(super) fn without_port(&self) -> Option<(&'a str, &'a str)> {
        let port_len = match self.authority?.port {
            None => 0,
            Some(port) => {
                port.parse::<u16>().ok().filter(|_| port.len() <= 5)?;
                port.len() + 1
            }
        };
        let (before, from_port) = self.text.split_at_checked(self.scheme.len() + "://".len() + self.host().len())?;
        Some((before, from_port.get(port_len..)?))
    }
}

impl<'a> Authority<'a> {
    fn parse(text: &'a str) -> Result<Self, UriError> {
        if text.contains('@') {
            return Err(UriError::UserInfo);
        }
        // RFC 3986 §3.2.2: `IP-literal = "[" ( IPv6address / IPvFuture  ) "]"`, which alone has colons.
        let host_len = match text.strip_prefix('[') {
            Some(literal) => literal.find(']').ok_or(UriError::Characters)? + 2,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (host, rest) = text.split_at_checked(host_len).ok_or(UriError::Characters)?;
        let port = rest.strip_prefix(':');
        let is_port =
            port.unwrap_or(rest).bytes().all(|byte| byte.is_ascii_digit()) && (port.is_some() || rest.is_empty());
        let is_host = host.starts_with('[') || !host.contains(']') && !host.contains('[');
        if is_port && is_host { Ok(Self { host, port }) } else { Err(UriError::Host) }
    }
}

/// The names and addresses that every reader takes for a loopback host.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Returns the length of the authority. [RFC 3986 §3.2]: "The authority component is preceded by a double slash ("//")
/// and is terminated by the next slash ("/"), question mark ("?"), or number sign ("#") character, or by the end of the
/// URI."
///
/// [RFC 3986 §3.2]: https://www.rfc-editor.org/rfc/rfc3986#section-3.2
fn authority_len(after_slashes: &str) -> usize {
    after_slashes.find(['/', '?']).unwrap_or(after_slashes.len())
}

/// Writes escapes in upper case, and unescapes unreserved characters: [RFC 3986 §6.2.2.1], [§6.2.2.2].
///
/// [RFC 3986 §6.2.2.1]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.1
/// [§6.2.2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.2
fn without_needless_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split('%');
    let mut normal = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        match u8::from_str_radix(digits, 16) {
            Ok(byte) if is_unreserved(byte) => normal.push(byte.into()),
            _ => normal.extend(["%", &digits.to_ascii_uppercase()]),
        }
        normal.push_str(rest);
    }
    Cow::Owned(normal)
}

/// Tells if all characters are reserved or unreserved ones or `pct-encoded = "%" HEXDIG HEXDIG`: [RFC 3986 §2].
///
/// [RFC 3986 §2]: https://www.rfc-editor.org/rfc/rfc3986#section-2
pub(super) fn has_characters_of_a_uri(text: &str) -> bool {
    let is_reserved = |byte| {
        matches!(
            byte,
            b':' | b'/'
                | b'?'
                | b'#'
                | b'['
                | b']'
                | b'@'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
    };
    let is_escape = |after: &str| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    only(text, |byte| byte == b'%' || is_unreserved(byte) || is_reserved(byte))
        && text.split('%').skip(1).all(is_escape)
}
