use axum::http::HeaderValue;

use super::*;

fn client(proxies: &str, peer: &str, headers: &[(&'static str, &str)]) -> String {
    let proxies: Proxies = proxies.parse().expect("proxies");
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).expect("a value"));
    }
    proxies.client(peer.parse().expect("an address"), &map).to_string()
}

/// Proxies, peer, headers, and the expected sender.
type Case<'a> = (&'a str, &'a str, &'a [(&'static str, &'a str)], &'a str);

#[test]
fn only_a_trusted_peer_says_who_asks() {
    let xff = "x-forwarded-for";
    let cases: &[Case<'_>] = &[
        // A stranger can claim anything.
        ("10.0.0.0/8", "192.0.2.9", &[(xff, "198.51.100.1")], "192.0.2.9"),
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "198.51.100.1")], "198.51.100.1"),
        ("10.0.0.0/8", "10.1.2.3", &[], "10.1.2.3"),
        // The client's own header is at the left.
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "203.0.113.7, 198.51.100.1")], "198.51.100.1"),
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "203.0.113.7"), (xff, "198.51.100.1")], "198.51.100.1"),
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "203.0.113.7,198.51.100.1, 10.9.9.9")], "198.51.100.1"),
        ("10.0.0.0/8,198.51.100.1", "10.1.2.3", &[(xff, "203.0.113.7, 198.51.100.1")], "203.0.113.7"),
        // All of them proxies: the leftmost.
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "10.0.0.1, 10.0.0.2")], "10.0.0.1"),
        // The peer of that proxy is not known.
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "203.0.113.7, unknown")], "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "203.0.113.7, unknown, 10.9.9.9")], "10.9.9.9"),
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "")], "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3", &[(xff, "203.0.113.7, ")], "10.1.2.3"),
        // Ports and brackets.
        ("127.0.0.1", "127.0.0.1", &[(xff, "198.51.100.1:4711")], "198.51.100.1"),
        ("::1", "::1", &[(xff, "2001:db8::7")], "2001:db8::7"),
        ("::1", "::1", &[(xff, "[2001:db8::7]:4711")], "2001:db8::7"),
        ("::1", "::1", &[("forwarded", "for=\"[2001:db8::7]:4711\";proto=https")], "2001:db8::7"),
        ("::1", "::1", &[("forwarded", "proto=https;For=192.0.2.60;by=203.0.113.43")], "192.0.2.60"),
        ("::1", "::1", &[("forwarded", "for=203.0.113.7, for=\"192.0.2.60:80\"")], "192.0.2.60"),
        ("::1", "::1", &[("forwarded", "for=_hidden, for=unknown")], "::1"),
        // A quote that a client left open.
        ("::1", "::1", &[("forwarded", "for=203.0.113.7;x=\", for=192.0.2.60")], "192.0.2.60"),
        ("::1", "::1", &[("forwarded", "for=203.0.113.7;x=\", for=\"[2001:db8::7]\"")], "2001:db8::7"),
        // A proxy that writes one header passes on the other as its client wrote it.
        ("::1", "::1", &[("forwarded", "for=203.0.113.7"), (xff, "192.0.2.60")], "::1"),
        ("::1", "::1", &[("forwarded", "for=192.0.2.60"), (xff, "192.0.2.60")], "192.0.2.60"),
        // IPv4 as IPv6 writes it, on either side.
        ("127.0.0.0/8", "::ffff:127.0.0.1", &[(xff, "::ffff:198.51.100.1")], "198.51.100.1"),
        ("0.0.0.0/0", "2001:db8::1", &[(xff, "198.51.100.1")], "2001:db8::1"),
        ("2001:db8::/32", "2001:db8:1::1", &[(xff, "198.51.100.1")], "198.51.100.1"),
        ("2001:db8::/32", "2001:db9:1::1", &[(xff, "198.51.100.1")], "2001:db9:1::1"),
        ("::/0", "192.0.2.1", &[(xff, "2001:db8::7")], "2001:db8::7"),
    ];
    for (proxies, peer, headers, expected) in cases {
        assert_eq!(client(proxies, peer, headers), *expected, "{proxies} {peer} {headers:?}");
    }
}

#[test]
fn what_is_no_list_of_addresses_is_refused() {
    for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "proxy.example", "10.0.0.1,", "10.0.0.1/8/8"]
    {
        assert!(text.parse::<Proxies>().is_err(), "{text:?}");
    }
}

#[test]
fn a_sender_is_an_ipv4_address_or_a_64_of_ipv6() {
    let network = |text: &str| Address(text.parse().expect("an address")).network();
    assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
    assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff:ffff:ffff:ffff"));
    assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
}
