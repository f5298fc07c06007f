//! What is explored: one grant, in some stage of its life, and the requests that meet there.
//!
//! A further machine joins by an entry in [`ENTRIES`].

use std::time::Duration;

use grantor::model::{
    Client, ClientId, CodeChallengeMethod, CodeVerifier, GrantId, GrantType, Issuer, Key, RedirectUri, Resource,
    ResponseType, Scope, Subject,
};
use grantor::resource::{self, Requirement, ResourceServer};
use grantor::server::{Approval, Authorization, Config, Prompt, RefreshPolicy};
use grantor::store::{Change, Commit, Outcome};
use grantor::{Moment, Server, Timestamp};
use http::{Request, header};

use crate::counter::Counter;
use crate::faults::Fault;
use crate::model::Model;
use crate::paused::{Asks, Next, Observed, Paused, Told, hold};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const OTHER_VERIFIER: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMx";
const SECRET: &str = "7Fjfp0ZBr1KtDRbnfVdmIw-7Fjfp0ZBr1KtDRbnfVdmIw";

/// The times that pass: at first, past the grace of a rotated token, past the life of codes and access tokens.
pub const TIMES: [u64; 3] = [1_000_000, 1_000_045, 1_000_700];

/// A stage in the life of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The resource owner is asked.
    Asked,
    /// The code is out.
    Authorized,
    /// The tokens that it was exchanged for are out.
    Issued,
}

