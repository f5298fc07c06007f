//! What a client says of the pages: `prompt`, `max_age` and `login_hint`; and consent that is remembered.

use form_urlencoded::Serializer;

use crate::client::{Browser, CALLBACK, Page, authorize_form};
use crate::process::{CONFIG, Running};

/// Beside the native application there is a site, which has a secret.
fn host() -> Running {
    host_with("")
}

/// The same with settings of the server.
fn host_with(settings: &str) -> Running {
    let site = "[[client]]\nclient_id = \"site\"\nclient_secret = \"Zk3Wm8Qx5Tn2Vb7Yc4Rf1Lg6\"\n\
                redirect_uris = [\"http://127.0.0.1/callback\"]\nscope = \"read write\"\n\
                authorization_details_types = [\"payment_initiation\", \"account_information\"]\n";
    let types = "authorization_details_types = [\"payment_initiation\", \"account_information\"]";
    let config = CONFIG.replacen("[server]\n", &format!("[server]\n{types}\n{settings}\n"), 1);
    Running::configured(&format!("{config}\n{site}"), "memory")
}

/// A request of the site, with these parameters more.
fn path(more: &[(&str, &str)]) -> String {
    path_of("site", more)
}

fn path_of(client_id: &str, more: &[(&str, &str)]) -> String {
    let sound =
        authorize_form().map(|(name, value)| if name == "client_id" { (name, client_id) } else { (name, value) });
    let left = sound.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    Serializer::new("/authorize?".to_owned()).extend_pairs(left).extend_pairs(more).finish()
}

fn silently(browser: &mut Browser, client_id: &str, more: &[(&str, &str)]) -> Page {
    let page = browser.get(&path_of(client_id, &[more, &[("prompt", "none")]].concat()));
    assert_eq!(page.status, 303, "no page is shown: {page:?}");
    assert!(page.header("location").starts_with(CALLBACK), "{page:?}");
    page
}

fn error(page: &Page) -> String {
    page.redirect("error").expect("an error")
}

fn is_login(page: &Page) -> bool {
    page.status == 200 && page.body.contains("name=\"password\"")
}

fn is_consent(page: &Page) -> bool {
    page.status == 200 && page.body.contains("name=\"decision\"")
}

/// Logs in and approves.
fn allow(browser: &mut Browser, client_id: &str, scope: &[&str]) {
    let login = browser.get(&path_of(client_id, &[]));
    let consent = if is_login(&login) {
        let redirect = browser.log_in(&login, "alice", "wonderland");
        browser.get(redirect.header("location"))
    } else {
        login
    };
    assert!(browser.decide(&consent, "approve", scope).redirect("code").is_some());
}

#[test]
fn a_request_for_no_page_is_answered_by_a_code_once_all_of_it_was_allowed() {
    let host = host();
    let mut browser = Browser::new(&host.base);
    assert_eq!(error(&silently(&mut browser, "site", &[])), "login_required");
    allow(&mut browser, "site", &["read"]);
    assert_eq!(error(&silently(&mut browser, "site", &[])), "consent_required", "it asks for more");
    let page = silently(&mut browser, "site", &[("scope", "read")]);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "site"),
        ("client_secret", "Zk3Wm8Qx5Tn2Vb7Yc4Rf1Lg6"),
        ("code", &page.redirect("code").expect("a code")),
        ("redirect_uri", CALLBACK),
        ("code_verifier", crate::client::VERIFIER),
    ];
    let tokens = browser.post("/token", &form);
    assert_eq!((tokens.status, tokens.json()["scope"].as_str()), (200, Some("read")));
    // Another person, another browser, and whoever ended it: nothing is remembered.
    let mut bob = Browser::new(&host.base);
    assert_eq!(error(&silently(&mut bob, "site", &[("scope", "read")])), "login_required");
    let login = bob.get(&path(&[]));
    bob.log_in(&login, "bob", "builder");
    assert_eq!(error(&silently(&mut bob, "site", &[("scope", "read")])), "consent_required");
    let csrf = browser.get("/applications").field("csrf");
    browser.post("/applications/revoke", &[("csrf", &csrf), ("client_id", "site")]);
    assert_eq!(error(&silently(&mut browser, "site", &[("scope", "read")])), "consent_required");
}

