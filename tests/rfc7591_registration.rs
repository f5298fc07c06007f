//! RFC 7591: the client registration endpoint.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use common::registering::*;
use common::*;
use grantor::model::{GrantType, ResponseType};
use grantor::server::{AuthorizeReply, Config, DetailMembers, Event, MAX_REGISTRATION_LEN, ParConfig, UnknownScope};
use http::{Method, header};
use serde_json::{Value, json};

fn set(name: &str, value: Value) -> Value {
    metadata().set(name, value)
}

/// What is registered of this member.
fn registered(world: &World, metadata: Value, name: &str) -> Value {
    Managed::new(world, metadata).information.get(name).cloned().unwrap_or_default()
}

// §2 Client Metadata

/// "clients using flows with redirection MUST register their redirection URI values."
/// §5: "registered redirection URI values MUST be one of: [...] A remote web site protected by TLS [...] A web site
/// hosted on the local machine using an HTTP URI [...] A non-HTTP application-specific URL".
#[test]
fn redirect_uris_are_those_that_an_operator_could_register() {
    let world = registering();
    for redirect_uri in
        ["https://client.example.org/cb?a=b", "http://localhost:8080/oauth_redirect", "com.example.app:/cb"]
    {
        let uris = json!([redirect_uri]);
        assert_eq!(registered(&world, set("redirect_uris", uris.clone()), "redirect_uris"), uris);
    }
    for redirect_uris in [
        json!(["http://client.example.org/cb"]),
        json!(["https://client.example.org/cb", "exampleapp://oauth_redirect"]),
        json!(["/cb"]),
        json!([""]),
        json!([]),
        json!(null),
        json!("https://client.example.org/cb"),
        json!([["https://client.example.org/cb"]]),
        json!(["https://client.example.org/cb", "https://client.example.org/cb"]),
        json!(vec!["https://client.example.org/cb"; 40]),
    ] {
        assert_eq!(refused(&world, set("redirect_uris", redirect_uris.clone())), "invalid_redirect_uri");
    }
    assert_eq!(refused(&world, metadata().without("redirect_uris")), "invalid_redirect_uri");

    let relaxed = registering().with(|config| config.registration.as_mut().unwrap().private_use_schemes = true);
    let uris = json!(["exampleapp://oauth_redirect"]);
    assert_eq!(registered(&relaxed, set("redirect_uris", uris.clone()), "redirect_uris"), uris);
    assert_eq!(refused(&relaxed, set("redirect_uris", json!(["javascript:alert(1)"]))), "invalid_redirect_uri");
}

/// "If unspecified or omitted, the default is "client_secret_basic"".
#[test]
fn the_secret_is_presented_as_was_registered() {
    let world = registering();
    let method = "token_endpoint_auth_method";
    for (sent, expected) in [
        (json!(null), "client_secret_basic"),
        (json!("client_secret_basic"), "client_secret_basic"),
        (json!("client_secret_post"), "client_secret_post"),
    ] {
        let client = Managed::new(&world, set(method, sent));
        assert_eq!(client.information[method], expected);
        assert!(client.record(&world).is_confidential());
    }
    let public = Managed::new(&world, set(method, json!("none")));
    assert_eq!((public.client_secret.as_ref(), &public.information[method]), (None, &json!("none")));
    assert!(!public.record(&world).is_confidential());
    assert_eq!(public.information.get("client_secret_expires_at"), None);
    for unknown in [json!("private_key_jwt"), json!("client_secret_jwt"), json!("NONE"), json!(7)] {
        assert_eq!(refused(&world, set(method, unknown)), "invalid_client_metadata");
    }
}

