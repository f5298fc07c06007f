//! Clients that register themselves, as mounted: RFC 7591, RFC 7592.

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

use crate::client::{Browser, CALLBACK, VERIFIER};
use crate::process::{CONFIG, Running};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A response: its status and, if it is JSON, its body.
struct Reply(u16, Value);

fn send(host: &Running, method: &str, path: &str, token: Option<&str>, body: &Value) -> Reply {
    let config = Agent::config_builder().http_status_as_error(false).build();
    let request = Request::builder().method(method).uri(format!("{}{path}", host.base));
    let request =
        token.iter().fold(request, |request, token| request.header("authorization", format!("Bearer {token}")));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = request.header("content-type", "application/json").body(body).expect("a request");
    let mut response = config.new_agent().run(request).expect("the host answers");
    let text = response.body_mut().read_to_string().expect("the body is text");
    Reply(response.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
}

fn metadata() -> Value {
    json!({
        "client_name": "Poster <Printer>",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "scope": "read"
    })
}

fn configured(registration: &str) -> Running {
    let settings = format!("[server]\nscopes_supported = \"read write\"\n{registration}\n");
    Running::configured(&CONFIG.replacen("[server]\n", &settings, 1), "memory")
}

/// A registered client: its identifier, its path and its token.
fn register(host: &Running) -> (String, String, String) {
    let Reply(status, client) = send(host, "POST", "/register", None, &metadata());
    assert_eq!(status, 201, "{client}");
    let text = |name: &str| client[name].as_str().expect("a text").to_owned();
    let path = text("registration_client_uri").strip_prefix(&host.base).expect("below the issuer").to_owned();
    (text("client_id"), path, text("registration_access_token"))
}

#[test]
fn without_a_setting_nobody_registers() {
    let host = Running::in_memory();
    assert_eq!(send(&host, "POST", "/register", None, &metadata()).0, 404);
    let document = Browser::new(&host.base).get("/.well-known/oauth-authorization-server").json();
    assert_eq!(document.get("registration_endpoint"), None);
}

#[test]
fn a_client_registers_itself_gets_tokens_and_leaves() {
    let host = configured("registration = \"open\"");
    let (client_id, path, token) = register(&host);
    let mut browser = Browser::new(&host.base);
    let authorize = browser.authorize_as(&client_id, "read");
    let redirect = browser.log_in(&authorize, "alice", "wonderland");
    let location = redirect.header("location").to_owned();
    let consent = browser.get(&location);
    assert!(consent.body.contains("nobody has checked its name"), "{}", consent.body);
    assert!(consent.body.contains("Poster &lt;Printer&gt;") || consent.body.contains("Poster &#60;Printer&#62;"));
    let code = browser.decide(&consent, "approve", &["read"]).redirect("code").expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("client_id", &*client_id),
        ("code_verifier", VERIFIER),
    ];
    let tokens = browser.post("/token", &form).json();
    let (access, refresh) = (tokens["access_token"].as_str(), tokens["refresh_token"].as_str());
    let (access, refresh) = (access.expect("an access token"), refresh.expect("a refresh token"));
    let is_active = || {
        let form = [("token", access), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
        Browser::new(&host.base).post("/introspect", &form).json()["active"] == true
    };
    assert!(is_active());

    let Reply(status, read) = send(&host, "GET", &path, Some(&token), &Value::Null);
    assert_eq!((status, &read["client_name"]), (200, &json!("Poster <Printer>")));
    let mut update = metadata();
    update["client_id"] = json!(client_id);
    update["client_name"] = json!("Postcards");
    let Reply(status, updated) = send(&host, "PUT", &path, Some(&token), &update);
    assert_eq!((status, &updated["client_name"]), (200, &json!("Postcards")));
    assert_eq!(send(&host, "DELETE", &path, Some("wrong"), &Value::Null).0, 401);
    assert_eq!(send(&host, "DELETE", &path, Some(&token), &Value::Null).0, 204);
    assert!(!is_active());
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", &*client_id)];
    assert_eq!(browser.post("/token", &form).json()["error"], "invalid_client");
    assert_eq!(send(&host, "GET", &path, Some(&token), &Value::Null).0, 401);
    assert_eq!(browser.authorize_as(&client_id, "read").status, 400);
}

/// RFC 9700 §4.11.2: nobody is sent away by a request that is wrong on purpose.
#[test]
fn a_wrong_request_of_a_client_that_registered_itself_ends_on_a_page() {
    let host = configured("registration = \"open\"");
    let (client_id, ..) = register(&host);
    let page = Browser::new(&host.base).authorize_as(&client_id, "admin");
    assert_eq!((page.status, page.header("location")), (400, ""));
    assert!(page.body.contains("the scope is malformed or exceeds"), "{}", page.body);
}

#[test]
fn an_initial_access_token_is_asked_for_where_it_is_configured() {
    let host = configured(&format!("registration = \"token\"\nregistration_tokens = [\"{TOKEN}\"]"));
    for (token, status) in [(None, 401), (Some("wrong"), 401), (Some(TOKEN), 201)] {
        assert_eq!(send(&host, "POST", "/register", token, &metadata()).0, status);
    }
}

#[test]
fn whoever_registers_too_many_clients_waits() {
    let host = configured("registration = \"open\"");
    let statuses: Vec<_> = (0..25).map(|_| send(&host, "POST", "/register", None, &metadata()).0).collect();
    let (free, others) = statuses.split_at(20);
    assert!(free.iter().all(|status| *status == 201), "{statuses:?}");
    // The next one is free too; it begins the wait.
    assert!(others.iter().skip(1).all(|status| *status == 429), "{statuses:?}");
}

#[test]
fn a_body_of_64_kib_is_refused() {
    let host = configured("registration = \"open\"");
    for len in [17 * 1024, 64 * 1024, 100 * 1024] {
        let mut long = metadata();
        long["client_name"] = json!("a".repeat(len));
        let Reply(status, error) = send(&host, "POST", "/register", None, &long);
        assert_eq!((status, &error["error"]), (413, &json!("invalid_client_metadata")));
    }
}
