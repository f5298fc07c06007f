//! CIMD, "OAuth Client ID Metadata Document": draft-ietf-oauth-client-id-metadata-document, in the revision that
//! `src/server/client_id_metadata_document` names. Devices are in `tests/rfc8628_server`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::time::Duration;

use common::documents::*;
use common::registering::Members;
use common::*;
use grantor::model::{ClientId, GrantType, Metadata};
use grantor::record::Client;
use grantor::server::{
    AuthorizationPageError, AuthorizeReply, ClientIdMetadataDocumentConfig, ClientIdMetadataDocumentError,
    EndpointError, Event, MAX_DOCUMENT_LEN, TokenError,
};
use grantor::store::{Lookup, Store};
use grantor::{Fetch, FromCache};
use http::{Response, StatusCode};
use serde_json::{Value, json};

fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

/// What the server makes of a document.
fn client_of(web: &Web, document: &Value) -> Result<Client, ClientIdMetadataDocumentError> {
    web.server.client_of_document(&id(DOCUMENT), &served(document))
}

fn refused(document: &Value) -> ClientIdMetadataDocumentError {
    client_of(&Web::new(), document).unwrap_err()
}

/// Why a page was shown.
fn page_error(reply: AuthorizeReply) -> AuthorizationPageError {
    match reply {
        AuthorizeReply::Respond(response) => response.page_error().unwrap().clone(),
        other => panic!("no page: {:?}", other.event()),
    }
}

// §3 Client Identifier

/// "Client identifier URLs MUST have an "https" scheme, MUST contain a path component, MUST NOT contain single-dot or
/// double-dot path segments, MUST NOT contain a fragment component and MUST NOT contain a username or password".
/// Nothing is fetched for another.
#[test]
fn a_url_that_cannot_be_a_client_identifier_is_refused_without_a_request() {
    let web = Web::new();
    for url in [
        "https://app.example.com",
        "https://app.example.com?client=1",
        "https://app.example.com/./client.json",
        "https://app.example.com/a/../client.json",
        "https://app.example.com/a/..",
        "https://app.example.com/%2e%2E/client.json",
        "https://app.example.com/.%2e/client.json",
        "https://app.example.com/%2e",
        "https://app.example.com/client.json#fragment",
        "https://app.example.com/client.json#",
        "https://user@app.example.com/client.json",
        "https://user:password@app.example.com/client.json",
        "https://@app.example.com/client.json",
        "https:///client.json",
        "https://app.example.com:port/client.json",
        "https://app.example.com/client id.json",
        "https://app.example.com\\client.json",
    ] {
        let error = page_error(web.authorize(asking().set("client_id", url)));
        assert_eq!(error, AuthorizationPageError::Document(ClientIdMetadataDocumentError::Url), "{url}");
        let reply = web.token(redeeming("code").set("client_id", url));
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_client"), "{url}");
    }
    // What is no https URL is an identifier like any other, and nobody's.
    for id in ["http://app.example.com/client.json", "HTTPS://app.example.com/client.json", "ftp://a.example/c", "app2"]
    {
        assert_eq!(page_error(web.authorize(asking().set("client_id", id))), AuthorizationPageError::UnknownClient);
    }
    assert_eq!(web.sent().len(), 0);
}

/// "MAY contain a port"; a query is discouraged, and allowed.
#[test]
fn any_other_https_url_is_fetched_as_it_is_written() {
    for url in [
        DOCUMENT,
        "https://app.example.com/",
        "https://app.example.com:8443/client.json",
        "https://app.example.com/client.json?v=1",
        "https://app.example.com/a/...json/..b/c.",
        "https://APP.example.com/%7Eclient",
        "https://93.184.215.14/client.json",
    ] {
        let web = Web::new();
        web.serve(&document().set("client_id", json!(url)));
        let prompt = web.ask(asking().set("client_id", url));
        assert_eq!(prompt.recipient.client_id.as_str(), url);
        let [sent] = <[Fetch; 1]>::try_from(web.sent()).unwrap();
        assert_eq!(sent.request().uri().to_string(), url);
    }
}

// §4 Client Information Discovery

