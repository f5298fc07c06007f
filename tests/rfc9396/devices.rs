//! RFC 9396 §3 at a device: the parameter can be used "in all places where the `scope` parameter is used", among them
//! the device authorization request of RFC 8628.

use grantor::HttpHost;
use grantor::client::Polled;
use grantor::server::{AuthorizeDeviceError, DetailsError, DevicePrompt};
use serde_json::json;

use crate::common::devices::{Device, INTERVAL, poll, start};
use crate::common::*;
use crate::{ALL, accounts, combined, details, issued, payment, types, with, with_clients};

fn world() -> World {
    with_clients(World::new().with(types).with_devices(), |_| ())
}

#[test]
fn the_person_is_asked_for_each_of_them() {
    let world = world();
    let device = world.device_of(with(start(), &combined()));
    let prompt = world.enter(&device);
    assert_eq!(prompt.asked.authorization_details, details(&combined()));
    assert_eq!(prompt.asked.scope, scope("read write"));
    let kept: DevicePrompt = serde_json::from_str(&serde_json::to_string(&prompt).unwrap()).unwrap();
    assert_eq!(kept.asked.authorization_details, details(&combined()));
    assert!(!format!("{kept:?}").contains("Merchant"));
    world.approve_device(&device);
    assert_eq!(issued(&world, &world.token(poll(&device))), combined());
}

#[test]
fn the_person_may_leave_some_out_and_a_poll_may_ask_for_fewer() {
    let world = world();
    let device = world.device_of(with(start(), &combined()).without("scope"));
    let prompt = world.enter(&device);
    assert!(prompt.asked.scope.is_empty());
    let only = details(&json!([accounts(&ALL)]));
    world.decide_on(prompt, Some(approval().narrowed_to_details(only))).is_approved().unwrap();
    let more = world.token(with(poll(&device), &json!([payment()])));
    assert_eq!(more.error(), "invalid_authorization_details");
    let fewer = json!([accounts(&["list_accounts"])]);
    assert_eq!(issued(&world, &world.token(with(poll(&device), &fewer))), fewer);
}

/// Approving none of them, where nothing else was asked for, is a denial.
#[test]
fn leaving_all_of_them_out_is_a_denial() {
    let world = world();
    let device = world.device_of(with(start(), &combined()).without("scope"));
    let nothing = approval().narrowed_to_details(details(&json!([])));
    assert!(!world.decide_on(world.enter(&device), Some(nothing)).is_approved().unwrap());
    assert_eq!(world.token(poll(&device)).error(), "access_denied");
}

/// §5: "the AS MUST refuse to process any unknown authorization details type or authorization details not conforming to
/// the respective type definition."
#[test]
fn details_that_cannot_be_granted_are_refused() {
    let world = world();
    for unsound in [json!([{ "type": "unknown" }]), json!([{ "type": "payment_initiation" }]), json!({})] {
        let reply = world.authorize_device(with(start(), &unsound));
        assert_eq!((reply.status(), reply.error()), (400, "invalid_authorization_details".to_owned()), "{unsound}");
    }
    let unregistered = World::new().with(types).with_devices();
    let request = post(with(start(), &combined()));
    let reply = unregistered.server.authorize_device(&request, unregistered.moment()).run(&unregistered);
    let refused = AuthorizeDeviceError::InvalidAuthorizationDetails(DetailsError::TypeOfOthers);
    assert_eq!(*reply.result().unwrap_err(), refused);
}

#[test]
fn the_client_asks_and_is_told() {
    let mut world = world();
    let (client, asked) = (public_client_at(metadata_of(&world), "app"), details(&combined()));
    let request = client.authorize_device().authorization_details(asked.clone());
    let device = request.start(world.moment()).run(&HttpHost(Wire::to(&world))).unwrap();
    world.approve_device(&Device { device_code: String::new(), user_code: device.user_code().to_owned() });
    world.later(INTERVAL);
    let polled = client.poll(&device, world.moment()).run(&HttpHost(Wire::to(&world))).unwrap();
    let Polled::Tokens(tokens) = polled else { panic!("{polled:?}") };
    assert_eq!(*tokens.authorization_details(), asked);
}
