//! RFC 8252, OAuth for native apps, in the order of its sections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use grantor::Timestamp;
use grantor::client::{AuthorizationRequest, Pending, Registration};
use grantor::model::{ClientId, Issuer, RedirectUri, RedirectUriError};

use common::*;

/// A server whose client registered this.
fn registered(uri: &str) -> World {
    World::new().with_client(public("app").with(|client| client.redirect_uris = vec![redirect_uri(uri)]))
}

// §7.1 Private-Use URI Scheme Redirection

/// "any private-use URI scheme that doesn't contain a period character (`.`) SHOULD be rejected" (OAuth 2.1 §2.3.1).
#[test]
fn r8_a_private_use_scheme_without_a_dot_is_rejected() {
    for uri in [
        "myapp:/oauth2redirect",
        "myapp://oauth2redirect",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://client.example.com/cb",
        "ws://client.example.com/cb",
        "urn:ietf:wg:oauth:2.0:oob",
        "about:blank",
        "blob:https://client.example.com/x",
        "vbscript:x",
    ] {
        assert_eq!(RedirectUri::parse(uri), Err(RedirectUriError::PrivateUseScheme), "{uri}");
    }
}

/// The applications that people have do not all know that. Whoever registers them says so by name.
#[test]
fn a_private_use_scheme_without_a_dot_is_taken_by_name() {
    for uri in [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://vscode.github-authentication/did-authenticate",
        "oc://ios.owncloud.com",
        "myapp:/oauth2redirect",
        "msal0123://auth",
        "ms-appx-web://microsoft.aad.brokerplugin/1",
        RedirectUri::OUT_OF_BAND,
    ] {
        let registered = RedirectUri::parse_private_use(uri).unwrap();
        let client = public("app").with(|client| client.redirect_uris = vec![registered]);
        // What was registered by name is read back from a record, and from a prompt.
        let client = serde_json::from_str(&serde_json::to_string(&client).unwrap()).unwrap();
        let world = World::new().with_client(client);
        let prompt = world.ask(authorize().set("redirect_uri", uri));
        let prompt = serde_json::from_str(&serde_json::to_string(&prompt).unwrap()).unwrap();
        let reply = world.decide(prompt, Some(approval()));
        assert!(reply.location().starts_with(&format!("{uri}?code=")), "{uri}");
        let form = exchange(&reply.parameter("code").unwrap()).set("redirect_uri", uri);
        assert_eq!(world.token(form).status(), 200, "{uri}");
        // By no other way.
        assert!(serde_json::from_str::<RedirectUri>(&format!("{uri:?}")).is_err(), "{uri}");
    }
}

/// Some schemes are nobody's, whoever asks.
#[test]
fn a_scheme_that_a_browser_runs_or_reads_is_taken_by_no_name() {
    for uri in [
        "javascript:alert(1)",
        "JavaScript://client.example.com/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:https://client.example.com/x",
        "vbscript:x",
        "about:blank",
        "filesystem:https://client.example.com/x",
        "view-source:https://client.example.com/cb",
        "ftp://client.example.com/cb",
        "ws://client.example.com/cb",
        "urn:ietf:wg:oauth:2.0:other",
    ] {
        for parse in [RedirectUri::parse_private_use, RedirectUri::parse_registered_elsewhere] {
            assert_eq!(parse(uri), Err(RedirectUriError::Scheme), "{uri}");
        }
    }
    for uri in
        ["cursor://user@host/cb", "cursor://host/cb#", "cursor://host/c b", "cursor:///{x}", "cursor://*.host/cb"]
    {
        assert!(RedirectUri::parse_private_use(uri).is_err(), "{uri}");
    }
    assert_eq!(RedirectUri::parse_private_use("http://192.168.1.10/cb"), Err(RedirectUriError::InsecureHttp));
}

