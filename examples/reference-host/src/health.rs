//! What a machine asks about this one: whether it lives, whether it can serve, and what it has counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use grantor::model::Key;
use grantor::store::{AsyncStore, Lookup};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::metrics::{MEDIA_TYPE, Metrics};

/// How long the store may take for a look at nothing.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

/// What is known of this process.
#[derive(Debug)]
pub struct Health<S> {
    store: Arc<S>,
    metrics: Arc<Metrics>,
    is_draining: AtomicBool,
    /// One look at a time: a store that hangs does not gather them.
    look: Arc<Mutex<()>>,
}

impl<S: AsyncStore + Send + Sync + 'static> Health<S> {
    /// The health of a process with this store.
    #[must_use]
    pub fn new(store: Arc<S>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics, is_draining: AtomicBool::new(false), look: Arc::default() }
    }

    /// Whether the store answers.
    async fn store_answers(&self) -> bool {
        let (store, look) = (Arc::clone(&self.store), Arc::clone(&self.look));
        let looked = async move {
            let turn = look.lock_owned().await;
            // In a task of its own, so that the turn lasts until the store has answered, however long that is.
            let looking = tokio::spawn(async move {
                let nothing = Lookup::of(Key::from_bytes([0; Key::LEN]));
                let answers = store.lookup_async(&nothing).await.is_ok();
                drop(turn);
                answers
            });
            looking.await.unwrap_or(false)
        };
        timeout(STORE_TIMEOUT, looked).await.unwrap_or(false)
    }
}

impl<S> Health<S> {
    /// Says that the process is about to end.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
    }
}

/// `GET /healthz`, `/readyz`, `/metrics`.
pub fn router<S: AsyncStore + Send + Sync + 'static>(health: Arc<Health<S>>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready::<S>))
        .route("/metrics", get(metrics::<S>))
        .with_state(health)
}

async fn ready<S: AsyncStore + Send + Sync + 'static>(State(health): State<Arc<Health<S>>>) -> Response {
    if health.is_draining.load(Ordering::Acquire) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match health.store_answers().await {
        true => "ready\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}

async fn metrics<S: AsyncStore + Send + Sync + 'static>(State(health): State<Arc<Health<S>>>) -> Response {
    match health.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
