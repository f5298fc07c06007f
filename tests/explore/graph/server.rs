//! The machines of the authorization server and of a protected resource: for each kind of client, with each credential
//! as it may stand.

use std::time::Duration;

use grantor::client::Authentication;
use grantor::model::{
    ClientId, Endpoint, GrantId, GrantType, Issuer, Key, RedirectUri, Resource, ResponseType, Scope, Secret, Subject,
};
use grantor::record::{Client, RegisteredAuthentication, SecretPresentation};
use grantor::resource::{self, Cache, CheckByIntrospection, Introspector, Requirement, ResourceServer};
use grantor::server::{Approval, AuthorizeReply, Config, DeviceConfig, Interaction, ParConfig, Prompt, RefreshPolicy};
use grantor::store::{Change, Commit, Outcome};
use grantor::{Fetch, HttpHost, Moment, Server, Timestamp};
use http::{Request, header};

use super::client::json;
use super::{Drawing, Graph, NOW, World, devices};
use crate::counter::Counter;
use crate::model::Model;
use crate::paused::{Observe, Observed, hold};
use crate::registration;
use crate::scene::Plain;

/// The grace of refresh tokens, where there is one.
pub(super) const GRACE: Duration = Duration::from_secs(30);

const SAML: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str =
    "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const PHOTOS: &str = "https://api.example/photos";

/// What a request may ask for that it does not get, and how it asks.
const REQUESTS: [(&str, &str); 2] =
    [("another scope", "&scope=admin"), ("another resource", "&resource=https://api.example/mail")];

/// Lives as long as the test, as what is held at a pause must.
pub(super) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A server that offers everything.
pub(super) fn server(grace: Duration, consult_issuance: bool) -> &'static Server {
    let mut config = Config::new(Issuer::parse("https://server.example").unwrap());
    config.token.grant_types.extend([GrantType::Password, GrantType::DeviceCode, GrantType::parse(SAML).unwrap()]);
    config.authorization.response_types.push(ResponseType::Token);
    config.resources = Resource::parse(PHOTOS).unwrap().into();
    config.token.refresh = RefreshPolicy::Rotate { grace };
    config.consult_issuance = consult_issuance;
    config.par = Some(ParConfig::at(Endpoint::parse("https://server.example/par").unwrap()));
    config.registration = Some(registration::section(consult_issuance));
    let url = |path| Endpoint::parse(&format!("https://server.example/{path}")).unwrap();
    config.device = Some(DeviceConfig::at(url("device_authorization"), url("device")));
    leak(Server::new(config).unwrap())
}

/// How a client is authenticated.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Public,
    Confidential,
    /// By the host, which alone can check its secret.
    Hosted,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Public, Self::Confidential, Self::Hosted];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Public => "public client",
            Self::Confidential => "confidential client",
            Self::Hosted => "host-checked client",
        }
    }

    /// A client that is registered for everything.
    pub(super) fn client(self, id: &str) -> Client {
        let id = ClientId::parse(id).unwrap();
        let mut client = if self == Self::Public { Client::public(id) } else { Client::confidential(id, "secret") };
        if self == Self::Hosted {
            client.authentication = RegisteredAuthentication::Host { presented: SecretPresentation::Either };
        }
        client.redirect_uris = vec![RedirectUri::parse("https://client.example/cb").unwrap()];
        client.grant_types =
            ["authorization_code", "refresh_token", "client_credentials", "password", devices::GRANT_TYPE, SAML]
                .map(|name| GrantType::parse(name).unwrap())
                .into();
        client.response_types = vec![ResponseType::Code, ResponseType::Token];
        client.scope = Scope::parse("read write").unwrap();
        client
    }
}

/// A code flow: what the store holds after each half of it, and what was issued, the same at each time.
pub(super) struct Flow {
    pub(super) authorized: Model,
    issued: Model,
    grant: GrantId,
    pub(super) code: String,
    access_token: String,
    refresh_token: String,
}

