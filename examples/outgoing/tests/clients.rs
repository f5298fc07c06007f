//! Each HTTP client keeps to the rules at the address that it connects to. The test is the network's names.
#![cfg(all(feature = "reqwest", feature = "ureq"))]
#![allow(clippy::expect_used, missing_docs, reason = "a test tells its findings by panicking")]

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use grantor::{AsyncHttp as _, Fetch, Http as _};
use http::{Request, Uri};
use outgoing::{Guard, Reqwest, Ureq};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Whatever the name, these addresses: for one lookup after the other, of which the last one stays.
#[derive(Clone, Debug)]
struct Names {
    addresses: Arc<Mutex<VecDeque<&'static str>>>,
    lookups: Arc<AtomicUsize>,
}

impl Names {
    fn new(addresses: &[&'static str]) -> Self {
        Self { addresses: Arc::new(Mutex::new(addresses.iter().copied().collect())), lookups: Arc::default() }
    }

    fn look_up(&self, port: u16) -> SocketAddr {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut addresses = self.addresses.lock().expect("nobody panicked");
        let address = if addresses.len() > 1 { addresses.pop_front() } else { addresses.front().copied() };
        SocketAddr::new(address.expect("an address").parse::<IpAddr>().expect("an address"), port)
    }
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let found = self.look_up(0);
        Box::pin(async move { Ok(Box::new(std::iter::once(found)) as Addrs) })
    }
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut found = self.empty();
        found.push(self.look_up(uri.port_u16().unwrap_or(443)));
        Ok(found)
    }
}

/// A server on the loopback interface, which counts its connections and serves one response.
fn serve(response: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(response.as_bytes());
        }
    });
    (port, connections)
}

const FOUND: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nfound";

/// Sends a request by each client, which has names of its own: the body of the response, or the errors.
struct Clients {
    reqwest: Reqwest,
    ureq: Ureq,
    names: [Names; 2],
}

impl Clients {
    fn new(guard: Guard, addresses: &[&'static str]) -> Self {
        let names = [Names::new(addresses), Names::new(addresses)];
        let [of_reqwest, of_ureq] = names.clone();
        Self { reqwest: Reqwest::over(guard, of_reqwest).expect("TLS"), ureq: Ureq::over(guard, of_ureq), names }
    }

    async fn ask(&self, url: &str) -> [Result<Vec<u8>, String>; 2] {
        let fetch = Fetch::new(Request::get(url).body(Vec::new()).expect("a request"));
        let answers = [self.reqwest.fetch_async(&fetch).await, self.ureq.fetch(&fetch)];
        answers.map(|answer| answer.map(http::Response::into_body).map_err(|error| whole(&error)))
    }

    fn lookups(&self) -> [usize; 2] {
        self.names.each_ref().map(|names| names.lookups.load(Ordering::SeqCst))
    }
}

/// The error and whatever it comes from.
fn whole(error: &impl std::error::Error) -> String {
    format!("{error} {error:?}")
}

#[tokio::test]
async fn a_name_that_leads_inward_is_not_connected_to() {
    let (port, connections) = serve(FOUND);
    for address in ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "fc00::1", "::1"] {
        for guard in [Guard::new(), Guard::new().allow_loopback()] {
            let clients = Clients::new(guard, &[address]);
            for answer in clients.ask(&format!("https://as.example:{port}/")).await {
                let error = answer.expect_err(address);
                assert!(error.contains("Address") || error.contains("not public"), "{address}: {error}");
            }
            assert_eq!(clients.lookups(), [1, 1], "{address}");
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_address_in_place_of_a_name_is_neither_looked_up_nor_connected_to() {
    let (port, connections) = serve(FOUND);
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"] {
        let clients = Clients::new(Guard::new(), &["93.184.215.14"]);
        for answer in clients.ask(&format!("http://{host}:{port}/")).await {
            assert!(answer.is_err(), "{host}");
        }
        assert_eq!(clients.lookups(), [0, 0], "{host}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

/// The addresses are looked at for each connection, and the one that was looked at is the one that is connected to.
#[tokio::test]
async fn a_name_that_leads_elsewhere_the_second_time_gains_nothing() {
    let (port, connections) = serve(FOUND);
    let clients = Clients::new(Guard::new().allow_loopback(), &["127.0.0.1", "169.254.169.254", "127.0.0.1"]);
    let url = format!("http://localhost:{port}/");
    for answer in clients.ask(&url).await {
        assert_eq!(answer.as_deref(), Ok(&b"found"[..]));
    }
    assert_eq!(clients.lookups(), [1, 1], "once for a connection");
    for answer in clients.ask(&url).await {
        let error = answer.expect_err("it leads elsewhere now");
        assert!(error.contains("Address") || error.contains("not public"), "{error}");
    }
    assert_eq!(clients.lookups(), [2, 2], "and again for the next");
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (port, connections) = serve(
        "HTTP/1.1 302 Found\r\nlocation: http://localhost/elsewhere\r\ncontent-length: 5\r\nconnection: close\r\n\r\nmoved",
    );
    let clients = Clients::new(Guard::new().allow_loopback(), &["127.0.0.1"]);
    for answer in clients.ask(&format!("http://localhost:{port}/")).await {
        assert_eq!(answer.as_deref(), Ok(&b"moved"[..]));
    }
    assert_eq!((connections.load(Ordering::SeqCst), clients.lookups()), (2, [1, 1]));
}
