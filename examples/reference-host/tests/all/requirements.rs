//! What `docs/requirements.md` marks as the duty of the host.

use crate::client::{Browser, CALLBACK, authorize_form, authorize_path};
use crate::process::Running;

#[test]
fn r16_nobody_is_redirected_with_a_code_before_they_log_in() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let page = browser.authorize();
    assert_eq!(page.status, 200);
    assert!(page.body.contains("name=\"username\"") && page.body.contains("name=\"password\""));
    // The consent form of somebody else's making does not help.
    let refused = browser.decide(&page, "approve", &["read"]);
    assert_eq!((refused.status, refused.header("location")), (403, ""));
    // The login lets them go on, and leads to the consent page.
    let page = browser.log_in(&page, "alice", "wonderland");
    assert_eq!(page.status, 303);
    assert!(page.header("location").starts_with("/consent?"), "{page:?}");
}

#[test]
fn r17_the_authorization_endpoint_has_no_cors_headers() {
    let host = Running::in_memory();
    let origin = ureq::get(format!("{}{}", host.base, authorize_path())).header("origin", "https://evil.example");
    let response = origin.call().expect("the host answers");
    assert!(!response.headers().keys().any(|name| name.as_str().starts_with("access-control-")), "{response:?}");
    let preflight = ureq::options(format!("{}/authorize", host.base)).header("origin", "https://evil.example");
    let preflight = preflight.header("access-control-request-method", "POST");
    let response = preflight.config().http_status_as_error(false).build().call().expect("the host answers");
    assert_eq!(response.status(), 405);
    assert!(!response.headers().keys().any(|name| name.as_str().starts_with("access-control-")), "{response:?}");
}

#[test]
fn r18_pages_cannot_be_framed() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let pages = [
        browser.get("/"),
        browser.authorize(),
        browser.get("/applications"),
        browser.consent_page(),
        browser.get("/applications"),
        browser.get("/authorize?client_id=nobody"),
        browser.get("/nothing"),
    ];
    for page in pages {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{page:?}");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

/// Where the client sends its user on to, and so on: browsers hold all of that to the policy of the page with the form.
#[test]
fn r18_no_policy_stops_a_form_that_leads_to_a_client() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let login = browser.authorize();
    let refused = browser.log_in(&login, "alice", "guess");
    for page in [login, refused, browser.consent_page()] {
        assert!(!page.header("content-security-policy").contains("form-action"), "{page:?}");
    }
    for page in [browser.get("/applications"), browser.get("/"), browser.get("/nothing")] {
        assert!(page.header("content-security-policy").ends_with("; form-action 'self'"), "{page:?}");
    }
}

#[test]
fn r19_a_form_with_credentials_is_answered_by_303() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let login = browser.authorize();
    let redirect = browser.log_in(&login, "alice", "wonderland");
    assert_eq!(redirect.status, 303);
    let location = redirect.header("location").to_owned();
    let consent = browser.get(&location);
    for (decision, parameter) in [("approve", "code"), ("deny", "error")] {
        let page = if decision == "approve" {
            browser.decide(&consent, decision, &["read"])
        } else {
            let consent = browser.authorize();
            browser.decide(&consent, decision, &[])
        };
        assert_eq!(page.status, 303);
        assert!(page.header("location").starts_with(CALLBACK) && page.redirect(parameter).is_some(), "{page:?}");
        assert_eq!(page.redirect("state").as_deref(), Some("xyz"));
        assert_eq!(page.redirect("iss").as_deref(), Some(&*host.base));
    }
}

