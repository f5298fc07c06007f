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
    let cookie = login.header("set-cookie");
    assert!(cookie.starts_with("grantor-") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{login:?}");
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
fn two_tabs_at_the_login_page_lead_to_two_answers() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let tabs = [browser.authorize(), browser.authorize()];
    // Each logs in before either is answered.
    let tabs = tabs.map(|login| browser.log_in(&login, "alice", "wonderland"));
    let tabs = tabs.map(|redirect| browser.get(redirect.header("location")));
    for consent in tabs {
        assert!(browser.decide(&consent, "approve", &["read"]).redirect("code").is_some(), "{consent:?}");
    }
}

#[test]
fn two_first_pages_at_once_cost_a_second_try_and_no_more() {
    let host = Running::in_memory();
    let (mut browser, mut other_tab) = (Browser::new(&host.base), Browser::new(&host.base));
    let first = browser.authorize();
    other_tab.authorize();
    // The second page's cookie has replaced the first one's.
    browser.cookies.clone_from(&other_tab.cookies);
    let asked_again = browser.log_in(&first, "alice", "wonderland");
    assert_eq!((asked_again.status, asked_again.header("set-cookie")), (403, ""));
    assert!(asked_again.body.contains("Photo &#60;Printer&#62;"), "{}", asked_again.body);
    let redirect = browser.log_in(&asked_again, "alice", "wonderland");
    assert_eq!(browser.get(redirect.header("location")).status, 200);
}

#[test]
fn r107_one_person_has_so_many_sessions_and_nobody_else_has_fewer() {
    let directory = tempfile::tempdir().expect("a directory");
    for host in [Running::in_memory(), Running::on_file(&directory.path().join("store.sqlite"))] {
        let mut bob = Browser::new(&host.base);
        let login = bob.get("/applications");
        bob.log_in(&login, "bob", "builder");
        let mut browsers: Vec<_> = (0..22).map(|_| Browser::new(&host.base)).collect();
        for browser in &mut browsers {
            browser.consent_page();
        }
        let is_logged_in = |browser: &mut Browser| browser.get("/applications").body.contains("You are logged in");
        let logged_in: Vec<_> = browsers.iter_mut().map(is_logged_in).collect();
        assert_eq!(logged_in, [vec![false; 2], vec![true; 20]].concat(), "the first to begin end first");
        assert!(is_logged_in(&mut bob));
        // Whoever has not logged in has no session that could be lost.
        let login = Browser::new(&host.base).authorize();
        assert!(login.body.contains("name=\"password\""));
    }
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
