//! What is asked of every library: two clients, one resource owner, and the requests that they make.

use bytes::Bytes;
use http::{Method, header};

pub type Request = http::Request<Bytes>;

pub const CLIENT: &str = "photo-printer";
pub const SERVICE: &str = "photo-service";
pub const SECRET: &str = "gX1fBat3bVgX1fBat3bVgX1fBat3bVgX1fBat3bVgX1";
pub const CALLBACK: &str = "https://printer.example/callback";
pub const OWNER: &str = "alice";
pub const SCOPE: &str = "photos.read photos.write";
pub const ISSUER: &str = "https://photos.example";

/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What is measured, request by request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    Authorize,
    Code,
    CodeConfidential,
    Refresh,
    ClientCredentials,
    Introspect,
    Revoke,
    Check,
    Push,
    Poll,
}

impl Operation {
    pub const ALL: [Self; 10] = [
        Self::Authorize,
        Self::Code,
        Self::CodeConfidential,
        Self::Refresh,
        Self::ClientCredentials,
        Self::Introspect,
        Self::Revoke,
        Self::Check,
        Self::Push,
        Self::Poll,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize and approve",
            Self::Code => "code exchange, public client",
            Self::CodeConfidential => "code exchange, confidential client",
            Self::Refresh => "refresh with rotation",
            Self::ClientCredentials => "client credentials",
            Self::Introspect => "introspection",
            Self::Revoke => "revocation",
            Self::Check => "bearer check",
            Self::Push => "pushed authorization request",
            Self::Poll => "poll of a device",
        }
    }
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn authorization_request(client_id: &str) -> String {
    format!(
        "response_type=code&client_id={client_id}&state=af0ifjsldkj&redirect_uri={}&scope={}\
         &code_challenge={CHALLENGE}&code_challenge_method=S256",
        encode(CALLBACK),
        encode(SCOPE),
    )
}

pub fn authorize(client_id: &str) -> Request {
    let uri = format!("{ISSUER}/authorize?{}", authorization_request(client_id));
    http::Request::get(uri).body(Bytes::new()).unwrap()
}

pub fn push() -> Request {
    post("/par", format!("{}&client_secret={SECRET}", authorization_request(SERVICE)))
}

pub fn authorize_device() -> Request {
    post("/device_authorization", format!("{}&scope={}", client(SERVICE), encode(SCOPE)))
}

/// The poll with a device code that nobody has approved yet.
pub fn poll(device_code: &str) -> Request {
    let grant_type = encode("urn:ietf:params:oauth:grant-type:device_code");
    post("/token", format!("grant_type={grant_type}&device_code={}&{}", encode(device_code), client(SERVICE)))
}

fn post(path: &str, body: String) -> Request {
    http::Request::builder()
        .method(Method::POST)
        .uri(format!("{ISSUER}{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.into())
        .unwrap()
}

/// The client's part of a form.
fn client(client_id: &str) -> String {
    match client_id {
        SERVICE => format!("client_id={SERVICE}&client_secret={SECRET}"),
        public => format!("client_id={public}"),
    }
}

pub fn exchange(client_id: &str, code: &str) -> Request {
    let (callback, client) = (encode(CALLBACK), client(client_id));
    post(
        "/token",
        format!(
            "grant_type=authorization_code&code={}&redirect_uri={callback}&{client}&code_verifier={VERIFIER}",
            encode(code)
        ),
    )
}

pub fn refresh(client_id: &str, token: &str) -> Request {
    post("/token", format!("grant_type=refresh_token&refresh_token={}&{}", encode(token), client(client_id)))
}

pub fn client_credentials() -> Request {
    post("/token", format!("grant_type=client_credentials&scope=photos.read&{}", client(SERVICE)))
}

pub fn introspect(token: &str) -> Request {
    post("/introspect", format!("token={}&{}", encode(token), client(SERVICE)))
}

pub fn revoke(token: &str) -> Request {
    post("/revoke", format!("token={}&{}", encode(token), client(SERVICE)))
}

pub fn photos(token: &str) -> Request {
    http::Request::get("https://api.example/photos/1")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Bytes::new())
        .unwrap()
}
