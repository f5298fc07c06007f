//! grantor in a blocking server, tiny_http: an authorization server and a protected resource, without an async runtime.
//!
//! tiny_http has no timeouts, so a client that sends slowly keeps its thread: in production it stands behind a proxy.
//!
//! `cargo run --bin server-blocking`

use std::error::Error;
use std::io::{Cursor, Read as _};
use std::thread;

use demo::{Demo, audit, gone, moment, now, photos_of, text};
use grantor::MAX_FORM_LEN;
use grantor::resource::{Access, Refusal, Requirement};
use grantor::server::Authorization;
use http::{Method, Request, Response, StatusCode};

/// How many requests are answered at a time.
const THREADS: usize = 4;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = tiny_http::Server::http(demo::listen_address())?;
    let demo = Demo::at(&format!("http://{}", listener.server_addr()))?;
    demo.announce();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| serve(&listener, &demo));
        }
    });
    Ok(())
}

fn serve(listener: &tiny_http::Server, demo: &Demo) {
    for mut incoming in listener.incoming_requests() {
        let response = match request(&mut incoming) {
            Ok(request) => route(demo, &request),
            Err(error) => text(StatusCode::BAD_REQUEST, &format!("{error}\n")),
        };
        if let Err(error) = incoming.respond(outgoing(response)) {
            audit(format_args!("the client is gone: {error}"));
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
    let authorization = demo.server.authorize(request).run(&demo.store);
    audit(authorization.event());
    match authorization {
        Authorization::Ask(prompt) => demo.ask(prompt),
        Authorization::Respond(response) => response.into_http(),
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
    let reply = demo.server.introspect(request, now()).run(&demo.store);
    audit(reply.event());
    reply.into_http()
}

fn revoke(demo: &Demo, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let reply = demo.server.revoke(request).run(&demo.store);
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

/// A request of tiny_http as one of the crate `http`.
fn request(incoming: &mut tiny_http::Request) -> Result<Request<Vec<u8>>, Box<dyn Error + Send + Sync>> {
    let mut request = Request::builder().method(incoming.method().as_str()).uri(incoming.url());
    for header in incoming.headers() {
        request = request.header(header.field.as_str().as_str(), header.value.as_str());
    }
    let mut body = Vec::new();
    // One byte more than grantor takes, by which it knows that there was more.
    incoming.as_reader().take(MAX_FORM_LEN as u64 + 1).read_to_end(&mut body)?;
    Ok(request.body(body)?)
}

fn outgoing(response: Response<Vec<u8>>) -> tiny_http::Response<Cursor<Vec<u8>>> {
    let (head, body) = response.into_parts();
    let headers = head.headers.iter();
    let headers =
        headers.filter_map(|(name, value)| tiny_http::Header::from_bytes(name.as_str(), value.as_bytes()).ok());
    let outgoing = tiny_http::Response::from_data(body).with_status_code(head.status.as_u16());
    headers.fold(outgoing, tiny_http::Response::with_header)
}
