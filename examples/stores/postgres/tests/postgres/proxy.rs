//! A proxy before the database, which counts round trips and can cut the connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use grantor_postgres::PostgresStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::config::Host;

use crate::database::{Database, server};

/// The silence by which one side has said everything, for now.
const SILENCE: Duration = Duration::from_millis(100);

pub struct Proxy {
    port: u16,
    round_trips: Arc<AtomicUsize>,
    serving: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub async fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let round_trips = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&round_trips);
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new(); // cut with this task
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(between(client, Arc::clone(&counted)));
            }
        });
        Self { port, round_trips, serving }
    }

    /// A store with one connection, by way of the proxy.
    pub async fn store(&self, database: &Database) -> PostgresStore {
        let server: tokio_postgres::Config = server().parse().unwrap();
        let (user, name) = (server.get_user().unwrap(), server.get_dbname().unwrap());
        let address = format!("host=127.0.0.1 port={} user={user} dbname={name}", self.port);
        database.store_at(&address, 1).await
    }

    /// How often the client asked after it had been answered.
    pub fn round_trips(&self) -> usize {
        self.round_trips.load(Ordering::SeqCst)
    }

    /// Ends all connections, and accepts no more.
    pub async fn cut(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }
}

async fn between(client: TcpStream, round_trips: Arc<AtomicUsize>) {
    let config: tokio_postgres::Config = server().parse().unwrap();
    let [Host::Unix(folder), ..] = config.get_hosts() else { panic!("the database of the tests has a Unix socket") };
    let database = UnixStream::connect(folder.join(".s.PGSQL.5432")).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_database, mut to_database) = database.into_split();
    let is_answered = AtomicBool::new(true);
    let ask = async {
        while let Some(said) = all_that_is_said(&mut from_client).await {
            if is_answered.swap(false, Ordering::SeqCst) {
                round_trips.fetch_add(1, Ordering::SeqCst);
            }
            if to_database.write_all(&said).await.is_err() {
                break;
            }
        }
    };
    let answer = async {
        while let Some(said) = all_that_is_said(&mut from_database).await {
            is_answered.store(true, Ordering::SeqCst);
            if to_client.write_all(&said).await.is_err() {
                break;
            }
        }
    };
    tokio::select! { () = ask => {}, () = answer => {} }
}

/// What is said until a silence; `None` at the end.
async fn all_that_is_said(side: &mut (impl AsyncReadExt + Unpin)) -> Option<Vec<u8>> {
    let (mut said, mut part) = (Vec::new(), [0; 8192]);
    loop {
        let read = match said.is_empty() {
            true => side.read(&mut part).await,
            false => match timeout(SILENCE, side.read(&mut part)).await {
                Ok(read) => read,
                Err(_) => return Some(said),
            },
        };
        match read {
            Ok(0) | Err(_) => return (!said.is_empty()).then_some(said),
            Ok(length) => said.extend_from_slice(&part[..length]),
        }
    }
}
