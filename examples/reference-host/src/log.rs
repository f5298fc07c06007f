//! The log: JSON, a line for each thing that happened, on standard error.
//!
//! Writing a line puts it into a queue and does not wait. If nobody reads standard error, the queue fills; further
//! lines are dropped and counted, and the log reports their number once it flows again.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::exchange::Exchange;

/// The most lines in the queue.
const QUEUE: usize = 8192;

/// The most bytes that are written at a time.
const BUFFER: usize = 64 * 1024;

/// The time for which lines are gathered, so that a busy server does not wake the writing thread for each of them.
const GATHER: Duration = Duration::from_millis(2);

/// The field of a [`tracing`] event that holds a JSON object, whose members become members of the line.
const MEMBERS: &str = "members";

static INTROSPECTIONS: AtomicBool = AtomicBool::new(false);

/// The time that the end of the program waits for the reader of the log.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The open log. Dropping it waits, but not for long, until all lines are written.
#[derive(Debug)]
pub struct Log {
    dropped: Dropped,
    said: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    /// The writing thread's guard. It is never dropped, because then it might print to standard output, which may be
    /// closed.
    _writes: ManuallyDrop<WorkerGuard>,
}

impl Drop for Log {
    fn drop(&mut self) {
        let begin = Instant::now();
        let said = self.said.load(Ordering::Acquire);
        while self.written.load(Ordering::Acquire).saturating_add(self.dropped.by_queue()) < said
            && begin.elapsed() < LAST_LINES
        {
            thread::sleep(GATHER);
        }
    }
}

/// A count of the lost lines.
#[derive(Clone, Debug, Default)]
pub struct Dropped {
    queue: Arc<OnceLock<ErrorCounter>>,
    unwritten: Arc<AtomicU64>,
}

impl Dropped {
    /// The number of lines lost so far, because the queue was full or writing failed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.by_queue().saturating_add(self.unwritten.load(Ordering::Relaxed))
    }

    fn by_queue(&self) -> u64 {
        let lines = self.queue.get().map_or(0, ErrorCounter::dropped_lines);
        u64::try_from(lines).unwrap_or(u64::MAX)
    }
}

impl Log {
    /// Opens the log, with or without a line for each introspection.
    ///
    /// # Errors
    /// The log is open already.
    pub fn open(introspections: bool) -> Result<Self, Box<dyn std::error::Error>> {
        INTROSPECTIONS.store(introspections, Ordering::Relaxed);
        let dropped = Dropped::default();
        let (said, written) = (Arc::default(), Arc::default());
        let out = BufWriter::with_capacity(BUFFER, io::stderr());
        let writer = Lines { out, dropped: dropped.clone(), told: 0, taken: 0, written: Arc::clone(&written) };
        let (queue, writes) =
            NonBlockingBuilder::default().buffered_lines_limit(QUEUE).lossy(true).thread_name("log").finish(writer);
        let _ = dropped.queue.set(queue.error_counter());
        tracing_subscriber::registry().with(Json { queue, said: Arc::clone(&said) }).try_init()?;
        // A panic goes through the queue too, since standard error may block.
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let payload = panic.payload();
            let message = payload.downcast_ref::<&str>().copied();
            let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default();
            tracing::error!(event = "panicked", place, message);
        }));
        Ok(Self { dropped, said, written, _writes: ManuallyDrop::new(writes) })
    }

    /// The count of lost lines.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.dropped.clone()
    }
}

/// Tells if each introspection has a line.
pub(crate) fn introspections() -> bool {
    INTROSPECTIONS.load(Ordering::Relaxed)
}

/// Writes a line. `members` is a JSON object; a member `event` names what happened.
pub(crate) fn line(members: &str) {
    tracing::info!(members);
}

/// The writer of whole lines, as many at a time as are waiting.
struct Lines {
    out: BufWriter<io::Stderr>,
    dropped: Dropped,
    /// The number of lost lines that the log has reported.
    told: u64,
    taken: u64,
    written: Arc<AtomicU64>,
}

impl Lines {
    fn put(&mut self, line: &[u8]) {
        if self.out.write_all(line).is_err() {
            self.dropped.unwritten.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line);
        self.taken += 1;
        let dropped = self.dropped.count();
        if dropped > self.told {
            let lines = dropped - self.told;
            let time = jiff::Timestamp::now();
            let told = format!(
                "{{\"time\":\"{time:.6}\",\"level\":\"WARN\",\"event\":\"log_lines_dropped\",\"lines\":{lines}}}\n"
            );
            self.told = dropped;
            self.put(told.as_bytes());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.written.store(self.taken, Ordering::Release);
        thread::sleep(GATHER);
        flushed
    }
}

/// The formatter that makes a line of JSON from each event.
struct Json {
    queue: NonBlocking,
    said: Arc<AtomicU64>,
}

impl<S: Subscriber> Layer<S> for Json {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= if is_ours(metadata) { Level::INFO } else { Level::WARN }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Vec::with_capacity(384);
        let _ = write!(line, "{{\"time\":\"{:.6}\",\"level\":\"{}\"", jiff::Timestamp::now(), metadata.level());
        let is_ours = is_ours(metadata);
        let mut members = Members { line: &mut line, is_ours };
        event.record(&mut members);
        if !is_ours {
            members.put("target", metadata.target());
        }
        Exchange::with(|exchange| exchange.describe(&mut line));
        line.extend_from_slice(b"}\n");
        self.said.fetch_add(1, Ordering::AcqRel);
        let _ = self.queue.clone().write_all(&line);
    }
}

/// Tells if an event is this host's, and not a library's.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("reference_host")
}

/// A visitor that writes fields as members of a JSON object.
struct Members<'a> {
    line: &'a mut Vec<u8>,
    is_ours: bool,
}

impl Members<'_> {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        let _ = write!(self.line, ",{}:{}", Value::from(name), value.into());
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match value.strip_prefix('{').and_then(|value| value.strip_suffix('}')) {
            Some(members) if self.is_ours && field.name() == MEMBERS => {
                if !members.is_empty() {
                    self.line.push(b',');
                    self.line.extend_from_slice(members.as_bytes());
                }
            }
            _ => self.put(field.name(), value),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}"));
    }
}
