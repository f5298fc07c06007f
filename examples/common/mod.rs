//! What the examples share: the parties of the base flow, all in one process. Start with `code_flow.rs`, which has that
//! flow in full.
//!
//! - the authorization server of a photo album, at [`ISSUER`], with its store;
//! - the album's API, at [`PHOTOS`];
//! - a client that prints photos, and Alice, who owns some;
//! - the network between them, which is a function call here, and prints what it carries.

#![allow(dead_code, unreachable_pub, reason = "each example uses its part")]

pub mod network;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use grantor::client::{AuthorizationRequest, Client, Registration, TokenSet};
use grantor::model::{Resource, Subject};
use grantor::resource::{self, Requirement, ResourceServer};
use grantor::server::{Approval, AuthorizationResponse, AuthorizeReply, Config, Prompt};
use grantor::store::{Change, Commit, MemoryStore, Outcome, Store as _};
use grantor::{DefaultPolicy, Fetch, Hosted, Http as _, HttpHost, Moment, Policy, Server, Timestamp, record};
use http::{Request, Response, header};

use network::{Network, show_response};

pub type Error = Box<dyn std::error::Error + Send + Sync>;

pub const ISSUER: &str = "https://album.example";
pub const PHOTOS: &str = "https://api.album.example/photos";
pub const CALLBACK: &str = "https://printer.example/callback";

/// Everybody in one process, and a clock that can be put forward.
pub struct Demo {
    pub server: Server,
    pub store: MemoryStore,
    pub api: ResourceServer,
    /// What the API asks of an access token.
    pub requirement: Requirement,
    pub policy: Box<dyn Policy + Send + Sync>,
    waited: AtomicU64,
    requests: AtomicUsize,
}

impl Demo {
    /// A server as it comes, which knows its API and the printer.
    pub fn new() -> Result<Self, Error> {
        Self::with(|_| Ok(()))
    }

    /// The same with a configuration that differs in this.
    pub fn with(configure: impl FnOnce(&mut Config) -> Result<(), Error>) -> Result<Self, Error> {
        let mut config = Config::new(ISSUER.parse()?);
        config.resources = Resource::parse(PHOTOS)?.into();
        configure(&mut config)?;
        let mut api = resource::Config::new(PHOTOS.parse()?);
        api.authorization_servers = vec![ISSUER.parse()?];
        let demo = Self {
            server: Server::new(config)?,
            store: MemoryStore::new(),
            api: ResourceServer::new(api),
            requirement: Requirement::scope("photos.read".parse()?),
            policy: Box::new(DefaultPolicy),
            waited: AtomicU64::new(0),
            requests: AtomicUsize::new(0),
        };
        demo.register(app("printer")?)?;
        Ok(demo)
    }

    /// Stores a client's record, a new one or the next revision of one.
    pub fn register(&self, client: record::Client) -> Result<(), Error> {
        match self.store.commit(&Commit::of(Change::PutClient(Arc::new(client))))? {
            Outcome::Applied => Ok(()),
            Outcome::Conflict(_) => Err("somebody else has changed the client".into()),
        }
    }

    /// The client's side of an app: what [`register`](Self::register) stored, it knows of itself.
    pub fn client(&self, client_id: &str) -> Result<Client, Error> {
        let registration = Registration::public(ISSUER.parse()?, client_id.parse()?);
        Ok(registration.at(self.server.config().metadata())?)
    }

    /// Goes through the base flow: a client asks Alice whether it may see her photos, and gets an access token and a
    /// refresh token. The messages are those that `code_flow.rs` prints.
    pub fn log_in(&self, client: &Client) -> Result<TokenSet, Error> {
        let http = HttpHost(|fetch: &Fetch| self.respond(fetch.request()));
        let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
        let (url, pending) = client.begin(request, self.moment())?;
        let query = query(&self.decide(&url, |_| Ok(Approval::by(alice()?)))?)?;
        let tokens = client.callback(pending, &query)?.start(self.moment()).run(&http)?;
        println!("— Alice logged in and approved: {} has tokens", client.client_id());
        Ok(tokens)
    }

