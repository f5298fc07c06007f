//! What an authorization server might answer, word for word.

#![allow(dead_code, reason = "each test crate uses its part")]

use grantor::client::Client;
use grantor::model::{ClientId, Metadata, Secret};
use grantor::step::Machine;
use grantor::{Answer, Fetch, HttpHost, Moment, Pause as _, Step, Timestamp};
use http::{Request, Response};
use serde_json::json;

/// The client's secret.
pub const CLIENT_SECRET: &str = "gX1fBat3bV";

/// A server that has every endpoint, below `https://server.example`.
pub fn metadata() -> Metadata {
    let at = |path: &str| format!("https://server.example/{path}");
    let document = json!({
        "issuer": "https://server.example",
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "device_authorization_endpoint": at("device"),
        "introspection_endpoint": at("introspect"),
        "revocation_endpoint": at("revoke"),
        "response_types_supported": ["code", "token"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    serde_json::from_value(document).unwrap()
}

/// The client of RFC 6749's examples.
pub fn confidential_client() -> Client {
    confidential_at(metadata())
}

pub fn public_client() -> Client {
    public_at(metadata())
}

/// The same client, registered at this server.
pub fn confidential_at(server: Metadata) -> Client {
    Client::confidential(server, client_id(), Secret::new(CLIENT_SECRET))
}

pub fn public_at(server: Metadata) -> Client {
    Client::public(server, client_id())
}

/// A moment at this time.
pub fn moment_at(now: impl Into<Timestamp>) -> Moment {
    Moment::try_new(now, &mut getrandom::SysRng).unwrap()
}

pub fn client_id() -> ClientId {
    ClientId::parse("s6BhdRkqt3").unwrap()
}

pub fn response(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Answer<Fetch> {
    let response = Response::builder().status(status).header("content-type", media_type);
    Ok(response.body(body.into()).unwrap())
}

pub fn json(status: u16, body: impl ToString) -> Answer<Fetch> {
    response(status, "application/json", body.to_string())
}

pub fn with_header(answer: Answer<Fetch>, name: &'static str, value: &'static str) -> Answer<Fetch> {
    answer.map(|mut response| {
        response.headers_mut().insert(name, value.parse().unwrap());
        response
    })
}

/// What a machine makes of an answer, which it gets however often it asks.
pub fn answered<M: Machine>(step: Step<M>, answer: &Answer<Fetch>) -> M::Reply {
    step.run(&HttpHost(|_: &Fetch| answer.clone()))
}

/// What a machine sends first.
pub fn sent<M: Machine>(step: &Step<M>) -> Request<Vec<u8>> {
    match step {
        Step::Fetch(pause) => pause.effect().request().clone(),
        _ => panic!("nothing is sent"),
    }
}

/// A request as text: its line, its headers in order of their names, and its body.
pub fn written(request: &Request<Vec<u8>>) -> String {
    let mut headers: Vec<_> =
        request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort_unstable();
    let body = String::from_utf8(request.body().clone()).unwrap();
    format!("{} {}\n{}\n\n{body}", request.method(), request.uri(), headers.join("\n"))
}
