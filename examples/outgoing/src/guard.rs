//! The rules: which URLs are asked, and which addresses are connected to.

use std::net::IpAddr;

use grantor::{FetchRule, is_public_address};
use http::Uri;
use url::{Host, Url};

/// The rules for outgoing requests. At first they are the strict ones: `https`, and [public
/// addresses](is_public_address).
///
/// Two checks belong to each request: [`check_url`](Self::check_url) before anything else, and
/// [`check_addresses`](Self::check_addresses) for the addresses to one of which the connection then goes, without
/// another lookup. Between them there must be no proxy, which would do the lookup itself; and no redirect is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    loopback: bool,
    private_network: bool,
}

/// The reason why a request is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The URL has no host.
    #[error("the URL has no host")]
    Host,
    /// The URL is not `https`.
    #[error("the URL is not https")]
    Scheme,
    /// The host has no address.
    #[error("the name has no address")]
    NoAddress,
    /// The host has an address that is not public.
    #[error("the name leads to an address that is not public")]
    Address,
}

impl Guard {
    /// Creates the strict rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows hosts of this machine's loopback interface, by plain `http` too: for development, and for tests. The host
    /// must say so itself: an IP address such as `127.0.0.1`, or `localhost`. Any other name that leads there is
    /// refused as before.
    #[must_use]
    pub fn allow_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// Allows any address, by `https`: for a client that only asks servers which its owner named, within their own
    /// network.
    #[must_use]
    pub fn allow_private_network(mut self) -> Self {
        self.private_network = true;
        self
    }

    /// Returns the rules for one request, whose own rule may be stricter.
    #[must_use]
    pub fn under(self, rule: FetchRule) -> Self {
        if rule.public_addresses_only { Self::new() } else { self }
    }

    /// Checks the URL of a request, and its address if it has one in place of a name. HTTP clients may connect to that
    /// without a lookup.
    ///
    /// # Errors
    /// The request must not be sent.
    pub fn check_url(self, uri: &Uri) -> Result<(), Refused> {
        // By the rules of browsers, which reqwest follows: `2130706433` and `0x7f.1` are addresses too.
        let url = Url::parse(&uri.to_string()).map_err(|_| Refused::Host)?;
        let (host, address) = match url.host().ok_or(Refused::Host)? {
            Host::Domain(name) => (name.to_owned(), None),
            Host::Ipv4(address) => (address.to_string(), Some(address.into())),
            Host::Ipv6(address) => (address.to_string(), Some(IpAddr::V6(address))),
        };
        match url.scheme() {
            "https" => {}
            "http" if self.takes_for_loopback(&host) => {}
            _ => return Err(Refused::Scheme),
        }
        address.map_or(Ok(()), |address| self.check_addresses(&host, [address]))
    }

    /// Checks all addresses of a host. One that is not allowed among others is somebody's try, and so none is.
    ///
    /// # Errors
    /// No connection must be opened.
    pub fn check_addresses(self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Result<(), Refused> {
        let is_own = self.takes_for_loopback(host);
        let is_allowed = |address: IpAddr| match is_own {
            true => address.to_canonical().is_loopback(),
            false => self.private_network || is_public_address(address),
        };
        let mut addresses = addresses.into_iter().peekable();
        addresses.peek().ok_or(Refused::NoAddress)?;
        if addresses.all(is_allowed) { Ok(()) } else { Err(Refused::Address) }
    }

    fn takes_for_loopback(self, host: &str) -> bool {
        self.loopback && is_loopback(host)
    }
}

/// Tells if a host says itself that it is on the loopback interface (RFC 6761 §6.3 for the name).
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}
