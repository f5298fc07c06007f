//! SIGHUP: the configuration is read again.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::client::{Browser, authorize_path};
use crate::process::{CONFIG, Running};

/// Writes a configuration in the place of the one that the host runs with, and asks it to read it.
fn reconfigure(host: &Running, config: &str) {
    let [whole, file] = ["whole.toml", "config.toml"].map(|name| host.directory.path().join(name));
    std::fs::write(&whole, config).expect("the configuration is written");
    std::fs::rename(&whole, &file).expect("it takes the place of the one before");
    let kill = Command::new("kill").arg("-HUP").arg(host.child.id().to_string()).status().expect("kill runs");
    assert!(kill.success());
}

/// Waits until something is so. The bound is there for a test that would hang.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn token_status(browser: &mut Browser, client_id: &str, secret: &str) -> u16 {
    let form = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret)];
    browser.post("/token", &form).status
}

#[test]
fn r109_clients_and_lifetimes_are_those_of_the_new_file_and_tokens_stay() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let form =
        [("grant_type", "client_credentials"), ("client_id", "service"), ("client_secret", "7Fjfp0ZBr1KtDRbnfVdmIw")];
    let token = browser.post("/token", &form).json()["access_token"].as_str().expect("one").to_owned();
    let config = CONFIG
        .replace("[server]", "[server]\naccess_token_lifetime = 77")
        .replace("7Fjfp0ZBr1KtDRbnfVdmIw", "another-secret-of-the-service");
    reconfigure(&host, &config);
    until("the new secret is good", || token_status(&mut browser, "service", "another-secret-of-the-service") == 200);
    assert_eq!(token_status(&mut browser, "service", "7Fjfp0ZBr1KtDRbnfVdmIw"), 400);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "service"),
        ("client_secret", "another-secret-of-the-service"),
    ];
    until("the new lifetime counts", || browser.post("/token", &form).json()["expires_in"] == 77);
    let form = [("token", &*token), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
    assert_eq!(browser.post("/introspect", &form).json()["active"], true, "what was issued stays issued");
}

#[test]
fn a_broken_file_leaves_everything_as_it_was() {
    let host = Running::in_memory();
    let mut browser = Browser::new(&host.base);
    let broken = [
        "",
        "[serve]",
        "[server",
        "[[client]]\nclient_id = 1",
        &CONFIG.replace("[server]", "[server]\naccess_token_lifetime = 0"),
        &CONFIG.replace("[server]", "[server]\nplayground = true"),
    ];
    for broken in broken {
        reconfigure(&host, broken);
        // However long it takes to read: what is broken is never in force.
        for _ in 0..10 {
            assert_eq!(token_status(&mut browser, "service", "7Fjfp0ZBr1KtDRbnfVdmIw"), 200, "{broken}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    reconfigure(&host, &CONFIG.replace("client_id = \"service\"", "client_id = \"renamed\""));
    until("the host reads on after broken files", || {
        token_status(&mut browser, "renamed", "7Fjfp0ZBr1KtDRbnfVdmIw") == 200
    });
    assert_eq!(browser.get("/playground").status, 404);
}

#[test]
fn whoever_is_gone_or_has_another_password_is_logged_out_and_others_are_not() {
    let host = Running::in_memory();
    let [mut alice, mut bob] = [("alice", "wonderland"), ("bob", "builder")].map(|(username, password)| {
        let mut browser = Browser::new(&host.base);
        let page = browser.get(&authorize_path());
        assert_eq!(browser.log_in(&page, username, password).status, 303, "{username}");
        browser
    });
    let is_logged_in = |browser: &mut Browser| !browser.get(&authorize_path()).body.contains("name=\"password\"");
    assert!(is_logged_in(&mut alice) && is_logged_in(&mut bob));
    reconfigure(&host, &CONFIG.replace("wonderland", "looking-glass"));
    until("alice is logged out", || !is_logged_in(&mut alice));
    assert!(is_logged_in(&mut bob));
}
