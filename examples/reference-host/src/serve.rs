//! The serving of connections: each is served for as long as its peer keeps up, and none blocks another.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tower::Service as _;

use crate::arguments::Limits;
use crate::connections::{Connections, End, Place};
use crate::exchange::Exchange;
use crate::late::{self, Late};
use crate::metrics::{Endpoint, Metrics};
use crate::signals::Stop;
use crate::tls::Certificates;

/// The time to wait when the operating system has no connection to give.
const BACK_OFF: Duration = Duration::from_millis(100);

/// The time for which connections are still accepted once the program is asked to stop, so that a request that was sent
/// before the peer noticed is answered.
const LINGER: Duration = Duration::from_secs(1);

/// The greatest length of a head, in bytes: room for a query of [`MAX_FORM_LEN`](grantor::MAX_FORM_LEN), and headers.
const MAX_HEAD: usize = 128 * 1024;

/// The most connections by default.
const MOST_CONNECTIONS: u64 = 16_384;

/// The service that answers requests.
pub trait Answer: Send + Sync + 'static {
    /// Answers a request of this peer.
    fn answer(&self, request: Request<Bytes>, peer: SocketAddr) -> impl Future<Output = Response<Body>> + Send;
}

impl Answer for Router {
    async fn answer(&self, request: Request<Bytes>, peer: SocketAddr) -> Response<Body> {
        let mut request = request.map(Body::from);
        request.extensions_mut().get_or_insert(ConnectInfo(peer));
        let Ok(response) = self.clone().call(request).await;
        response
    }
}

/// The parts that connections are served with.
#[derive(Debug)]
pub struct Door<A> {
    /// The service that answers requests.
    pub inside: A,
    /// The limits for peers.
    pub limits: Limits,
    /// The certificates, if connections use TLS.
    pub certificates: Option<Arc<Certificates>>,
    /// The open connections.
    pub connections: Arc<Connections>,
    /// The metrics that count them.
    pub metrics: Arc<Metrics>,
    /// True while answers tell that they are the last of their connection.
    pub is_closing: AtomicBool,
}

impl Limits {
    /// Returns the limit of open connections. Of the files that the process may open, some are left for the store and
    /// the log.
    #[must_use]
    pub fn connections(&self) -> usize {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let left = files.saturating_sub((files / 8).max(32)).min(MOST_CONNECTIONS);
        let most = self.max_connections.map_or(left, u64::from);
        usize::try_from(most).unwrap_or(usize::MAX)
    }
}

/// Serves until the program is asked to stop, and then until all requests are answered, the time for that is over, or
/// the program is asked again. `draining` is called at the first request to stop.
pub async fn serve<A: Answer>(listener: TcpListener, door: Arc<Door<A>>, mut stop: Stop, draining: impl FnOnce()) {
    let (connections, limits) = (Arc::clone(&door.connections), door.limits.clone());
    let mut accepting = Box::pin(accept(listener, Arc::clone(&door)));
    tokio::select! {
        () = &mut accepting => {}
        () = stop.requested() => {}
    }
    draining();
    door.is_closing.store(true, Ordering::Release);
    tracing::info!(event = "stopping", connections = connections.len());
    let drained = async move {
        let _ = timeout(LINGER.min(limits.stop_timeout / 2), &mut accepting).await;
        drop(accepting);
        connections.end(End::AfterAnswer);
        while !connections.is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        // A client that keeps its connection busy must not keep the program alive.
        _ = timeout(limits.stop_timeout, drained) => {}
        () = stop.requested() => {}
    }
    tracing::info!(event = "stopped", connections = door.connections.len());
}