#[test]
fn nobody_is_asked_again_about_what_they_have_allowed_if_the_host_is_to_remember() {
    let host = host_with("remembered_consent = true");
    let mut browser = Browser::new(&host.base);
    allow(&mut browser, "site", &["read"]);
    let read = |more: &[(&'static str, &'static str)]| path(&[&[("scope", "read")], more].concat());
    assert!(browser.get(&read(&[])).redirect("code").is_some(), "at once");
    assert!(is_consent(&browser.get(&path(&[]))), "it asks for more");
    assert!(is_consent(&browser.get(&read(&[("prompt", "consent")]))));
    // Nor after a login. The times are whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let login = browser.get(&read(&[("prompt", "login")]));
    assert!(is_login(&login), "{login:?}");
    let redirect = browser.log_in(&login, "alice", "wonderland");
    assert!(browser.get(redirect.header("location")).redirect("code").is_some());
    // Another person is asked, and whoever has ended it.
    let mut bob = Browser::new(&host.base);
    let login = bob.get(&read(&[]));
    let redirect = bob.log_in(&login, "bob", "builder");
    assert!(is_consent(&bob.get(redirect.header("location"))));
    let csrf = browser.get("/applications").field("csrf");
    browser.post("/applications/revoke", &[("csrf", &csrf), ("client_id", "site")]);
    assert!(is_consent(&browser.get(&read(&[]))));
    // RFC 8252 §8.6.
    allow(&mut browser, "app", &["read", "write"]);
    assert!(is_consent(&browser.get(&path_of("app", &[]))));
    // Where the configuration does not say so, people are asked each time.
    let usual = self::host();
    let mut browser = Browser::new(&usual.base);
    allow(&mut browser, "site", &["read"]);
    assert!(is_consent(&browser.get(&read(&[]))));
}

#[test]
fn a_payment_is_asked_about_each_time() {
    const ACCOUNTS: &str = r#"[{"type":"account_information","actions":["list_accounts"]}]"#;
    const PAYMENT: &str = r#"[{"type":"payment_initiation","instructedAmount":{"currency":"EUR","amount":"5.00"},"creditorName":"Prints"}]"#;
    let host = host_with("remembered_consent = true");
    let mut browser = Browser::new(&host.base);
    allow(&mut browser, "site", &["read"]);
    for (details, is_remembered) in [(ACCOUNTS, true), (PAYMENT, false)] {
        let asking = [("scope", "read"), ("authorization_details", details)];
        let consent = browser.get(&path(&asking));
        assert!(is_consent(&consent), "{details}: {consent:?}");
        let (csrf, request) = (consent.field("csrf"), consent.field("request"));
        let form = [("csrf", &*csrf), ("request", &*request), ("decision", "approve"), ("scope", "read")];
        let approved = browser.post("/consent", &[&form[..], &[("authorization_details", "0")]].concat());
        assert!(approved.redirect("code").is_some(), "{details}: {approved:?}");
        assert_eq!(browser.get(&path(&asking)).redirect("code").is_some(), is_remembered, "{details}");
        let silent = silently(&mut browser, "site", &asking);
        assert_eq!(silent.redirect("code").is_some(), is_remembered, "{details}");
        assert!(is_remembered || error(&silent) == "consent_required");
    }
}

/// RFC 8252 §8.6: any program may listen at a loopback address, so a native application is asked about each time.
#[test]
fn nothing_is_remembered_for_a_native_application() {
    let host = host();
    let mut browser = Browser::new(&host.base);
    allow(&mut browser, "app", &["read", "write"]);
    assert_eq!(error(&silently(&mut browser, "app", &[])), "consent_required");
}

#[test]
fn a_wrong_request_for_no_page_is_refused_without_one() {
    let host = host();
    let mut browser = Browser::new(&host.base);
    assert_eq!(error(&silently(&mut browser, "site", &[("scope", "admin")])), "invalid_scope");
    // Otherwise nobody is redirected before the login (RFC 9700 §4.11.2).
    assert!(is_login(&browser.get(&path(&[("scope", "admin")]))));
    assert!(is_login(&browser.get(&path(&[("prompt", "none login")]))));
}

#[test]
fn a_login_is_asked_for_again_if_the_client_wants_that() {
    let host = host();
    let mut browser = Browser::new(&host.base);
    allow(&mut browser, "site", &["read"]);
    assert!(is_consent(&browser.get(&path(&[]))));
    assert!(is_consent(&browser.get(&path(&[("prompt", "consent")]))));
    assert!(is_consent(&browser.get(&path(&[("max_age", "3600")]))));
    // The times are whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    for more in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "0")] {
        let login = browser.get(&path(&[more]));
        assert!(is_login(&login), "{more:?}: {login:?}");
        let redirect = browser.log_in(&login, "alice", "wonderland");
        let consent = browser.get(redirect.header("location"));
        assert!(is_consent(&consent), "{more:?}: {consent:?}");
        assert!(browser.decide(&consent, "approve", &["read"]).redirect("code").is_some(), "{more:?}");
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
}

#[test]
fn the_hint_stands_in_the_form_and_nowhere_else() {
    let host = host();
    let mut browser = Browser::new(&host.base);
    let page = browser.get(&path(&[("login_hint", "\"><script>alert(1)</script>")]));
    assert!(is_login(&page) && !page.body.contains("<script"), "{}", page.body);
    let page = browser.get(&path(&[("login_hint", "alice")]));
    assert!(page.body.contains("name=\"username\" value=\"alice\""), "{}", page.body);
    let page = browser.log_in(&page, "mallory", "guess");
    assert!(page.body.contains("value=\"alice\""), "the page is the same again: {}", page.body);
}
