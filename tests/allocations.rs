//! What a request costs in allocations, so that a change that costs more is noticed. The request itself is the host's.
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
use grantor::server::Authorization;
use http::Request;

/// The allocations of serving requests of one kind. The median counts: now and then a map grows.
fn allocations<R>(world: &World, request: impl Fn() -> R, serve: impl Fn(&World, &R)) -> u64 {
    let mut counts: Vec<_> = (0..301)
        .map(|_| {
            let request = request();
            measure(|| serve(world, &request)).count_total
        })
        .skip(200) // the first in each shard of the store
        .collect();
    counts.sort_unstable();
    counts[counts.len() / 2]
}

fn token(world: &World, request: &Request<Vec<u8>>) {
    let response = world.server.token(request, world.moment()).run(&world.store).into_http();
    assert_eq!(response.status(), 200);
}

/// Each: the client id and the response's header map (2), body and tokens; for a token its record, for a grant its record.
#[test]
fn the_token_endpoint_allocates_what_it_stores_and_sends() {
    let world = World::new();
    let exchange = || post(exchange(&world.code(authorize())));
    assert_eq!(allocations(&world, exchange, token), 9);
    let refresh = || post(refresh(&world.tokens().1));
    assert_eq!(allocations(&world, refresh, token), 8);
    let client_credentials = || post(client_credentials().set("scope", "read"));
    assert_eq!(allocations(&world, client_credentials, token), 8);
}

#[test]
fn a_decision_allocates_what_it_stores_and_sends() {
    let world = World::new();
    let allocated = allocations(
        &world,
        || get(authorize()),
        |world, request| {
            let Authorization::Ask(prompt) = world.server.authorize(request).run(&world.store) else {
                panic!("not asked")
            };
            let step = prompt.approve(&world.server, approval(), world.moment());
            assert_eq!(step.run(&world.store).into_http().status(), 303);
        },
    );
    assert_eq!(allocated, 14);
}

#[test]
fn introspection_allocates_for_the_response_and_revocation_for_less() {
    let world = World::new();
    let about_token = |token: String| post(params(&[("token", &token)]).of_web());
    let of_web = || world.token(client_credentials()).access_token();
    let introspect = |world: &World, request: &Request<Vec<u8>>| {
        let reply = world.server.introspect(request, Timestamp(world.now)).run(&world.store);
        assert!(reply.result().unwrap().is_some());
        assert_eq!(reply.into_http().status(), 200);
    };
    assert_eq!(allocations(&world, || about_token(of_web()), introspect), 4);
    let revoke = |world: &World, request: &Request<Vec<u8>>| {
        assert_eq!(world.server.revoke(request).run(&world.store).into_http().status(), 200);
    };
    assert_eq!(allocations(&world, || about_token(of_web()), revoke), 3);
}

#[test]
fn a_bearer_check_allocates_nothing() {
    let (world, server, reading) = (photos::world(), photos::photos(), photos::reading());
    let allocated = allocations(
        &world,
        || photos::with_header(&format!("Bearer {}", photos::token(&world, "read"))),
        |world, request| {
            let reply = server.check(request, &reading, Timestamp(world.now)).run(&world.store);
            assert!(reply.result().is_ok());
        },
    );
    assert_eq!(allocated, 0);
}
