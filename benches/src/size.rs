//! What it takes to have a token endpoint: bytes of program, seconds of build, number of crates.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{fs, io};

/// A program that reads a form, answers it, and is built from nothing.
pub struct Program {
    pub name: &'static str,
    pub bytes: u64,
    pub seconds: f64,
    pub crates: usize,
}

const WITHOUT: &str = r#"
use std::io::Read;
fn main() {
    let mut form = String::new();
    std::io::stdin().read_to_string(&mut form).unwrap();
    let request = http::Request::post("/token").body(form).unwrap();
    println!("{:?}", http::Response::new(request.into_body()));
}
"#;

const GRANTOR: &str = r#"
use grantor::{Moment, Server, model::Issuer, server::Config, store::MemoryStore};
use std::{io::Read, time::SystemTime};
fn main() {
    let mut form = String::new();
    std::io::stdin().read_to_string(&mut form).unwrap();
    let request = http::Request::post("/token").body(form).unwrap();
    let server = Server::new(Config::new(Issuer::parse("https://as.example").unwrap())).unwrap();
    let moment = Moment::try_new(SystemTime::now(), &mut getrandom::SysRng).unwrap();
    println!("{:?}", server.token(&request, moment).run(&MemoryStore::new()).into_http());
}
"#;

const OAUTH_AS: &str = r#"
use oauth_as::{AuthorizationServer, MemoryStorage, ServerConfig, http::ServiceBuilder};
use std::{future::Future, io::Read, pin::pin, sync::Arc, task::{Context, Waker}};
fn main() {
    let mut form = String::new();
    std::io::stdin().read_to_string(&mut form).unwrap();
    let request = http::Request::post("/token").body(http_body_util::Full::new(bytes::Bytes::from(form))).unwrap();
    let config = ServerConfig::new("https://as.example", "https://as.example/device");
    let service = ServiceBuilder::new(Arc::new(AuthorizationServer::new(config, MemoryStorage::new()))).build().unwrap();
    let answer = pin!(service.handle(request)).poll(&mut Context::from_waker(Waker::noop()));
    println!("{answer:?}");
}
"#;

/// Builds them below this folder, one after the other.
pub fn programs(target: &Path) -> io::Result<Vec<Program>> {
    let grantor = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let grantor =
        format!("grantor = {{ path = '{grantor}' }}\ngetrandom = {{ version = '0.4', features = ['sys_rng'] }}");
    let oauth_as = "oauth-as = { version = '=1.0.1', features = ['http'] }\nhttp-body-util = '0.1'\nbytes = '1'";
    [("neither", "", WITHOUT), ("grantor", grantor.as_str(), GRANTOR), ("oauth-as", oauth_as, OAUTH_AS)]
        .into_iter()
        .map(|(name, dependencies, source)| program(target, name, dependencies, source))
        .collect()
}

fn program(target: &Path, name: &'static str, dependencies: &str, source: &str) -> io::Result<Program> {
    let folder = target.join("benches").join(name);
    fs::create_dir_all(folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = 'minimal'\nedition = '2024'\n[dependencies]\nhttp = '1'\n{dependencies}\n[workspace]\n\
         [profile.release]\nstrip = true\nlto = 'thin'\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), source)?;
    let built = folder.join("target");
    if built.exists() {
        fs::remove_dir_all(&built)?;
    }
    cargo(&folder, &["fetch", "--quiet"])?;
    let start = Instant::now();
    cargo(&folder, &["build", "--release", "--quiet"])?;
    let seconds = start.elapsed().as_secs_f64();
    let tree = cargo(&folder, &["tree", "--edges", "normal", "--prefix", "none", "--no-dedupe"])?;
    let mut crates: Vec<_> = tree.lines().skip(1).map(|line| line.trim_end_matches(" (proc-macro)")).collect();
    crates.sort_unstable();
    crates.dedup();
    let bytes = fs::metadata(built.join("release/minimal"))?.len();
    Ok(Program { name, bytes, seconds, crates: crates.len() })
}

fn cargo(folder: &Path, arguments: &[&str]) -> io::Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .stderr(Stdio::inherit())
        .output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(io::Error::other(format!("cargo {arguments:?} in {}", folder.display())))
    }
}
