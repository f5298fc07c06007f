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
    _directory: TempDir,
}

impl Running {
    pub(crate) fn start(store: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("config.toml");
        std::fs::write(&config, CONFIG).expect("the configuration is written");
        let child = command().arg("--config").arg(&config).args(["--store", store]).spawn().expect("it starts");
        Self::wait(child, directory)
    }

    pub(crate) fn in_memory() -> Self {
        Self::start("memory")
    }

    pub(crate) fn on_file(path: &Path) -> Self {
        Self::start(&format!("sqlite:{}", path.display()))
    }

    pub(crate) fn wait(mut child: Child, directory: TempDir) -> Self {
        let stdout = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines().map(|line| line.expect("its output is text"));
        let base = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        Self { child, base: base.expect("it says where it listens"), _directory: directory }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
