//! Starting and stopping.

use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::client::Browser;
use crate::process::{CONFIG, Running, command};

#[test]
fn a_wrong_configuration_ends_with_code_2_and_names_file_key_and_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("wrong.toml");
    let cases = [
        (CONFIG.replace("client_name", "clientname"), "line 7: client[0]: unknown field"),
        (
            CONFIG.replace("http://127.0.0.1/callback", "/callback"),
            "client[0].redirect_uris[0]: a redirect URI must be",
        ),
        (CONFIG.replace("\"service\"", "\"app\""), "client[1].client_id: it is there twice"),
    ];
    for (text, told) in cases {
        std::fs::write(&file, text).expect("the configuration is written");
        let output = command().stderr(Stdio::piped()).arg("--config").arg(&file).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(&format!("{}: ", file.display())) && stderr.contains(told), "{stderr}");
        assert!(!stderr.contains("wonderland") && !stderr.contains("7Fjfp0ZBr1KtDRbnfVdmIw"), "no secret is shown");
    }
    let output = command().args(["--config", "/does/not/exist"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_wrong_argument_ends_with_code_2() {
    for arguments in [["--issuer", "http://as.example"], ["--store", "redis:"], ["--listen", "nowhere"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reference-host"));
        let status = command.args(arguments).stderr(Stdio::null()).status().expect("it runs");
        assert_eq!(status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn ctrl_c_stops_it_cleanly() {
    for signal in ["-INT", "-TERM"] {
        let mut host = Running::in_memory();
        let mut browser = Browser::new(&host.base);
        assert_eq!(browser.get("/").status, 200);
        let kill = Command::new("kill").arg(signal).arg(host.child.id().to_string()).status().expect("kill runs");
        assert!(kill.success());
        assert!(host.child.wait().expect("it ends").success());
    }
}

#[test]
fn without_a_configuration_it_prints_a_demo_with_secrets_of_its_own() {
    let printed = || {
        let mut child = command().spawn().expect("it starts");
        let mut stdout = child.stdout.take().expect("its output is piped");
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while !text.contains("listening on http://127.0.0.1:") || !text.ends_with('\n') {
            let read = stdout.read(&mut buffer).expect("its output can be read");
            assert_ne!(read, 0, "{text}");
            text.push_str(std::str::from_utf8(&buffer[..read]).expect("its output is text"));
        }
        Command::new("kill").arg("-INT").arg(child.id().to_string()).status().expect("kill runs");
        assert!(child.wait().expect("it ends").success());
        text
    };
    let secret = |text: &str| {
        let (_, rest) = text.split_once("demo-service, secret ").expect("the demo has a service");
        rest.split_whitespace().next().expect("the service has a secret").to_owned()
    };
    let (first, second) = (printed(), printed());
    assert_ne!(secret(&first), secret(&second));
    for text in [&first, &second] {
        assert!(text.contains("demo-app") && text.contains("demo-web") && text.contains("/authorize?"), "{text}");
        let (_, store) = text.split_once("store: ").expect("it says where its store is");
        let path = store.split_whitespace().next().expect("a path");
        assert!(!std::path::Path::new(path).exists(), "the temporary store is gone");
    }
}
