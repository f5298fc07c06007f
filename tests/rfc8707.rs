//! RFC 8707: resource indicators.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

#[path = "security/fixture.rs"]
mod fixture;

use fixture::*;
use grantor::Server;
use grantor::model::{Audience, ClientId, Key, Resource, Subject};
use grantor::record::Client;
use grantor::server::{Approval, RefreshPolicy};
use grantor::store::{Lookup, Store};

const PHOTOS: &str = "https://photos.example";
const MAIL: &str = "https://mail.example";

/// These resources or, if there are none, any.
fn resources(texts: &[&str]) -> Audience {
    Audience::only(texts.iter().map(|text| Resource::parse(text).unwrap())).unwrap_or_default()
}

/// A world whose server offers these resources, and whose confidential client may ask for those.
fn world(offered: &[&str], registered: &[&str]) -> World {
    let mut world = World::new(RefreshPolicy::Reuse);
    offer(&mut world, offered);
    for mut client in clients() {
        client.audience = resources(registered);
        world.store = std::mem::take(&mut world.store).with_client(client);
    }
    world
}

fn offer(world: &mut World, offered: &[&str]) {
    let mut config = world.server.config().clone();
    config.resources = resources(offered);
    world.server = Server::new(config).unwrap();
}

/// The resources of a client credentials token, or the error.
fn token_for(world: &World, requested: &str) -> Result<Audience, String> {
    let client = format!("client_id=confidential&client_secret={SECRET}");
    issued(world, &format!("grant_type=client_credentials&{client}{requested}"))
}

/// The resources of the access token that a request is answered with, or the error.
fn issued(world: &World, body: &str) -> Result<Audience, String> {
    let reply = world.token(body);
    let key = reply.result().map(|response| Key::of(response.access_token.expose()).unwrap());
    let key = key.map_err(|error| error.code().to_owned())?;
    Ok(Store::lookup(&world.store, &Lookup::of(key)).unwrap().credential(key).unwrap().credential.audience.clone())
}

#[test]
fn a_token_is_for_the_resources_that_were_asked_for() {
    let world = world(&[PHOTOS, MAIL], &[]);
    let cases = [
        (String::new(), Ok(resources(&[PHOTOS, MAIL]))),
        (format!("&resource={PHOTOS}"), Ok(resources(&[PHOTOS]))),
        (format!("&resource={MAIL}&resource={PHOTOS}"), Ok(resources(&[PHOTOS, MAIL]))),
        (format!("&resource={MAIL}").repeat(50), Ok(resources(&[MAIL]))),
        ("&resource=https://other.example".to_owned(), Err("invalid_target".to_owned())),
        (format!("&resource={PHOTOS}&resource=https://other.example"), Err("invalid_target".to_owned())),
        ("&resource=nonsense".to_owned(), Err("invalid_target".to_owned())),
        (format!("&resource={PHOTOS}%23fragment"), Err("invalid_target".to_owned())),
        ("&resource=%FF".to_owned(), Err("invalid_target".to_owned())),
        (format!("&resource={PHOTOS}&resource=%FF"), Err("invalid_target".to_owned())),
    ];
    for (requested, expected) in cases {
        assert_eq!(token_for(&world, &requested), expected, "{requested}");
    }
}

/// RFC 3986 §6.2.3: "an empty path" and "/" are equivalent for http and https. Half of the clients write the one, half
/// the other, and some both in turn.
#[test]
fn a_resource_is_the_same_however_it_is_written() {
    let spellings = [
        PHOTOS,
        "https://photos.example/",
        "https://PHOTOS.example",
        "HTTPS://photos.example:443",
        "https://photos.example:",
    ];
    for offered in spellings {
        for registered in [&[][..], &["https://Photos.example/"]] {
            let world = world(&[offered, MAIL], registered);
            for requested in spellings {
                let token = token_for(&world, &format!("&resource={requested}")).unwrap();
                let kept: Vec<_> = token.resources().iter().map(Resource::as_str).collect();
                assert_eq!(kept, [offered], "it is written as the server has it, whatever was asked for");
            }
        }
    }
    let world = world(&[PHOTOS, "https://photos.example/mcp"], &[]);
    for other in [
        "https://photos.example/mcp/",
        "https://photos.example//",
        "http://photos.example",
        "https://photos.example:80",
    ] {
        assert_eq!(token_for(&world, &format!("&resource={other}")), Err("invalid_target".to_owned()), "{other}");
    }
    // Asked for with the slash at the authorization endpoint, and without at the token endpoint.
    let both = |resource: &str| issued(&world, &(exchange(&world.code()) + &format!("&resource={resource}")));
    assert_eq!(both("https://photos.example/"), both(PHOTOS));
    assert_eq!(resources(&[PHOTOS, "https://photos.example/"]).resources().len(), 1);
}

#[test]
fn a_client_is_held_to_its_own_resources() {
    let world = world(&[PHOTOS, MAIL], &[PHOTOS]);
    assert_eq!(token_for(&world, ""), Ok(resources(&[PHOTOS])));
    assert_eq!(token_for(&world, &format!("&resource={MAIL}")), Err("invalid_target".to_owned()));
}

