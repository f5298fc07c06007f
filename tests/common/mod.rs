//! The world in which an RFC's rules are tried: a server, a store, people, a clock that stands still until it is told
//! otherwise, and a generator that counts, so that every run is the same.

#![allow(dead_code, unused_imports, reason = "each test crate uses its part")]

mod counter;
pub mod devices;
pub mod documents;
mod executor;
mod form_page;
pub mod photos;
pub mod registering;
mod wire;

pub use counter::Counter;
pub use executor::{block_on, run_all, turn_over};
pub use form_page::FormPage;
pub use wire::{Wire, api, confidential_client_at, metadata_of, public_client_at, text};

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicU64, Ordering};

use grantor::consult::{Extension, ExtensionGrant, ExtensionRefusal, ExtensionVerdict, Owner, Password};
use grantor::model::{Audience, ClientId, GrantType, Issuer, Key, RedirectUri, Resource, ResponseType, Scope, Subject};
use grantor::record::Client;
use grantor::server::{Approval, AuthorizationResponse, AuthorizeReply, Config, Event, Prompt, Refusal};
use grantor::store::{Commit, Found, Lookup, MemoryStore, Outcome, Presented, Store};
use grantor::{Answer, Hosted, Moment, Policy, Server, Timestamp, Unavailable};
use http::{Method, Request, Response, header};

/// The examples of RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const ISSUER: &str = "https://server.example.com";
pub const CALLBACK: &str = "https://client.example.com/cb";
pub const SECRET: &str = "a-secret-drawn-at-random-of-256-bits-or-so";
pub const NOW: u64 = 1_000_000;
pub const FORM: &str = "application/x-www-form-urlencoded";
/// The extension grant of RFC 6749 §4.5's example.
pub const ASSERTION: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

pub struct World {
    pub server: Server,
    pub store: MemoryStore,
    pub now: u64,
    /// What is out of order.
    pub outage: Option<Outage>,
    draws: AtomicU64,
}

/// The store fails at one of its methods, and may say when it will be back.
#[derive(Clone, Copy)]
pub struct Outage {
    pub at: At,
    pub retry_after: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    Lookup,
    Commit,
}

impl World {
    /// A server as it comes. Two clients are registered for whatever there is, `app` is public and `web` is
    /// confidential.
    pub fn new() -> Self {
        let store = MemoryStore::new().with_client(public("app")).with_client(confidential("web", SECRET));
        let server = Server::new(Config::new(Issuer::parse(ISSUER).unwrap())).unwrap();
        Self { server, store, now: NOW, outage: None, draws: AtomicU64::new(0) }
    }

    /// The server of RFC 6749's examples, which knows all grants, and its client, which knows no PKCE.
    pub fn of_the_rfc() -> Self {
        Self::new().with_everything().with_client(confidential("s6BhdRkqt3", "gX1fBat3bV").with(|client| {
            client.require_pkce = false;
        }))
    }

    pub fn with(self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.server.config().clone();
        change(&mut config);
        Self { server: Server::new(config).unwrap(), ..self }
    }

    /// With what is off as it comes.
    pub fn with_everything(self) -> Self {
        self.with(|config| {
            config.token.grant_types.extend([GrantType::Password, GrantType::parse(ASSERTION).unwrap()]);
            config.authorization.response_types.push(ResponseType::Token);
        })
    }

    pub fn with_client(self, client: Client) -> Self {
        Self { store: self.store.with_client(client), ..self }
    }

    pub fn without_clients(self) -> Self {
        Self { store: MemoryStore::new(), ..self }
    }

    pub fn with_outage(self, at: At, retry_after: Option<u32>) -> Self {
        Self { outage: Some(Outage { at, retry_after }), ..self }
    }

    pub fn moment(&self) -> Moment {
        Moment::new(Timestamp(self.now), &mut Counter(self.draws.fetch_add(1, Ordering::Relaxed)))
    }

    // The authorization endpoint.