/// The world before the requests come.
pub struct Scene {
    pub stage: Stage,
    pub grace: Duration,
    pub server: Server,
    pub model: Model,
    pub grant: GrantId,
    pub code: String,
    pub access_token: String,
    pub refresh_token: String,
    photos: ResourceServer,
    reading: Requirement,
    bearer: Request<&'static str>,
    prompt: Prompt,
    forms: Vec<(&'static str, Request<String>)>,
}

/// A request that may come.
pub struct Entry {
    pub name: &'static str,
    pub stages: &'static [Stage],
    pub role: Role,
    start: fn(&'static Scene, usize, Timestamp) -> Next,
}

/// What a request may do to the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Approve,
    /// A sound exchange of the code.
    Exchange,
    Refresh,
    /// Ends the whole grant.
    RevokeGrant,
    /// Ends the access token.
    RevokeAccess,
    /// Says whether the access token is good.
    Tells,
    /// Reads the refresh token, or presents something that is not its own.
    Harmless,
}

use Stage::{Asked, Authorized, Issued};

pub const ENTRIES: &[Entry] = &[
    Entry { name: "approve", stages: &[Asked], role: Role::Approve, start: approve },
    Entry {
        name: "exchange",
        stages: &[Asked, Authorized, Issued],
        role: Role::Exchange,
        start: |s, i, now| token(s, "exchange", i, now),
    },
    Entry {
        name: "exchange with another verifier",
        stages: &[Asked, Authorized, Issued],
        role: Role::Harmless,
        start: |s, i, now| token(s, "stolen", i, now),
    },
    Entry { name: "refresh", stages: &[Issued], role: Role::Refresh, start: |s, i, now| token(s, "refresh", i, now) },
    Entry {
        name: "refresh by another client",
        stages: &[Issued],
        role: Role::Harmless,
        start: |s, i, now| token(s, "refresh by another", i, now),
    },
    Entry {
        name: "revoke the refresh token",
        stages: &[Issued],
        role: Role::RevokeGrant,
        start: |s, _, _| hold(s.server.revoke(s.form("revoke refresh"))),
    },
    Entry {
        name: "revoke the access token",
        stages: &[Issued],
        role: Role::RevokeAccess,
        start: |s, _, _| hold(s.server.revoke(s.form("revoke access"))),
    },
    Entry {
        name: "log the application out",
        stages: &[Asked, Authorized, Issued],
        role: Role::RevokeGrant,
        start: log_out,
    },
    Entry {
        name: "introspect the access token",
        stages: &[Issued],
        role: Role::Tells,
        start: |s, _, now| hold(s.server.introspect(s.form("introspect access"), now)),
    },
    Entry { name: "present the access token", stages: &[Issued], role: Role::Tells, start: |s, _, now| s.present(now) },
    Entry {
        name: "introspect the refresh token",
        stages: &[Issued],
        role: Role::Harmless,
        start: |s, _, now| hold(s.server.introspect(s.form("introspect refresh"), now)),
    },
];

impl Entry {
    /// The request comes in, as the `index`th of the schedule.
    pub fn start(&self, scene: &'static Scene, index: usize, now: Timestamp) -> Next {
        (self.start)(scene, index, now)
    }
}

/// What is asked for, the same each time but for the randomness.
fn moment(seed: usize, now: Timestamp) -> Moment {
    Moment::new(now, &mut Counter(seed as u64))
}

fn approve(scene: &'static Scene, _: usize, now: Timestamp) -> Next {
    let approval = Approval::by(Subject::parse("alice").unwrap());
    hold(scene.prompt.clone().approve(&scene.server, approval, moment(1, now)))
}

fn token(scene: &'static Scene, form: &str, index: usize, now: Timestamp) -> Next {
    hold(scene.server.token(scene.form(form), moment(10 + index, now)))
}

/// The host ends the grant by a commit of its own.
fn log_out(scene: &'static Scene, _: usize, _: Timestamp) -> Next {
    Next::Paused(Box::new(LogOut(scene.grant)))
}

#[derive(Clone)]
struct LogOut(GrantId);

impl Paused for LogOut {
    fn fork(&self) -> Box<dyn Paused> {
        Box::new(self.clone())
    }
    fn name(&self) -> String {
        "LogOut".to_owned()
    }
    fn asks(&self) -> Asks {
        Asks::Commit(Commit::of(Change::Revoke(self.0)))
    }
    fn tell(self: Box<Self>, told: Told) -> Next {
        let is_done = matches!(told, Told::Outcome(Outcome::Applied));
        Next::Done(Observed {
            status: if is_done { 200 } else { 503 },
            secrets: Vec::new(),
            error: (!is_done).then(|| "server_error".to_owned()),
            active: false,
            event: "LoggedOut".to_owned(),
            body: Vec::new(),
            location: None,
        })
    }
}

impl Scene {
    /// A grant in this stage. It lives as long as the test.
    pub fn new(stage: Stage, grace: Duration, consult_issuance: bool) -> &'static Self {
        let mut config = Config::new(Issuer::parse("https://server.example").unwrap());
        config.refresh = RefreshPolicy::Rotate { grace };
        config.consult_issuance = consult_issuance;
        let server = Server::new(config);
        let model = Model::new(clients());
        let now = Timestamp(TIMES[0]);

