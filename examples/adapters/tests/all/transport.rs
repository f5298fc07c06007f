//! What grantor leaves to an HTTP client, each client does: it follows no redirect, reads no more than it may, and
//! believes no certificate that nobody vouches for.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls::crypto::ring;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::program::Running;

const CLIENTS: [&str; 2] = [env!("CARGO_BIN_EXE_client-reqwest"), env!("CARGO_BIN_EXE_client-ureq")];

#[test]
fn r66_a_redirect_is_not_followed() {
    for program in CLIENTS {
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let elsewhere = serve(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let redirect = format!("HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n");
        let address = serve(move |mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(redirect.as_bytes());
        });
        let complaint = complaint(program, &format!("http://{address}"));
        assert!(complaint.contains("fault: Redirect,"), "{program}: {complaint}");
        assert_eq!(requests.load(Ordering::SeqCst), 0, "{program}");
    }
}

#[test]
fn a_response_without_end_is_not_read_to_its_end() {
    for program in CLIENTS {
        let address = serve(|mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
            // Until the client hangs up.
            while stream.write_all(&[b' '; 4096]).is_ok() {}
        });
        let complaint = complaint(program, &format!("http://{address}"));
        assert!(complaint.contains("TooLong"), "{program}: {complaint}");
    }
}

/// OAuth 2.1 §1.5: "TLS certificates MUST be checked".
#[test]
fn r66_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = certified.signing_key.serialize_der().try_into().expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.into()], key)
        .expect("they belong together");
    let config = Arc::new(config);
    for program in CLIENTS {
        let requests = Arc::new(AtomicUsize::new(0));
        let (counter, config) = (Arc::clone(&requests), Arc::clone(&config));
        let address = serve(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            if StreamOwned::new(connection, stream).read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let complaint = complaint(program, &format!("https://{address}"));
        assert!(complaint.contains("UnknownIssuer"), "{program}: {complaint}");
        assert_eq!(requests.load(Ordering::SeqCst), 0, "{program}");
    }
}

/// RFC 9728 §7.7, "Server-Side Request Forgery (SSRF)": the rules are those of `outgoing`, and these programs keep them
/// unless they are told otherwise. `localhost` is a name of https, which leads inward.
#[test]
fn an_address_that_is_not_public_is_not_connected_to() {
    for program in CLIENTS {
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let address = serve(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let (_, port) = address.rsplit_once(':').expect("a port");
        for issuer in [format!("http://{address}"), format!("https://{address}"), format!("https://localhost:{port}")] {
            let complaint = complaint_of(Command::new(program).arg(&issuer), program);
            assert!(["Scheme", "Address"].iter().any(|reason| complaint.contains(reason)), "{program}: {complaint}");
        }
        assert_eq!(connections.load(Ordering::SeqCst), 0, "{program}");
    }
}

/// A proxy would look names up itself, in its own network.
#[test]
fn no_proxy_is_used() {
    for program in CLIENTS {
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let proxy = serve(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let mut command = Command::new(program);
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env(name, format!("http://{proxy}"));
        }
        complaint_of(command.args(["--loopback", &format!("http://{nobody}")]), program);
        assert_eq!(connections.load(Ordering::SeqCst), 0, "{program}");
    }
}

/// Why a client gives up on this issuer.
fn complaint(program: &str, issuer: &str) -> String {
    complaint_of(Command::new(program).args(["--loopback", issuer]), program)
}

fn complaint_of(command: &mut Command, program: &str) -> String {
    let (is_content, complaint) = Running::start(command.env("CLIENT_SECRET", "secret")).end();
    assert!(!is_content, "{program}");
    complaint
}

/// Treats every connection like this, until the tests end.
fn serve(mut treat: impl FnMut(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || listener.incoming().for_each(|stream| treat(stream.expect("a connection"))));
    address
}