/// RFC 9700 §4.11.2: "The authorization server MUST always authenticate the user first [...] before redirecting the
/// user."
#[test]
fn r16_an_error_is_told_to_the_client_once_somebody_has_logged_in() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let wrong = authorize_path().replace("scope=read", "scope=no-such");
    let login = browser.get(&wrong);
    assert_eq!((login.status, login.header("location")), (200, ""));
    // Nothing is told before the login, by whatever path.
    let path = format!("/consent?request={}", login.field("request"));
    assert_eq!(browser.get(&path).header("location"), "");
    let redirect = browser.log_in(&login, "alice", "wonderland");
    assert_eq!(redirect.status, 303);
    assert_eq!(browser.get(&path).header("location"), "");
    assert_eq!(Browser::new(&host.base).get(redirect.header("location")).status, 410);
    for _ in 0..2 {
        let told = browser.get(redirect.header("location"));
        assert!(told.status == 303 && told.header("location").starts_with(CALLBACK), "{told:?}");
        assert_eq!(told.redirect("error").as_deref(), Some("invalid_scope"));
    }

    // Somebody who is logged in is sent on.
    let page = browser.get(&wrong);
    let told = browser.get(page.header("location"));
    assert_eq!(told.redirect("error").as_deref(), Some("invalid_scope"), "{told:?}");
}

#[test]
fn r20_consent_is_asked_every_time() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    browser.code();
    // The same person, the same client, the same scope: a page again, and no code.
    let page = browser.authorize();
    assert_eq!((page.status, page.header("location")), (200, ""));
    assert!(page.body.contains("value=\"approve\"") && page.body.contains("value=\"deny\""));
}

#[test]
fn r23_pages_have_no_script_that_could_post_a_message() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    browser.code();
    for page in [browser.get("/"), browser.authorize(), browser.consent_page(), browser.get("/applications")] {
        assert!(!page.body.contains("<script") && !page.body.contains(" on"), "{}", page.body);
        assert!(!page.header("content-security-policy").contains("script-src"));
    }
}

#[test]
fn r42_guessing_a_password_has_to_wait() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let login = browser.authorize();
    let mut told = Vec::new();
    // A user who exists and one who does not: nothing tells them apart.
    for username in ["alice", "nobody"] {
        for _ in 0..5 {
            let page = browser.log_in(&login, username, "guess");
            assert_eq!(page.status, 403);
            told.push(page.body);
        }
        let page = browser.log_in(&login, username, "wonderland");
        assert_eq!(page.status, 429, "even the right password has to wait");
        assert!(page.header("retry-after").parse::<u32>().is_ok());
    }
    told.dedup();
    assert_eq!(told.len(), 1);
    assert_eq!(browser.log_in(&login, "bob", "builder").status, 303, "others do not wait");
}

#[test]
fn r42_guessing_a_client_secret_has_to_wait() {
    let host = Running::in_memory();
    let mut client = Browser::new(&host.base);
    let mut ask = |client_secret| {
        let form = [("grant_type", "client_credentials"), ("client_id", "service"), ("client_secret", client_secret)];
        client.post("/token", &form).status
    };
    for _ in 0..20 {
        assert_eq!(ask("guess"), 400);
    }
    assert_eq!(ask("7Fjfp0ZBr1KtDRbnfVdmIw"), 429);
    let form = [("grant_type", "client_credentials"), ("client_id", "service"), ("client_secret", "x")];
    let told = Browser::new(&host.base).post("/token", &form);
    assert_eq!((told.status, told.json()["error"].as_str()), (429, Some("temporarily_unavailable")));
    assert!(told.header("retry-after").parse::<u32>().is_ok());
}

#[test]
fn r42_the_password_grant_waits_as_the_login_page_does() {
    let host = Running::in_memory();
    let mut client = Browser::new(&host.base);
    let mut ask = |password| {
        let form = [
            ("grant_type", "password"),
            ("client_id", "service"),
            ("client_secret", "7Fjfp0ZBr1KtDRbnfVdmIw"),
            ("username", "alice"),
            ("password", password),
        ];
        client.post("/token", &form).status
    };
    assert_eq!(ask("wonderland"), 200);
    for _ in 0..5 {
        assert_eq!(ask("guess"), 400);
    }
    assert_eq!(ask("wonderland"), 400);
}

#[test]
fn a_form_without_a_session_is_asked_again_as_a_link() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let page = browser.post("/authorize", &authorize_form());
    // Another site's form comes without the cookie, and must not end the session that is there.
    assert_eq!((page.status, page.header("set-cookie")), (303, ""));
    let location = page.header("location").to_owned();
    assert_eq!(browser.get(&location).status, 200);
    assert_eq!(browser.post("/authorize", &authorize_form()).status, 200);
}