    pub fn authorize(&self, query: impl Display) -> AuthorizeReply {
        self.authorize_by(&get(query))
    }

    pub fn authorize_by(&self, request: &Request<Vec<u8>>) -> AuthorizeReply {
        self.server.authorize(request, self.moment()).run(self)
    }

    /// A sound request: the resource owner is asked.
    pub fn ask(&self, query: impl Display) -> Prompt {
        match self.authorize(query) {
            AuthorizeReply::Ask(prompt) => prompt,
            refused => panic!("not asked: {:?}", refused.event()),
        }
    }

    /// A request that is answered without a decision.
    pub fn answer(&self, query: impl Display) -> Reply {
        self.answer_by(&get(query))
    }

    pub fn answer_by(&self, request: &Request<Vec<u8>>) -> Reply {
        Reply::of(self.respond(self.authorize_by(request)).into_http())
    }

    /// What comes of a request that is not sound, once the resource owner has logged in.
    pub fn respond(&self, reply: AuthorizeReply) -> AuthorizationResponse {
        match reply {
            AuthorizeReply::Ask(prompt) => panic!("asked: {prompt:?}"),
            AuthorizeReply::Refuse(refusal) => self.tell(refusal),
            AuthorizeReply::Respond(response) => response,
        }
    }

    /// The resource owner has logged in; the client is told the error.
    pub fn tell(&self, refusal: Refusal) -> AuthorizationResponse {
        refusal.respond(&self.server, self.moment()).run(self)
    }

    /// The resource owner `johndoe` approves what is asked for.
    pub fn approve(&self, query: impl Display) -> Reply {
        self.decide(self.ask(query), Some(approval()))
    }

    pub fn deny(&self, query: impl Display) -> Reply {
        self.decide(self.ask(query), None)
    }

    pub fn decide(&self, prompt: Prompt, approval: Option<Approval>) -> Reply {
        let step = match approval {
            Some(approval) => prompt.approve(&self.server, approval, self.moment()),
            None => prompt.deny(&self.server, self.moment()),
        };
        Reply::of(step.run(self).into_http())
    }

    pub fn code(&self, query: impl Display) -> String {
        self.approve(query).parameter("code").unwrap()
    }

    // The token endpoint.

    pub fn token(&self, form: impl Display) -> Reply {
        self.token_by(&post(form))
    }

    pub fn token_by(&self, request: &Request<Vec<u8>>) -> Reply {
        let host = Hosted { store: self, policy: People };
        Reply::of(self.server.token(request, self.moment()).run(&host).into_http())
    }

    /// What the audit log learns.
    pub fn event(&self, form: impl Display) -> Event {
        let host = Hosted { store: self, policy: People };
        self.server.token(&post(form), self.moment()).run(&host).event()
    }

    /// The access token and the refresh token of a code flow of `app`.
    pub fn tokens(&self) -> (String, String) {
        self.token(exchange(&self.code(authorize()))).tokens()
    }

    /// What the store knows of a code or token.
    pub fn presented(&self, token: &str) -> Presented {
        let key = Key::of(token).unwrap();
        let lookup = Lookup::of(key);
        Store::lookup(&self.store, &lookup).unwrap().credential(key).unwrap().clone()
    }

    /// Whether a token is good, as a resource server or the token endpoint would find it.
    pub fn is_alive(&self, token: &str) -> bool {
        let Presented { credential, spent_at, revoked, .. } = self.presented(token);
        !revoked && spent_at.is_none() && !credential.expires_at.is_past(Timestamp(self.now))
    }
}

impl Store for World {
    fn lookup(&self, lookup: &Lookup) -> Result<Found, Unavailable> {
        self.fail(At::Lookup)?;
        Store::lookup(&self.store, lookup)
    }
    fn commit(&self, commit: &Commit) -> Result<Outcome, Unavailable> {
        self.fail(At::Commit)?;
        Store::commit(&self.store, commit)
    }
}