impl Flow {
    pub(super) fn of(client_id: &str, began: Timestamp) -> Self {
        let server = server(GRACE, false);
        let store = Plain(Model::new(vec![Kind::Public.client(client_id)]).into());
        let moment = |seed| Moment::new(began, &mut Counter(seed));
        let query = format!("response_type=code&client_id={client_id}&{CHALLENGE}");
        let request = Request::get(format!("/authorize?{query}")).body("").unwrap();
        let AuthorizeReply::Ask(prompt) = server.authorize(&request, moment(0)).run(&store) else {
            panic!("the request is sound")
        };
        let response = prompt.approve(server, approval(), moment(1)).run(&store);
        let (_, query) = response.location().unwrap().split_once('?').unwrap();
        let (_, code) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").unwrap();
        let authorized = store.0.lock().unwrap().clone();
        let request = form(&format!("{}&client_id={client_id}", exchange(&code)));
        let reply = server.token(&request, moment(2)).run(&store);
        let tokens = reply.result().unwrap();
        let issued = store.0.into_inner().unwrap();
        Self {
            grant: issued.presented(Key::of(&code).unwrap()).unwrap().grant.id,
            authorized,
            issued,
            code: code.into_owned(),
            access_token: tokens.access_token.expose().to_owned(),
            refresh_token: tokens.refresh_token.as_ref().unwrap().expose().to_owned(),
        }
    }

    /// What a store may hold: each credential alive, spent, revoked, expired, and not at all.
    fn stores(&self) -> Vec<Model> {
        let after = |store: &Model, change| {
            let mut store = store.clone();
            assert_eq!(store.commit(&Commit::of(change), None), Outcome::Applied);
            store
        };
        let key = Key::of(&self.refresh_token).unwrap();
        let spent = [NOW.0 - 45, NOW.0 - 5, NOW.0 + 5].map(Timestamp);
        let spent = spent.map(|at| after(&self.issued, Change::Spend { key, at }));
        let expired = Self::of("app", Timestamp(0));
        let living = [&self.authorized, &self.issued];
        let revoked = living.map(|store| after(store, Change::Revoke(self.grant)));
        let expired = [expired.authorized, expired.issued];
        living.into_iter().cloned().chain(spent).chain(revoked).chain(expired).collect()
    }

    /// The same and what is another's, with this client, and a store without it.
    fn known_to(&self, kind: Kind, name: &'static str) -> Vec<(&'static str, Model)> {
        let another = Self::of("other", NOW);
        let stores = self.stores().into_iter().chain([another.authorized, another.issued]);
        let known = stores.map(|store| (name, store.with_clients(vec![kind.client("app")])));
        known.chain([("unknown client", Model::new(Vec::new()))]).collect()
    }
}

pub(super) fn moment() -> Moment {
    Moment::new(NOW, &mut Counter(7))
}

pub(super) fn approval() -> Approval {
    Approval::by(Subject::parse("alice").unwrap())
}

pub(super) fn exchange(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}")
}

pub(super) fn form(body: &str) -> Request<String> {
    let form = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    form.body(body.to_owned()).unwrap()
}

