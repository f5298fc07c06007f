//! The consent page: what people are told that a client asks for, and what the client then has.

use form_urlencoded::Serializer;
use serde_json::{Value, json};

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
    let types = "authorization_details_types = [\"payment_initiation\", \"mine\"]";
    let client = format!("scope = \"read write mail profile\"\n{types}");
    let config = CONFIG.replace("scope = \"read write\"", &client);
    config
        .replace("[server]", &format!("[server]\n{types}"))
        .replace("scope = \"read\"\n", &format!("scope = \"read\"\n{types}\n"))
        + &resources
}

/// An authorization request for this scope at these APIs.
fn path(scope: &str, resources: &[&str]) -> String {
    let form = authorize_form().map(|(name, value)| (name, if name == "scope" { scope } else { value }));
    let mut query = Serializer::new("/authorize?".to_owned());
    query.extend_pairs(form).extend_pairs(resources.iter().map(|resource| ("resource", *resource))).finish()
}

fn payment(amount: &str) -> Value {
    json!({
        "type": "payment_initiation",
        "instructedAmount": { "amount": amount, "currency": "EUR" },
        "creditorName": "Merchant <A>",
    })
}

/// An authorization request for nothing but these details.
fn details_path(details: &Value) -> String {
    let form = authorize_form().into_iter().filter(|(name, _)| *name != "scope");
    let mut query = Serializer::new("/authorize?".to_owned());
    query.extend_pairs(form).append_pair("authorization_details", &details.to_string()).finish()
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
    // The client says better what the person reads.
    browser.languages = "en";
    let page = browser.get(&(path("read", &[PHOTOS]) + "&ui_locales=fr+de-CH"));
    assert!(page.body.contains("<span lang=\"de\">Deine Fotos ansehen</span>"), "{}", page.body);
    let page = browser.get(&(path("read", &[PHOTOS]) + "&ui_locales=fr"));
    assert!(page.body.contains("<span lang=\"en\">See your"), "{}", page.body);
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
    assert_eq!(metadata["scopes_supported"], json!(["mail", "read", "write"]));
}

#[test]
fn each_authorization_detail_has_a_box_and_those_that_are_ticked_are_granted() {
    let host = Running::configured(&config(), "memory");
    let mut browser = Browser::new(&host.base);
    let details = json!([payment("12.00"), payment("80"), { "type": "mine", "note": "\"x\" & <y>", "n": [1, 2] }]);
    let page = logged_in(&mut browser, &details_path(&details));
    for (at, title) in [(0, "Pay 12.00 EUR to Merchant"), (1, "Pay 80 EUR to Merchant"), (2, "mine")] {
        let line = format!("name=\"authorization_details\" value=\"{at}\" checked");
        let (_, line) = page.body.split_once(&line).expect("each has a box");
        assert!(line.split("</label>").next().is_some_and(|line| line.contains(title)), "{line}");
    }
    assert!(page.body.contains("n: [1,2]") && page.body.contains("note:"), "{}", page.body);
    assert!(!page.body.contains("<A>") && !page.body.contains("<y>"), "they are text");
    let decide = |browser: &mut Browser, page: &Page, ticked: &[&str]| {
        let (csrf, request) = (page.field("csrf"), page.field("request"));
        let mut form = vec![("csrf", &*csrf), ("request", &*request), ("decision", "approve")];
        form.extend(ticked.iter().map(|position| ("authorization_details", *position)));
        browser.post("/consent", &form)
    };
    assert_eq!(decide(&mut browser, &page, &["0", "x"]).status, 400);
    // Positions that there are not are ignored.
    let code = decide(&mut browser, &page, &["0", "2", "7"]).redirect("code").expect("a code");
    let tokens = browser.redeem(&code).json();
    assert_eq!(tokens["authorization_details"], json!([details[0], details[2]]));
    assert_eq!(tokens.get("scope"), None);
    let api = [("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
    let token = tokens["access_token"].as_str().expect("a token");
    let form = [api[0], api[1], ("token", token)];
    let introspected = browser.post("/introspect", &form).json();
    assert_eq!(introspected["active"], false, "it is for other APIs");
    // With every box unticked there is nothing to allow.
    let page = browser.get(&details_path(&json!([payment("1")])));
    assert_eq!(decide(&mut browser, &page, &[]).redirect("error").as_deref(), Some("access_denied"));
}

#[test]
fn authorization_details_that_are_wrong_are_refused_and_types_are_advertised() {
    let host = Running::configured(&config(), "memory");
    let mut browser = Browser::new(&host.base);
    logged_in(&mut browser, &path("read", &[]));
    let free = payment("0.00");
    for wrong in [json!([free]), json!([{ "type": "account_information", "actions": ["read_balances"] }]), json!({})] {
        let page = browser.get(&details_path(&wrong));
        let told = browser.get(page.header("location"));
        assert_eq!(told.redirect("error").as_deref(), Some("invalid_authorization_details"), "{wrong}");
    }
    let service = [
        ("grant_type", "client_credentials"),
        ("client_id", "service"),
        ("client_secret", "7Fjfp0ZBr1KtDRbnfVdmIw"),
        ("authorization_details", &json!([payment("1")]).to_string()),
    ];
    assert_eq!(browser.post("/token", &service).json()["authorization_details"], json!([payment("1")]));
    let metadata = browser.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["authorization_details_types_supported"], json!(["mine", "payment_initiation"]));
}

/// The demo has it on, so that a newcomer can try it.
#[test]
fn the_demo_takes_a_payment() {
    let (host, password) = Running::demo();
    let mut browser = Browser::new(&host.base);
    let callback = format!("{}/demo/callback", host.base);
    let form = authorize_form().map(|(name, value)| match name {
        "client_id" => (name, "demo-app"),
        "redirect_uri" => (name, &*callback),
        "scope" => (name, "photos.read"),
        _ => (name, value),
    });
    let details = json!([payment("12.00")]).to_string();
    let mut query = Serializer::new("/authorize?".to_owned());
    let path = query.extend_pairs(form).append_pair("authorization_details", &details).finish();
    let login = browser.get(&path);
    let redirect = browser.log_in(&login, "alice", &password);
    let page = browser.get(redirect.header("location"));
    assert!(page.body.contains("Pay 12.00 EUR") && page.body.contains("See your photos"), "{}", page.body);
}
