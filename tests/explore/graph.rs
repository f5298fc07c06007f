//! The state graph of each machine, found by giving every answer at every pause, and kept in `docs/machines.md`. The test fails when the
//! page is not what the code does; `GRANTOR_WRITE_DOCS=1` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use grantor::client::{self, RequestError, TokenSet};
use grantor::consult::{Authenticity, Owner, Terms, Verdict};
use grantor::model::{
    Client, ClientAuthentication, ClientId, GrantType, Issuer, RedirectUri, ResponseType, Scope, Secret,
    SecretPresentation, Subject,
};
use grantor::server::{Approval, Authorization, Config};
use grantor::store::{Change, Commit, Outcome};
use grantor::{Moment, Server, Timestamp};
use http::{Request, Response, header};

use crate::counter::Counter;
use crate::model::Model;
use crate::paused::{Asks, Next, Observed, Paused, Told, hold};
use crate::scene::{Scene, Stage, TIMES};

/// From where, to where, and what leads there.
#[derive(Default)]
struct Graph(BTreeMap<(String, String), BTreeSet<String>>);

impl Graph {
    /// Gives every answer at every pause.
    fn walk(&mut self, from: &str, why: &str, next: Next, worlds: &[Model], responses: &[(&str, Response<Vec<u8>>)]) {
        let paused = match next {
            Next::Done(observed) => return self.edge(from, &end(&observed), why),
            Next::Paused(paused) => paused,
        };
        let name = paused.name();
        self.edge(from, &name, why);
        for (why, told) in answers(paused.as_ref(), worlds, responses) {
            self.walk(&name, &why, paused.fork().tell(told), worlds, responses);
        }
    }

    fn edge(&mut self, from: &str, to: &str, why: &str) {
        self.0.entry((from.to_owned(), to.to_owned())).or_default().insert(why.to_owned());
    }

    fn mermaid(&self) -> String {
        let mut text = "```mermaid\nstateDiagram-v2\n".to_owned();
        let (begins, others): (Vec<_>, Vec<_>) = self.0.iter().partition(|((from, _), _)| from == "[*]");
        for ((from, to), reasons) in begins.into_iter().chain(others) {
            let why = reasons.iter().filter(|why| !why.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ");
            let colon = if why.is_empty() { "" } else { ": " };
            writeln!(text, "    {from} --> {to}{colon}{why}").unwrap();
        }
        text + "```\n"
    }
}

/// How it ended.
fn end(observed: &Observed) -> String {
    match &observed.error {
        Some(error) => error.clone(),
        None if observed.event.is_empty() => "Done".to_owned(),
        None => observed.event.clone(),
    }
}

fn answers(paused: &dyn Paused, worlds: &[Model], responses: &[(&str, Response<Vec<u8>>)]) -> Vec<(String, Told)> {
    let owners = || [("yes", Owner::Subject(Subject::parse("alice").unwrap())), ("no", Owner::Refused)];
    let mut answers: Vec<(String, Told)> = match paused.asks() {
        Asks::Lookup(lookup) => {
            worlds.iter().map(|world| ("found".to_owned(), Told::Found(world.lookup(&lookup, None)))).collect()
        }
        Asks::Commit(commit) => {
            let conflicts = commit.changes().iter().enumerate().filter_map(|(at, change)| {
                let change = precondition(change)?;
                Some((format!("conflict at {change}"), Told::Outcome(Outcome::Conflict(at))))
            });
            [("applied".to_owned(), Told::Outcome(Outcome::Applied))].into_iter().chain(conflicts).collect()
        }
        Asks::ClientSecret => [("genuine", Authenticity::Genuine), ("refused", Authenticity::Refused)]
            .map(|(why, answer)| (why.to_owned(), Told::ClientSecret(answer)))
            .into(),
        Asks::Password | Asks::Extension => owners().map(|(why, owner)| (why.to_owned(), Told::Owner(owner))).into(),
        Asks::Issuance => [("issue", Verdict::Issue(Terms::default())), ("refuse", Verdict::Refuse)]
            .map(|(why, verdict)| (why.to_owned(), Told::Verdict(verdict)))
            .into(),
        Asks::Fetch => {
            responses.iter().map(|(why, response)| ((*why).to_owned(), Told::Fetched(response.clone()))).collect()
        }
    };
    answers.push(("outage".to_owned(), Told::Outage));
    answers
}

/// The name of a change that a store may refuse.
fn precondition(change: &Change) -> Option<&'static str> {
    match change {
        Change::Open { .. } => Some("Open"),
        Change::Issue(_) => Some("Issue"),
        Change::Spend { .. } => Some("Spend"),
        Change::SpentSince { .. } => Some("SpentSince"),
        Change::Extend { .. } => Some("Extend"),
        _ => None,
    }
}