/// An endpoint that authenticates clients, asked by each kind of client, as it should be and not.
fn asked(flow: &Flow, body: &str, start: impl Fn(&'static Request<String>) -> super::Next) -> Graph {
    let by = |kind: Kind, is_authenticated: bool| {
        let secret = if (kind == Kind::Public) == is_authenticated { "" } else { "&client_secret=secret" };
        let stores = flow.known_to(kind, kind.name());
        let request = leak(form(&format!("{body}&client_id=app{secret}")));
        Graph::of("", start(request), World { stores: &stores, ..World::default() })
    };
    let all = |is_authenticated| Kind::ALL.map(|kind| by(kind, is_authenticated)).into_iter();
    let graph = all(true).fold(Graph::default(), Graph::and);
    graph.and_if("not authenticated", all(false).fold(Graph::default(), Graph::and))
}

fn token(flow: &Flow, body: &str) -> Graph {
    let at = |server: &'static Server, body: &str| asked(flow, body, |request| hold(server.token(request, moment())));
    let usual = server(GRACE, false);
    let graph = at(usual, body).and_if("consult_issuance", at(server(GRACE, true), body));
    let graph = graph.and_if("no grace", at(server(Duration::ZERO, false), body));
    REQUESTS.iter().fold(graph, |graph, (what, more)| graph.and_if(what, at(usual, &format!("{body}{more}"))))
}

fn about(flow: &Flow, tokens: &[&String], start: impl Fn(&'static Request<String>) -> super::Next) -> Graph {
    let about = |token: &&String| asked(flow, &format!("token={token}"), &start);
    tokens.iter().map(about).fold(Graph::default(), Graph::and)
}

fn authorize(flow: &Flow) -> Graph {
    let stores = flow.known_to(Kind::Public, "client");
    let at = |query: &str| {
        let request = leak(Request::get(format!("/authorize?client_id=app&{query}")).body("").unwrap());
        let step = server(GRACE, false).authorize(request, moment());
        Graph::of("", hold(step), World { stores: &stores, ..World::default() })
    };
    let sound = format!("response_type=code&{CHALLENGE}");
    let faulty = [
        ("no code_challenge", "response_type=code".to_owned()),
        ("another response_type", "response_type=nonsense".to_owned()),
        ("another redirect_uri", format!("{sound}&redirect_uri=https://evil.example/")),
    ];
    let asked = REQUESTS.map(|(what, more)| (what, format!("{sound}{more}")));
    faulty.into_iter().chain(asked).fold(at(&sound), |graph, (what, query)| graph.and_if(what, at(&query)))
}

fn push(flow: &Flow) -> Graph {
    let usual = server(GRACE, false);
    let at = |body: &str| asked(flow, body, |request| hold(usual.push(request, moment())));
    let sound = format!("response_type=code&{CHALLENGE}");
    let faulty = [
        ("no code_challenge", "response_type=code".to_owned()),
        ("another redirect_uri", format!("{sound}&redirect_uri=https://evil.example/")),
    ];
    faulty.into_iter().fold(at(&sound), |graph, (what, body)| graph.and_if(what, at(&body)))
}

/// What the browser brings after a push, and the store that knows of it, before and after the decision.
fn pushed(flow: &Flow) -> (Prompt, String, Vec<(&'static str, Model)>) {
    let usual = server(GRACE, false);
    let store = Plain(flow.known_to(Kind::Public, "client")[0].1.clone().into());
    let request = form(&format!("response_type=code&client_id=app&{CHALLENGE}"));
    let reply = usual.push(&request, moment()).run(&store);
    let query = format!("client_id=app&request_uri={}", reply.result().unwrap().request_uri.expose());
    let waits = store.0.lock().unwrap().clone();
    let request = Request::get(format!("/authorize?{query}")).body("").unwrap();
    let AuthorizeReply::Ask(prompt) = usual.authorize(&request, moment()).run(&store) else {
        panic!("the request is sound")
    };
    let _ = prompt.clone().deny(usual, moment()).run(&store);
    let decided = store.0.lock().unwrap().clone();
    let unknown = Model::new(Vec::new());
    (prompt, query, vec![("it waits", waits), ("it was decided", decided), ("unknown client", unknown)])
}

fn authorize_pushed(flow: &Flow) -> Graph {
    let (_, query, stores) = pushed(flow);
    let at = |query: &str| {
        let request = leak(Request::get(format!("/authorize?{query}")).body("").unwrap());
        let step = server(GRACE, false).authorize(request, moment());
        Graph::of("", hold(step), World { stores: &stores, ..World::default() })
    };
    at(&query).and_if("no request_uri of ours", at("client_id=app&request_uri=urn:example:x"))
}

fn decide_pushed(flow: &Flow) -> Graph {
    let (prompt, _, stores) = pushed(flow);
    let world = World { stores: &stores, ..World::default() };
    let usual = server(GRACE, false);
    let late = Moment::new(Timestamp(NOW.0 + 2 * 60 * 60), &mut Counter(7));
    Graph::of("", hold(prompt.clone().approve(usual, approval(), moment())), world)
        .and_if("denied", Graph::of("", hold(prompt.clone().deny(usual, moment())), world))
        .and_if("too late", Graph::of("", hold(prompt.approve(usual, approval(), late)), world))
}

fn decide(flow: &Flow, response_type: &str) -> Graph {
    let stores = flow.known_to(Kind::Public, "client");
    let world = World { stores: &stores, ..World::default() };
    let pkce = if response_type == "code" { CHALLENGE } else { "" };
    let query = format!("response_type={response_type}&client_id=app&{pkce}");
    let request = Request::get(format!("/authorize?{query}")).body("").unwrap();
    let usual = server(GRACE, false);
    let store = Plain(stores[0].1.clone().into());
    let AuthorizeReply::Ask(prompt) = usual.authorize(&request, moment()).run(&store) else {
        panic!("the request is sound")
    };
    let approve = |server, approval| {
        let moment = moment();
        Graph::of("", hold(prompt.clone().approve(server, approval, moment)), world)
    };
    let none_of_it = approval().narrowed_to(Scope::parse("admin").unwrap());
    approve(usual, approval())
        .and_if("consult_issuance", approve(server(GRACE, true), approval()))
        .and_if("approved for another scope", approve(usual, none_of_it))
        .and_if("denied", Graph::of("", hold(prompt.clone().deny(usual, moment())), world))
        .and_if("prompt=none", Graph::of("", hold(prompt.clone().refuse(usual, Interaction::Login, moment())), world))
}

fn refuse(flow: &Flow) -> Graph {
    let stores = flow.known_to(Kind::Public, "client");
    let request = Request::get(format!("/authorize?response_type=code&client_id=app&scope=no-such&{CHALLENGE}"));
    let usual = server(GRACE, false);
    let store = Plain(stores[0].1.clone().into());
    let AuthorizeReply::Refuse(refusal) = usual.authorize(&request.body("").unwrap(), moment()).run(&store) else {
        panic!("there is no such scope")
    };
    Graph::of("", hold(refusal.respond(usual, moment())), World { stores: &stores, ..World::default() })
}

/// A client that registers itself, where anybody may, and where the host is asked.
fn register() -> Graph {
    let at = |by_host, body: &str| {
        let request = Request::post("/register").header(header::CONTENT_TYPE, "application/json");
        let request = leak(request.body(body.to_owned()).unwrap());
        Graph::of("", hold(server(GRACE, by_host).register(request, moment())), World::default())
    };
    let sound = r#"{"redirect_uris":["https://client.example/cb"]}"#;
    at(false, sound).and_if("the host decides", at(true, sound)).and_if("no redirect URI", at(false, "{}"))
}

/// A client that reads, updates or deletes its registration.
fn configure(name: &str) -> Graph {
    let client = registration::registered(Kind::Public.client("app"));
    let disabled = client.clone().disable();
    let stores = [
        ("its own token", Model::new(vec![client])),
        ("disabled client", Model::new(vec![disabled])),
        ("another token", Model::new(vec![Kind::Public.client("app")])),
        ("unknown client", Model::new(Vec::new())),
    ];
    let world = World { stores: &stores, ..World::default() };
    let requests = leak(registration::requests(crate::scene::Kind::Public));
    let (_, request) = requests.iter().find(|(other, _)| *other == name).unwrap();
    let at = |by_host| Graph::of("", hold(server(GRACE, by_host).configure(request, moment())), world);
    let graph = at(false).and_if("the host decides", at(true));
    let mut faulty = request.clone();
    "{}".clone_into(faulty.body_mut());
    let refused = Graph::of("", hold(server(GRACE, false).configure(leak(faulty), moment())), world);
    if name == "update registration" { graph.and_if("faulty metadata", refused) } else { graph }
}

/// A protected resource and what it requires, and the same with what no token has.
fn photos() -> [(&'static str, &'static ResourceServer, &'static Requirement); 3] {
    let at = |resource| leak(ResourceServer::new(resource::Config::new(Resource::parse(resource).unwrap())));
    let requiring = |scope| leak(Requirement::scope(Scope::parse(scope).unwrap()));
    let [(scope, _), (resource, _)] = REQUESTS;
    [
        ("", at(PHOTOS), requiring("read")),
        (scope, at(PHOTOS), requiring("admin")),
        (resource, at("https://api.example/mail"), requiring("read")),
    ]
}

fn bearer(token: &str) -> Request<&'static str> {
    Request::get("/photos").header(header::AUTHORIZATION, format!("Bearer {token}")).body("").unwrap()
}

fn check(flow: &Flow) -> Graph {
    let stores: Vec<_> = flow.stores().into_iter().map(|store| ("", store)).collect();
    let world = World { stores: &stores, ..World::default() };
    let request = bearer(&flow.access_token);
    let at = |photos: &'static ResourceServer, requirement| {
        let graph = Graph::of("", hold(photos.check(&request, requirement, NOW)), world);
        graph.and(Graph::of("no token", hold(photos.check(&Request::new(""), requirement, NOW)), world))
    };
    photos()
        .into_iter()
        .fold(Graph::default(), |graph, (what, photos, reading)| graph.and_if(what, at(photos, reading)))
}

fn check_by_introspection() -> Graph {
    let active = json(200, &format!(r#"{{"active":true,"scope":"read","aud":"{PHOTOS}"}}"#));
    let responses = [
        ("active", active.clone()),
        ("inactive", json(200, r#"{"active":false}"#)),
        ("an error", json(401, r#"{"error":"invalid_client"}"#)),
        ("nonsense", json(200, "<html>")),
    ];
    let world = World { responses: &responses, ..World::default() };
    let endpoint = Endpoint::parse("https://server.example/introspect").unwrap();
    let id = ClientId::parse("api").unwrap();
    let introspector = || Introspector::new(endpoint.clone(), id.clone(), Authentication::Basic(Secret::new("secret")));
    let (forgets, remembers) = (leak(introspector()), leak(introspector().with_cache(Cache::new(1, GRACE))));
    let request = bearer("2YotnFZFEjr1zCsicMWpAA");
    let at = |photos: &'static ResourceServer, requirement| {
        let _ = photos
            .check_by_introspection(&request, requirement, remembers, moment())
            .run(&HttpHost(|_: &Fetch| Ok(active.clone())));
        [("", &request, forgets), ("a remembered token", &request, remembers), ("no token", &Request::new(""), forgets)]
            .map(|(start, request, introspector)| {
                Graph::of(
                    start,
                    hold(photos.check_by_introspection(request, requirement, introspector, moment())),
                    world,
                )
            })
            .into_iter()
            .fold(Graph::default(), Graph::and)
    };
    photos()
        .into_iter()
        .fold(Graph::default(), |graph, (what, photos, reading)| graph.and_if(what, at(photos, reading)))
}

/// Its reply is that of the machine that shares the store.
impl Observe for CheckByIntrospection<'_> {
    fn observe(reply: Self::Reply) -> Observed {
        <resource::CheckByStore<'_> as Observe>::observe(reply)
    }
}

pub(super) fn drawings() -> Vec<Drawing> {
    let flow = Flow::of("app", NOW);
    let refresh = format!("grant_type=refresh_token&refresh_token={}", flow.refresh_token);
    let saml = format!("grant_type={}&assertion=x", SAML.replace(':', "%3A"));
    let usual = server(GRACE, false);
    let drawing = |machine, what, graph| Drawing { machine, what, graph };
    let of_token = |what, body: &str| drawing("server::Token", what, token(&flow, body));
    vec![
        drawing("server::Authorize", "the authorization endpoint: is the request sound?", authorize(&flow)),
        drawing("server::AuthorizeDecision", "the resource owner's decision, for a code", decide(&flow, "code")),
        drawing(
            "server::AuthorizeDecision",
            "the resource owner's decision, for a token (implicit)",
            decide(&flow, "token"),
        ),
        drawing("server::AuthorizeRefusal", "the error of an authorization request, after the login", refuse(&flow)),
        drawing("server::Authorize", "the authorization endpoint, after a push", authorize_pushed(&flow)),
        drawing("server::AuthorizeDecision", "the resource owner's decision on a pushed request", decide_pushed(&flow)),
        drawing("server::Push", "the pushed authorization request endpoint", push(&flow)),
        drawing("server::Register", "the registration endpoint", register()),
        drawing("server::Configure", "a client reads its registration", configure("read registration")),
        drawing("server::Configure", "a client updates its registration", configure("update registration")),
        drawing("server::Configure", "a client deletes its registration", configure("delete registration")),
        of_token("the token endpoint, authorization code", &exchange(&flow.code)),
        drawing("server::Token", "the token endpoint, device code", devices::token()),
        drawing("server::AuthorizeDevice", "the device authorization endpoint", devices::authorize_device()),
        drawing(
            "server::VerifyUserCode",
            "the page where a person enters a user code: it has no `Commit`",
            devices::verify(),
        ),
        drawing("server::DeviceDecision", "the person's decision on a device", devices::decide()),
        of_token("the token endpoint, refresh token", &refresh),
        of_token("the token endpoint, client credentials", "grant_type=client_credentials"),
        of_token("the token endpoint, password", "grant_type=password&username=alice&password=secret"),
        of_token("the token endpoint, extension grant", &saml),
        drawing(
            "resource::CheckByStore",
            "a protected resource that shares the store: it has no `Commit`",
            check(&flow),
        ),
        drawing(
            "resource::CheckByIntrospection",
            "a protected resource that asks the introspection endpoint",
            check_by_introspection(),
        ),
        drawing(
            "server::Introspect",
            "the introspection endpoint: it has no `Commit`",
            about(&flow, &[&flow.access_token, &flow.refresh_token], |request| {
                hold(usual.introspect(request, moment()))
            }),
        ),
        drawing(
            "server::Revoke",
            "the revocation endpoint",
            about(&flow, &[&flow.code, &flow.access_token, &flow.refresh_token], |request| {
                hold(usual.revoke(request, moment()))
            }),
        ),
    ]
}
