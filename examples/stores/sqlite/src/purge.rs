//! Purging: forgets expired records, slice by slice, and gives the space back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use grantor::{Timestamp, Unavailable};
use rusqlite::Connection;

use crate::fold::LOG_LIMIT;
use crate::rows::{past, unavailable};
use crate::writer::{begin, execute};
use crate::{BUSY_TIMEOUT, PATIENCE};

/// The tables of records that expire, each with its key; grants last, when none of their credentials are left.
const EXPIRING: [(&str, &str); 4] =
    [("credentials", "rowid"), ("requests", "rowid"), ("witnesses", "partition, digest"), ("grants", "rowid")];

/// The time for which a slice may hold the writer, without its sync of the disk.
const SLICE: Duration = Duration::from_millis(2);

/// The least number of free pages that a file keeps for reuse.
const SPARE_PAGES: i64 = 256;

/// The size of a slice, adapted to the time that the last ones took.
#[derive(Debug)]
struct Pace(AtomicUsize);

impl Pace {
    const SLOWEST: usize = 8;
    const FASTEST: usize = 256;

    fn new() -> Self {
        Self(AtomicUsize::new(64))
    }

    fn read(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn took(&self, amount: usize, elapsed: Duration) {
        let next = if elapsed > SLICE {
            amount / 2
        } else if elapsed < SLICE / 3 {
            amount * 2
        } else {
            amount
        };
        self.0.store(next.clamp(Self::SLOWEST, Self::FASTEST), Ordering::Relaxed);
    }
}

/// The speeds at which this file is purged.
#[derive(Clone, Debug)]
pub(crate) struct Paces {
    log: PathBuf,
    records: Arc<Pace>,
    pages: Arc<Pace>,
}

impl Paces {
    pub(crate) fn of(file: &Path) -> Self {
        Self { log: crate::open::beside(file, "-wal"), records: Arc::new(Pace::new()), pages: Arc::new(Pace::new()) }
    }
}

/// The remaining work of a batch.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// Forget up to this many records.
    Records(usize),
    /// No expired records are left. Give free pages back to the file system.
    Pages,
    /// Cut the log.
    Log,
}

/// One batch, slice by slice. The caller asks for the next slice, which is done between two groups of commits.
#[derive(Debug)]
pub(crate) struct Batch {
    paces: Paces,
    now: Timestamp,
    forgotten: usize,
    left: Option<Left>,
}

/// The work of a slice, which reports how much it did.
pub(crate) type Slice = Box<dyn FnOnce(&mut Connection) -> Result<Sliced, Unavailable> + Send>;

/// The work that a slice did, and true if there is more of the kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sliced {
    pub(crate) forgotten: usize,
    is_last: bool,
}

impl Batch {
    pub(crate) fn new(paces: Paces, now: Timestamp, limit: usize) -> Self {
        Self { paces, now, forgotten: 0, left: Some(Left::Records(limit)) }
    }

    pub(crate) fn next(&self) -> Option<Slice> {
        let (paces, now) = (self.paces.clone(), self.now);
        Some(match self.left? {
            Left::Records(limit) => Box::new(move |connection| {
                briefly(connection, |connection| forget(connection, &paces.records, now, limit))
            }),
            Left::Pages => {
                Box::new(move |connection| briefly(connection, |connection| give_pages_back(connection, &paces.pages)))
            }
            Left::Log => Box::new(move |connection| briefly(connection, |connection| shorten(connection, &paces.log))),
        })
    }

    pub(crate) fn done(&mut self, slice: Sliced) {
        self.forgotten += slice.forgotten;
        self.left = match (self.left, slice.is_last) {
            (Some(Left::Records(limit)), false) => {
                Some(limit - slice.forgotten.min(limit)).filter(|left| *left > 0).map(Left::Records)
            }
            (left, false) => left,
            (Some(Left::Records(_)), true) => Some(Left::Pages),
            (Some(Left::Pages), true) => Some(Left::Log),
            (Some(Left::Log) | None, true) => None,
        };
    }

    pub(crate) fn forgotten(&self) -> usize {
        self.forgotten
    }
}

fn briefly<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
) -> Result<T, Unavailable> {
    connection.busy_timeout(PATIENCE).map_err(unavailable)?;
    let done = work(connection).map_err(unavailable);
    connection.busy_timeout(BUSY_TIMEOUT).map_err(unavailable)?;
    done
}

fn forget(connection: &Connection, pace: &Pace, now: Timestamp, limit: usize) -> Result<Sliced, rusqlite::Error> {
    let rows = pace.read().min(limit);
    begin(connection)?;
    let started = Instant::now();
    let mut left = rows;
    for (table, key) in EXPIRING {
        let sql =
            format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE expires_at <= ?1 LIMIT ?2)");
        left -=
            connection.prepare_cached(&sql)?.execute((past(now), i64::try_from(left).unwrap_or(i64::MAX)))?.min(left);
    }
    let forgotten = rows - left;
    if forgotten == pace.read() {
        pace.took(forgotten, started.elapsed());
    }
    execute(connection, "COMMIT")?;
    Ok(Sliced { forgotten, is_last: left > 0 })
}

/// Gives free pages back. A file of an earlier release keeps its free pages, and reuses them.
fn give_pages_back(connection: &Connection, pace: &Pace) -> Result<Sliced, rusqlite::Error> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let (all, free) = (pragma("page_count")?, pragma("freelist_count")?);
    let spare = ((all - free) / 4).max(SPARE_PAGES);
    let is_incremental = pragma("auto_vacuum")? == 2;
    let pages = pace.read().min(usize::try_from(free - spare).unwrap_or(0));
    if !is_incremental || pages == 0 {
        return Ok(Sliced { forgotten: 0, is_last: true });
    }
    begin(connection)?;
    let started = Instant::now();
    connection.execute_batch(&format!("PRAGMA incremental_vacuum({pages})"))?;
    if pages == pace.read() {
        pace.took(pages, started.elapsed());
    }
    execute(connection, "COMMIT")?;
    Ok(Sliced { forgotten: 0, is_last: false })
}

/// Cuts a log that grew during a long read and would keep its size.
fn shorten(connection: &Connection, log: &Path) -> Result<Sliced, rusqlite::Error> {
    let is_long = std::fs::metadata(log).is_ok_and(|log| log.len() > LOG_LIMIT.unsigned_abs());
    if is_long {
        // A reader may still need the log; the next purge tries again.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(Sliced { forgotten: 0, is_last: true })
}