const NOW: Timestamp = Timestamp(TIMES[0]);
const SAML: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server that offers everything and asks its host about everything.
struct Everything {
    server: Server,
    worlds: Vec<Model>,
    scene: &'static Scene,
}

impl Everything {
    fn new() -> &'static Self {
        let scene = Scene::new(Stage::Issued, Duration::from_secs(30), false);
        let all = |mut client: Client| {
            client.redirect_uris = vec![RedirectUri::parse("https://client.example/cb").unwrap()];
            client.grant_types = ["authorization_code", "refresh_token", "client_credentials", "password", SAML]
                .map(|name| GrantType::parse(name).unwrap())
                .into();
            client.response_types = vec![ResponseType::Code, ResponseType::Token];
            client.scope = Scope::parse("read write").unwrap();
            client
        };
        let mut hosted = all(Client::confidential(ClientId::parse("app").unwrap(), "a secret that the host checks"));
        hosted.authentication = ClientAuthentication::Host { presented: SecretPresentation::Either };
        let public = all(Client::public(ClientId::parse("app").unwrap()));
        let mut worlds = Vec::new();
        for client in [public, hosted] {
            for stage in [Stage::Authorized, Stage::Issued] {
                let living =
                    Scene::new(stage, Duration::from_secs(30), false).model.clone().with_clients(vec![client.clone()]);
                let mut revoked = living.clone();
                revoked.commit(&Commit::of(Change::Revoke(scene.grant)), None);
                worlds.extend([living, revoked]);
            }
        }
        worlds.push(Model::new(Vec::new()));
        let mut config = Config::new(Issuer::parse("https://server.example").unwrap());
        config.grant_types.extend([GrantType::Password, GrantType::parse(SAML).unwrap()]);
        config.response_types.push(ResponseType::Token);
        config.consult_issuance = true;
        Box::leak(Box::new(Self { server: Server::new(config), worlds, scene }))
    }

    /// With and without the secret that the host checks.
    fn forms(&self, body: &str) -> [&'static Request<String>; 2] {
        ["", "&client_secret=a+secret"].map(|secret| {
            let form = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            &*Box::leak(Box::new(form.body(format!("{body}&client_id=app{secret}")).unwrap()))
        })
    }

    fn moment() -> Moment {
        Moment::new(NOW, &mut Counter(7))
    }

    fn token(&'static self, body: &str) -> Graph {
        let mut graph = Graph::default();
        for form in self.forms(body) {
            graph.walk("[*]", "", hold(self.server.token(form, Self::moment())), &self.worlds, &[]);
        }
        graph
    }

    fn decide(&'static self, response_type: &str) -> Graph {
        let query = format!("response_type={response_type}&client_id=app");
        let pkce = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
        let pkce = if response_type == "code" { pkce } else { String::new() };
        let request = Request::get(format!("/authorize?{query}&{pkce}")).body("").unwrap();
        let store = crate::scene::Plain(self.worlds[0].clone().into());
        let Authorization::Ask(prompt) = self.server.authorize(&request).run(&store) else {
            panic!("the request is sound")
        };
        let approval = Approval::by(Subject::parse("alice").unwrap());
        let mut graph = Graph::default();
        let approved = prompt.clone().approve(&self.server, approval, Self::moment());
        graph.walk("[*]", "approve", hold(approved), &self.worlds, &[]);
        graph.walk("[*]", "deny", hold(prompt.deny(&self.server)), &self.worlds, &[]);
        graph
    }

    fn authorize(&'static self) -> Graph {
        let mut graph = Graph::default();
        for query in ["response_type=token", "response_type=code", "", "response_type=nonsense"] {
            let request = Request::get(format!("/authorize?client_id=app&{query}")).body("").unwrap();
            let request: &'static Request<&str> = Box::leak(Box::new(request));
            graph.walk("[*]", "", hold(self.server.authorize(request)), &self.worlds, &[]);
        }
        graph
    }

    fn about(&'static self, revokes: bool) -> Graph {
        let mut graph = Graph::default();
        for token in [&self.scene.code, &self.scene.access_token, &self.scene.refresh_token] {
            for form in self.forms(&format!("token={token}")) {
                let next =
                    if revokes { hold(self.server.revoke(form)) } else { hold(self.server.introspect(form, NOW)) };
                graph.walk("[*]", "", next, &self.worlds, &[]);
            }
        }
        graph
    }

    fn check(&'static self) -> Graph {
        let mut graph = Graph::default();
        graph.walk("[*]", "", self.scene.present(NOW), &self.worlds, &[]);
        graph
    }

    /// Each machine's name, what it is, and its graph.
    fn server_machines(&'static self) -> Vec<(&'static str, &'static str, Graph)> {
        let Scene { code, refresh_token, .. } = self.scene;
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let exchange = format!("grant_type=authorization_code&code={code}&code_verifier={verifier}");
        vec![
            ("server::Authorize", "the authorization endpoint: is the request sound?", self.authorize()),
            ("server::Decide", "the resource owner's decision, for a code", self.decide("code")),
            ("server::Decide", "the resource owner's decision, for a token (implicit)", self.decide("token")),
            ("server::Token", "the token endpoint, authorization code", self.token(&exchange)),
            (
                "server::Token",
                "the token endpoint, refresh token",
                self.token(&format!("grant_type=refresh_token&refresh_token={refresh_token}")),
            ),
            ("server::Token", "the token endpoint, client credentials", self.token("grant_type=client_credentials")),
            (
                "server::Token",
                "the token endpoint, password",
                self.token("grant_type=password&username=alice&password=secret"),
            ),
            (
                "server::Token",
                "the token endpoint, extension grant",
                self.token(&format!("grant_type={}&assertion=x", SAML.replace(':', "%3A"))),
            ),
            ("resource::Check", "a protected resource that shares the store: it has no `Commit`", self.check()),
            ("server::Introspect", "the introspection endpoint: it has no `Commit`", self.about(false)),
            ("server::Revoke", "the revocation endpoint", self.about(true)),
        ]
    }
}