/// "The authorization server MAY reject any requested client metadata values by replacing requested values with
/// suitable defaults". "If omitted, the default behavior is that the client will use only the "authorization_code"
/// Grant Type."
#[test]
fn grant_types_that_are_not_offered_are_left_out() {
    let world = registering();
    let types = |metadata: Value| {
        let information = Managed::new(&world, metadata).information;
        (information["grant_types"].clone(), information["response_types"].clone())
    };
    assert_eq!(types(metadata()), (json!(["authorization_code"]), json!(["code"])));
    // What VS Code asks for.
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let asked = json!(["authorization_code", "refresh_token", device, "refresh_token", "unheard of"]);
    assert_eq!(types(set("grant_types", asked)), (json!(["authorization_code", "refresh_token"]), json!(["code"])));
    for none in [json!([]), json!(["client_credentials"]), json!(["password"]), json!([device])] {
        assert_eq!(refused(&world, set("grant_types", none)), "invalid_client_metadata");
    }
    // What the server's own endpoint does not have is not offered either.
    let without = registering().with(|config| config.token.grant_types = vec![GrantType::AuthorizationCode]);
    let both = json!(["authorization_code", "refresh_token"]);
    assert_eq!(registered(&without, set("grant_types", both), "grant_types"), json!(["authorization_code"]));
}

/// RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
#[test]
fn a_client_may_act_for_itself_only_where_the_server_says_so() {
    let offering = |config: &mut grantor::server::Config| {
        config.registration.as_mut().unwrap().grant_types = vec![GrantType::ClientCredentials];
    };
    let world = registering().with(offering);
    let service = json!({ "grant_types": ["client_credentials"], "scope": "read" });
    let client = Managed::new(&world, service.clone());
    assert_eq!((&client.information["response_types"], &client.information["redirect_uris"]), (&json!([]), &json!([])));
    let header = basic(&client.client_id, client.client_secret.as_ref().unwrap());
    let token = world.token_by(&post_as(&header, params(&[("grant_type", "client_credentials")])));
    assert_eq!((token.status(), token.member("scope").as_deref()), (200, Some("read")));
    let public = service.set("token_endpoint_auth_method", json!("none"));
    assert_eq!(refused(&world, public), "invalid_client_metadata");
}

/// "If omitted, an authorization server MAY register a client with a default set of scopes."
#[test]
fn scope_is_within_what_everybody_may_have() {
    let world = registering();
    assert_eq!(registered(&world, metadata(), "scope"), json!("read write"));
    assert_eq!(registered(&world, set("scope", json!("read")), "scope"), json!("read"));
    for beyond in [json!("read admin"), json!("admin"), json!("read  write"), json!("\u{e9}"), json!(["read"])] {
        assert_eq!(refused(&world, set("scope", beyond)), "invalid_client_metadata");
    }
    let lenient = registering().with(|config| config.scope.unknown = UnknownScope::Ignore);
    assert_eq!(registered(&lenient, set("scope", json!("read admin")), "scope"), json!("read"));
    assert_eq!(refused(&lenient, set("scope", json!("admin"))), "invalid_client_metadata");
    let nothing = registering().with(|config| config.registration.as_mut().unwrap().scope = scope(""));
    assert_eq!(registered(&nothing, metadata(), "scope"), Value::Null);
}

/// §3.2.1: "The authorization server MAY reject or replace any of the client's requested metadata values submitted
/// during the registration and substitute them with suitable values."
#[test]
fn a_client_may_get_the_whole_scope_whatever_part_it_asks_for() {
    let world = registering().with(|config| config.registration.as_mut().unwrap().whole_scope = true);
    for part in [json!("read"), json!("write"), json!("write read")] {
        assert_eq!(registered(&world, set("scope", part), "scope"), json!("read write"));
    }
    assert_eq!(registered(&world, metadata(), "scope"), json!("read write"));
    assert_eq!(refused(&world, set("scope", json!("admin"))), "invalid_client_metadata");
}

