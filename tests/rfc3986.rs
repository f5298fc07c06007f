//! RFC 3986, as far as grantor reads URIs: what is none, and which are equivalent.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test tells its findings by panicking")]

use grantor::model::{Endpoint, Issuer, RedirectUri, RedirectUriError, Resource};

/// Whether each type takes a text: issuer, endpoint, redirect URI, resource.
fn taken(text: &str) -> [bool; 4] {
    [
        Issuer::parse(text).is_ok() || Issuer::parse_in_private_network(text).is_ok(),
        Endpoint::parse(text).is_ok() || Endpoint::parse_in_private_network(text).is_ok(),
        RedirectUri::parse(text).is_ok()
            || RedirectUri::parse_private_use(text).is_ok()
            || RedirectUri::parse_registered_elsewhere(text).is_ok(),
        Resource::parse(text).is_ok(),
    ]
}

/// Appendix A, "Collected ABNF for URI".
#[test]
fn what_is_no_uri_is_taken_for_none() {
    for c in ['"', '<', '>', '{', '}', '|', '^', '`', '\\', ' ', '\t', '\n', '\0', '\u{7f}', 'é', '[', ']'] {
        for text in [format!("https://client.example/a{c}b"), format!("https://client.example/{c}")] {
            assert_eq!(taken(&text), [false; 4], "{text:?}");
        }
        assert_eq!(taken(&format!("https://client{c}.example/")), [false; 4], "{c:?}");
        assert!(RedirectUri::parse_private_use(&format!("com.example.app:/{c}")).is_err(), "{c:?}");
        assert!(RedirectUri::parse(&format!("https://client.example/?a={c}")).is_err(), "{c:?}");
    }
    for escape in ["%", "%2", "%zz", "%2g", "%%20", "%u0041", "%+1"] {
        assert_eq!(taken(&format!("https://client.example/{escape}")), [false; 4], "{escape}");
        assert!(Resource::parse(&format!("urn:example:{escape}")).is_err(), "{escape}");
    }
    for text in
        ["", "https", "https:", "https://", "https:///", "https:client.example", "https:/client.example", "//a/b"]
    {
        assert_eq!(taken(text), [false; 4], "{text}");
    }
    for port in [":x", ":65536", ":-1", ":+1", ":80:80", ":1%30"] {
        assert_eq!(taken(&format!("https://client.example{port}/")), [false; 4], "{port}");
    }
}

/// §3.2.1: user information names nobody here, be it empty.
#[test]
fn r87_user_information_is_refused() {
    for user in ["user", "user:password", "", ":", ":password", "%40", "a%3ab"] {
        for text in [format!("https://{user}@client.example/cb"), format!("http://{user}@127.0.0.1/cb")] {
            assert_eq!(taken(&text), [false; 4], "{text}");
        }
        let private = format!("com.example.app://{user}@client.example/cb");
        assert_eq!(RedirectUri::parse(&private), Err(RedirectUriError::UserInfo), "{private}");
    }
    assert_eq!(taken("https://client.example/@a"), [true; 4]);
}

/// A browser's parser takes all of these for this very host or for one more; other parsers do not.
#[test]
fn r87_a_host_is_taken_as_it_is_written_or_not_at_all() {
    for host in [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7F.0.0.1",
        "127.0.0.1.",
        "017700000001",
        "%6cocalhost",
        "localhos%74",
        "%31%32%37.0.0.1",
        "127%2e0.0.1",
        "1",
        "8.8",
        "client%2eexample",
    ] {
        for text in [format!("http://{host}/x"), format!("https://{host}/x"), format!("HTTP://{host}:8080/x")] {
            assert_eq!(taken(&text), [false; 4], "{text}");
        }
    }
    // No other spelling of an address is this host's name, for which plain http is taken.
    for host in
        ["[0:0:0:0:0:0:0:1]", "[::0001]", "[::ffff:127.0.0.1]", "localhost.", "127.0.0.2", "0.0.0.0", "a.localhost"]
    {
        let text = format!("http://{host}/x");
        assert!(Issuer::parse(&text).is_err() && Endpoint::parse(&text).is_err(), "{text}");
        assert_eq!(RedirectUri::parse(&text), Err(RedirectUriError::InsecureHttp), "{text}");
    }
    for text in ["http://LOCALHOST:8080/x", "HTTP://[::1]/x", "https://[2001:DB8:0:0::1]/x", "HTTPS://AS.Example/x"] {
        assert_eq!(taken(text), [true; 4], "{text}");
        assert!(Issuer::parse(text).is_ok() && RedirectUri::parse(text).is_ok(), "{text}");
    }
}