/// §8.4 is for servers. A client names what is registered for it, wherever that is.
#[test]
fn a_client_names_whatever_is_registered_for_it_elsewhere() {
    for uri in ["http://192.168.1.10:8080/cb", "http://app.test:3000/cb", "myapp:/cb", RedirectUri::OUT_OF_BAND] {
        let named = RedirectUri::parse_registered_elsewhere(uri).unwrap();
        let mut metadata = metadata_of(&World::new());
        metadata.issuer = Issuer::parse_in_private_network("http://keycloak:8080").unwrap();
        let registration = Registration::public(metadata.issuer.clone(), ClientId::parse("app").unwrap());
        let client = registration.at(metadata).unwrap();
        let request = AuthorizationRequest::new(named.clone());
        let (url, pending) = client.begin(request, at_moment(Timestamp(NOW))).unwrap();
        let sent = form_urlencoded::parse(url.split_once('?').unwrap().1.as_bytes());
        assert!(sent.into_iter().any(|(name, value)| name == "redirect_uri" && value == uri), "{url}");
        let kept: Pending = serde_json::from_str(&serde_json::to_string(&pending).unwrap()).unwrap();
        assert_eq!((kept.redirect_uri(), kept.issuer().as_str()), (&named, "http://keycloak:8080"));
    }
}

#[test]
fn a_private_use_scheme_takes_the_response_like_any_other() {
    let uri = "com.example.app:/oauth2redirect/example-provider";
    let reply = registered(uri).approve(authorize().set("redirect_uri", uri));
    assert!(reply.location().starts_with("com.example.app:/oauth2redirect/example-provider?code="));
    for other in [
        "com.example.app:/oauth2redirect/example-provider2",
        "com.example.app://oauth2redirect/example-provider",
        "com.example.app:/oauth2redirect",
        "com.example.app2:/oauth2redirect/example-provider",
        "COM.EXAMPLE.APP:/oauth2redirect/example-provider",
    ] {
        assert!(registered(uri).answer(authorize().set("redirect_uri", other)).is_page(), "{other}");
    }
}

// §7.2 Claimed "https" Scheme URI Redirection

#[test]
fn a_claimed_https_uri_is_one_like_any_other() {
    let uri = "https://app.example.com/oauth2redirect/example-provider";
    let reply = registered(uri).approve(authorize().set("redirect_uri", uri));
    assert!(reply.location().starts_with(&format!("{uri}?code=")));
}

// §7.3 Loopback Interface Redirection

/// "The authorization server MUST allow any port to be specified at the time of the request for loopback IP redirect
/// URIs".
#[test]
fn a_loopback_uri_does_not_get_too_long_by_its_port() {
    let room = "http://127.0.0.1:51004/".len();
    let path = |longer: usize| "x".repeat(RedirectUri::MAX_LEN - room + longer);
    for (longer, matches) in [(0, true), (1, false)] {
        let registered = redirect_uri(&format!("http://127.0.0.1/{}", path(longer)));
        let matched = registered.matches(&format!("http://127.0.0.1:51004/{}", path(longer)));
        assert_eq!(matched.is_some(), matches);
        let written = matched.map(|uri| serde_json::to_string(&uri).unwrap());
        assert!(written.is_none_or(|uri| serde_json::from_str::<RedirectUri>(&uri).is_ok()));
    }
}

