//! A filter for addresses that a server must not connect to on a stranger's word.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns true for an address that anybody on the Internet can reach: not one of this host, of a private or local
/// network, of a cloud's metadata service, nor any that is not unicast. The [special-purpose address registries] of
/// [RFC 6890] decide. An IPv6 address that stands for an IPv4 address is judged as the latter.
///
/// Use it when you answer a [`Fetch`](crate::Fetch) whose URL a stranger named ([RFC 9728 §7.7], "Server-Side Request
/// Forgery (SSRF)"). Check the address that the connection goes to, after resolving the name, and for each connection:
/// the owner of a name can point it at any address, and at another one the next time.
///
/// ```
/// use grantor::is_public_address;
/// assert!(is_public_address([93, 184, 215, 14].into()));
/// assert!(!is_public_address([169, 254, 169, 254].into()));
/// ```
///
/// [special-purpose address registries]: https://www.iana.org/assignments/iana-ipv4-special-registry/
/// [RFC 6890]: https://www.rfc-editor.org/rfc/rfc6890
/// [RFC 9728 §7.7]: https://www.rfc-editor.org/rfc/rfc9728#section-7.7
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
        // "This network", private use, loopback; multicast and reserved, including the broadcast address.
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
        // IPv4-mapped; the well-known prefix of translators (RFC 6052 §2.1); 6to4 (RFC 3056 §2).
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xFFFF) => v4(g, h),
        (0x64, 0xFF9B) if (c, d, e, f) == (0, 0, 0, 0) => v4(g, h),
        (0x2002, _) => v4(b, c),
        // Protocol assignments, including Teredo; documentation.
        (0x2001, 0..=0x1FF | 0xDB8) | (0x3FFF, 0..=0xFFF) => false,
        // Global unicast, and nothing else: RFC 4291 §2.4.
        (0x2000..=0x3FFF, _) => true,
        _ => false,
    }
}