/// The request, and the rule that the host keeps.
#[test]
fn the_document_is_asked_for_by_a_rule() {
    let web = Web::new();
    web.ask(asking());
    let [sent] = <[Fetch; 1]>::try_from(web.sent()).unwrap();
    assert_eq!((sent.request().method().as_str(), sent.request().body().len()), ("GET", 0));
    assert_eq!(sent.request().headers().len(), 1);
    assert_eq!(sent.request().headers()["accept"], "application/json");
    let rule = sent.rule();
    assert_eq!(rule.max_response_len, 5 * 1024);
    assert!(rule.public_addresses_only);
    assert_eq!(rule.from_cache, FromCache::Fresh);
}

/// The whole flow, with a client of this crate, which finds in the metadata that it may come.
#[test]
fn a_client_that_nobody_registered_gets_tokens_and_keeps_them() {
    let web = Web::new();
    let (access, refresh) = web.tokens();
    assert!(web.is_active(&access));
    let (access, refresh) = web.token(refreshing(&refresh)).tokens();
    assert!(web.is_alive(&access));
    assert_eq!(web.presented(&access).grant.client_id, id(DOCUMENT));
    let reply = web.revoke(params(&[("client_id", DOCUMENT), ("token", &refresh)]));
    assert_eq!(reply.status(), 200, "{reply:?}");
    assert!(!web.is_active(&access) && !web.is_alive(&access));
    // It is a client for these requests, and no registered one.
    let found = Store::lookup(&web.world.store, &Lookup::of_client(id(DOCUMENT))).unwrap();
    assert!(found.client().is_none());
}

/// "A successful response MUST use the 200 OK HTTP status code. The authorization server MUST treat all other HTTP
/// status codes as an error response. The authorization server MUST NOT automatically follow HTTP redirects when
/// retrieving the client registration information."
#[test]
fn another_status_than_200_is_an_error_and_a_redirect_leads_nowhere() {
    let web = Web::new();
    for status in [201, 203, 204, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 410, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let mut response = served(&document());
        *response.status_mut() = status;
        response.headers_mut().insert("location", "https://other.example.com/client.json".parse().unwrap());
        web.answer(response);
        let error = AuthorizationPageError::Document(ClientIdMetadataDocumentError::Status(status));
        assert_eq!(page_error(web.authorize(asking())), error);
        assert_eq!(web.token(redeeming("code")).error(), "invalid_client");
    }
    assert!(web.sent().iter().all(|sent| sent.request().uri() == DOCUMENT));
}

// §4.1 Client Metadata Document

#[test]
fn the_client_is_what_its_document_says() {
    let document = document().set("client_name#de", json!("Beispiel")).set("scope", json!("read"));
    let client = client_of(&Web::new(), &document).unwrap();
    assert_eq!(client.client_id, id(DOCUMENT));
    assert_eq!(client.client_name.as_deref(), Some("Example App"));
    assert_eq!(client.redirect_uris, [redirect_uri(CALLBACK), redirect_uri("http://127.0.0.1/callback")]);
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    assert_eq!(client.scope, scope("read"));
    assert!(!client.is_confidential() && client.require_pkce && client.is_self_registered());
    let about = client.registration.unwrap();
    assert_eq!(about.in_language("client_name", "de"), Some("Beispiel"));
    assert_eq!(about.client_uri.unwrap().as_str(), "https://app.example.com");
}

/// "The client metadata document MUST contain a `client_id` property whose value MUST match the URL of the document
/// using simple string comparison as defined in [RFC3986] Section 6.2.1."
#[test]
fn a_document_that_names_another_client_is_refused() {
    for other in [
        json!("https://app.example.com/oauth/client.json?"),
        json!("https://APP.example.com/oauth/client.json"),
        json!("https://app.example.com:443/oauth/client.json"),
        json!("https://app.example.com/oauth/client%2Ejson"),
        json!("https://other.example.com/oauth/client.json"),
        json!(""),
        json!(null),
        json!([DOCUMENT]),
    ] {
        assert_eq!(refused(&document().set("client_id", other)), ClientIdMetadataDocumentError::ClientId);
    }
    assert_eq!(refused(&document().without("client_id")), ClientIdMetadataDocumentError::ClientId);
}

