//! Forgetting what has expired, slice by slice, and giving the room back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use grantor::{Timestamp, Unavailable};
use rusqlite::Connection;

use crate::rows::{past, unavailable};
use crate::writer::{begin, execute};
use crate::{BUSY_TIMEOUT, LOG_LIMIT, PATIENCE};

/// The tables of what expires, each with its key; grants last, when none of their credentials are left.
const EXPIRING: [(&str, &str); 4] = [
    ("credentials", "rowid"),
    ("requests", "rowid"),
    ("witnesses", "partition, digest"),
    ("grants", "rowid"),
];

/// How long a slice may hold the writer, its sync of the disk not counted.
const SLICE: Duration = Duration::from_millis(2);

/// Free pages that a file keeps at least, to be used again.
const SPARE_PAGES: i64 = 256;

/// How much a slice takes on, by how long the last ones took.
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

/// How fast this file is purged.
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

/// What is left to do of a batch.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// So many records may still be forgotten.
    Records(usize),
    /// Nothing has expired any more. Free pages go back to the file system.
    Pages,
    /// And what the log grew to.
    Log,
}

/// One batch, slice by slice. Whoever runs it asks for the next slice, and has it done between two groups of commits.
#[derive(Debug)]
pub(crate) struct Batch {
    paces: Paces,
    now: Timestamp,
    forgotten: usize,
    left: Option<Left>,
}

/// A slice's work, and how much of it was found to do.
pub(crate) type Slice = Box<dyn FnOnce(&mut Connection) -> Result<Sliced, Unavailable> + Send>;

/// How much a slice did, and whether there is more of the kind.
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

/// A file that an earlier release made keeps its free pages, and uses them again.
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

/// A log that grew while somebody read for long stays as large as it was, unless it is cut.
fn shorten(connection: &Connection, log: &Path) -> Result<Sliced, rusqlite::Error> {
    let is_long = std::fs::metadata(log).is_ok_and(|log| log.len() > u64::from(LOG_LIMIT));
    if is_long {
        // Whether somebody still reads in it does not matter: the next purge tries again.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(Sliced { forgotten: 0, is_last: true })
}
