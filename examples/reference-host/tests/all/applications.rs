//! The page of the applications that somebody allowed, and its two forms.

use std::collections::HashSet;

use crate::client::{Browser, Page, authorize_path};
use crate::process::{CONFIG, Running};

const PATH: &str = "/applications";

/// The tokens of a login, and whether they are still good.
struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    fn of(page: &Page) -> Self {
        let token = |name| page.json()[name].as_str().expect("a token").to_owned();
        Self { access: token("access_token"), refresh: token("refresh_token") }
    }

    fn are_active(&self, host: &Running) -> bool {
        let form = [("token", &*self.access), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
        Browser::new(&host.base).post("/introspect", &form).json()["active"].as_bool().expect("a word on it")
    }

    /// Refreshes them, and says whether that was possible.
    fn refresh(&self, host: &Running) -> bool {
        let page = Browser::new(&host.base).refresh(&self.refresh);
        assert!(page.status == 200 || page.json()["error"] == "invalid_grant", "{page:?}");
        page.status == 200
    }
}

/// Logs in, unless that is done, and allows the application what is ticked.
fn allow(browser: &mut Browser, (username, password): (&str, &str), scope: &[&str]) -> Tokens {
    let mut page = browser.authorize();
    if page.body.contains("name=\"password\"") {
        let location = browser.log_in(&page, username, password).header("location").to_owned();
        page = browser.get(&location);
    }
    let code = browser.decide(&page, "approve", scope).redirect("code").expect("a code");
    Tokens::of(&browser.redeem(&code))
}

const ALICE: (&str, &str) = ("alice", "wonderland");
const BOB: (&str, &str) = ("bob", "builder");

fn revoke(browser: &mut Browser, csrf: &str, client_id: &str) -> Page {
    browser.post("/applications/revoke", &[("csrf", csrf), ("client_id", client_id)])
}

fn log_out(browser: &mut Browser, csrf: &str) -> Page {
    browser.post("/applications/log-out", &[("csrf", csrf)])
}

#[test]
fn whoever_has_not_logged_in_does_so_and_comes_back() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let login = browser.get(PATH);
    assert!(login.body.contains("name=\"password\"") && !login.body.contains("Revoke"), "{}", login.body);
    let refused = browser.log_in(&login, "alice", "guess");
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("name=\"password\"") && refused.body.contains("password is wrong"));
    let redirect = browser.log_in(&refused, "alice", "wonderland");
    assert_eq!((redirect.status, redirect.header("location")), (303, PATH));
    let page = browser.get(PATH);
    assert!(page.body.contains("<strong>Alice</strong>"), "{}", page.body);
    assert!(page.body.contains("No application holds anything"));
}

#[test]
fn r84_the_page_lists_what_was_allowed_in_one_line_per_application() {
    let directory = tempfile::tempdir().expect("a directory");
    for host in [Running::in_memory(), Running::on_file(&directory.path().join("store.sqlite"))] {
        let mut browser = Browser::new(&host.base);
        allow(&mut browser, ALICE, &["read"]);
        let page = browser.get(PATH);
        assert!(page.body.contains("<dd>read </dd>") && page.body.contains("<dd>app</dd>"), "{}", page.body);
        assert!(page.body.contains("1 access token and 1 refresh token, until 20"), "{}", page.body);
        allow(&mut browser, ALICE, &["write"]);
        // A code that nobody has redeemed is nothing that an application holds.
        let consent = browser.authorize();
        assert!(consent.body.contains("href=\"/applications\""));
        browser.decide(&consent, "approve", &["read"]);
        let page = browser.get(PATH);
        assert_eq!(page.body.matches("<section").count(), 1);
        assert!(page.body.contains("2 access tokens and 2 refresh tokens, until 20"), "{}", page.body);
        assert!(page.body.contains("read") && page.body.contains("write"));
    }
}

#[test]
fn an_application_is_called_by_its_name_which_is_text_and_no_html() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    allow(&mut browser, ALICE, &["read"]);
    let page = browser.get(PATH);
    assert!(page.body.contains("<h2>Photo &#60;Printer&#62;</h2>"), "{}", page.body);
    assert!(page.body.contains("aria-label=\"Revoke Photo &#60;Printer&#62;\"") && !page.body.contains("<Printer>"));
    let nameless = CONFIG.replace("client_name = \"Photo <Printer>\"\n", "");
    let host = Running::configured(&nameless, "memory");
    let mut browser = Browser::new(&host.base);
    allow(&mut browser, ALICE, &["read"]);
    assert!(browser.get(PATH).body.contains("<h2>app</h2>"));
}

#[test]
fn r84_revoking_ends_every_token_of_the_application_and_may_be_repeated() {
    let directory = tempfile::tempdir().expect("a directory");
    for host in [Running::in_memory(), Running::on_file(&directory.path().join("store.sqlite"))] {
        let mut browser = Browser::new(&host.base);
        let tokens = [allow(&mut browser, ALICE, &["read"]), allow(&mut browser, ALICE, &["read", "write"])];
        let consent = browser.authorize();
        let code = browser.decide(&consent, "approve", &["read"]).redirect("code").expect("a code");
        assert!(tokens.iter().all(|tokens| tokens.are_active(&host)));
        let page = browser.get(PATH);
        let (csrf, client_id) = (page.field("csrf"), page.field("client_id"));
        for _ in 0..2 {
            let redirect = revoke(&mut browser, &csrf, &client_id);
            assert_eq!((redirect.status, redirect.header("location")), (303, PATH));
            assert!(tokens.iter().all(|tokens| !tokens.are_active(&host) && !tokens.refresh(&host)));
        }
        assert_eq!(browser.redeem(&code).json()["error"], "invalid_grant", "a code that was on its way ends too");
        let page = browser.get(PATH);
        assert!(page.body.contains("<strong>Alice</strong>") && !page.body.contains("<section"), "{}", page.body);
        // What is allowed from here on is good.
        assert!(allow(&mut browser, ALICE, &["read"]).refresh(&host));
    }
}

