//! Authorization servers that others wrote, and a person who uses them.

#[path = "../../../user_agent.rs"]
mod user_agent;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use grantor::client::{Authentication, Client, Registration, discover};
use grantor::model::{ClientId, Issuer, Metadata, Secret};
use grantor::{Fetch, HttpHost, Unavailable};
use scraper::{Html, Selector};
use serde::Deserialize;
use ureq::Agent;
use ureq::http::Response;
use url::Url;
use user_agent::{Arrived, Page, agent, submit, visit};

/// oidc-provider, of Node.js.
pub static PROVIDER: LazyLock<Server> = LazyLock::new(|| Server::start("node", "js/oidc-provider-server.js"));
/// Authlib, of Python.
pub static AUTHLIB: LazyLock<Server> = LazyLock::new(|| {
    let python =
        std::env::var("INTEROP_PYTHON").expect("INTEROP_PYTHON must name a Python that has Authlib; tests/run sets it");
    Server::start(&python, "python/authlib_server.py")
});

pub struct Server {
    pub metadata: Metadata,
    /// Its standard input is a pipe from here: it ends when this process does.
    _process: Child,
}

impl Server {
    fn start(interpreter: &str, script: &str) -> Self {
        let mut command = Command::new(interpreter);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(script));
        if let Some(log) = std::env::var_os("HOST_LOG") {
            command.stderr(File::options().create(true).append(true).open(log).unwrap());
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let issuer = lines.find_map(|line| Some(line.split_once("listening on ")?.1.trim().to_owned()));
        let issuer = issuer.unwrap_or_else(|| panic!("{script} ended before it was listening"));
        std::thread::spawn(|| lines.for_each(drop)); // a closed or full pipe would stop the server
        let metadata = discover(&Issuer::parse(&issuer).unwrap()).run(&HTTP).unwrap();
        Self { metadata, _process: process }
    }

    /// A client that is registered there, by the names of RFC 7591 §2.
    pub fn client(&self, id: &str, secret: Option<&str>, token_endpoint_auth_method: &str) -> Client {
        let secret = secret.map(|secret| Secret::new(secret.to_owned()));
        let registration = Registration::public(self.metadata.issuer.clone(), ClientId::parse(id).unwrap());
        let authentication = match (token_endpoint_auth_method, secret) {
            ("none", None) => Authentication::None,
            ("client_secret_basic", Some(secret)) => Authentication::Basic(secret),
            ("client_secret_post", Some(secret)) => Authentication::Post(secret),
            other => panic!("a method and a secret that go together, not {other:?}"),
        };
        registration.authenticated_by(authentication).at(self.metadata.clone()).unwrap()
    }
}

/// Every client of clients.json at every server.
pub fn clients() -> impl Iterator<Item = Client> {
    [&*PROVIDER, &*AUTHLIB].into_iter().flat_map(|server| {
        let register = |Registered { client_id, client_secret, token_endpoint_auth_method }| {
            server.client(&client_id, client_secret.as_deref(), &token_endpoint_auth_method)
        };
        let registered: Vec<Registered> = serde_json::from_str(include_str!("../../clients.json")).unwrap();
        registered.into_iter().map(register)
    })
}

/// Those that have a secret.
pub fn confidential_clients() -> impl Iterator<Item = Client> {
    clients().filter(|client| client.client_id().as_str() != "native")
}

#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<String>,
    token_endpoint_auth_method: String,
}

type Http = HttpHost<fn(&Fetch) -> Result<Response<Vec<u8>>, Unavailable>>;

/// What grantor's client is given for the network.
pub const HTTP: Http = HttpHost(|fetch| send(fetch).map_err(|error| Unavailable::new(error.to_string())));

fn send(fetch: &Fetch) -> Result<Response<Vec<u8>>, ureq::Error> {
    let (parts, body) = agent().run(fetch.request().clone())?.into_parts();
    let mut read = Vec::new();
    body.into_reader().take(Fetch::MAX_RESPONSE_LEN as u64 + 1).read_to_end(&mut read)?;
    Ok(Response::from_parts(parts, read))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Deny,
}

/// Alice goes to a page, signs in where she is asked to, and decides. Where she is redirected to; none if it all ends
/// on a page.
pub fn decide(url: &str, decision: Decision) -> Option<Url> {
    let agent = agent();
    let mut arrived = visit(&agent, &Url::parse(url).unwrap());
    for _ in 0..8 {
        let page = match arrived {
            Arrived::Elsewhere(url) => return Some(url),
            Arrived::Page(page) => page,
        };
        let has = |selectors| find(&page, selectors, "name").is_some();
        if decision == Decision::Deny
            && let Some(denied) = deny(&agent, &page)
        {
            // What follows may well be a form that begins it all again.
            return match denied {
                Arrived::Elsewhere(url) => Some(url),
                Arrived::Page(_) => None,
            };
        }
        arrived = if has("[name=login]") {
            submit(&agent, &page, &[("login", "alice"), ("password", "correct horse battery staple")])
        } else if has("[name=decision]") {
            submit(&agent, &page, &[("decision", "approve")])
        } else if has("form [name]") {
            submit(&agent, &page, &[])
        } else {
            return None;
        };
    }
    panic!("the pages of {url} lead nowhere");
}

/// Denies, if this page lets one.
fn deny(agent: &Agent, page: &Page) -> Option<Arrived> {
    if let Some(href) = find(page, "a[href$='/abort']", "href") {
        return Some(visit(agent, &page.url.join(&href).unwrap()));
    }
    let buttons = [("[name=abort]", ("abort", "yes")), ("[value=deny]", ("decision", "deny"))];
    let (_, field) = buttons.into_iter().find(|(selectors, _)| find(page, selectors, "name").is_some())?;
    Some(submit(agent, page, &[field]))
}

/// An attribute of the first element that matches.
fn find(page: &Page, selectors: &str, attribute: &str) -> Option<String> {
    let page = Html::parse_document(&page.text);
    page.select(&Selector::parse(selectors).unwrap()).next()?.attr(attribute).map(str::to_owned)
}
