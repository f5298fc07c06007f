//! A store for grantor in PostgreSQL: tables and statements are those of [`grantor::store::sql`], and this driver sends
//! all statements of a commit at once, so that it costs one round trip as a lookup does.
//!
//! ```no_run
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let store = grantor_postgres::open("postgres://grantor@db.internal/grantor", 16).await?;
//! # Ok(())
//! # }
//! ```
//!
//! One connection for each core of the database server, and as many again, is a good number of connections for all
//! hosts together: more wait for each other.
//!
//! With TLS, or with settings of your own, make a pool: `PostgresStore::new(Pipelined(pool))`.

mod pipelined;

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use grantor::Unavailable;
use grantor::store::sql::SqlStore;
use tokio_postgres::NoTls;

pub use pipelined::Pipelined;

/// A store in PostgreSQL.
pub type PostgresStore = SqlStore<Pipelined>;

/// An error in opening a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is not one of PostgreSQL.
    #[error("the address of the database cannot be read")]
    Address(#[source] tokio_postgres::Error),
    /// The pool cannot be made.
    #[error("the pool of connections cannot be made")]
    Pool(#[source] deadpool_postgres::BuildError),
    /// The database is unavailable, or did not let the tables be created.
    #[error("the tables cannot be created")]
    Tables(#[source] Unavailable),
}

/// The time for which a request waits for a connection, and for a new one to be opened. Then it is a 503.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a store, and creates the tables that are not there yet. `address` is a URL, or `host=… user=… dbname=…`.
/// Connections are opened when they are needed, at most this many, without TLS.
///
/// # Errors
/// The address is malformed, or the database is unavailable.
pub async fn open(address: &str, connections: usize) -> Result<PostgresStore, OpenError> {
    let database: tokio_postgres::Config = address.parse().map_err(OpenError::Address)?;
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let pool = Pool::builder(Manager::from_config(database, NoTls, settings))
        .max_size(connections)
        .timeouts(Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(OpenError::Pool)?;
    let store = PostgresStore::new(Pipelined(pool));
    store.create_tables_async().await.map_err(OpenError::Tables)?;
    Ok(store)
}
