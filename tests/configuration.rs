//! A server's configuration: what cannot be meant is said when the server is made, and what is advertised is what
//! exists.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::time::Duration;

use common::*;
use grantor::Server;
use grantor::consult::{Issuance, Terms, Verdict};
use grantor::model::{Endpoint, Issuer, Scope};
use grantor::server::{Config, ConfigError, ParConfig, RefreshPolicy};
use grantor::{Answer, Hosted, Policy};
use serde_json::json;

fn config() -> Config {
    let mut config = Config::new(Issuer::parse(ISSUER).unwrap());
    config.par = Some(ParConfig::at(Endpoint::parse("https://server.example.com/par").unwrap()));
    config
}

/// Sets one lifetime of a configuration.
type SetLifetime = fn(&mut Config, Duration);

#[test]
fn a_lifetime_below_a_second_is_said_and_not_swallowed() {
    let almost = Duration::from_millis(999);
    let cases: [(&str, SetLifetime); 8] = [
        ("authorization.code_lifetime", |config, it| config.authorization.code_lifetime = it),
        ("token.access_token_lifetime", |config, it| config.token.access_token_lifetime = it),
        ("token.refresh_token_lifetime", |config, it| config.token.refresh_token_lifetime = it),
        ("token.refresh.grace", |config, grace| config.token.refresh = RefreshPolicy::Rotate { grace }),
        ("token.refresh.grace", |config, grace| config.token.refresh = RefreshPolicy::RotatePublic { grace }),
        ("grant_lifetime", |config, it| config.grant_lifetime = Some(it)),
        ("par.lifetime", |config, it| config.par.as_mut().unwrap().lifetime = it),
        ("par.decision_lifetime", |config, it| config.par.as_mut().unwrap().decision_lifetime = it),
    ];
    assert!(Server::new(config()).is_ok());
    for (name, change) in cases {
        let mut changed = config();
        change(&mut changed, almost);
        assert_eq!(Server::new(changed).unwrap_err(), ConfigError::BelowOneSecond(name));
        // RFC 8259 §6: beyond 2^53-1 readers of JSON do not agree on a number.
        for (seconds, result) in [
            (1, None),
            ((1 << 53) - 1, None),
            (1 << 53, Some(ConfigError::BeyondJson(name))),
            (u64::MAX, Some(ConfigError::BeyondJson(name))),
        ] {
            let mut changed = config();
            change(&mut changed, Duration::from_secs(seconds));
            assert_eq!(Server::new(changed).err(), result, "{name} {seconds}");
        }
    }
    // No grace is a grace of zero.
    let mut strict = config();
    strict.token.refresh = RefreshPolicy::Rotate { grace: Duration::ZERO };
    assert!(Server::new(strict).is_ok());
}

#[test]
fn a_grant_without_room_for_a_token_is_said_and_not_swallowed() {
    for (most, result) in [
        (0, Some(ConfigError::BelowTwo("token.max_credentials_per_grant"))),
        (1, Some(ConfigError::BelowTwo("token.max_credentials_per_grant"))),
        (2, None),
    ] {
        let mut changed = config();
        changed.token.max_credentials_per_grant = most;
        assert_eq!(Server::new(changed).err(), result, "{most}");
    }
}

/// RFC 8259 §6: "integers [...] in the range [-(2**53)+1, (2**53)-1] are interoperable".
#[test]
fn r88_no_number_on_the_wire_is_beyond_what_readers_of_json_have_or_zero() {
    const END: u64 = (1 << 53) - 1;
    let longest = Duration::from_secs(END);
    let world = World::new().with_client(api()).with(|config| {
        config.resources = only(&[photos::PHOTOS]);
        config.authorization.code_lifetime = longest;
        config.token.access_token_lifetime = longest;
        config.token.refresh_token_lifetime = longest;
        config.grant_lifetime = Some(longest);
    });
    let world = world.with_client(public("app").with(|client| client.grant_lifetime = Some(u64::MAX)));
    let reply = world.token(exchange(&world.code(authorize())));
    let number = |reply: &Reply, name: &str| -> u64 { reply.member(name).unwrap().parse().unwrap() };
    for name in ["expires_in", "refresh_token_expires_in", "authorization_expires_in"] {
        assert_eq!(number(&reply, name), END - NOW, "{name}");
    }
    for token in [reply.tokens().0, world.token(refresh(&reply.tokens().1)).access_token()] {
        let form = params(&[("token", &token), ("client_id", "api"), ("client_secret", SECRET)]);
        let introspected = Reply::of(world.server.introspect(&post(form), world.moment()).run(&world).into_http());
        assert_eq!((number(&introspected, "exp"), number(&introspected, "iat")), (END, NOW));
    }

    // A grant of no time is none: no token goes out that is dead when it is born.
    let mut world = World::new().with_everything().with(|config| config.par = crate::config().par);
    for client in [public("app"), confidential("web", SECRET)] {
        world = world.with_client(client.with(|client| client.grant_lifetime = Some(0)));
    }
    for form in [client_credentials(), password()] {
        assert_eq!(world.token(&form).error(), "unauthorized_client", "{form}");
    }
    for request in [authorize(), implicit()] {
        assert_eq!(world.answer(&request).error(), "unauthorized_client", "{request}");
        let pushed = world.server.push(&post(&request), world.moment()).run(&world).into_http();
        assert_eq!(Reply::of(pushed).error(), "unauthorized_client", "{request}");
    }
    // Nor does an older prompt get past that.
    let prompt = World::new().ask(authorize());
    assert_eq!(world.decide(prompt, Some(approval())).error(), "unauthorized_client");
}

