//! What the tests share.

use std::sync::atomic::{AtomicUsize, Ordering};

use grantor_sqlite::SqliteStore;
use tempfile::TempDir;

/// An empty store in a file of its own.
pub(crate) fn fresh(directory: &TempDir) -> SqliteStore {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let file = format!("{}.sqlite", NEXT.fetch_add(1, Ordering::Relaxed));
    SqliteStore::open(directory.path().join(file)).expect("a store")
}
