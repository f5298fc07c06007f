//! A schema of its own, in the PostgreSQL of the tests.

use std::sync::atomic::{AtomicUsize, Ordering};

use grantor_postgres::PostgresStore;
use tokio_postgres::NoTls;

static NUMBER: AtomicUsize = AtomicUsize::new(0);

pub struct Database {
    schema: String,
}

impl Database {
    pub async fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = format!("grantor_postgres_{}_{number}", std::process::id());
        let (client, connection) = tokio_postgres::connect(&server(), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
        Self { schema }
    }

    /// A store with a pool of this many connections.
    pub async fn store(&self, connections: usize) -> PostgresStore {
        self.store_at(&server(), connections).await
    }

    /// The same by way of another address.
    pub async fn store_at(&self, address: &str, connections: usize) -> PostgresStore {
        let address = format!("{address} options='-c search_path={}'", self.schema);
        grantor_postgres::open(&address, connections).await.unwrap()
    }
}

/// The address of the server.
pub fn server() -> String {
    let address = std::env::var("GRANTOR_POSTGRES").unwrap_or_default();
    assert!(!address.is_empty(), "GRANTOR_POSTGRES is to name a database; `tests/run stores` starts one");
    address
}
