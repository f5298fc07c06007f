//! The purging of expired records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grantor::store::PurgeClock;

use crate::metrics::Metrics;
use crate::moment::now;
use crate::web::App;

/// The interval between purges.
const INTERVAL: Duration = Duration::from_secs(60);

/// Purges the sessions and the store, for as long as the program runs.
pub async fn purge(app: Arc<App>, metrics: Arc<Metrics>) {
    let mut interval = tokio::time::interval(INTERVAL);
    let (started, mut clock) = (Instant::now(), PurgeClock::new());
    loop {
        interval.tick().await;
        let (now, elapsed) = (now(), started.elapsed());
        if let Some(now) = clock.read(now, elapsed) {
            if let Err(error) = app.sessions.purge(now).await {
                tracing::error!(event = "sessions_not_purged", error = error.to_string());
            }
            app.decisions.purge();
            app.log_outs.purge();
            app.playground.iter().for_each(|playground| playground.purge(now));
        }
        let begun = Instant::now();
        // Purging goes batch by batch, so that requests get in between.
        match clock.purge_async(&app.host.store, now, elapsed).await {
            Ok(Some(rows)) => {
                let took = begun.elapsed();
                metrics.purge.succeeded(rows, took);
                if rows > 0 {
                    tracing::info!(event = "purged", rows, seconds = took.as_secs_f64());
                }
            }
            Ok(None) => tracing::warn!(event = "not_purged", reason = "the clock has jumped"),
            Err(error) => {
                metrics.purge.failures.inc();
                tracing::error!(event = "purge_failed", error = error.to_string());
            }
        }
    }
}
