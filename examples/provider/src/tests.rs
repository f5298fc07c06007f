//! Each flow, against the PostgreSQL that `GRANTOR_POSTGRES` names; `tests/run stores` starts one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode, header};
use grantor::store::contract::Contract;
use tower::ServiceExt as _;

use super::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const REQUEST: &str = "/authorize?response_type=code&client_id=photo-printer&state=abc&scope=photos.read\
    &redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback&resource=http%3A%2F%2F127.0.0.1%3A8080%2Fphotos\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// A store on tables of its own.
async fn in_a_new_schema() -> PgStore {
    let address = std::env::var("GRANTOR_POSTGRES").unwrap_or_default();
    assert!(!address.is_empty(), "GRANTOR_POSTGRES is to name a database; `tests/run stores` starts one");
    let name: u64 = rand::random();
    let mut database: tokio_postgres::Config = address.parse().unwrap();
    let administrator = pool(database.clone()).unwrap().get().await.unwrap();
    administrator.batch_execute(&format!("CREATE SCHEMA provider_{name}")).await.unwrap();
    let pool = pool(database.options(format!("-c search_path=provider_{name}")).clone()).unwrap();
    let store = PgStore::new(Postgres(pool));
    store.create_tables_async().await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_the_contract() {
    let contract = Contract::new().with_rounds(20).with_grants().with_purging().with_client_purging();
    contract.check_async(in_a_new_schema).await;
}

/// A browser with its cookie, and a client that sends forms.
struct Visitor {
    router: Router,
    cookie: String,
    /// The site whose page it shows.
    origin: &'static str,
}

impl Visitor {
    async fn new() -> Self {
        let store = in_a_new_schema().await;
        register_demo_client(&store).await.unwrap();
        store.create_tables_async().await.unwrap(); // as at the next start
        register_demo_client(&store).await.unwrap();
        Self { router: router(app(store).unwrap()), cookie: String::new(), origin: ISSUER }
    }

    async fn send(&self, request: axum::http::request::Builder, body: String) -> (Response<()>, String) {
        let request = request.header(header::COOKIE, &self.cookie);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.header(header::ORIGIN, self.origin);
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (Response::from_parts(head, ()), String::from_utf8(body.into()).unwrap())
    }

    async fn get(&self, path: &str) -> (Response<()>, String) {
        self.send(Request::get(path), String::new()).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (Response<()>, String) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Request::builder().method(Method::POST).uri(path), body).await
    }

    /// Sends a form of another site's page, which is refused.
    async fn forge(&mut self, path: &str, fields: &[(&str, &str)]) {
        self.origin = "https://evil.example";
        assert_eq!(self.post(path, fields).await.0.status(), StatusCode::FORBIDDEN);
        self.origin = ISSUER;
    }

    /// Logs in, and goes to where that leads.
    async fn log_in(&mut self, next: &str) -> String {
        let (response, _) = self.get(next).await;
        assert!(location(&response).starts_with("/login?next="), "{}", location(&response));
        let (_, page) = self.get(location(&response)).await;
        let next = value(&page, "next");
        let fields = |password| [("name", "alice"), ("password", password), ("next", &*next)];
        let (refused, _) = self.post("/login", &fields("guessed")).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        let (response, _) = self.post("/login", &fields("correct horse battery staple")).await;
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        location(&response).to_owned()
    }

    /// Presses a button of the consent page. Returns the parameters of the response.
    async fn decide(&mut self, next: &str, decision: &str) -> Vec<(String, String)> {
        let (_, page) = self.get(next).await;
        assert!(page.contains("Allow Photo printer?"), "{page}");
        let prompt = value(&page, "prompt");
        let fields = |decision| [("prompt", &*prompt), ("decision", decision)];
        self.forge("/consent", &fields("allow")).await;
        let (response, _) = self.post("/consent", &fields(decision)).await;
        let (again, _) = self.post("/consent", &fields(decision)).await;
        assert_eq!(again.status(), StatusCode::GONE);
        let (to, query) = location(&response).split_once('?').unwrap();
        assert_eq!(to, "http://127.0.0.1:7777/callback");
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    async fn token(&self, fields: &[(&str, &str)]) -> serde_json::Value {
        let fields = [&[("client_id", "photo-printer")], fields].concat();
        serde_json::from_str(&self.post("/token", &fields).await.1).unwrap()
    }

    async fn photos(&self, token: &str) -> (StatusCode, String) {
        let request = Request::get("/photos").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let (response, body) = self.send(request, String::new()).await;
        (response.status(), body)
    }
}

fn location(response: &Response<()>) -> &str {
    response.headers()[header::LOCATION].to_str().unwrap()
}

/// The value of a hidden field.
fn value(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().replace("&amp;", "&")
}

fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> &'a str {
    &parameters.iter().find(|(other, _)| other == name).unwrap().1
}

