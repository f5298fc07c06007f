//! The metrics, in Prometheus' text format. No label contains text from a request.

use std::borrow::Cow;
use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The endpoints and pages that are counted separately.
const ENDPOINTS: [&str; 14] = [
    "other",
    "authorize",
    "token",
    "introspect",
    "revoke",
    "par",
    "register",
    "device_authorization",
    "device",
    "metadata",
    "login",
    "consent",
    "applications",
    "operations",
];

/// The classes of status codes.
const CLASSES: [&str; 6] = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// One of the endpoints and pages that are counted separately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endpoint(usize);

impl Endpoint {
    /// Returns the endpoint at a path, without the path of the issuer.
    #[must_use]
    pub fn at(path: &str) -> Self {
        let last = path.rsplit('/').next().unwrap_or_default();
        let name = match last {
            _ if path.contains("/.well-known/") => "metadata",
            _ if path.contains("/applications/") => "applications",
            _ if path.contains("/register/") => "register",
            "healthz" | "readyz" | "metrics" => "operations",
            last => last,
        };
        Self(ENDPOINTS.iter().position(|endpoint| *endpoint == name).unwrap_or_default())
    }

    /// The endpoint's name in the log and in labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        ENDPOINTS.get(self.0).copied().unwrap_or("other")
    }
}

/// All metrics.
pub struct Metrics {
    registry: RwLock<Registry>,
    endpoints: Vec<EndpointMetrics>,
    events: Family<[(&'static str, &'static str); 1], Counter>,
    refusals: Family<Refusal, Counter>,
    /// The lookups of the store.
    pub lookups: StoreMetrics,
    /// The commits of the store.
    pub commits: StoreMetrics,
    /// The connections of peers.
    pub connections: ConnectionMetrics,
    /// The purges of expired records.
    pub purge: PurgeMetrics,
}

/// The answers of one endpoint.
struct EndpointMetrics {
    by_class: Vec<Counter>,
    seconds: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    endpoint: &'static str,
    error: Cow<'static, str>,
    reason: String,
}

/// The requests to the store.
#[derive(Debug)]
pub struct StoreMetrics {
    /// The time that they took.
    pub seconds: Histogram,
    /// The number of failures.
    pub failures: Counter,
}

/// The ends of connections.
#[derive(Debug, Default)]
pub struct ConnectionMetrics {
    /// Opened so far.
    pub opened: Counter,
    /// Closed because all places were taken and they had idled longest.
    pub closed_for_others: Counter,
    /// Closed because the TLS handshake or a head took too long, or no request followed.
    pub head_timeouts: Counter,
    /// Answered with 408 because a body took too long.
    pub body_timeouts: Counter,
    /// Answered with 503 because the server took too long.
    pub request_timeouts: Counter,
    /// Closed because the peer read none of its answer.
    pub write_timeouts: Counter,
    /// Connections that could not be accepted.
    pub accept_errors: Counter,
}

/// The purged records.
#[derive(Debug)]
pub struct PurgeMetrics {
    /// The rows so far.
    pub rows: Counter,
    /// The time that each purge took.
    pub seconds: Histogram,
    /// The number of failed purges.
    pub failures: Counter,
    /// The time of the last success.
    pub last_success: Gauge,
}

impl PurgeMetrics {
    /// Counts a purge of this many rows that took this long.
    pub fn succeeded(&self, rows: usize, took: Duration) {
        self.rows.inc_by(u64::try_from(rows).unwrap_or(u64::MAX));
        self.seconds.observe(took.as_secs_f64());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_success.set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A histogram from a tenth of a millisecond to 26 seconds.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 4.0, 10))
}

