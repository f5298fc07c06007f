//! A client that registered itself, and that reads, updates and deletes its registration while its tokens are used.

use grantor::Timestamp;
use grantor::model::{Digest, Endpoint, GrantId, Scope};
use grantor::record::{Client, DynamicRegistration};
use grantor::server::{Registrants, RegistrationConfig};
use grantor::store::{Change, Commit, Outcome};
use http::{Request, header};
use serde_json::json;

use crate::entries::moment;
use crate::paused::{Asks, Next, Observed, Paused, Told, hold};
use crate::scene::{Kind, Scene};

/// The registration access token of `app`.
pub const TOKEN: &str = "reg-23410913-abewfq.123483-bmV2ZXItdG9sZA";

/// The section of the server: for everybody, or for whom the host lets.
pub fn section(by_host: bool) -> RegistrationConfig {
    let mut section = RegistrationConfig::at(Endpoint::parse("https://server.example/register").unwrap());
    section.registrants = if by_host { Registrants::Host } else { Registrants::Anybody };
    section.scope = Scope::parse("read write").unwrap();
    section
}

/// The same client, as one that registered itself.
pub fn registered(client: Client) -> Client {
    let mut registration = DynamicRegistration::at(Timestamp(1));
    registration.access_token = Some(Digest::of(TOKEN));
    let mut client = client;
    client.registration = Some(registration);
    client
}

/// What `app` sends to its client configuration endpoint.
pub fn requests(kind: Kind) -> [(&'static str, Request<String>); 3] {
    let metadata = json!({
        "client_id": "app",
        "client_name": "another name",
        "redirect_uris": ["https://client.example/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": if kind == Kind::Public { "none" } else { "client_secret_post" },
        "scope": "read write",
    });
    let request = |method: &str, body: String| {
        let request = Request::builder().method(method).uri("/register/app");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap()
    };
    [
        ("update registration", request("PUT", metadata.to_string())),
        ("delete registration", request("DELETE", String::new())),
        ("read registration", request("GET", String::new())),
    ]
}

pub fn configure(scene: &'static Scene, request: &str, seed: usize, now: Timestamp) -> Next {
    hold(scene.server.configure(scene.form(request), moment(10 + seed, now)))
}

/// The deletion, after which the host ends the client's grants before it answers.
pub fn delete(scene: &'static Scene, seed: usize, now: Timestamp) -> Next {
    Deleting::of(configure(scene, "delete registration", seed, now), scene.grant)
}

struct Deleting {
    machine: Box<dyn Paused>,
    grant: GrantId,
}

impl Deleting {
    fn of(next: Next, grant: GrantId) -> Next {
        match next {
            Next::Paused(machine) => Next::Paused(Box::new(Self { machine, grant })),
            Next::Done(told) if told.status == 204 => Next::Paused(Box::new(Ending { grant, told })),
            done @ Next::Done(_) => done,
        }
    }
}

impl Paused for Deleting {
    fn fork(&self) -> Box<dyn Paused> {
        Box::new(Self { machine: self.machine.fork(), grant: self.grant })
    }
    fn name(&self) -> String {
        self.machine.name()
    }
    fn asks(&self) -> Asks {
        self.machine.asks()
    }
    fn debug(&self) -> String {
        self.machine.debug()
    }
    fn tell(self: Box<Self>, told: Told) -> Next {
        Self::of(self.machine.tell(told), self.grant)
    }
}

/// The client is off, and its grant is about to end.
#[derive(Clone)]
struct Ending {
    grant: GrantId,
    told: Observed,
}

impl Paused for Ending {
    fn fork(&self) -> Box<dyn Paused> {
        Box::new(self.clone())
    }
    fn name(&self) -> String {
        "EndGrants".to_owned()
    }
    fn asks(&self) -> Asks {
        Asks::Commit(Commit::of(Change::Revoke(self.grant)))
    }
    fn debug(&self) -> String {
        format!("{:?}", self.asks())
    }
    fn tell(self: Box<Self>, told: Told) -> Next {
        Next::Done(match told {
            Told::Outcome(Outcome::Applied) => self.told,
            _ => {
                let error = Some("server_error".to_owned());
                Observed { status: 503, error, event: "GrantsNotRevoked".to_owned(), ..Observed::default() }
            }
        })
    }
}
