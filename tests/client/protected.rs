//! From a refused request to tokens: `Protected`. RFC 9728 §5, RFC 7591, RFC 8414, RFC 9470 §4, and what the Model
//! Context Protocol asks of clients.

use std::cell::RefCell;

use grantor::client::{
    ActingBy, BeginError, ClientMetadata, DiscoverError, DiscoverResourceError, Granted, Next, PendingSignIn, Pkce,
    Profile, Protected, ProtectedError, Registration, RequestError, ResourceMatch,
};
use grantor::model::{ClientId, GrantType, Issuer, RedirectUri, Secret};
use grantor::{Answer, Fetch, HttpHost, Timestamp, Unavailable};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use crate::canned::*;
use crate::common::resource;

const URL: &str = "https://api.example/mcp";
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000);

/// The Internet: a resource, and authorization servers at `https://NAME.example`.
pub(crate) struct World {
    /// The members that the resource's document has beside `resource`.
    resource: RefCell<Value>,
    /// The members of each server's document that differ from the usual.
    server: Value,
    /// The answer to refreshes; that of the other token requests is always tokens.
    refresh: RefCell<Answer<Fetch>>,
    sent: RefCell<Vec<String>>,
}

fn tokens(name: &str) -> Answer<Fetch> {
    json(200, format!(r#"{{"access_token":"at-{name}","token_type":"Bearer","refresh_token":"rt-{name}"}}"#))
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            resource: json!({"authorization_servers": ["https://one.example"], "scopes_supported": ["read"]}).into(),
            server: json!({}),
            refresh: tokens("refreshed").into(),
            sent: RefCell::default(),
        }
    }

    fn with_server(self, server: Value) -> Self {
        Self { server, ..self }
    }

    fn names(&self, servers: &[&str]) {
        self.resource.borrow_mut()["authorization_servers"] = json!(servers);
    }

    pub(crate) fn answer(&self, fetch: &Fetch) -> Answer<Fetch> {
        let (uri, body) = (fetch.request().uri(), String::from_utf8_lossy(fetch.request().body()).into_owned());
        let secret = fetch.request().headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap());
        self.sent.borrow_mut().push(format!("{uri} {} {body}", secret.unwrap_or_default()));
        let issuer = format!("https://{}", uri.host().unwrap());
        match uri.path() {
            "/.well-known/oauth-protected-resource/mcp" | "/elsewhere" => {
                let mut document = self.resource.borrow().clone();
                if document.is_null() {
                    return json(404, "");
                }
                if let Some(status) = document.get("status").and_then(Value::as_u64) {
                    return json(u16::try_from(status).unwrap(), "");
                }
                if document.is_object() {
                    document["resource"] = URL.into();
                }
                json(200, document)
            }
            "/.well-known/oauth-authorization-server" if self.server.is_null() => json(404, ""),
            "/.well-known/oauth-authorization-server" if !self.server["status"].is_null() => json(500, ""),
            "/.well-known/oauth-authorization-server" => {
                let mut document = json!({
                    "issuer": issuer,
                    "authorization_endpoint": format!("{issuer}/authorize"),
                    "token_endpoint": format!("{issuer}/token"),
                    "registration_endpoint": format!("{issuer}/register"),
                    "response_types_supported": ["code"],
                    "code_challenge_methods_supported": ["S256"],
                    "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
                });
                document.as_object_mut().unwrap().extend(self.server.as_object().unwrap().clone());
                json(200, document)
            }
            "/register" => json(201, format!(r#"{{"client_id":"id-{}"}}"#, uri.host().unwrap())),
            "/token" if body.contains("grant_type=refresh_token") => self.refresh.borrow().clone(),
            "/token" => tokens(uri.host().unwrap()),
            _ => json(404, ""),
        }
    }

    fn receive(&self, server: &mut Protected, profile: &Profile, refusal: Refusal) -> Result<Next, ProtectedError> {
        let mut headers = HeaderMap::new();
        if !refusal.1.is_empty() {
            headers.insert(header::WWW_AUTHENTICATE, refusal.1.parse().unwrap());
        }
        let status = StatusCode::from_u16(refusal.0).unwrap();
        let step = server.received(status, &headers, profile, moment_at(NOW));
        step.run(&HttpHost(|fetch: &Fetch| self.answer(fetch)))
    }

    /// Receives a refusal that leads to a person, who says yes.
    pub(crate) fn sign_in(&self, server: &mut Protected, profile: &Profile, refusal: Refusal) -> String {
        let (url, pending) = asked(self.receive(server, profile, refusal));
        server.arrived(self.come_back(pending));
        url
    }

    pub(crate) fn come_back(&self, pending: PendingSignIn) -> Granted {
        let query = format!("code=SplxlOBeZQQYbYS6WxSbIA&state={}", pending.state());
        let step = pending.callback(&query, moment_at(NOW)).unwrap();
        step.run(&HttpHost(|fetch: &Fetch| self.answer(fetch))).unwrap()
    }

    /// What was sent since the last call.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.sent.take()
    }
}

