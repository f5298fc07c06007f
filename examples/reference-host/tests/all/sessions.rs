//! Sessions and the forms that belong to them.

use crate::client::{Browser, CALLBACK};
use crate::process::Running;

#[test]
fn the_whole_flow_leads_to_tokens_and_refreshes() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let consent = browser.consent_page();
    assert!(consent.body.contains("Photo &#60;Printer&#62;") && consent.body.contains("Alice"), "{}", consent.body);
    assert!(consent.body.contains(CALLBACK));
    let page = browser.decide(&consent, "approve", &["read", "admin"]);
    let tokens = browser.redeem(&page.redirect("code").expect("a code"));
    assert_eq!(tokens.status, 200);
    assert_eq!(tokens.json()["scope"], "read", "what is unticked or made up is not granted");
    let refresh_token = tokens.json()["refresh_token"].as_str().expect("a refresh token").to_owned();
    assert_eq!(browser.refresh(&refresh_token).status, 200);
}

#[test]
fn a_person_may_deny_and_unticking_everything_is_denying() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let consent = browser.consent_page();
    let denied = browser.decide(&consent, "deny", &["read"]);
    assert_eq!(denied.redirect("error").as_deref(), Some("access_denied"));
    let consent = browser.authorize();
    let denied = browser.decide(&consent, "approve", &[]);
    assert_eq!(denied.redirect("error").as_deref(), Some("access_denied"));
}

#[test]
fn both_forms_refuse_a_csrf_token_of_another_session() {
    let host = Running::in_memory();
    let (mut browser, mut other) = (Browser::new(&host.base), Browser::new(&host.base));
    let (login, others) = (browser.authorize(), other.authorize());
    for csrf in ["", &*others.field("csrf")] {
        let request = login.field("request");
        let form = [("csrf", csrf), ("request", &request), ("username", "alice"), ("password", "wonderland")];
        let page = browser.post("/login", &form);
        assert_eq!((page.status, page.header("location"), page.header("set-cookie")), (403, "", ""));
    }
    let consent = browser.consent_page();
    for csrf in ["", &*others.field("csrf"), &*login.field("csrf")] {
        let request = consent.field("request");
        let form = [("csrf", csrf), ("request", &request), ("decision", "approve"), ("scope", "read")];
        let page = browser.post("/consent", &form);
        assert_eq!((page.status, page.header("location")), (403, ""));
    }
    assert_eq!(browser.decide(&consent, "approve", &["read"]).status, 303, "the request still waits");
}

#[test]
fn the_session_has_a_new_name_after_the_login() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let login = browser.authorize();
    assert!(login.header("set-cookie").ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{login:?}");
    let planted = browser.cookies.clone();
    let redirect = browser.log_in(&login, "alice", "wonderland");
    assert_ne!(planted, browser.cookies);
    let location = redirect.header("location").to_owned();
    let mut attacker = Browser::new(&host.base);
    attacker.cookies = planted;
    assert_eq!(attacker.get(&location).status, 410);
}

#[test]
fn two_tabs_are_answered_each_once() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let first = browser.consent_page();
    let second = browser.authorize();
    assert_ne!(first.field("request"), second.field("request"));
    assert!(browser.decide(&first, "approve", &["read"]).redirect("code").is_some());
    assert!(browser.decide(&second, "approve", &["read"]).redirect("code").is_some());
    let again = browser.decide(&first, "deny", &[]);
    assert_eq!((again.status, again.header("location")), (410, ""));
    assert!(again.body.contains("answered already"));
}

#[test]
fn one_browser_cannot_leave_any_number_of_requests_unanswered() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let first = browser.consent_page();
    for _ in 0..16 {
        browser.authorize();
    }
    assert_eq!(browser.decide(&first, "approve", &["read"]).status, 410);
}

#[test]
fn a_decision_that_is_neither_changes_nothing() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let consent = browser.consent_page();
    assert_eq!(browser.decide(&consent, "", &["read"]).status, 400);
    assert_eq!(browser.decide(&consent, "approve", &["\""]).status, 400);
    assert_eq!(browser.decide(&consent, "approve", &["read"]).status, 303);
}

#[test]
fn a_request_that_cannot_be_answered_is_told_to_the_person() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let cases = [
        ("/authorize", 400, "which application"),
        ("/authorize?client_id=nobody", 400, "not known here"),
        ("/authorize?client_id=app&redirect_uri=https://evil.example/", 400, "registered"),
        ("/consent?request=none", 410, "answered already"),
        ("/none", 404, "nothing at this address"),
    ];
    for (path, status, told) in cases {
        let page = browser.get(path);
        assert_eq!((page.status, page.header("location")), (status, ""), "{path}");
        assert!(page.body.contains(told) && page.body.contains("<h1>"), "{}", page.body);
    }
    assert_eq!(browser.get("/login").status, 405);
    assert_eq!(browser.get("/token").status, 405);
    let long = "x".repeat(70_000);
    for path in ["/token", "/introspect", "/revoke"] {
        let refused = browser.post(path, &[("grant_type", &long)]);
        assert_eq!((refused.status, refused.json()["error"].as_str()), (413, Some("invalid_request")), "{path}");
    }
    let page = browser.post("/authorize", &[("state", &long)]);
    assert!(page.status == 413 && page.body.contains("<h1>"), "{page:?}");
}