struct No;

impl Policy for No {
    fn issuance(&self, _: &Issuance) -> Answer<Issuance> {
        Ok(Verdict::Refuse)
    }
}

/// Whoever writes a last word is asked for it, unless the configuration says otherwise.
#[test]
fn a_policys_last_word_is_asked_for_as_it_comes() {
    for (consult, error) in [(None, Some("invalid_grant")), (Some(true), Some("invalid_grant")), (Some(false), None)] {
        let world = World::new().with(|config| config.consult_issuance = consult.unwrap_or(config.consult_issuance));
        let host = Hosted { store: &world, policy: No };
        let reply = world.server.token(&post(client_credentials()), world.moment()).run(&host);
        assert_eq!(reply.result().err().map(|error| error.code()), error);
    }
    assert_eq!(Terms::default(), Terms { scope: None, access_token_lifetime: None, claims: Default::default() });
}

#[test]
fn an_endpoint_that_is_not_configured_does_not_exist() {
    let world = World::new().with(|config| (config.introspection, config.revocation, config.par) = (None, None, None));
    let request = post(params(&[("token", "x")]).of_web());
    let replies = [
        world.server.introspect(&request, world.moment()).run(&world).into_http(),
        world.server.revoke(&request, world.moment()).run(&world).into_http(),
        world.server.push(&request, world.moment()).run(&world).into_http(),
    ];
    assert!(replies.into_iter().all(|reply| Reply::of(reply).status() == 404));
    let document = serde_json::to_value(metadata_of(&world)).unwrap();
    let endpoints: Vec<_> = document.as_object().unwrap().keys().filter(|name| name.ends_with("_endpoint")).collect();
    assert_eq!(endpoints, ["authorization_endpoint", "token_endpoint"]);
}

#[test]
fn the_document_says_what_the_host_wants_to_say() {
    let mut config = config();
    config.scope.supported = Scope::parse("photos.read photos.write").unwrap();
    config.document.service_documentation = Some("https://docs.example".to_owned());
    config.document.ui_locales_supported = vec!["de".to_owned(), "en".to_owned()];
    config.document.op_policy_uri = Some("https://server.example.com/policy".to_owned());
    config.document.op_tos_uri = Some("https://server.example.com/terms".to_owned());
    config.document.members.insert("protected_resources".to_owned(), json!(["https://photos.example"]));
    // What grantor says, the host does not say otherwise.
    config.document.members.insert("issuer".to_owned(), json!("https://evil.example"));
    let document = serde_json::to_string(&config.metadata()).unwrap();
    assert_eq!(document.matches("\"issuer\"").count(), 1);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["issuer"], ISSUER);
    assert_eq!(document["scopes_supported"], json!(["photos.read", "photos.write"]));
    assert_eq!(document["service_documentation"], "https://docs.example");
    assert_eq!(document["ui_locales_supported"], json!(["de", "en"]));
    assert_eq!(document["op_policy_uri"], "https://server.example.com/policy");
    assert_eq!(document["op_tos_uri"], "https://server.example.com/terms");
    assert_eq!(document["protected_resources"], json!(["https://photos.example"]));
    // A client reads it all back.
    let read: grantor::model::Metadata = serde_json::from_value(document).unwrap();
    assert_eq!(read, config.metadata());
}
