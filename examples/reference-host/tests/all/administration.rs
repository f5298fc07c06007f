//! `reference-host client …`, beside a server that runs on the same file.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::client::{Browser, Page};
use crate::process::Running;

/// Runs `reference-host client` on a file.
fn client(file: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference-host"));
    command.args(["client", "--store", &format!("sqlite:{}", file.display())]).args(arguments);
    command.stdin(Stdio::null()).output().expect("it runs")
}

/// What it printed, where it succeeded.
fn printed(file: &Path, arguments: &[&str]) -> String {
    let output = client(file, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The value of a line `name: value`.
fn told(printed: &str, name: &str) -> String {
    let line = printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("{name} in {printed}")).to_owned()
}

/// RFC 6749 §5.2: where the client did not use the header, `invalid_client` may come with 400.
const REFUSED: u16 = 400;

const SERVICE: [&str; 7] = ["add", "nightly", "--grant-type", "client_credentials", "--scope", "read", "--name=Backup"];

fn token(browser: &mut Browser, client_id: &str, secret: &str) -> Page {
    let form = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret)];
    browser.post("/token", &form)
}

fn is_active(browser: &mut Browser, token: &str) -> bool {
    let form = [("token", token), ("client_id", "api"), ("client_secret", "n4bQgYhMfWWaL28IIEB6Mw")];
    browser.post("/introspect", &form).json()["active"] == true
}

#[test]
fn a_client_lives_its_life_beside_a_running_server() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("grantor.sqlite");
    let host = Running::on_file(&file);
    let mut browser = Browser::new(&host.base);

    let first = told(&printed(&file, &SERVICE), "client_secret");
    let access_token = token(&mut browser, "nightly", &first).json()["access_token"].as_str().expect("one").to_owned();
    assert!(is_active(&mut browser, &access_token));
    assert_eq!(token(&mut browser, "nightly", "wrong").status, REFUSED);

    let second = told(&printed(&file, &["rotate", "nightly"]), "client_secret");
    for (secret, which) in [(&first, "the one before"), (&second, "the new one")] {
        assert_eq!(token(&mut browser, "nightly", secret).status, 200, "{which}, while it is rotated");
    }
    printed(&file, &["rotate", "nightly", "--finish"]);
    assert_eq!(token(&mut browser, "nightly", &first).status, REFUSED, "the one before, at the end");
    let third = told(&printed(&file, &["rotate", "nightly", "--keep-old", "0"]), "client_secret");
    assert_eq!(token(&mut browser, "nightly", &second).status, REFUSED, "the one before, which was not kept");
    let fourth = told(&printed(&file, &["rotate", "nightly", "--keep-old", "1"]), "client_secret");
    assert_eq!(token(&mut browser, "nightly", &third).status, REFUSED, "the one before, after its time");

    let off = printed(&file, &["disable", "nightly"]);
    assert!(off.contains("introspection calls its tokens inactive") && off.contains("--end-tokens"), "{off}");
    assert_eq!(token(&mut browser, "nightly", &fourth).status, REFUSED);
    assert!(!is_active(&mut browser, &access_token));
    printed(&file, &["enable", "nightly"]);
    assert_eq!(token(&mut browser, "nightly", &fourth).status, 200);
    assert!(is_active(&mut browser, &access_token), "nothing was revoked");

    let refused = client(&file, &["remove", "nightly"]);
    let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && reason.contains("living grants"), "{reason}");
    let gone = printed(&file, &["remove", "nightly", "--end-tokens"]);
    assert!(gone.contains("grants are revoked"), "{gone}");
    assert!(!is_active(&mut browser, &access_token));
    assert_eq!(token(&mut browser, "nightly", &fourth).status, REFUSED);
    assert!(!client(&file, &["show", "nightly"]).status.success());
}

#[test]
fn a_secret_is_shown_once_and_is_nowhere_in_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("grantor.sqlite");
    let secret = told(&printed(&file, &SERVICE), "client_secret");
    for act in [&["list"][..], &["show", "nightly"]] {
        let shown = printed(&file, act);
        assert!(shown.contains("nightly") && !shown.contains(&secret) && !shown.contains("digest"), "{shown}");
    }
    for entry in std::fs::read_dir(directory.path()).expect("the directory") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("the file");
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
    }
    let again = client(&file, &SERVICE);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("registered already"));
}

