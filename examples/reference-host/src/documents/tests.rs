use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grantor::model::{ClientId, Issuer, Scope};
use grantor::server::{ClientIdMetadataDocumentConfig, Config};
use grantor::store::MemoryStore;
use grantor::{AsyncPolicy, Fetch, FromCache, Hosted, Server, Step};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;

const URL: &str = "https://app.example.com/client.json";
const GRANTS: &str = "\"grant_types\":[\"authorization_code\",\"refresh_token\"]";
const PUBLIC: &str = "93.184.215.14";

/// A network in which names resolve as the test says, and every address is one web server's.
#[derive(Clone)]
struct Web {
    state: Arc<Mutex<State>>,
    tls: TlsAcceptor,
}

#[derive(Default)]
struct State {
    /// The addresses of the name, for one resolution after the other; the last one stays.
    names: VecDeque<Vec<&'static str>>,
    /// The response to every request; none if nobody listens.
    response: Option<String>,
    /// True if the server sends its response byte by byte, without end.
    is_slow: bool,
    resolved: usize,
    connected: Vec<SocketAddr>,
    requests: Vec<String>,
}

impl Network for Web {
    type Stream = DuplexStream;

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        assert_eq!(host, "app.example.com");
        let mut state = self.state.lock().expect("nobody panicked");
        state.resolved += 1;
        let names = if state.names.len() > 1 { state.names.pop_front() } else { state.names.front().cloned() };
        let addresses = names.unwrap_or_default().into_iter().map(|name| name.parse::<IpAddr>().expect("an address"));
        Ok(addresses.map(|address| SocketAddr::new(address, port)).collect())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<DuplexStream> {
        let mut state = self.state.lock().expect("nobody panicked");
        state.connected.push(address);
        let (response, is_slow) = (state.response.clone().ok_or(io::ErrorKind::ConnectionRefused)?, state.is_slow);
        drop(state);
        let (here, there) = duplex(64 * 1024);
        let Self { state, tls } = self.clone();
        tokio::spawn(async move {
            let Ok(mut stream) = tls.accept(there).await else { return };
            let mut request = vec![0; 4096];
            let len = stream.read(&mut request).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..len]).into_owned();
            state.lock().expect("nobody panicked").requests.push(request);
            let _ = stream.write_all(response.as_bytes()).await;
            if is_slow {
                loop {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    if stream.write_all(b" ").await.is_err() {
                        return;
                    }
                }
            }
            let _ = stream.shutdown().await;
        });
        Ok(here)
    }
}

/// Documents over such a network, and a server that asks for them.
struct Scene {
    web: Web,
    documents: Documents<Web>,
    server: Server,
}

fn document(more: &str) -> String {
    format!("{{\"client_id\":\"{URL}\",\"redirect_uris\":[\"https://app.example.com/cb\"],{GRANTS}{more}}}")
}

fn response(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Scene {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut ClientIdMetadataDocumentConfig)) -> Self {
        let key = rcgen::generate_simple_self_signed(["app.example.com".to_owned(), PUBLIC.to_owned()])
            .expect("a certificate");
        let certificate = CertificateDer::from(key.cert.der().to_vec());
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.clone()], private).expect("a key");
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a root");
        let state = State {
            names: [vec![PUBLIC]].into(),
            response: Some(response("200 OK", "", &document(""))),
            ..State::default()
        };
        let web = Web { state: Arc::new(state.into()), tls: TlsAcceptor::from(Arc::new(config)) };
        let mut section = ClientIdMetadataDocumentConfig::default();
        section.scope = Scope::parse("read").expect("a scope");
        change(&mut section);
        let mut config = Config::new(Issuer::parse("https://as.example").expect("an issuer"));
        config.client_id_metadata_documents = Some(section);
        let server = Server::new(config).expect("a configuration");
        Self { documents: Documents::new(Sender::over(web.clone(), roots).expect("TLS")), web, server }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.web.state.lock().expect("nobody panicked")
    }

    fn serves(&self, response: String) {
        self.state().response = Some(response);
    }

    /// What the machine of the authorization endpoint asks for.
    fn asked(&self, url: &str) -> Fetch {
        let request = axum::http::Request::get(format!("/authorize?client_id={url}")).body("").expect("a request");
        let moment = crate::moment::moment().expect("randomness");
        let mut step = self.server.authorize(&request, moment);
        loop {
            step = match step {
                Step::Lookup(pause) => {
                    let answer = grantor::store::Store::lookup(&MemoryStore::new(), grantor::Pause::effect(&pause));
                    grantor::Pause::resume(pause, answer)
                }
                Step::Fetch(pause) => return grantor::Pause::effect(&pause).clone(),
                Step::Done(reply) => panic!("{:?}", reply.event()),
            };
        }
    }

    /// An authorization request, which may be answered with a fresh document only.
    async fn fetch(&self) -> Answer<Fetch> {
        self.documents.fetch(&self.server, &self.asked(URL)).await
    }

    async fn is_client(&self) -> bool {
        let response = self.fetch().await;
        response.is_ok_and(|response| {
            self.server.client_of_document(&ClientId::parse(URL).expect("an id"), &response).is_ok()
        })
    }

    fn requests(&self) -> usize {
        self.state().requests.len()
    }
}

