//! grantor in axum: an authorization server, and a protected resource behind an extractor and behind a tower layer.
//!
//! `cargo run -p adapters --bin server-axum`

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Extension, FromRequestParts, State};
use axum::http::{Request, StatusCode, request::Parts};
use axum::response::Response;
use axum::routing::{any, get, post};
use demo::{Demo, audit, gone, moment, now, photos_of};
use grantor::MAX_FORM_LEN;
use grantor::resource::{Access, Requirement};
use grantor::server::AuthorizeReply;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;
use tower::{Layer, Service};
use tower_http::timeout::TimeoutLayer;

/// How many connections may be open. A process may often open 1024 files, and needs some for itself.
const MAX_CONNECTIONS: usize = 800;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind(demo::listen_address()).await?;
    let demo = Demo::at(&format!("http://{}", listener.local_addr()?))?;
    demo.announce();
    serve(listener, router(Arc::new(demo))).await
}

/// `axum::serve` waits for a silent peer for ever, and takes as many as come. The reference host's `serve.rs` goes
/// further.
async fn serve(listener: TcpListener, router: Router) -> Result<(), Box<dyn Error + Send + Sync>> {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let timeout = demo::timeout();
    // For a request from its head to its answer, and so for its body.
    let router = router.layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout));
    let mut http1 = http1::Builder::new();
    // For a head, from the answer before: it ends idle connections too.
    http1.timer(TokioTimer::new()).header_read_timeout(timeout).max_buf_size(2 * MAX_FORM_LEN);
    loop {
        let place = Arc::clone(&places).acquire_owned().await?;
        let Ok((stream, _)) = listener.accept().await else {
            // No file is left, say: that is no reason to stop, nor to try at once.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(timeout));
        let connection =
            http1.serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router.clone()));
        tokio::spawn(async move {
            let _ = connection.await;
            drop(place);
        });
    }
}

fn router(demo: Arc<Demo>) -> Router {
    let may_write = RequireToken { demo: Arc::clone(&demo), requirement: Arc::new(demo.writing.clone()) };
    Router::new()
        // Whatever the method: grantor knows which it takes, and words the refusal.
        .route("/authorize", any(authorize))
        .route("/token", any(token))
        .route("/introspect", any(introspect))
        .route("/revoke", any(revoke))
        .route(&demo.server.config().metadata_path(), any(metadata))
        .route(&demo.photos.config().metadata_path(), any(photos_metadata))
        .route("/consent", post(consent))
        .route("/photos", get(show_photos).merge(post(add_photo).layer(may_write)))
        .layer(DefaultBodyLimit::max(MAX_FORM_LEN))
        .with_state(demo)
}

async fn authorize(State(demo): State<Arc<Demo>>, head: Parts, body: Bytes) -> Response {
    let request = Request::from_parts(head, body);
    let authorization = demo.server.authorize(&request, moment()).run_async(&demo.store).await;
    audit(authorization.event());
    let response = match authorization {
        AuthorizeReply::Ask(prompt) => demo.ask(prompt),
        AuthorizeReply::Refuse(refusal) => demo.refuse(refusal).run_async(&demo.store).await.into_http(),
        AuthorizeReply::Respond(response) => response.into_http(),
    };
    response.map(Body::from)
}

async fn consent(State(demo): State<Arc<Demo>>, form: Bytes) -> Response {
    let Some(step) = demo.decide(&form) else { return gone().map(Body::from) };
    let response = step.run_async(&demo.store).await;
    audit(response.event());
    response.into_http().map(Body::from)
}

async fn token(State(demo): State<Arc<Demo>>, head: Parts, body: Bytes) -> Response {
    let request = Request::from_parts(head, body);
    let reply = demo.server.token(&request, moment()).run_async(&demo.store).await;
    audit(reply.event());
    reply.into_http().map(Body::from)
}

async fn introspect(State(demo): State<Arc<Demo>>, head: Parts, body: Bytes) -> Response {
    let request = Request::from_parts(head, body);
    let reply = demo.server.introspect(&request, moment()).run_async(&demo.store).await;
    audit(reply.event());
    reply.into_http().map(Body::from)
}

async fn revoke(State(demo): State<Arc<Demo>>, head: Parts, body: Bytes) -> Response {
    let request = Request::from_parts(head, body);
    let reply = demo.server.revoke(&request, moment()).run_async(&demo.store).await;
    audit(reply.event());
    reply.into_http().map(Body::from)
}

async fn metadata(State(demo): State<Arc<Demo>>, request: Request<Body>) -> Response {
    demo.server.metadata(&request).map(Body::from)
}

async fn photos_metadata(State(demo): State<Arc<Demo>>, request: Request<Body>) -> Response {
    demo.photos.metadata(&request).map(Body::from)
}

async fn show_photos(MayRead(access): MayRead) -> String {
    photos_of(&access)
}

async fn add_photo(Extension(access): Extension<Access>) -> String {
    format!("added to the {}", photos_of(&access))
}

/// Whether this request may be served, or the response that says why not.
async fn check(demo: &Demo, requirement: &Requirement, head: &Parts) -> Result<Access, Response> {
    // The token stands in a header: the body stays unread until the check is passed.
    let reply = demo.photos.check(head, requirement, now()).run_async(&demo.store).await;
    audit(reply.event());
    reply.into_result().map_err(|refusal| refusal.into_http().map(Body::from))
}

/// An extractor: a handler that takes it runs only for a token that is good for reading.
struct MayRead(Access);

impl FromRequestParts<Arc<Demo>> for MayRead {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, demo: &Arc<Demo>) -> Result<Self, Response> {
        check(demo, &demo.reading, head).await.map(Self)
    }
}

/// A layer: the service inside runs only for a token that meets the requirement, and finds its [`Access`] in the
/// request's extensions.
#[derive(Clone)]
struct RequireToken {
    demo: Arc<Demo>,
    requirement: Arc<Requirement>,
}

impl<S> Layer<S> for RequireToken {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.clone(), inner }
    }
}

#[derive(Clone)]
struct Guarded<S> {
    guard: RequireToken,
    inner: S,
}

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response, Future: Send> + Clone + Send + 'static,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that said it is ready is this one. Its clone has not been asked.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let RequireToken { demo, requirement } = self.guard.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            match check(&demo, &requirement, &head).await {
                Err(refusal) => Ok(refusal),
                Ok(access) => {
                    head.extensions.insert(access);
                    inner.call(Request::from_parts(head, body)).await
                }
            }
        })
    }
}
