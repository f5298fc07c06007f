//! Runs the reference host: `cargo run -p reference-host`.

use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use grantor::model::Issuer;
use grantor::store::{MemoryStore, PurgeClock, WithClients};
use grantor::{Hosted, Server};
use grantor_sqlite::SqliteStore;
use reference_host::address::Proxies;
use reference_host::base::Base;
use reference_host::config::Settings;
use reference_host::demo::Demo;
use reference_host::guesses::ClientGuesses;
use reference_host::host::AnyStore;
use reference_host::moment::now;
use reference_host::playground::Playground;
use reference_host::press::Presses;
use reference_host::session::Sessions;
use reference_host::users::Users;
use reference_host::web::{App, router};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How often expired records are forgotten.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

/// How long requests that are under way may take once the program is asked to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a client may fail to authenticate before it has to wait: a guess at 128 random bits is no threat in itself.
const FREE_CLIENT_FAILURES: u32 = 20;

/// What is told at start if the issuer is https, and it can only be a proxy that speaks it.
const BEHIND_A_PROXY: &str = "warning: the issuer is https and this program speaks http, so there must be a proxy before it. \
                              Name it with --trust-proxy: otherwise all people and clients have the proxy's address, and whoever \
                              guesses at a password or a client secret makes the others wait.";

/// An OAuth 2 authorization server for development: grantor's reference host.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 picks one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Who the server says it is [default: http:// and the listen address]
    #[arg(long, value_name = "URL")]
    issuer: Option<Issuer>,
    /// Proxies that are believed when they say, in Forwarded or X-Forwarded-For, who asks
    #[arg(long, value_name = "ADDR[/LEN],…")]
    trust_proxy: Option<Proxies>,
    /// `memory` or `sqlite:PATH` [default: a SQLite file in a fresh temporary directory]
    #[arg(long)]
    store: Option<StoreChoice>,
    /// Clients, users and lifetimes, as TOML [default: a demo of each]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum StoreChoice {
    Memory,
    Sqlite(PathBuf),
}

impl FromStr for StoreChoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("sqlite:") {
            _ if text == "memory" => Ok(Self::Memory),
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err("expected `memory` or `sqlite:PATH`"),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match arguments.config.as_deref().map(Settings::read).transpose() {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    match run(arguments, settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: Arguments, settings: Option<Settings>) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.listen))?;
    let base = format!("http://{}", listener.local_addr()?);
    let issuer = match arguments.issuer {
        Some(issuer) => issuer,
        None => Issuer::parse(&base).map_err(|error| format!("{base} as issuer: {error}; give one with --issuer"))?,
    };
    // The directory goes when this ends.
    let (store, _directory) = open_store(arguments.store)?;
    let (mut settings, guide) = match settings {
        Some(settings) => (settings, None),
        None => {
            let demo = Demo::new(&Base::of(&issuer).path_at(&base))?;
            writeln!(stdout(), "{}", demo.instructions)?;
            (demo.settings, Some(demo.guide))
        }
    };
    let mut config = settings.server(issuer);
    config.consult_issuance = false; // This host's policy has no last word, so that nothing need pause for one.
    let playground = if settings.playground() { Some(Playground::new(&mut settings, &mut config)?) } else { None };
    let proxies = arguments.trust_proxy.unwrap_or_default();
    if config.issuer.is_https() && proxies.is_empty() {
        writeln!(stderr(), "{BEHIND_A_PROXY}")?;
    }
    let app = Arc::new(App {
        sessions: Sessions::open(&config.issuer, &store)?,
        decisions: Presses::default(),
        log_outs: Presses::default(),
        proxies,
        server: Server::new(config)?,
        host: Hosted { store: WithClients { clients: settings.clients, store }, policy: Users::new(settings.users) },
        client_guesses: ClientGuesses::new(FREE_CLIENT_FAILURES),
        guide,
        playground,
    });
    tokio::spawn(purge(Arc::clone(&app)));
    serve(listener, app, &base).await
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

async fn serve(listener: TcpListener, app: Arc<App>, base: &str) -> Result<(), Box<dyn Error>> {
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.send_replace(true);
    });
    writeln!(stdout(), "listening on {base}")?;
    stdout().flush()?;

    let mut stopping = stopped.clone();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    });
    tokio::select! {
        result = server => result?,
        // A client that keeps its connection busy does not keep the program alive.
        () = async {
            let _ = stopped.wait_for(|stop| *stop).await;
            tokio::time::sleep(STOP_TIMEOUT).await;
        } => {}
    }
    Ok(())
}

/// Forgets what has expired, now and then.
async fn purge(app: Arc<App>) {
    let mut interval = tokio::time::interval(PURGE_INTERVAL);
    let (started, mut clock) = (Instant::now(), PurgeClock::new());
    loop {
        interval.tick().await;
        let (now, elapsed) = (now(), started.elapsed());
        if let Some(now) = clock.read(now, elapsed) {
            if let Err(error) = app.sessions.purge(now).await {
                drop(writeln!(stderr(), "the sessions could not be purged: {error}"));
            }
            app.decisions.purge();
            app.log_outs.purge();
            app.playground.iter().for_each(|playground| playground.purge(now));
        }
        // Batch by batch, so that requests get in between.
        match clock.purge_async(&app.host.store, now, elapsed).await {
            Ok(Some(_)) => {}
            Ok(None) => drop(writeln!(stderr(), "nothing is purged: the clock has jumped")),
            Err(error) => drop(writeln!(stderr(), "the store could not be purged: {error}")),
        }
    }
}
