//! The endpoints for operators: liveness, readiness, and metrics.

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

/// The time that the store may take for an empty lookup.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

/// The health of this process.
#[derive(Debug)]
pub struct Health<S> {
    store: Arc<S>,
    metrics: Arc<Metrics>,
    is_draining: AtomicBool,
    /// The lock that admits one look at a time, so that they do not pile up when the store hangs.
    look: Arc<Mutex<()>>,
}

impl<S: AsyncStore + Send + Sync + 'static> Health<S> {
    /// Creates the health of a process with this store.
    #[must_use]
    pub fn new(store: Arc<S>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics, is_draining: AtomicBool::new(false), look: Arc::default() }
    }

    /// Tells if the store answers.
    async fn store_answers(&self) -> bool {
        let (store, look) = (Arc::clone(&self.store), Arc::clone(&self.look));
        let looked = async move {
            let turn = look.lock_owned().await;
            // The look has a task of its own, so that the lock is held until the store has answered, however long that
            // takes.
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
    /// Notes that the process is about to end.
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use grantor::store::Commit;
    use grantor::{Answer, Unavailable};
    use tower::ServiceExt as _;

    use super::*;

    /// A store that answers, refuses, or hangs.
    #[derive(Debug)]
    enum Store {
        Answers,
        Refuses,
        Hangs,
    }

    impl AsyncStore for Store {
        async fn lookup_async(&self, _: &Lookup) -> Answer<Lookup> {
            match self {
                Self::Answers => Ok(grantor::store::Found::default()),
                Self::Refuses => Err(Unavailable::new("the disk is gone")),
                Self::Hangs => std::future::pending().await,
            }
        }

        async fn commit_async(&self, _: &Commit) -> Answer<Commit> {
            Err(Unavailable::new("nothing is written here"))
        }
    }

    async fn status(router: &Router, path: &str) -> u16 {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let Ok(response) = router.clone().oneshot(request).await;
        response.status().as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_ready_as_long_as_the_store_answers_and_alive_in_any_case() {
        for (store, ready) in [(Store::Answers, 200), (Store::Refuses, 503), (Store::Hangs, 503)] {
            let health = Arc::new(Health::new(Arc::new(store), Arc::new(Metrics::default())));
            let router = router(Arc::clone(&health));
            for _ in 0..3 {
                assert_eq!(status(&router, "/readyz").await, ready, "{:?}", health.store);
                assert_eq!(status(&router, "/healthz").await, 200);
                assert_eq!(status(&router, "/metrics").await, 200);
            }
            health.drain();
            assert_eq!(status(&router, "/readyz").await, 503);
            assert_eq!(status(&router, "/healthz").await, 200);
        }
    }
}
