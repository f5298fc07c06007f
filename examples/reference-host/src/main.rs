//! Runs the reference host: `cargo run -p reference-host`.

use std::error::Error;
use std::io::{self, Write as _, stdout};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use clap::Parser as _;
use grantor::model::Issuer;
use grantor::store::{MemoryStore, Partitioned};
use grantor_sqlite::SqliteStore;
use reference_host::administration;
use reference_host::arguments::{Arguments, Command, Limits, StoreChoice};
use reference_host::base::Base;
use reference_host::config::Settings;
use reference_host::connections::Connections;
use reference_host::demo::Demo;
use reference_host::health::{self, Health};
use reference_host::host::AnyStore;
use reference_host::housekeeping::purge;
use reference_host::log::Log;
use reference_host::measured::Measured;
use reference_host::metrics::Metrics;
use reference_host::reload;
use reference_host::serve::{Door, accept, serve};
use reference_host::signals::{Reload, Stop};
use reference_host::watch;
use reference_host::web::{App, Front};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Handle, Runtime};

/// A fast allocator, since a request allocates a few dozen times, a little each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The most connections to the operators' address.
const OPERATIONS_CONNECTIONS: usize = 16;

/// The most connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// The most connections to a database.
const DATABASE_CONNECTIONS: usize = 16;

/// The time that the store may take for writes that have begun, after all else has ended.
const LAST_WRITES: Duration = Duration::from_millis(500);

