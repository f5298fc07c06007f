//! The request that is answered: what its lines in the log share.

use std::cell::Cell;
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::metrics::{Endpoint, Metrics};

tokio::task_local! {
    static CURRENT: Exchange;
}

/// A request and its answer.
#[derive(Debug)]
pub struct Exchange {
    number: u64,
    address: Cell<IpAddr>,
    /// Which endpoint it asks.
    pub endpoint: Endpoint,
    /// When it began.
    pub started: Instant,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

impl Exchange {
    /// An exchange that begins now, with this peer.
    #[must_use]
    pub fn begin(address: IpAddr, endpoint: Endpoint, metrics: Arc<Metrics>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            address: Cell::new(address),
            endpoint,
            started: Instant::now(),
            metrics,
        }
    }

    /// Carries out what belongs to this exchange.
    pub async fn over<T>(self, answer: impl Future<Output = T>) -> T {
        CURRENT.scope(self, answer).await
    }

    /// Shows the exchange that is under way, if there is one.
    pub fn with<T>(look: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT.try_with(look).ok()
    }

    /// Says who really asks, where a proxy stands between.
    pub fn came_from(address: IpAddr) {
        Self::with(|exchange| exchange.address.set(address));
    }

    /// The name of the request, for the log and for whoever asks about it.
    #[must_use]
    pub fn id(&self) -> String {
        static PROCESS: OnceLock<u32> = OnceLock::new();
        // Another process of the same log has other names, and so has this one when it was started again.
        let process = PROCESS.get_or_init(|| getrandom::u32().unwrap_or_default());
        format!("{process:08x}-{:x}", self.number)
    }

    /// Writes the members of a line that say which request it is about.
    pub(crate) fn describe(&self, line: &mut Vec<u8>) {
        let micros = self.started.elapsed().as_micros();
        let (id, address) = (self.id(), self.address.get());
        let _ = write!(line, ",\"request_id\":\"{id}\",\"address\":\"{address}\",\"duration_us\":{micros}");
    }
}
