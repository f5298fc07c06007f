//! An OAuth 2 provider of your own: grantor in axum, on PostgreSQL, with pages on which people log in, decide, and see
//! and end what they allowed. [`oauth`] is what clients call, [`people`] what browsers show, [`sessions`] who is logged
//! in, and `store` is the store of grantor's documentation.
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

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use deadpool_postgres::{Manager, Pool, Runtime};
use grantor::model::{ClientId, GrantType, Issuer, RedirectUri, Resource, ResponseType, Scope};
use grantor::record::Client;
use grantor::resource::{self, Requirement, ResourceServer};
use grantor::server::Config;
use grantor::store::{AsyncStore as _, Change, Commit, PurgeClock};
use grantor::{MAX_FORM_LEN, Moment, Server, Timestamp};
use tokio_postgres::NoTls;

use crate::sessions::Sessions;
use crate::store::PgStore;

const LISTEN: &str = "127.0.0.1:8080";
const ISSUER: &str = "http://127.0.0.1:8080"; // behind a proxy with TLS: the https URL that people and clients see
const SCOPES: &str = "photos.read photos.write";

/// The time for which a request waits for a connection to the database. Then the answer is 503.
const PATIENCE: Duration = Duration::from_secs(5);

type Failed = Box<dyn Error + Send + Sync>;

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
    let store = PgStore::new(pool(std::env::var("DATABASE_URL")?.parse()?)?);
    store.create_tables().await?;
    register_demo_client(&store).await?;
    tokio::spawn(purge(store.clone()));
    let listener = tokio::net::TcpListener::bind(LISTEN).await?;
    println!("listening on {ISSUER}");
    Ok(axum::serve(listener, router(app(store)?)).await?)
}

fn pool(database: tokio_postgres::Config) -> Result<Pool, Failed> {
    let pool = Pool::builder(Manager::new(database, NoTls)).runtime(Runtime::Tokio1);
    Ok(pool.max_size(16).wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE)).build()?)
}

/// Registers a public client: an application on somebody's computer. If it is there already, it stays as it is.
async fn register_demo_client(store: &PgStore) -> Result<(), Failed> {
    let mut client = Client::public(ClientId::parse("photo-printer")?);
    client.client_name = Some("Photo printer".to_owned());
    client.redirect_uris = vec![RedirectUri::parse("http://127.0.0.1/callback")?];
    client.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    client.response_types = vec![ResponseType::Code];
    client.scope = Scope::parse(SCOPES)?;
    let _ = store.commit_async(&Commit::of(Change::PutClient(Arc::new(client)))).await?;
    Ok(())
}

fn app(store: PgStore) -> Result<Arc<App>, Failed> {
    let photos = Resource::parse(&format!("{ISSUER}/photos"))?;
    let mut config = Config::new(Issuer::parse(ISSUER)?);
    config.resources = photos.clone().into();
    config.introspection = None;
    let mut protected = resource::Config::new(photos);
    protected.authorization_servers = vec![config.issuer.clone()];
    protected.scopes_supported = Scope::parse(SCOPES)?;
    Ok(Arc::new(App {
        server: Server::new(config)?,
        photos: ResourceServer::new(protected),
        reading: Requirement::scope(Scope::parse("photos.read")?),
        store,
        sessions: Sessions::default(),
    }))
}

fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/authorize", get(oauth::authorize))
        .route("/token", any(oauth::token))
        .route("/revoke", any(oauth::revoke))
        .route("/photos", get(oauth::photos))
        .route(&app.photos.config().metadata_path(), any(oauth::photos_metadata))
        .route("/login", get(people::login_page).post(people::log_in))
        .route("/consent", post(people::decide))
        .route("/", get(people::applications))
        .route("/remove", post(people::remove_application))
        .route("/logout-everywhere", post(people::log_out_everywhere));
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