impl Observed {
    fn of_client(event: String) -> Self {
        let (secrets, body) = (Vec::new(), Vec::new());
        Self { status: 0, secrets, error: None, active: false, event, body, location: None }
    }

    fn failed(error: &RequestError) -> Self {
        Self::of_client(match error {
            RequestError::Refused(_) => "Refused".to_owned(),
            RequestError::Unavailable(_) => "Unavailable".to_owned(),
            RequestError::Unusable { .. } => "Unusable".to_owned(),
            other => format!("{other:?}"),
        })
    }
}

macro_rules! observe {
    ($($machine:ty: $done:expr),* $(,)?) => {$(
        impl crate::paused::Observe for $machine {
            fn observe(reply: Self::Reply) -> Observed {
                let done: fn(_) -> String = $done;
                reply.map_or_else(|error| Observed::failed(&error), |reply| Observed::of_client(done(reply)))
            }
        }
    )*};
}

observe! {
    client::Exchange: |_: TokenSet| "TokenSet".to_owned(),
    client::AuthorizeDevice: |_| "Device".to_owned(),
    client::Poll: |polled| format!("{polled:?}").split(['(', ' ']).next().unwrap().to_owned(),
    client::Revoke: |()| "Revoked".to_owned(),
    client::Introspect: |active: Option<client::Introspection>| if active.is_some() { "Active".to_owned() } else { "Inactive".to_owned() },
}

impl crate::paused::Observe for client::Discover {
    fn observe(reply: Self::Reply) -> Observed {
        match reply {
            Ok(_) => Observed::of_client("Metadata".to_owned()),
            Err(client::DiscoverError::Request(error)) => Observed::failed(&error),
            Err(_) => Observed::of_client("OtherIssuer".to_owned()),
        }
    }
}

