//! §4.2: the implicit grant, which RFC 9700 §2.1.2 deprecates and which is off as it comes.

use std::time::Duration;

use grantor::model::GrantType;
use grantor::server::AuthorizeReply;

use crate::common::*;

// §4.2.1, §4.2.2, §4.2.2.1: the examples.

const REQUEST: &str = "
    GET /authorize?response_type=token&client_id=s6BhdRkqt3&state=xyz
        &redirect_uri=https%3A%2F%2Fclient%2Eexample%2Ecom%2Fcb HTTP/1.1
    Host: server.example.com";

#[test]
fn the_examples_of_the_rfc_run_as_printed() {
    let world = World::of_the_rfc().with(|config| config.token.access_token_lifetime = Duration::from_secs(3600));
    let AuthorizeReply::Ask(prompt) = world.authorize_by(&as_printed(REQUEST)) else { panic!("not asked") };
    let reply = world.decide(prompt, Some(approval()));
    let access_token = reply.parameter("access_token").unwrap();
    // The RFC's is at http://example.com/cb, whose scheme RFC 9700 §2.6 forbids, and not in the order of its own list.
    let location = format!(
        "https://client.example.com/cb#access_token={access_token}&token_type=Bearer&expires_in=3600\
         &scope=read+write&state=xyz&iss=https%3A%2F%2Fserver.example.com"
    );
    assert_eq!((reply.status(), reply.body()), (303, ""));
    assert_eq!(reply.location(), location);

    let AuthorizeReply::Ask(prompt) = world.authorize_by(&as_printed(REQUEST)) else { panic!("not asked") };
    let reply = world.decide(prompt, None);
    let description = "the+resource+owner+or+authorization+server+denied+the+request";
    let location = format!(
        "https://client.example.com/cb#error=access_denied&error_description={description}\
         &state=xyz&iss=https%3A%2F%2Fserver.example.com"
    );
    assert_eq!((reply.status(), reply.location()), (303, location.as_str()));
}

// §4.2.2 Access Token Response

/// "The authorization server MUST NOT issue a refresh token."
#[test]
fn there_is_no_refresh_token_and_no_code() {
    let world = World::new().with_everything();
    let reply = world.approve(implicit());
    assert!(reply.parameter("refresh_token").is_none() && reply.parameter("code").is_none());
    assert_eq!(world.store.counts(), (1, 1));
    let presented = world.presented(&reply.parameter("access_token").unwrap());
    assert_eq!(presented.grant.grant_type, GrantType::Implicit);
    assert_eq!(presented.grant.subject, Some(subject()));
}

#[test]
fn nothing_of_the_response_stands_in_the_query() {
    let world = World::new().with_everything();
    for reply in [world.approve(implicit()), world.deny(implicit()), world.answer(implicit().set("scope", "admin"))] {
        let (before, _) = reply.location().split_once('#').unwrap();
        assert_eq!(before, CALLBACK);
    }
}

// §4.2.2.1 Error Response: each code, in the fragment.

#[test]
fn each_error_code_of_the_implicit_response_is_given_in_the_fragment() {
    let world = || World::new().with_everything();
    let unregistered = public("app").with(|client| client.response_types.retain(|kind| kind.as_str() == "code"));
    let cases: [(&str, Reply); 8] = [
        ("invalid_request", world().answer(implicit().again("scope", "read"))),
        ("unauthorized_client", world().with_client(unregistered).answer(implicit())),
        ("access_denied", world().deny(implicit())),
        ("unsupported_response_type", World::new().answer(implicit())),
        ("invalid_scope", world().answer(implicit().set("scope", "admin"))),
        ("invalid_scope", world().answer(implicit().set("scope", "read  write"))),
        ("server_error", world().with_outage(At::Commit, None).approve(implicit())),
        ("temporarily_unavailable", world().with_outage(At::Commit, Some(30)).approve(implicit())),
    ];
    for (code, reply) in cases {
        assert_eq!((reply.status(), reply.error().as_str()), (303, code));
        assert!(reply.location().starts_with("https://client.example.com/cb#error="), "{code}");
        assert_eq!(reply.parameter("state").as_deref(), Some("xyz"), "{code}");
        assert_eq!(reply.parameter("access_token"), None, "{code}");
    }
}

// §3.2: the token endpoint is used by every grant "except for the implicit grant type".

#[test]
fn the_token_endpoint_knows_no_implicit_grant() {
    let client = confidential("web", SECRET).with(|client| client.grant_types.push(GrantType::Implicit));
    let world = World::new().with(|config| config.token.grant_types.push(GrantType::Implicit)).with_client(client);
    assert_eq!(world.token(client_credentials().set("grant_type", "implicit")).error(), "unsupported_grant_type");
}
