//! A store for [grantor] in a SQLite file, for an authorization server on one machine without a database server.
//!
//! ```
//! use grantor_sqlite::SqliteStore;
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("grantor.sqlite");
//! let store = SqliteStore::open(&path)?; // Made if it is missing.
//!
//! // The host's own tables may be in the same file, and its writes in the same group as grantor's commits.
//! store.write(|it| it.execute_batch("CREATE TABLE IF NOT EXISTS host_sessions (id TEXT PRIMARY KEY) STRICT"))?;
//! let sessions: i64 = store.read(|it| it.query_row("SELECT count(*) FROM host_sessions", [], |row| row.get(0)))?;
//! # assert_eq!(sessions, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`SqliteStore`] implements both `Store` and `AsyncStore`; the async calls work on any runtime. It is cheap to
//! clone. It lists the grants of people and clients (`GrantStore`), forgets expired records (`Purge`) when a
//! `PurgeClock` asks it to, every minute or so, and forgets clients that registered themselves and are not used
//! (`PurgeClients`). Give a host's own tables a prefix of their own, such as `host_`.
//!
//! # Guarantees
//!
//! - **An answered commit is on the disk.** A commit is answered when the log is synced (`synchronous = FULL`), so it
//!   survives `kill -9` and a loss of power, provided that the disk keeps its promises. A commit whose caller has gone
//!   is applied whole or not at all.
//! - **Group commit.** One thread writes. It puts all waiting commits into one transaction and syncs once. Each commit
//!   has a savepoint, so a conflict, an error or a panic undoes only its own part. If the transaction fails, everybody
//!   in it gets [`Unavailable`](grantor::Unavailable), and nobody a conflict.
//! - **Bounded waiting.** Up to 1024 writes and 1024 reads may wait; further ones are refused at once and told to come
//!   again in a second, which becomes a 503 with `Retry-After`. When another process holds the file, all waiting writes
//!   are refused in the same way after 5 seconds, together.
//! - **Readers do not wait for writers.** Four threads read, each with a connection of its own, in WAL mode.
//! - **A purge goes in slices** of a few milliseconds, each between two groups, so that a request waits for one slice
//!   at most. Then the file gives free pages back, all but a quarter of what is in use, and a log that grew long is
//!   cut.
//! - **Several processes may use one file** on one machine. They write in turns; a network file system will not do.
//!
//! # Files that are refused
//!
//! [`SqliteStore::open`] refuses an empty file, a log without its file, another program's file, a file of a later
//! release, and a damaged file: it checks pages, records and indexes for up to five seconds, which is enough for half a
//! gigabyte. Run `PRAGMA integrity_check` on a copy of a larger file. [`OpenReason`] has the reason. A file that others
//! can read is restricted to its owner (0600), and so are `-wal` and `-shm` beside it: a restored copy with another
//! mode should not keep a server from starting, and nobody else should learn from it who logged in where.
//!
//! # Backup
//!
//! While servers run, either of these makes a complete copy; copying the file itself does not, since part of the data
//! is in the log:
//!
//! ```text
//! sqlite3 grantor.sqlite ".backup copy.sqlite"
//! sqlite3 grantor.sqlite "VACUUM INTO 'copy.sqlite'"
//! ```
//!
//! To restore a copy, stop the servers, remove the file with its `-wal` and `-shm`, and put the copy in its place.
//! Credentials that were spent or grants that were revoked since the copy are valid again: codes have expired by then,
//! but revoke those grants again. Move a file to another machine in the same way.
//!
//! # Files of earlier releases
//!
//! A file of an earlier release is upgraded when it is opened, in one transaction. Only new files can give pages back,
//! which SQLite decides when it makes a file; an old one keeps its size, and reuses free pages.
//! [`SqliteStore::compact`] rewrites it as a new file, which takes the time of writing all of it, and as much disk
//! space again. Run it while no server runs.
//!
//! # Numbers
//!
//! `cargo run --release -p grantor-sqlite --example measure` prints the numbers of your machine.

mod changes;
mod check;
mod clients;
mod fold;
mod grants;
mod jobs;
mod lookup;
mod open;
mod purge;
mod readers;
mod rows;
mod schema;
mod statistics;
mod store;
mod writer;

use std::time::Duration;

pub use open::{OpenError, OpenReason};
pub use statistics::Statistics;
pub use store::SqliteStore;

/// The time that a group of commits waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The time that the store's own work waits for another process that holds the file. Commits wait behind it, and it can
/// be repeated.
const PATIENCE: Duration = Duration::from_millis(50);

/// The size of the writer's cache, in KiB (negative, as SQLite wants it). Keys are random, so a commit touches pages of
/// the indexes all over the file, and a page that is not cached is read again. SQLite goes through all of the cache
/// after a transaction that split a page, so a larger one costs more than it saves.
const WRITER_CACHE: i64 = -8 * 1024;
