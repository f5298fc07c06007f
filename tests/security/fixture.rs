//! A small world: one server, two clients, one clock that stands still until told otherwise.

#[path = "../common/counter.rs"]
mod counter;

pub use counter::Counter;

use std::sync::atomic::{AtomicU64, Ordering};

use grantor::model::{
    ClientId, CodeChallengeMethod, CodeVerifier, GrantType, Issuer, RedirectUri, ResponseType, Scope, Subject,
};
use grantor::record::Client;
use grantor::server::{Approval, AuthorizeReply, Config, Prompt, RefreshPolicy, Token, TokenReply};
use grantor::store::{MemoryStore, Store};
use grantor::{Machine, Moment, Server, Step, Timestamp};
use http::{Request, header};

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const ASSERTION: &str = "urn:example:assertion";
pub const SECRET: &str = "7Fjfp0ZBr1KtDRbnfVdmIw-7Fjfp0ZBr1KtDRbnfVdmIw";

pub struct World {
    pub server: Server,
    pub store: MemoryStore,
    pub now: u64,
    draws: AtomicU64,
}

pub fn clients() -> [Client; 2] {
    let all = |mut client: Client| {
        client.redirect_uris = vec![RedirectUri::parse("https://client.example/cb").unwrap()];
        client.grant_types = ["authorization_code", "refresh_token", "client_credentials", "password", ASSERTION]
            .map(|name| GrantType::parse(name).unwrap())
            .into();
        client.response_types = vec![ResponseType::Code, ResponseType::Token];
        client.scope = Scope::parse("read write").unwrap();
        client
    };
    [
        all(Client::public(ClientId::parse("public").unwrap())),
        all(Client::confidential(ClientId::parse("confidential").unwrap(), SECRET)),
    ]
}

impl World {
    pub fn new(refresh: RefreshPolicy) -> Self {
        let mut config = Config::new(Issuer::parse("https://server.example").unwrap());
        config.token.refresh = refresh;
        config.consult_issuance = false;
        config.token.grant_types.extend([GrantType::Password, GrantType::parse(ASSERTION).unwrap()]);
        config.authorization.response_types.push(ResponseType::Token);
        let store = clients().into_iter().fold(MemoryStore::new(), MemoryStore::with_client);
        Self { server: Server::new(config).unwrap(), store, now: 1_000_000, draws: AtomicU64::new(0) }
    }

    pub fn moment(&self) -> Moment {
        Moment::new(Timestamp(self.now), &mut Counter(self.draws.fetch_add(1, Ordering::Relaxed)))
    }

    pub fn prompt(&self, response_type: &str) -> Prompt {
        let challenge = CodeVerifier::parse(VERIFIER).unwrap().challenge(CodeChallengeMethod::S256).digest();
        let request = Request::get(format!(
            "/authorize?response_type={response_type}&client_id=public&state=xyz\
             &code_challenge={challenge}&code_challenge_method=S256"
        ));
        match self.server.authorize(&request.body("").unwrap(), self.moment()).run(&self.store) {
            AuthorizeReply::Ask(prompt) => prompt,
            refused => panic!("{:?}", refused.event()),
        }
    }

    pub fn code(&self) -> String {
        let approval = Approval::by(Subject::parse("alice").unwrap());
        let response = self.prompt("code").approve(&self.server, approval, self.moment()).run(&self.store);
        parameter(response.location().unwrap(), "code")
    }

    pub fn token(&self, body: &str) -> TokenReply {
        self.token_on(&self.store, body)
    }

    pub fn token_on(&self, store: &dyn Store, body: &str) -> TokenReply {
        self.server.token(&form(body), self.moment()).run(store)
    }

    /// Tokens of a fresh grant: access token and refresh token.
    pub fn tokens(&self) -> (String, String) {
        tokens(&self.token(&exchange(&self.code())))
    }
}

pub fn form(body: &str) -> Request<String> {
    let form = Request::post("/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    form.body(body.to_owned()).unwrap()
}

pub fn exchange(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&client_id=public&code_verifier={VERIFIER}")
}

pub fn refresh(refresh_token: &str) -> String {
    format!("grant_type=refresh_token&refresh_token={refresh_token}&client_id=public")
}

pub fn tokens(reply: &TokenReply) -> (String, String) {
    let response = reply.result().unwrap_or_else(|error| panic!("{error}"));
    let refresh_token = response.refresh_token.as_ref().unwrap();
    (response.access_token.expose().to_owned(), refresh_token.expose().to_owned())
}

/// A parameter of a query or fragment.
pub fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once(['?', '#']).unwrap();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(other, _)| other == name).unwrap_or_else(|| panic!("{name} is not in {url}")).1.into_owned()
}

/// Answers lookups until the machine wants to write, and hands out the pause.
pub fn until_commit<'a>(step: Step<Token<'a>>, store: &MemoryStore) -> <Token<'a> as Machine>::Commit {
    use grantor::Pause as _;
    match step {
        Step::Lookup(pause) => {
            let answer = Store::lookup(store, pause.effect());
            until_commit(pause.resume(answer), store)
        }
        Step::Commit(pause) => pause,
        Step::Done(reply) => panic!("done before it wrote: {:?}", reply.event()),
        _ => panic!("an unexpected question"),
    }
}

/// Whether a token of this kind still works, as a resource server or the token endpoint would find it.
pub fn is_alive(store: &MemoryStore, token: &str) -> bool {
    let key = grantor::model::Key::of(token).unwrap();
    let lookup = grantor::store::Lookup::of(key);
    let found = Store::lookup(store, &lookup).unwrap();
    found.credential(key).is_some_and(|presented| !presented.revoked && presented.spent_at.is_none())
}
