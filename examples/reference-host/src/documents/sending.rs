//! One request by https, to an address that was looked at: no redirects, so many bytes, so many seconds.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Request, Response, Uri, header};
use grantor::Fetch;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use outgoing::{Guard, Refused};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::network::{Internet, Network};

/// The time for the whole of a request, from the name's resolution to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of a response's head.
const MAX_HEAD_LEN: usize = 16 * 1024;

/// The most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 3;

/// Sends requests by https. It follows no redirect and uses no proxy.
pub struct Sender<N> {
    network: N,
    tls: TlsConnector,
}

impl<N> std::fmt::Debug for Sender<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sender")
    }
}

type Failed = Box<dyn Error + Send + Sync>;

impl Sender<Internet> {
    /// Creates a sender that trusts the certificate authorities that this machine trusts.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new() -> Result<Self, Failed> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::over(Internet, roots)
    }
}

impl<N: Network> Sender<N> {
    /// Creates a sender over a network, which trusts these certificate authorities.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn over(network: N, roots: RootCertStore) -> Result<Self, Failed> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { network, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Sends a request, and reads no more of the response than its rule allows.
    ///
    /// # Errors
    /// There is no response: the name does not exist, or leads to an address that is not public and the rule forbids
    /// that; nobody listens there, or has another certificate; the time is over.
    pub async fn send(&self, fetch: &Fetch) -> Result<Response<Vec<u8>>, Failed> {
        timeout(TIMEOUT, self.exchange(fetch)).await.map_err(|_| "the server took too long")?
    }

    async fn exchange(&self, fetch: &Fetch) -> Result<Response<Vec<u8>>, Failed> {
        let uri = fetch.request().uri();
        let guard = Guard::new().allow_private_network().under(fetch.rule());
        guard.check_url(uri)?;
        let host = uri.host().ok_or(Refused::Host)?.trim_start_matches('[').trim_end_matches(']');
        let addresses = self.addresses(host, uri.port_u16().unwrap_or(443)).await?;
        guard.check_addresses(host, addresses.iter().map(SocketAddr::ip))?;
        // The connection goes to an address that was looked at: the name is not resolved again.
        let stream = self.tls.connect(ServerName::try_from(host.to_owned())?, self.connect(&addresses).await?).await?;
        let (mut sender, connection) =
            http1::Builder::new().max_buf_size(MAX_HEAD_LEN).handshake(TokioIo::new(stream)).await?;
        let connection = AbortOnDrop(tokio::spawn(connection));
        let response = sender.send_request(written(fetch.request(), uri)?).await?;
        let (parts, mut body) = response.into_parts();
        let max = fetch.rule().max_response_len;
        let mut read = Vec::new();
        // The one byte more tells grantor that it was too much.
        while read.len() <= max {
            let Some(frame) = body.frame().await else { break };
            read.extend_from_slice(frame?.data_ref().map_or(&[][..], |data| data));
        }
        read.truncate(max + 1);
        drop(connection);
        Ok(Response::from_parts(parts, read))
    }

    async fn addresses(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok(match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.network.resolve(host, port).await?,
        })
    }

    async fn connect(&self, addresses: &[SocketAddr]) -> Result<N::Stream, Failed> {
        let mut failed = None;
        for address in addresses.iter().take(MAX_ADDRESSES) {
            match self.network.connect(*address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.map_or_else(|| Refused::NoAddress.into(), Into::into))
    }
}

/// Returns the request as HTTP/1.1 has it.
fn written(request: &Request<Vec<u8>>, uri: &Uri) -> Result<Request<Full<Bytes>>, Failed> {
    let authority = uri.authority().ok_or("the URL has no host")?;
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut written = Request::new(Full::new(Bytes::from(request.body().clone())));
    *written.method_mut() = request.method().clone();
    *written.uri_mut() = target.parse()?;
    *written.headers_mut() = request.headers().clone();
    let headers = written.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_str(authority.as_str())?);
    headers.insert(header::USER_AGENT, HeaderValue::from_static("grantor-reference-host"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(written)
}

/// A task that ends with the request for which it runs.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
