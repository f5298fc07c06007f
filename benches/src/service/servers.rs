//! The servers that are compared: how each is started, and how its clients speak to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::service::build::Workshop;
use crate::service::process::{Service, free_address, pinned};
use crate::service::wire::{Load, Requests, run};

/// A secret that every server takes: oidc-provider wants a long one.
const SECRET: &str = "a-secret-of-forty-letters-for-every-server";

/// A client for client credentials, a resource server, one for codes, a public one, and two people.
pub fn configuration(access_token_lifetime: u64) -> String {
    format!(
        r#"[server]
code_lifetime = 300
access_token_lifetime = {access_token_lifetime}
refresh_token_lifetime = 1209600

[[client]]
client_id = "svc"
client_secret = "{SECRET}"
grant_types = ["client_credentials"]
response_types = []
scope = "a"

[[client]]
client_id = "rs"
client_secret = "{SECRET}"
grant_types = []
response_types = []
resource_server = ["https://api.example/"]

[[client]]
client_id = "site"
client_secret = "{SECRET}"
client_name = "Site"
redirect_uris = ["https://albums.example/callback"]
grant_types = ["authorization_code", "refresh_token"]
scope = "a b"

[[user]]
username = "alice"
password = "alice's password"
sub = "user-1"

[[user]]
username = "bob"
password = "bob's password"
sub = "user-2"
"#
    )
}

/// Who serves.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A reference host: this tree's, or the one before; `memory` or `sqlite:PATH`.
    ReferenceHost {
        /// The program.
        program: PathBuf,
        /// Its `--store`.
        store: String,
        /// Of the tokens, in seconds.
        lifetime: u64,
    },
    /// oauth-as' own example, which keeps everything in memory.
    OauthAs {
        /// The program.
        program: PathBuf,
    },
    /// npm's oidc-provider, with its memory adapter, which keeps a thousand records and forgets the others.
    OidcProvider {
        /// Where it is installed.
        folder: PathBuf,
    },
}

impl Kind {
    /// The reference host with tokens that live for a day.
    pub fn reference_host(program: &Path, store: &str) -> Self {
        Self::ReferenceHost { program: program.to_owned(), store: store.to_owned(), lifetime: 86_400 }
    }

    /// Starts it on a core of its own, if there is one. Its log is a file in memory: the same for all, and no disk has
    /// to take it.
    pub fn start(&self, core: Option<usize>, scratch: &Path) -> io::Result<Service> {
        let address = free_address()?;
        let log = scratch.join(format!("log-{}", address.port()));
        let mut command;
        match self {
            Self::ReferenceHost { program, store, lifetime } => {
                let file = scratch.join(format!("host-{lifetime}.toml"));
                fs::write(&file, configuration(*lifetime))?;
                command = pinned(program, core);
                command.args(["--listen", &address.to_string(), "--store", store, "--config"]).arg(file);
            }
            Self::OauthAs { program } => {
                command = pinned(program, core);
                command.env("OAUTH_AS_ADDR", address.to_string()).env("OAUTH_AS_CLIENT_SECRET", SECRET);
            }
            Self::OidcProvider { folder } => {
                let file = folder.join("server.mjs");
                fs::write(&file, include_str!("oidc-provider.mjs"))?;
                command = pinned(Path::new("node"), core);
                command.arg(file).args([&address.port().to_string(), SECRET]).env("NODE_ENV", "production");
            }
        }
        Service::start(command, address, Some(&log))
    }

    /// Client credentials: a token each.
    pub fn client_credentials(&self) -> Requests {
        let client = (self.client(), SECRET);
        Requests::post("/token", client, "grant_type=client_credentials").expecting("\"access_token\":\"")
    }

    /// Introspection of live tokens.
    pub fn introspection(&self, tokens: &[String]) -> Requests {
        let (path, client) = match self {
            Self::ReferenceHost { .. } => ("/introspect", "rs"),
            Self::OauthAs { .. } => ("/introspect", self.client()),
            Self::OidcProvider { .. } => ("/token/introspection", self.client()),
        };
        Requests::post(path, (client, SECRET), "token=").about(tokens).expecting("\"active\":true")
    }

    fn client(&self) -> &'static str {
        match self {
            Self::ReferenceHost { .. } | Self::OidcProvider { .. } => "svc",
            Self::OauthAs { .. } => "example-service",
        }
    }

    /// Fetches so many tokens, or as many as can be had in that time.
    pub fn fill(&self, service: &Service, tokens: usize, patience: Duration) -> io::Result<Vec<String>> {
        let outcome = run(service.address, &self.client_credentials(), Load::fill(tokens, patience))?;
        match outcome.tokens.len() {
            0 => Err(io::Error::other(format!("{self:?} issues no tokens: {}", outcome.faults()))),
            _ => Ok(outcome.tokens),
        }
    }
}

/// What every server and the faults know each other by.
pub const fn secret() -> &'static str {
    SECRET
}

/// Where files that no disk should hold are: in memory.
pub fn in_memory(name: &str) -> io::Result<PathBuf> {
    let folder = Path::new("/dev/shm").join(format!("grantor-load-{}", std::process::id())).join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Whatever this process has put in memory goes.
pub fn clear_memory() {
    let _ = fs::remove_dir_all(Path::new("/dev/shm").join(format!("grantor-load-{}", std::process::id())));
}

/// Makes what is compared.
#[derive(Clone, Debug)]
pub struct Programs {
    /// This tree's.
    pub reference_host: PathBuf,
    /// The one before.
    pub before: PathBuf,
    /// oauth-as' example.
    pub oauth_as: PathBuf,
    /// Where oidc-provider is.
    pub oidc_provider: PathBuf,
}

impl Programs {
    /// Builds or finds all.
    pub fn make(workshop: &Workshop) -> io::Result<Self> {
        Ok(Self {
            reference_host: workshop.reference_host()?,
            before: workshop.before()?,
            oauth_as: workshop.oauth_as()?,
            oidc_provider: workshop.oidc_provider()?,
        })
    }
}
