//! Where a request comes from: the other end of its connection, or what a proxy says that is trusted.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub IpAddr);

/// What counts as one sender: an address of IPv4, or a /64 of IPv6, from which anybody who has one address has all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Address {
    /// The network that it belongs to.
    #[must_use]
    pub fn network(self) -> Network {
        Network(match self.0.to_canonical() {
            address @ IpAddr::V4(_) => address,
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        })
    }
}

/// As the front of the host has found out.
impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Without a connection, as in a test of the router alone, everybody is one.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())))
    }
}

/// The proxies that are believed when they say who asks: `ADDR[/LEN],…`.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Block>);

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// As IPv6, so that both kinds are compared alike.
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
        // The start of an IPv4 address, as IPv6, counts too.
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
    /// Whether none is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who asks through this peer.
    ///
    /// A proxy adds whom it was asked by at the right. From there on to the left, the first that is not a proxy of ours
    /// is the one: what stands further left is that one's own word. A proxy writes `Forwarded` or `X-Forwarded-For` and
    /// hands the other on as it came: where both are there and differ, neither is believed.
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

    /// The first from the right that is no proxy; the last proxy, where nobody can be read beyond.
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

/// The elements of a header's lists, from the right. They are split at commas even within quotes: an address has none,
/// and a quote that a client opened reaches no further than to what the proxy adds.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines: Vec<_> = headers.get_all(name).into_iter().map(|line| line.to_str().unwrap_or("?")).collect();
    lines.into_iter().rev().flat_map(|line| line.rsplit(',').map(str::trim))
}

/// RFC 7239 §4: `for` among the pairs of an element.
fn of_forwarded(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    of_node(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

/// RFC 7239 §6: an address, with a port or without; brackets are around one of IPv6. `X-Forwarded-For` has it without,
/// too.
fn of_node(node: &str) -> Option<IpAddr> {
    let bracketed = || node.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || node.parse().ok().map(|address: SocketAddr| address.ip());
    let address = node.parse().ok().or_else(bracketed).or_else(with_port)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests;
