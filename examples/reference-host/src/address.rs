//! The origin of a request: the other end of its connection, or the address that a trusted proxy reports.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the sender of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub IpAddr);

/// The unit that counts as one sender: an IPv4 address, or a /64 of IPv6, since the holder of one address has all of
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Address {
    /// The network of the address.
    #[must_use]
    pub fn network(self) -> Network {
        Network(match self.0.to_canonical() {
            address @ IpAddr::V4(_) => address,
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        })
    }
}

/// Extracts the address that the front of the host has found.
impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Without a connection, as in a test of the router alone, all senders have one address.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())))
    }
}

/// The proxies whose reports of the sender are trusted: `ADDR[/LEN],…`.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Block>);

/// A block of addresses with the same prefix.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// The address as IPv6, so that both kinds are compared alike.
    address: u128,
    mask: u128,
}

impl Block {
    fn contains(self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.address
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl FromStr for Block {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| format!("{text:?} is not ADDR or ADDR/LEN"))?;
        let all: u32 = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(all), str::parse).ok().filter(|length| *length <= all);
        let length = length.ok_or_else(|| format!("{text:?} has no length from 0 to {all}"))?;
        let mask = u128::MAX.checked_shl(all.saturating_sub(length)).unwrap_or(0);
        // The prefix that marks an IPv4 address as IPv6 is included.
        let mask = if address.is_ipv4() { mask | u128::MAX << 32 } else { mask };
        Ok(Self { address: bits(address) & mask, mask })
    }
}

impl FromStr for Proxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(|block| block.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl Proxies {
    /// True if no proxy is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the sender of a request from this peer.
    ///
    /// A proxy appends the address of its own peer at the right. Read from there to the left, the first address that is
    /// not a trusted proxy is the sender; further addresses are only that sender's claim. A proxy writes `Forwarded` or
    /// `X-Forwarded-For` and passes the other on unchanged, so if both are present and differ, neither is trusted.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let forwarded = elements(headers, header::FORWARDED).map(of_forwarded);
        let x_forwarded_for = elements(headers, X_FORWARDED_FOR).map(of_node);
        match (headers.contains_key(header::FORWARDED), headers.contains_key(X_FORWARDED_FOR)) {
            (false, false) => peer,
            (true, false) => self.first_stranger(peer, forwarded),
            (false, true) => self.first_stranger(peer, x_forwarded_for),
            (true, true) => {
                let said = self.first_stranger(peer, forwarded);
                if said == self.first_stranger(peer, x_forwarded_for) { said } else { peer }
            }
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(address))
    }

    /// Returns the first address from the right that is not a proxy, or the last proxy if none can be read beyond it.
    fn first_stranger(&self, peer: IpAddr, mut from_the_right: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut last = peer;
        while self.trusts(last)
            && let Some(Some(next)) = from_the_right.next()
        {
            last = next;
        }
        last
    }
}

/// Returns the elements of a header's lists, from the right. They are split at commas even within quotes: an address
/// has none, and a quote that a client left open must not reach beyond the part that the proxy appends.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines: Vec<_> = headers.get_all(name).into_iter().map(|line| line.to_str().unwrap_or("?")).collect();
    lines.into_iter().rev().flat_map(|line| line.rsplit(',').map(str::trim))
}

/// Reads `for` among the pairs of an element: RFC 7239 §4.
fn of_forwarded(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    of_node(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

/// Reads an address, with or without a port, and an IPv6 address in brackets: RFC 7239 §6. `X-Forwarded-For` has them
/// without, too.
fn of_node(node: &str) -> Option<IpAddr> {
    let bracketed = || node.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || node.parse().ok().map(|address: SocketAddr| address.ip());
    let address = node.parse().ok().or_else(bracketed).or_else(with_port)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests;
