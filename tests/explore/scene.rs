//! What is explored: one grant, in some stage of its life.

use std::sync::Mutex;
use std::time::Duration;

use grantor::model::{
    ClientId, CodeChallengeMethod, CodeVerifier, Endpoint, GrantId, GrantType, Issuer, Key, RedirectUri, Resource,
    ResponseType, Scope,
};
use grantor::record::{Client, RegisteredAuthentication, SecretPresentation};
use grantor::resource::{self, Requirement, ResourceServer};
use grantor::server::{
    AuthorizationResponse, AuthorizeReply, Config, DetailMembers, DeviceConfig, DevicePrompt, MemberKind, ParConfig,
    Prompt, RefreshPolicy, VerifyUserCodeReply,
};
use grantor::store::{Change, Commit, Lookup, Store};
use grantor::{Answer, Server, Timestamp, Unavailable};
use http::{Request, header};

use crate::entries::{Presents, approval, moment};
use crate::faults::Fault;
use crate::model::Model;
use crate::paused::{Next, hold, shown};
use crate::registration;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const OTHER_VERIFIER: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMx";
const APP_SECRET: &str = "p4Qk1vT0aX9mZs7LhW2cRbYe8NfUj3Gd-p4Qk1vT0aX9m";
const SERVICE_SECRET: &str = "7Fjfp0ZBr1KtDRbnfVdmIw-7Fjfp0ZBr1KtDRbnfVdmIw";
const PASSWORD: &str = "correct-horse-battery-staple";
const ASSERTION: &str = "PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2Fz";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const SAML: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// The times that pass: at first, in the second in which a grace and the first access tokens end, in that in which the
/// code and the first refresh tokens end, and long after.
pub const TIMES: [u64; 4] = [1_000_000, 1_000_030, 1_000_060, 1_000_700];

/// How far the clock of a request may be behind the time, in seconds: not at all, a second, a grace, a day.
pub const BEHIND: [(u64, &str); 4] = [
    (0, "comes in"),
    (1, "comes in, its clock a second behind"),
    (30, "comes in, its clock half a minute behind"),
    (86_400, "comes in, its clock a day behind"),
];

/// How often a spent refresh token may be presented again within its grace.
pub const MAX_RETRIES: u32 = 1;

// How long credentials live, in seconds.
pub const CODE_LIFE: u64 = 60;
pub const ACCESS_TOKEN_LIFE: u64 = 30;
pub const REFRESH_TOKEN_LIFE: u64 = 60;
/// How long a pushed request may be presented, and how long after that be decided.
pub const REQUEST_LIFE: u64 = 30;
/// How long a device may wait. The code that it is approved by ends then too.
pub const DEVICE_LIFE: u64 = 60;

/// A stage in the life of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A request was pushed, and a browser came with it: the resource owner is asked.
    Pushed,
    /// The resource owner is asked.
    Asked,
    /// The code is out.
    Authorized,
    /// The tokens that it was exchanged for are out.
    Issued,
    /// The same, and the client registered itself.
    Registered,
    /// A device waits, and a person has entered its user code. Its code stands for the code.
    Device,
}

impl Stage {
    pub fn is_issued(self) -> bool {
        matches!(self, Self::Issued | Self::Registered)
    }
}

/// What may differ from one server and client to the next.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Of refresh tokens, in seconds.
    pub grace: u64,
    pub client: Kind,
    /// Whether the host has the last word on what is issued.
    pub consult_issuance: bool,
}

/// The client that holds the grant, by how it shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Public,
    /// It has a secret.
    Confidential,
    /// It has a secret that only the host can check.
    Hosted,
}

