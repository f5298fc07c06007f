//! Pushed authorization requests (RFC 9126) and response modes, as mounted.

use form_urlencoded::Serializer;

use crate::client::{Browser, CALLBACK, Page, authorize_form, authorize_path};
use crate::process::{CONFIG, Running};

fn host(pushing: &str) -> Running {
    let setting = format!("[server]\npushed_authorization_requests = \"{pushing}\"");
    Running::configured(&CONFIG.replacen("[server]", &setting, 1), "memory")
}

fn push(browser: &mut Browser) -> Page {
    browser.post("/par", &authorize_form())
}

fn path_of(pushed: &Page) -> String {
    let reference = pushed.json()["request_uri"].as_str().expect("a request_uri").to_owned();
    let query = [("client_id", "app"), ("request_uri", &reference)];
    Serializer::new("/authorize?".to_owned()).extend_pairs(query).finish()
}

#[test]
fn a_request_is_pushed_opened_twice_and_decided_once() {
    for pushing in ["allowed", "required"] {
        let host = host(pushing);
        let mut browser = Browser::new(&host.base);
        let metadata = browser.get("/.well-known/oauth-authorization-server").json();
        assert_eq!(metadata["pushed_authorization_request_endpoint"], format!("{}/par", host.base));
        assert_eq!(
            metadata["require_pushed_authorization_requests"].as_bool(),
            (pushing == "required").then_some(true)
        );
        let pushed = push(&mut browser);
        assert_eq!((pushed.status, pushed.header("cache-control")), (201, "no-store"));
        let path = path_of(&pushed);
        let login = browser.get(&path);
        assert_eq!(browser.get(&path).status, 200, "the page is loaded again");
        let redirect = browser.log_in(&login, "alice", "wonderland");
        let consent = browser.get(redirect.header("location"));
        let answer = browser.decide(&consent, "approve", &["read"]);
        assert_eq!(answer.redirect("state").as_deref(), Some("xyz"));
        assert_eq!(browser.redeem(&answer.redirect("code").expect("a code")).status, 200);
        let again = browser.get(&path);
        assert_eq!((again.status, again.header("location")), (400, ""));
    }
}

#[test]
fn a_denial_spends_it_too() {
    let host = host("allowed");
    let mut browser = Browser::new(&host.base);
    let path = path_of(&push(&mut browser));
    let login = browser.get(&path);
    let redirect = browser.log_in(&login, "alice", "wonderland");
    let consent = browser.get(redirect.header("location"));
    assert_eq!(browser.decide(&consent, "deny", &[]).redirect("error").as_deref(), Some("access_denied"));
    assert_eq!(browser.get(&path).status, 400);
}

#[test]
fn whoever_must_push_is_refused_in_the_browser() {
    let of_client = "scope = \"read write\"\nrequire_pushed_authorization_requests = true";
    let of_client = CONFIG.replacen("scope = \"read write\"", of_client, 1);
    let of_client = of_client.replacen("[server]", "[server]\npushed_authorization_requests = \"allowed\"", 1);
    for host in [host("required"), Running::configured(&of_client, "memory")] {
        let mut browser = Browser::new(&host.base);
        let login = browser.get(&authorize_path());
        let redirect = browser.log_in(&login, "alice", "wonderland");
        let refused = browser.get(redirect.header("location"));
        assert!(refused.header("location").starts_with(CALLBACK), "{refused:?}");
        assert_eq!(refused.redirect("error").as_deref(), Some("invalid_request"));
        assert_eq!(push(&mut browser).status, 201);
    }
}

#[test]
fn without_a_word_in_the_configuration_there_is_no_such_endpoint() {
    for host in [host("off"), Running::in_memory()] {
        let mut browser = Browser::new(&host.base);
        assert_eq!(push(&mut browser).status, 404);
        let metadata = browser.get("/.well-known/oauth-authorization-server").json();
        assert!(metadata.get("pushed_authorization_request_endpoint").is_none());
    }
}

#[test]
fn the_demo_takes_pushed_requests_and_scripts_may_push() {
    let (host, _) = Running::demo();
    let metadata = Browser::new(&host.base).get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["pushed_authorization_request_endpoint"], format!("{}/par", host.base));
    let preflight = ureq::options(format!("{}/par", host.base)).header("origin", "https://spa.example");
    let preflight = preflight.header("access-control-request-method", "POST").call().expect("the host answers");
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
}

#[test]
fn guessing_a_client_secret_has_to_wait_here_too() {
    let host = host("allowed");
    let mut browser = Browser::new(&host.base);
    let guess = [("client_id", "service"), ("client_secret", "guess")];
    let statuses: Vec<_> = (0..40).map(|_| browser.post("/par", &guess).status).collect();
    assert!(statuses.contains(&400) && statuses.last() == Some(&429), "{statuses:?}");
}

/// The page is grantor's, with its own policy, and nothing of the host's is laid over it.
#[test]
fn a_response_is_posted_if_the_client_asks_for_that() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let login = browser.get(&format!("{}&response_mode=form_post", authorize_path()));
    let redirect = browser.log_in(&login, "alice", "wonderland");
    let consent = browser.get(redirect.header("location"));
    let page = browser.decide(&consent, "approve", &["read"]);
    assert_eq!((page.status, page.header("location"), page.header("cache-control")), (200, "", "no-store"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("form-action"), "{policy}");
    assert!(page.body.contains(&format!("<form method=\"post\" action=\"{CALLBACK}\">")), "{}", page.body);
    assert_eq!((page.field("state").as_str(), page.field("iss")), ("xyz", host.base.clone()));
    // The button that is pressed twice leads to the same page.
    let code = page.field("code");
    assert_eq!(browser.decide(&consent, "approve", &["read"]).field("code"), code);
    assert_eq!(browser.redeem(&code).status, 200);
}
