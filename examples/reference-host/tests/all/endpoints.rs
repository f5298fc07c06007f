//! The endpoints for clients and resource servers, as mounted: metadata, introspection, revocation.

use serde_json::json;

use crate::client::Browser;
use crate::process::Running;

#[test]
fn the_metadata_names_endpoints_that_are_there() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let page = browser.get("/.well-known/oauth-authorization-server");
    assert_eq!((page.status, page.header("content-type")), (200, "application/json"));
    let metadata = page.json();
    assert_eq!(metadata["issuer"], host.base);
    for endpoint in ["authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
        let url = metadata[endpoint].as_str().expect("a URL");
        let path = url.strip_prefix(&host.base).expect("below the issuer");
        assert_ne!(browser.get(path).status, 404, "{endpoint}");
    }
}

#[test]
fn a_resource_server_learns_of_a_token_until_its_client_revokes_it() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let code = browser.code();
    let tokens = browser.redeem(&code).json();
    let (access, refresh) = (tokens["access_token"].as_str(), tokens["refresh_token"].as_str());
    let access = access.expect("an access token");
    let introspect = |token: &str| {
        let form = [("token", token), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
        Browser::new(&host.base).post("/introspect", &form).json()
    };
    let answer = introspect(access);
    assert_eq!((&answer["active"], &answer["sub"]), (&json!(true), &json!("user-1")));
    let form = [("token", refresh.expect("a refresh token")), ("client_id", "app")];
    assert_eq!(browser.post("/revoke", &form).status, 200);
    assert_eq!(introspect(access), json!({ "active": false }));
}

#[test]
fn r42_guessing_a_client_secret_has_to_wait_at_every_endpoint() {
    let host = Running::in_memory();
    let mut client = Browser::new(&host.base);
    for _ in 0..10 {
        for (path, status) in [("/introspect", 401), ("/revoke", 400)] {
            let form = [("token", "x"), ("client_id", "api"), ("client_secret", "guess")];
            assert_eq!(client.post(path, &form).status, status);
        }
    }
    for path in ["/introspect", "/revoke", "/token"] {
        let form = [("token", "x"), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
        assert_eq!(client.post(path, &form).status, 429);
    }
}

#[test]
fn an_issuer_with_a_path_has_its_metadata_where_rfc_8414_says_and_endpoints_that_are_there() {
    let mut command = crate::process::command();
    let child = command.args(["--issuer", "https://tenants.example/one", "--store", "memory"]).spawn();
    let (host, _) = Running::wait(child.expect("it starts"), tempfile::tempdir().expect("a directory"));
    let mut browser = Browser::new(&host.base);
    // Not all clients look there.
    for place in [
        "/.well-known/oauth-authorization-server/one",
        "/.well-known/oauth-authorization-server/one/",
        "/one/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration/one",
        "/one/.well-known/openid-configuration",
    ] {
        let metadata = browser.get(place).json();
        assert_eq!(metadata["issuer"], "https://tenants.example/one", "{place}");
        assert_eq!(metadata["token_endpoint"], "https://tenants.example/one/token", "{place}");
    }
    assert_eq!(browser.get("/.well-known/oauth-authorization-server").status, 404);
}

/// A client that lives in a browser: OAuth 2.1 §3.2.
#[test]
fn scripts_of_other_origins_may_ask_where_clients_ask() {
    let host = Running::in_memory();
    for path in ["/token", "/revoke", "/.well-known/oauth-authorization-server"] {
        let preflight = ureq::options(format!("{}{path}", host.base)).header("origin", "https://spa.example");
        let preflight = preflight.header("access-control-request-method", "POST");
        let preflight = preflight.header("access-control-request-headers", "authorization,mcp-protocol-version");
        let response = preflight.call().expect("the host answers");
        assert_eq!(response.status(), 204, "{path}");
        assert_eq!(response.headers()["access-control-allow-origin"], "*", "{path}");
    }
    let refused = ureq::post(format!("{}/token", host.base)).header("origin", "https://spa.example");
    let refused = refused.config().http_status_as_error(false).build().send_form([("grant_type", "x")]);
    let refused = refused.expect("the host answers");
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["access-control-allow-origin"]),
        (400, &"*".parse().unwrap())
    );
}