/// The world before the requests come.
pub struct Scene {
    pub stage: Stage,
    pub setting: Setting,
    pub server: Server,
    pub model: Model,
    pub grant: GrantId,
    pub tokens: Tokens,
    keys: [Key; 3],
    /// The pushed request, or that of the device, in its stage.
    pub request: Option<Key>,
    devices: Option<Devices>,
    /// The browser comes with the pushed request, and with parameters of its own.
    pub opened: Request<&'static str>,
    pub opened_by_another: Request<&'static str>,
    /// The browser comes with the request itself, which a client that must push had pushed.
    pub unpushed: Request<&'static str>,
    pub must_push: bool,
    request_uri: String,
    photos: ResourceServer,
    reading: Requirement,
    bearer: Request<&'static str>,
    pub prompt: Prompt,
    pub implicit: Prompt,
    forms: Vec<(&'static str, Request<String>)>,
}

/// The device, and another one.
pub struct Devices {
    pub user_code: String,
    /// The person has entered its user code.
    pub prompt: DevicePrompt,
    /// Somebody has entered the other one's.
    pub another: DevicePrompt,
}

/// What the grant leads to.
pub struct Tokens {
    pub code: String,
    pub access_token: String,
    pub refresh_token: String,
}

impl Scene {
    /// A grant in this stage. It lives as long as the test.
    pub fn new(stage: Stage, setting: Setting, fault: Option<Fault>) -> &'static Self {
        // The host is not asked before the exploration.
        let known = if setting.client == Kind::Hosted { Kind::Confidential } else { setting.client };
        let server = Server::new(config(Setting { consult_issuance: false, ..setting }, fault)).unwrap();
        let must_push = stage == Stage::Pushed && fault != Some(Fault::BrowserIsBelieved);
        let is_heeded = must_push && fault != Some(Fault::UnpushedIsShown);
        let plain = Plain(Model::new(clients(known, is_heeded)).into());
        let request_uri = if stage == Stage::Pushed { push(&server, &plain, known) } else { String::new() };
        let prompt = match stage {
            Stage::Pushed => ask(&server, &plain, &with(&request_uri, "app")),
            _ => ask(&server, &plain, &format!("response_type=code&client_id=app&{}", challenge())),
        };
        let implicit = ask(&server, &plain, "response_type=token&client_id=page");
        let device = (stage == Stage::Device).then(|| devices(&server, &plain, known));
        let asked = plain.snapshot();
        let first = moment(1, Timestamp(TIMES[0]));
        let (code, devices) = match device {
            None => (code(prompt.clone().approve(&server, approval(), first).run(&plain)), None),
            Some((device_code, devices)) => {
                let decided = devices.prompt.clone().approve(&server, approval(), first).run(&plain);
                assert_eq!(decided.is_approved(), Ok(true));
                (device_code, Some(devices))
            }
        };
        let authorized = plain.snapshot();
        let by_device = devices.is_some();
        let request = form(&if by_device { poll(&code, &as_app(known)) } else { exchange(&code, VERIFIER, known) });
        let reply = server.token(&request, moment(2, Timestamp(TIMES[0]))).run(&plain);
        let issued = plain.snapshot();

        let response = reply.result().unwrap();
        let access_token = response.access_token.expose().to_owned();
        let refresh_token = response.refresh_token.as_ref().unwrap().expose().to_owned();
        let keys = [&code, &access_token, &refresh_token].map(|token| Key::of(token).unwrap());
        let grant = issued.presented(keys[0]).unwrap().grant.id;
        let model = match stage {
            Stage::Pushed | Stage::Asked | Stage::Device => asked,
            Stage::Authorized => authorized,
            Stage::Issued | Stage::Registered => issued,
        };
        let bearer = Request::get("/photos").header(header::AUTHORIZATION, format!("Bearer {access_token}"));
        let tokens = Tokens { code, access_token, refresh_token };
        Box::leak(Box::new(Self {
            stage,
            setting,
            server: Server::new(config(setting, fault)).unwrap(),
            model: model.with_clients(match stage {
                Stage::Registered => clients(setting.client, is_heeded).into_iter().map(registered_if_app).collect(),
                _ => clients(setting.client, is_heeded),
            }),
            grant,
            keys,
            request: request_uri
                .strip_prefix(REQUEST_URI)
                .and_then(Key::of)
                .or(keys.first().copied().filter(|_| by_device)),
            devices,
            opened: opened(&match fault {
                Some(Fault::BrowserIsBelieved) => format!("client_id=app&{MEDDLED}&{}", challenge()),
                _ => format!("{}&{MEDDLED}", with(&request_uri, "app")),
            }),
            opened_by_another: opened(&with(&request_uri, "other")),
            unpushed: opened(&format!("response_type=code&client_id=app&{}", challenge())),
            must_push,
            request_uri,
            photos: photos(),
            reading: Requirement::scope(Scope::parse("read").unwrap()),
            bearer: bearer.body("").unwrap(),
            prompt,
            implicit,
            forms: forms(&tokens, known),
            tokens,
        }))
    }

