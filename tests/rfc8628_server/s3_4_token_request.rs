//! RFC 8628 §3.4 and §3.5: the device polls.

use crate::common::*;
use crate::*;

// §3.4 Device Access Token Request

#[test]
fn a_device_gets_its_tokens_once_the_person_has_approved() {
    let world = world();
    let device = world.device();
    assert_eq!(polled(&world, &device), (400, "authorization_pending".to_owned()));
    world.approve_device(&device);
    // It need not wait for the interval to pass: there is nothing to slow down any more.
    let reply = world.token(poll(&device));
    let (access_token, refresh_token) = reply.tokens();
    assert!(world.is_alive(&access_token) && world.is_alive(&refresh_token));
    assert_eq!(reply.member("scope").as_deref(), Some("read write"));
    assert_eq!(world.token(refresh(&refresh_token)).status(), 200);
}

#[test]
fn the_device_code_is_required_and_bound_to_its_client() {
    let world = world();
    let device = world.device();
    let missing = world.token(poll(&device).without("device_code"));
    assert_eq!((missing.status(), missing.error().as_str()), (400, "invalid_request"));
    for approved in [false, true] {
        if approved {
            world.approve_device(&device);
        }
        let other = world.token(poll(&device).of_web());
        assert_eq!((other.status(), other.error().as_str()), (400, "invalid_grant"), "{approved}");
    }
    assert_eq!(world.token(poll(&device)).status(), 200, "another client's attempt changes nothing");
}

#[test]
fn a_confidential_client_authenticates_with_each_poll() {
    let world = world();
    let device = world.device_of(start().of_web());
    let unauthenticated = world.token(poll(&device).set("client_id", "web"));
    assert_eq!((unauthenticated.status(), unauthenticated.error().as_str()), (400, "invalid_client"));
    world.approve_device(&device);
    assert_eq!(world.token(poll(&device).of_web()).status(), 200);
}

/// A code by redirect is bound to more than a device code: the two do not stand for each other, and neither does a
/// pushed request.
#[test]
fn a_device_code_is_no_other_code() {
    let world = world().with(|config| {
        config.par = Some(grantor::server::ParConfig::at("https://server.example.com/par".parse().unwrap()));
    });
    let device = world.device();
    world.approve_device(&device);
    let as_code = world.token(exchange(&device.device_code).without("redirect_uri").without("code_verifier"));
    assert_eq!(as_code.error(), "invalid_grant");
    assert_eq!(world.token(refresh(&device.device_code)).error(), "invalid_grant");
    let code = world.code(authorize());
    let device_of = |device_code: &str| Device { device_code: device_code.to_owned(), user_code: String::new() };
    assert_eq!(world.poll_error(&device_of(&code)), TokenError::DeviceCodeUnknown);
    let pushed = world.server.push(&post(authorize()), world.moment()).run(&world);
    let request_uri = pushed.result().unwrap().request_uri.expose().to_owned();
    let (_, token) = request_uri.rsplit_once(':').unwrap();
    assert_eq!(world.poll_error(&device_of(token)), TokenError::DeviceCodeUnknown);
    let waiting = world.device();
    let by_browser = format!("urn:ietf:params:oauth:request_uri:{}", waiting.device_code);
    assert!(world.answer(params(&[("client_id", "app"), ("request_uri", &by_browser)])).is_page());
    for text in ["", "x", &"A".repeat(44)] {
        let reply = world.token(poll(&device_of(text)));
        assert_eq!(reply.status(), 400, "{text}");
    }
    // It is a code of its own grant still.
    assert!(matches!(world.presented(&device.device_code).credential.kind, CredentialKind::AuthorizationCode(_)));
    assert_eq!(world.token(poll(&device)).status(), 200);
}

/// RFC 8707 §2.2: a token is for a part of what was granted.
#[test]
fn a_token_is_for_the_resource_that_the_poll_names() {
    let world = world().with(|config| config.resources = only(&["https://photos.example", "https://mail.example"]));
    let both = start().again("resource", "https://photos.example").again("resource", "https://mail.example");
    let device = world.device_of(both);
    world.approve_device(&device);
    assert_eq!(world.token(poll(&device).set("resource", "https://other.example")).error(), "invalid_target");
    let reply = world.token(poll(&device).set("resource", "https://mail.example"));
    let audience = world.presented(&reply.access_token()).credential.audience.clone();
    assert_eq!(audience, only(&["https://mail.example"]));
}

// §3.5 Device Access Token Response

/// "the interval MUST be increased by 5 seconds for this and all subsequent requests."
#[test]
fn a_device_that_asks_too_often_is_slowed_down() {
    let mut world = world();
    let device = world.device();
    let mut ask_after = |seconds| {
        world.later(seconds);
        world.poll_error(&device)
    };
    // The first poll may come at once.
    assert_eq!(ask_after(0), TokenError::AuthorizationPending);
    assert_eq!(ask_after(5), TokenError::AuthorizationPending);
    assert_eq!(ask_after(4), TokenError::SlowDown);
    assert_eq!(ask_after(9), TokenError::SlowDown, "ten seconds by now");
    assert_eq!(ask_after(15), TokenError::AuthorizationPending);
    assert_eq!(ask_after(14), TokenError::SlowDown);
    assert_eq!(polled(&world, &device), (400, "slow_down".to_owned()));
    let stored = world.stored(&device);
    assert_eq!((stored.interval, stored.polled_at), (25, Some(world.at())));
}

/// "Before each new request, the client MUST wait at least the number of seconds specified by the "interval"
/// parameter": the time is the server's and not a host's, since it stands in the store.
#[test]
fn every_host_knows_when_the_device_asked_last() {
    let world = world();
    let device = world.device();
    let another = Server::new(world.server.config().clone()).unwrap();
    assert_eq!(world.poll_error(&device), TokenError::AuthorizationPending);
    let reply = another.token(&post(poll(&device)), world.moment()).run(&world);
    assert_eq!(reply.result().unwrap_err(), &TokenError::SlowDown);
}

/// "The authorization request was denied."
#[test]
fn a_device_that_was_denied_is_told_so() {
    let world = world();
    let device = world.device();
    world.deny_device(&device);
    for _ in 0..2 {
        assert_eq!(polled(&world, &device), (400, "access_denied".to_owned()));
    }
}

/// "The "device_code" has expired, and the device authorization session has concluded."
#[test]
fn a_device_code_expires() {
    for decision in [None, Some(None), Some(Some(approval()))] {
        let mut world = world();
        let device = world.device();
        let prompt = world.enter(&device);
        if let Some(decision) = decision.clone() {
            let _ = world.decide_on(world.enter(&device), decision);
        }
        world.later(LIFETIME);
        let is_denial = matches!(decision, Some(None));
        let expected = if is_denial { "access_denied" } else { "expired_token" };
        assert_eq!(polled(&world, &device), (400, expected.to_owned()));
        assert_eq!(world.page_error(&device.user_code), DevicePageError::Ended);
        assert_eq!(world.decide_on(prompt, Some(approval())).is_approved(), Err(&DevicePageError::Ended));
    }
}

/// A store that fails is no answer of the person.
#[test]
fn an_outage_is_neither_pending_nor_denied() {
    let mut world = world();
    let device = world.device();
    for at in [At::Lookup, At::Commit] {
        world = world.with_outage(at, Some(3));
        assert_eq!(polled(&world, &device), (503, "temporarily_unavailable".to_owned()));
        assert!(matches!(world.event(poll(&device)), Event::Unavailable { .. }));
    }
}