/// §3.1: "schemes are case-insensitive".
#[test]
fn a_scheme_is_what_it_is_in_any_case() {
    for text in ["HTTP://client.example/", "Http://client.example/", "http://client.example/"] {
        assert!(Issuer::parse(text).is_err() && Endpoint::parse(text).is_err(), "{text}");
        assert_eq!(RedirectUri::parse(text), Err(RedirectUriError::InsecureHttp), "{text}");
    }
    assert!(Issuer::parse("HTTPS://server.example").unwrap().is_https());
    assert!(!Issuer::parse("HTTP://localhost").unwrap().is_https());
    assert_eq!(RedirectUri::parse_private_use("JAVASCRIPT:alert(1)"), Err(RedirectUriError::Scheme));
}

/// There are no wildcards, so none is registered that would never match.
#[test]
fn a_host_is_no_pattern() {
    for text in [
        "https://*.example.com/cb",
        "https://*/cb",
        "https://a*.example.com/cb",
        "http://*.localhost/cb",
        "https://client.example:*/cb",
        "http://localhost:*",
        "com.example.app://*/cb",
        "https://*.example.com?a",
    ] {
        for parse in [RedirectUri::parse, RedirectUri::parse_private_use, RedirectUri::parse_registered_elsewhere] {
            assert_eq!(parse(text), Err(RedirectUriError::Wildcard), "{text}");
        }
    }
    assert!(RedirectUri::parse("https://%2A.example.com/cb").is_err());
    assert!(RedirectUri::parse("https://client.example/*?a=*").is_ok());
}

/// §6.2.2, §6.2.3.
#[test]
fn r87_resources_are_equal_if_they_are_equivalent() {
    let resource = |text: &str| Resource::parse(text).unwrap();
    for (a, b) in [
        ("https://mcp.example.com", "https://mcp.example.com/"),
        ("https://mcp.example.com", "HTTPS://MCP.example.com"),
        ("https://mcp.example.com", "https://mcp.example.com:443"),
        ("https://mcp.example.com", "https://mcp.example.com:/"),
        ("http://localhost:80/a", "http://LocalHost/a"),
        ("https://mcp.example.com?a", "https://mcp.example.com/?a"),
        ("https://mcp.example.com/%7euser", "https://mcp.example.com/~user"),
        ("https://mcp.example.com/a%2fb", "https://mcp.example.com/a%2Fb"),
        ("https://mcp.example.com/a/./b/../c", "https://mcp.example.com/a/c"),
        ("API://Example", "api://example"),
        ("URN:example:a", "urn:example:a"),
    ] {
        assert_eq!(resource(a), resource(b));
        assert_eq!(resource(b).as_str(), b, "it stays as it was written");
    }
    for (a, b) in [
        ("https://mcp.example.com/mcp", "https://mcp.example.com/mcp/"),
        ("https://mcp.example.com/mcp", "https://mcp.example.com/MCP"),
        ("https://mcp.example.com", "http://mcp.example.com"),
        ("https://mcp.example.com", "https://mcp.example.com:8443"),
        ("https://mcp.example.com:80", "https://mcp.example.com"),
        ("https://mcp.example.com", "https://mcp.example.com?"),
        ("https://mcp.example.com", "https://mcp.example.com."),
        ("https://mcp.example.com/a%2Fb", "https://mcp.example.com/a/b"),
        ("https://mcp.example.com/%2541", "https://mcp.example.com/%41"),
        ("urn:example:a", "urn:example:A"),
        ("api://example/A", "api://example/a"),
    ] {
        assert_ne!(resource(a), resource(b));
    }
}