/// A status, and a challenge.
pub(crate) type Refusal = (u16, &'static str);

pub(crate) const UNKNOWN: Refusal = (401, "Bearer");
pub(crate) const TOO_LITTLE: Refusal = (403, "Bearer error=\"insufficient_scope\", scope=\"write\"");

pub(crate) fn profile() -> Profile {
    Profile::new(RedirectUri::parse("http://127.0.0.1:4000/callback").unwrap())
}

pub(crate) fn server() -> Protected {
    Protected::new(resource(URL))
}

pub(crate) fn asked(next: Result<Next, ProtectedError>) -> (String, PendingSignIn) {
    match next {
        Ok(Next::Ask { url, pending }) => (url, pending),
        other => panic!("nobody is asked: {other:?}"),
    }
}

pub(crate) fn granted(next: Result<Next, ProtectedError>) -> Granted {
    match next {
        Ok(Next::Again(granted)) => granted,
        other => panic!("nothing is granted: {other:?}"),
    }
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

pub(crate) fn held(server: &Protected) -> String {
    server.authorization().map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn a_client_that_knows_the_url_alone_ends_with_tokens_for_it() {
    let (world, mut server) = (World::new(), server());
    assert_eq!(server.authorization(), None);
    let url = world.sign_in(&mut server, &profile(), UNKNOWN);
    assert!(url.starts_with("https://one.example/authorize?"), "{url}");
    for (name, value) in [("client_id", "id-one.example"), ("resource", URL), ("scope", "read")] {
        assert_eq!(parameter(&url, name).as_deref(), Some(value));
    }
    assert_eq!(held(&server), "Bearer at-one.example");
    let sent = world.sent();
    let places: Vec<_> = sent.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "https://api.example/.well-known/oauth-protected-resource/mcp",
            "https://one.example/.well-known/oauth-authorization-server",
            "https://one.example/register",
            "https://one.example/token",
        ]
    );
    let registered: Value = serde_json::from_str(sent[2].split_once("  ").unwrap().1).unwrap();
    assert_eq!(registered["redirect_uris"], json!(["http://127.0.0.1:4000/callback"]));
    assert_eq!(registered["token_endpoint_auth_method"], "none");
    assert!(sent[3].contains("resource=https%3A%2F%2Fapi.example%2Fmcp"), "{sent:?}");
}

/// RFC 9728 §5.1: the challenge says where the document is.
#[test]
fn the_challenge_names_the_place_of_the_metadata() {
    let (world, mut server) = (World::new(), server());
    let refusal = (401, "Bearer resource_metadata=\"https://api.example/elsewhere\"");
    let _ = asked(world.receive(&mut server, &profile(), refusal));
    assert!(world.sent()[0].starts_with("https://api.example/elsewhere "));
}

#[test]
fn what_is_not_about_authorization_is_the_callers() {
    let (world, mut server) = (World::new(), server());
    for response in [(200, ""), (404, ""), (500, ""), (403, ""), (403, "Bearer error=\"invalid_token\"")] {
        assert!(matches!(world.receive(&mut server, &profile(), response), Ok(Next::Pass)), "{response:?}");
    }
    assert_eq!(world.sent(), [""; 0]);
}

/// A resource that names its own server gets nothing of another: no secret, no token, no refresh token.
#[test]
fn a_hostile_resource_gets_nothing_that_is_another_servers() {
    let world = World::new();
    let honest = Issuer::parse("https://honest.example").unwrap();
    let registration = Registration::confidential(honest, ClientId::parse("me").unwrap(), Secret::new("TOPSECRET"));
    let mut server = server().with_registration(registration);
    world.names(&["https://honest.example"]);
    world.sign_in(&mut server, &profile(), UNKNOWN);
    world.sent();
    world.names(&["https://hostile.example"]);
    for refusal in [UNKNOWN, (401, "Bearer error=\"invalid_token\""), TOO_LITTLE] {
        let (_, pending) = asked(world.receive(&mut server, &profile(), refusal));
        let _ = world.come_back(pending);
        assert!(matches!(world.receive(&mut server, &profile(), (200, "")), Ok(Next::Pass)));
    }
    let sent = world.sent().join("\n");
    assert!(sent.contains("https://hostile.example/token"), "{sent}");
    for secret in ["TOPSECRET", "bWU6VE9QU0VDUkVU", "at-honest", "rt-honest", "client_id=me"] {
        assert!(!sent.contains(secret), "{secret}: {sent}");
    }
    // Where nothing offers a way to register, there is no client.
    let closed = World::new().with_server(json!({"registration_endpoint": null}));
    let error = closed.receive(&mut server.clone(), &profile(), UNKNOWN).unwrap_err();
    assert!(matches!(&error, ProtectedError::NotRegistered(issuer) if issuer.as_str() == "https://one.example"));
}

/// A resource that has moved to another server is followed there, and back: each registration is kept for its server.
#[test]
fn a_resource_that_moves_is_followed() {
    let (world, mut server) = (World::new(), server());
    for (name, places) in [("one", 4), ("two", 4), ("one", 3)] {
        world.names(&[&format!("https://{name}.example")]);
        let url = world.sign_in(&mut server, &profile(), UNKNOWN);
        assert_eq!(parameter(&url, "client_id"), Some(format!("id-{name}.example")));
        assert_eq!(held(&server), format!("Bearer at-{name}.example"));
        let sent = world.sent();
        assert_eq!(sent.len(), places, "{sent:?}");
        assert!(!sent.iter().any(|line| line.contains("grant_type=refresh_token")), "{sent:?}");
    }
}

/// RFC 8414 §3.3: a server whose document names another issuer than before is not that server.
#[test]
fn a_server_that_changes_its_issuer_is_refused() {
    let (world, mut server) = (World::new(), server());
    world.sign_in(&mut server, &profile(), UNKNOWN);
    world.sent();
    let changed = World::new().with_server(json!({"issuer": "https://evil.example"}));
    let error = changed.receive(&mut server, &profile(), UNKNOWN).unwrap_err();
    assert!(matches!(error, ProtectedError::Server(DiscoverError::OtherIssuer(_))), "{error:?}");
    assert!(!changed.sent().join("\n").contains("rt-one"));
}

#[test]
fn an_endless_refusal_is_given_up() {
    let (world, mut server) = (World::new(), server());
    for refusal in [UNKNOWN, TOO_LITTLE] {
        for _ in 0..3 {
            match world.receive(&mut server, &profile(), refusal) {
                Ok(Next::Again(granted)) => server.arrived(granted),
                next => server.arrived(world.come_back(asked(next).1)),
            }
        }
        world.sent();
        assert!(matches!(world.receive(&mut server, &profile(), refusal), Ok(Next::GiveUp)));
        assert_eq!(world.sent(), [""; 0]);
        // A person who tries once more is not told for ever that it is no use.
        assert!(!matches!(world.receive(&mut server, &profile(), refusal), Ok(Next::GiveUp)));
        // Whatever else the resource answers, it may ask again afterwards.
        assert!(matches!(world.receive(&mut server, &profile(), (200, "")), Ok(Next::Pass)));
    }
}

#[test]
fn a_step_up_asks_for_more_and_not_for_something_else() {
    let (world, mut server) = (World::new(), server());
    world.sign_in(&mut server, &profile(), UNKNOWN);
    let url = world.sign_in(&mut server, &profile(), TOO_LITTLE);
    let mut scope: Vec<_> = parameter(&url, "scope").unwrap().split(' ').map(str::to_owned).collect();
    scope.sort();
    assert_eq!(scope, ["read", "write"]);
    assert!(!world.sent().join("\n").contains("grant_type=refresh_token"), "no refresh brings more scope");
    // And the challenge counts before the document.
    let url = asked(World::new().receive(&mut self::server(), &profile(), (401, "Bearer scope=\"admin\""))).0;
    assert_eq!(parameter(&url, "scope").as_deref(), Some("admin"));
    let nothing = World::new();
    nothing.resource.borrow_mut()["scopes_supported"] = Value::Null;
    let url = asked(nothing.receive(&mut self::server(), &profile(), UNKNOWN)).0;
    assert_eq!(parameter(&url, "scope"), None);
}

#[test]
fn tokens_that_are_refused_are_refreshed_for_the_same_resource() {
    let (world, mut server) = (World::new(), server());
    world.sign_in(&mut server, &profile(), UNKNOWN);
    assert!(matches!(world.receive(&mut server, &profile(), (200, "")), Ok(Next::Pass)));
    world.sent();
    server.arrived(granted(world.receive(&mut server.clone(), &profile(), (401, "Bearer error=\"invalid_token\""))));
    assert_eq!(held(&server), "Bearer at-refreshed");
    let sent = world.sent().pop().unwrap();
    for part in ["refresh_token=rt-one.example", "resource=https%3A%2F%2Fapi.example%2Fmcp"] {
        assert!(sent.contains(part), "{sent}");
    }
    // A refresh token that is no longer good: somebody is asked.
    let _ = world.refresh.replace(json(400, r#"{"error":"invalid_grant"}"#));
    let _ = asked(world.receive(&mut server.clone(), &profile(), UNKNOWN));
    // A server that cannot be reached: nobody is, since the refresh token may still be good.
    let _ = world.refresh.replace(Err(Unavailable::new("no network")));
    let error = world.receive(&mut server.clone(), &profile(), UNKNOWN).unwrap_err();
    assert!(matches!(error, ProtectedError::Request(RequestError::Unavailable(_))), "{error:?}");
    // Nor is anybody if the server is out of order for a while.
    for passing in [json(503, ""), json(429, r#"{"error":"slow_down"}"#), json(500, r#"{"error":"server_error"}"#)] {
        let _ = world.refresh.replace(passing);
        let error = world.receive(&mut server.clone(), &profile(), UNKNOWN).unwrap_err();
        assert!(matches!(error, ProtectedError::Request(_)), "{error:?}");
    }
}

#[test]
fn a_step_up_keeps_what_was_granted_beyond_what_was_asked_for() {
    let (world, mut server) = (World::new(), server());
    world.sign_in(&mut server, &profile(), UNKNOWN);
    assert!(matches!(world.receive(&mut server, &profile(), (200, "")), Ok(Next::Pass)));
    let _ = world.refresh.replace(json(200, r#"{"access_token":"at","token_type":"Bearer","scope":"read profile"}"#));
    server.arrived(granted(world.receive(&mut server.clone(), &profile(), UNKNOWN)));
    let url = asked(world.receive(&mut server.clone(), &profile(), TOO_LITTLE)).0;
    assert_eq!(parameter(&url, "scope").as_deref(), Some("write read profile"));
    // At another server, it was not granted.
    world.names(&["https://two.example"]);
    let url = asked(world.receive(&mut server, &profile(), TOO_LITTLE)).0;
    assert_eq!(parameter(&url, "scope").as_deref(), Some("write read"));
}

/// As when the resource has another audience by now: the same refresh would end in the same refusal.
#[test]
fn a_refresh_that_does_not_help_leads_to_a_person() {
    let (world, mut server) = (World::new(), server());
    world.sign_in(&mut server, &profile(), UNKNOWN);
    assert!(matches!(world.receive(&mut server, &profile(), (200, "")), Ok(Next::Pass)));
    let granted = granted(world.receive(&mut server, &profile(), UNKNOWN));
    server.arrived(granted);
    let _ = asked(world.receive(&mut server, &profile(), UNKNOWN));
}

/// RFC 9470 §4: what the challenge asks of the login is in the request.
#[test]
fn another_login_is_asked_for_as_the_challenge_says() {
    let (world, mut server) = (World::new(), server());
    world.sign_in(&mut server, &profile(), UNKNOWN);
    world.sent();
    let refusal = (401, "Bearer error=\"insufficient_user_authentication\", acr_values=\"mfa\", max_age=\"5\"");
    let url = asked(world.receive(&mut server, &profile(), refusal)).0;
    assert_eq!(parameter(&url, "acr_values").as_deref(), Some("mfa"));
    assert_eq!(parameter(&url, "max_age").as_deref(), Some("5"));
    assert!(!world.sent().join("\n").contains("grant_type=refresh_token"), "no refresh brings another login");
}

#[test]
fn a_document_comes_before_registration_where_the_server_takes_one() {
    let document = "https://app.example/client.json";
    let profile = profile().document(ClientId::parse(document).unwrap());
    for (is_taken, client_id) in [(true, document), (false, "id-one.example")] {
        let world = World::new().with_server(json!({"client_id_metadata_document_supported": is_taken}));
        let url = asked(world.receive(&mut server(), &profile, UNKNOWN)).0;
        assert_eq!(parameter(&url, "client_id").as_deref(), Some(client_id));
        assert_eq!(world.sent().iter().any(|line| line.contains("/register")), !is_taken);
    }
    // And what is registered already comes before both.
    let known = Registration::public(Issuer::parse("https://one.example").unwrap(), ClientId::parse("known").unwrap());
    let world = World::new().with_server(json!({"client_id_metadata_document_supported": true}));
    let url = asked(world.receive(&mut server().with_registration(known), &profile, UNKNOWN)).0;
    assert_eq!(parameter(&url, "client_id").as_deref(), Some("known"));
}

#[test]
fn a_client_registers_as_it_is_described() {
    let world = World::new().with_server(json!({"token_endpoint_auth_methods_supported": null}));
    let described = ClientMetadata::new().client_name("Notebook").member("application_type", "native");
    let _ = asked(world.receive(&mut server(), &profile().described_by(described), UNKNOWN));
    let registration = world.sent().pop().unwrap();
    for part in ["\"client_name\":\"Notebook\"", "\"application_type\":\"native\"", "client_secret_basic"] {
        assert!(registration.contains(part), "{registration}");
    }
}

#[test]
fn a_sign_in_that_is_given_up_is_not_registered_again() {
    let (world, mut server) = (World::new(), server());
    let (_, pending) = asked(world.receive(&mut server, &profile(), UNKNOWN));
    server.asked(&pending);
    drop(pending);
    let _ = asked(world.receive(&mut server, &profile(), UNKNOWN));
    assert_eq!(world.sent().iter().filter(|line| line.contains("/register")).count(), 1);
}

#[test]
fn a_client_that_acts_for_itself_asks_nobody() {
    let jwt_bearer = GrantType::Extension("urn:ietf:params:oauth:grant-type:jwt-bearer".into());
    let by_assertion = ActingBy::Extension(jwt_bearer, vec![("assertion".to_owned(), "eyJhbGciOi".to_owned())]);
    for (acting_by, part) in [
        (ActingBy::ClientCredentials, "grant_type=client_credentials"),
        (by_assertion, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJhbGciOi"),
    ] {
        let (world, mut server) = (World::new(), server());
        server.arrived(granted(world.receive(&mut server.clone(), &profile().acting_by(acting_by), UNKNOWN)));
        assert_eq!(held(&server), "Bearer at-one.example");
        let sent = world.sent().pop().unwrap();
        assert!(sent.contains(part) && sent.contains("scope=read"), "{sent}");
    }
}

#[test]
fn a_server_that_does_not_say_that_it_supports_pkce_is_refused_unless_it_is_allowed() {
    let world = World::new().with_server(json!({"code_challenge_methods_supported": null}));
    let error = world.receive(&mut server(), &profile(), UNKNOWN).unwrap_err();
    assert!(matches!(error, ProtectedError::Begin(BeginError::PkceUnverified)), "{error:?}");
    let _ = asked(world.receive(&mut server(), &profile().pkce(Pkce::Sent), UNKNOWN));
}

/// The revision 2025-03-26 of the Model Context Protocol had no metadata of resources.
#[test]
fn the_origin_is_a_server_only_if_it_is_allowed() {
    for server_document in [json!({}), Value::Null] {
        let world = World::new().with_server(server_document);
        world.resource.replace(Value::Null);
        let error = world.receive(&mut server(), &profile(), UNKNOWN).unwrap_err();
        assert!(matches!(error, ProtectedError::Resource(DiscoverResourceError::Request(_))), "{error:?}");
        let url = asked(world.receive(&mut server(), &profile().origin_as_server(), UNKNOWN)).0;
        assert!(url.starts_with("https://api.example/authorize?"), "{url}");
    }
    // A document that could not be had, or cannot be used, may be there.
    for document in [json!("no document"), json!({"status": 500}), json!({"status": 401})] {
        let world = World::new();
        world.resource.replace(document);
        let error = world.receive(&mut server(), &profile().origin_as_server(), UNKNOWN).unwrap_err();
        assert!(matches!(error, ProtectedError::Resource(DiscoverResourceError::Request(_))), "{error:?}");
    }
    // Nor is a server that says that it is another, or is out of order, one without a document.
    for (document, is_other) in [(json!({"issuer": "https://other.example"}), true), (json!({"status": 500}), false)] {
        let world = World::new().with_server(document);
        world.resource.replace(Value::Null);
        let error = world.receive(&mut server(), &profile().origin_as_server(), UNKNOWN).unwrap_err();
        let ProtectedError::Server(error) = error else { panic!("{error:?}") };
        assert_eq!(matches!(error, DiscoverError::OtherIssuer(_)), is_other, "{error:?}");
    }
}

/// A value that is none spoils none of the others.
#[test]
fn scope_values_are_read_one_by_one() {
    let world = World::new();
    world.resource.borrow_mut()["scopes_supported"] = json!(["read", "not \" one", "", "write"]);
    let url = asked(world.receive(&mut server(), &profile(), UNKNOWN)).0;
    assert_eq!(parameter(&url, "scope").as_deref(), Some("read write"));
}

#[test]
fn what_the_server_before_offered_is_not_asked_for_at_another() {
    let world = World::new().with_server(json!({"scopes_supported": ["read", "offline_access"]}));
    let mut server = server();
    let url = world.sign_in(&mut server, &profile().offline(), UNKNOWN);
    assert_eq!(parameter(&url, "scope").as_deref(), Some("read offline_access"));
    world.names(&["https://two.example"]);
    let world = World { server: json!({}), ..world };
    let url = asked(world.receive(&mut server, &profile().offline(), UNKNOWN)).0;
    assert_eq!(parameter(&url, "scope").as_deref(), Some("read"));
}

#[test]
fn a_metadata_document_that_has_moved_is_named_by_its_new_url() {
    let world = World::new().with_server(json!({"client_id_metadata_document_supported": true}));
    let (mut server, of) = (server(), |url| profile().document(ClientId::parse(url).unwrap()));
    world.sign_in(&mut server, &of("https://app.example/old.json"), UNKNOWN);
    let url = asked(world.receive(&mut server, &of("https://app.example/new.json"), TOO_LITTLE)).0;
    assert_eq!(parameter(&url, "client_id").as_deref(), Some("https://app.example/new.json"));
}

#[test]
fn a_resource_without_a_server_leads_nowhere() {
    let world = World::new();
    world.names(&[]);
    let error = world.receive(&mut server(), &profile(), UNKNOWN).unwrap_err();
    assert!(matches!(error, ProtectedError::NoServer), "{error:?}");
    let strict = profile().resource_match(ResourceMatch::Identical);
    let mut above = Protected::new(resource("https://api.example/mcp/deeper"));
    let refusal = (401, "Bearer resource_metadata=\"https://api.example/elsewhere\"");
    let error = world.receive(&mut above, &strict, refusal).unwrap_err();
    assert!(matches!(error, ProtectedError::Resource(DiscoverResourceError::OtherResource(_))), "{error:?}");
}

#[test]
fn offline_access_is_asked_for_where_it_is_offered_and_wanted() {
    for (scopes, is_wanted, expected) in [
        (json!(["read", "offline_access"]), true, "read offline_access"),
        (json!(["read", "offline_access"]), false, "read"),
        (json!(["read"]), true, "read"),
    ] {
        let world = World::new().with_server(json!({"scopes_supported": scopes}));
        let profile = if is_wanted { profile().offline() } else { profile() };
        let url = asked(world.receive(&mut server(), &profile, UNKNOWN)).0;
        assert_eq!(parameter(&url, "scope").as_deref(), Some(expected));
    }
}

#[test]
fn what_is_kept_is_read_again() {
    let (world, mut server) = (World::new(), server());
    let (_, pending) = asked(world.receive(&mut server, &profile(), UNKNOWN));
    let pending: PendingSignIn = serde_json::from_str(&serde_json::to_string(&pending).unwrap()).unwrap();
    server.arrived(world.come_back(pending));
    let kept = serde_json::to_string(&server).unwrap();
    let mut server: Protected = serde_json::from_str(&kept).unwrap();
    assert_eq!(held(&server), "Bearer at-one.example");
    world.sent();
    let _ = granted(world.receive(&mut server, &profile(), UNKNOWN));
    assert!(world.sent().pop().unwrap().contains("refresh_token=rt-one.example"));
}

#[test]
fn a_callback_that_answers_another_request_is_refused() {
    let (world, mut server) = (World::new(), server());
    let (_, pending) = asked(world.receive(&mut server, &profile(), UNKNOWN));
    world.sent();
    assert!(pending.callback("code=stolen&state=forged", moment_at(NOW)).is_err());
    assert_eq!(world.sent(), [""; 0]);
}

/// Secrets stay out of what is printed.
#[test]
fn nothing_that_is_printed_has_a_secret() {
    let (world, mut server) = (World::new(), server());
    world.sign_in(&mut server, &profile(), UNKNOWN);
    let step = server.clone().received(StatusCode::UNAUTHORIZED, &HeaderMap::new(), &profile(), moment_at(NOW));
    let grantor::Step::Fetch(pause) = step else { panic!("it asks") };
    for printed in [format!("{server:?}"), format!("{pause:?}")] {
        assert!(!printed.contains("at-one") && !printed.contains("rt-one"), "{printed}");
    }
    let jwt_bearer = GrantType::Extension("urn:ietf:params:oauth:grant-type:jwt-bearer".into());
    let by_assertion = ActingBy::Extension(jwt_bearer, vec![("assertion".to_owned(), "eyJhbGciOi".to_owned())]);
    let printed = format!("{:?}", profile().acting_by(by_assertion));
    assert!(printed.contains("jwt-bearer") && printed.contains("assertion"), "{printed}");
    assert!(!printed.contains("eyJhbGciOi"), "{printed}");
}
