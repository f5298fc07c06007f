//! The hosts: processes that share a store, are killed, and start again at the same address.

use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A public client, a device, and a resource server. A refresh token is spent once, without a grace.
const CONFIG: &str = r#"
[server]
refresh_grace = 0
device_authorization = true
pushed_authorization_requests = "allowed"

[[client]]
client_id = "app"
redirect_uris = ["http://127.0.0.1/callback"]
grant_types = ["authorization_code", "refresh_token"]
scope = "read write"

[[client]]
client_id = "tv"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
response_types = []
scope = "read write"

[[client]]
client_id = "api"
client_secret = "n4bQgYhMfWWaL28IIEB6Mw"
resource_server = []

[[user]]
username = "alice"
password = "wonderland"
sub = "user-1"
"#;

/// How long a host may take to start, also while its database comes back.
const START: Duration = Duration::from_secs(60);

pub(crate) struct Hosts {
    program: PathBuf,
    config: tempfile::NamedTempFile,
    stores: Vec<String>,
    hosts: Vec<Host>,
}

struct Host {
    address: String,
    child: Mutex<Child>,
}

impl Hosts {
    /// Starts hosts on a store.
    pub(crate) fn start(program: &Path, count: usize, stores: Vec<String>) -> io::Result<Self> {
        let config = tempfile::NamedTempFile::new()?;
        std::fs::write(config.path(), CONFIG)?;
        let mut all = Self { program: program.to_owned(), config, stores, hosts: Vec::new() };
        for _ in 0..count {
            let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
            let child = Mutex::new(all.run(&address)?);
            all.hosts.push(Host { address, child });
        }
        Ok(all)
    }

    /// Starts a host, and waits until it listens.
    fn run(&self, address: &str) -> io::Result<Child> {
        let began = Instant::now();
        loop {
            let mut command = Command::new(&self.program);
            command.args(["--listen", address, "--issuer", "http://127.0.0.1:9", "--config"]).arg(self.config.path());
            for store in &self.stores {
                command.args(["--store", store]);
            }
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
            let printed = child.stdout.take().map(BufReader::new);
            if printed
                .into_iter()
                .flat_map(BufRead::lines)
                .map_while(Result::ok)
                .any(|line| line.starts_with("listening"))
            {
                return Ok(child);
            }
            let status = child.wait()?;
            if began.elapsed() > START {
                return Err(io::Error::other(format!("a host ends at once: {status}")));
            }
            thread::sleep(Duration::from_millis(200)); // its database may come back
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.hosts.len()
    }

    /// The base of a host's URLs.
    pub(crate) fn base(&self, host: usize) -> String {
        self.hosts.get(host).map(|host| format!("http://{}", host.address)).unwrap_or_default()
    }

    /// Kills a host by SIGKILL, and starts it again.
    pub(crate) fn kill(&self, host: usize) -> io::Result<()> {
        let Some(host) = self.hosts.get(host) else { return Ok(()) };
        let mut child = host.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill()?;
        child.wait()?;
        *child = self.run(&host.address)?;
        Ok(())
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in &mut self.hosts {
            let child = host.child.get_mut().unwrap_or_else(PoisonError::into_inner);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
