//! RFC 7591 §5: the host's word on a registration.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::sync::Mutex;

use common::registering::*;
use common::*;
use grantor::consult::{Registration, RegistrationRefusal, RegistrationVerdict};
use grantor::model::ErrorCode;
use grantor::record::{Client, RegisteredAuthentication};
use grantor::server::{Event, Registrants};
use grantor::store::MemoryStore;
use grantor::{Answer, Hosted, Policy, Unavailable};
use http::Request;
use serde_json::json;

fn decided(decide: fn(&Registration) -> RegistrationVerdict, request: &Request<Vec<u8>>) -> (World, Reply, Decides) {
    let world = registering_by(Registrants::Host);
    let host = Hosted { store: &world, policy: Decides(Mutex::default(), decide) };
    let reply = Reply::of(world.server.register(request, world.moment()).run(&host).into_http());
    let policy = host.policy;
    (world, reply, policy)
}

/// "An authorization server MUST consider the full registration request, including the software statement, initial
/// access token, and JSON client metadata values, when deciding whether to honor a given registration request."
#[test]
fn the_host_is_asked_with_the_whole_request_and_refuses_if_it_has_no_answer() {
    let world = registering_by(Registrants::Host);
    let reply = register(&world, metadata());
    assert_eq!((reply.status(), reply.error().as_str()), (403, "access_denied"));

    let asked = as_bearer(request(metadata()), INITIAL);
    let (world, reply, policy) = decided(Registration::accepted, &asked);
    let client = Managed::of(&reply);
    let questions = policy.0.into_inner().unwrap();
    assert_eq!(questions.len(), 1);
    assert_eq!(questions[0].initial_access_token.as_ref().unwrap().expose(), INITIAL);
    assert_eq!((&*questions[0].client, questions[0].before.is_none()), (&client.record(&world), true));
    assert!(!format!("{:?}", questions[0]).contains(INITIAL));
    assert!(!client.record(&world).is_self_registered());
    let (world, reply, _) = decided(Registration::accepted, &request(metadata()));
    assert!(Managed::of(&reply).record(&world).is_self_registered());
}

#[test]
fn the_host_refuses_in_its_own_words() {
    let (_, reply, _) = decided(|_| RegistrationVerdict::Unauthorized, &request(metadata()));
    assert_eq!((reply.status(), reply.error().as_str()), (401, "invalid_token"));
    let (_, reply, _) = decided(
        |_| {
            let refusal = RegistrationRefusal::default().with_error(ErrorCode::parse("invalid_redirect_uri").unwrap());
            RegistrationVerdict::Refuse(refusal.with_description("http://sketchy.example.com is \"not\" allowed\n"))
        },
        &request(metadata()),
    );
    assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_redirect_uri"));
    assert_eq!(reply.member("error_description").unwrap(), "http://sketchy.example.com is not allowed");
    // What is not sound does not come before the host.
    let (_, reply, policy) = decided(Registration::accepted, &request(json!({})));
    assert_eq!((reply.status(), policy.0.into_inner().unwrap().len()), (400, 0));
}

#[test]
fn the_host_may_give_more_or_less_but_not_another_secret() {
    let changed = |question: &Registration| {
        let mut client = Client::confidential("another".parse().unwrap(), "another secret");
        client.redirect_uris.clone_from(&question.client.redirect_uris);
        client.grant_types.clone_from(&question.client.grant_types);
        client.response_types.clone_from(&question.client.response_types);
        client.scope = scope("admin");
        client.grant_lifetime = Some(3600);
        client.revision = 9;
        RegistrationVerdict::Register(client.into())
    };
    let (world, reply, policy) = decided(changed, &request(metadata()));
    let client = Managed::of(&reply);
    let (record, planned) = (client.record(&world), policy.0.into_inner().unwrap().remove(0).client);
    assert_eq!((&client.information["scope"], record.grant_lifetime), (&json!("admin"), Some(3600)));
    assert_eq!((record.revision, &record.authentication), (0, &planned.authentication));
    assert!(matches!(record.authentication, RegisteredAuthentication::Secret { .. }));
    assert_eq!(record.registration, planned.registration);
    assert_eq!(client.read(&world).status(), 200);
}

#[test]
fn a_host_that_cannot_answer_registers_nobody() {
    struct Down;
    impl Policy for Down {
        fn registration(&self, _: &Registration) -> Answer<Registration> {
            Err(Unavailable::new("down"))
        }
    }
    let world = registering_by(Registrants::Host);
    let host = Hosted { store: MemoryStore::new(), policy: Down };
    let reply = world.server.register(&request(metadata()), world.moment()).run(&host);
    assert!(matches!(reply.event(), Event::Unavailable { .. }));
    assert_eq!(reply.into_http().status(), 503);
}