/// "The authorization server MUST ignore any client metadata sent by the client that it does not understand".
/// §3.2.1: "Additionally, the authorization server MUST return all registered metadata about this client, including any
/// fields provisioned by the authorization server itself."
#[test]
fn what_is_understood_is_kept_and_returned_and_nothing_else_is() {
    let world = registering();
    let page = |path: &str| format!("https://client.example.org/{path}");
    let all = metadata()
        .set("client_uri", json!(page("#about")))
        .set("tos_uri", json!(page("terms")))
        .set("tos_uri#fr", json!(page("conditions")))
        .set("policy_uri", json!(page("policy?v=2")))
        .set("contacts", json!(["ve7jtb@example.org", "mary@example.org"]))
        .set("software_id", json!("4NRB1-0XZABZI9E6-5SM3R"))
        .set("software_version", json!("2.1"))
        .set("scope", json!("read"))
        .set("application_type", json!("web"))
        .set("client_id", json!("admin"))
        .set("client_secret", json!("mine"))
        .set("client_id_issued_at", json!(1))
        .set("require_pkce", json!(false))
        .set("disabled", json!(true))
        .set("resource_server", json!([]))
        .set("client_name#", json!("no language"))
        .set("client_name#a_b", json!("no language"))
        .set("scope#fr", json!("lire"));
    let client = Managed::new(&world, all.clone());
    let known = [
        "redirect_uris",
        "client_name",
        "client_name#ja-Jpan-JP",
        "token_endpoint_auth_method",
        "logo_uri",
        "client_uri",
        "tos_uri",
        "tos_uri#fr",
        "policy_uri",
        "contacts",
        "software_id",
        "software_version",
        "scope",
    ];
    let mut names: Vec<_> = client.information.as_object().unwrap().keys().map(String::as_str).collect();
    for name in known {
        assert_eq!(client.information[name], all[name], "{name}");
        names.retain(|other| *other != name);
    }
    names.sort_unstable();
    let provisioned = [
        "client_id",
        "client_id_issued_at",
        "client_secret",
        "client_secret_expires_at",
        "grant_types",
        "registration_access_token",
        "registration_client_uri",
        "response_types",
    ];
    assert_eq!(names, provisioned);
    assert!(client.client_id != "admin" && client.client_secret.as_deref() != Some("mine"));
    let record = client.record(&world);
    assert!(record.require_pkce && record.require_redirect_uri && !record.disabled && record.resource_server.is_none());
    assert_eq!(record.registration.unwrap().contacts.len(), 2);
}

/// RFC 9126 §6, where requests can be pushed.
#[test]
fn a_client_may_register_that_it_pushes_its_requests() {
    const MEMBER: &str = "require_pushed_authorization_requests";
    let world = registering();
    assert_eq!(registered(&world, set(MEMBER, json!(true)), MEMBER), Value::Null);
    let world = world.with(|config| config.par = Some(ParConfig::below(&config.issuer)));
    assert_eq!(registered(&world, set(MEMBER, json!(false)), MEMBER), Value::Null);
    assert_eq!(refused(&world, set(MEMBER, json!("true"))), "invalid_client_metadata");
    let client = Managed::new(&world, set(MEMBER, json!(true)));
    assert_eq!(
        (&client.information[MEMBER], client.record(&world).require_pushed_authorization_requests),
        (&json!(true), true)
    );
    let updated = Managed::of(&client.update(&world, &client.updated().without(MEMBER)));
    assert_eq!(
        (updated.information.get(MEMBER), client.record(&world).require_pushed_authorization_requests),
        (None, false)
    );
}