    /// The access token is shown to a resource server.
    pub fn present(&'static self, now: Timestamp) -> Next {
        hold(self.photos.check(&self.bearer, &self.reading, now))
    }

    /// The devices, in their stage.
    pub fn devices(&self) -> &Devices {
        self.devices.as_ref().unwrap()
    }

    /// What somebody is asked about the request that waits.
    pub fn asks(&self) -> Vec<u8> {
        match &self.devices {
            Some(devices) => shown(&devices.prompt),
            None => shown(&self.prompt),
        }
    }

    pub fn form(&self, name: &str) -> &Request<String> {
        &self.forms.iter().find(|(other, _)| *other == name).unwrap().1
    }

    pub fn key(&self, presents: Presents) -> Option<Key> {
        let [code, access_token, refresh_token] = self.keys;
        match presents {
            Presents::Nothing => None,
            Presents::Request => self.request,
            Presents::Code => Some(code),
            Presents::AccessToken => Some(access_token),
            Presents::RefreshToken => Some(refresh_token),
        }
    }

    /// The secrets that are out at the start.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let Tokens { code, access_token, refresh_token } = &self.tokens;
        let issued = [&**access_token, refresh_token].into_iter().filter(|_| self.stage.is_issued());
        let secrets = [VERIFIER, OTHER_VERIFIER, APP_SECRET, SERVICE_SECRET, PASSWORD, ASSERTION, registration::TOKEN];
        let known = std::iter::once(&**code).chain(secrets);
        let pushed = self.request_uri.strip_prefix(REQUEST_URI);
        let user_code = self.devices.as_ref().map(|devices| devices.user_code.as_str());
        known.chain(issued).chain(pushed).chain(user_code)
    }
}

fn config(setting: Setting, fault: Option<Fault>) -> Config {
    let mut config = Config::new(Issuer::parse("https://server.example").unwrap());
    let grace = match fault {
        Some(Fault::GraceEndsLate) => setting.grace + 1,
        Some(Fault::GraceEndsEarly) => setting.grace.saturating_sub(1),
        _ => setting.grace,
    };
    let more = u64::from(fault == Some(Fault::LivesAreLonger));
    config.token.refresh = RefreshPolicy::Rotate { grace: Duration::from_secs(grace) };
    config.token.max_retries = MAX_RETRIES + u32::from(fault == Some(Fault::RetriesAreMore));
    config.authorization.code_lifetime = Duration::from_secs(CODE_LIFE + more);
    config.token.access_token_lifetime = Duration::from_secs(ACCESS_TOKEN_LIFE + more);
    config.token.refresh_token_lifetime = Duration::from_secs(REFRESH_TOKEN_LIFE + more);
    config.token.grant_types.extend([GrantType::Password, GrantType::DeviceCode, GrantType::parse(SAML).unwrap()]);
    config.authorization.response_types.push(ResponseType::Token);
    config.authorization_details.add("payment", DetailMembers::new().required("amount", MemberKind::Number));
    config.consult_issuance = setting.consult_issuance;
    let late = u64::from(fault == Some(Fault::RequestsEndLate));
    let mut par = ParConfig::at(Endpoint::parse("https://server.example/par").unwrap());
    (par.lifetime, par.decision_lifetime) =
        (Duration::from_secs(REQUEST_LIFE + late), Duration::from_secs(REQUEST_LIFE - late));
    config.par = Some(par);
    config.registration = Some(registration::section(setting.consult_issuance));
    let url = |path| Endpoint::parse(&format!("https://server.example/{path}")).unwrap();
    let mut device = DeviceConfig::at(url("device_authorization"), url("device"));
    device.lifetime = Duration::from_secs(DEVICE_LIFE + more);
    config.device = Some(device);
    config
}

