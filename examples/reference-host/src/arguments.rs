//! The command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use grantor::model::Issuer;

use crate::address::Proxies;
use crate::administration::ClientCommand;
use crate::tls::{Certificates, TlsError};

/// An OAuth 2 authorization server: grantor's reference host.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// Something else than to serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where to listen; port 0 picks one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where /healthz, /readyz and /metrics are, by http [default: beside the endpoints, for whoever asks]
    #[arg(long, value_name = "ADDR")]
    pub operations: Option<SocketAddr>,
    /// Who the server says it is [default: http:// or, with a certificate, https:// and the listen address]
    #[arg(long, value_name = "URL")]
    pub issuer: Option<Issuer>,
    /// Proxies that are believed when they say, in Forwarded or X-Forwarded-For, who asks
    #[arg(long, value_name = "ADDR[/LEN],…")]
    pub trust_proxy: Option<Proxies>,
    /// The same, also with plain http and any host: whoever can listen in that network reads secrets and tokens
    #[arg(long, value_name = "URL", conflicts_with = "issuer", value_parser = private_issuer)]
    pub issuer_in_private_network: Option<Issuer>,
    /// `memory`, `sqlite:PATH` or `postgres://USER@HOST/DATABASE`; several PostgreSQL servers are one store, in this
    /// order [default: a SQLite file in a fresh temporary directory]
    #[arg(long)]
    pub store: Vec<StoreChoice>,
    /// Clients, users and lifetimes, as TOML [default: a demo of each]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Write a line for each introspection too. They are counted in /metrics in any case.
    #[arg(long)]
    pub log_introspections: bool,
    /// The settings for TLS.
    #[command(flatten)]
    pub tls: Tls,
    /// The limits for peers.
    #[command(flatten)]
    pub limits: Limits,
}

/// What the program does beside serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Administers the clients that the store keeps, also while a server runs on it
    Client(ClientCommand),
}

/// How connections are secured.
#[derive(Debug, Args)]
pub struct Tls {
    /// Serve https with this chain of certificates, as PEM; read again at SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the first certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

impl Tls {
    /// Reads the certificates, if there are any.
    ///
    /// # Errors
    /// They cannot be used.
    pub fn certificates(&self) -> Result<Option<Certificates>, TlsError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(chain), Some(key)) => Certificates::read(chain.clone(), key.clone()).map(Some),
            // clap makes sure that both are given or none.
            _ => Ok(None),
        }
    }
}

/// What a peer may take before its connection is closed.
#[derive(Clone, Debug, Args)]
pub struct Limits {
    /// How long a connection may take for its TLS handshake, and then for each request's head, from the answer before
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub head_timeout: Duration,
    /// How long a request may take for its whole body
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub body_timeout: Duration,
    /// How long the server may take for an answer, once the request is there
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub request_timeout: Duration,
    /// How long a peer may take none of its answer
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub write_timeout: Duration,
    /// How many connections may be open; then the one that has idled longest makes room [default: what the limit of
    /// open files leaves]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: Option<u32>,
    /// How long requests that are under way may take once the program is asked to stop
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub stop_timeout: Duration,
}

fn private_issuer(text: &str) -> Result<Issuer, String> {
    Issuer::parse_in_private_network(text).map_err(|error| error.to_string())
}

/// Reads seconds, with a fraction if need be.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds")?;
    let duration = Duration::try_from_secs_f64(seconds).ok();
    duration.filter(|it| !it.is_zero() && *it <= Duration::from_secs(86_400)).ok_or("expected more than 0, up to 86400")
}

/// Where tokens are kept.
#[derive(Clone, Debug)]
pub enum StoreChoice {
    /// Forgotten when the program ends.
    Memory,
    /// Kept in a file.
    Sqlite(PathBuf),
    /// Kept on a server, or on one of several.
    Postgres(DatabaseUrl),
}

/// The URL of a database. It may have a password, so `Debug` prints none of it.
#[derive(Clone)]
pub struct DatabaseUrl(pub String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

impl FromStr for StoreChoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("sqlite:") {
            _ if text == "memory" => Ok(Self::Memory),
            _ if text.starts_with("postgres://") => Ok(Self::Postgres(DatabaseUrl(text.to_owned()))),
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err("expected `memory`, `sqlite:PATH` or `postgres://USER@HOST/DATABASE`"),
        }
    }
}
