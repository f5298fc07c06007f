//! The SQLite store itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use grantor::model::{ClientId, Digest, GrantType, Issuer, Key, Partition, RedirectUri, ResponseType, Scope, Subject};
use grantor::record::Client;
use grantor::server::{Approval, AuthorizeReply, Config, RefreshPolicy};
use grantor::store::contract::Contract;
use grantor::store::{Change, Commit, Lookup, Outcome, Store, WithClients};
use grantor::{Answer, Moment, Server, Timestamp};
use http::Request;
use reference_host::moment::moment;
use reference_host::sqlite::{OpenError, SqliteStore};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::{CALLBACK, VERIFIER, authorize_path};

fn fresh(directory: &TempDir) -> SqliteStore {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let file = format!("{}.sqlite", NEXT.fetch_add(1, Ordering::Relaxed));
    SqliteStore::open(&directory.path().join(file)).expect("a store")
}

/// A store that tells where it is.
struct At(PathBuf, SqliteStore);

impl At {
    fn open(path: PathBuf) -> Self {
        let store = SqliteStore::open(&path).expect("a store");
        Self(path, store)
    }
}

impl Store for At {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        self.1.lookup(lookup)
    }
    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        self.1.commit(commit)
    }
}

#[test]
fn it_keeps_the_storage_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    Contract::new().with_grants().with_purging().check(|| fresh(&directory));
}

#[test]
fn several_handles_onto_one_file_keep_it_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let of_every_store: Vec<_> = Contract::<At>::new().rules().collect();
    let mut files = 0..;
    Contract::new()
        .with_another(|at: &At| At::open(at.0.clone()))
        .only(|rule| !of_every_store.contains(&rule))
        .check(|| At::open(directory.path().join(format!("handles-{:?}.sqlite", files.next()))));
}

#[test]
fn purging_at_the_end_of_time_keeps_what_never_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = fresh(&directory);
    let key = Key { partition: Partition(1), digest: Digest::from_bytes([1; 32]) };
    let witness = || store.commit(&Commit::of(Change::Witness { key, until: Timestamp(u64::MAX) })).expect("an answer");
    assert_eq!(witness(), Outcome::Applied);
    store.purge(Timestamp(u64::MAX - 1)).expect("a purge");
    assert_eq!(witness(), Outcome::Conflict(0));
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    let _store = fresh(&directory);
    for file in std::fs::read_dir(directory.path()).expect("a directory") {
        let file = file.expect("a file");
        assert_eq!(file.metadata().expect("metadata").permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_schema_of_a_later_release_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("later.sqlite");
    let version = |file: &Path| {
        let connection = rusqlite::Connection::open(file).expect("a file");
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).expect("a version")
    };
    drop(SqliteStore::open(&file).expect("a store"));
    drop(SqliteStore::open(&file).expect("the same store again"));
    assert_eq!(version(&file), 2);
    let connection = rusqlite::Connection::open(&file).expect("a file");
    connection.pragma_update(None, "user_version", 7).expect("a version is written");
    let error = SqliteStore::open(&file).expect_err("it is refused");
    assert!(matches!(error, OpenError::Newer(7)), "{error}");
    assert_eq!(version(&file), 7);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("text");
    std::fs::write(&file, "this is not a database, and it is long enough to be looked at as one").expect("a file");
    assert!(matches!(SqliteStore::open(&file), Err(OpenError::Sqlite(_))));
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
        let AuthorizeReply::Ask(prompt) = self.server.authorize(&request, moment().expect("a moment")).run(&self.host)
        else {
            panic!("the request is sound")
        };
        let approval = Approval::by(Subject::parse("user-1").expect("a subject"));
        let response = prompt.approve(&self.server, approval, moment().expect("a moment")).run(&self.host);
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
        self.token(&form, moment().expect("a moment"))
    }

    fn refresh(&self, refresh_token: &str) -> (u16, Value) {
        let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh_token)];
        self.token(&form, moment().expect("a moment"))
    }
}

const THREADS: usize = 64;

/// Holds every thread after its lookup until all have looked: each has seen the credential unspent, and the commits race.
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
    let now = moment().expect("a moment").now();

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
