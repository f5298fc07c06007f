//! Buttons that are pressed twice, pages that are loaded again, and what a restart leaves.

use std::thread;

use crate::client::{Browser, CALLBACK, Page, authorize_path};
use crate::process::Running;

/// The same form, twice at once.
fn at_once(host: &Running, browser: &Browser, press: impl Fn(&mut Browser) -> Page + Sync) -> [Page; 2] {
    let press = || {
        let mut browser = browser.in_another_tab(&host.base);
        press(&mut browser)
    };
    thread::scope(|scope| [scope.spawn(press), scope.spawn(press)].map(|tab| tab.join().expect("it answers")))
}

fn hosts(directory: &tempfile::TempDir) -> [Running; 2] {
    [Running::in_memory(), Running::on_file(&directory.path().join("store.sqlite"))]
}

#[test]
fn r106_a_decision_that_is_sent_twice_is_made_once_and_leads_to_the_same_place() {
    let directory = tempfile::tempdir().expect("a directory");
    for host in hosts(&directory) {
        for (decision, parameter) in [("approve", "code"), ("deny", "error")] {
            let mut browser = Browser::new(&host.base);
            let consent = browser.consent_page();
            let both = at_once(&host, &browser, |browser| browser.decide(&consent, decision, &["read"]));
            let third = browser.decide(&consent, decision, &["read"]);
            for page in &both {
                assert_eq!((page.status, page.header("location")), (303, third.header("location")));
            }
            assert!(third.redirect(parameter).is_some() && third.header("location").starts_with(CALLBACK));
            // Another decision comes too late, and so does the page itself.
            let other = if decision == "approve" { "deny" } else { "approve" };
            assert_eq!(browser.decide(&consent, other, &["read"]).status, 410);
            assert_eq!(browser.decide(&consent, "approve", &["read", "write"]).status, 410);
            let path = format!("/consent?request={}", consent.field("request"));
            assert_eq!(browser.get(&path).status, 410);
            if let Some(code) = third.redirect("code") {
                assert_eq!(browser.redeem(&code).status, 200);
                assert_eq!(browser.decide(&consent, decision, &["read"]).header("location"), third.header("location"));
            }
        }
    }
}

#[test]
fn r106_two_decisions_at_once_are_one() {
    let host = Running::in_memory();
    for _ in 0..20 {
        let mut browser = Browser::new(&host.base);
        let consent = browser.consent_page();
        let scopes = [&["read"][..], &["read", "write"]];
        let pages = thread::scope(|scope| {
            scopes
                .map(|ticked| {
                    let mut tab = browser.in_another_tab(&host.base);
                    let consent = &consent;
                    scope.spawn(move || tab.decide(consent, "approve", ticked))
                })
                .map(|tab| tab.join().expect("it answers"))
        });
        let mut told = pages.map(|page| page.status);
        told.sort_unstable();
        assert_eq!(told, [303, 410]);
    }
}

#[test]
fn a_login_that_is_sent_twice_leads_on() {
    let directory = tempfile::tempdir().expect("a directory");
    for host in hosts(&directory) {
        let mut browser = Browser::new(&host.base);
        let login = browser.authorize();
        for redirect in at_once(&host, &browser, |browser| browser.log_in(&login, "alice", "wonderland")) {
            assert_eq!(redirect.status, 303, "{redirect:?}");
        }
        // One after the other: the browser follows the last, with the cookies of both.
        let first = browser.log_in(&login, "alice", "wonderland");
        let last = browser.log_in(&login, "alice", "wonderland");
        for redirect in [last, first] {
            let consent = browser.get(redirect.header("location"));
            assert!(browser.decide(&consent, "approve", &["read"]).redirect("code").is_some(), "{consent:?}");
        }
    }
}

#[test]
fn a_log_out_and_a_revocation_that_are_sent_twice_are_done() {
    let directory = tempfile::tempdir().expect("a directory");
    for host in hosts(&directory) {
        let mut browser = Browser::new(&host.base);
        let code = browser.code();
        let refresh_token = browser.redeem(&code).json()["refresh_token"].as_str().expect("a token").to_owned();
        let page = browser.get("/applications");
        let csrf = page.field("csrf");
        let form = [("csrf", &*csrf), ("client_id", "app")];
        for page in at_once(&host, &browser, |browser| browser.post("/applications/revoke", &form)) {
            assert_eq!((page.status, page.header("location")), (303, "/applications"));
        }
        assert_eq!(browser.refresh(&refresh_token).status, 400);
        let log_out = |browser: &mut Browser| browser.post("/applications/log-out", &[("csrf", &csrf)]);
        for page in at_once(&host, &browser, log_out) {
            assert_eq!((page.status, page.header("location")), (303, "/"));
        }
        assert_eq!(log_out(&mut browser).header("location"), "/");
        assert!(browser.get("/applications").body.contains("name=\"password\""));
    }
}

#[test]
fn a_page_that_is_loaded_again_is_the_same_page() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let login = browser.authorize();
    let redirect = browser.log_in(&login, "alice", "wonderland");
    let path = redirect.header("location").to_owned();
    let [first, again] = [browser.get(&path), browser.get(&path)];
    assert_eq!(first.field("request"), again.field("request"));
    assert!(browser.decide(&first, "approve", &["read"]).redirect("code").is_some());
    assert_eq!(browser.decide(&again, "deny", &[]).status, 410, "they are one request");
    // The person goes back to the link itself: that is a request of its own.
    let consent = browser.get(&authorize_path());
    assert!(browser.decide(&consent, "approve", &["read"]).redirect("code").is_some());
}

#[test]
fn r107_a_restart_on_the_file_leaves_people_logged_in_and_their_pages_open() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("store.sqlite");
    let host = Running::on_file(&file);
    let (issuer, listen) = (host.base.clone(), host.base.replace("http://", ""));
    let (mut browser, mut stranger) = (Browser::new(&host.base), Browser::new(&host.base));
    let consent = browser.consent_page();
    let login = stranger.authorize();
    drop(host); // kill -9
    let host = Running::on_file_as(&file, &listen, &issuer);
    assert_eq!(host.base, issuer);
    let page = browser.decide(&consent, "approve", &["read"]);
    assert_eq!(browser.redeem(&page.redirect("code").expect("a code")).status, 200);
    assert!(browser.get("/applications").body.contains("<strong>Alice</strong>"));
    let redirect = stranger.log_in(&login, "bob", "builder");
    assert_eq!(stranger.get(redirect.header("location")).status, 200);
    // Who logged out stays out.
    let csrf = browser.get("/applications").field("csrf");
    browser.post("/applications/log-out", &[("csrf", &csrf)]);
    drop(host);
    let _host = Running::on_file_as(&file, &listen, &issuer);
    assert!(browser.get("/applications").body.contains("name=\"password\""));
}

#[test]
fn a_request_that_is_too_long_to_wait_is_told_so() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let long = "x".repeat(4096);
    let page = browser.get(&authorize_path().replace("state=xyz", &format!("state={long}")));
    let redirect = browser.log_in(&page, "alice", "wonderland");
    let consent = browser.get(redirect.header("location"));
    let answer = browser.decide(&consent, "approve", &["read"]);
    assert_eq!(answer.redirect("state"), Some(long), "what grantor takes, it gives back");
}
