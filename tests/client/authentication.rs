//! How a client says who it is: RFC 6749 §2.3.1, §3.2.1.

use grantor::client::{Authentication, AuthorizationRequest, Registration, discover};
use grantor::model::{Endpoint, Secret};
use grantor::{Answer, BasicCredentials, Fetch, HttpHost, Moment, Step, Timestamp};
use http::{Request, header};
use serde_json::json;

use crate::canned::*;
use crate::common::{CALLBACK, Counter, confidential_client_at, redirect_uri, scope};

const NOW: Timestamp = Timestamp(1_000_000);
const TOKEN: &str = "2YotnFZFEjr1zCsicMWpAA";

fn by(authentication: Authentication) -> Request<Vec<u8>> {
    sent(&client_by(authentication).client_credentials().start(crate::canned::moment_at(NOW)))
}

fn body(request: &Request<Vec<u8>>) -> &str {
    std::str::from_utf8(request.body()).unwrap()
}

#[test]
fn each_method_has_its_place() {
    let basic = by(Authentication::Basic(Secret::new(CLIENT_SECRET)));
    // The example of RFC 6749 §2.3.1.
    assert_eq!(basic.headers()[header::AUTHORIZATION], "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
    assert!(basic.headers()[header::AUTHORIZATION].is_sensitive());
    assert_eq!(body(&basic), "grant_type=client_credentials");

    let post = by(Authentication::Post(Secret::new(CLIENT_SECRET)));
    assert!(!post.headers().contains_key(header::AUTHORIZATION));
    assert_eq!(body(&post), "grant_type=client_credentials&client_id=s6BhdRkqt3&client_secret=gX1fBat3bV");

    let none = by(Authentication::None);
    assert!(!none.headers().contains_key(header::AUTHORIZATION));
    assert_eq!(body(&none), "grant_type=client_credentials&client_id=s6BhdRkqt3");
}

/// "using the "application/x-www-form-urlencoded" encoding algorithm per Appendix B": written so that the server's
/// reader has back what was put in.
#[test]
fn odd_characters_survive_basic() {
    #[rustfmt::skip]
    let cases = [
        ("a", "b"), ("a:b", "c:d"), (":", ":"), ("a b", "c d"), ("a+b", "c+d"), ("%41", "%42"), ("a&b=c", "d&e=f"), ("~", "!"),
        ("\"\\", "'`"), (" ", " "), ("a%", "b%2"), ("*-._", "*-._"), ("https://client.example/?a=b#c", "x"), ("a", "pä€😀"),
    ];
    for (client_id, client_secret) in cases {
        let client = confidential_client_at(metadata(), client_id, client_secret);
        let request = sent(&client.client_credentials().start(crate::canned::moment_at(NOW)));
        let value = request.headers()[header::AUTHORIZATION].to_str().unwrap();
        let read = BasicCredentials::parse(value.strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(read.client_id.as_str(), client_id);
        assert_eq!(read.client_secret.unwrap().expose(), client_secret, "{client_id}");
    }
}

/// RFC 8414 §2 of `token_endpoint_auth_methods_supported`: "If omitted, the default is "client_secret_basic"".
/// RFC 6749 §2.3.1: "SHOULD be limited to clients unable to directly utilize the HTTP Basic".
#[test]
fn the_secret_goes_where_the_server_takes_it() {
    #[rustfmt::skip]
    let cases: [(Option<&[&str]>, bool); 6] = [
        (None, true), (Some(&[]), true), (Some(&["client_secret_basic"]), true), (Some(&["none", "client_secret_post"]), false),
        (Some(&["client_secret_post", "client_secret_basic"]), true), (Some(&["private_key_jwt"]), true),
    ];
    for (methods, is_basic) in cases {
        let mut server = metadata();
        server.token_endpoint_auth_methods_supported =
            methods.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let client = confidential_at(server.clone());
        let request = sent(&client.client_credentials().start(crate::canned::moment_at(NOW)));
        assert_eq!(request.headers().contains_key(header::AUTHORIZATION), is_basic, "{methods:?}");
        assert_eq!(body(&request).contains("client_secret="), !is_basic, "{methods:?}");
    }
}

/// Each endpoint has its own list: `revocation_endpoint_auth_methods_supported`,
/// `introspection_endpoint_auth_methods_supported`. The device authorization endpoint is as the token endpoint:
/// RFC 8628 §3.1.
/// RFC 8414 §2: "MUST be determined by other means".
#[test]
fn the_secret_goes_where_the_endpoint_takes_it() {
    let (basic, post) =
        (|| Some(vec!["client_secret_basic".to_owned()]), || Some(vec!["client_secret_post".to_owned()]));
    let token = Secret::new(TOKEN);
    for (at_token, at_revocation, at_introspection, in_header) in [
        (None, None, None, [true, true, true]),
        (None, post(), post(), [true, false, false]),
        (basic(), post(), None, [true, false, true]),
        (post(), basic(), basic(), [false, true, true]),
        // What a server does not say of one endpoint holds as for the other.
        (post(), None, None, [false, false, false]),
    ] {
        let mut server = metadata();
        server.token_endpoint_auth_methods_supported = at_token;
        server.revocation_endpoint_auth_methods_supported = at_revocation;
        server.introspection_endpoint_auth_methods_supported = at_introspection;
        let client = confidential_at(server.clone());
        let is_in_header = |request: Request<Vec<u8>>| {
            let is_basic = request.headers().contains_key(header::AUTHORIZATION);
            assert_eq!(body(&request).contains("client_secret="), !is_basic);
            is_basic
        };
        let at_token = is_in_header(sent(&client.client_credentials().start(crate::canned::moment_at(NOW))));
        assert_eq!(is_in_header(sent(&client.authorize_device().start(crate::canned::moment_at(NOW)))), at_token);
        let at_revocation =
            is_in_header(sent(&client.revoke(&token, None, crate::canned::moment_at(grantor::Timestamp(0)))));
        assert_eq!(
            [
                at_token,
                at_revocation,
                is_in_header(sent(&client.introspect(&token, None, crate::canned::moment_at(grantor::Timestamp(0)))))
            ],
            in_header
        );
        // Who is told how does so everywhere.
        let post = Registration::public(server.issuer.clone(), client_id());
        let post = post.authenticated_by(Authentication::Post(Secret::new(CLIENT_SECRET))).at(server).unwrap();
        assert!(
            !is_in_header(sent(&post.revoke(&token, None, crate::canned::moment_at(grantor::Timestamp(0)))))
                && !is_in_header(sent(&post.introspect(&token, None, crate::canned::moment_at(grantor::Timestamp(0)))))
        );
    }
}

/// RFC 6749 §2.3.1: "The parameters [...] MUST NOT be included in the request URI"; RFC 9700 §4.3.2 has the same of
/// tokens. Every request of every machine goes to its endpoint as the metadata has it, and the authorization URL has
/// nothing secret.
/// RFC 9700 §4.3.2: "MUST NOT pass access tokens in a URI query parameter".
#[test]
fn r63_neither_a_token_nor_a_secret_is_ever_in_a_url() {
    let token = Secret::new(TOKEN);
    for client in [public_client(), confidential_client(), client_by(Authentication::Post(Secret::new(CLIENT_SECRET)))]
    {
        let moment = Moment::new(NOW, &mut Counter(0));
        let (url, pending) = client.begin(AuthorizationRequest::new(redirect_uri(CALLBACK)), moment).unwrap();
        let verifier = serde_json::to_value(&pending).unwrap()["code_verifier"].as_str().unwrap().to_owned();
        let query = format!("code={TOKEN}&iss=https://server.example&state={}", pending.state());
        assert!(!url.contains(CLIENT_SECRET) && !url.contains(&verifier));

        let device =
            json!({"device_code": TOKEN, "user_code": "W", "verification_uri": "https://a.example", "expires_in": 60});
        let device = answered(
            client.authorize_device().start(crate::canned::moment_at(NOW)),
            &crate::canned::json(200, device.to_string()),
        )
        .unwrap();
        let requests = [
            ("token", sent(&client.callback(pending, &query).unwrap().start(crate::canned::moment_at(NOW)))),
            ("token", sent(&client.client_credentials().start(crate::canned::moment_at(NOW)))),
            ("token", sent(&client.password("johndoe", &token).start(crate::canned::moment_at(NOW)))),
            ("token", sent(&client.refresh(&token).start(crate::canned::moment_at(NOW)))),
            ("device", sent(&client.authorize_device().scope(scope("read")).start(crate::canned::moment_at(NOW)))),
            ("token", sent(&client.poll(&device, crate::canned::moment_at(Timestamp(NOW.0 + 5))))),
            ("revoke", sent(&client.revoke(&token, None, crate::canned::moment_at(grantor::Timestamp(0))))),
            ("introspect", sent(&client.introspect(&token, None, crate::canned::moment_at(grantor::Timestamp(0))))),
        ];
        for (endpoint, request) in requests {
            assert_eq!(request.uri().to_string(), format!("https://server.example/{endpoint}"));
            assert_eq!(request.method(), "POST");
        }
    }
}

/// r66 is the host's. What the machines do for it: no request goes out in the clear but to a loopback host, a redirect
/// is an error and not another request.
#[test]
fn r66_nothing_is_sent_in_the_clear_and_no_redirect_is_followed() {
    for url in ["http://server.example/token", "ftp://server.example/token", "//server.example/token", "/token"] {
        assert!(Endpoint::parse(url).is_err(), "{url}");
    }
    let requests = std::cell::Cell::new(0);
    let http = HttpHost(|_: &Fetch| -> Answer<Fetch> {
        requests.set(requests.get() + 1);
        with_header(response(307, "text/plain", ""), "location", "https://server.example/elsewhere")
    });
    assert!(
        confidential_client().refresh(&Secret::new(TOKEN)).start(crate::canned::moment_at(NOW)).run(&http).is_err()
    );
    assert!(
        confidential_client()
            .revoke(&Secret::new(TOKEN), None, crate::canned::moment_at(grantor::Timestamp(0)))
            .run(&http)
            .is_err()
    );
    assert_eq!(requests.get(), 2);
    // Discovery has further places, each of them on the issuer's own host.
    let mut step = discover(&"https://server.example/a".parse().unwrap());
    while let Step::Fetch(pause) = step {
        use grantor::Pause as _;
        assert_eq!(pause.effect().request().uri().host(), Some("server.example"));
        assert_eq!(pause.effect().request().uri().scheme_str(), Some("https"));
        step = pause.resume(with_header(response(302, "text/plain", ""), "location", "https://evil.example/"));
    }
}

/// A secret that no header can hold does not exist: whatever it is, it is encoded.
#[test]
fn a_secret_of_any_text_can_be_sent() {
    for secret in ["\n", "\0", "\u{FFFD}", "é"] {
        let client = confidential_client_at(metadata(), "s6BhdRkqt3", secret);
        assert!(
            matches!(client.client_credentials().start(crate::canned::moment_at(NOW)), Step::Fetch(_)),
            "{secret:?}"
        );
    }
}
