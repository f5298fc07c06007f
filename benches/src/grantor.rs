//! grantor, as its README shows it: a `MemoryStore`, the thread's generator, the system clock.

use std::time::SystemTime;

use ::grantor::model::{ClientId, GrantType, Issuer, RedirectUri, Resource, ResponseType, Scope, Subject};
use ::grantor::record::Client;
use ::grantor::resource::{self, Requirement};
use ::grantor::server::{Approval, AuthorizeReply, Config};
use ::grantor::store::MemoryStore;
use ::grantor::{Moment, ResourceServer, Server};
use http::{Response, StatusCode};

use crate::batch::Library;
use crate::floor;
use crate::scenario::{self, CALLBACK, CLIENT, ISSUER, OWNER, Operation, Request, SCOPE, SECRET, SERVICE};

pub struct Grantor {
    pub server: Server,
    pub store: MemoryStore,
    photos: ResourceServer,
    requirement: Requirement,
}

impl Library for Grantor {
    type Body = Vec<u8>;

    fn new() -> Self {
        let mut photos = resource::Config::new(Resource::parse("https://api.example/photos").unwrap());
        photos.accept_unrestricted = true;
        Self {
            server: Server::new(Config::new(Issuer::parse(ISSUER).unwrap())).unwrap(),
            store: MemoryStore::new()
                .with_client(registered(Client::public(ClientId::parse(CLIENT).unwrap())))
                .with_client(registered(Client::confidential(ClientId::parse(SERVICE).unwrap(), SECRET))),
            photos: ResourceServer::new(photos),
            requirement: Requirement::scope(Scope::parse("photos.read").unwrap()),
        }
    }

    fn has(_: Operation) -> bool {
        true
    }

    fn blocks(operation: Operation) -> usize {
        floor::blocks(operation)
    }

    fn serve(&mut self, operation: Operation, request: Request) -> Response<Vec<u8>> {
        match operation {
            Operation::Authorize => self.authorize(&request),
            Operation::Introspect => self.server.introspect(&request, now()).run(&self.store).into_http(),
            Operation::Revoke => self.server.revoke(&request, now()).run(&self.store).into_http(),
            Operation::Check => self.check(&request),
            _ => self.token(&request),
        }
    }
}

fn registered(mut client: Client) -> Client {
    client.redirect_uris = vec![RedirectUri::parse(CALLBACK).unwrap()];
    client.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];
    client.response_types = vec![ResponseType::Code];
    client.scope = Scope::parse(SCOPE).unwrap();
    client
}

fn moment(now: SystemTime) -> Moment {
    Moment::new(now, &mut rand::rng())
}

fn now() -> Moment {
    moment(SystemTime::now())
}

impl Grantor {
    pub fn token(&self, request: &Request) -> Response<Vec<u8>> {
        self.token_at(request, SystemTime::now())
    }

    pub fn token_at(&self, request: &Request, now: SystemTime) -> Response<Vec<u8>> {
        self.server.token(request, moment(now)).run(&self.store).into_http()
    }

    fn authorize(&self, request: &Request) -> Response<Vec<u8>> {
        match self.server.authorize(request, now()).run(&self.store) {
            AuthorizeReply::Ask(prompt) => {
                let approval = Approval::by(Subject::parse(OWNER).unwrap());
                prompt.approve(&self.server, approval, now()).run(&self.store).into_http()
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
