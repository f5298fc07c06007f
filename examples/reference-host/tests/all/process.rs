//! The program under test.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

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

/// What takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn command() -> Command {
    command_at("127.0.0.1:0")
}

pub(crate) fn command_at(address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference-host"));
    command.args(["--listen", address]).stdout(Stdio::piped()).stderr(Stdio::null());
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

    /// In memory, with more arguments. Its log is kept, to be read by [`Running::log`].
    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::from(command(), arguments)
    }

    /// Of a process that may open so many files.
    pub(crate) fn with_files(files: u32, arguments: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_reference-host")]);
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        Self::from(command, arguments)
    }

    fn from(mut command: Command, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("config.toml");
        std::fs::write(&file, CONFIG).expect("the configuration is written");
        let command = command.arg("--config").arg(&file).args(arguments);
        if !arguments.contains(&"--store") {
            command.args(["--store", "memory"]);
        }
        Self::wait(command.stderr(Stdio::piped()).spawn().expect("it starts"), directory).0
    }

    /// With an address of its own for those who run it, which comes along.
    pub(crate) fn with_operations(arguments: &[&str]) -> (Self, String) {
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = command();
        command.args(["--store", "memory", "--operations", "127.0.0.1:0"]).args(arguments);
        let (running, printed) = Self::wait(command.spawn().expect("it starts"), directory);
        let (_, rest) = printed.split_once("operations on ").expect("it says where");
        (running, rest.lines().next().expect("a URL").to_owned())
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").arg(name).arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(kill.success());
    }

    /// Ends the program, and returns the lines of its log.
    pub(crate) fn log(mut self) -> Vec<serde_json::Value> {
        self.signal("-TERM");
        let stderr = self.child.stderr.take().expect("its log is piped");
        let log = std::io::read_to_string(stderr).expect("its log is text");
        assert!(self.child.wait().expect("it ends").success());
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    pub(crate) fn address(&self) -> &str {
        self.base.split_once("://").expect("a URL").1
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    pub(crate) fn on_file(path: &Path) -> Self {
        Self::start(&format!("sqlite:{}", path.display()))
    }

    /// Again, at the address that it had.
    pub(crate) fn on_file_as(path: &Path, listen: &str, issuer: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("config.toml");
        std::fs::write(&file, CONFIG).expect("the configuration is written");
        let mut command = command_at(listen);
        command.args(["--issuer", issuer]);
        let store = format!("sqlite:{}", path.display());
        let child = command.arg("--config").arg(&file).args(["--store", &store]).spawn().expect("it starts");
        Self::wait(child, directory).0
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
