//! The reference host, and a person who uses it.

#[path = "../../../user_agent.rs"]
mod user_agent;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use url::Url;

pub use user_agent::agent;
use user_agent::{Arrived, Page, submit, visit};

const ALICE: [(&str, &str); 2] = [("username", "alice"), ("password", "correct horse battery staple")];

/// A host on a free port, ended when dropped.
pub struct Host {
    pub issuer: String,
    process: Child,
    _directory: TempDir,
}

impl Host {
    /// Starts one with `memory` or `sqlite` for a store.
    pub fn start(store: &str) -> Self {
        let binary = std::env::var_os("REFERENCE_HOST")
            .expect("REFERENCE_HOST must name the reference-host binary; tests/run builds it and sets it");
        let directory = tempfile::tempdir().unwrap();
        let store = match store {
            "sqlite" => format!("sqlite:{}", directory.path().join("host.db").display()),
            other => other.to_owned(),
        };
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host.toml");
        let mut command = Command::new(binary);
        command.args(["--listen", "127.0.0.1:0", "--store", &store, "--config"]).arg(config);
        if let Some(log) = std::env::var_os("HOST_LOG") {
            command.stderr(File::options().create(true).append(true).open(log).unwrap());
        }
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let issuer = lines.find_map(|line| Some(line.split_once("listening on ")?.1.trim().to_owned()));
        std::thread::spawn(|| lines.for_each(drop)); // a closed or full pipe would stop the host
        let issuer = issuer.expect("the host ended before it was listening");
        Self { issuer, process, _directory: directory }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).unwrap();
    }
}

/// Alice signs in and decides; the answer is where she is then redirected to, which is not visited.
pub fn decide(url: &Url, decision: &str) -> Url {
    let agent = agent();
    let login = unwrap_page(visit(&agent, url));
    let consent = unwrap_page(submit(&agent, &login, &ALICE));
    match submit(&agent, &consent, &[("decision", decision)]) {
        Arrived::Elsewhere(url) => url,
        Arrived::Page(page) => panic!("the decision leads back to the client, not to {}", page.text),
    }
}

/// Alice types in what a device shows, signs in and decides; the answer is the page that tells her.
pub fn connect(page: &Url, user_code: &str, decision: &str) -> String {
    let agent = agent();
    let page = unwrap_page(visit(&agent, page));
    let login = unwrap_page(submit(&agent, &page, &[("user_code", user_code)]));
    let consent = unwrap_page(submit(&agent, &login, &ALICE));
    assert!(consent.text.contains(user_code), "the consent page shows the code");
    unwrap_page(submit(&agent, &consent, &[("decision", decision)])).text
}

fn unwrap_page(arrived: Arrived) -> Page {
    match arrived {
        Arrived::Page(page) => page,
        Arrived::Elsewhere(url) => panic!("a page, not {url}"),
    }
}
