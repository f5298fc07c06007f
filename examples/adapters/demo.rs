//! What the servers beside this file share, and what is not the point of any of them: who is registered, a page that
//! asks, a log.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::fmt;
use std::io::{Write, stderr, stdout};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use grantor::model::{ClientId, GrantType, Issuer, RedirectUri, Resource, Scope, Secret, Subject};
use grantor::record::Client;
use grantor::resource::{self, Access, Requirement, ResourceServer};
use grantor::server::{Approval, AuthorizeDecision, AuthorizeRefusal, Config, Prompt, Refusal};
use grantor::store::MemoryStore;
use grantor::{Moment, Server, Step, Timestamp};
use http::{HeaderValue, Response, StatusCode, header};

/// The secret of the clients here that have one. It is in public: yours come from [`Secret::generate`].
pub const DEMO_SECRET: &str = "Zk4hWbX2n0uT7cVq9sLm1g";

/// How many requests wait for somebody's decision.
const MAX_PROMPTS: usize = 1000;

/// An authorization server and a protected resource that share a store.
#[derive(Debug)]
pub struct Demo {
    /// The authorization server.
    pub server: Server,
    /// What it knows, for as long as the program runs.
    pub store: MemoryStore,
    /// The protected resource `/photos`.
    pub photos: ResourceServer,
    /// What a token must be good for to see photos.
    pub reading: Requirement,
    /// What a token must be good for to add one.
    pub writing: Requirement,
    resource_owner: Subject,
    prompts: Mutex<HashMap<String, Prompt>>,
}

/// Where to listen: the program's first argument.
#[must_use]
pub fn listen_address() -> String {
    env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned())
}

/// How long a peer may take for what it owes, a head, a body, or to read its answer: the program's third argument, in
/// seconds.
#[must_use]
pub fn timeout() -> Duration {
    Duration::from_secs(env::args().nth(3).and_then(|seconds| seconds.parse().ok()).unwrap_or(10))
}

impl Demo {
    /// The demo of a server at this URL. The program's second argument is the lifetime of its access tokens, in
    /// seconds.
    ///
    /// # Errors
    /// This is no URL for an issuer: it needs https, or a loopback host. Or the argument is no number.
    pub fn at(url: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let photos = Resource::parse(&format!("{url}/photos"))?;
        let mut config = Config::new(Issuer::parse(url)?);
        config.resources = photos.clone().into();
        if let Some(seconds) = env::args().nth(2) {
            config.token.access_token_lifetime = Duration::from_secs(seconds.parse()?);
        }
        let mut protected = resource::Config::new(photos.clone());
        protected.authorization_servers = vec![config.issuer.clone()];
        protected.scopes_supported = Scope::parse("photos.read photos.write")?;
        Ok(Self {
            server: Server::new(config)?,
            store: MemoryStore::new().with_client(backup()?).with_client(cli()?).with_client(api(photos.clone())?),
            photos: ResourceServer::new(protected),
            reading: Requirement::scope(Scope::parse("photos.read")?),
            writing: Requirement::scope(Scope::parse("photos.write")?),
            resource_owner: Subject::parse("demo-user")?,
            prompts: Mutex::default(),
        })
    }

    /// Says where the server listens, and how to try it.
    pub fn announce(&self) {
        let issuer = self.server.config().issuer.as_str();
        print_line(
            stdout(),
            format_args!(
                "try: CLIENT_SECRET={DEMO_SECRET} cargo run -p adapters --bin client-reqwest -- --loopback {issuer}"
            ),
        );
        print_line(stdout(), format_args!("try: cargo run -p adapters --bin client-ureq -- --loopback {issuer}"));
        print_line(stdout(), format_args!("listening on {issuer}"));
    }

    /// A page that asks whether to approve.
    ///
    /// It is a stub: nobody logs in, and whoever sees the page decides as `demo-user`. A server that is more than an
    /// example logs people in first, keeps the prompt in their session, and protects the form: see
    /// `examples/provider`.
    pub fn ask(&self, prompt: Prompt) -> Response<Vec<u8>> {
        let Ok(id) = Secret::generate(&mut rand::rng());
        let page = format!(
            "<!doctype html><title>Demo consent</title><p>You are {}. Allow {} to do this: {}?</p>\
             <form method=post action=/consent><input type=hidden name=request value={}>\
             <button name=decision value=approve>Approve</button> <button name=decision value=deny>Deny</button></form>",
            escaped(self.resource_owner.as_str()),
            escaped(prompt.recipient.client_id.as_str()),
            escaped(prompt.asked.scope.as_str()),
            id.expose(),
        );
        let mut prompts = self.prompts();
        // Anyone may ask: there is a limit to what is kept of it.
        if prompts.len() >= MAX_PROMPTS
            && let Some(one) = prompts.keys().next().cloned()
        {
            prompts.remove(&one);
        }
        prompts.insert(id.expose().to_owned(), prompt);
        drop(prompts);
        let mut response = Response::new(page.into_bytes());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // RFC 9700 §4.16: a page that can be framed can be made to be clicked on.
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'none'"));
        response
    }

