//! grantor in a blocking server, oxhttp: an authorization server and a protected resource, without an async runtime.
//!
//! `cargo run -p adapters --bin server-blocking`

use std::error::Error;
use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use demo::{Demo, audit, gone, moment, now, photos_of, text};
use grantor::MAX_FORM_LEN;
use grantor::resource::{Access, Refusal, Requirement};
use grantor::server::AuthorizeReply;
use http::{Method, Request, Response, StatusCode};
use oxhttp::model::Body;

/// Each connection has a thread while it is open: how many there are, and how long a silent client keeps one.
const MAX_CONNECTIONS: usize = 128;
const TIMEOUT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // oxhttp does not say which port it was given: the system is asked for a free one before.
    let address = TcpListener::bind(demo::listen_address())?.local_addr()?;
    let demo = Arc::new(Demo::at(&format!("http://{address}"))?);
    let server = oxhttp::Server::new({
        let demo = Arc::clone(&demo);
        move |request| answer(&demo, request)
    });
    let server = server.bind(address).with_max_concurrent_connections(MAX_CONNECTIONS).with_global_timeout(TIMEOUT);
    let running = server.spawn()?;
    demo.announce();
    running.join()?;
    Ok(())
}

fn answer(demo: &Demo, incoming: &mut Request<Body>) -> Response<Body> {
    let mut request = Request::new(Vec::new());
    *request.method_mut() = incoming.method().clone();
    *request.uri_mut() = incoming.uri().clone();
    *request.headers_mut() = incoming.headers().clone();
    // The one byte more tells grantor that it was too much. The rest is left to oxhttp, which skips it: it must not be taken for the
    // next request.
    let response = match incoming.body_mut().take(MAX_FORM_LEN as u64 + 1).read_to_end(request.body_mut()) {
        Ok(_) => route(demo, &request),
        Err(error) => text(StatusCode::BAD_REQUEST, &format!("The request cannot be read: {error}\n")),
    };
    response.map(Body::from)
}

fn route(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    match (request.method(), request.uri().path()) {
        // Whatever the method: grantor knows which it takes, and words the refusal.
        (_, "/authorize") => authorize(demo, request),
        (_, "/token") => token(demo, request),
        (_, "/introspect") => introspect(demo, request),
        (_, "/revoke") => revoke(demo, request),
        (_, path) if path == demo.server.config().metadata_path() => demo.server.metadata(request),
        (_, path) if path == demo.photos.config().metadata_path() => demo.photos.metadata(request),
        (&Method::POST, "/consent") => consent(demo, request.body()),
        (&Method::GET, "/photos") => show_photos(demo, request),
        (&Method::POST, "/photos") => add_photo(demo, request),
        (_, "/consent" | "/photos") => text(StatusCode::METHOD_NOT_ALLOWED, "This method is not for here.\n"),
        _ => text(StatusCode::NOT_FOUND, "There is nothing here.\n"),
    }
}

fn authorize(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let authorization = demo.server.authorize(request, moment()).run(&demo.store);
    audit(authorization.event());
    match authorization {
        AuthorizeReply::Ask(prompt) => demo.ask(prompt),
        AuthorizeReply::Refuse(refusal) => demo.refuse(refusal).run(&demo.store).into_http(),
        AuthorizeReply::Respond(response) => response.into_http(),
    }
}

fn consent(demo: &Demo, form: &[u8]) -> Response<Vec<u8>> {
    let Some(step) = demo.decide(form) else { return gone() };
    let response = step.run(&demo.store);
    audit(response.event());
    response.into_http()
}

fn token(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let reply = demo.server.token(request, moment()).run(&demo.store);
    audit(reply.event());
    reply.into_http()
}

fn introspect(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let reply = demo.server.introspect(request, moment()).run(&demo.store);
    audit(reply.event());
    reply.into_http()
}

fn revoke(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let reply = demo.server.revoke(request, moment()).run(&demo.store);
    audit(reply.event());
    reply.into_http()
}

fn show_photos(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    match check(demo, &demo.reading, request) {
        Ok(access) => text(StatusCode::OK, &photos_of(&access)),
        Err(refusal) => refusal.into_http(),
    }
}

fn add_photo(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    match check(demo, &demo.writing, request) {
        Ok(access) => text(StatusCode::OK, &format!("added to the {}", photos_of(&access))),
        Err(refusal) => refusal.into_http(),
    }
}

/// Whether this request may be served, or why not.
fn check(demo: &Demo, requirement: &Requirement, request: &Request<Vec<u8>>) -> Result<Access, Refusal> {
    let reply = demo.photos.check(request, requirement, now()).run(&demo.store);
    audit(reply.event());
    reply.into_result()
}