#[tokio::test]
async fn a_document_is_fetched_from_the_address_of_its_name() {
    let scene = Scene::new();
    assert!(scene.is_client().await);
    let state = scene.state();
    assert_eq!(
        (state.resolved, state.connected.as_slice()),
        (1, &[SocketAddr::new(PUBLIC.parse().expect("an address"), 443)][..])
    );
    let request = state.requests[0].to_lowercase();
    assert!(request.starts_with("get /client.json http/1.1\r\n"), "{request}");
    for line in ["host: app.example.com", "accept: application/json", "connection: close"] {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{request}");
    }
}

/// CIMD §6.5: "MUST validate that the Client ID Metadata Document URL does not resolve to special-use IP addresses".
#[tokio::test]
async fn a_name_that_leads_inward_is_not_connected_to() {
    let inward = [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
    ];
    for address in inward {
        // Alone, and beside one that is public.
        for names in [vec![address], vec![PUBLIC, address]] {
            let scene = Scene::new();
            scene.state().names = [names].into();
            let error = scene.fetch().await.expect_err(address);
            assert!(error.to_string().contains("not public"), "{address}: {error}");
            assert!(scene.state().connected.is_empty(), "{address}");
        }
    }
    // Where it is allowed by name, it works.
    let scene = Scene::with(|section| section.in_private_network = true);
    scene.state().names = [vec!["10.0.0.1"]].into();
    assert!(scene.is_client().await);
}

