//! An issuer with a path, behind a proxy that hands paths on.

use crate::client::{Browser, Page, VERIFIER, authorize_path};
use crate::process::{CONFIG, Running, command};

fn start(issuer: &str, arguments: &[&str]) -> (Running, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    std::fs::write(&file, CONFIG).expect("the configuration is written");
    let errors = directory.path().join("errors");
    let mut command = command();
    command.stderr(std::fs::File::create(&errors).expect("a file"));
    command.arg("--config").arg(&file).args(["--store", "memory", "--issuer", issuer]).args(arguments);
    let (host, _) = Running::wait(command.spawn().expect("it starts"), directory);
    (host, std::fs::read_to_string(errors).expect("text"))
}

/// Everything that a page leads to.
fn links(page: &Page) -> Vec<String> {
    let after = |start: &str| {
        let parts = page.body.split(start).skip(1);
        parts.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect::<Vec<_>>()
    };
    [after("action=\""), after("href=\"")].concat()
}

/// Sends the form of a page, wherever that goes.
fn send(browser: &mut Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
    let (csrf, request) = (page.field("csrf"), page.field("request"));
    let action = links(page).remove(0);
    browser.post(&action, &[&[("csrf", &*csrf), ("request", &request)], fields].concat())
}

#[test]
fn r110_every_path_link_form_and_redirect_is_below_the_issuers() {
    for issuer in ["https://as.example/one", "https://as.example/one/"] {
        let (host, _) = start(issuer, &[]);
        let mut browser = Browser::new(&host.base);
        let metadata = browser.get("/.well-known/oauth-authorization-server/one").json();
        assert_eq!(metadata["issuer"], issuer);
        for endpoint in ["authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
            let url = metadata[endpoint].as_str().expect("a URL");
            let path = url.strip_prefix("https://as.example").expect("at the origin");
            assert!(path.starts_with("/one/"), "{url}");
            assert_ne!(browser.get(path).status, 404, "{url}");
        }
        let login = browser.get(&format!("/one{}", authorize_path()));
        let redirect = send(&mut browser, &login, &[("username", "alice"), ("password", "wonderland")]);
        assert!(redirect.header("location").starts_with("/one/consent?"), "{redirect:?}");
        let consent = browser.get(redirect.header("location"));
        let answer = send(&mut browser, &consent, &[("decision", "approve"), ("scope", "read")]);
        assert_eq!(answer.redirect("iss").as_deref(), Some(issuer));
        let code = answer.redirect("code").expect("a code");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "app"),
            ("code", &*code),
            ("redirect_uri", crate::client::CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        assert_eq!(browser.post("/one/token", &form).status, 200);
        let applications = browser.get("/one/applications");
        let pages = [login, consent, applications, browser.get("/one"), browser.get("/one/"), browser.get("/one/x/y")];
        for page in pages {
            for link in links(&page) {
                assert!(link.starts_with("/one/"), "{link} in {}", page.body);
                assert_ne!(browser.get(&link).status, 404, "{link}");
            }
        }
        let csrf = browser.get("/one/applications").field("csrf");
        let revoked = browser.post("/one/applications/revoke", &[("csrf", &csrf), ("client_id", "app")]);
        assert_eq!(revoked.header("location"), "/one/applications");
        let logged_out = browser.post("/one/applications/log-out", &[("csrf", &csrf)]);
        assert_eq!(logged_out.header("location"), "/one/");
        let posted = Browser::new(&host.base).post("/one/authorize", &crate::client::authorize_form());
        assert!(posted.header("location").starts_with("/one/authorize?"), "{posted:?}");
        for elsewhere in ["/", "/authorize", "/token", "/login", "/style.css"] {
            assert_eq!(browser.get(elsewhere).status, 404, "{elsewhere}");
        }
    }
}

#[test]
fn cookies_are_guarded_however_https_is_written() {
    for issuer in ["https://as.example", "HTTPS://as.example", "https://as.example/one"] {
        let (host, _) = start(issuer, &[]);
        let mut browser = Browser::new(&host.base);
        let base = if issuer.ends_with("/one") { "/one" } else { "" };
        let login = browser.get(&format!("{base}{}", authorize_path()));
        let redirect = send(&mut browser, &login, &[("username", "alice"), ("password", "wonderland")]);
        for page in [login, redirect] {
            let cookie = page.header("set-cookie");
            assert!(cookie.starts_with("__Host-grantor-"), "{issuer}: {cookie}");
            assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{issuer}: {cookie}");
        }
    }
}

#[test]
fn a_host_that_must_be_behind_a_proxy_asks_for_its_name() {
    for (issuer, arguments, warns) in [
        ("https://as.example", &[][..], true),
        ("HTTPS://as.example/one", &[], true),
        ("https://as.example", &["--trust-proxy", "10.0.0.0/8,::1"], false),
        ("http://127.0.0.1:8080", &[], false),
    ] {
        let (_host, errors) = start(issuer, arguments);
        assert_eq!(errors.contains("--trust-proxy"), warns, "{issuer} {arguments:?}: {errors}");
    }
    let mut command = command();
    let output = command.args(["--trust-proxy", "proxy.example"]).stderr(std::process::Stdio::piped()).output();
    let output = output.expect("it ends");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("proxy.example"));
}
