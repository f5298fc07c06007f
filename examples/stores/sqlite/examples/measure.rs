//! Measures the store on this machine's disk: commits and lookups by async callers, and commits beside a purge.
//!
//! `cargo run --release -p grantor-sqlite --example measure`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use grantor::Timestamp;
use grantor::model::{Digest, GrantId, Key, Partition};
use grantor::store::{AsyncStore as _, Change, Commit, Lookup, Purge as _};
use grantor_sqlite::SqliteStore;

const CALLERS: [usize; 3] = [1, 16, 64];
const TIME: Duration = Duration::from_secs(2);

/// An access token and its grant, as a token endpoint issues them.
fn token(number: u64) -> Result<(Key, Commit), Box<dyn Error + Send + Sync>> {
    // Keys are spread as random ones are.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut digest = [0; 32];
    digest.get_mut(..8).ok_or("8 bytes")?.copy_from_slice(&mixed.to_be_bytes());
    let partition = Partition(u16::try_from(mixed >> 48)?);
    let mut id = [0; 18];
    id.get_mut(..2).ok_or("2 bytes")?.copy_from_slice(&partition.0.to_be_bytes());
    id.get_mut(2..10).ok_or("8 bytes")?.copy_from_slice(&mixed.to_be_bytes());
    let (id, key) = (GrantId::from_bytes(id), Key { partition, digest: Digest::from_bytes(digest) });
    let grant = serde_json::json!({
        "version": 1, "id": id, "client_id": "service", "grant_type": "client_credentials", "scope": "read",
        "issued_at": 10
    });
    let credential = serde_json::json!({
        "version": 1, "revision": 0, "key": key, "grant": id, "kind": "access_token", "scope": "read",
        "resource": ["https://photos.example/"], "issued_at": 10, "expires_at": 1000
    });
    let open = Change::Open { grant: Arc::new(serde_json::from_value(grant)?), until: Timestamp(1000) };
    let issue = Change::Issue(Arc::new(serde_json::from_value(credential)?));
    Ok((key, Commit::new([open, issue])?))
}

/// Calls as often as so many callers can, and prints how often that was and how long calls took.
async fn measure<F: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>(
    what: &str,
    callers: usize,
    go_on: impl Fn() -> bool + Clone + Send + 'static,
    call: impl Fn() -> F + Clone + Send + 'static,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (call, go_on) = (call.clone(), go_on.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                while go_on() {
                    let started = Instant::now();
                    call().await?;
                    took.push(started.elapsed());
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(took)
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    took.sort_unstable();
    let at = |part: f64| took.get((took.len() as f64 * part) as usize).or(took.last()).copied().unwrap_or_default();
    let per_second = took.len() as f64 / started.elapsed().as_secs_f64();
    println!("{what:>24} c={callers:<3} {per_second:8.0}/s  p50 {:?}  p99 {:?}  max {:?}", at(0.5), at(0.99), at(1.0));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let directory = tempfile::tempdir_in(".")?;
    let store = SqliteStore::open(directory.path().join("measure.sqlite"))?;
    let next = Arc::new(AtomicU64::new(1));
    let commit = {
        let (store, next) = (store.clone(), Arc::clone(&next));
        move || {
            let (store, number) = (store.clone(), next.fetch_add(1, Ordering::Relaxed));
            async move {
                let (_, commit) = token(number)?;
                let _ = store.commit_async(&commit).await?;
                Ok(())
            }
        }
    };
    for callers in CALLERS {
        let started = Instant::now();
        measure("commit", callers, move || started.elapsed() < TIME, commit.clone()).await?;
    }
    for callers in CALLERS {
        let (started, store, written) = (Instant::now(), store.clone(), next.load(Ordering::Relaxed) - 100);
        let number = Arc::new(AtomicU64::new(1));
        let look_up = move || {
            let (store, number) = (store.clone(), number.fetch_add(1, Ordering::Relaxed));
            async move {
                let (key, _) = token(number % written + 1)?;
                store.lookup_async(&Lookup::of(key)).await?;
                Ok(())
            }
        };
        measure("lookup", callers, move || started.elapsed() < TIME, look_up).await?;
    }
    println!("{:?}", store.statistics());

    for callers in CALLERS {
        store.write(fill).map_err(Box::new)?;
        let is_purged = Arc::new(AtomicBool::new(false));
        let purging = {
            let (store, is_purged) = (store.clone(), Arc::clone(&is_purged));
            std::thread::spawn(move || {
                let started = Instant::now();
                let mut purged = 0;
                while let Ok(rows) = store.purge_batch(Timestamp(600), 500) {
                    purged += rows;
                    if rows < 500 {
                        break;
                    }
                }
                is_purged.store(true, Ordering::Relaxed);
                println!("{purged} rows were purged in {:?}", started.elapsed());
            })
        };
        measure("commit beside a purge", callers, move || !is_purged.load(Ordering::Relaxed), commit.clone()).await?;
        purging.join().map_err(|_| "the purge panicked")?;
    }
    Ok(())
}

/// Tokens with random keys that have expired.
fn fill(connection: &rusqlite::Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000)
         INSERT INTO credentials (partition, digest, grant_id, record, revision, expires_at)
         SELECT random() & 65535, randomblob(32), randomblob(18), hex(zeroblob(120)), 0, 500 FROM n",
    )
}
