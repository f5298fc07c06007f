//! An OAuth 2 provider of your own: grantor in axum, on PostgreSQL, with pages on which people log in, decide, and see
//! and end what they allowed. [`oauth`] is what clients call, [`people`] what browsers show, [`sessions`] who is logged
//! in, and `store` is the driver of grantor's documentation.
//!
//! `DATABASE_URL` names the database; the tables are created in it.

mod oauth;
mod people;
mod sessions;
#[allow(unreachable_pub, clippy::indexing_slicing, reason = "the documentation of grantor shows it")]
#[path = "../../../src/store/sql/postgres.rs"]
mod store;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{any, get, post};
use axum::{Router, middleware};
use deadpool_postgres::{Manager, Pool, Runtime};
use grantor::model::Resource;
use grantor::record::Client;
use grantor::resource::{self, Requirement, ResourceServer};
use grantor::server::Config;
use grantor::store::{AsyncStore as _, Change, Commit, PurgeClock};
use grantor::{MAX_FORM_LEN, Moment, Server, Timestamp};
use tokio_postgres::NoTls;

use crate::sessions::Sessions;
use crate::store::{PgStore, Postgres};

/// What people and clients see, so behind a proxy with TLS an https URL.
const ISSUER: &str = "http://127.0.0.1:8080";

/// The time for which a request waits for a connection to the database. Then the answer is 503.
const PATIENCE: Duration = Duration::from_secs(5);

type Failed = Box<dyn Error + Send + Sync>;
type Shared = State<Arc<App>>;

/// What all requests share.
struct App {
    server: Server,
    photos: ResourceServer,
    reading: Requirement,
    store: PgStore,
    sessions: Sessions,
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let store = PgStore::new(Postgres(pool(std::env::var("DATABASE_URL")?.parse()?)?));
    store.create_tables_async().await?;
    register_demo_client(&store).await?;
    tokio::spawn(purge(store.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on {ISSUER}");
    Ok(axum::serve(listener, router(app(store)?)).await?)
}

fn pool(database: tokio_postgres::Config) -> Result<Pool, Failed> {
    let pool = Pool::builder(Manager::new(database, NoTls)).runtime(Runtime::Tokio1);
    Ok(pool.max_size(16).wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE)).build()?)
}

/// Registers a public client: an application on somebody's computer. If it is there already, it stays as it is.
async fn register_demo_client(store: &PgStore) -> Result<(), Failed> {
    let mut client = Client::public("photo-printer".parse()?).with_code_flow("http://127.0.0.1/callback".parse()?);
    client.client_name = Some("Photo printer".to_owned());
    client.scope = "photos.read photos.write".parse()?;
    let _ = store.commit_async(&Commit::of(Change::PutClient(Arc::new(client)))).await?;
    Ok(())
}

fn app(store: PgStore) -> Result<Arc<App>, Failed> {
    let photos: Resource = format!("{ISSUER}/photos").parse()?;
    let mut config = Config::new(ISSUER.parse()?);
    config.resources = photos.clone().into();
    config.introspection = None;
    let server = Server::new(config)?;
    let photos = ResourceServer::new(resource::Config::new(photos));
    let reading = Requirement::scope("photos.read".parse()?);
    Ok(Arc::new(App { server, photos, reading, store, sessions: Sessions::default() }))
}

fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/login", get(people::show_login).post(people::log_in))
        .route("/consent", post(people::decide))
        .route("/", get(people::applications))
        .route("/remove", post(people::remove_application))
        .route("/logout-everywhere", post(people::log_out_everywhere))
        .layer(middleware::from_fn(sessions::own_forms_only)) // around the routes above it
        .route("/authorize", get(people::authorize))
        .route("/token", any(oauth::token))
        .route("/revoke", any(oauth::revoke))
        .route("/photos", get(oauth::photos));
    for path in app.server.config().metadata_paths() {
        router = router.route(&path, any(oauth::metadata));
    }
    router.layer(DefaultBodyLimit::max(MAX_FORM_LEN)).with_state(app)
}

/// Forgets what has expired, for as long as the server runs.
async fn purge(store: PgStore) {
    let (started, mut clock) = (Instant::now(), PurgeClock::new());
    let mut minutes = tokio::time::interval(Duration::from_secs(60));
    loop {
        minutes.tick().await;
        if let Err(error) = clock.purge_async(&store, now(), started.elapsed()).await {
            eprintln!("cannot purge: {error}");
        }
    }
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

/// The time and the randomness of one request.
fn moment() -> Moment {
    Moment::new(now(), &mut rand::rng())
}
