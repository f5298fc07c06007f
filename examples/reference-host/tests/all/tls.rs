//! TLS, spoken by a real client.

use std::fs::write;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::process::{CONFIG, PATIENCE, Running, command};

/// A certificate of its own, with its key, as files.
fn certificate(at: &Path) -> String {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    write(at.join("chain.pem"), cert.pem()).expect("it is written");
    write(at.join("key.pem"), signing_key.serialize_pem()).expect("it is written");
    cert.pem()
}

fn trusting(certificate: &str) -> Agent {
    let root = Certificate::from_pem(certificate.as_bytes()).expect("a certificate");
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
    Agent::config_builder().tls_config(tls).max_idle_connections(0).build().into()
}

fn start(directory: TempDir) -> Running {
    let config = directory.path().join("config.toml");
    write(&config, CONFIG).expect("it is written");
    let mut command = command();
    command.arg("--config").arg(config).args(["--store", "memory", "--head-timeout", "1"]);
    command.arg("--tls-cert").arg(directory.path().join("chain.pem"));
    command.arg("--tls-key").arg(directory.path().join("key.pem"));
    Running::wait(command.stderr(Stdio::piped()).spawn().expect("it starts"), directory).0
}

#[test]
fn r109_it_serves_https_and_takes_certificates_that_were_renewed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_owned();
    let first = certificate(&path);
    let host = start(directory);
    assert!(host.base.starts_with("https://127.0.0.1:"), "{}", host.base);
    let url = format!("{}/.well-known/oauth-authorization-server", host.base);
    let text = trusting(&first).get(&url).call().expect("an answer").body_mut().read_to_string().expect("text");
    assert!(text.contains(&format!("\"issuer\":\"{}\"", host.base)), "{text}");

    let second = certificate(&path);
    host.signal("-HUP");
    let begin = Instant::now();
    while trusting(&second).get(&url).call().is_err() {
        assert!(begin.elapsed() < PATIENCE, "the new certificate is not used");
    }
    assert!(trusting(&first).get(&url).call().is_err(), "the old certificate is not used any more");

    write(path.join("key.pem"), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0IGtleQ==\n-----END PRIVATE KEY-----\n")
        .expect("written");
    host.signal("-HUP");
    std::thread::sleep(std::time::Duration::from_millis(300));
    trusting(&second).get(&url).call().expect("what was read before is in use");
    let log = host.log();
    let failed = log.iter().find(|line| line["event"] == "reload_failed").expect("it is logged");
    assert!(failed["error"].as_str().expect("text").contains("key.pem"), "{failed}");
    assert!(!failed.to_string().contains("c2VjcmV0"), "{failed}");
}

#[test]
fn a_handshake_that_does_not_come_is_not_waited_for() {
    let directory = tempfile::tempdir().expect("a directory");
    certificate(directory.path());
    let host = start(directory);
    let mut stream = host.connect();
    let read = std::io::Read::read(&mut stream, &mut [0; 1]).expect("it is closed");
    assert_eq!(read, 0);
}

#[test]
fn a_key_that_cannot_be_used_is_named_and_not_shown() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, other) = (directory.path(), tempfile::tempdir().expect("a directory"));
    certificate(path);
    certificate(other.path());
    let of_another = std::fs::read_to_string(other.path().join("key.pem")).expect("text");
    let keys = [of_another.as_str(), "", "c2VjcmV0IGtleQ==", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0 ยง\n"];
    for key in keys {
        write(path.join("key.pem"), key).expect("it is written");
        let mut command = command();
        command.arg("--tls-cert").arg(path.join("chain.pem")).arg("--tls-key").arg(path.join("key.pem"));
        let output = command.stderr(Stdio::piped()).output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains("key.pem"), "{told}");
        let shown =
            key.lines().filter(|line| line.len() > 8 && !line.starts_with("---")).any(|line| told.contains(line));
        assert!(!shown && !told.contains("c2Vj"), "{told}");
    }
    let status =
        command().arg("--tls-cert").arg(path.join("chain.pem")).stderr(Stdio::null()).status().expect("it runs");
    assert_eq!(status.code(), Some(2), "a certificate without a key");
}