#[test]
fn a_form_without_the_csrf_token_of_its_session_is_refused_and_ends_nothing() {
    let host = Running::in_memory();
    let (mut browser, mut other) = (Browser::new(&host.base), Browser::new(&host.base));
    let tokens = allow(&mut browser, ALICE, &["read"]);
    let others = other.get(PATH).field("csrf");
    let csrf = browser.get(PATH).field("csrf");
    for csrf in ["", "guess", &others] {
        for refused in [revoke(&mut browser, csrf, "app"), log_out(&mut browser, csrf)] {
            assert_eq!((refused.status, refused.header("location")), (403, ""), "{refused:?}");
        }
    }
    // One who has not logged in has a CSRF token too, and one who has no session may have seen another's.
    for csrf in [&others, &csrf] {
        assert_eq!(revoke(&mut other, csrf, "app").status, 403);
        let nothing = log_out(&mut Browser::new(&host.base), csrf);
        assert_eq!((nothing.status, nothing.header("location")), (303, "/"), "whom nobody knows is logged out");
    }
    for path in ["/applications/revoke", "/applications/log-out"] {
        assert_eq!(browser.get(&format!("{path}?csrf={csrf}&client_id=app")).status, 405);
    }
    assert_eq!(revoke(&mut browser, &csrf, "\u{7}").status, 400);
    assert!(tokens.are_active(&host) && tokens.refresh(&host));
    assert!(browser.get(PATH).body.contains("<section"));
}

#[test]
fn r84_nobody_sees_or_ends_what_somebody_else_allowed() {
    let host = Running::in_memory();
    let (mut alice, mut bob) = (Browser::new(&host.base), Browser::new(&host.base));
    let tokens = allow(&mut alice, ALICE, &["read"]);
    let login = bob.get(PATH);
    bob.log_in(&login, BOB.0, BOB.1);
    let page = bob.get(PATH);
    assert!(page.body.contains("No application holds anything") && !page.body.contains("Photo"), "{}", page.body);
    let csrf = page.field("csrf");
    assert_eq!(revoke(&mut bob, &csrf, "app").status, 303);
    let bobs = allow(&mut bob, BOB, &["read"]);
    assert_eq!(log_out(&mut bob, &csrf).status, 303);
    assert!(!bobs.are_active(&host));
    assert!(tokens.are_active(&host) && tokens.refresh(&host));
    assert!(alice.get(PATH).body.contains("<section"));
}

#[test]
fn r85_logging_out_everywhere_ends_every_session_and_every_grant_of_the_person() {
    let directory = tempfile::tempdir().expect("a directory");
    for host in [Running::in_memory(), Running::on_file(&directory.path().join("store.sqlite"))] {
        let (mut laptop, mut phone) = (Browser::new(&host.base), Browser::new(&host.base));
        let tokens = [allow(&mut laptop, ALICE, &["read"]), allow(&mut phone, ALICE, &["read"])];
        let waiting = phone.authorize();
        let csrf = laptop.get(PATH).field("csrf");
        let redirect = log_out(&mut laptop, &csrf);
        assert_eq!((redirect.status, redirect.header("location")), (303, "/"));
        assert!(tokens.iter().all(|tokens| !tokens.are_active(&host) && !tokens.refresh(&host)));
        assert_eq!(phone.decide(&waiting, "approve", &["read"]).status, 403, "a request that waited is gone");
        for browser in [&mut laptop, &mut phone] {
            assert!(browser.get(PATH).body.contains("name=\"password\""));
        }
        let again = log_out(&mut laptop, &csrf);
        assert_eq!((again.status, again.header("location")), (303, "/"), "a second press leads where the first did");
        assert!(allow(&mut laptop, ALICE, &["read"]).refresh(&host));
    }
}

#[test]
fn more_applications_than_fit_go_on_after_the_last() {
    let app = CONFIG.split("[[client]]").nth(1).expect("a client");
    let clients: String = (0..25)
        .map(|number| format!("[[client]]{}", app.replace("\"app\"", &format!("\"app & {number:02}\""))))
        .collect();
    let host = Running::configured(&format!("{CONFIG}\n{clients}"), "memory");
    let mut browser = Browser::new(&host.base);
    let login = browser.get(PATH);
    browser.log_in(&login, ALICE.0, ALICE.1);
    for number in 0..25 {
        let client_id = format!("app & {number:02}");
        let encoded: String = form_urlencoded::byte_serialize(client_id.as_bytes()).collect();
        let consent = browser.get(&authorize_path().replace("client_id=app", &format!("client_id={encoded}")));
        let code = browser.decide(&consent, "approve", &["read"]).redirect("code").expect("a code");
        let redeemed = browser.redeem_as(&client_id, &code);
        assert_eq!(redeemed.status, 200, "{redeemed:?}");
    }
    let (mut path, mut seen) = (Some(PATH.to_owned()), HashSet::new());
    while let Some(next) = path {
        let page = browser.get(&next);
        let ids = page.body.split("name=\"client_id\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
        assert!(ids.map(ToOwned::to_owned).all(|client_id| seen.insert(client_id)), "none is listed twice");
        path = page
            .body
            .split_once("href=\"/applications?")
            .map(|(_, rest)| format!("{PATH}?{}", rest.split('"').next().expect("the link ends")));
    }
    assert_eq!(seen.len(), 25);
    assert_eq!(browser.get("/applications?after=%07").status, 400);
}