/// RFC 9396 §10, of the types that the server has and lets such clients have.
#[test]
fn a_client_may_register_for_authorization_details() {
    const MEMBER: &str = "authorization_details_types";
    let asked = || set(MEMBER, json!(["withheld", "payment", "mine", "payment"]));
    let world = registering().with(|config| {
        config.authorization_details.add("payment", DetailMembers::new());
        config.authorization_details.add("withheld", DetailMembers::new());
    });
    assert_eq!(registered(&world, asked(), MEMBER), Value::Null);
    let open = |types: &'static [&str]| {
        move |config: &mut Config| {
            let section = config.registration.as_mut().unwrap();
            section.authorization_details_types = types.iter().map(|name| (*name).to_owned()).collect();
        }
    };
    let world = world.with(open(&["payment", "mine"]));
    assert_eq!(refused(&world, set(MEMBER, json!("payment"))), "invalid_client_metadata");
    let client = Managed::new(&world, asked());
    assert_eq!(client.information[MEMBER], json!(["payment"]));
    assert_eq!(client.record(&world).authorization_details_types, ["payment"]);
    // What it has, it may keep, and no more.
    let world = world.with(open(&[]));
    let updated = Managed::of(&client.update(&world, &client.updated().set(MEMBER, json!(["payment", "withheld"]))));
    assert_eq!(updated.information[MEMBER], json!(["payment"]));
    assert_eq!(registered(&world, asked(), MEMBER), Value::Null);
}

/// "The "jwks_uri" and "jwks" parameters MUST NOT both be present in the same request or response."
#[test]
fn keys_come_by_value_or_by_reference() {
    let world = registering();
    let jwks = json!({ "keys": [] });
    assert_eq!(refused(&world, set("jwks", jwks.clone())), "invalid_client_metadata");
    assert_eq!(registered(&world, set("jwks", jwks).without("jwks_uri"), "jwks"), Value::Null);
}

// §2.1 Relationship between Grant Types and Response Types

/// "a server supporting these fields SHOULD take steps to ensure that a client cannot register itself into an
/// inconsistent state".
#[test]
fn grant_types_and_response_types_go_together() {
    let world = registering().with_everything().with(|config| {
        let section = config.registration.as_mut().unwrap();
        section.grant_types.extend([GrantType::Implicit, GrantType::ClientCredentials]);
    });
    let kinds =
        |grants: &[&str], responses: &[&str]| set("grant_types", json!(grants)).set("response_types", json!(responses));
    for (grants, responses) in [
        (&["authorization_code"][..], &["code"][..]),
        (&["authorization_code", "implicit"], &["token", "code"]),
        (&["implicit", "refresh_token"], &["token"]),
        (&["client_credentials"], &[]),
        (&["authorization_code"], &["code", "code id_token"]),
    ] {
        let client = Managed::new(&world, kinds(grants, responses));
        let record = client.record(&world);
        let has = |kind| record.response_types.contains(&kind);
        assert_eq!(has(ResponseType::Code), grants.contains(&"authorization_code"));
        assert_eq!(has(ResponseType::Token), grants.contains(&"implicit"));
    }
    for (grants, responses) in [
        (&["authorization_code"][..], &["token"][..]),
        (&["authorization_code"], &[]),
        (&["authorization_code"], &["code", "token"]),
        (&["implicit"], &["code"]),
        (&["client_credentials"], &["code"]),
        (&["authorization_code", "implicit"], &["code"]),
    ] {
        assert_eq!(refused(&world, kinds(grants, responses)), "invalid_client_metadata", "{grants:?} {responses:?}");
    }
    assert_eq!(refused(&world, set("response_types", json!(["token"]))), "invalid_client_metadata");
}

// §2.2 Human-Readable Client Metadata

/// "implementations SHOULD interpret the language tag values supplied in a case insensitive manner".
#[test]
fn names_in_other_languages_are_found_by_their_tags() {
    let world = registering();
    let client = Managed::new(&world, set("logo_uri#fr-CA", json!("https://client.example.org/fr.png")));
    let registration = client.record(&world).registration.unwrap();
    assert_eq!(registration.in_language("client_name", "JA-jpan-jp"), metadata()["client_name#ja-Jpan-JP"].as_str());
    assert_eq!(registration.in_language("logo_uri", "fr-ca"), Some("https://client.example.org/fr.png"));
    assert_eq!((registration.in_language("logo_uri", "fr"), registration.in_language("client", "x")), (None, None));
    for wrong in [
        set("client_name#JA-JPAN-JP", json!("twice")),
        set("client_name#fr", json!(7)),
        set("client_name#fr", json!("a\u{202e}b")),
        set("logo_uri#fr", json!("http://client.example.org/fr.png")),
    ] {
        assert_eq!(refused(&world, wrong), "invalid_client_metadata");
    }
}

