//! RFC 8414: authorization server metadata.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test tells its findings by panicking"
)]

use grantor::Server;
use grantor::model::{CodeChallengeMethod, Endpoint, GrantType, Issuer, ResponseType};
use grantor::server::Config;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};

fn config(issuer: &str) -> Config {
    Config::new(Issuer::parse(issuer).unwrap())
}

fn metadata(config: Config) -> Value {
    let server = Server::new(config).unwrap();
    let response = server.metadata(&Request::get(server.config().metadata_path()).body(()).unwrap());
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    serde_json::from_slice(response.body()).unwrap()
}

// §2 Authorization Server Metadata

#[test]
fn the_document_says_what_the_configuration_says() {
    assert_eq!(
        metadata(config("https://server.example")),
        json!({
            "issuer": "https://server.example",
            "authorization_endpoint": "https://server.example/authorize",
            "token_endpoint": "https://server.example/token",
            "introspection_endpoint": "https://server.example/introspect",
            "revocation_endpoint": "https://server.example/revoke",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    );
}

#[test]
fn what_is_switched_on_is_advertised() {
    let mut config = config("https://server.example");
    config.authorization.response_types.push(ResponseType::Token);
    config.token.grant_types.extend([GrantType::Password, GrantType::parse("urn:example:assertion").unwrap()]);
    config.authorization.code_challenge_methods.push(CodeChallengeMethod::Plain);
    let response_types = config.authorization.response_types.iter().map(ToString::to_string).collect::<Vec<_>>();
    let document = metadata(config);
    assert_eq!(document["response_types_supported"], json!(["code", "token"]));
    assert_eq!(response_types, ["code", "token"]);
    assert_eq!(document["response_modes_supported"], json!(["query", "fragment", "form_post"]));
    assert_eq!(
        document["grant_types_supported"],
        json!([
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "password",
            "urn:example:assertion",
            "implicit"
        ])
    );
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256", "plain"]));
}

#[test]
fn what_does_not_exist_is_not_advertised() {
    let mut config = config("https://server.example");
    (config.introspection, config.revocation) = (None, None);
    config.authorization.response_types.clear();
    config.token.endpoint = Endpoint::parse("https://tokens.example/here").unwrap();
    let document = metadata(config);
    let endpoints: Vec<_> = document.as_object().unwrap().keys().filter(|name| name.contains("_endpoint")).collect();
    assert_eq!(endpoints, ["token_endpoint", "token_endpoint_auth_methods_supported"]);
    assert_eq!(document["token_endpoint"], "https://tokens.example/here");
}

/// §3.2: "Claims with zero elements MUST be omitted from the response." The two that stay are required (§2), or mean
/// something else when they are omitted.
#[test]
fn a_list_without_elements_is_omitted() {
    let mut config = config("https://server.example");
    config.authorization.response_types.clear();
    config.token.grant_types.clear();
    config.authorization.code_challenge_methods.clear();
    let document = metadata(config);
    let empty = document.as_object().unwrap().iter().filter(|(_, value)| **value == json!([]));
    let empty: Vec<_> = empty.map(|(name, _)| name).collect();
    assert_eq!(empty, ["grant_types_supported", "response_types_supported"]);
}

/// RFC 9700 §2.1.1: "MUST provide a way to detect their support for PKCE".
#[test]
fn r30_pkce_support_is_detectable() {
    assert_eq!(metadata(config("https://server.example"))["code_challenge_methods_supported"], json!(["S256"]));
}

// §3 Obtaining Authorization Server Metadata

#[test]
fn the_document_is_fetched_with_get() {
    let server = Server::new(config("https://server.example")).unwrap();
    let response = server.metadata(&Request::post("/").body(()).unwrap());
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[header::ALLOW], "GET, HEAD");
}

// §3.1 Authorization Server Metadata Request

#[test]
fn an_issuer_with_a_path_has_its_document_between_host_and_path() {
    let cases = [
        ("https://example.com", "/.well-known/oauth-authorization-server"),
        ("https://example.com/", "/.well-known/oauth-authorization-server"),
        ("https://example.com/issuer1", "/.well-known/oauth-authorization-server/issuer1"),
        ("https://example.com/issuer1/", "/.well-known/oauth-authorization-server/issuer1"),
        ("https://example.com:8443/a/b", "/.well-known/oauth-authorization-server/a/b"),
        ("https://a.b/c", "/.well-known/oauth-authorization-server/c"),
        ("http://[::1]:8080/a", "/.well-known/oauth-authorization-server/a"),
    ];
    for (issuer, path) in cases {
        assert_eq!(config(issuer).metadata_path(), path, "{issuer}");
    }
}

#[test]
fn the_endpoints_lie_below_the_issuers_path() {
    for issuer in ["https://example.com/issuer1", "https://example.com/issuer1/"] {
        assert_eq!(metadata(config(issuer))["token_endpoint"], "https://example.com/issuer1/token");
    }
}

// §3.3 Authorization Server Metadata Validation

#[test]
fn the_issuer_is_the_configured_one_to_the_byte() {
    for issuer in ["https://example.com", "https://example.com/", "https://EXAMPLE.com/a"] {
        assert_eq!(metadata(config(issuer))["issuer"], issuer);
    }
}

// The client. §3 Obtaining Authorization Server Metadata

mod client {
    use std::cell::RefCell;

    use grantor::client::{DiscoverError, Fault, RequestError, discover};
    use grantor::model::Metadata;
    use grantor::{Answer, Fetch, HttpHost, Unavailable};
    use http::Response;

    use super::*;

    fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer<Fetch> {
        Ok(Response::builder().status(status).header("content-type", "application/json").body(body.into()).unwrap())
    }

    fn document(issuer: &str) -> String {
        json!({"issuer": issuer, "token_endpoint": "https://server.example/token"}).to_string()
    }

    /// What becomes of discovery, and where it asked, given what each place answers.
    fn ask(issuer: &str, at: impl Fn(&str) -> Answer<Fetch>) -> (Result<Metadata, DiscoverError>, Vec<String>) {
        let asked = RefCell::new(Vec::new());
        let http = HttpHost(|fetch: &Fetch| -> Answer<Fetch> {
            let request = fetch.request();
            assert_eq!((request.method().as_str(), request.body().len()), ("GET", 0));
            assert_eq!(request.headers()[header::ACCEPT], "application/json");
            asked.borrow_mut().push(request.uri().to_string());
            at(request.uri().path())
        });
        let reply = discover(&Issuer::parse(issuer).unwrap()).run(&http);
        (reply, asked.into_inner())
    }

    #[test]
    fn a_server_elsewhere_has_no_endpoint_on_this_host_or_without_tls() {
        let plain =
            |issuer: &str| json!({"issuer": issuer, "token_endpoint": "http://127.0.0.1:2375/token"}).to_string();
        let (reply, _) = ask("https://server.example", |_| answer(200, plain("https://server.example")));
        let fault = Fault::Unreadable("token_endpoint");
        let refused = matches!(&reply, Err(DiscoverError::Request(RequestError::Unusable { fault: found, .. })) if *found == fault);
        assert!(refused, "{reply:?}");
        let (reply, _) = ask("http://localhost:8080", |_| answer(200, plain("http://localhost:8080")));
        assert!(reply.is_ok(), "a server in development: {reply:?}");

        // What the parser finds decides, not how it is written: RFC 3986 §3.1, "schemes are case-insensitive".
        let at = |issuer: &str, endpoint: &str| {
            let document = json!({ "issuer": issuer, "token_endpoint": endpoint }).to_string();
            ask(issuer, |_| answer(200, document.clone())).0.is_ok()
        };
        for endpoint in ["HTTP://127.0.0.1:2375/token", "Http://LocalHost:2375/token", "http://keycloak:8080/token"] {
            assert!(!at("https://server.example", endpoint), "{endpoint}");
        }
        assert!(at("https://server.example", "HTTPS://server.example/token"));
        assert!(at("HTTP://localhost:8080", "http://127.0.0.1:8080/token"));
        assert!(!at("http://localhost:8080", "http://keycloak:8080/token"), "not within a network that was named");
    }

    /// Within a private network that the application names, plain http is taken for any host, and for none elsewhere.
    #[test]
    fn a_server_in_a_private_network_is_named_so() {
        let issuer = "http://keycloak:8080/realms/a";
        assert!(Issuer::parse(issuer).is_err() && Endpoint::parse("http://keycloak:8080/token").is_err());
        let issuer = Issuer::parse_in_private_network(issuer).unwrap();
        let found = |endpoint: &str| {
            let document = json!({ "issuer": issuer, "token_endpoint": endpoint }).to_string();
            discover(&issuer).run(&HttpHost(|_: &Fetch| answer(200, document.clone())))
        };
        let metadata = found("http://keycloak:8080/realms/a/token").unwrap();
        let token_endpoint = Endpoint::parse_in_private_network("http://keycloak:8080/realms/a/token").unwrap();
        assert_eq!(metadata.token_endpoint, Some(token_endpoint));
        assert!(found("https://keycloak.example/token").is_ok());
        for elsewhere in ["http://127.0.0.1:2375/token", "http://user@keycloak:8080/token", "ftp://keycloak/token"] {
            assert!(found(elsewhere).is_err(), "{elsewhere}");
        }
    }

    // §3.1 Authorization Server Metadata Request, §5 Compatibility Notes

    /// "any terminating "/" MUST be removed before inserting "/.well-known/" and the well-known URI suffix between the
    /// host component and the path component"; then the places that OpenID Connect servers have.
    #[test]
    fn the_places_are_asked_in_their_order() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str]); 5] = [
            ("https://example.com", &[
                "https://example.com/.well-known/oauth-authorization-server",
                "https://example.com/.well-known/openid-configuration",
            ]),
            ("https://example.com/", &[
                "https://example.com/.well-known/oauth-authorization-server",
                "https://example.com/.well-known/openid-configuration",
            ]),
            ("https://example.com/issuer1", &[
                "https://example.com/.well-known/oauth-authorization-server/issuer1",
                "https://example.com/.well-known/openid-configuration/issuer1",
                "https://example.com/issuer1/.well-known/openid-configuration",
            ]),
            ("https://example.com:8443/a/b/", &[
                "https://example.com:8443/.well-known/oauth-authorization-server/a/b",
                "https://example.com:8443/.well-known/openid-configuration/a/b",
                "https://example.com:8443/a/b/.well-known/openid-configuration",
            ]),
            ("http://[::1]:8080", &[
                "http://[::1]:8080/.well-known/oauth-authorization-server",
                "http://[::1]:8080/.well-known/openid-configuration",
            ]),
        ];
        for (issuer, places) in cases {
            // Whatever is wrong with one place, the next is asked: an application that answers every path with its
            // page, say.
            for wrong in [answer(404, ""), answer(200, "<html>"), answer(200, "{}"), answer(302, ""), answer(500, "")] {
                let (reply, asked) = ask(issuer, |_| wrong.clone());
                assert!(reply.is_err());
                assert_eq!(asked, places);
            }
            for (index, place) in places.iter().enumerate() {
                let found = |path: &str| {
                    if place.ends_with(path) { answer(200, document(issuer)) } else { answer(404, "") }
                };
                let (reply, asked) = ask(issuer, found);
                assert_eq!(reply.unwrap().issuer.as_str(), issuer);
                assert_eq!(asked, places[..=index]);
            }
        }
    }

    #[test]
    fn the_first_place_words_the_error() {
        let (reply, _) = ask("https://example.com", |path| match path {
            "/.well-known/oauth-authorization-server" => answer(200, "{\"issuer\":"),
            _ => answer(404, ""),
        });
        let Err(DiscoverError::Request(RequestError::Unusable { fault, status, .. })) = reply else {
            panic!("{reply:?}")
        };
        assert_eq!((fault, status), (Fault::Truncated, StatusCode::OK));
    }

    #[test]
    fn a_host_that_is_not_there_is_asked_once() {
        let (reply, asked) = ask("https://example.com/a", |_| Err(Unavailable::new("no route")));
        assert!(matches!(reply, Err(DiscoverError::Request(RequestError::Unavailable(_)))));
        assert_eq!(asked.len(), 1);
    }

    // §3.2 Authorization Server Metadata Response

    /// "A successful response MUST use the 200 OK HTTP status code and return a JSON object [...] Other claims MAY also
    /// be returned."
    #[test]
    fn the_document_is_read_and_what_is_unknown_is_ignored() {
        let body = json!({
            "issuer": "https://server.example",
            "token_endpoint": "https://server.example/token?tenant=1",
            "jwks_uri": "https://server.example/jwks",
            "ui_locales_supported": ["de"],
            "x": {"y": [null]},
        });
        let (reply, _) = ask("https://server.example", |_| answer(200, body.to_string()));
        let metadata = reply.unwrap();
        assert_eq!(metadata.token_endpoint.unwrap().as_str(), "https://server.example/token?tenant=1");
        assert!(metadata.authorization_endpoint.is_none() && !metadata.authorization_response_iss_parameter_supported);
    }

    /// §2: `scopes_supported` is "RECOMMENDED", and a host that knows its scopes may add them to what the configuration
    /// says.
    #[test]
    fn the_scopes_of_a_server_are_written_and_read() {
        let issuer = "https://server.example";
        let mut metadata = config(issuer).metadata();
        assert_eq!(metadata.scopes_supported, None);
        metadata.scopes_supported = Some(vec!["photos.read".to_owned(), "photos.write".to_owned()]);
        let written = serde_json::to_value(&metadata).unwrap();
        assert_eq!(written["scopes_supported"], json!(["photos.read", "photos.write"]));
        let (reply, _) = ask(issuer, |_| answer(200, written.to_string()));
        assert_eq!(reply.unwrap(), metadata);
    }

    /// What grantor's server says of itself is what grantor's client reads, member by member.
    #[test]
    fn what_a_server_writes_the_client_reads() {
        for issuer in ["https://server.example", "https://server.example/", "https://server.example/a/b"] {
            let server = Server::new(config(issuer)).unwrap();
            let written = metadata(config(issuer));
            let (reply, asked) = ask(issuer, |path| {
                assert_eq!(path, server.config().metadata_path());
                Ok(server.metadata(&Request::get(path).body(()).unwrap()))
            });
            assert_eq!(serde_json::to_value(reply.unwrap()).unwrap(), written);
            assert_eq!(asked.len(), 1);
        }
    }

    // §3.3 Authorization Server Metadata Validation

    /// "If these values are not identical, the data contained in the response MUST NOT be used." Another place may have
    /// the issuer's own; where none has, the error is that somebody else answered.
    /// RFC 8414 §3.3: "MUST be identical to the authorization server's issuer identifier value".
    #[test]
    fn metadata_of_another_issuer_is_not_used() {
        for (issuer, other) in [
            ("https://server.example", "https://evil.example"),
            ("https://server.example", "https://server.example/"),
            ("https://server.example/", "https://server.example"),
            ("https://server.example", "https://SERVER.example"),
            ("https://server.example", "https://server.example:443"),
            ("https://server.example/a", "https://server.example"),
            ("https://server.example/a", "https://server.example/%61"),
        ] {
            let (reply, asked) = ask(issuer, |_| answer(200, document(other)));
            assert!(matches!(reply, Err(DiscoverError::OtherIssuer(found)) if found == other));
            assert_eq!(asked.len(), if issuer.ends_with("/a") { 3 } else { 2 });
            // The first place is another tenant's, say, and OpenID Connect's is the issuer's own.
            for own in &asked[1..] {
                let at = |path: &str| answer(200, document(if own.ends_with(path) { issuer } else { other }));
                assert_eq!(ask(issuer, at).0.unwrap().issuer.as_str(), issuer);
            }
        }
    }

    /// A wrong issuer is called that, whatever else is wrong with the document, and whatever else went wrong.
    #[test]
    fn another_issuer_is_named_before_its_document_is_judged() {
        let issuer = "https://server.example";
        let plain = |other: &str| json!({"issuer": other, "token_endpoint": "http://127.0.0.1/token"}).to_string();
        for other in ["https://evil.example", "http://keycloak:8080/realms/x", "http://localhost:8080"] {
            let (reply, _) = ask(issuer, |_| answer(200, plain(other)));
            assert!(matches!(&reply, Err(DiscoverError::OtherIssuer(found)) if found == other), "{reply:?}");
            for wrong in [answer(404, ""), answer(500, ""), answer(200, "<html>"), Err(Unavailable::new("down"))] {
                let first = |path: &str| if path.contains("oauth") { answer(200, plain(other)) } else { wrong.clone() };
                let (reply, _) = ask(issuer, first);
                assert!(matches!(&reply, Err(DiscoverError::OtherIssuer(found)) if found == other), "{reply:?}");
            }
            let second = |path: &str| if path.contains("openid") { answer(200, plain(other)) } else { answer(404, "") };
            let (reply, _) = ask(issuer, second);
            assert!(matches!(&reply, Err(DiscoverError::OtherIssuer(found)) if found == other), "{reply:?}");
        }
        // The issuer's own document tells more still.
        let (reply, _) = ask(issuer, |path| {
            answer(200, if path.contains("openid") { plain(issuer) } else { plain("https://evil.example") })
        });
        let Err(DiscoverError::Request(RequestError::Unusable { fault, .. })) = reply else { panic!("{reply:?}") };
        assert_eq!(fault, Fault::Unreadable("token_endpoint"));
        // It is somebody else's text, and no longer than it has to be.
        for other in
            ["\u{202E}https://evil.example".to_owned(), format!("https://evil.example/{}", "a".repeat(100_000))]
        {
            let (reply, _) = ask(issuer, |_| answer(200, plain(&other)));
            let Err(DiscoverError::OtherIssuer(found)) = reply else { panic!("{reply:?}") };
            assert!(found.contains("evil.example") && found.len() < 300 && !found.contains('\u{202E}'), "{found}");
        }
    }

    // §2 Authorization Server Metadata: what is unknown is ignored, and so is what is no value at all.

    /// What most clients do not need spoils no document.
    #[test]
    fn r100_a_member_that_cannot_be_read_is_left_out_and_named() {
        let issuer = "https://server.example";
        let endpoints = [
            "authorization_endpoint",
            "device_authorization_endpoint",
            "introspection_endpoint",
            "revocation_endpoint",
            "pushed_authorization_request_endpoint",
            "registration_endpoint",
            "jwks_uri",
        ];
        let lists = [
            "scopes_supported",
            "response_types_supported",
            "response_modes_supported",
            "grant_types_supported",
            "token_endpoint_auth_methods_supported",
            "revocation_endpoint_auth_methods_supported",
            "introspection_endpoint_auth_methods_supported",
            "code_challenge_methods_supported",
            "acr_values_supported",
            "ui_locales_supported",
        ];
        let texts = ["service_documentation", "op_policy_uri", "op_tos_uri"];
        let of = |name: &'static str, bad: Value| (name, bad);
        let mut cases = vec![of("client_id_metadata_document_supported", json!("perhaps"))];
        for name in endpoints {
            // The last is on the client's own host, where the issuer is not.
            let bad =
                [json!("/path"), json!("http://server.example/"), json!(false), json!(["x"]), json!("http://[::1]/")];
            cases.extend(bad.into_iter().map(|bad| of(name, bad)));
        }
        for name in lists {
            let bad = [json!("openid profile"), json!(1), json!([1, 2]), json!([null]), json!({})];
            cases.extend(bad.into_iter().map(|bad| of(name, bad)));
        }
        for name in texts {
            cases.extend([json!(7), json!([])].into_iter().map(|bad| of(name, bad)));
        }
        for (name, bad) in cases {
            let mut body: Value = serde_json::from_str(&document(issuer)).unwrap();
            body[name] = bad;
            let metadata = ask(issuer, |_| answer(200, body.to_string())).0.unwrap();
            assert_eq!(metadata.unreadable(), [name], "{body}");
            assert_eq!(metadata.token_endpoint.as_ref().unwrap().as_str(), "https://server.example/token");
            let mut without = metadata.clone();
            without.members.clear();
            assert_eq!(serde_json::to_value(without).unwrap(), serde_json::to_value(bare(issuer)).unwrap(), "{body}");
        }
    }

    fn bare(issuer: &str) -> Metadata {
        serde_json::from_str(&document(issuer)).unwrap()
    }

    /// Of a list, the good entries are kept. The empty text is no URL, and says nothing.
    /// RFC 8259 §8.1: "MUST be encoded using UTF-8".
    #[test]
    fn what_can_be_read_of_a_document_is_read() {
        let issuer = "https://server.example";
        let read = |name: &str, member: Value| {
            let mut body: Value = serde_json::from_str(&document(issuer)).unwrap();
            body[name] = member;
            ask(issuer, |_| answer(200, body.to_string())).0.unwrap()
        };
        let scopes = read("scopes_supported", json!(["a", 7, null, "b"]));
        assert_eq!((scopes.scopes_supported, scopes.members.len()), (Some(vec!["a".to_owned(), "b".to_owned()]), 0));
        assert_eq!(read("scopes_supported", json!(["a", 7])).unreadable(), ["scopes_supported"]);
        assert_eq!(read("scopes_supported", json!([])).scopes_supported, Some(vec![]));
        for name in ["authorization_endpoint", "token_endpoint", "introspection_endpoint", "jwks_uri", "op_tos_uri"] {
            let mut expected = bare(issuer);
            expected.token_endpoint = expected.token_endpoint.filter(|_| name != "token_endpoint");
            assert_eq!(read(name, json!("")), expected, "{name}");
        }
        let flag = "authorization_response_iss_parameter_supported";
        // RFC 8259 §4, §8.1: a member that is there twice says nothing, a byte that is no UTF-8 no more than itself.
        let with = |members: &[u8]| {
            let start = br#"{"issuer":"https://server.example","token_endpoint":"https://server.example/token","#;
            ask(issuer, |_| answer(200, [start, members, b"}"].concat())).0
        };
        let twice =
            with(br#""revocation_endpoint":"https://a.example","x":1,"revocation_endpoint":"https://b.example","x":1"#);
        let twice = twice.unwrap();
        assert_eq!((twice.unreadable(), twice.members.len()), (["revocation_endpoint"].as_slice(), 0));
        assert_eq!((twice.revocation_endpoint, twice.token_endpoint.is_some()), (None, true));
        let flag_twice = with(br#""authorization_response_iss_parameter_supported":true,"authorization_response_iss_parameter_supported":false"#);
        assert!(flag_twice.unwrap().authorization_response_iss_parameter_supported);
        let latin_1 =
            with(b"\"x\":\"Caf\xE9\",\"jwks_uri\":\"https://server.example/\xE9\",\"scopes_supported\":[\"a\"]")
                .unwrap();
        assert_eq!(latin_1.unreadable(), ["jwks_uri"]);
        assert_eq!(latin_1.scopes_supported, Some(vec!["a".to_owned()]));
        match with(b"\"x\":\"\xC3").unwrap_err() {
            DiscoverError::Request(RequestError::Unusable { fault, .. }) => assert_eq!(fault, Fault::Truncated),
            other => panic!("{other}"),
        }
        // What is neither yes nor no must not take the check away: RFC 9207 §2.4.
        for (member, is_yes, is_read) in [
            (json!(true), true, true),
            (json!("true"), true, true),
            (json!(false), false, true),
            (json!("false"), false, true),
            (Value::Null, false, true),
            (json!(1), true, false),
            (json!("yes"), true, false),
        ] {
            let metadata = read(flag, member.clone());
            assert_eq!(metadata.authorization_response_iss_parameter_supported, is_yes, "{member}");
            assert_eq!(metadata.unreadable().is_empty(), is_read, "{member}");
        }
    }

    /// §2: "Additional authorization server metadata parameters MAY also be used."
    #[test]
    fn what_has_no_name_here_is_kept_as_it_is() {
        let mut body: Value = serde_json::from_str(&document("https://server.example")).unwrap();
        body["registration_endpoint"] = json!("https://server.example/register");
        body["jwks_uri"] = json!("https://server.example/jwks");
        body["client_id_metadata_document_supported"] = json!(true);
        body["dpop_signing_alg_values_supported"] = json!(["ES256"]);
        body["x"] = json!({"y": [null]});
        let metadata = ask("https://server.example", |_| answer(200, body.to_string())).0.unwrap();
        assert_eq!(metadata.registration_endpoint.as_ref().unwrap().as_str(), "https://server.example/register");
        assert_eq!(metadata.jwks_uri.as_ref().unwrap().as_str(), "https://server.example/jwks");
        assert!(metadata.client_id_metadata_document_supported);
        assert_eq!(metadata.members["dpop_signing_alg_values_supported"], json!(["ES256"]));
        // A host that keeps the document reads it again.
        let written = serde_json::to_value(&metadata).unwrap();
        assert_eq!(written["x"], json!({"y": [null]}));
        assert_eq!(serde_json::from_value::<Metadata>(written).unwrap(), metadata);
    }
}