impl World {
    fn fail(&self, at: At) -> Result<(), Unavailable> {
        match self.outage {
            Some(outage) if outage.at == at => {
                let unavailable = Unavailable::new("the disk \"A\\B\" is gone\n");
                Err(outage.retry_after.map_or(unavailable.clone(), |seconds| unavailable.with_retry_after(seconds)))
            }
            _ => Ok(()),
        }
    }
}

/// Those who can be asked: they know the password and the assertion of RFC 6749's examples.
pub struct People;

impl Policy for People {
    fn password(&self, question: &Password) -> Answer<Password> {
        let genuine = question.username == "johndoe" && question.password.expose() == "A3ddj3w";
        Ok(if genuine { Owner::Subject(subject()) } else { Owner::Refused })
    }
    fn extension(&self, question: &Extension) -> Answer<Extension> {
        let genuine = |(name, value): &(String, _)| {
            name == "assertion" && grantor::model::Secret::expose(value).starts_with("PEFzc2VydGlvbiBJc3N1ZUluc3RhbnQ9")
        };
        Ok(if question.parameters.iter().any(genuine) {
            ExtensionVerdict::Grant(ExtensionGrant::of(subject()))
        } else {
            ExtensionVerdict::Refuse(ExtensionRefusal::default())
        })
    }
}

/// A moment from which nothing is drawn that counts.
pub fn at_moment(now: impl Into<Timestamp>) -> Moment {
    Moment::new(now, &mut Counter(0))
}

// Clients and people.

pub fn public(client_id: &str) -> Client {
    everything(Client::public(ClientId::parse(client_id).unwrap()))
}

pub fn confidential(client_id: &str, client_secret: &str) -> Client {
    everything(Client::confidential(ClientId::parse(client_id).unwrap(), client_secret))
}

fn everything(mut client: Client) -> Client {
    client.redirect_uris = vec![redirect_uri(CALLBACK)];
    client.grant_types =
        ["authorization_code", "refresh_token", "client_credentials", "password", devices::GRANT_TYPE, ASSERTION]
            .map(|name| GrantType::parse(name).unwrap())
            .into();
    client.response_types = vec![ResponseType::Code, ResponseType::Token];
    client.scope = scope("read write");
    client
}

/// Changes a value where it stands in an expression.
pub trait With: Sized {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl With for Client {}

pub fn redirect_uri(text: &str) -> RedirectUri {
    RedirectUri::parse(text).unwrap()
}

pub fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

pub fn resource(text: &str) -> Resource {
    Resource::parse(text).unwrap()
}

/// These resources and no others.
pub fn only(resources: &[&str]) -> Audience {
    Audience::only(resources.iter().map(|text| resource(text))).unwrap()
}

pub fn subject() -> Subject {
    Subject::parse("johndoe").unwrap()
}

pub fn approval() -> Approval {
    Approval::by(subject())
}

// Requests.

/// The parameters of a request, to be changed one at a time.
#[derive(Clone)]
pub struct Params(Vec<(String, String)>);

/// A sound authorization request of `app`.
pub fn authorize() -> Params {
    params(&[
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("scope", "read write"),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ])
}

/// The same for an access token at once: RFC 6749 §4.2.1.
pub fn implicit() -> Params {
    authorize().set("response_type", "token").without("code_challenge").without("code_challenge_method")
}

/// The token request that follows [`authorize`].
pub fn exchange(code: &str) -> Params {
    params(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("client_id", "app"),
        ("code_verifier", VERIFIER),
    ])
}