/// The warning at start if the issuer is https, and only a proxy can speak it.
const BEHIND_A_PROXY: &str = "warning: the issuer is https and this program speaks http, so there must be a proxy before it. \
                              Name it with --trust-proxy: otherwise all people and clients have the proxy's address, and whoever \
                              guesses at a password or a client secret makes the others wait.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Client(command)) = arguments.command {
        return administration::run(command);
    }
    let settings = match arguments.config.as_deref().map(Settings::read).transpose() {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let ended = Runtime::new().map_err(Into::into).and_then(|runtime| {
        let ended = runtime.block_on(run(arguments, settings));
        runtime.shutdown_timeout(LAST_WRITES);
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments, settings: Option<Settings>) -> Result<(), Box<dyn Error>> {
    let socket = bind(arguments.listen)?;
    let certificates = arguments.tls.certificates()?.map(Arc::new);
    let scheme = if certificates.is_some() { "https" } else { "http" };
    let origin = format!("{scheme}://{}", socket.local_addr()?);
    let issuer = match arguments.issuer.or(arguments.issuer_in_private_network) {
        Some(issuer) => issuer,
        None => {
            Issuer::parse(&origin).map_err(|error| format!("{origin} as issuer: {error}; give one with --issuer"))?
        }
    };
    let base = Base::of(&issuer);
    // The directory is deleted when this is dropped.
    let (store, _directory) = open_store(arguments.store).await?;
    let (mut settings, guide) = match settings {
        Some(settings) => (settings, None),
        None => {
            let demo = Demo::new(&base.path_at(&origin))?;
            writeln!(stdout(), "{}", demo.instructions)?;
            (demo.settings, Some(demo.guide))
        }
    };
    let mut config = settings.server(issuer);
    let playground = reload::begin(&mut settings, &mut config).map_err(|error| -> Box<dyn Error> { error })?;

    let metrics = Arc::new(Metrics::default());
    let store = Measured { store, metrics: Arc::clone(&metrics) };
    let proxies = arguments.trust_proxy.unwrap_or_default();
    if config.issuer.is_https() && certificates.is_none() && proxies.is_empty() {
        eprintln!("{BEHIND_A_PROXY}");
    }
    let app = App::new(config, settings, store.clone()).await.map_err(|error| -> Box<dyn Error> { error })?;
    let app = Arc::new(App { proxies, guide, playground, ..app });
    let health = Arc::new(Health::new(Arc::new(store.store.clone()), Arc::clone(&metrics)));
    let connections = Arc::new(Connections::new(arguments.limits.connections()));

    let mut hangup = Reload::default();
    if let Some(file) = arguments.config {
        let app = Arc::clone(&app);
        hangup.add("configuration", move || {
            let changed = reload::reload(&app, Settings::read(&file)?)?;
            Handle::current().block_on(async {
                for subject in &changed {
                    app.sessions.log_out(subject).await?;
                }
                Ok(())
            })
        });
    }
    if let Some(certificates) = &certificates {
        let certificates = Arc::clone(certificates);
        hangup.add("certificates", move || Ok(certificates.reload()?));
    }
    let log = Log::open(arguments.log_introspections)?;
    watch::process(&metrics, &log, &connections);
    watch::store(&metrics, &store.store);
    tokio::spawn(hangup.at_hangup()?);
    tokio::spawn(purge(Arc::clone(&app), Arc::clone(&metrics)));

    let operations = health::router(Arc::clone(&health));
    let beside = match arguments.operations {
        None => operations,
        Some(address) => {
            operate(address, operations, arguments.limits.clone(), Arc::clone(&metrics)).await?;
            Router::new()
        }
    };
    let inside = Front::new(app, beside);
    let (limits, is_closing) = (arguments.limits, AtomicBool::new(false));
    let door = Arc::new(Door { inside, limits, certificates, connections, metrics, is_closing });
    let stop = Stop::new()?;
    let listener = socket.listen(BACKLOG).map_err(|error| cannot_listen(arguments.listen, &error))?;
    writeln!(stdout(), "listening on {origin}")?;
    stdout().flush()?;
    serve(listener, door, stop, || health.drain()).await;
    Ok(())
}

/// Takes an address, and listens at it later: what connects before everything is ready, as while a large file is
/// checked, is refused, and does not wait.
fn bind(address: SocketAddr) -> Result<TcpSocket, Box<dyn Error>> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?; // of a program that has just ended
    socket.bind(address).map_err(|error| cannot_listen(address, &error))?;
    Ok(socket)
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> String {
    format!("cannot listen on {address}: {error}")
}

/// Serves the operators at an address of their own, until the program ends. They have places of their own too.
async fn operate(
    address: SocketAddr,
    router: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await.map_err(|error| cannot_listen(address, &error))?;
    writeln!(stdout(), "operations on http://{}", listener.local_addr()?)?;
    let connections = Arc::new(Connections::new(OPERATIONS_CONNECTIONS));
    let is_closing = AtomicBool::new(false);
    tokio::spawn(accept(
        listener,
        Arc::new(Door { inside: router, limits, certificates: None, connections, metrics, is_closing }),
    ));
    Ok(())
}

async fn open_store(choices: Vec<StoreChoice>) -> Result<(AnyStore, Option<TempDir>), Box<dyn Error>> {
    let (path, directory) = match choices.as_slice() {
        [StoreChoice::Memory] => return Ok((AnyStore::Memory(Arc::new(MemoryStore::new())), None)),
        [StoreChoice::Sqlite(path)] => (path.clone(), None),
        [] => {
            let directory = tempfile::Builder::new().prefix("reference-host-").tempdir()?;
            let path = directory.path().join("grantor.sqlite");
            writeln!(stdout(), "store: {} (removed at the end; keep one with --store sqlite:PATH)", path.display())?;
            (path, Some(directory))
        }
        several => return Ok((open_databases(several).await?, None)),
    };
    Ok((AnyStore::Sqlite(SqliteStore::open(path)?), directory))
}

/// Opens databases, which are one store together.
async fn open_databases(choices: &[StoreChoice]) -> Result<AnyStore, Box<dyn Error>> {
    let mut servers = Vec::new();
    for choice in choices {
        let StoreChoice::Postgres(url) = choice else {
            return Err("one store, or several of PostgreSQL: --store postgres://… --store postgres://…".into());
        };
        let number = servers.len() + 1;
        let opened = grantor_postgres::open(&url.0, DATABASE_CONNECTIONS).await;
        servers.push(opened.map_err(|error| format!("database {number}: {}", causes(&error)))?);
    }
    Ok(AnyStore::Postgres(Partitioned::new(servers)))
}

/// Returns an error with its causes, in one line.
fn causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string);
    causes.collect::<Vec<_>>().join(": ")
}