/// Accepts connections, without end.
pub async fn accept<A: Answer>(listener: TcpListener, door: Arc<Door<A>>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (place, closed) = door.connections.place(peer.ip()).await;
                door.metrics.connections.opened.inc();
                door.metrics.connections.closed_for_others.inc_by(closed);
                tokio::spawn(Arc::clone(&door).talk(stream, peer, place));
            }
            // The peer has gone already.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => {
                // There may be no file left: all that helps is to wait, and to close an idle connection.
                door.metrics.connections.accept_errors.inc();
                let closed = door.connections.close_one();
                tracing::error!(event = "accept_failed", error = error.to_string(), closed);
                sleep(BACK_OFF).await;
            }
        }
    }
}

impl<A: Answer> Door<A> {
    async fn talk(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: Place) {
        // An answer must not wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.write_timeout));
        let stream = Box::pin(stream);
        let Some(certificates) = &self.certificates else { return self.converse(stream, peer, &place).await };
        let handshake = timeout(self.limits.head_timeout, certificates.acceptor().accept(stream));
        let accepted = tokio::select! {
            accepted = handshake => accepted,
            _ = place.connection().asked_to_end() => return,
        };
        match accepted {
            Ok(Ok(stream)) => self.converse(Box::pin(stream), peer, &place).await,
            // rustls tells a peer that does not speak TLS.
            Ok(Err(_)) => {}
            Err(_) => drop(self.metrics.connections.head_timeouts.inc()),
        }
    }

    /// Answers the requests of a connection, one after the other.
    async fn converse<T: AsyncRead + AsyncWrite>(&self, stream: Pin<Box<T>>, peer: SocketAddr, place: &Place) {
        let service = service_fn(|request| self.answer(request, peer, place));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // The time runs from the answer before, so that it ends idle connections too.
            .header_read_timeout(self.limits.head_timeout)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        self.count(&error);
                    }
                    return;
                }
                end = place.connection().asked_to_end() => match end {
                    End::Now => return,
                    End::AfterAnswer => connection.as_mut().graceful_shutdown(),
                }
            }
        }
    }

    fn count(&self, error: &hyper::Error) {
        let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
        if source.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            self.metrics.connections.write_timeouts.inc();
        } else if error.is_timeout() {
            self.metrics.connections.head_timeouts.inc();
        }
    }

    /// Answers a request, as an exchange of its own.
    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        place: &Place,
    ) -> Result<Response<Body>, Infallible> {
        let endpoint = Endpoint::at(request.uri().path());
        let exchange = Exchange::begin(peer.ip(), endpoint, Arc::clone(&self.metrics));
        let begun = exchange.started;
        let id = exchange.id();
        let answering = pin!(self.answer_in_time(request, endpoint, peer, place));
        let mut response = exchange.over(answering).await;
        self.metrics.answered(endpoint, response.status(), begun.elapsed());
        if response.status().as_u16() >= 400 {
            let id = HeaderValue::try_from(id.to_string()).ok();
            response.headers_mut().extend(id.map(|id| (late::REQUEST_ID, id)));
        }
        if self.is_closing.load(Ordering::Acquire) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }

    async fn answer_in_time(
        &self,
        request: Request<Incoming>,
        endpoint: Endpoint,
        peer: SocketAddr,
        place: &Place,
    ) -> Response<Body> {
        let read = within(self.limits.body_timeout, pin!(late::whole(request))).await;
        let request = match read {
            Ok(Ok(request)) => request,
            Ok(Err(_)) => return late::answer(endpoint, Late::Broken),
            Err(_) => {
                self.metrics.connections.body_timeouts.inc();
                return late::answer(endpoint, Late::Body);
            }
        };
        let _served = place.serve();
        let answered = within(self.limits.request_timeout, pin!(self.inside.answer(request, peer))).await;
        answered.unwrap_or_else(|_| {
            self.metrics.connections.request_timeouts.inc();
            late::answer(endpoint, Late::Server)
        })
    }
}

/// Waits for a future at most this long. Most are ready when polled first, and then no clock is read. The future stays
/// pinned in place: it is not small, and a move is a copy.
async fn within<F: Future>(limit: Duration, mut work: Pin<&mut F>) -> Result<F::Output, Elapsed> {
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => timeout(limit, work).await,
    }
}
