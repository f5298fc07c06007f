//! §4.4: the client credentials grant.

use std::time::Duration;

use crate::common::*;

// §4.4.2, §4.4.3: the examples.

const REQUEST: &str = "
    POST /token HTTP/1.1
    Host: server.example.com
    Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW
    Content-Type: application/x-www-form-urlencoded

    grant_type=client_credentials";

#[test]
fn the_example_of_the_rfc_runs_as_printed() {
    let world = World::of_the_rfc().with(|config| config.token.access_token_lifetime = Duration::from_secs(3600));
    let reply = world.token_by(&as_printed(REQUEST));
    let access_token = reply.access_token();
    let headers = [("cache-control", "no-store"), ("content-type", "application/json"), ("pragma", "no-cache")];
    assert_eq!(reply.headers(), headers);
    let body = format!(
        "{{\"access_token\":\"{access_token}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"scope\":\"read write\"}}"
    );
    assert_eq!((reply.status(), reply.body()), (200, body.as_str()));
}

/// §4.4: "The client credentials grant type MUST only be used by confidential clients."
#[test]
fn r44_only_confidential_clients_may_use_it() {
    let world = World::new();
    let public = params(&[("grant_type", "client_credentials"), ("client_id", "app")]);
    let reply = world.token(&public);
    // `app` is registered for the grant: its registration is a mistake, and does not help it.
    assert_eq!((reply.status(), reply.error().as_str()), (400, "unauthorized_client"));
    assert_eq!(world.token_by(&post_as(&basic("app", ""), &public)).error(), "unauthorized_client");
    assert_eq!(world.token(client_credentials()).status(), 200);
}

/// §4.4.3: "A refresh token SHOULD NOT be included."
#[test]
fn there_is_no_refresh_token() {
    let world = World::new();
    assert_eq!(world.token(client_credentials()).member("refresh_token"), None);
    assert_eq!(world.store.counts(), (1, 1));
}

#[test]
fn the_scope_is_within_what_the_client_may_ask_for() {
    let world = World::new();
    let reply = world.token(client_credentials().set("scope", "write"));
    assert_eq!(reply.member("scope").unwrap(), "write");
    assert_eq!(world.presented(&reply.access_token()).credential.scope, scope("write"));
    for wrong in ["admin", "read admin", "READ", "read  write", " read", "read\n", "r\u{e9}ad", "\"read\""] {
        assert_eq!(world.token(client_credentials().set("scope", wrong)).error(), "invalid_scope", "{wrong:?}");
    }
}

#[test]
fn a_client_that_is_not_registered_for_it_is_unauthorized() {
    let world = World::new().with_client(confidential("web", SECRET).with(|client| client.grant_types.clear()));
    assert_eq!(world.token(client_credentials()).error(), "unauthorized_client");
}
