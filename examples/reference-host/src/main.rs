//! Runs the reference host: `cargo run -p reference-host`.

use std::error::Error;
use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use clap::Parser as _;
use grantor::model::Issuer;
use grantor::store::MemoryStore;
use grantor::{Hosted, Server};
use grantor_sqlite::{SqliteStore, Statistics};
use reference_host::administration;
use reference_host::arguments::{Arguments, Command, Limits, StoreChoice};
use reference_host::config::Settings;
use reference_host::connections::Connections;
use reference_host::demo::Demo;
use reference_host::health::{self, Health};
use reference_host::host::AnyStore;
use reference_host::housekeeping::purge;
use reference_host::log::Log;
use reference_host::measured::Measured;
use reference_host::metrics::Metrics;
use reference_host::registered::Registered;
use reference_host::reload;
use reference_host::serve::{Door, accept, serve};
use reference_host::session::Sessions;
use reference_host::signals::Reload;
use reference_host::throttle::Throttle;
use reference_host::users::Users;
use reference_host::web::{App, router};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// How often a client may fail to authenticate before it has to wait: a guess at 128 random bits is no threat in itself.
const FREE_CLIENT_FAILURES: u32 = 20;

/// How many connections those who run the program may have, at an address of their own.
const OPERATIONS_CONNECTIONS: usize = 16;

/// How long the store may take for what it has begun, when all else has ended.
const LAST_WRITES: Duration = Duration::from_millis(500);

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
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.listen))?;
    let certificates = arguments.tls.certificates()?.map(Arc::new);
    let scheme = if certificates.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{}", listener.local_addr()?);
    let issuer = match arguments.issuer.or(arguments.issuer_in_private_network) {
        Some(issuer) => issuer,
        None => Issuer::parse(&base).map_err(|error| format!("{base} as issuer: {error}; give one with --issuer"))?,
    };
    // The directory goes when this ends.
    let (store, _directory) = open_store(arguments.store)?;
    let (mut settings, guide) = match settings {
        Some(settings) => (settings, None),
        None => {
            let demo = Demo::new(&base)?;
            writeln!(stdout(), "{}", demo.instructions)?;
            (demo.settings, Some(demo.guide))
        }
    };
    let mut config = settings.server(issuer);
    let playground = reload::begin(&mut settings, &mut config).map_err(|error| -> Box<dyn Error> { error })?;

    let metrics = Arc::new(Metrics::default());
    let store = Measured { store, metrics: Arc::clone(&metrics) };
    let app = Arc::new(App {
        sessions: Sessions::new(config.issuer.is_https()),
        server: ArcSwap::from_pointee(Server::new(config)?),
        host: Hosted { store: Registered::new(settings.clients, store.clone()), policy: Users::new(settings.users) },
        client_guesses: Throttle::new(FREE_CLIENT_FAILURES),
        guide,
        playground,
    });
    let health = Arc::new(Health::new(Arc::new(store.store), Arc::clone(&metrics)));
    let connections = Arc::new(Connections::new(arguments.limits.connections()));

    let mut hangup = Reload::default();
    if let Some(file) = arguments.config {
        let app = Arc::clone(&app);
        hangup.add("configuration", move || {
            for subject in reload::reload(&app, Settings::read(&file)?)? {
                app.sessions.log_out(&subject);
            }
            Ok(())
        });
    }
    if let Some(certificates) = &certificates {
        let certificates = Arc::clone(certificates);
        hangup.add("certificates", move || Ok(certificates.reload()?));
    }
    let log = Log::open(arguments.log_introspections)?;
    watch(&metrics, &log, &connections);
    if let AnyStore::Sqlite(store) = &app.host.store.store.store {
        watch_store(&metrics, store);
    }
    tokio::spawn(hangup.at_hangup()?);
    tokio::spawn(purge(Arc::clone(&app), Arc::clone(&metrics)));

    let (mut router, operations) = (router(app), health::router(Arc::clone(&health)));
    match arguments.operations {
        None => router = router.merge(operations),
        Some(address) => operate(address, operations, arguments.limits.clone(), Arc::clone(&metrics)).await?,
    }
    let (limits, is_closing) = (arguments.limits, AtomicBool::new(false));
    let door = Arc::new(Door { router, limits, certificates, connections, metrics, is_closing });
    writeln!(stdout(), "listening on {base}")?;
    stdout().flush()?;
    serve(listener, door, || health.drain()).await?;
    Ok(())
}

/// Answers those who run the program at an address of their own, until it ends. They have places of their own too.
async fn operate(
    address: SocketAddr,
    router: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    writeln!(stdout(), "operations on http://{}", listener.local_addr()?)?;
    let connections = Arc::new(Connections::new(OPERATIONS_CONNECTIONS));
    let is_closing = AtomicBool::new(false);
    tokio::spawn(accept(
        listener,
        Arc::new(Door { router, limits, certificates: None, connections, metrics, is_closing }),
    ));
    Ok(())
}

/// What the metrics show, and others count.
fn watch(metrics: &Metrics, log: &Log, connections: &Arc<Connections>) {
    let dropped = log.dropped();
    metrics.count("log_lines_dropped", "Lines of the log that were lost.", move || dropped.count());
    let (now, most) = (Arc::clone(connections), Arc::clone(connections));
    metrics.gauge("connections", "Connections that are open.", move || now.len() as u64);
    metrics.gauge("connections_most", "Connections that may be open.", move || most.most() as u64);
}

/// What the store counts.
fn watch_store(metrics: &Metrics, store: &SqliteStore) {
    let count = |name, help, read: fn(&Statistics) -> u64| {
        let store = store.clone();
        metrics.count(name, help, move || read(&store.statistics()));
    };
    count("store_refused", "Reads and writes for which the store had no room", |it| it.refused);
    count("store_commits_answered", "Writes that the store has answered", |it| it.commits);
    count("store_transactions", "Transactions that carried them, one sync of the disk each", |it| it.groups);
    let (writes, reads) = (store.clone(), store.clone());
    metrics.gauge("store_waiting_commits", "Writes that wait for the store", move || {
        writes.statistics().waiting_commits as u64
    });
    metrics.gauge("store_waiting_lookups", "Reads that wait for the store", move || {
        reads.statistics().waiting_lookups as u64
    });
}

fn open_store(choice: Option<StoreChoice>) -> Result<(AnyStore, Option<TempDir>), Box<dyn Error>> {
    let (path, directory) = match choice {
        Some(StoreChoice::Memory) => return Ok((AnyStore::Memory(Arc::new(MemoryStore::new())), None)),
        Some(StoreChoice::Sqlite(path)) => (path, None),
        None => {
            let directory = tempfile::Builder::new().prefix("reference-host-").tempdir()?;
            let path = directory.path().join("grantor.sqlite");
            writeln!(stdout(), "store: {} (removed at the end; keep one with --store sqlite:PATH)", path.display())?;
            (path, Some(directory))
        }
    };
    Ok((AnyStore::Sqlite(SqliteStore::open(path)?), directory))
}
