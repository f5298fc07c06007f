//! The consent page: what people are told that a client asks for, and what the client then has.

use form_urlencoded::Serializer;

use crate::client::{Browser, CALLBACK, Page, authorize_form};
use crate::process::{CONFIG, Running};

const PHOTOS: &str = "https://api.example/photos";
const MAIL: &str = "https://api.example/mail";

/// Two APIs, each with scope values of its own.
fn config() -> String {
    let resources = format!(
        r#"
[[resource]]
uri = "{PHOTOS}"
scopes = ["read", "write"]

[[resource]]
uri = "{MAIL}"
scopes = ["mail"]

[[scope]]
name = "read"
description = "See your <photos>"
translations = [{{ locale = "de", description = "Deine Fotos ansehen" }}]

[[scope]]
name = "mail"
description = "Read your mail"
"#
    );
    CONFIG.replace("scope = \"read write\"", "scope = \"read write mail profile\"") + &resources
}

/// An authorization request for this scope at these APIs.
fn path(scope: &str, resources: &[&str]) -> String {
    let form = authorize_form().map(|(name, value)| (name, if name == "scope" { scope } else { value }));
    let mut query = Serializer::new("/authorize?".to_owned());
    query.extend_pairs(form).extend_pairs(resources.iter().map(|resource| ("resource", *resource))).finish()
}

/// Logs in, and goes where that leads.
fn logged_in(browser: &mut Browser, path: &str) -> Page {
    let login = browser.get(path);
    let redirect = browser.log_in(&login, "alice", "wonderland");
    browser.get(redirect.header("location"))
}

#[test]
fn each_scope_value_is_explained_with_the_api_that_it_belongs_to() {
    let host = Running::configured(&config(), "memory");
    let mut browser = Browser::new(&host.base);
    let page = logged_in(&mut browser, &path("read write mail profile", &[PHOTOS, MAIL]));
    let lines: Vec<_> = page.body.split("<label").skip(1).map(|line| line.split("</label>").next().unwrap()).collect();
    let told = [("read", "See your", PHOTOS), ("write", ">write", PHOTOS), ("mail", "Read your mail", MAIL)];
    for ((name, sentence, resource), line) in told.into_iter().zip(&lines) {
        assert!(line.contains(&format!("value=\"{name}\" checked")), "{line}");
        assert!(line.contains(sentence) && line.contains(resource), "{line}");
    }
    assert!(lines[3].contains("profile") && !lines[3].contains("api.example"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
    assert!(!page.body.contains("<photos>"), "a sentence is text");
    // In the language of the person, if there is one.
    browser.languages = "fr, de-AT;q=0.9, en;q=0.5";
    let page = browser.get(&path("read mail", &[PHOTOS, MAIL]));
    assert!(page.body.contains("<span lang=\"de\">Deine Fotos ansehen</span>"), "{}", page.body);
    assert!(page.body.contains("<span lang=\"en\">Read your mail</span>"), "{}", page.body);
}

#[test]
fn a_token_has_the_scope_of_its_api_and_no_other() {
    let host = Running::configured(&config(), "memory");
    let mut browser = Browser::new(&host.base);
    let page = logged_in(&mut browser, &path("read mail profile", &[PHOTOS, MAIL]));
    let approved = browser.decide(&page, "approve", &["read", "mail", "profile"]);
    let code = approved.redirect("code").expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", crate::client::VERIFIER),
        ("resource", MAIL),
    ];
    let tokens = browser.post("/token", &form).json();
    assert_eq!(tokens["scope"], "mail profile");
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let form =
        [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh_token), ("resource", PHOTOS)];
    assert_eq!(browser.post("/token", &form).json()["scope"], "read profile");
}

#[test]
fn scope_and_api_that_do_not_belong_together_are_refused() {
    let host = Running::configured(&config(), "memory");
    let mut browser = Browser::new(&host.base);
    logged_in(&mut browser, &path("read", &[]));
    for (scope, resources, error) in [
        ("mail", &[PHOTOS][..], "invalid_scope"),
        ("read mail", &[], "invalid_scope"),
        ("read", &["https://api.example/other"], "invalid_target"),
    ] {
        let page = browser.get(&path(scope, resources));
        let told = browser.get(page.header("location"));
        assert_eq!(told.redirect("error").as_deref(), Some(error), "{scope} {resources:?}");
    }
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "service"),
        ("client_secret", "7Fjfp0ZBr1KtDRbnfVdmIw"),
        ("resource", MAIL),
    ];
    assert_eq!(browser.post("/token", &form).json()["error"], "invalid_scope");
    let metadata = browser.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["scopes_supported"], serde_json::json!(["mail", "read", "write"]));
}