fn registered_if_app(client: Client) -> Client {
    if client.client_id.as_str() == "app" { registration::registered(client) } else { client }
}

fn photos() -> ResourceServer {
    let mut config = resource::Config::new(Resource::parse("https://api.example/photos").unwrap());
    config.accept_unrestricted = true;
    ResourceServer::new(config)
}

/// The client that holds the grant, another, one in a browser's page, and one that acts by all the other grants.
fn clients(kind: Kind, must_push: bool) -> Vec<Client> {
    let client = |mut client: Client, grant_types: &[&str], response_type| {
        client.redirect_uris = vec![RedirectUri::parse("https://client.example/cb").unwrap()];
        client.grant_types = grant_types.iter().map(|name| GrantType::parse(name).unwrap()).collect();
        client.response_types = vec![response_type];
        client.scope = Scope::parse("read write").unwrap();
        client.authorization_details_types = vec!["payment".to_owned()];
        client
    };
    let id = |text: &str| ClientId::parse(text).unwrap();
    let mut app = Client::confidential(id("app"), APP_SECRET);
    app.require_pushed_authorization_requests = must_push;
    match kind {
        Kind::Public => app.authentication = RegisteredAuthentication::None,
        Kind::Confidential => {}
        Kind::Hosted => app.authentication = RegisteredAuthentication::Host { presented: SecretPresentation::Either },
    }
    let mut service = Client::confidential(id("service"), SERVICE_SECRET);
    service.resource_server = Some(Vec::new());
    let by_code = ["authorization_code", "refresh_token", DEVICE_CODE];
    vec![
        client(app, &by_code, ResponseType::Code),
        client(Client::public(id("other")), &by_code, ResponseType::Code),
        client(Client::public(id("page")), &[], ResponseType::Token),
        client(service, &["client_credentials", "password", SAML], ResponseType::Code),
    ]
}

fn challenge() -> String {
    let challenge = CodeVerifier::parse(VERIFIER).unwrap().challenge(CodeChallengeMethod::S256).digest();
    format!("code_challenge={challenge}&code_challenge_method=S256")
}

fn ask(server: &Server, plain: &Plain, query: &str) -> Prompt {
    let request = Request::get(format!("/authorize?{query}")).body("").unwrap();
    match server.authorize(&request, moment(0, Timestamp(TIMES[0]))).run(plain) {
        AuthorizeReply::Ask(prompt) => prompt,
        AuthorizeReply::Refuse(_) | AuthorizeReply::Respond(_) => panic!("the request is sound"),
    }
}

pub const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";
/// What a browser may add to a pushed request.
const MEDDLED: &str = "response_type=code&response_mode=form_post&scope=read&state=evil&prompt=none&login_hint=mallory\
    &authorization_details=%5B%7B%22type%22%3A%22payment%22%2C%22amount%22%3A1000%7D%5D";
/// What was pushed beside the scope.
const DETAILS: &str = "authorization_details=%5B%7B%22type%22%3A%22payment%22%2C%22amount%22%3A1%7D%5D";

/// What the browser brings in place of a request.
fn with(request_uri: &str, client_id: &str) -> String {
    format!("client_id={client_id}&request_uri={request_uri}")
}

fn opened(query: &str) -> Request<&'static str> {
    Request::get(format!("/authorize?{query}")).body("").unwrap()
}

fn push(server: &Server, plain: &Plain, kind: Kind) -> String {
    let reply = server.push(&form(&pushed(kind)), moment(3, Timestamp(TIMES[0]))).run(plain);
    reply.result().unwrap().request_uri.expose().to_owned()
}

fn pushed(kind: Kind) -> String {
    format!("response_type=code&scope=read+write&{DETAILS}&{}&{}", challenge(), as_app(kind))
}

