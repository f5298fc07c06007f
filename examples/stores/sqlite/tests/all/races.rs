//! Single use, by whole requests: what 64 threads race for, one of them gets.

use std::collections::HashMap;
use std::sync::{Arc, Barrier};
use std::time::{Duration, SystemTime};

use grantor::model::{ClientId, GrantType, Issuer, RedirectUri, ResponseType, Scope, Subject};
use grantor::record::Client;
use grantor::server::{Approval, AuthorizeReply, Config, RefreshPolicy};
use grantor::store::{Commit, Lookup, Store, WithClients};
use grantor::{Answer, Moment, Server, Timestamp};
use grantor_sqlite::SqliteStore;
use http::Request;
use serde_json::Value;

use crate::common::fresh;

const CALLBACK: &str = "http://127.0.0.1:49152/callback";

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn moment() -> Moment {
    Moment::try_new(Timestamp::from(SystemTime::now()), &mut getrandom::SysRng).expect("randomness")
}

fn authorize_path() -> String {
    let form = [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("scope", "read write"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    form_urlencoded::Serializer::new("/authorize?".to_owned()).extend_pairs(form).finish()
}

/// A server, its client, and a store.
struct Fixture<S> {
    server: Server,
    host: WithClients<HashMap<ClientId, Arc<Client>>, S>,
}

impl<S: Store> Fixture<S> {
    fn new(store: S) -> Self {
        let mut client = Client::public(ClientId::parse("app").expect("a client id"));
        client.redirect_uris = vec![RedirectUri::parse(CALLBACK).expect("a redirect URI")];
        client.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
        client.response_types = vec![ResponseType::Code];
        client.scope = Scope::parse("read write").expect("a scope");
        let mut config = Config::new(Issuer::parse("https://as.example").expect("an issuer"));
        config.token.refresh = RefreshPolicy::Rotate { grace: Duration::ZERO };
        let clients = HashMap::from([(client.client_id.clone(), Arc::new(client))]);
        Self { server: Server::new(config).expect("a server"), host: WithClients { clients, store } }
    }

    fn code(&self) -> String {
        let request = Request::get(authorize_path()).body("").expect("a request");
        let AuthorizeReply::Ask(prompt) = self.server.authorize(&request, moment()).run(&self.host) else {
            panic!("the request is sound")
        };
        let approval = Approval::by(Subject::parse("user-1").expect("a subject"));
        let response = prompt.approve(&self.server, approval, moment()).run(&self.host);
        let (_, query) = response.location().and_then(|url| url.split_once('?')).expect("a redirect");
        let code = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").expect("a code");
        code.1.into_owned()
    }

    fn token(&self, form: &[(&str, &str)], moment: Moment) -> (u16, Value) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post("/token").header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(body).expect("a request");
        let response = self.server.token(&request, moment).run(&self.host).into_http();
        (response.status().as_u16(), serde_json::from_slice(response.body()).expect("the body is JSON"))
    }

    fn redeem(&self, code: &str) -> (u16, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "app"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(&form, moment())
    }

    fn refresh(&self, refresh_token: &str) -> (u16, Value) {
        let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh_token)];
        self.token(&form, moment())
    }
}

const THREADS: usize = 64;

/// Holds every thread after its lookup until all have looked: each has seen the credential unspent, and the commits
/// race.
struct Gate<'a> {
    store: &'a SqliteStore,
    barrier: Barrier,
}

impl Store for Gate<'_> {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        let found = self.store.lookup(lookup);
        self.barrier.wait();
        found
    }

    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        self.store.commit(commit)
    }
}

/// The replies of all threads that succeeded, after as many as there are have tried the same.
fn winners(store: &SqliteStore, attempt: impl Fn(&Fixture<Gate<'_>>) -> (u16, Value) + Sync) -> Vec<Value> {
    let fixture = Fixture::new(Gate { store, barrier: Barrier::new(THREADS) });
    let replies: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| attempt(&fixture))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|(status, _)| *status == 200);
    assert!(lost.iter().all(|(status, body)| *status == 400 && body["error"] == "invalid_grant"), "{lost:?}");
    won.into_iter().map(|(_, body)| body).collect()
}

#[test]
fn one_of_64_threads_wins_a_code_and_one_wins_a_refresh_token() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let fixture = Fixture::new(&store);

    let code = fixture.code();
    let won = winners(&store, |racing| racing.redeem(&code));
    assert_eq!(won.len(), 1);

    let (status, tokens) = fixture.redeem(&fixture.code());
    assert_eq!(status, 200);
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let won = winners(&store, |racing| racing.refresh(refresh_token));
    assert_eq!(won.len(), 1);
    // Those who lost the race did not take the winner for a thief.
    let next = won[0]["refresh_token"].as_str().expect("a refresh token");
    assert_eq!(fixture.refresh(next).0, 200);
    // Who comes later with the spent one is: without a grace, everything dies.
    assert_eq!(fixture.refresh(refresh_token).0, 400);
    assert_eq!(fixture.refresh(next).0, 400);
}

#[test]
fn purge_forgets_what_has_expired_and_keeps_the_rest() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let fixture = Fixture::new(&store);
    let code = fixture.code();
    let (_, tokens) = fixture.redeem(&code);
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let now = moment().now();

    store.purge(now).expect("it is purged");
    let after = |seconds| Timestamp(now.0 + seconds);
    // The code has expired, the refresh token and its grant have not.
    store.purge(after(3600)).expect("it is purged");
    let (status, tokens) = fixture.refresh(refresh_token);
    assert_eq!(status, 200, "{tokens}");
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    store.purge(after(15 * 24 * 3600)).expect("it is purged");
    assert_eq!(fixture.refresh(refresh_token).0, 400);
}