#[tokio::test]
async fn from_the_login_to_the_logout_everywhere() {
    let mut visitor = Visitor::new().await;
    let next = visitor.log_in(REQUEST).await;
    let response = visitor.decide(&next, "allow").await;
    assert_eq!(parameter(&response, "state"), "abc");
    let exchange = [
        ("grant_type", "authorization_code"),
        ("code", parameter(&response, "code")),
        ("code_verifier", VERIFIER),
        ("redirect_uri", "http://127.0.0.1:7777/callback"),
    ];
    let tokens = visitor.token(&exchange).await;
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(visitor.photos(access_token).await, (StatusCode::OK, "the photos of alice\n".to_owned()));
    assert_eq!(visitor.photos("guessed").await.0, StatusCode::UNAUTHORIZED);

    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let fresh = visitor.token(&refresh).await;
    let access_token = fresh["access_token"].as_str().unwrap();
    let revocation = [("client_id", "photo-printer"), ("token", access_token)];
    assert_eq!(visitor.post("/revoke", &revocation).await.0.status(), StatusCode::OK);
    assert_eq!(visitor.photos(access_token).await.0, StatusCode::UNAUTHORIZED);

    let (_, page) = visitor.get("/").await;
    assert!(page.contains("Photo printer: photos.read"), "{page}");
    let fields = [("client_id", "photo-printer")];
    visitor.forge("/remove", &fields).await;
    assert_eq!(visitor.post("/remove", &fields).await.0.status(), StatusCode::SEE_OTHER);
    assert!(visitor.get("/").await.1.contains("None."));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", fresh["refresh_token"].as_str().unwrap())];
    assert_eq!(visitor.token(&refresh).await["error"], "invalid_grant");

    let response = visitor.decide(REQUEST, "allow").await;
    let exchange =
        exchange.map(|(name, value)| (name, if name == "code" { parameter(&response, "code") } else { value }));
    let tokens = visitor.token(&exchange).await;
    visitor.forge("/logout-everywhere", &[]).await;
    assert_eq!(visitor.photos(tokens["access_token"].as_str().unwrap()).await.0, StatusCode::OK);
    visitor.post("/logout-everywhere", &[]).await;
    assert_eq!(visitor.photos(tokens["access_token"].as_str().unwrap()).await.0, StatusCode::UNAUTHORIZED);
    assert!(location(&visitor.get("/").await.0).starts_with("/login"));
}

#[tokio::test]
async fn what_is_refused_and_denied() {
    let mut visitor = Visitor::new().await;
    let (response, _) = visitor.get("/authorize?client_id=unknown").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let next = visitor.log_in(REQUEST).await;
    assert_eq!(parameter(&visitor.decide(&next, "deny").await, "error"), "access_denied");
    tokio::time::sleep(Duration::from_millis(1100)).await; // a login of this very second is the one that is asked for
    for (prompt, error) in [("none", "consent_required"), ("login", "login_required")] {
        let (response, _) = visitor.get(&format!("{REQUEST}&prompt={prompt}")).await;
        assert!(location(&response).contains(&format!("error={error}")), "{}", location(&response));
    }
    let (response, _) = visitor.get(&next.replace("S256", "plain")).await;
    assert!(location(&response).contains("error=invalid_request"), "{}", location(&response));

    visitor.cookie.clear();
    let (response, _) = visitor.get(&format!("{REQUEST}&prompt=none")).await;
    assert!(location(&response).contains("error=login_required"), "{}", location(&response));
    visitor.forge("/login", &[("name", "alice"), ("password", "correct horse battery staple")]).await;
    let elsewhere = [("name", "alice"), ("password", "correct horse battery staple"), ("next", "https://evil.example")];
    assert_eq!(location(&visitor.post("/login", &elsewhere).await.0), "/");
}
