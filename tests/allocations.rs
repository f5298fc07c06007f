//! What a request costs in allocations, so that a change that costs more is noticed. The request itself is the host's.
//!
//! The bytes are those of a 64-bit machine. They are the same in debug and in release, and change with what is in the
//! request. Those of a map are up to the standard library, so they are compared with some room.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use allocation_counter::measure;
use common::*;
use grantor::model::Timestamp;
use grantor::record::{Credential, Grant};
use grantor::server::AuthorizeReply;
use http::{HeaderMap, HeaderValue, Request, header};

/// One allocation: for what, and of how many bytes.
type Part = (&'static str, usize);

/// A code or token: 33 bytes as base64url.
const TOKEN: Part = ("a token", 44);
const CREDENTIAL: Part = ("a credential's record", counted(size_of::<Credential>()));
const GRANT: Part = ("a grant's record", counted(size_of::<Grant>()));
/// `app` or `web`.
const CLIENT_ID: Part = ("the client id", counted(3));
const BODY: Part = ("the response's body", 256);

/// A response's headers: how many there is room for is up to `http`.
fn headers_in(make: impl Fn() -> HeaderMap) -> [Part; 2] {
    let info = measure(|| drop(make()));
    assert_eq!(info.count_total, 2);
    [("the response's headers and their index", usize::try_from(info.bytes_total).unwrap()), ("the index, in these", 0)]
}

/// Beside a body: a copy of ready ones.
fn headers() -> [Part; 2] {
    let names = [header::CONTENT_TYPE, header::CACHE_CONTROL, header::PRAGMA];
    let ready: HeaderMap = names.into_iter().map(|name| (name, HeaderValue::from_static("ready"))).collect();
    headers_in(|| ready.clone())
}

/// Without one.
fn bare_headers() -> [Part; 2] {
    headers_in(|| {
        let mut headers = HeaderMap::new();
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        headers
    })
}

/// The size of what stands behind an `Arc`, with both its counts.
const fn counted(len: usize) -> usize {
    (2 * size_of::<usize>() + len).next_multiple_of(align_of::<usize>())
}

/// A parameter with `%` or `+`, decoded where its encoded text would fit.
fn decoded(what: &'static str, value: &str) -> Part {
    (what, form_urlencoded::byte_serialize(value.as_bytes()).map(str::len).sum())
}

/// The number and the bytes of the allocations of serving requests of one kind. The median counts: now and then a map
/// grows.
fn cost<R>(world: &World, request: impl Fn() -> R, serve: impl Fn(&World, &R)) -> (usize, usize) {
    let mut costs: Vec<_> = (0..301)
        .map(|_| {
            let request = request();
            let info = measure(|| serve(world, &request));
            (info.count_total, info.bytes_total)
        })
        .skip(200) // the first in each shard of the store
        .collect();
    costs.sort_unstable();
    let (count, bytes) = costs[costs.len() / 2];
    (usize::try_from(count).unwrap(), usize::try_from(bytes).unwrap())
}

#[track_caller]
fn is_made_of((count, bytes): (usize, usize), parts: &[&[Part]]) {
    let parts = parts.concat();
    let sum: usize = parts.iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(count, parts.len(), "{parts:?}");
    assert!(bytes.abs_diff(sum) <= sum / 20, "{bytes} bytes, not {sum}: {parts:?}");
}

fn token(world: &World, request: &Request<Vec<u8>>) {
    let response = world.server.token(request, world.moment()).run(&world.store).into_http();
    assert_eq!(response.status(), 200);
}

#[test]
fn the_token_endpoint_allocates_what_it_stores_and_sends() {
    let world = World::new();
    let redirect_uri = decoded("redirect_uri", CALLBACK);
    let tokens = [TOKEN, CREDENTIAL, TOKEN, CREDENTIAL];

    let public = || post(exchange(&world.code(authorize())));
    is_made_of(cost(&world, public, token), &[&[redirect_uri, CLIENT_ID], &tokens, &[BODY], &headers()]);

    let confidential = || post(exchange(&world.code(authorize().set("client_id", "web"))).of_web());
    is_made_of(cost(&world, confidential, token), &[&[redirect_uri, CLIENT_ID], &tokens, &[BODY], &headers()]);

    let refresh = || post(refresh(&world.tokens().1));
    is_made_of(cost(&world, refresh, token), &[&[CLIENT_ID], &tokens, &[BODY], &headers()]);

    let client_credentials = || post(client_credentials().set("scope", "read"));
    let issued = [("scope", counted(4)), GRANT, TOKEN, CREDENTIAL];
    is_made_of(cost(&world, client_credentials, token), &[&[CLIENT_ID], &issued, &[BODY], &headers()]);
}

#[test]
fn a_decision_allocates_what_it_stores_and_sends() {
    let world = World::new();
    let allocated = cost(
        &world,
        || get(authorize()),
        |world, request| {
            let AuthorizeReply::Ask(prompt) = world.server.authorize(request, world.moment()).run(&world.store) else {
                panic!("not asked")
            };
            let step = prompt.approve(&world.server, approval(), world.moment());
            assert_eq!(step.run(&world.store).into_http().status(), 303);
        },
    );
    let read = [decoded("redirect_uri", CALLBACK), decoded("scope", "read write"), CLIENT_ID, ("state", 3)];
    let scope = [("scope", counted(10))];
    let issued = [("the host's subject", counted(7)), GRANT, TOKEN, CREDENTIAL];
    let location = world.approve(authorize()).location().len();
    let response = [("the URL, as it grows", CALLBACK.len() + 512), ("the URL, as a header", location)];
    is_made_of(allocated, &[&read, &scope, &issued, &response, &bare_headers()]);
}

#[test]
fn introspection_allocates_for_the_response_and_revocation_for_less() {
    let world = World::new();
    let about_token = |token: String| post(params(&[("token", &token)]).of_web());
    let of_web = || world.token(client_credentials()).access_token();
    let introspect = |world: &World, request: &Request<Vec<u8>>| {
        let reply = world.server.introspect(request, world.moment()).run(&world.store);
        assert!(reply.result().unwrap().is_some());
        assert_eq!(reply.into_http().status(), 200);
    };
    is_made_of(cost(&world, || about_token(of_web()), introspect), &[&[CLIENT_ID, BODY], &headers()]);
    let revoke = |world: &World, request: &Request<Vec<u8>>| {
        assert_eq!(world.server.revoke(request, world.moment()).run(&world.store).into_http().status(), 200);
    };
    is_made_of(cost(&world, || about_token(of_web()), revoke), &[&[CLIENT_ID], &bare_headers()]);
}

#[test]
fn a_bearer_check_allocates_nothing() {
    let (world, server, reading) = (photos::world(), photos::photos(), photos::reading());
    let allocated = cost(
        &world,
        || photos::with_header(&format!("Bearer {}", photos::token(&world, "read"))),
        |world, request| {
            let reply = server.check(request, &reading, Timestamp(world.now)).run(&world.store);
            assert!(reply.result().is_ok());
        },
    );
    is_made_of(allocated, &[]);
}
