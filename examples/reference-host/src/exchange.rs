//! The exchange under way: the common fields of its lines in the log.

use std::cell::Cell;
use std::fmt;
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
#[derive(Clone, Debug)]
pub struct Exchange {
    number: u64,
    address: Cell<IpAddr>,
    /// The endpoint of the request.
    pub endpoint: Endpoint,
    /// The start of the exchange.
    pub started: Instant,
    /// The metrics that count it.
    pub metrics: Arc<Metrics>,
}

impl Exchange {
    /// Begins an exchange with this peer.
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

    /// Runs work as a part of this exchange.
    pub fn over<T>(self, answer: impl Future<Output = T>) -> impl Future<Output = T> {
        CURRENT.scope(self, answer)
    }

    /// Runs work in another task as a part of the exchange that is under way, if there is one.
    pub(crate) fn carry<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
        let current = Self::with(Self::clone);
        async move {
            match current {
                Some(exchange) => exchange.over(work).await,
                None => work.await,
            }
        }
    }

    /// Calls a function with the exchange that is under way, if there is one.
    pub fn with<T>(look: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT.try_with(look).ok()
    }

    /// Sets the real sender, behind a proxy.
    pub fn came_from(address: IpAddr) {
        Self::with(|exchange| exchange.address.set(address));
    }

    /// The name of the request, for the log and for people who ask about it.
    #[must_use]
    pub fn id(&self) -> RequestId {
        RequestId(self.number)
    }

    /// Writes the members of a line that name the request.
    pub(crate) fn describe(&self, line: &mut Vec<u8>) {
        let micros = self.started.elapsed().as_micros();
        let (id, address) = (self.id(), self.address.get());
        let _ = write!(line, ",\"request_id\":\"{id}\",\"address\":\"{address}\",\"duration_us\":{micros}");
    }
}

/// The name of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static PROCESS: OnceLock<u32> = OnceLock::new();
        // The names differ between processes that write to the same log, and after a restart.
        let process = PROCESS.get_or_init(|| getrandom::u32().unwrap_or_default());
        write!(f, "{process:08x}-{:x}", self.0)
    }
}
