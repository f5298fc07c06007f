//! grantor in a blocking server, oxhttp: an authorization server and a protected resource, without an async runtime.
//!
//! `cargo run -p adapters --bin server-blocking`

use std::error::Error;
use std::io::{self, Read};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use demo::{Demo, audit, gone, moment, now, photos_of, text};
use grantor::MAX_FORM_LEN;
use grantor::resource::{Access, Refusal, Requirement};
use grantor::server::AuthorizeReply;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use oxhttp::model::Body;

/// Each connection has a thread while it is open.
const MAX_CONNECTIONS: usize = 128;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // oxhttp does not say which port it was given: the system is asked for a free one before.
    let address = TcpListener::bind(demo::listen_address())?.local_addr()?;
    let demo = Arc::new(Demo::at(&format!("http://{address}"))?);
    let server = oxhttp::Server::new({
        let demo = Arc::clone(&demo);
        move |request| answer(&demo, request)
    });
    // The time is for each read and write, and there is none for a whole head: a client that sends a byte now and then
    // keeps its thread. Where strangers connect, a proxy that reads whole requests belongs in front.
    let server = server.with_max_concurrent_connections(MAX_CONNECTIONS).with_global_timeout(demo::timeout());
    let server = server.bind(address);
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
    // The one byte more tells grantor that it was too much. The rest is left to oxhttp, which skips it: it must not be
    // taken for the next request.
    let mut body = InTime { body: incoming.body_mut(), until: Instant::now() + demo::timeout() };
    let response = match body.by_ref().take(MAX_FORM_LEN as u64 + 1).read_to_end(request.body_mut()) {
        Ok(_) => route(demo, &request),
        Err(error) => {
            // Nobody waits for the rest, and it is no further request: oxhttp closes what the request asks to close.
            *incoming.body_mut() = Body::empty();
            incoming.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            let told = format!("The request cannot be read: {error}\n");
            let is_late = matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock);
            text(if is_late { StatusCode::REQUEST_TIMEOUT } else { StatusCode::BAD_REQUEST }, &told)
        }
    };
    response.map(Body::from)
}

/// A body that is to be there by a certain time, however many reads that takes.
struct InTime<'a> {
    body: &'a mut Body,
    until: Instant,
}

impl Read for InTime<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match Instant::now() < self.until {
            true => self.body.read(buffer),
            false => Err(io::Error::new(io::ErrorKind::TimedOut, "it takes too long")),
        }
    }
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
