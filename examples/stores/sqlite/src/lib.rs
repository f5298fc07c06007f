//! A store for [grantor] in a SQLite file: what an authorization server keeps, on one machine and without a database
//! server.
//!
//! ```
//! use grantor_sqlite::SqliteStore;
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("grantor.sqlite");
//! let store = SqliteStore::open(&path)?; // Made where it is missing.
//!
//! // The host's own tables may be in the same file, and its writes in the same group as grantor's commits.
//! store.write(|it| it.execute_batch("CREATE TABLE IF NOT EXISTS host_sessions (id TEXT PRIMARY KEY) STRICT"))?;
//! let sessions: i64 = store.read(|it| it.query_row("SELECT count(*) FROM host_sessions", [], |row| row.get(0)))?;
//! # assert_eq!(sessions, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`SqliteStore`] goes where grantor asks for a `Store` or an `AsyncStore`; the async calls need no runtime in
//! particular. It is cheap to clone. It lists what people hold (`GrantStore`), and forgets what has expired (`Purge`)
//! when a `PurgeClock` asks it to, every minute or so. The names of a host's own tables begin with something of its
//! own, such as `host_`.
//!
//! # What it guarantees
//!
//! - **What was answered is on the disk.** A commit is answered when the log is synced (`synchronous = FULL`), so it
//!   outlives `kill -9` and a loss of power, if the disk does what it says. One whose caller is gone is carried out
//!   whole or not at all.
//! - **Group commit.** One thread writes. It takes what waits into one transaction and syncs once for all of it. Each
//!   commit has a savepoint, so a conflict, an error or a panic undoes its own part alone. If the transaction
//!   fails, everybody in it is told [`Unavailable`](grantor::Unavailable), and nobody of a conflict.
//! - **Nobody waits without an end.** 1024 writes and 1024 reads may wait; who comes then is told at once to come again
//!   in a second, which becomes a 503 with `Retry-After`. When another process holds the file, all who wait to
//!   write are told the same after 5 seconds, together.
//! - **Readers wait for no writer.** Four threads read, each with a connection of its own, in WAL mode.
//! - **A purge goes in slices** of a few milliseconds, each between two groups, so that a request waits for one slice
//!   at most. Then the file gives free pages back, all but a quarter of what is in use, and a log that grew long is
//!   cut.
//! - **Several processes may use one file** on one machine. They write in turns; a network file system will not do.
//!
//! # What is refused
//!
//! [`SqliteStore::open`] refuses an empty file, a log without its file, another program's file, what a later release
//! wrote, and a damaged file: for five seconds at most it looks whether pages, records and indexes are sound, which
//! reaches through half a gigabyte. Have `PRAGMA integrity_check` look through a copy of a larger one. [`OpenReason`]
//! says why. A file that others could read is made its owner's alone (0600), as are `-wal` and `-shm` beside it: a copy
//! that was brought back with another mode should not keep a server from starting, and nobody should read in it who
//! logged in where.
//!
//! # Backup
//!
//! While servers run, either of these makes a copy that is whole; copying the file itself does not, since part of it is
//! in the log:
//!
//! ```text
//! sqlite3 grantor.sqlite ".backup copy.sqlite"
//! sqlite3 grantor.sqlite "VACUUM INTO 'copy.sqlite'"
//! ```
//!
//! To bring a copy back, stop the servers, remove the file with its `-wal` and `-shm`, and put the copy in its place.
//! Whatever was spent or revoked since is not, in the copy: codes have expired by then, but revoke grants again that
//! were revoked meanwhile. A file that is to be on another machine is moved in the same way.
//!
//! # Files of earlier releases
//!
//! They are brought up to date when they are opened, in one transaction. Only new files can give pages back, which
//! SQLite decides when it makes a file; an old one keeps its size, and uses free pages again. [`SqliteStore::compact`]
//! makes a new one of it, which takes as long as writing all of it, and as much room again. Run it while no server
//! does.
//!
//! # Numbers
//!
//! `cargo run --release -p grantor-sqlite --example measure` prints those of this machine.

mod changes;
mod check;
mod clients;
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

/// How long a group of commits waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the store's own work waits for another process that holds the file. Commits wait behind it, and it can be
/// repeated.
const PATIENCE: Duration = Duration::from_millis(50);

/// How much of the file the writer keeps in memory at most, in KiB (negative, as SQLite has it). Keys are random, so a
/// commit touches pages all over the file: each that is not kept is read again.
const WRITER_CACHE: i64 = -64 * 1024;

/// At how many pages the log is folded into the file. A page that many commits have changed is folded in once: at a
/// quarter of this, which is SQLite's default, a busy store folded after every second group.
const FOLDED_AT: u32 = 4000;

/// Above this many bytes the log is cut when nobody needs it; twice what it has when it is folded in.
const LOG_LIMIT: u32 = 32 << 20;