    /// What is to be carried out once that page was answered; nothing if there was no such page, or it was answered
    /// before.
    pub fn decide(&self, form: &[u8]) -> Option<Step<AuthorizeDecision<'_>>> {
        let form: HashMap<_, _> = form_urlencoded::parse(form).collect();
        let prompt = self.prompts().remove(&**form.get("request")?)?;
        let is_approved = form.get("decision").is_some_and(|decision| decision == "approve");
        Some(if is_approved {
            prompt.approve(&self.server, Approval::by(self.resource_owner.clone()), moment())
        } else {
            prompt.deny(&self.server, moment())
        })
    }

    /// Tells the client what is wrong with its request. A server that is more than an example logs people in first,
    /// before it redirects them (RFC 9700 §4.11.2): see `examples/reference-host`.
    pub fn refuse(&self, refusal: Refusal) -> Step<AuthorizeRefusal<'_>> {
        refusal.respond(&self.server, moment())
    }

    fn prompts(&self) -> MutexGuard<'_, HashMap<String, Prompt>> {
        self.prompts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A service that acts for itself: RFC 6749 §4.4.
fn backup() -> Result<Client, Box<dyn Error + Send + Sync>> {
    let mut client = Client::confidential(ClientId::parse("backup")?, DEMO_SECRET);
    client.grant_types = vec![GrantType::ClientCredentials];
    client.scope = Scope::parse("photos.read photos.write")?;
    Ok(client)
}

/// A program on somebody's machine: RFC 8252. Its port is whichever is free, so the one that is registered does not
/// count.
fn cli() -> Result<Client, Box<dyn Error + Send + Sync>> {
    let redirect_uri = RedirectUri::parse("http://127.0.0.1/callback")?;
    let mut client = Client::public(ClientId::parse("cli")?).with_code_flow(redirect_uri);
    client.scope = Scope::parse("photos.read photos.write")?;
    Ok(client)
}

/// What the clock says.
#[must_use]
pub fn now() -> Timestamp {
    SystemTime::now().into()
}

/// A resource server that does not share the store, and has to ask: RFC 7662.
fn api(resource: Resource) -> Result<Client, Box<dyn Error + Send + Sync>> {
    let mut client = Client::confidential(ClientId::parse("api")?, DEMO_SECRET);
    client.resource_server = Some(vec![resource]);
    Ok(client)
}

/// The time and the randomness of one request.
#[must_use]
pub fn moment() -> Moment {
    Moment::new(now(), &mut rand::rng())
}

/// What the protected resource has to show.
#[must_use]
pub fn photos_of(access: &Access) -> String {
    format!("photos of {}\n", access.subject().or(access.client_id()).unwrap_or("nobody"))
}

/// A response of plain text.
#[must_use]
pub fn text(status: StatusCode, text: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(text.as_bytes().to_vec());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// The answer to a page that was answered before.
#[must_use]
pub fn gone() -> Response<Vec<u8>> {
    text(StatusCode::GONE, "There is nothing to decide any more.\n")
}

/// One line for each thing that happened. Events hold no secrets, and `Debug` escapes the line ends that a request may
/// hold.
///
/// A thread of its own writes them: if nobody reads standard error, lines are lost, and no request waits. (The
/// reference host's `log.rs` counts them.)
pub fn audit(event: impl fmt::Debug) {
    static LINES: LazyLock<SyncSender<String>> = LazyLock::new(|| {
        let (lines, written) = sync_channel::<String>(1024);
        thread::spawn(move || written.iter().try_for_each(|line| stderr().write_all(line.as_bytes())));
        lines
    });
    let _ = LINES.try_send(format!("{event:?}\n"));
}

/// If nobody reads it any more, there is nobody to tell.
fn print_line(mut out: impl Write, line: fmt::Arguments<'_>) {
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
