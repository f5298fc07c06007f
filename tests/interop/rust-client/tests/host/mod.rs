//! The reference host, and a user agent that reads its pages as a browser without scripts does.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use oauth2::url::Url;
use scraper::{Html, Selector};
use tempfile::TempDir;
use ureq::http::Response;
use ureq::{Agent, Body};

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

/// An agent that follows no redirect, and takes a refusal for an answer.
pub fn agent() -> Agent {
    Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into()
}

/// Alice signs in and decides; the answer is where she is then redirected to, which is not visited.
pub fn decide(url: Url, decision: &str) -> Url {
    let agent = agent();
    let login = arrive(&agent, &url, agent.get(url.as_str()).call()).unwrap_page();
    let consent = submit(&agent, login, &ALICE).unwrap_page();
    match submit(&agent, consent, &[("decision", decision)]) {
        Arrived::Elsewhere(url) => url,
        Arrived::Page(_, text) => panic!("the decision leads back to the client, not to {text}"),
    }
}

enum Arrived {
    Page(Url, String),
    /// At another origin.
    Elsewhere(Url),
}

impl Arrived {
    fn unwrap_page(self) -> (Url, String) {
        match self {
            Self::Page(url, text) => (url, text),
            Self::Elsewhere(url) => panic!("a page, not {url}"),
        }
    }
}

/// Follows redirects to the end.
fn arrive(agent: &Agent, from: &Url, response: Result<Response<Body>, ureq::Error>) -> Arrived {
    let response = response.unwrap();
    let Some(location) = response.headers().get("location") else {
        return Arrived::Page(from.clone(), response.into_body().read_to_string().unwrap());
    };
    assert_eq!(response.status(), 303);
    let target = from.join(location.to_str().unwrap()).unwrap();
    if target.origin() != from.origin() {
        return Arrived::Elsewhere(target);
    }
    arrive(agent, &target, agent.get(target.as_str()).call())
}

/// Submits the one form of a page as it is found, with these fields filled in.
fn submit(agent: &Agent, (url, text): (Url, String), fields: &[(&str, &str)]) -> Arrived {
    let select = |selectors| Selector::parse(selectors).unwrap();
    let page = Html::parse_document(&text);
    let forms: Vec<_> = page.select(&select("form")).collect();
    let &[form] = forms.as_slice() else { panic!("the page has one form: {text}") };
    assert_eq!(form.attr("method").map(str::to_lowercase).as_deref(), Some("post"));
    let inputs = select("input[name]:not([type=checkbox]), input[type=checkbox][checked]");
    let found =
        form.select(&inputs).map(|input| (input.attr("name").unwrap(), input.attr("value").unwrap_or_default()));
    let kept = found.filter(|(name, _)| fields.iter().all(|(filled, _)| filled != name));
    let action = url.join(form.attr("action").unwrap_or_default()).unwrap();
    arrive(agent, &action, agent.post(action.as_str()).send_form(kept.chain(fields.iter().copied())))
}