        let challenge = CodeVerifier::parse(VERIFIER).unwrap().challenge(CodeChallengeMethod::S256).digest();
        let query = format!("response_type=code&client_id=app&code_challenge={challenge}&code_challenge_method=S256");
        let request = Request::get(format!("/authorize?{query}")).body("").unwrap();
        let Authorization::Ask(prompt) = server.authorize(&request).run(&Plain(model.clone().into())) else {
            panic!("the request is sound")
        };
        let approval = Approval::by(Subject::parse("alice").unwrap());
        let plain = Plain(model.clone().into());
        let response = prompt.clone().approve(&server, approval, moment(1, now)).run(&plain);
        let (_, query) = response.location().unwrap().split_once('?').unwrap();
        let (_, code) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code").unwrap();
        let code = code.into_owned();
        let authorized = plain.0.lock().unwrap().clone();
        let reply = server.token(&form(&exchange(&code, VERIFIER)), moment(2, now)).run(&plain);
        let response = reply.result().unwrap();
        let access_token = response.access_token.expose().to_owned();
        let refresh_token = response.refresh_token.as_ref().unwrap().expose().to_owned();
        let after = plain.0.into_inner().unwrap();
        let grant = after.presented(Key::of(&code).unwrap()).unwrap().grant.id;
        let model = match stage {
            Asked => model,
            Authorized => authorized,
            Issued => after,
        };
        let as_service = |token: &str| format!("token={token}&client_id=service&client_secret={SECRET}");
        let forms = vec![
            ("exchange", exchange(&code, VERIFIER)),
            ("stolen", exchange(&code, OTHER_VERIFIER)),
            ("refresh", format!("grant_type=refresh_token&refresh_token={refresh_token}&client_id=app")),
            ("refresh by another", format!("grant_type=refresh_token&refresh_token={refresh_token}&client_id=other")),
            ("revoke refresh", format!("token={refresh_token}&client_id=app")),
            ("revoke access", format!("token={access_token}&client_id=app")),
            ("introspect access", as_service(&access_token)),
            ("introspect refresh", as_service(&refresh_token)),
        ];
        let forms = forms.into_iter().map(|(name, body)| (name, form(&body))).collect();
        let mut photos = resource::Config::new(Resource::parse("https://api.example/photos").unwrap());
        photos.accept_unrestricted = true;
        let photos = ResourceServer::new(photos);
        let reading = Requirement::scope(Scope::parse("read").unwrap());
        let bearer = Request::get("/photos").header(header::AUTHORIZATION, format!("Bearer {access_token}"));
        let bearer = bearer.body("").unwrap();
        Box::leak(Box::new(Self {
            photos,
            reading,
            bearer,
            stage,
            grace,
            server,
            model,
            grant,
            code,
            access_token,
            refresh_token,
            prompt,
            forms,
        }))
    }

    /// The access token is shown to a resource server.
    pub fn present(&'static self, now: Timestamp) -> Next {
        hold(self.photos.check(&self.bearer, &self.reading, now))
    }

    fn form(&self, name: &str) -> &Request<String> {
        &self.forms.iter().find(|(other, _)| *other == name).unwrap().1
    }

    /// The secrets that are out at the start.
    pub fn secrets(&self) -> Vec<&str> {
        let issued = [&*self.access_token, &*self.refresh_token];
        let issued = issued.into_iter().filter(|_| self.stage == Issued);
        [&*self.code, VERIFIER, SECRET].into_iter().chain(issued).collect()
    }
}

fn clients() -> Vec<Client> {
    let app = |id: &str| {
        let mut client = Client::public(ClientId::parse(id).unwrap());
        client.redirect_uris = vec![RedirectUri::parse("https://client.example/cb").unwrap()];
        client.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
        client.response_types = vec![ResponseType::Code];
        client.scope = Scope::parse("read write").unwrap();
        client
    };
    let mut service = Client::confidential(ClientId::parse("service").unwrap(), SECRET);
    service.resource_server = Some(Vec::new());
    vec![app("app"), app("other"), service]
}

fn exchange(code: &str, verifier: &str) -> String {
    format!("grant_type=authorization_code&code={code}&client_id=app&code_verifier={verifier}")
}

fn form(body: &str) -> Request<String> {
    let form = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    form.body(body.to_owned()).unwrap()
}

/// The model as a store, for what happens before the exploration.
pub struct Plain(pub std::sync::Mutex<Model>);

impl grantor::store::Store for Plain {
    fn lookup(&self, lookup: &grantor::store::Lookup) -> grantor::Answer<grantor::store::Lookup> {
        Ok(self.0.lock().unwrap().lookup(lookup, None))
    }
    fn commit(&self, commit: &Commit) -> grantor::Answer<Commit> {
        Ok(self.0.lock().unwrap().commit(commit, None))
    }
}

/// When a request that comes now takes it to be.
pub fn clock(at: usize, fault: Option<Fault>) -> Timestamp {
    Timestamp(TIMES[if fault == Some(Fault::ClockStandsStill) { 0 } else { at }])
}
