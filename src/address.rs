//! Which addresses of the Internet are somebody's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an IP address is one that anybody on the Internet can reach, and not one of this host, of a private or local
/// network, of a cloud's metadata service, or of no unicast at all: by the [special-purpose address registries] of RFC
/// 6890. An IPv6 address that stands for one of IPv4 is judged by that.
///
/// For whoever answers a [`Fetch`](crate::Fetch) to a URL that a stranger named: RFC 9728 §7.7, "Server-Side Request
/// Forgery (SSRF)". Ask it about the address that the connection goes to, after the name was resolved and for each
/// connection; a name says nothing, for who owns it can let it mean any address, and another one the next time.
///
/// ```
/// use grantor::is_public_address;
/// assert!(is_public_address([93, 184, 215, 14].into()));
/// assert!(!is_public_address([169, 254, 169, 254].into()));
/// ```
///
/// [special-purpose address registries]: https://www.iana.org/assignments/iana-ipv4-special-registry/
#[must_use]
pub fn is_public_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // "This network", private use, loopback; multicast and reserved, of which the broadcast address is one.
        (0 | 10 | 127 | 224.., _, _) => true,
        // Shared address space, link-local, private use, benchmarking.
        (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) | (198, 18..=19, _) => true,
        // Protocol assignments, documentation, the relays of 6to4.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // IPv4-mapped; what a translator with the well-known prefix reaches (RFC 6052 §2.1); 6to4 (RFC 3056 §2).
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xFFFF) => v4(g, h),
        (0x64, 0xFF9B) if (c, d, e, f) == (0, 0, 0, 0) => v4(g, h),
        (0x2002, _) => v4(b, c),
        // Protocol assignments, Teredo among them; documentation.
        (0x2001, 0..=0x1FF | 0xDB8) | (0x3FFF, 0..=0xFFF) => false,
        // Global unicast, and nothing else: RFC 4291 §2.4.
        (0x2000..=0x3FFF, _) => true,
        _ => false,
    }
}