/// The machines of a client, with every kind of response.
fn client_machines() -> Vec<(&'static str, &'static str, Graph)> {
    let issuer = Issuer::parse("https://server.example/tenant").unwrap();
    let json = |status: u16, body: String| Response::builder().status(status).body(body.into_bytes()).unwrap();
    let endpoints = ["token", "device_authorization", "introspection", "revocation"]
        .map(|name| format!(r#""{name}_endpoint":"https://server.example/{name}""#))
        .join(",");
    let document = |issuer: &str| format!(r#"{{"issuer":"{issuer}",{endpoints}}}"#);
    let metadata = serde_json::from_str(&document(issuer.as_str())).unwrap();
    let client = client::Client::public(metadata, ClientId::parse("app").unwrap());
    let token = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer"}"#;
    let error = |code: &str| json(400, format!(r#"{{"error":"{code}"}}"#));
    let nonsense = || ("nonsense", json(200, "<html>".to_owned()));
    let ok = |why, body: &str| (why, json(200, body.to_owned()));
    let walk = |next, responses: &[(&str, Response<Vec<u8>>)]| {
        let mut graph = Graph::default();
        graph.walk("[*]", "", next, &[], responses);
        graph
    };

    let documents = [
        ok("its document", &document(issuer.as_str())),
        ok("another's document", &document("https://evil.example")),
        ("no document", json(404, String::new())),
    ];
    let refused = || ("an error", error("invalid_grant"));
    let exchange = client.client_credentials().start(NOW);
    let polls = [
        ok("tokens", token),
        ("authorization_pending", error("authorization_pending")),
        ("slow_down", error("slow_down")),
        ("access_denied", error("access_denied")),
        ("expired_token", error("expired_token")),
        refused(),
        nonsense(),
    ];
    let secret = Secret::new("2YotnFZFEjr1zCsicMWpAA");
    vec![
        (
            "client::Discover",
            "where RFC 8414 or OpenID Connect have the document",
            walk(hold(client::discover(&issuer)), &documents),
        ),
        ("client::Exchange", "any token request", walk(hold(exchange), &[ok("tokens", token), refused(), nonsense()])),
        (
            "client::AuthorizeDevice",
            "the device authorization request",
            walk(hold(client.authorize_device().start(NOW)), &[ok("codes", DEVICE), refused(), nonsense()]),
        ),
        (
            "client::Poll",
            "the device's token request, once",
            walk(hold(client.poll(&device_of(&client), POLL)), &polls),
        ),
        (
            "client::Introspect",
            "token introspection",
            walk(
                hold(client.introspect(&secret, None)),
                &[ok("active", r#"{"active":true}"#), ok("inactive", r#"{"active":false}"#), refused(), nonsense()],
            ),
        ),
        (
            "client::Revoke",
            "token revocation",
            walk(
                hold(client.revoke(&secret, None)),
                &[ok("done", ""), refused(), ("failure", json(503, String::new()))],
            ),
        ),
    ]
}

const DEVICE: &str =
    r#"{"device_code":"GmRh","user_code":"WDJB","verification_uri":"https://a.example/","expires_in":900}"#;
const POLL: Timestamp = Timestamp(TIMES[0] + 5);

fn device_of(client: &client::Client) -> client::Device {
    let http = grantor::HttpOnly(|_: &grantor::Fetch| Ok(Response::new(DEVICE.as_bytes().to_vec())));
    client.authorize_device().start(NOW).run(&http).unwrap()
}

#[test]
fn the_state_graphs_in_the_docs_are_those_of_the_code() {
    let mut page = "\
# The machines

Each machine's pauses, and every way from one to the next: found by the explorer (`tests/explore/graph.rs`), which gives every answer at every
pause, and compared with this page in CI. What ends a path is the reply: the error's code, or the event that the audit log learns.

An arrow's label is the answer. `outage` is the news that the host could not carry out the effect.
"
    .to_owned();
    let mut machines = Everything::new().server_machines();
    machines.extend(client_machines());
    for (name, what, graph) in machines {
        write!(page, "\n## `{name}`: {what}\n\n{}", graph.mermaid()).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/machines.md");
    if std::env::var_os("GRANTOR_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/machines.md is not what the code does: run this test with GRANTOR_WRITE_DOCS=1");
}