#[test]
fn metadata_of_rfc_7591_is_read_and_what_is_not_taken_is_told_without_secrets() {
    let directory = tempfile::tempdir().expect("a directory");
    let (file, metadata) = (directory.path().join("grantor.sqlite"), directory.path().join("clients.json"));
    let secret = "c0ffee00c0ffee00c0ffee00c0ffee00";
    let text = format!(
        r#"[{{"client_id": "old", "client_secret": "{secret}", "redirect_uris": ["https://old.example/cb"],
             "logo_uri": "https://old.example/logo.png"}},
            {{"client_name": "New", "redirect_uris": ["https://new.example/cb"]}}]"#
    );
    std::fs::write(&metadata, text).expect("it is written");
    let output = client(&file, &["add", "--from", metadata.to_str().expect("text")]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && err.contains("logo_uri"), "{err}");
    assert!(!out.contains(secret) && !err.contains(secret), "a secret that is known is not said again");
    assert_eq!(out.matches("client_secret: ").count(), 1, "one was drawn, for the client that had none: {out}");
    let drawn = out.lines().filter_map(|line| line.strip_prefix("client_id: ")).nth(1).expect("an id").to_owned();
    let record: Value = serde_json::from_str(&printed(&file, &["show", &drawn])).expect("JSON");
    assert_eq!(
        (&record["client_name"], &record["redirect_uris"][0]),
        (&"New".into(), &"https://new.example/cb".into())
    );

    std::fs::write(&metadata, format!(r#"{{"client_secret": {secret:?} "#)).expect("it is written");
    let output = client(&file, &["add", "--from", metadata.to_str().expect("text")]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && err.contains("line 1") && !err.contains(secret), "{err}");
}

#[test]
fn a_client_of_the_configuration_hides_one_of_the_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("grantor.sqlite");
    let host = Running::on_file(&file);
    let of_store = printed(&file, &["add", "service", "--grant-type", "client_credentials", "--scope", "read"]);
    let mut browser = Browser::new(&host.base);
    assert_eq!(token(&mut browser, "service", &told(&of_store, "client_secret")).status, REFUSED);
    assert_eq!(token(&mut browser, "service", "7Fjfp0ZBr1KtDRbnfVdmIw").status, 200);

    let config = host.directory.path().join("config.toml");
    let arguments = ["add", "app", "--config", config.to_str().expect("text"), "--grant-type", "client_credentials"];
    let refused = client(&file, &arguments);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("twice"), "{refused:?}");
}

#[test]
fn two_at_once_lose_no_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("grantor.sqlite");
    printed(&file, &SERVICE);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..3).for_each(|_| drop(printed(&file, &["rotate", "nightly"]))));
        }
    });
    let record: Value = serde_json::from_str(&printed(&file, &["show", "nightly"])).expect("JSON");
    assert_eq!(record["revision"], 6);
}

#[test]
fn what_cannot_be_done_is_told_and_nothing_is_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("none.sqlite");
    for arguments in [&["list"][..], &["show", "x"], &["rotate", "x"]] {
        let output = client(&file, arguments);
        assert!(!output.status.success() && !file.exists(), "{arguments:?}");
    }
    printed(&file, &["add", "app", "--token-endpoint-auth-method", "none", "--redirect-uri", "https://a.example/"]);
    for (arguments, reason) in
        [(&["rotate", "app"][..], "public client"), (&["rotate", "x"], "no client"), (&["add", "b"], "--redirect-uri")]
    {
        let output = client(&file, arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(reason), "{arguments:?}: {told}");
    }
}

#[test]
fn a_client_that_must_push_its_requests_is_registered_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("grantor.sqlite");
    let _host = Running::on_file(&file);
    for (client_id, more, must_push) in
        [("one", &["--require-pushed-authorization-requests"][..], true), ("two", &[], false)]
    {
        let add = ["add", client_id, "--redirect-uri", "https://app.example/cb"];
        printed(&file, &[&add[..], more].concat());
        let shown: Value = serde_json::from_str(&printed(&file, &["show", client_id])).expect("JSON");
        assert_eq!(shown.get("require_pushed_authorization_requests").is_some(), must_push, "{shown}");
    }
}

/// RFC 9396 §10: by a flag, and by client metadata.
#[test]
fn a_client_is_registered_for_types_of_authorization_details() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("grantor.sqlite");
    let types = ["--authorization-details-type", "payment_initiation", "--authorization-details-type", "mine"];
    printed(&file, &[&SERVICE[..], &types].concat());
    let metadata = directory.path().join("client.json");
    let text = r#"{"client_id":"other","grant_types":["client_credentials"],"response_types":[],
        "authorization_details_types":["payment_initiation","mine"]}"#;
    std::fs::write(&metadata, text).expect("it is written");
    printed(&file, &["add", "--from", metadata.to_str().expect("a path")]);
    for client_id in ["nightly", "other"] {
        let record: Value = serde_json::from_str(&printed(&file, &["show", client_id])).expect("a record");
        assert_eq!(record["authorization_details_types"], serde_json::json!(["payment_initiation", "mine"]));
    }
}