/// "the `token_endpoint_auth_method` property MUST NOT include `client_secret_post`, `client_secret_basic`,
/// `client_secret_jwt`, or any other method based around a shared symmetric secret."
#[test]
fn a_document_makes_a_public_client_and_no_other() {
    let web = Web::new();
    for method in ["client_secret_post", "client_secret_basic", "client_secret_jwt", "private_key_jwt", "of its own"] {
        let error = refused(&document().set("token_endpoint_auth_method", json!(method)));
        assert!(matches!(error, ClientIdMetadataDocumentError::Metadata(_)), "{method}: {error:?}");
    }
    let omitted = client_of(&web, &document().without("token_endpoint_auth_method")).unwrap();
    assert!(!omitted.is_confidential());
    // It has no secret, so that none is right.
    let reply = web.token(redeeming(&web.code()).set("client_secret", SECRET));
    assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_client"));
    let encoded: String = form_urlencoded::byte_serialize(DOCUMENT.as_bytes()).collect();
    let reply = web.token_by(&post_as(&basic(&encoded, SECRET), redeeming("code")));
    assert_eq!((reply.status(), reply.error().as_str()), (401, "invalid_client"));
    // An empty one is none.
    web.token_by(&post_as(&basic(&encoded, ""), redeeming(&web.code()))).tokens();
    // Nor may it do what asks for one.
    let section = Web::with(|section| section.grant_types.push(GrantType::ClientCredentials));
    let greedy = document().set("grant_types", json!(["authorization_code", "client_credentials"]));
    assert!(client_of(&section, &greedy).is_err());
}

/// "the `client_secret` and `client_secret_expires_at` properties MUST NOT be used"
#[test]
fn a_document_with_a_secret_is_refused() {
    for (name, value) in [("client_secret", json!("a secret")), ("client_secret_expires_at", json!(0))] {
        assert_eq!(refused(&document().set(name, value)), ClientIdMetadataDocumentError::Secret(name));
    }
}

/// "The client metadata document MAY also be served with more specific content types as long as the response is JSON
/// and conforms to `application/<AS-defined>+json`."
#[test]
fn the_document_is_json() {
    let web = Web::new();
    let of = |content_type: Option<&'static str>, body: &[u8]| {
        let mut response = Response::new(body.to_vec());
        if let Some(content_type) = content_type {
            response.headers_mut().insert("content-type", content_type.parse().unwrap());
        }
        web.server.client_of_document(&id(DOCUMENT), &response)
    };
    let body = document().to_string();
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/cimd+json",
        "application/a+json;b=c",
    ] {
        assert!(of(Some(content_type), body.as_bytes()).is_ok(), "{content_type}");
    }
    let others = ["text/html", "text/json", "application/+json", "application/jsonp", "json", ""];
    for content_type in others.into_iter().map(Some).chain([None]) {
        let error = of(content_type, body.as_bytes()).unwrap_err();
        assert_eq!(error, ClientIdMetadataDocumentError::ContentType, "{content_type:?}");
    }
    let twice = body.replacen('{', &format!("{{\"client_id\":\"{DOCUMENT}\","), 1);
    for body in ["", "{", "[]", "null", "<html>", "\u{FEFF}{}", &twice] {
        let error = of(Some("application/json"), body.as_bytes()).unwrap_err();
        assert_eq!(error, ClientIdMetadataDocumentError::NotJson, "{body}");
    }
    assert_eq!(
        of(Some("application/json"), b"{\"client_id\":\"\xFF\"}").unwrap_err(),
        ClientIdMetadataDocumentError::NotJson
    );
}

