//! What the tests share.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use grantor::Timestamp;
use grantor::model::{Digest, Key, Partition};
use grantor::store::Change;
use grantor_sqlite::SqliteStore;
use rusqlite::Connection;
use tempfile::TempDir;

/// An empty store in a file of its own.
pub(crate) fn fresh(directory: &TempDir) -> SqliteStore {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let file = format!("{}.sqlite", NEXT.fetch_add(1, Ordering::Relaxed));
    SqliteStore::open(directory.path().join(file)).expect("a store")
}

/// A witness's key.
pub(crate) fn key(number: u16) -> Key {
    let [high, low] = number.to_be_bytes();
    let mut digest = [0; 32];
    digest[..2].copy_from_slice(&[high, low]);
    Key { partition: Partition(1), digest: Digest::from_bytes(digest) }
}

/// What nobody has witnessed before.
pub(crate) fn witness(number: u16) -> Change {
    Change::Witness { key: key(number), until: Timestamp(1000) }
}

/// Waits until something is so, and for a minute at most.
pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Work that holds a thread of the store until the sender is dropped.
pub(crate) fn gate() -> (Sender<()>, impl FnOnce(&Connection) -> Result<(), rusqlite::Error> + Send + 'static) {
    let (open, opened) = std::sync::mpsc::channel();
    (open, move |_: &Connection| {
        let _ = opened.recv();
        Ok(())
    })
}

/// Asks once, which puts a call into the store's queue.
pub(crate) fn poll<T>(call: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    Pin::new(call).poll(&mut Context::from_waker(Waker::noop()))
}

/// What a call is told in the end.
pub(crate) fn told<T>(mut call: impl Future<Output = T> + Unpin) -> T {
    let mut answer = None;
    wait_until(|| {
        if let Poll::Ready(told) = poll(&mut call) {
            answer = Some(told);
        }
        answer.is_some()
    });
    answer.expect("it was told")
}
