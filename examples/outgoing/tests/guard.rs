//! RFC 9728 §7.7, "Server-Side Request Forgery (SSRF)": what is asked, and what is connected to.
#![allow(clippy::expect_used, missing_docs, reason = "a test tells its findings by panicking")]

use std::net::IpAddr;

use grantor::Fetch;
use http::{Request, Uri};
use outgoing::{Guard, Refused};

const PUBLIC: &str = "93.184.215.14";

fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().expect("an address")).collect()
}

#[test]
fn only_https_is_asked() {
    for url in ["https://as.example/", "https://as.example:8443/a?b", "https://93.184.215.14/"] {
        assert_eq!(Guard::new().check_url(&uri(url)), Ok(()), "{url}");
    }
    for url in ["http://as.example/", "http://localhost/", "http://127.0.0.1/", "ftp://as.example/", "gopher://x/"] {
        assert_eq!(Guard::new().check_url(&uri(url)), Err(Refused::Scheme), "{url}");
    }
    assert_eq!(Guard::new().check_url(&uri("/path")), Err(Refused::Host));
}

#[test]
fn an_address_in_place_of_a_name_is_judged_however_it_is_spelled() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fc00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ] {
        let url = uri(&format!("https://{host}/"));
        assert_eq!(Guard::new().check_url(&url), Err(Refused::Address), "{host}");
        assert_eq!(Guard::new().allow_private_network().check_url(&url), Ok(()), "{host}");
    }
}

#[test]
fn one_address_that_is_not_public_spoils_all() {
    let guard = Guard::new();
    assert_eq!(guard.check_addresses("as.example", addresses(&[PUBLIC, "2606:4700::1111"])), Ok(()));
    assert_eq!(guard.check_addresses("as.example", []), Err(Refused::NoAddress));
    for inward in [
        "127.0.0.1",
        "10.0.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.100.100.200",
        "224.0.0.251",
        "::1",
        "::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:192.168.0.1",
    ] {
        for names in [&[inward][..], &[PUBLIC, inward], &[inward, PUBLIC]] {
            assert_eq!(guard.check_addresses("as.example", addresses(names)), Err(Refused::Address), "{names:?}");
        }
        // localhost is no exception until it is allowed by name.
        assert_eq!(guard.check_addresses("localhost", addresses(&[inward])), Err(Refused::Address), "{inward}");
    }
}

#[test]
fn the_loopback_interface_is_for_hosts_that_name_it_and_for_whoever_allows_it() {
    let guard = Guard::new().allow_loopback();
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]", "[::ffff:127.0.0.1]"] {
        for scheme in ["http", "https"] {
            assert_eq!(guard.check_url(&uri(&format!("{scheme}://{host}:8080/"))), Ok(()), "{scheme}://{host}");
        }
        assert_eq!(guard.check_addresses(host, addresses(&["127.0.0.1", "::1"])), Ok(()), "{host}");
        // What calls itself loopback is nothing else.
        for elsewhere in [PUBLIC, "10.0.0.1", "169.254.169.254", "0.0.0.0"] {
            assert_eq!(guard.check_addresses(host, addresses(&[elsewhere])), Err(Refused::Address), "{host}");
        }
    }
    for host in ["as.example", "localhost.example", "127.0.0.1.example", "notlocalhost"] {
        assert_eq!(guard.check_url(&uri(&format!("http://{host}/"))), Err(Refused::Scheme), "{host}");
        assert_eq!(guard.check_addresses(host, addresses(&["127.0.0.1"])), Err(Refused::Address), "{host}");
        assert_eq!(guard.check_addresses(host, addresses(&[PUBLIC])), Ok(()), "{host}");
    }
    assert_eq!(guard.check_url(&uri("http://10.0.0.1/")), Err(Refused::Scheme));
    assert_eq!(guard.check_url(&uri("https://10.0.0.1/")), Err(Refused::Address));
}

#[test]
fn a_private_network_is_for_whoever_allows_it_and_never_by_plain_http() {
    let guard = Guard::new().allow_private_network();
    assert_eq!(guard.check_addresses("as.internal", addresses(&["10.0.0.1", PUBLIC])), Ok(()));
    assert_eq!(guard.check_url(&uri("https://as.internal/")), Ok(()));
    assert_eq!(guard.check_url(&uri("http://as.internal/")), Err(Refused::Scheme));
}

#[test]
fn a_request_that_is_for_public_addresses_alone_stays_so() {
    let mut rule = Fetch::new(Request::new(Vec::new())).rule();
    let relaxed = Guard::new().allow_loopback().allow_private_network();
    assert_eq!(relaxed.under(rule), relaxed);
    rule.public_addresses_only = true;
    assert_eq!(relaxed.under(rule), Guard::new());
}
