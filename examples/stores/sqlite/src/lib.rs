//! A store for [grantor] in a SQLite file.

mod changes;
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

/// Above this many bytes the log is cut when nobody needs it; twice what SQLite writes before it is folded in.
const LOG_LIMIT: u32 = 8 << 20;