    /// The same by another request, or with another decision.
    pub fn log_in_by(
        &self,
        client: &Client,
        request: AuthorizationRequest,
        decide: impl FnOnce(&Prompt) -> Result<Approval, Error>,
    ) -> Result<TokenSet, Error> {
        let (url, pending) = client.begin(request, self.moment())?;
        let query = self.browse(&url, decide)?;
        Ok(client.callback(pending, &query)?.start(self.moment()).run(&self.http())?)
    }

    /// Alice's browser goes to the authorization endpoint, where she is logged in and decides. Returns the query with
    /// which it comes back to the client.
    pub fn browse(&self, url: &str, decide: impl FnOnce(&Prompt) -> Result<Approval, Error>) -> Result<String, Error> {
        println!("→ GET {url}");
        let response = self.decide(url, decide)?;
        show_response(&response);
        query(&response)
    }

    fn decide(
        &self,
        url: &str,
        decide: impl FnOnce(&Prompt) -> Result<Approval, Error>,
    ) -> Result<Response<Vec<u8>>, Error> {
        Ok(self.approve(url, decide)?.into_http())
    }

    /// The same, up to the server's response, before it is written as HTTP.
    pub fn approve(
        &self,
        url: &str,
        decide: impl FnOnce(&Prompt) -> Result<Approval, Error>,
    ) -> Result<AuthorizationResponse, Error> {
        let request = Request::get(url).body("")?;
        let prompt = match self.server.authorize(&request, self.moment()).run(&self.host()) {
            AuthorizeReply::Ask(prompt) => prompt,
            refused => return Err(format!("refused: {:?}", refused.event()).into()),
        };
        let approval = decide(&prompt)?;
        Ok(prompt.approve(&self.server, approval, self.moment()).run(&self.host()))
    }

    /// Asks the API for photos.
    pub fn get_photos(&self, tokens: &TokenSet) -> Result<Response<Vec<u8>>, Error> {
        self.send(Request::get(PHOTOS).header(header::AUTHORIZATION, tokens.authorization()).body(Vec::new())?)
    }

    /// Sends a request that none of grantor's machines makes.
    pub fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Error> {
        Ok(Network(self).fetch(&Fetch::new(request))?)
    }

    /// The host of a client's machines.
    pub fn http(&self) -> HttpHost<Network<'_>> {
        HttpHost(Network(self))
    }

    /// The host of the server's machines.
    pub fn host(&self) -> Hosted<&MemoryStore, &(dyn Policy + Send + Sync)> {
        Hosted { store: &self.store, policy: &*self.policy }
    }

    /// How many requests the network has carried so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from(SystemTime::now()).after(Duration::from_secs(self.waited.load(Ordering::Relaxed)))
    }

    pub fn moment(&self) -> Moment {
        Moment::new(self.now(), &mut rand_core::UnwrapErr(getrandom::SysRng))
    }

    /// Puts the clock forward.
    pub fn wait(&self, time: Duration) {
        println!("… {} seconds later", time.as_secs());
        self.waited.fetch_add(time.as_secs(), Ordering::Relaxed);
    }
}

/// The record of a public client for the code flow with refresh tokens.
pub fn app(client_id: &str) -> Result<record::Client, Error> {
    let mut client = record::Client::public(client_id.parse()?).with_code_flow(CALLBACK.parse()?);
    client.scope = "photos.read photos.write".parse()?;
    Ok(client)
}

/// Returns the query of the redirect back to the client.
fn query(response: &Response<Vec<u8>>) -> Result<String, Error> {
    let location = response.headers().get(header::LOCATION).ok_or("no redirect")?.to_str()?;
    Ok(location.split_once('?').ok_or("no query")?.1.to_owned())
}

pub fn alice() -> Result<Subject, Error> {
    Ok(Subject::parse("alice")?)
}