fn register<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("grantor");
        let it = &mut registry;
        type Labels<const N: usize> = [(&'static str, &'static str); N];
        let requests: Family<Labels<2>, Counter> = Family::default();
        let requests = register(it, "http_requests", "Requests answered", requests);
        let seconds: Family<Labels<1>, Histogram> = Family::new_with_constructor(histogram);
        it.register("http_request_seconds", "Time from a request's head to its answer", seconds.clone());
        let endpoint = |endpoint| EndpointMetrics {
            by_class: CLASSES
                .iter()
                .map(|class| requests.get_or_create_owned(&[("endpoint", endpoint), ("status", class)]))
                .collect(),
            seconds: seconds.get_or_create_owned(&[("endpoint", endpoint)]),
        };
        let endpoints = ENDPOINTS.into_iter().map(endpoint).collect();
        let store = Family::<Labels<1>, Histogram>::new_with_constructor(histogram);
        it.register("store_seconds", "Time that the store took", store.clone());
        let failures = Family::<Labels<1>, Counter>::default();
        let failures = register(it, "store_failures", "Times that the store could not answer", failures);
        let operation = |name| StoreMetrics {
            seconds: store.get_or_create_owned(&[("operation", name)]),
            failures: failures.get_or_create_owned(&[("operation", name)]),
        };
        let (lookups, commits) = (operation("lookup"), operation("commit"));
        let timeouts = Family::<Labels<1>, Counter>::default();
        let timeouts = register(it, "connection_timeouts", "Peers that were too slow, or idle", timeouts);
        let timeout = |of| timeouts.get_or_create_owned(&[("of", of)]);
        let closed = "Connections closed at the limit, since they had idled longest";
        let connections = ConnectionMetrics {
            opened: register(it, "connections_opened", "Connections accepted", Counter::default()),
            closed_for_others: register(it, "connections_closed_for_others", closed, Counter::default()),
            head_timeouts: timeout("head"),
            body_timeouts: timeout("body"),
            request_timeouts: timeout("request"),
            write_timeouts: timeout("write"),
            accept_errors: register(it, "accept_errors", "Connections that could not be accepted", Counter::default()),
        };
        let last = "When a purge succeeded last, in seconds since 1970";
        let purge = PurgeMetrics {
            rows: register(it, "purge_rows", "Expired rows forgotten", Counter::default()),
            seconds: register(it, "purge_seconds", "Time that purges took", histogram()),
            failures: register(it, "purge_failures", "Purges that failed", Counter::default()),
            last_success: register(it, "purge_last_success_timestamp_seconds", last, Gauge::default()),
        };
        let events = register(it, "events", "What happened, by the name of its event", Family::default());
        let refusals = register(it, "refusals", "What was refused, and why", Family::default());
        Self { registry: RwLock::new(registry), endpoints, events, refusals, lookups, commits, connections, purge }
    }
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, endpoint: Endpoint, status: StatusCode, took: Duration) {
        // A path may look like an endpoint's without being one.
        let endpoint = if status == StatusCode::NOT_FOUND { Endpoint::default() } else { endpoint };
        let Some(metrics) = self.endpoints.get(endpoint.0) else { return };
        if let Some(counter) = metrics.by_class.get(usize::from(status.as_u16() / 100)).or(metrics.by_class.first()) {
            counter.inc();
        }
        metrics.seconds.observe(took.as_secs_f64());
    }

    /// Counts an event.
    pub fn happened(&self, event: &'static str) {
        self.events.get_or_create(&[("event", event)]).inc();
    }

    /// Counts a refusal. The texts are constants.
    pub fn refused(&self, endpoint: Endpoint, error: Cow<'static, str>, reason: String) {
        let refusal = Refusal { endpoint: endpoint.name(), error, reason };
        self.refusals.get_or_create(&refusal).inc();
    }

    /// Shows a number that is counted elsewhere, read at each request: it only grows.
    pub fn count(&self, name: &'static str, help: &'static str, read: impl Fn() -> u64 + Send + Sync + 'static) {
        self.watch(Watched { name, help, only_grows: true, read: Box::new(read) });
    }

    /// Shows a number that is known elsewhere, read at each request.
    pub fn gauge(&self, name: &'static str, help: &'static str, read: impl Fn() -> u64 + Send + Sync + 'static) {
        self.watch(Watched { name, help, only_grows: false, read: Box::new(read) });
    }

    fn watch(&self, watched: Watched) {
        let mut registry = self.registry.write().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(watched));
    }

    /// Returns all metrics, as text.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.read().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}

struct Watched {
    name: &'static str,
    help: &'static str,
    only_grows: bool,
    read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Collector for Watched {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let value = (self.read)();
        if self.only_grows {
            let counter = ConstCounter::new(value);
            return counter.encode(encoder.encode_descriptor(self.name, self.help, None, counter.metric_type())?);
        }
        let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
        gauge.encode(encoder.encode_descriptor(self.name, self.help, None, gauge.metric_type())?)
    }
}