/// The rules of dynamic registration hold, with its own limits.
#[test]
fn the_metadata_is_checked_as_at_registration() {
    for (name, value) in [
        ("redirect_uris", json!(["http://app.example.com/cb"])),
        ("redirect_uris", json!(["https://app.example.com/cb#fragment"])),
        ("redirect_uris", json!(["javascript:alert(1)"])),
        ("redirect_uris", json!(["cursor://callback"])),
        ("redirect_uris", json!([])),
        ("redirect_uris", json!("https://app.example.com/cb")),
        ("grant_types", json!(["password"])),
        ("response_types", json!(["token"])),
        ("scope", json!("read write admin")),
        ("client_name", json!("a\u{202E}b")),
        ("logo_uri", json!("https://10.0.0.1/logo.png")),
        ("software_statement", json!("eyJ")),
    ] {
        let error = refused(&document().set(name, value.clone()));
        assert!(matches!(error, ClientIdMetadataDocumentError::Metadata(_)), "{name} {value}: {error:?}");
    }
    let relaxed = Web::with(|section| section.private_use_schemes = true);
    assert!(client_of(&relaxed, &document().set("redirect_uris", json!(["cursor://callback"]))).is_ok());
    // What is not understood is left alone.
    assert!(client_of(&Web::new(), &document().set("mcp", json!({"version": 1}))).is_ok());
}

// §4.3 Metadata Discovery Errors

/// "If fetching the metadata document fails, the authorization server SHOULD abort the authorization request."
#[test]
fn without_the_document_nobody_is_asked_and_nobody_is_redirected() {
    let web = Web::new();
    let prompt = web.ask(asking());
    let pushed = web.push(asking()).member("request_uri").unwrap();
    let code = web.code();
    web.down();
    assert_eq!(web.page(asking()).status(), 503);
    web.busy(7);
    assert_eq!(web.page(asking()).header("retry-after"), Some("7"));
    web.down();
    assert_eq!(web.page(params(&[("client_id", DOCUMENT), ("request_uri", &pushed)])).status(), 503);
    let refused = web.approve(prompt);
    assert!(refused.is_page() && refused.status() == 503, "{refused:?}");
    // Not the client's fault: it may try again.
    for reply in [web.push(asking()), web.token(redeeming(&code))] {
        assert_eq!((reply.status(), reply.error().as_str()), (503, "server_error"));
    }
    // The log tells it from an outage of the server's own.
    let Event::TokenRefused { reason: TokenError::Endpoint(EndpointError::Document(error)), .. } =
        web.event(redeeming(&code))
    else {
        panic!("not refused for the document")
    };
    assert_eq!(error.outage().unwrap().effect, "fetch");
    assert!(error.to_string().contains("no route to host"));
    // And the code was not spent on it.
    web.serve(&document());
    web.token(redeeming(&code)).tokens();
}

/// An error that the client's developer has made is worded; what other servers answer is not.
#[test]
fn a_description_helps_the_developer_and_nobody_who_looks_around() {
    let web = Web::new();
    let described = |response: Response<Vec<u8>>| {
        web.answer(response);
        web.token(redeeming("code")).member("error_description").unwrap()
    };
    let mut elsewhere =
        vec![Response::new(b"<html>".to_vec()), served(&json!([])), served(&json!({"a": "b".repeat(6000)}))];
    let mut missing = served(&document());
    *missing.status_mut() = StatusCode::NOT_FOUND;
    elsewhere.push(missing);
    let told: Vec<_> = elsewhere.into_iter().map(&described).collect();
    assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    let own = described(served(&document().set("client_secret", json!("x"))));
    assert_eq!(own, "the metadata document must not have client_secret");
}

// §4.4 Metadata Caching

/// "The authorization server SHOULD respect HTTP cache headers [...] when caching client metadata, but MAY define its
/// own upper and/or lower bounds on an acceptable cache lifetime as well."
#[test]
fn a_response_is_fresh_for_as_long_as_it_says_between_a_minute_and_a_day() {
    let cases: &[(&[(&'static str, &'static str)], u64)] = &[
        (&[], 60),
        (&[("cache-control", "max-age=600")], 600),
        (&[("cache-control", "max-age=600"), ("age", "200")], 400),
        (&[("cache-control", "max-age=600"), ("age", "600")], 60),
        (&[("cache-control", "public, Max-Age=\"600\"")], 600),
        (&[("cache-control", "public"), ("cache-control", "max-age=600")], 600),
        (&[("cache-control", "max-age=600, s-maxage=300")], 300),
        (&[("cache-control", "max-age=1")], 60),
        (&[("cache-control", "max-age=31536000, immutable")], 86400),
        (&[("cache-control", "max-age=99999999999999999999")], 60),
        (&[("cache-control", "max-age=-1")], 60),
        (&[("cache-control", "no-store, max-age=600")], 60),
        (&[("cache-control", "no-cache, max-age=600")], 60),
        (&[("expires", "Fri, 27 Nov 2026 11:00:00 GMT"), ("date", "Fri, 27 Nov 2026 10:50:00 GMT")], 600),
        (&[("expires", "Fri, 27 Nov 2026 11:00:00 GMT")], 60),
        (&[("expires", "0"), ("date", "Fri, 27 Nov 2026 10:50:00 GMT")], 60),
        (
            &[
                ("cache-control", "max-age=300"),
                ("expires", "Fri, 27 Nov 2026 11:00:00 GMT"),
                ("date", "Fri, 27 Nov 2026 10:50:00 GMT"),
            ],
            300,
        ),
    ];
    for (headers, seconds) in cases {
        let response =
            headers.iter().fold(Response::builder(), |response, (name, value)| response.header(*name, *value));
        let fresh = ClientIdMetadataDocumentConfig::fresh_for(&response.body(()).unwrap());
        assert_eq!(fresh, Duration::from_secs(*seconds), "{headers:?}");
    }
}

