//! Faults that a server meets, each with what is expected and what was seen: `cargo run --release -p benches --bin
//! faults`.

pub mod browser;
pub mod clock;
pub mod crash;
pub mod database;
pub mod guessing;
pub mod people;
pub mod report;
pub mod sockets;
pub mod stopping;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::service::http::{Client, Response, basic};
use crate::service::process::{Service, free_address};
use crate::service::servers::{Kind, configuration, secret};

/// One row: what a fault is, what is expected, and what was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What goes wrong.
    pub fault: String,
    /// What the host should do.
    pub expected: &'static str,
    /// What it did.
    pub seen: String,
    /// Whether that is the same.
    pub holds: bool,
}

impl Seen {
    /// A row.
    pub fn new(fault: impl Into<String>, expected: &'static str, holds: bool, seen: impl Into<String>) -> Self {
        Self { fault: fault.into(), expected, seen: seen.into(), holds }
    }
}

/// A group of rows: it fails as a whole only where the machine lacks something.
pub type Rows = io::Result<Vec<Seen>>;

/// What every group needs.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The host.
    pub program: PathBuf,
    /// Whether as little is done as shows anything.
    pub quick: bool,
    /// A folder on the disk.
    pub disk: PathBuf,
    /// A folder in memory.
    pub memory: PathBuf,
}

impl Ground {
    /// Either of two durations.
    pub fn seconds(&self, quick: u64, full: u64) -> Duration {
        Duration::from_secs(if self.quick { quick } else { full })
    }

    /// A place for a database, where there is none.
    pub fn database(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.disk.join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        Ok(folder.join("grantor.sqlite"))
    }

    /// The kind of server that uses this file.
    pub fn on(&self, database: &Path) -> Kind {
        Kind::reference_host(&self.program, &format!("sqlite:{}", database.display()))
    }

    /// The kind of server that keeps everything in memory.
    pub fn in_memory(&self) -> Kind {
        Kind::reference_host(&self.program, "memory")
    }

    /// Starts a server, whose log goes to a file.
    pub fn start(&self, kind: &Kind) -> io::Result<Service> {
        kind.start(None, &self.memory)
    }

    /// A command that starts a server in a way of its own, by whatever comes before the program.
    pub fn command(&self, before: &[&str], store: &str) -> io::Result<(Command, std::net::SocketAddr)> {
        let address = free_address()?;
        let file = self.memory.join("host.toml");
        std::fs::write(&file, configuration(86_400))?;
        let mut command = match before.split_first() {
            None => Command::new(&self.program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.program);
                command
            }
        };
        command.args(["--listen", &address.to_string(), "--store", store, "--config"]).arg(file);
        Ok((command, address))
    }
}

/// A token for that client itself.
pub fn token(client: &mut Client, id: &str, secret: &str) -> io::Result<Response> {
    let authorization = basic((id, secret));
    client.post("/token", &[("Authorization", &authorization)], &[("grant_type", "client_credentials")])
}

/// A token for the client that may have one.
pub fn right_token(client: &mut Client) -> io::Result<Response> {
    token(client, "svc", secret())
}

/// Whether the resource server is told that the token is active.
pub fn introspect(client: &mut Client, token: &str) -> io::Result<Response> {
    let authorization = basic(("rs", secret()));
    client.post("/introspect", &[("Authorization", &authorization)], &[("token", token)])
}

/// How many of these tokens are active.
pub fn active(client: &mut Client, tokens: &[String]) -> io::Result<usize> {
    let mut count = 0;
    for token in tokens {
        count += usize::from(introspect(client, token)?.is_active());
    }
    Ok(count)
}

/// A status, or what came in its place.
pub fn status(response: &io::Result<Response>) -> String {
    match response {
        Ok(response) => response.status.to_string(),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => "no answer".into(),
        Err(error) => error.kind().to_string(),
    }
}

/// Whether the answer is 200.
pub fn is_ok(response: &io::Result<Response>) -> bool {
    response.as_ref().is_ok_and(|response| response.status == 200)
}
