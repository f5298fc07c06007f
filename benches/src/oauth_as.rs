//! oauth-as behind its own HTTP service, with its own memory storage.

use std::sync::Arc;

use ::oauth_as::http::{ApprovalDecision, AuthorizationService, ServiceBuilder};
use ::oauth_as::{
    AuthorizationServer, Client, ClientAuth, ClientId, GrantType, MemoryStorage, ScopeSet, SecretHash, ServerConfig,
    SystemClock,
};
use bytes::Bytes;
use futures_lite::future::block_on;
use http::Response;
use http_body_util::Full;

use crate::batch::Library;
use crate::scenario::{CALLBACK, CLIENT, ISSUER, OWNER, Operation, Request, SCOPE, SECRET, SERVICE};

pub struct OauthAs {
    service: AuthorizationService<MemoryStorage, SystemClock>,
}

impl Library for OauthAs {
    type Body = Bytes;

    fn new() -> Self {
        let mut config = ServerConfig::new(ISSUER, format!("{ISSUER}/device"));
        config.introspection_endpoint = Some(format!("{ISSUER}/introspect"));
        config.revocation_endpoint = Some(format!("{ISSUER}/revoke"));
        let server = AuthorizationServer::new(config, MemoryStorage::new());
        let secret = ClientAuth::ConfidentialSecretHash { hash: SecretHash::sha256(SECRET) };
        block_on(server.register_client(registered(CLIENT, ClientAuth::Public))).unwrap();
        block_on(server.register_client(registered(SERVICE, secret))).unwrap();
        let service = ServiceBuilder::new(Arc::new(server))
            .with_subject_resolver(|_| Some(OWNER.to_owned()))
            .with_approval_resolver(|_| ApprovalDecision::Approve)
            .build()
            .unwrap();
        Self { service }
    }

    /// A resource server is left to introspect. Pushed requests and devices are not compared.
    fn has(operation: Operation) -> bool {
        !matches!(operation, Operation::Check | Operation::Push | Operation::Poll)
    }

    /// Codes and tokens are kept as they are. A client secret is digested; the digest, in hex, is compared with the
    /// stored one by digests of both, of two blocks each.
    fn blocks(operation: Operation) -> usize {
        match operation {
            Operation::Code => 1,
            Operation::CodeConfidential => 6,
            Operation::ClientCredentials | Operation::Introspect | Operation::Revoke => 5,
            _ => 0,
        }
    }

    fn serve(&mut self, _: Operation, request: Request) -> Response<Bytes> {
        self.handle(request)
    }
}

impl OauthAs {
    pub fn handle(&self, request: Request) -> Response<Bytes> {
        block_on(self.service.handle(request.map(Full::new))).map(|body| body.into_bytes())
    }
}

fn registered(client_id: &str, auth: ClientAuth) -> Client {
    let mut grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    if auth.is_confidential() {
        grant_types.push(GrantType::ClientCredentials);
    }
    Client {
        client_id: ClientId::new(client_id),
        auth,
        grant_types,
        redirect_uris: vec![CALLBACK.to_owned()],
        allowed_scopes: ScopeSet::parse(SCOPE).unwrap(),
        default_scopes: ScopeSet::parse(SCOPE).unwrap(),
        name: None,
        registration: None,
    }
}