#[test]
fn where_resource_indicators_are_not_in_use_they_are_ignored() {
    let world = world(&[], &[]);
    for requested in ["", "&resource=https://photos.example", "&resource=nonsense"] {
        assert_eq!(token_for(&world, requested), Ok(Audience::Any), "{requested}");
    }
}

#[test]
fn a_restriction_of_which_nothing_is_left_is_never_no_restriction() {
    for (offered, registered) in [(&[MAIL][..], &[PHOTOS][..]), (&[], &[PHOTOS])] {
        let world = world(offered, registered);
        for requested in ["", "&resource=https://photos.example"] {
            assert_eq!(token_for(&world, requested), Err("invalid_target".to_owned()), "{offered:?} {requested}");
        }
    }
}

#[test]
fn what_a_person_consented_to_does_not_widen_when_the_configuration_changes() {
    let mut world = world(&[PHOTOS], &[]);
    let prompt = world.prompt("code");
    assert_eq!(prompt.asked.audience, resources(&[PHOTOS]));
    offer(&mut world, &[]);
    let approval = Approval::by(Subject::parse("alice").unwrap());
    let response = prompt.approve(&world.server, approval, world.moment()).run(&world.store);
    assert_eq!(parameter(response.location().unwrap(), "error"), "invalid_target");
}

#[test]
fn a_token_request_narrows_what_was_granted() {
    let world = world(&[PHOTOS, MAIL], &[]);
    let redeem = |requested: &str| issued(&world, &(exchange(&world.code()) + requested));
    assert_eq!(redeem(""), Ok(resources(&[PHOTOS, MAIL])));
    assert_eq!(redeem(&format!("&resource={MAIL}")), Ok(resources(&[MAIL])));
    assert_eq!(redeem("&resource=https://other.example"), Err("invalid_target".to_owned()));
}

/// A grant from before resource indicators were in use does not go on opening every resource.
#[test]
fn once_resource_indicators_are_in_use_older_grants_are_held_to_them() {
    let mut world = world(&[], &[]);
    let (_, refresh_token) = world.tokens();
    let code = world.code();
    offer(&mut world, &[PHOTOS, MAIL]);
    let issued = |body: String| issued(&world, &body);
    assert_eq!(issued(refresh(&refresh_token)), Ok(resources(&[PHOTOS, MAIL])));
    assert_eq!(issued(refresh(&refresh_token) + &format!("&resource={MAIL}")), Ok(resources(&[MAIL])));
    assert_eq!(issued(refresh(&refresh_token) + "&resource=https://other.example"), Err("invalid_target".to_owned()));
    assert_eq!(issued(exchange(&code) + &format!("&resource={PHOTOS}")), Ok(resources(&[PHOTOS])));
}

#[test]
fn the_fixture_names_no_resource_by_itself() {
    let client = Client::public(ClientId::parse("x").unwrap());
    assert!(client.audience.is_any() && World::new(RefreshPolicy::Reuse).server.config().resources.is_any());
}

/// §2: "Its value MUST be an absolute URI [...] The URI MUST NOT include a fragment component."
#[test]
fn a_resource_is_an_absolute_uri_without_a_fragment() {
    for taken in ["https://photos.example/", "https://photos.example/a?b=c", "urn:example:photos"] {
        assert!(Resource::parse(taken).is_ok(), "{taken}");
    }
    for refused in ["photos", "/photos", "//photos.example/", "https://photos.example/#", "urn:example:photos#a"] {
        assert!(Resource::parse(refused).is_err(), "{refused}");
    }
}

/// §2.2, its example: a code for the calendar and the contacts, a token for the calendar, "while any refresh token that
/// is returned is bound to the full original grant", and by that one for the contacts.
#[test]
fn a_token_is_downscoped_to_its_resource_as_the_rfc_shows() {
    const CALENDAR: &str = "https://cal.example.com/";
    const CONTACTS: &str = "https://contacts.example.com/";
    let mut world = world(&[CALENDAR, CONTACTS], &[]);
    let mut config = world.server.config().clone();
    for (uri, scope) in [(CALENDAR, "read"), (CONTACTS, "write")] {
        config.scope.of_resource.insert(Resource::parse(uri).unwrap(), scope.parse().unwrap());
    }
    world.server = Server::new(config).unwrap();
    let scope = |body: &str| {
        let reply = world.token(body);
        let response = reply.result().unwrap();
        let next = response.refresh_token.as_ref().map(|token| token.expose().to_owned());
        (response.scope.to_string(), issued_audience(&world, response.access_token.expose()), next.unwrap_or_default())
    };
    let (first, audience, refresh_token) = scope(&(exchange(&world.code()) + &format!("&resource={CALENDAR}")));
    assert_eq!((first.as_str(), audience), ("read", resources(&[CALENDAR])));
    let (second, audience, _) = scope(&(refresh(&refresh_token) + &format!("&resource={CONTACTS}")));
    assert_eq!((second.as_str(), audience), ("write", resources(&[CONTACTS])));
    let (both, audience, _) = scope(&refresh(&refresh_token));
    assert_eq!((both.as_str(), audience), ("read write", resources(&[CALENDAR, CONTACTS])));
}

fn issued_audience(world: &World, token: &str) -> Audience {
    let key = Key::of(token).unwrap();
    Store::lookup(&world.store, &Lookup::of(key)).unwrap().credential(key).unwrap().credential.audience.clone()
}