/// OAuth 2.1 §2.3.1: "an exact match is required except for the port URI component".
#[test]
fn r2_only_the_port_of_a_loopback_uri_may_vary() {
    let v4 = "http://127.0.0.1/oauth2redirect/example-provider";
    let v6 = "http://[::1]/oauth2redirect/example-provider";
    let query = "http://127.0.0.1:8000/cb?a=b";
    for (uri, requested, is_same) in [
        // The examples of the RFC.
        (v4, "http://127.0.0.1:51004/oauth2redirect/example-provider", true),
        (v6, "http://[::1]:61023/oauth2redirect/example-provider", true),
        (v4, v4, true),
        (v4, "http://127.0.0.1:1/oauth2redirect/example-provider", true),
        (v4, "http://127.0.0.1:65535/oauth2redirect/example-provider", true),
        // Registered with a port, any other will do, and none.
        (query, "http://127.0.0.1:51004/cb?a=b", true),
        (query, "http://127.0.0.1/cb?a=b", true),
        ("http://127.0.0.1", "http://127.0.0.1:51004", true),
        ("http://127.0.0.1?a", "http://127.0.0.1:51004?a", true),
        // Path and query are exact.
        (v4, "http://127.0.0.1:51004/oauth2redirect/example-provider/", false),
        (v4, "http://127.0.0.1:51004/oauth2redirect", false),
        (v4, "http://127.0.0.1:51004/OAuth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:51004/oauth2redirect/./example-provider", false),
        (v4, "http://127.0.0.1:51004/oauth2redirect/example-provider?a=b", false),
        (v4, "http://127.0.0.1:51004/oauth2redirect/example-provider#a", false),
        (query, "http://127.0.0.1:51004/cb", false),
        (query, "http://127.0.0.1:51004/cb?a=c", false),
        ("http://127.0.0.1", "http://127.0.0.1:51004/", false),
        // So are scheme and host.
        (v4, "https://127.0.0.1:51004/oauth2redirect/example-provider", false),
        (v4, "HTTP://127.0.0.1:51004/oauth2redirect/example-provider", false),
        (v4, "http://[::1]:51004/oauth2redirect/example-provider", false),
        (v4, "http://localhost:51004/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.2:51004/oauth2redirect/example-provider", false),
        (v4, "http://127.1:51004/oauth2redirect/example-provider", false),
        (v4, "http://2130706433:51004/oauth2redirect/example-provider", false),
        (v6, "http://[0:0:0:0:0:0:0:1]:51004/oauth2redirect/example-provider", false),
        (v6, "http://[::1%25lo]:51004/oauth2redirect/example-provider", false),
        // What looks like a port is not one.
        (v4, "http://127.0.0.1.evil.example/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1.evil.example:51004/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:80@evil.example/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1@evil.example/oauth2redirect/example-provider", false),
        (v4, "http://evil@127.0.0.1:51004/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:65536/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:000080/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:-1/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:+80/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:8x/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:51004\\@evil.example/oauth2redirect/example-provider", false),
        (v4, "http://127.0.0.1:51004:80/oauth2redirect/example-provider", false),
        ("http://127.0.0.1", "http://127.0.0.1:51004.evil.example", false),
        // RFC 9700 §4.1.3: "the authorization server MUST allow variable port numbers" for `localhost` as well.
        ("http://localhost/cb", "http://localhost:51004/cb", true),
        ("http://localhost:8000/cb", "http://localhost:8000/cb", true),
        ("http://localhost:8000/cb", "http://localhost:8001/cb", true),
        ("http://localhost:8000/cb", "http://localhost/cb", true),
        ("http://localhost/cb", "http://localhost:51004/cb/", false),
        ("http://localhost/cb", "http://localhost.evil.example:51004/cb", false),
        ("http://localhost/cb", "http://%6cocalhost:51004/cb", false),
        ("http://localhost/cb", "http://localhost:51004@evil.example/cb", false),
        ("http://localhost/cb", "https://localhost:51004/cb", false),
        // For no other host may it vary.
        ("http://localhost:8000/cb", "http://127.0.0.1:8000/cb", false),
        ("https://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false),
        ("https://client.example.com/cb", "https://client.example.com:8443/cb", false),
        ("https://client.example.com/cb", "https://client.example.com:443/cb", false),
    ] {
        let world = registered(uri);
        let request = authorize().set("redirect_uri", requested);
        if is_same {
            let joint = if requested.contains('?') { '&' } else { '?' };
            assert!(world.approve(&request).location().starts_with(&format!("{requested}{joint}code=")), "{requested}");
        } else {
            assert!(world.answer(&request).is_page(), "{uri} for {requested}");
        }
    }
}

/// The port of the authorization request is part of what the token request repeats (RFC 6749 §4.1.3).
#[test]
fn the_token_request_repeats_the_port() {
    let world = registered("http://127.0.0.1/cb");
    let code = world.code(authorize().set("redirect_uri", "http://127.0.0.1:51004/cb"));
    for other in ["http://127.0.0.1:51005/cb", "http://127.0.0.1/cb"] {
        assert_eq!(world.token(exchange(&code).set("redirect_uri", other)).error(), "invalid_grant", "{other}");
    }
    let form = exchange(&code).set("redirect_uri", "http://127.0.0.1:51004/cb");
    assert_eq!(world.token(form).status(), 200);
}

// §6: "Public native app clients MUST implement the Proof Key for Code Exchange": tests/rfc7636.rs, `r25_…`.
// §8.4 Registration of Native App Clients

/// "Authorization servers MUST require clients to register their complete redirect URI (including the path component)".
#[test]
fn a_prefix_of_the_path_is_not_enough() {
    for uri in ["http://127.0.0.1/", "http://[::1]/", "com.example.app:/"] {
        let requested = format!("{uri}oauth2redirect");
        assert!(registered(uri).answer(authorize().set("redirect_uri", &requested)).is_page(), "{uri}");
    }
}