/// The address that was looked at is the one that is connected to, and each connection's is looked at.
#[tokio::test(start_paused = true)]
async fn a_name_that_leads_elsewhere_the_second_time_gains_nothing() {
    let scene = Scene::new();
    scene.state().names = [vec![PUBLIC], vec!["127.0.0.1"]].into();
    assert!(scene.is_client().await);
    assert_eq!(scene.state().resolved, 1, "once for a connection");
    tokio::time::advance(Duration::from_secs(61)).await;
    assert!(scene.fetch().await.is_err());
    let state = scene.state();
    assert_eq!((state.resolved, state.connected.len()), (2, 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let scene = Scene::new();
    scene.serves(response("302 Found", "location: https://127.0.0.1/client.json\r\n", &document("")));
    assert_eq!(scene.fetch().await.expect("a response").status(), 302);
    assert!(!scene.is_client().await);
    assert!(scene.state().connected.iter().all(|address| address.ip().to_string() == PUBLIC));
}

#[tokio::test]
async fn no_more_is_read_than_the_rule_allows() {
    let scene = Scene::new();
    let filler = "x".repeat(1024 * 1024);
    for headers in ["", "transfer-encoding: chunked\r\n"] {
        let body = if headers.is_empty() { filler.clone() } else { format!("100000\r\n{filler}\r\n0\r\n\r\n") };
        let length = if headers.is_empty() { format!("content-length: {}\r\n", body.len()) } else { String::new() };
        scene.serves(format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}{length}\r\n{body}"));
        assert_eq!(scene.fetch().await.expect("a response").body().len(), 5 * 1024 + 1);
    }
    // A head without end.
    scene.serves(format!("HTTP/1.1 200 OK\r\nx: {filler}"));
    assert!(scene.fetch().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_its_time_is_given_up() {
    let scene = Scene::new();
    scene.state().is_slow = true;
    scene.serves("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n".to_owned());
    let error = scene.fetch().await.expect_err("a document that never ends");
    assert!(error.to_string().contains("too long"), "{error}");
}

#[tokio::test]
async fn another_certificate_is_refused() {
    let scene = Scene::new();
    let stranger = Documents::new(Sender::over(scene.web.clone(), RootCertStore::empty()).expect("TLS"));
    assert!(stranger.fetch(&scene.server, &scene.asked(URL)).await.is_err());
    assert_eq!(scene.requests(), 0);
    // And one for another name.
    scene.state().names = [vec![PUBLIC]].into();
    let by_address = scene.asked(&format!("https://{PUBLIC}/client.json"));
    assert!(scene.documents.fetch(&scene.server, &by_address).await.is_ok(), "it has this name too");
    let other = scene.asked("https://1.1.1.1/client.json");
    assert!(scene.documents.fetch(&scene.server, &other).await.is_err());
}

/// RFC 9111, with the draft's bounds of our own: at least a minute, at most a day.
#[tokio::test(start_paused = true)]
async fn a_document_is_kept_for_as_long_as_it_says() {
    for (cache_control, fresh_for) in
        [("", 60), ("max-age=1", 60), ("no-store", 60), ("max-age=600", 600), ("max-age=31536000", 86_400)]
    {
        let scene = Scene::new();
        scene.serves(response("200 OK", &format!("cache-control: {cache_control}\r\n"), &document("")));
        assert!(scene.is_client().await && scene.is_client().await);
        tokio::time::advance(Duration::from_secs(fresh_for - 1)).await;
        assert!(scene.is_client().await);
        assert_eq!(scene.requests(), 1, "{cache_control}");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(scene.is_client().await);
        assert_eq!(scene.requests(), 2, "{cache_control}");
    }
}

/// CIMD §4.4: "MUST NOT cache error responses. The authorization server also MUST NOT cache documents which are invalid
/// or malformed."
#[tokio::test]
async fn what_makes_no_client_is_not_kept() {
    let other = document("").replace("client.json", "other.json");
    for (status, body) in [
        ("404 Not Found", document("")),
        ("500 Internal Server Error", document("")),
        ("200 OK", "{".to_owned()),
        ("200 OK", document(",\"client_secret\":\"x\"")),
        ("200 OK", other),
    ] {
        let scene = Scene::new();
        scene.serves(response(status, "cache-control: max-age=600\r\n", &body));
        assert!(!scene.is_client().await && !scene.is_client().await, "{status} {body}");
        assert_eq!(scene.requests(), 2, "{status} {body}");
        scene.serves(response("200 OK", "", &document("")));
        assert!(scene.is_client().await);
    }
}

/// The last good copy is for a refresh, and for it alone.
#[tokio::test(start_paused = true)]
async fn an_old_document_is_for_a_refresh_while_its_server_is_down() {
    let scene = Scene::new();
    assert!(scene.is_client().await);
    tokio::time::advance(Duration::from_secs(24 * 60 * 60)).await;
    let form = format!("grant_type=refresh_token&refresh_token=x&client_id={URL}");
    let request = axum::http::Request::post("/token").header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(form).expect("a request");
    let asks = Mutex::new(Vec::new());
    let host = Hosted { store: MemoryStore::new(), policy: Asked { scene: &scene, asks: &asks } };
    for down in [None, Some(response("503 Service Unavailable", "", "")), Some(response("502 Bad Gateway", "", ""))] {
        scene.state().response = down;
        let moment = crate::moment::moment().expect("randomness");
        let reply = scene.server.token(&request, moment).run_async(&Later(&host)).await;
        // The client is known; the refresh token is not.
        assert_eq!(reply.result().expect_err("refused").code(), "invalid_grant");
        assert!(!scene.is_client().await, "nobody new");
    }
    assert!(asks.lock().expect("nobody panicked").iter().all(|from_cache| *from_cache == FromCache::LastGood));
    // A document that is gone is no outage.
    scene.serves(response("404 Not Found", "", ""));
    let moment = crate::moment::moment().expect("randomness");
    let reply = scene.server.token(&request, moment).run_async(&Later(&host)).await;
    assert_eq!(reply.result().expect_err("refused").code(), "invalid_client");
}

/// A blocking store, and a policy that is not.
struct Later<'a, P>(&'a Hosted<MemoryStore, P>);

impl<P: AsyncPolicy + Sync> grantor::host::AsyncHost for Later<'_, P> {
    async fn lookup_async(&self, effect: &grantor::store::Lookup) -> Answer<grantor::store::Lookup> {
        grantor::store::Store::lookup(&self.0.store, effect)
    }

    async fn commit_async(&self, effect: &grantor::store::Commit) -> Answer<grantor::store::Commit> {
        grantor::store::Store::commit(&self.0.store, effect)
    }

    async fn fetch_async(&self, effect: &Fetch) -> Answer<Fetch> {
        self.0.policy.fetch_async(effect).await
    }
}

struct Asked<'a> {
    scene: &'a Scene,
    asks: &'a Mutex<Vec<FromCache>>,
}

impl AsyncPolicy for Asked<'_> {
    async fn fetch_async(&self, fetch: &Fetch) -> Answer<Fetch> {
        self.asks.lock().expect("nobody panicked").push(fetch.rule().from_cache);
        self.scene.documents.fetch(&self.scene.server, fetch).await
    }
}

#[tokio::test]
async fn so_many_are_kept_and_so_many_are_fetched_at_once() {
    let scene = Scene::new();
    let permits = scene.documents.permits.acquire_many(AT_ONCE as u32).await.expect("open");
    let error = scene.fetch().await.expect_err("no permit");
    assert_eq!(error.retry_after(), Some(1));
    drop(permits);
    assert!(scene.is_client().await);
    for number in 0..CAPACITY.get() {
        let kept = Response::new(Vec::new());
        scene.documents.keep(format!("https://{number}.example/"), &kept);
    }
    assert_eq!(scene.documents.kept.lock().expect("nobody panicked").len(), CAPACITY.get());
    assert!(scene.is_client().await);
    assert_eq!(scene.requests(), 2, "the first one was forgotten");
}
