//! grantor, as its README shows it: a `MemoryStore`, the system's clock, and the system's generator, which the other
//! libraries take.

use std::time::SystemTime;

use ::grantor::model::{ClientId, GrantType, Issuer, RedirectUri, Resource, ResponseType, Scope, Subject};
use ::grantor::record::Client;
use ::grantor::resource::{self, Requirement};
use ::grantor::server::{Approval, AuthorizeReply, Config, DeviceConfig, ParConfig};
use ::grantor::store::MemoryStore;
use ::grantor::{Moment, ResourceServer, Server};
use http::{Response, StatusCode};
use rand::rngs::SysRng;

use crate::batch::Library;
use crate::scenario::{self, CALLBACK, CLIENT, ISSUER, OWNER, Operation, Request, SCOPE, SECRET, SERVICE};

pub struct Grantor {
    pub server: Server,
    pub store: MemoryStore,
    photos: ResourceServer,
    requirement: Requirement,
    moment: fn(SystemTime) -> Moment,
}

/// The same with a generator of the thread's own, seeded by the system's, as busy hosts have it.
pub struct WithThreadRng(Grantor);

impl Library for Grantor {
    type Body = Vec<u8>;

    fn new() -> Self {
        let mut photos = resource::Config::new(Resource::parse("https://api.example/photos").unwrap());
        photos.accept_unrestricted = true;
        let mut config = Config::new(Issuer::parse(ISSUER).unwrap());
        config.par = Some(ParConfig::below(&config.issuer));
        config.device = Some(DeviceConfig::below(&config.issuer));
        config.token.grant_types.push(GrantType::DeviceCode);
        Self {
            server: Server::new(config).unwrap(),
            store: MemoryStore::new()
                .with_client(registered(Client::public(ClientId::parse(CLIENT).unwrap())))
                .with_client(registered(Client::confidential(ClientId::parse(SERVICE).unwrap(), SECRET))),
            photos: ResourceServer::new(photos),
            requirement: Requirement::scope(Scope::parse("photos.read").unwrap()),
            moment: |now| Moment::try_new(now, &mut SysRng).expect("random bytes"),
        }
    }

    fn has(_: Operation) -> bool {
        true
    }

    /// Whatever is presented is digested, and whatever is issued: a verifier, a secret, a code, a token.
    fn blocks(operation: Operation) -> usize {
        match operation {
            Operation::Authorize | Operation::Check => 1,
            Operation::ClientCredentials | Operation::Introspect | Operation::Revoke => 2,
            Operation::Push | Operation::Poll => 2,
            Operation::Refresh => 3,
            Operation::Code => 4,
            Operation::CodeConfidential => 5,
        }
    }

    fn serve(&mut self, operation: Operation, request: Request) -> Response<Vec<u8>> {
        match operation {
            Operation::Authorize => self.authorize(&request),
            Operation::Introspect => self.server.introspect(&request, self.now()).run(&self.store).into_http(),
            Operation::Revoke => self.server.revoke(&request, self.now()).run(&self.store).into_http(),
            Operation::Check => self.check(&request),
            Operation::Push => self.server.push(&request, self.now()).run(&self.store).into_http(),
            Operation::Poll if request.uri().path() == "/device_authorization" => {
                self.server.authorize_device(&request, self.now()).run(&self.store).into_http()
            }
            _ => self.token(&request),
        }
    }
}

fn registered(mut client: Client) -> Client {
    client.redirect_uris = vec![RedirectUri::parse(CALLBACK).unwrap()];
    client.grant_types = vec![
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::ClientCredentials,
        GrantType::DeviceCode,
    ];
    client.response_types = vec![ResponseType::Code];
    client.scope = Scope::parse(SCOPE).unwrap();
    client
}

impl Library for WithThreadRng {
    type Body = Vec<u8>;

    fn new() -> Self {
        Self(Grantor { moment: |now| Moment::new(now, &mut rand::rng()), ..Grantor::new() })
    }

    fn has(operation: Operation) -> bool {
        Grantor::has(operation)
    }

    fn blocks(operation: Operation) -> usize {
        Grantor::blocks(operation)
    }

    fn serve(&mut self, operation: Operation, request: Request) -> Response<Vec<u8>> {
        self.0.serve(operation, request)
    }
}

impl Grantor {
    pub fn token(&self, request: &Request) -> Response<Vec<u8>> {
        self.token_at(request, SystemTime::now())
    }

    pub fn token_at(&self, request: &Request, now: SystemTime) -> Response<Vec<u8>> {
        self.server.token(request, (self.moment)(now)).run(&self.store).into_http()
    }

    fn now(&self) -> Moment {
        (self.moment)(SystemTime::now())
    }

    fn authorize(&self, request: &Request) -> Response<Vec<u8>> {
        match self.server.authorize(request, self.now()).run(&self.store) {
            AuthorizeReply::Ask(prompt) => {
                let approval = Approval::by(Subject::parse(OWNER).unwrap());
                prompt.approve(&self.server, approval, self.now()).run(&self.store).into_http()
            }
            refused => panic!("{:?}", refused.event()),
        }
    }

    fn check(&self, request: &Request) -> Response<Vec<u8>> {
        let reply = self.photos.check(request, &self.requirement, SystemTime::now()).run(&self.store);
        match reply.into_result() {
            Ok(_) => Response::new(Vec::new()),
            Err(refusal) => refusal.into_http(),
        }
    }

    /// An access token of the client itself.
    pub fn access_token(&self) -> String {
        let response = self.token(&scenario::client_credentials());
        assert_eq!(response.status(), StatusCode::OK);
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }
}