// §2.3 Software Statement

/// §3.2.2: `unapproved_software_statement`, `invalid_software_statement`.
#[test]
fn software_statements_are_refused_by_name() {
    let world = registering();
    let statement = "eyJhbGciOiJSUzI1NiJ9.eyJzb2Z0d2FyZV9pZCI6IjROUkIxIn0.GHfL4QNIrQwL18BSRdE595T9jbzqa06R9BT8w409x9oI";
    assert_eq!(refused(&world, set("software_statement", json!(statement))), "unapproved_software_statement");
    assert_eq!(refused(&world, set("software_statement", json!({}))), "invalid_software_statement");
    assert_eq!(register(&world, set("software_statement", json!(null))).status(), 201);
}

// §3 Client Registration Endpoint

/// "The client registration endpoint MUST accept HTTP POST messages with request parameters encoded in the entity body
/// using the "application/json" format."
#[test]
fn the_endpoint_takes_json_by_post() {
    let world = registering();
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        let mut request = request(metadata());
        request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        assert_eq!(register_by(&world, &request).status(), 201);
    }
    let mut form = request(metadata());
    form.headers_mut().insert(header::CONTENT_TYPE, FORM.parse().unwrap());
    let reply = register_by(&world, &form);
    assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_client_metadata"));
    for body in ["", "null", "[]", "{", "\"a\"", "{\"client_name\":\"a\",\"client_name\":\"b\"}", "{}x", "\u{feff}{}"] {
        let reply = register_by(&world, &request(body));
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_client_metadata"), "{body}");
    }
    let mut not_utf8 = request("");
    *not_utf8.body_mut() = b"{\"client_name\":\"\xFF\"}".to_vec();
    assert_eq!(register_by(&world, &not_utf8).error(), "invalid_client_metadata");
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let mut request = request(metadata());
        *request.method_mut() = method;
        let reply = register_by(&world, &request);
        assert_eq!((reply.status(), reply.header("allow")), (405, Some("POST")));
    }
}

#[test]
fn an_endpoint_that_is_not_configured_does_not_exist() {
    let world = World::new();
    let reply = register(&world, metadata());
    assert_eq!((reply.status(), world.server.config().metadata().registration_endpoint), (404, None));
    let with = registering();
    assert_eq!(with.server.config().metadata().registration_endpoint.unwrap().as_str(), REGISTER);
}

/// "it MAY accept an initial access token in the form of an OAuth 2.0 access token to limit registration to only
/// previously authorized parties."
#[test]
fn an_initial_access_token_lets_in_and_vouches() {
    let world = with_tokens();
    let reply = register_by(&world, &as_bearer(request(metadata()), INITIAL));
    let client = Managed::of(&reply);
    assert!(!client.record(&world).is_self_registered());
    assert_eq!(client.record(&world).purgeable_since(), None);
    let without = register(&world, metadata());
    assert_eq!((without.status(), without.header("www-authenticate")), (401, Some("Bearer realm=\"registration\"")));
    for wrong in ["wrong", &client.token] {
        let reply = register_by(&world, &as_bearer(request(metadata()), wrong));
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(reply.status() == 401 && challenge.contains("error=\"invalid_token\""), "{reply:?}");
        assert_eq!(reply.error(), "invalid_token");
    }
    let mut two = as_bearer(request(metadata()), INITIAL);
    two.headers_mut().append(header::AUTHORIZATION, format!("Bearer {INITIAL}").parse().unwrap());
    let reply = register_by(&world, &two);
    assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"));
    // Nobody learns what is wrong with the metadata before.
    assert_eq!(register(&world, json!({})).status(), 401);
}

