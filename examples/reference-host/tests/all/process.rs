//! The program under test.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A public client, a confidential one, a resource server, and two users.
pub(crate) const CONFIG: &str = r#"
[server]
grants = ["authorization_code", "refresh_token", "client_credentials", "password"]

[[client]]
client_id = "app"
client_name = "Photo <Printer>"
redirect_uris = ["http://127.0.0.1/callback"]
grant_types = ["authorization_code", "refresh_token"]
scope = "read write"

[[client]]
client_id = "service"
client_secret = "7Fjfp0ZBr1KtDRbnfVdmIw"
grant_types = ["client_credentials", "password"]
scope = "read"

[[client]]
client_id = "api"
client_secret = "n4bQgYhMfWWaL28IIEB6Mw"
resource_server = []

[[user]]
username = "alice"
password = "wonderland"
sub = "user-1"
name = "Alice"

[[user]]
username = "bob"
password = "builder"
sub = "user-2"
"#;

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference-host"));
    command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// A running host. Dropping it is `kill -9`.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) base: String,
    pub(crate) directory: TempDir,
}

impl Running {
    pub(crate) fn start(store: &str) -> Self {
        Self::configured(CONFIG, store)
    }

    pub(crate) fn configured(config: &str, store: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("config.toml");
        std::fs::write(&file, config).expect("the configuration is written");
        let child = command().arg("--config").arg(&file).args(["--store", store]).spawn().expect("it starts");
        Self::wait(child, directory).0
    }

    /// The demo, and its user's password.
    pub(crate) fn demo() -> (Self, String) {
        let directory = tempfile::tempdir().expect("a directory");
        let child = command().args(["--store", "memory"]).spawn().expect("it starts");
        let (running, printed) = Self::wait(child, directory);
        let (_, rest) = printed.split_once("alice, password ").expect("the demo has a user");
        let password = rest.split_whitespace().next().expect("the user has a password").to_owned();
        (running, password)
    }

    pub(crate) fn in_memory() -> Self {
        Self::start("memory")
    }

    pub(crate) fn on_file(path: &Path) -> Self {
        Self::start(&format!("sqlite:{}", path.display()))
    }

    /// Waits until it listens; what it printed before that comes along.
    pub(crate) fn wait(mut child: Child, directory: TempDir) -> (Self, String) {
        let stdout = child.stdout.take().expect("its output is piped");
        let mut printed = String::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.expect("its output is text");
            if let Some(base) = line.strip_prefix("listening on ") {
                return (Self { child, base: base.to_owned(), directory }, printed);
            }
            printed.push_str(&line);
            printed.push('\n');
        }
        panic!("it ended before it listened: {printed}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
