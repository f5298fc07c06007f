//! oxide-auth with its maps in memory and its PKCE addon. It comes without HTTP types, so a few lines read and write
//! those. It needs `&mut` where the others share; no lock is counted against it.

use std::borrow::Cow;
use std::convert::Infallible;

use ::oxide_auth::endpoint::{
    AccessTokenFlow, AuthorizationFlow, ClientCredentialsFlow, NormalizedParameter, OwnerConsent, QueryParameter,
    RefreshFlow, ResourceFlow, Solicitation, WebRequest, WebResponse,
};
use ::oxide_auth::frontends::simple::endpoint::{FnSolicitor, Generic, Vacant};
use ::oxide_auth::frontends::simple::extensions::{AddonList, Extended, Pkce};
use ::oxide_auth::primitives::prelude::{AuthMap, Client, ClientMap, RandomGenerator, Scope, TokenMap};
use ::oxide_auth::primitives::registrar::{PasswordPolicy, RegisteredUrl, RegistrarError};
use http::{HeaderValue, Response, StatusCode, header};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::batch::Library;
use crate::scenario::{CALLBACK, CLIENT, OWNER, Operation, Request, SCOPE, SECRET, SERVICE};

type Solicitor = FnSolicitor<fn(&mut Incoming, Solicitation<'_>) -> OwnerConsent<Outgoing>>;
type Inner = Generic<ClientMap, AuthMap<RandomGenerator>, TokenMap<RandomGenerator>, Solicitor, Vec<Scope>>;

pub struct OxideAuth {
    endpoint: Extended<Inner, AddonList>,
}

impl Library for OxideAuth {
    type Body = Vec<u8>;

    fn new() -> Self {
        let scope = || SCOPE.parse::<Scope>().unwrap();
        let callback = || RegisteredUrl::from(CALLBACK.parse::<Url>().unwrap());
        let mut registrar = ClientMap::new();
        registrar.set_password_policy(FastHash);
        registrar.register_client(Client::public(CLIENT, callback(), scope()));
        registrar.register_client(Client::confidential(SERVICE, callback(), scope(), SECRET.as_bytes()));
        let mut addons = AddonList::new();
        addons.push_code(Pkce::required());
        let inner = Generic {
            registrar,
            authorizer: AuthMap::new(RandomGenerator::new(32)),
            issuer: TokenMap::new(RandomGenerator::new(32)),
            solicitor: FnSolicitor(approve as fn(&mut Incoming, Solicitation<'_>) -> OwnerConsent<Outgoing>),
            scopes: vec!["photos.read".parse().unwrap()],
            response: Vacant,
        };
        Self { endpoint: Extended::extend_with(inner, addons) }
    }

    fn has(operation: Operation) -> bool {
        !matches!(operation, Operation::Introspect | Operation::Revoke | Operation::Push | Operation::Poll)
    }

    /// The verifier and, by `FastHash`, the secret. Codes and tokens are kept as they are.
    fn blocks(operation: Operation) -> usize {
        match operation {
            Operation::Code | Operation::ClientCredentials => 1,
            Operation::CodeConfidential => 2,
            _ => 0,
        }
    }

    fn serve(&mut self, operation: Operation, request: Request) -> Response<Vec<u8>> {
        let request = Incoming(request);
        let endpoint = &mut self.endpoint;
        let response = match operation {
            Operation::Authorize => AuthorizationFlow::prepare(endpoint).map(|mut flow| flow.execute(request)),
            Operation::Refresh => RefreshFlow::prepare(endpoint).map(|mut flow| flow.execute(request)),
            Operation::ClientCredentials => ClientCredentialsFlow::prepare(endpoint).map(|mut flow| {
                flow.allow_credentials_in_body(true);
                flow.execute(request)
            }),
            Operation::Check => return self.check(request),
            _ => AccessTokenFlow::prepare(endpoint).map(|mut flow| {
                flow.allow_credentials_in_body(true);
                flow.execute(request)
            }),
        };
        response.and_then(|response| response).expect("a response").0
    }
}

impl OxideAuth {
    fn check(&mut self, request: Incoming) -> Response<Vec<u8>> {
        let mut flow = ResourceFlow::prepare(&mut self.endpoint).expect("an endpoint");
        match flow.execute(request) {
            Ok(_) => Response::new(Vec::new()),
            Err(Ok(response)) => response.0,
            Err(Err(error)) => panic!("{error:?}"),
        }
    }
}

fn approve(_: &mut Incoming, _: Solicitation<'_>) -> OwnerConsent<Outgoing> {
    OwnerConsent::Authorized(OWNER.to_owned())
}

/// What the others do with generated secrets. By default oxide-auth takes Argon2, which would drown the rest.
struct FastHash;

impl PasswordPolicy for FastHash {
    fn store(&self, _: &str, passphrase: &[u8]) -> Vec<u8> {
        Sha256::digest(passphrase).to_vec()
    }

    fn check(&self, _: &str, passphrase: &[u8], stored: &[u8]) -> Result<(), RegistrarError> {
        if Sha256::digest(passphrase).as_slice() == stored { Ok(()) } else { Err(RegistrarError::Unspecified) }
    }
}

#[derive(Debug)]
pub struct Incoming(Request);

fn parameters(encoded: &[u8]) -> Cow<'static, dyn QueryParameter + 'static> {
    let pairs = form_urlencoded::parse(encoded).map(|(name, value)| (name.into_owned(), value.into_owned()));
    Cow::Owned(pairs.collect::<NormalizedParameter>())
}

impl WebRequest for Incoming {
    type Error = Infallible;
    type Response = Outgoing;

    fn query(&mut self) -> Result<Cow<'_, dyn QueryParameter + 'static>, Infallible> {
        Ok(parameters(self.0.uri().query().unwrap_or_default().as_bytes()))
    }

    fn urlbody(&mut self) -> Result<Cow<'_, dyn QueryParameter + 'static>, Infallible> {
        Ok(parameters(self.0.body()))
    }

    fn authheader(&mut self) -> Result<Option<Cow<'_, str>>, Infallible> {
        let value = self.0.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        Ok(value.map(Cow::Borrowed))
    }
}

#[derive(Debug, Default)]
pub struct Outgoing(Response<Vec<u8>>);

impl WebResponse for Outgoing {
    type Error = Infallible;

    fn ok(&mut self) -> Result<(), Infallible> {
        *self.0.status_mut() = StatusCode::OK;
        Ok(())
    }

    fn redirect(&mut self, url: Url) -> Result<(), Infallible> {
        *self.0.status_mut() = StatusCode::FOUND;
        self.0.headers_mut().insert(header::LOCATION, HeaderValue::try_from(String::from(url)).unwrap());
        Ok(())
    }

    fn client_error(&mut self) -> Result<(), Infallible> {
        *self.0.status_mut() = StatusCode::BAD_REQUEST;
        Ok(())
    }

    fn unauthorized(&mut self, challenge: &str) -> Result<(), Infallible> {
        *self.0.status_mut() = StatusCode::UNAUTHORIZED;
        self.0.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_str(challenge).unwrap());
        Ok(())
    }

    fn body_text(&mut self, text: &str) -> Result<(), Infallible> {
        self.0.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        *self.0.body_mut() = text.as_bytes().to_vec();
        Ok(())
    }

    fn body_json(&mut self, json: &str) -> Result<(), Infallible> {
        self.0.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *self.0.body_mut() = json.as_bytes().to_vec();
        Ok(())
    }
}
