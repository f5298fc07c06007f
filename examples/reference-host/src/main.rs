//! Runs the reference host: `cargo run -p reference-host`.

use std::error::Error;
use std::io::{self, Write as _, stdout};
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
use grantor_sqlite::SqliteStore;
use reference_host::administration;
use reference_host::arguments::{Arguments, Command, Limits, StoreChoice};
use reference_host::base::Base;
use reference_host::config::Settings;
use reference_host::connections::Connections;
use reference_host::demo::Demo;
use reference_host::devices::UserCodeGuesses;
use reference_host::documents::{Documents, Sender};
use reference_host::guesses::ClientGuesses;
use reference_host::health::{self, Health};
use reference_host::host::AnyStore;
use reference_host::housekeeping::purge;
use reference_host::log::Log;
use reference_host::measured::Measured;
use reference_host::metrics::Metrics;
use reference_host::press::Presses;
use reference_host::registered::Registered;
use reference_host::registration::FREE_REGISTRATIONS;
use reference_host::reload;
use reference_host::serve::{Door, accept, serve};
use reference_host::session::Sessions;
use reference_host::signals::{Reload, Stop};
use reference_host::throttle::Throttle;
use reference_host::users::Users;
use reference_host::watch;
use reference_host::web::{App, Front};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Handle, Runtime};

/// A fast allocator, since a request allocates a few dozen times, a little each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of times that a client may fail to authenticate before it has to wait: guessing at 128 random bits is no
/// threat in itself.
const FREE_CLIENT_FAILURES: u32 = 20;

/// The most connections to the operators' address.
const OPERATIONS_CONNECTIONS: usize = 16;

/// The most connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

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
    let (store, _directory) = open_store(arguments.store)?;
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
    let app = Arc::new(App {
        sessions: Sessions::open(&config.issuer, &store.store)?,
        decisions: Presses::default(),
        sentences: ArcSwap::from_pointee(std::mem::take(&mut settings.sentences)),
        log_outs: Presses::default(),
        proxies,
        server: ArcSwap::from_pointee(Server::new(config)?),
        unused_client_lifetime: settings.unused_client_lifetime().into(),
        host: Hosted { store: Registered::new(settings.clients, store.clone()), policy: Users::new(settings.users) },
        documents: Documents::new(Sender::new().map_err(|error| -> Box<dyn Error> { error })?),
        client_guesses: ClientGuesses::new(FREE_CLIENT_FAILURES),
        registrations: Throttle::new(FREE_REGISTRATIONS),
        user_code_guesses: UserCodeGuesses::default(),
        guide,
        playground,
    });
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
