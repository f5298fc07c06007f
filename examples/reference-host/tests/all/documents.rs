//! Clients that are identified by their metadata documents, as mounted; the web server is one on this machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::client::{Browser, CALLBACK, VERIFIER};
use crate::process::{CONFIG, Running, command};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A web site with one document, by https, and its certificate.
fn site() -> (SocketAddr, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![cert.der().clone()], key).expect("a key"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|len| len > 2) {
                line.clear();
            }
            let body = format!(
                "{{\"client_id\":\"{}\",\"client_name\":\"Poster Printer\",\"redirect_uris\":[\"http://127.0.0.1/callback\"],\
                 \"grant_types\":[\"authorization_code\",\"refresh_token\",\"{GRANT_TYPE}\"],\
                 \"token_endpoint_auth_method\":\"none\"}}",
                client_id(address)
            );
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.get_mut().write_all((head + &body).as_bytes());
        }
    });
    (address, cert.pem())
}

fn client_id(site: SocketAddr) -> String {
    format!("https://localhost:{}/client.json", site.port())
}

/// The host, which trusts the site's certificate.
fn start(settings: &str, certificate: &str) -> Running {
    let directory = tempfile::tempdir().expect("a directory");
    let [config, trusted] = ["config.toml", "trusted.pem"].map(|name| directory.path().join(name));
    let settings = format!("[server]\nscopes_supported = \"read write\"\n{settings}\n");
    std::fs::write(&config, CONFIG.replacen("[server]\n", &settings, 1)).expect("it is written");
    std::fs::write(&trusted, certificate).expect("it is written");
    let mut command = command();
    command.env("SSL_CERT_FILE", trusted).arg("--config").arg(config).args(["--store", "memory"]);
    Running::wait(command.stderr(Stdio::piped()).spawn().expect("it starts"), directory).0
}

const RELAXED: &str = "client_id_metadata_documents = true\n\
                       relaxed.client_id_metadata_documents_in_private_network = true";

#[test]
fn a_client_comes_by_its_document_and_gets_tokens() {
    let (site, certificate) = site();
    let host = start(RELAXED, &certificate);
    let client_id = client_id(site);
    let mut browser = Browser::new(&host.base);
    let document = browser.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(document["client_id_metadata_document_supported"], true);
    let authorize = browser.authorize_as(&client_id, "read");
    let redirect = browser.log_in(&authorize, "alice", "wonderland");
    let location = redirect.header("location").to_owned();
    let consent = browser.get(&location);
    for text in
        ["Poster Printer", "<strong>localhost</strong>", "nobody here has checked its name", "on your own machine"]
    {
        assert!(consent.body.contains(text), "{text}: {}", consent.body);
    }
    let code = browser.decide(&consent, "approve", &["read"]).redirect("code").expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("client_id", &*client_id),
        ("code_verifier", VERIFIER),
    ];
    let tokens = browser.post("/token", &form).json();
    let refresh = tokens["refresh_token"].as_str().expect("a refresh token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", &*client_id)];
    assert!(browser.post("/token", &form).json()["access_token"].is_string());
}

#[test]
fn a_device_comes_by_its_document_and_the_person_sees_whose_it_is() {
    let (site, certificate) = site();
    let host = start(&format!("{RELAXED}\ndevice_authorization = true"), &certificate);
    let client_id = client_id(site);
    let mut device = Browser::new(&host.base);
    let codes = device.post("/device_authorization", &[("client_id", &*client_id), ("scope", "read")]).json();
    let [device_code, user_code] = ["device_code", "user_code"].map(|name| codes[name].as_str().expect(name));
    let poll = [("grant_type", GRANT_TYPE), ("device_code", device_code), ("client_id", &*client_id)];
    assert_eq!(device.post("/token", &poll).json()["error"], "authorization_pending");
    let mut browser = Browser::new(&host.base);
    let csrf = browser.get("/device").field("csrf");
    let login = browser.post("/device", &[("csrf", &*csrf), ("user_code", user_code)]);
    assert!(login.body.contains("to continue to <strong>Poster Printer</strong>"), "{}", login.body);
    let redirect = browser.log_in(&login, "alice", "wonderland");
    let consent = browser.get(redirect.header("location"));
    for text in ["a device", "<strong>localhost</strong>", "nobody here has checked its name", user_code] {
        assert!(consent.body.contains(text), "{text}: {}", consent.body);
    }
    let done = browser.decide(&consent, "approve", &["read"]);
    assert!(done.status == 200 && done.body.contains("Your device is connected"), "{done:?}");
    let tokens = device.post("/token", &poll);
    assert_eq!((tokens.status, tokens.json()["scope"].as_str()), (200, Some("read")), "{tokens:?}");
}

#[test]
fn a_document_on_this_machine_is_not_fetched_unless_that_is_named() {
    let (site, certificate) = site();
    let host = start("client_id_metadata_documents = true", &certificate);
    let page = Browser::new(&host.base).authorize_as(&client_id(site), "read");
    assert_eq!((page.status, page.header("location")), (400, ""));
    assert!(page.body.contains("leads into a private network"), "{}", page.body);
    let off = start("", &certificate);
    let page = Browser::new(&off.base).authorize_as(&client_id(site), "read");
    assert!(page.body.contains("the application is not known here"), "{}", page.body);
}