/// People whose client is in use stay logged in while its document cannot be had, and nobody new comes.
#[test]
fn only_a_refresh_may_be_answered_with_an_old_document() {
    let web = Web::new();
    let (_, refresh) = web.tokens();
    web.push(asking());
    assert!(web.sent().iter().all(|sent| sent.rule().from_cache == FromCache::Fresh));
    web.token(refreshing(&refresh));
    let [sent] = <[Fetch; 1]>::try_from(web.sent()).unwrap();
    assert_eq!(sent.rule().from_cache, FromCache::LastGood);
}

/// "The authorization server MUST NOT cache error responses. The authorization server also MUST NOT cache documents
/// which are invalid or malformed." A host asks before it keeps a response.
#[test]
fn a_host_can_tell_what_it_must_not_keep() {
    let web = Web::new();
    assert!(web.server.client_of_document(&id(DOCUMENT), &served(&document())).is_ok());
    assert_eq!(
        web.server.client_of_document(&id("https://app.example.com"), &served(&document())),
        Err(ClientIdMetadataDocumentError::Url)
    );
    let error = World::new().server.client_of_document(&id(DOCUMENT), &served(&document()));
    assert_eq!(error, Err(ClientIdMetadataDocumentError::NotConfigured));
}

// §4.5 Redirect URL Registration

/// "the authorization server MUST require registration of redirect URIs, and MUST ensure that the redirect URI in a
/// request is an exact match of a registered redirect URI."
#[test]
fn the_redirect_uri_is_one_of_the_documents() {
    let web = Web::new();
    web.ask(asking());
    let native = web.ask(asking().set("redirect_uri", "http://127.0.0.1:49152/callback"));
    assert!(native.returns_to_own_machine());
    for other in ["https://client.example.com/cb/", "https://client.example.com/cb?a=b", "https://app.example.com/cb"] {
        let error = page_error(web.authorize(asking().set("redirect_uri", other)));
        assert_eq!(error, AuthorizationPageError::RedirectUriMismatch, "{other}");
    }
}

// §5 Authorization Server Metadata

/// "Authorization servers that publish Authorization Server Metadata [...] MUST include the following property to
/// signal support for client metadata documents as described in this specification."
#[test]
fn support_is_advertised_if_it_is_there() {
    let advertised = |world: &World| -> Metadata {
        serde_json::from_value(serde_json::to_value(world.server.config().metadata()).unwrap()).unwrap()
    };
    assert!(advertised(&Web::new().world).client_id_metadata_document_supported);
    assert!(!advertised(&World::new()).client_id_metadata_document_supported);
}

/// Without the section, nothing is fetched and a URL is nobody's identifier.
#[test]
fn where_it_is_not_configured_a_url_is_an_unknown_client() {
    let web = Web::of(World::new());
    assert_eq!(page_error(web.authorize(asking())), AuthorizationPageError::UnknownClient);
    assert_eq!(web.token(redeeming("code")).error(), "invalid_client");
    assert_eq!(web.revoke(params(&[("client_id", DOCUMENT), ("token", "x")])).error(), "invalid_client");
    assert_eq!(web.sent().len(), 0);
}

