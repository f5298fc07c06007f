//! RFC 8414: authorization server metadata.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test tells its findings by panicking"
)]

use grantor::Server;
use grantor::model::{CodeChallengeMethod, Endpoint, GrantType, Issuer, ResponseType};
use grantor::server::{Config, Endpoints};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};

fn config(issuer: &str) -> Config {
    Config::new(Issuer::parse(issuer).unwrap())
}

fn metadata(config: Config) -> Value {
    let server = Server::new(config);
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
            "response_modes_supported": ["query"],
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
    config.response_types.push(ResponseType::Token);
    config.grant_types.extend([GrantType::Password, GrantType::parse("urn:example:assertion").unwrap()]);
    config.code_challenge_methods.push(CodeChallengeMethod::Plain);
    let document = metadata(config);
    assert_eq!(document["response_types_supported"], json!(["code", "token"]));
    assert_eq!(document["response_modes_supported"], json!(["query", "fragment"]));
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
    config.endpoints = Endpoints::default();
    config.endpoints.token_endpoint = Some(Endpoint::parse("https://tokens.example/here").unwrap());
    let document = metadata(config);
    let endpoints: Vec<_> = document.as_object().unwrap().keys().filter(|name| name.contains("_endpoint")).collect();
    assert_eq!(endpoints, ["token_endpoint", "token_endpoint_auth_methods_supported"]);
    assert_eq!(document["token_endpoint"], "https://tokens.example/here");
}

#[test]
fn r30_pkce_support_is_detectable() {
    assert_eq!(metadata(config("https://server.example"))["code_challenge_methods_supported"], json!(["S256"]));
}

// §3 Obtaining Authorization Server Metadata

#[test]
fn the_document_is_fetched_with_get() {
    let server = Server::new(config("https://server.example"));
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