pub fn refresh(refresh_token: &str) -> Params {
    params(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", "app")])
}

/// A token request of `web`, for itself.
pub fn client_credentials() -> Params {
    params(&[("grant_type", "client_credentials")]).of_web()
}

pub fn password() -> Params {
    params(&[("grant_type", "password"), ("username", "johndoe"), ("password", "A3ddj3w"), ("client_id", "app")])
}

pub fn params(pairs: &[(&str, &str)]) -> Params {
    Params(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

impl Params {
    pub fn set(self, name: &str, value: &str) -> Self {
        self.without(name).again(name, value)
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    /// A parameter more, even if there is one of this name.
    pub fn again(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From the confidential client, authenticated in the body.
    pub fn of_web(self) -> Self {
        self.set("client_id", "web").set("client_secret", SECRET)
    }

    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
}

impl Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish())
    }
}

pub fn get(query: impl Display) -> Request<Vec<u8>> {
    Request::get(format!("/authorize?{query}")).body(Vec::new()).unwrap()
}

pub fn post(form: impl Display) -> Request<Vec<u8>> {
    let request = Request::post("/token").header(header::CONTENT_TYPE, FORM);
    request.body(form.to_string().into_bytes()).unwrap()
}

/// A request to the token endpoint with an `Authorization` header.
pub fn post_as(authorization: &str, form: impl Display) -> Request<Vec<u8>> {
    let mut request = post(form);
    request.headers_mut().insert(header::AUTHORIZATION, authorization.parse().unwrap());
    request
}

/// `Authorization: Basic`, of two texts as they are.
pub fn basic(client_id: &str, client_secret: &str) -> String {
    use base64::Engine as _;
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{client_id}:{client_secret}"));
    format!("Basic {credentials}")
}

/// A request as an RFC prints it, "with extra line breaks for display purposes only".
pub fn as_printed(text: &str) -> Request<Vec<u8>> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let join = |text: &str, by: &str| text.trim().lines().map(str::trim).collect::<Vec<_>>().join(by);
    let head = join(head, "\n").replace("\n&", "&");
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let method: Method = first.next().unwrap().parse().unwrap();
    let mut request = Request::builder().method(method).uri(first.next().unwrap());
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(join(body, "").into_bytes()).unwrap()
}

// Replies.

/// What goes back over the wire.
#[derive(Debug)]
pub struct Reply(pub Response<Vec<u8>>);

impl Reply {
    /// Checks what no reply may lack: RFC 6749 §5.1 (`Cache-Control: no-store`), and the characters of §4.1.2.1 and
    /// §5.2.
    pub fn of(response: Response<Vec<u8>>) -> Self {
        let reply = Self(response);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
        assert_eq!(reply.header("pragma"), Some("no-cache"), "{reply:?}");
        for name in ["error", "error_description"] {
            let is_nqschar = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            let text = reply.parameter(name).or_else(|| reply.member(name));
            assert!(text.is_none_or(|text| !text.is_empty() && text.bytes().all(is_nqschar)), "{reply:?}");
        }
        reply
    }

    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub fn body(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    /// A member of the JSON object, as text.
    pub fn member(&self, name: &str) -> Option<String> {
        let object: serde_json::Value = serde_json::from_slice(self.0.body()).ok()?;
        match object.get(name)? {
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// The access token and the refresh token.
    pub fn tokens(&self) -> (String, String) {
        (self.access_token(), self.member("refresh_token").unwrap_or_else(|| panic!("no refresh token: {self:?}")))
    }

    pub fn access_token(&self) -> String {
        assert_eq!(self.status(), 200, "{self:?}");
        self.member("access_token").unwrap()
    }

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no redirect: {self:?}"))
    }

    /// A parameter of the redirect's query or fragment.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, parameters) = self.header("location")?.split_once(['?', '#'])?;
        let mut pairs = form_urlencoded::parse(parameters.as_bytes());
        pairs.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    }

    /// The `error`, by redirect or in JSON.
    pub fn error(&self) -> String {
        self.parameter("error").or_else(|| self.member("error")).unwrap_or_else(|| panic!("no error: {self:?}"))
    }

    /// Whether the person sees the error, and nobody else does.
    pub fn is_page(&self) -> bool {
        let is_text = self.header("content-type") == Some("text/plain; charset=utf-8");
        is_text && self.header("location").is_none() && (400..=599).contains(&self.status())
    }

    /// Its headers, in the order of their names.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let mut headers: Vec<_> =
            self.0.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        headers.sort_unstable();
        headers
    }
}
