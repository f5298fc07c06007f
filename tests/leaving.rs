//! A client that leaves: it is switched off, its grants end, and its id is not given to another.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::sync::Arc;

use common::photos::{PHOTOS, photos, reading, with_token};
use common::*;
use grantor::Timestamp;
use grantor::model::ClientId;
use grantor::record::Client;
use grantor::server::ParConfig;
use grantor::store::{AsyncGrantStore, Change, Commit, GrantStore, Lookup, Outcome, Store};

fn world() -> World {
    let world = World::new().with_client(api()).with(|config| {
        config.resources = only(&[PHOTOS]);
        config.par = Some(ParConfig::at("https://server.example.com/par".parse().unwrap()));
    });
    world.with_everything()
}

fn stored(world: &World, client_id: &str) -> Client {
    let lookup = Lookup::of_client(ClientId::parse(client_id).unwrap());
    let found = Store::lookup(&world.store, &lookup).unwrap();
    Client::clone(found.client().unwrap())
}

fn write(world: &World, change: Change) -> Outcome {
    Store::commit(&world.store, &Commit::of(change)).unwrap()
}

fn put(world: &World, client: Client) {
    assert_eq!(write(world, Change::PutClient(Arc::new(client))), Outcome::Applied);
}

fn is_active(world: &World, token: &str) -> bool {
    let form = params(&[("token", token), ("client_id", "api"), ("client_secret", SECRET)]);
    let reply = Reply::of(world.server.introspect(&post(form), world.moment()).run(world).into_http());
    reply.member("active").unwrap() == "true"
}

#[test]
fn r82_every_endpoint_refuses_a_client_that_is_switched_off_and_its_tokens_are_inactive() {
    let world = world();
    let (token, refresh_token) = world.tokens();
    let (code, prompt) = (world.code(authorize()), world.ask(authorize()));
    let pushed = world.server.push(&post(authorize()), world.moment()).run(&world);
    let request_uri = pushed.result().unwrap().request_uri.expose().to_owned();
    assert!(is_active(&world, &token));
    for client_id in ["app", "web"] {
        put(&world, stored(&world, client_id).disable());
    }

    assert!(!is_active(&world, &token));
    for form in [exchange(&code), refresh(&refresh_token), client_credentials(), password()] {
        let reply = world.token(&form);
        assert_eq!(reply.error(), "invalid_client", "{form}");
        // Nor is it told from a client that does not exist.
        let unknown = world.token(form.set("client_id", "nobody"));
        assert_eq!(reply.body(), unknown.body());
    }
    let basic = world.token_by(&post_as(&basic("web", SECRET), "grant_type=client_credentials"));
    assert_eq!((basic.status(), basic.error().as_str()), (401, "invalid_client"));
    let about = params(&[("token", &token), ("client_id", "app")]);
    let revoked = Reply::of(world.server.revoke(&post(about), world.moment()).run(&world).into_http());
    assert_eq!(revoked.error(), "invalid_client");
    let about = post(params(&[("token", &token)]).of_web());
    let introspected = Reply::of(world.server.introspect(&about, world.moment()).run(&world).into_http());
    assert_eq!(introspected.error(), "invalid_client");
    let pushed = Reply::of(world.server.push(&post(authorize()), world.moment()).run(&world).into_http());
    assert_eq!(pushed.error(), "invalid_client");
    // Nobody is sent to it, by whatever way.
    for request in [authorize(), implicit(), authorize().set("scope", "admin")] {
        assert!(world.answer(&request).is_page(), "{request}");
    }
    assert!(world.answer(params(&[("client_id", "app"), ("request_uri", &request_uri)])).is_page());
    assert!(world.decide(prompt, Some(approval())).is_page());

    // Switched on again, it goes on where it was.
    put(&world, stored(&world, "app").enable());
    assert!(is_active(&world, &token));
    assert_eq!(world.token(refresh(&refresh_token)).status(), 200);
    assert_eq!(world.token(exchange(&code)).status(), 200);
}

#[test]
fn the_tokens_of_a_client_that_was_removed_are_inactive() {
    let world = world();
    let (token, _) = world.tokens();
    assert!(is_active(&world, &token));
    let client_id = ClientId::parse("app").unwrap();
    assert_eq!(write(&world, Change::RemoveClient { client_id, revision: 0 }), Outcome::Applied);
    assert!(!is_active(&world, &token));
}

/// More grants than are read at once.
#[test]
fn r83_a_client_that_is_ended_holds_nothing_and_its_id_is_not_given_to_another() {
    let ends: [fn(&World, Client) -> Option<usize>; 2] = [
        |world, client| world.store.end_client(client, Timestamp(NOW)).unwrap(),
        |world, client| block_on(world.store.end_client_async(client, Timestamp(NOW))).unwrap(),
    ];
    for end in ends {
        let world = world();
        let all: Vec<_> = (0..230).map(|_| world.tokens()).collect();
        let of_another = world.token(client_credentials()).access_token();
        let client = stored(&world, "app");
        // Whoever read it before it was changed does nothing.
        put(
            &world,
            client.clone().rotate_secret(SECRET).with(|client| client.authentication = public("x").authentication),
        );
        assert_eq!(end(&world, client), None);
        assert!(is_active(&world, &all[0].0));

        assert_eq!(end(&world, stored(&world, "app")), Some(230));
        for (token, refresh_token) in &all {
            assert!(!world.is_alive(token) && !world.is_alive(refresh_token));
            let checked = world.check(&photos(), &with_token(token), &reading());
            assert!(checked.into_result().is_err());
        }
        assert!(world.is_alive(&of_another));
        assert_eq!(end(&world, stored(&world, "app")), Some(0), "it may be repeated");
        // Another that is registered under the same id would be taken for it.
        assert_ne!(write(&world, Change::PutClient(Arc::new(public("app")))), Outcome::Applied);
        assert!(stored(&world, "app").disabled);
    }
}

#[test]
fn a_record_says_that_it_is_switched_off_and_only_then() {
    let on = serde_json::to_value(public("app")).unwrap();
    assert!(on.get("disabled").is_none());
    let off = serde_json::to_value(public("app").disable()).unwrap();
    assert_eq!((&off["disabled"], &off["revision"]), (&true.into(), &1.into()));
    assert!(serde_json::from_value::<Client>(off).unwrap().disabled);
    assert!(!serde_json::from_value::<Client>(on).unwrap().disabled);
}
