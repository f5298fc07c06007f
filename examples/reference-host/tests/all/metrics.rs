//! What is counted, and whether the process can serve.

use crate::client::Browser;
use crate::process::Running;

#[test]
fn the_metrics_count_what_happened() {
    let host = Running::with(&[]);
    let mut browser = Browser::new(&host.base);
    let code = browser.code();
    assert_eq!(browser.redeem(&code).status, 200);
    assert_eq!(
        browser
            .post(
                "/token",
                &[("grant_type", "client_credentials"), ("client_id", "service"), ("client_secret", "wrong")]
            )
            .status,
        400
    );
    let api = [("token", "x"), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
    assert_eq!(browser.post("/introspect", &api).status, 200);
    let page = browser.get("/metrics");
    assert!(page.header("content-type").starts_with("application/openmetrics-text"), "{page:?}");
    let expected = [
        r#"grantor_http_requests_total{endpoint="token",status="2xx"} 1"#,
        r#"grantor_http_requests_total{endpoint="token",status="4xx"} 1"#,
        r#"grantor_http_requests_total{endpoint="introspect",status="2xx"} 1"#,
        r#"grantor_http_request_seconds_count{endpoint="token"} 2"#,
        r#"grantor_events_total{event="issued"} 1"#,
        r#"grantor_events_total{event="introspected"} 1"#,
        r#"grantor_events_total{event="logged_in"} 1"#,
        r#"grantor_refusals_total{endpoint="token",error="invalid_client",reason="the client secret does not match"} 1"#,
        r#"grantor_store_seconds_count{operation="commit"} 2"#,
        "grantor_log_lines_dropped_total 0",
        "grantor_connections ",
        "grantor_purge_rows_total 0",
    ];
    for line in expected {
        assert!(page.body.contains(line), "{line}:\n{}", page.body);
    }
}

#[test]
fn no_label_holds_what_a_request_made_up() {
    let host = Running::with(&[]);
    let mut browser = Browser::new(&host.base);
    let made_up = "madeup7281";
    let encoded = format!("/{made_up}?{made_up}={made_up}");
    browser.get(&encoded);
    browser.get(&format!("/{made_up}/token"));
    browser.get(&format!("/authorize?client_id={made_up}&response_type={made_up}&redirect_uri={made_up}"));
    let fields = ["grant_type", "client_id", "client_secret", "code", "scope", "resource", "token", "username"];
    for path in ["/token", "/introspect", "/revoke", "/login", "/consent", "/applications/revoke"] {
        browser.post(path, &fields.map(|field| (field, made_up)));
        browser.post(path, &[("client_id", "app"), (made_up, made_up), ("grant_type", made_up)]);
        browser.post(path, &[("client_id", "app"), ("scope", made_up), ("grant_type", "refresh_token")]);
    }
    let page = browser.get("/metrics");
    assert!(!page.body.contains(made_up), "{}", page.body);
    assert!(page.body.contains(r#"grantor_http_requests_total{endpoint="other",status="4xx"} 2"#), "{}", page.body);
}

#[test]
fn a_process_that_serves_is_alive_and_ready() {
    for host in [Running::with(&[]), Running::start("memory")] {
        let mut browser = Browser::new(&host.base);
        assert_eq!((browser.get("/healthz").status, browser.get("/readyz").status), (200, 200));
    }
}

#[test]
fn operations_may_have_an_address_of_their_own() {
    let (host, operations) = Running::with_operations(&[]);
    let (mut strangers, mut operators) = (Browser::new(&host.base), Browser::new(&operations));
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!((strangers.get(path).status, operators.get(path).status), (404, 200), "{path}");
    }
    assert_eq!(operators.get("/token").status, 404);
}