fn code(response: AuthorizationResponse) -> String {
    let (_, query) = response.location().unwrap().split_once('?').unwrap();
    let (_, code) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").unwrap();
    code.into_owned()
}

fn as_app(kind: Kind) -> String {
    let secret = if kind == Kind::Public { String::new() } else { format!("&client_secret={APP_SECRET}") };
    format!("client_id=app{secret}")
}

fn exchange(code: &str, verifier: &str, kind: Kind) -> String {
    format!("grant_type=authorization_code&code={code}&code_verifier={verifier}&{}", as_app(kind))
}

fn poll(device_code: &str, client: &str) -> String {
    format!("grant_type={DEVICE_CODE}&device_code={device_code}&{client}")
}

/// Two devices start, and both user codes are entered. The device code of the first one.
fn devices(server: &Server, plain: &Plain, kind: Kind) -> (String, Devices) {
    let now = Timestamp(TIMES[0]);
    let start = |seed| {
        let request = form(&as_app(kind));
        let reply = server.authorize_device(&request, moment(seed, now)).run(plain);
        let response = reply.result().unwrap();
        (response.device_code.expose().to_owned(), response.user_code.expose().to_owned())
    };
    let enter = |user_code: &str| match server.verify_user_code(user_code, moment(0, now)).run(plain) {
        VerifyUserCodeReply::Ask(prompt) => prompt,
        VerifyUserCodeReply::Refuse(error) => panic!("{error}"),
    };
    let ((device_code, user_code), (_, other)) = (start(4), start(5));
    let (prompt, another) = (enter(&user_code), enter(&other));
    (device_code, Devices { user_code, prompt, another })
}

fn forms(tokens: &Tokens, kind: Kind) -> Vec<(&'static str, Request<String>)> {
    let Tokens { code, access_token, refresh_token } = tokens;
    let as_app = as_app(kind);
    let as_service = format!("client_id=service&client_secret={SERVICE_SECRET}");
    // A public client may not introspect, and a resource server is not told of refresh tokens.
    let as_reader = if kind == Kind::Public { &as_service } else { &as_app };
    let refresh = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let bodies = [
        ("push", pushed(kind)),
        ("device", as_app.clone()),
        ("poll", poll(code, &as_app)),
        ("poll by another", poll(code, "client_id=other")),
        ("exchange", exchange(code, VERIFIER, kind)),
        ("stolen", exchange(code, OTHER_VERIFIER, kind)),
        ("refresh", format!("{refresh}&{as_app}")),
        ("refresh by another", format!("{refresh}&client_id=other")),
        ("revoke refresh", format!("token={refresh_token}&{as_app}")),
        ("revoke access", format!("token={access_token}&{as_app}")),
        ("introspect access", format!("token={access_token}&{as_service}")),
        ("introspect refresh", format!("token={refresh_token}&{as_reader}")),
        ("client credentials", format!("grant_type=client_credentials&{as_service}")),
        ("password", format!("grant_type=password&username=alice&password={PASSWORD}&{as_service}")),
        ("extension", format!("grant_type={SAML}&assertion={ASSERTION}&{as_service}")),
    ];
    bodies.map(|(name, body)| (name, form(&body))).into_iter().chain(registration::requests(kind)).collect()
}

fn form(body: &str) -> Request<String> {
    let form = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    form.body(body.to_owned()).unwrap()
}

/// The model as a store, for what happens before the exploration.
pub struct Plain(pub Mutex<Model>);

impl Plain {
    fn snapshot(&self) -> Model {
        self.0.lock().unwrap().clone()
    }
}

impl Store for Plain {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        Ok(self.0.lock().unwrap().lookup(lookup, None))
    }
    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        if commit.changes().iter().any(|change| matches!(change, Change::Unknown(_))) {
            return Err(Unavailable::new("a change that the model does not know"));
        }
        Ok(self.0.lock().unwrap().commit(commit, None))
    }
}

/// When a request that comes at this time takes it to be.
pub fn clock(came: Timestamp, fault: Option<Fault>) -> Timestamp {
    if fault == Some(Fault::ClockStandsStill) { Timestamp(TIMES[0]) } else { came }
}
