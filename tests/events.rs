//! Events: one enum a role, with stable names, as JSON without secrets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use common::*;
use grantor::model::{Endpoint, Key};
use grantor::server::ParConfig;
use grantor::{Unavailable, resource, server};
use http::{Method, Response};
use serde_json::{Value, json};

fn world() -> World {
    World::new().with_everything().with_devices().with(|config| {
        config.par = Some(ParConfig::at(Endpoint::parse("https://server.example.com/par").unwrap()));
        config.registration.clone_from(&registering::registering().server.config().registration);
    })
}

/// One of each kind, as it comes about.
fn all(world: &World) -> Vec<server::Event> {
    let asked = world.server.authorize(&get(authorize()), world.moment()).run(world).event();
    let authorized = world.ask(authorize()).approve(&world.server, approval(), world.moment()).run(world).event();
    let issued_by_redirect =
        world.ask(implicit()).approve(&world.server, approval(), world.moment()).run(world).event();
    let denied = world.ask(authorize()).deny(&world.server, world.moment()).run(world).event();
    let no_client = authorize().set("client_id", "nobody");
    let page = world.server.authorize(&get(no_client), world.moment()).run(world).event();
    let (access_token, refresh_token) = world.tokens();
    let code = world.code(authorize());
    let issued = world.event(exchange(&code));
    let replayed = world.event(exchange(&code));
    let refused = world.event(refresh("unknown"));
    let about = |token: &str| post(params(&[("token", token)]).of_web());
    let introspect = |request| world.server.introspect(&request, world.moment()).run(world).event();
    let revoke = |request| world.server.revoke(&request, world.moment()).run(world).event();
    let push = |form| world.server.push(&post(form), world.moment()).run(world).event();
    let start = |form| world.server.authorize_device(&post(form), world.moment()).run(world).event();
    let device = world.device();
    let as_app = post(params(&[("token", &refresh_token), ("client_id", "app")]));
    let registered = world.server.register(&registering::request(registering::metadata()), world.moment()).run(world);
    let information = serde_json::to_vec(registered.result().unwrap()).unwrap();
    let managed = registering::Managed::of(&Reply::of(no_store(information)));
    let configure = |method| {
        world.server.configure(&managed.request(method, &managed.updated()), world.moment()).run(world).event()
    };
    let down = World::new().with_outage(At::Lookup, Some(3));
    vec![
        asked,
        authorized,
        issued_by_redirect,
        denied,
        page,
        issued,
        replayed,
        refused,
        introspect(about(&access_token)),
        introspect(post("")),
        revoke(as_app),
        revoke(about(&access_token)),
        push(authorize()),
        push(authorize().set("scope", "admin")),
        registered.event(),
        configure(Method::GET),
        configure(Method::PUT),
        configure(Method::DELETE),
        configure(Method::DELETE),
        start(devices::start()),
        start(devices::start().set("scope", "admin")),
        world.event(devices::poll(&device)),
        world.event(devices::poll(&device)),
        world.verify("BBBB-BBBB").event(),
        down.event(client_credentials()),
    ]
}

/// A response that no cache keeps.
fn no_store(body: Vec<u8>) -> Response<Vec<u8>> {
    Response::builder().header("cache-control", "no-store").header("pragma", "no-cache").body(body).unwrap()
}

const NAMES: [&str; 25] = [
    "asked",
    "authorized",
    "issued",
    "authorization_refused",
    "page_refused",
    "issued",
    "replayed",
    "token_refused",
    "introspected",
    "introspection_refused",
    "revoked",
    "revocation_refused",
    "pushed",
    "push_refused",
    "registered",
    "registration_read",
    "registration_updated",
    "registration_deleted",
    "registration_refused",
    "device_started",
    "device_refused",
    "polled",
    "polled",
    "device_page_refused",
    "unavailable",
];

#[test]
fn an_event_has_a_stable_name_which_its_json_has_too() {
    let events = all(&world());
    assert_eq!(events.iter().map(server::Event::name).collect::<Vec<_>>(), NAMES);
    for event in events {
        assert_eq!(serde_json::to_value(&event).unwrap()["event"], event.name());
    }
}

#[test]
fn the_same_event_is_equal_and_another_is_not() {
    let (one, two) = (all(&world()), all(&world()));
    assert_eq!(one, two);
    assert!(
        one.iter()
            .enumerate()
            .all(|(at, event)| two.iter().enumerate().all(|(other, it)| (at == other) == (event == it)))
    );
}

#[test]
fn an_audit_log_in_json_has_what_it_needs() {
    let world = world();
    let code = world.code(authorize());
    let grant = world.presented(&code).grant.id.to_string();
    let json = |event: server::Event| serde_json::to_value(event).unwrap();
    assert_eq!(
        json(world.event(exchange(&code))),
        json!({
            "event": "issued", "client_id": "app", "grant_type": "authorization_code", "grant": grant,
            "subject": "johndoe", "scope": "read write", "refresh_token": true, "within_grace": false,
        })
    );
    let reason = json!({ "error": "invalid_grant", "description": "the authorization code was used before" });
    assert_eq!(
        json(world.event(exchange(&code))),
        json!({ "event": "replayed", "client_id": "app", "grant": grant, "reason": reason })
    );
    assert_eq!(
        json(world.event(exchange(&code))),
        json!({ "event": "token_refused", "client_id": "app", "reason": reason }),
        "its grant is revoked already"
    );
    let down = World::new().with_outage(At::Lookup, Some(3));
    assert_eq!(
        json(down.event(client_credentials())),
        json!({
            "event": "unavailable", "client_id": "web", "effect": "lookup",
            "cause": "the disk \"A\\B\" is gone\n", "retry_after": 3,
        })
    );
}

#[test]
fn no_event_holds_a_code_or_a_token() {
    let world = world();
    let events: Vec<Value> = all(&world).iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    let text = serde_json::to_string(&events).unwrap();
    let is_token = |word: &str| word.len() == Key::TOKEN_LEN && Key::of(word).is_some();
    assert!(!text.split(|next: char| !next.is_ascii_alphanumeric() && !matches!(next, '-' | '_')).any(is_token));
    assert!(!text.contains(SECRET) && !text.contains(VERIFIER));
}

#[test]
fn a_resource_server_has_events_of_its_own() {
    let world = photos::world();
    let photos = photos::photos();
    let event = |request| world.check(&photos, request, &photos::reading()).event();
    let token = photos::owned_token(&world);
    let down = photos::world().with_outage(At::Lookup, None);
    let events = [
        event(&photos::with_token(&token)),
        event(&photos::bare()),
        down.check(&photos, &photos::with_token(&token), &photos::reading()).event(),
    ];
    assert_eq!(
        events.iter().map(resource::Event::name).collect::<Vec<_>>(),
        ["accessed", "access_refused", "unavailable"]
    );
    for event in &events {
        assert_eq!(serde_json::to_value(event).unwrap()["event"], event.name());
    }
    let accessed = serde_json::to_value(&events[0]).unwrap();
    assert_eq!((&accessed["client_id"], &accessed["subject"]), (&json!("app"), &json!("johndoe")));
}

#[test]
fn outages_that_say_the_same_are_equal() {
    assert_eq!(Unavailable::new("down"), Unavailable::new("down"));
    assert_ne!(Unavailable::new("down"), Unavailable::new("gone"));
    assert_ne!(Unavailable::new("down"), Unavailable::new("down").with_retry_after(1));
}
