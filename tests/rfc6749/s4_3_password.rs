//! §4.3: the resource owner password credentials grant, which RFC 9700 §2.4 forbids and which is off as it comes.

use std::time::Duration;

use grantor::model::GrantType;

use crate::common::*;

// §4.3.2, §4.3.3: the examples.

const REQUEST: &str = "
    POST /token HTTP/1.1
    Host: server.example.com
    Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW
    Content-Type: application/x-www-form-urlencoded

    grant_type=password&username=johndoe&password=A3ddj3w";

#[test]
fn the_example_of_the_rfc_runs_as_printed() {
    let world = World::of_the_rfc().with(|config| config.token.access_token_lifetime = Duration::from_secs(3600));
    let reply = world.token_by(&as_printed(REQUEST));
    let (access_token, refresh_token) = reply.tokens();
    let body = format!(
        "{{\"access_token\":\"{access_token}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\
         \"refresh_token\":\"{refresh_token}\",\"scope\":\"read write\"}}"
    );
    assert_eq!((reply.status(), reply.body()), (200, body.as_str()));
    let grant = world.presented(&access_token).grant;
    assert_eq!((&grant.subject, &grant.grant_type), (&Some(subject()), &GrantType::Password));
}

#[test]
fn wrong_credentials_of_the_resource_owner_are_an_invalid_grant() {
    let world = World::new().with_everything();
    for form in [
        password().set("password", "wrong"),
        password().set("password", "a3ddj3w"),
        password().set("username", "JohnDoe"),
        password().set("username", "jane"),
    ] {
        let reply = world.token(&form);
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"), "{form}");
    }
    for missing in ["username", "password"] {
        assert_eq!(world.token(password().without(missing)).error(), "invalid_request", "{missing}");
    }
}

/// A store alone is a host that knows no passwords.
#[test]
fn a_host_that_has_no_answer_lets_nobody_in() {
    let world = World::new().with_everything();
    let request = post(password());
    let reply = world.server.token(&request, world.moment()).run(&world.store);
    assert_eq!(Reply::of(reply.into_http()).error(), "invalid_grant");
}

#[test]
fn the_scope_is_within_what_the_client_may_ask_for() {
    let world = World::new().with_everything();
    assert_eq!(world.token(password().set("scope", "read")).member("scope").unwrap(), "read");
    assert_eq!(world.token(password().set("scope", "read admin")).error(), "invalid_scope");
}
