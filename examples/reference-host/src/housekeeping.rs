//! The purging of expired records.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use grantor::Timestamp;
use grantor::store::{AsyncPurgeClients as _, PurgeClock};

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
        let trusted = clock.read(now, elapsed);
        if let Some(now) = trusted {
            if let Err(error) = app.sessions.purge(now).await {
                tracing::error!(event = "sessions_not_purged", error = error.to_string());
            }
            app.decisions.purge();
            app.log_outs.purge();
            app.playground.iter().for_each(|playground| playground.purge(now));
        }
        if let Some(now) = trusted {
            forget_clients(&app, now).await;
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

/// Forgets clients that registered themselves and are not used.
async fn forget_clients(app: &App, now: Timestamp) {
    let lifetime = app.unused_client_lifetime.load(Ordering::Relaxed);
    let registered_by = Timestamp(now.0.saturating_sub(lifetime));
    loop {
        match app.host.store.purge_clients_async(registered_by, PurgeClock::BATCH).await {
            Ok(0) => return,
            Ok(clients) => {
                tracing::info!(event = "clients_purged", clients);
                if clients < PurgeClock::BATCH {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(event = "clients_not_purged", error = error.to_string());
                return;
            }
        }
    }
}