/// "the client registration endpoint SHOULD allow registration requests with no authorization (which is to say, with no
/// initial access token in the request)."
#[test]
fn an_open_endpoint_lets_everybody_in_and_remembers_that_nobody_vouched() {
    let world = registering();
    for request in [request(metadata()), as_bearer(request(metadata()), "anything")] {
        let client = Managed::of(&register_by(&world, &request));
        assert_eq!(client.record(&world).purgeable_since(), Some(grantor::Timestamp(NOW)));
    }
}

// §3.2.1 Client Information Response

/// "The successful registration response uses an HTTP 201 Created status code with a body of type "application/json"".
/// "If issued, this MUST be unique for each "client_id"". "REQUIRED if "client_secret" is issued. Time at which the
/// client secret will expire or 0 if it will not expire." "It SHOULD NOT be currently valid for any other registered
/// client".
#[test]
fn the_response_has_a_new_identifier_and_a_secret_that_is_shown_once() {
    let world = registering();
    let reply = register(&world, metadata());
    assert_eq!((reply.status(), reply.header("content-type")), (201, Some("application/json")));
    let (client, other) = (Managed::of(&reply), Managed::new(&world, metadata()));
    let secret = client.client_secret.clone().unwrap();
    assert_eq!((secret.len(), client.token.len(), client.client_id.len()), (43, 43, 22), "256 and 128 bits");
    assert_eq!(client.information["client_secret_expires_at"], 0);
    assert_eq!(client.information["client_id_issued_at"], NOW);
    assert_eq!(client.uri, format!("{REGISTER}/{}", client.client_id));
    let texts = |it: &Managed| [it.client_id.clone(), it.client_secret.clone().unwrap(), it.token.clone()];
    assert!(texts(&client).iter().all(|text| !texts(&other).contains(text)));
    assert_eq!(client.read(&world).member("client_secret"), None);
    let stored = serde_json::to_string(&client.record(&world)).unwrap();
    assert!(!stored.contains(&secret) && !stored.contains(&client.token), "{stored}");
}

/// What is registered works.
#[test]
fn a_registered_client_goes_through_the_code_flow() {
    let world = registering();
    let client = Managed::new(&world, set("grant_types", json!(["authorization_code", "refresh_token"])));
    let redirect_uri = "https://client.example.org/callback2";
    let of_client = |request: Params| request.set("client_id", &client.client_id).set("redirect_uri", redirect_uri);
    let code = world.code(of_client(authorize()));
    let header = basic(&client.client_id, client.client_secret.as_ref().unwrap());
    let reply = world.token_by(&post_as(&header, of_client(exchange(&code)).without("client_id")));
    let (_, refresh_token) = reply.tokens();
    let again = world.token_by(&post_as(&header, refresh(&refresh_token).without("client_id")));
    assert_eq!(again.status(), 200);
    // The secret stands where it was registered to stand.
    let in_the_body = exchange(&code).set("client_id", &client.client_id);
    let reply = world.token(in_the_body.set("client_secret", client.client_secret.as_ref().unwrap()));
    assert_eq!(reply.error(), "invalid_client");
}

// §3.2.2 Client Registration Error Response