// §6.4 OAuth Phishing Attacks

/// "The authorization server SHOULD display the hostname of the `client_id` on the authorization interface, in addition
/// to displaying the fetched client information if any."
#[test]
fn the_prompt_has_what_people_are_to_be_shown() {
    let web = Web::new();
    let prompt = web.ask(asking());
    assert_eq!(prompt.client_host().as_deref(), Some("app.example.com"));
    assert_eq!(prompt.client_name.as_deref(), Some("Example App"));
    assert!(!prompt.returns_to_own_machine());
    assert_eq!(web.world.ask(authorize()).client_host(), None);
}

// §6.5 Server Side Request Forgery (SSRF) Attacks

/// "Authorization servers MUST validate that the Client ID Metadata Document URL does not resolve to special-use IP
/// addresses". What the URL itself says is refused before anything is sent, and the host is told to look at the
/// address.
#[test]
fn a_document_in_a_private_network_is_not_asked_for() {
    let web = Web::new();
    let inner = Web::with(|section| section.in_private_network = true);
    for host in [
        "127.0.0.1",
        "127.0.0.1:8443",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[fe80::1]",
        "[fd00::1]",
        "[2001:db8::1]",
        "[64:ff9b::a00:1]",
        "localhost",
        "localhost.",
        "app.localhost",
        "intranet",
        "printer.local",
        "metadata.google.internal",
    ] {
        let url = format!("https://{host}/client.json");
        let error = page_error(web.authorize(asking().set("client_id", &url)));
        assert_eq!(error, AuthorizationPageError::Document(ClientIdMetadataDocumentError::PrivateNetwork), "{url}");
        // Where it is allowed by name, it works.
        inner.serve(&document().set("client_id", json!(url)));
        inner.ask(asking().set("client_id", &url));
    }
    assert_eq!(web.sent().len(), 0);
    assert!(inner.sent().iter().all(|sent| !sent.rule().public_addresses_only));
    // Hosts written so that readers differ are no URLs at all.
    for host in ["127.1", "2130706433", "0x7f.0.0.1", "017700000001", "%31%32%37.0.0.1"] {
        let url = format!("https://{host}/client.json");
        let error = page_error(inner.authorize(asking().set("client_id", &url)));
        assert_eq!(error, AuthorizationPageError::Document(ClientIdMetadataDocumentError::Url), "{url}");
    }
}

// §6.6 Maximum Response Size for Client Metadata Documents

/// "Authorization servers SHOULD limit the response size when fetching the client metadata document"; "The recommended
/// maximum response size for client metadata documents is 5 kilobytes."
#[test]
fn a_document_has_at_most_5_kilobytes() {
    let web = Web::new();
    let of_len = |len: usize| {
        let rest = len - document().set("filler", json!("")).to_string().len();
        document().set("filler", json!("x".repeat(rest)))
    };
    assert!(client_of(&web, &of_len(MAX_DOCUMENT_LEN)).is_ok());
    assert_eq!(client_of(&web, &of_len(MAX_DOCUMENT_LEN + 1)), Err(ClientIdMetadataDocumentError::TooLong));
}

// §6.9 Supporting Both Pre-Registered and Unregistered Clients

/// "it SHOULD ensure that the `client_id` strings it generates do not start with `https://`."
#[test]
fn an_identifier_that_the_server_draws_is_no_url() {
    let world = registering::registering();
    let drawn = registering::Managed::new(&world, registering::public_metadata()).client_id;
    assert!(!drawn.contains(':') && !drawn.contains('/'), "{drawn}");
}

// §6.10 Pre-Registering Client ID Metadata Document URLs

#[test]
fn a_url_that_the_operator_registered_is_not_fetched() {
    let web = Web::of(Web::new().world.with_client(public(DOCUMENT)));
    web.tokens();
    assert_eq!(web.sent().len(), 0);
    let web = Web::of(Web::new().world.with_client(public(DOCUMENT).with(|client| client.disabled = true)));
    assert_eq!(page_error(web.authorize(asking())), AuthorizationPageError::ClientDisabled);
    assert_eq!(web.token(redeeming("code")).error(), "invalid_client");
}