/// "the authorization server returns an HTTP 400 status code (unless otherwise specified)". "Human-readable ASCII text
/// description of the error used for debugging."
#[test]
fn each_error_is_told_with_its_code_and_nothing_of_the_request() {
    let world = registering();
    let marked = "x-marked-x";
    for (metadata, code) in [
        (set("redirect_uris", json!([format!("javascript:{marked}")])), "invalid_redirect_uri"),
        (set("scope", json!(marked)), "invalid_client_metadata"),
        (set("client_name", json!(format!("{marked}\u{0}"))), "invalid_client_metadata"),
        (set("client_name", json!(marked.repeat(30))), "invalid_client_metadata"),
        (set("client_name", json!([marked])), "invalid_client_metadata"),
        (set("token_endpoint_auth_method", json!(marked)), "invalid_client_metadata"),
        (set("policy_uri", json!(format!("ftp://{marked}.example"))), "invalid_client_metadata"),
        (set("contacts", json!(marked)), "invalid_client_metadata"),
        (set("contacts", json!(vec![marked; 33])), "invalid_client_metadata"),
        (set("software_id", json!({ marked: 1 })), "invalid_client_metadata"),
    ] {
        let reply = register(&world, metadata);
        assert_eq!((reply.status(), reply.error().as_str()), (400, code), "{reply:?}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert!(reply.member("error_description").is_some() && !reply.body().contains(marked), "{reply:?}");
    }
    let at_most = "x".repeat(MAX_REGISTRATION_LEN + 1);
    assert_eq!(register(&world, set("unknown", json!(at_most))).status(), 413);
}

#[test]
fn an_outage_registers_nobody() {
    let world = registering().with_outage(At::Commit, Some(7));
    let reply = register(&world, metadata());
    assert_eq!((reply.status(), reply.error().as_str()), (503, "temporarily_unavailable"));
    assert_eq!((reply.header("retry-after"), reply.member("client_secret")), (Some("7"), None));
}

// §5 Security Considerations; the host's word is in rfc7591_host.rs

/// "The authorization server SHOULD check to see if the "logo_uri", "tos_uri", "client_uri", and "policy_uri" have the
/// same host and scheme as the those defined in the array of "redirect_uris"".
#[test]
fn pages_of_other_hosts_are_refused_where_the_server_says_so() {
    let elsewhere = || set("policy_uri", json!("https://elsewhere.example/policy"));
    assert_eq!(register(&registering(), elsewhere()).status(), 201);
    let strict = registering().with(|config| config.registration.as_mut().unwrap().require_same_host = true);
    assert_eq!(refused(&strict, elsewhere()), "invalid_client_metadata");
    let localized = set("tos_uri#fr", json!("https://elsewhere.example/"));
    assert_eq!(refused(&strict, localized), "invalid_client_metadata");
    assert_eq!(register(&strict, set("policy_uri", json!("https://CLIENT.example.org:8443/policy"))).status(), 201);
    let native = set("redirect_uris", json!(["com.example.app:/cb"]));
    assert_eq!(refused(&strict, native), "invalid_client_metadata");
}

/// RFC 9700 §4.11.2: "The authorization server SHOULD only automatically redirect the user agent if it trusts the
/// redirect URI."
#[test]
fn nobody_is_sent_to_a_client_that_registered_itself_by_a_wrong_request() {
    let wrong = |world: &World, client: &Managed| {
        let request = authorize().set("client_id", &client.client_id).set("scope", "admin");
        world.authorize(request.set("redirect_uri", "https://client.example.org/callback"))
    };
    let world = registering();
    let client = Managed::new(&world, metadata());
    match wrong(&world, &client) {
        AuthorizeReply::Respond(response) => {
            assert!(matches!(response.event(), Event::PageRefused { .. }));
            let error = response.page_error().unwrap();
            assert_eq!(error.code(), "invalid_scope");
            assert!(error.description().contains("scope"), "{}", error.description());
            assert!(Reply::of(response.into_http()).is_page());
        }
        other => panic!("{other:?}"),
    }
    // With an initial access token, somebody knows whose client it is: it is told, after the login.
    let world = with_tokens();
    let client = Managed::of(&register_by(&world, &as_bearer(request(metadata()), INITIAL)));
    assert!(matches!(wrong(&world, &client), AuthorizeReply::Refuse(_)));
}

#[test]
fn events_say_who_registered_and_why_not() {
    let world = registering();
    let event = |world: &World, metadata| world.server.register(&request(metadata), world.moment()).run(world).event();
    let registered = event(&world, metadata());
    assert_eq!(registered.name(), "registered");
    assert_eq!(serde_json::to_value(&registered).unwrap()["is_self_registered"], true);
    let refused = serde_json::to_value(event(&world, set("scope", json!("admin")))).unwrap();
    assert_eq!(
        (&refused["event"], &refused["reason"]["error"]),
        (&json!("registration_refused"), &json!("invalid_client_metadata"))
    );
}
