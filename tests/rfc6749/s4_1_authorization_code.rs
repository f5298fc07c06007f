//! §4.1: the authorization code grant.

use std::time::Duration;

use grantor::model::{GrantType, ResponseType};
use grantor::server::Event;
use grantor::server::{AuthorizeReply, Prompt};

use crate::common::*;

// The examples of §4.1.1 to §4.1.4, in a row. Where the RFC's has a token, ours is put in its place.

const REQUEST: &str = "
    GET /authorize?response_type=code&client_id=s6BhdRkqt3&state=xyz
        &redirect_uri=https%3A%2F%2Fclient%2Eexample%2Ecom%2Fcb HTTP/1.1
    Host: server.example.com";

const TOKEN_REQUEST: &str = "
    POST /token HTTP/1.1
    Host: server.example.com
    Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW
    Content-Type: application/x-www-form-urlencoded

    grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA
    &redirect_uri=https%3A%2F%2Fclient%2Eexample%2Ecom%2Fcb";

#[test]
fn the_examples_of_the_rfc_run_as_printed() {
    let world = World::of_the_rfc().with(|config| config.token.access_token_lifetime = Duration::from_secs(3600));

    // §4.1.1, §4.1.2
    let AuthorizeReply::Ask(prompt) = world.authorize_by(&as_printed(REQUEST)) else { panic!("not asked") };
    let reply = world.decide(prompt, Some(approval()));
    let code = reply.parameter("code").unwrap();
    let location = format!("https://client.example.com/cb?code={code}&state=xyz&iss=https%3A%2F%2Fserver.example.com");
    let headers = [
        ("cache-control", "no-store"),
        ("location", &location),
        ("pragma", "no-cache"),
        ("referrer-policy", "no-referrer"),
    ];
    // The RFC prints 302; RFC 9700 §4.12 asks for 303.
    assert_eq!((reply.status(), reply.body()), (303, ""));
    assert_eq!(reply.headers(), headers);

    // §4.1.3, §4.1.4
    let reply = world.token_by(&as_printed(&TOKEN_REQUEST.replace("SplxlOBeZQQYbYS6WxSbIA", &code)));
    let (access_token, refresh_token) = reply.tokens();
    assert_eq!(reply.status(), 200);
    let headers = [("cache-control", "no-store"), ("content-type", "application/json"), ("pragma", "no-cache")];
    assert_eq!(reply.headers(), headers);
    let body = format!(
        "{{\"access_token\":\"{access_token}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\
         \"refresh_token\":\"{refresh_token}\",\"scope\":\"read write\"}}"
    );
    assert_eq!(reply.body(), body);
}

#[test]
fn the_error_example_of_the_rfc_is_answered_as_printed() {
    let world = World::of_the_rfc();
    let AuthorizeReply::Ask(prompt) = world.authorize_by(&as_printed(REQUEST)) else { panic!("not asked") };
    let reply = world.decide(prompt, None);
    let description = "the+resource+owner+or+authorization+server+denied+the+request";
    assert_eq!(
        reply.location(),
        format!(
            "https://client.example.com/cb?error=access_denied&error_description={description}\
             &state=xyz&iss=https%3A%2F%2Fserver.example.com"
        )
    );
    assert_eq!(reply.status(), 303);
}

// §4.1.2 Authorization Response

/// "The exact value received from the client."
/// RFC 6749 §4.1.2.1: "REQUIRED if a "state" parameter was present".
#[test]
fn r15_state_comes_back_in_success_and_in_error() {
    let world = World::new();
    for state in ["xyz", " ", "a b+c&d=e%20#f", "{\"a\":\"\\\\\"}", "~!@$^*()", &"x".repeat(4000)] {
        let request = authorize().set("state", state);
        for reply in
            [world.approve(&request), world.deny(&request), world.answer(request.clone().set("scope", "admin"))]
        {
            assert_eq!(reply.parameter("state").as_deref(), Some(state));
            assert_eq!(reply.location().matches("state=").count(), 1);
        }
    }
    // One that cannot come back is told to the person: a redirect without it says nothing to the client.
    let longest = "x".repeat(4096);
    assert_eq!(world.approve(authorize().set("state", &longest)).parameter("state"), Some(longest.clone()));
    for request in [authorize(), implicit(), authorize().set("scope", "admin"), authorize().set("response_type", "x")] {
        for state in [format!("{longest}x"), "x".repeat(60_000), "é".to_owned(), "a\nb".to_owned()] {
            assert!(world.answer(request.clone().set("state", &state)).is_page());
        }
    }
    let request = authorize().without("state");
    for reply in [world.approve(&request), world.deny(&request), world.answer(request.clone().set("scope", "admin"))] {
        assert_eq!(reply.parameter("state"), None);
    }
}

/// "A maximum authorization code lifetime of 10 minutes is RECOMMENDED."
/// RFC 6749 §4.1.3: "verify that the authorization code is valid".
#[test]
fn r34_codes_are_short_lived() {
    let mut world = World::new();
    let lifetime = world.server.config().authorization.code_lifetime.as_secs();
    assert!((1..=600).contains(&lifetime));
    let [in_time, late] = [world.code(authorize()), world.code(authorize())];
    world.now = NOW + lifetime - 1;
    assert_eq!(world.token(exchange(&in_time)).status(), 200);
    world.now = NOW + lifetime;
    assert_eq!(world.token(exchange(&late)).error(), "invalid_grant");
}

/// "If an authorization code is used more than once, the authorization server MUST deny the request".
#[test]
fn r31_a_code_is_used_once() {
    let world = World::new();
    let code = world.code(authorize());
    assert_eq!(world.token(exchange(&code)).status(), 200);
    for _ in 0..3 {
        let reply = world.token(exchange(&code));
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"));
    }
}

/// "and SHOULD revoke (when possible) all tokens previously issued based on that authorization code."
#[test]
fn r32_a_valid_replay_revokes_the_tokens_issued_from_the_code() {
    let world = World::new();
    let code = world.code(authorize());
    let (first_access, first_refresh) = world.token(exchange(&code)).tokens();
    let (access, refresh_token) = world.token(refresh(&first_refresh)).tokens();
    let (other_access, other_refresh) = world.tokens();
    assert!(matches!(world.event(exchange(&code)), Event::Replayed { .. }));
    for token in [first_access, access, refresh_token.clone()] {
        assert!(!world.is_alive(&token));
    }
    assert_eq!(world.token(refresh(&refresh_token)).error(), "invalid_grant");
    // The person's other authorizations of the same client are not touched.
    assert!(world.is_alive(&other_access));
    assert_eq!(world.token(refresh(&other_refresh)).status(), 200);
}

// §4.1.2.1 Error Response: each code, in the query.

#[test]
fn each_error_code_of_the_authorization_response_is_given() {
    let unregistered = public("app").with(|client| client.response_types.clear());
    let cases: [(&str, Reply); 8] = [
        ("invalid_request", World::new().answer(authorize().without("response_type"))),
        ("unauthorized_client", World::new().with_client(unregistered).answer(authorize())),
        ("access_denied", World::new().deny(authorize())),
        ("unsupported_response_type", World::new().answer(authorize().set("response_type", "id_token"))),
        ("invalid_scope", World::new().answer(authorize().set("scope", "read admin"))),
        ("invalid_scope", World::new().answer(authorize().set("scope", "read\twrite"))),
        ("server_error", World::new().with_outage(At::Commit, None).approve(authorize())),
        ("temporarily_unavailable", World::new().with_outage(At::Commit, Some(30)).approve(authorize())),
    ];
    for (code, reply) in cases {
        assert_eq!((reply.status(), reply.error().as_str()), (303, code));
        assert!(reply.location().starts_with("https://client.example.com/cb?error="), "{code}");
        assert_eq!(reply.parameter("state").as_deref(), Some("xyz"), "{code}");
        assert_eq!(reply.parameter("code"), None, "{code}");
        assert!(reply.parameter("error_description").is_some(), "{code}");
    }
}

/// A store that is out of order when the decision comes back: the redirect URI is not proven again, so nobody is
/// redirected.
#[test]
fn an_outage_at_the_lookup_of_a_decision_is_a_page() {
    for (retry_after, header) in [(None, None), (Some(30), Some("30"))] {
        let mut world = World::new();
        let (approved, denied) = (world.ask(authorize()), world.ask(authorize()));
        world = world.with_outage(At::Lookup, retry_after);
        for reply in [world.decide(approved, Some(approval())), world.decide(denied, None)] {
            assert!(reply.is_page());
            assert_eq!((reply.status(), reply.header("retry-after")), (503, header));
        }
    }
}

/// The client, its redirect URI and what it may ask for are looked up and checked again when the decision comes back.
#[test]
fn what_was_withdrawn_while_the_person_decided_is_not_granted() {
    let decide = |later: World, prompt| later.decide(prompt, Some(approval()));
    let prompt = || World::new().ask(authorize());
    let without = |change: fn(&mut grantor::record::Client)| World::new().with_client(public("app").with(change));
    // Nobody to send an error to.
    assert!(decide(World::new().without_clients(), prompt()).is_page());
    assert!(decide(without(|client| client.redirect_uris.clear()), prompt()).is_page());
    // Somebody.
    let later = without(|client| client.response_types = vec![ResponseType::Token]);
    assert_eq!(decide(later, prompt()).error(), "unauthorized_client");
    let later = without(|client| client.grant_types = vec![GrantType::RefreshToken]);
    assert_eq!(decide(later, prompt()).error(), "unauthorized_client");
    let later = World::new().with(|config| config.authorization.response_types.clear());
    assert_eq!(decide(later, prompt()).error(), "unsupported_response_type");
    let later = World::new().with(|config| config.token.grant_types = vec![GrantType::RefreshToken]);
    assert_eq!(decide(later, prompt()).error(), "unsupported_response_type");
    let later = without(|client| client.scope = scope("admin"));
    assert_eq!(decide(later, prompt()).error(), "access_denied");
    let later = without(|client| client.scope = scope("write"));
    let code = later.decide(prompt(), Some(approval())).parameter("code").unwrap();
    assert_eq!(later.presented(&code).grant.scope, scope("write"));
}

/// A host may keep the prompt in a cookie that it forgot to sign. What the browser's owner makes of it must not exceed
/// what an honest request could have been.
#[test]
fn a_prompt_that_was_tampered_with_gains_nothing() {
    let world = World::new();
    let tampered = |member: &str, value: serde_json::Value| {
        let mut prompt = serde_json::to_value(world.ask(authorize())).unwrap();
        assert!(prompt.get(member).is_some(), "{member}");
        prompt[member] = value;
        world.decide(serde_json::from_value(prompt).unwrap(), Some(approval()))
    };
    assert!(tampered("redirect_uri", "https://evil.example/cb".into()).is_page());
    assert!(tampered("client_id", "nobody".into()).is_page());
    assert_eq!(tampered("response_type", "token".into()).error(), "unsupported_response_type");
    assert_eq!(tampered("code_challenge", serde_json::Value::Null).error(), "invalid_request");
    assert_eq!(tampered("scope", "admin".into()).error(), "access_denied");
    let code = tampered("scope", "read admin".into()).parameter("code").unwrap();
    assert_eq!(world.presented(&code).grant.scope, scope("read"));
    let mut plain = serde_json::to_value(world.ask(authorize())).unwrap()["code_challenge"].clone();
    plain["method"] = "plain".into();
    assert_eq!(tampered("code_challenge", plain).error(), "invalid_request");
    // A state that the request could have had is encoded like any other, and breaks out of nothing.
    let reply = tampered("state", "a&code=evil#".into());
    assert_eq!(reply.parameter("state").unwrap(), "a&code=evil#");
    assert_eq!(reply.location().matches("code=").count(), 1);
    // One that it could not have had is not read.
    let mut prompt = serde_json::to_value(world.ask(authorize())).unwrap();
    prompt["state"] = "a\r\nSet-Cookie: b=c".into();
    assert!(serde_json::from_value::<Prompt>(prompt).is_err());
}

// §4.1.3 Access Token Request

/// "ensure that the authorization code was issued to the authenticated confidential client, or if the client is public,
/// ensure that the code was issued to "client_id" in the request".
#[test]
fn r35_a_code_is_bound_to_its_client() {
    let world = World::new().with_client(public("other")).with_client(confidential("rival", "rivals-secret"));
    let of_app = world.code(authorize());
    let of_web = world.code(authorize().set("client_id", "web"));
    for form in [
        exchange(&of_app).set("client_id", "other"),
        exchange(&of_app).of_web(),
        exchange(&of_web),
        exchange(&of_web).set("client_id", "rival").set("client_secret", "rivals-secret"),
    ] {
        let reply = world.token(&form);
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"), "{form}");
    }
    // Trying did not spend them.
    assert_eq!(world.token(exchange(&of_app)).status(), 200);
    assert_eq!(world.token(exchange(&of_web).of_web()).status(), 200);
}

/// "ensure that the "redirect_uri" parameter is present if the "redirect_uri" parameter was included in the initial
/// authorization request [...], and if included ensure that their values are identical."
#[test]
fn r36_the_redirect_uri_is_repeated_identically() {
    let two = public("app").with(|client| client.redirect_uris.push(redirect_uri("https://client.example.com/cb2")));
    let world = World::new().with_client(two);
    let code = world.code(authorize());
    for wrong in
        ["https://client.example.com/cb2", "https://client.example.com/cb/", "HTTPS://client.example.com/cb", ""]
    {
        let reply = world.token(exchange(&code).set("redirect_uri", wrong));
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_grant"), "{wrong}");
    }
    assert_eq!(world.token(exchange(&code).without("redirect_uri")).error(), "invalid_grant");
    assert_eq!(world.token(exchange(&code)).status(), 200);

    // Not sent before: it may be left out, and another is refused.
    let world = World::new();
    let code = world.code(authorize().without("redirect_uri"));
    assert_eq!(world.token(exchange(&code).set("redirect_uri", "https://evil.example/cb")).error(), "invalid_grant");
    assert_eq!(world.token(exchange(&code).without("redirect_uri")).status(), 200);
}

/// RFC 6749 §4.1.3: "verify that the authorization code is valid".
#[test]
fn a_code_is_one_of_ours_and_a_code() {
    let world = World::new();
    let (access_token, refresh_token) = world.tokens();
    let code = world.code(authorize());
    let flipped = format!("{}{}", &code[..43], if code.ends_with('A') { 'B' } else { 'A' });
    for wrong in
        ["SplxlOBeZQQYbYS6WxSbIA", &access_token, &refresh_token, &flipped, &code[..43], &format!("{code}A"), "\u{e9}"]
    {
        assert_eq!(world.token(exchange(wrong)).error(), "invalid_grant", "{wrong}");
    }
    assert_eq!(world.token(exchange("").without("code")).error(), "invalid_request");
    assert_eq!(world.token(exchange(&code)).status(), 200);
}

#[test]
fn a_client_that_may_not_use_the_grant_is_unauthorized() {
    let world = World::new();
    let code = world.code(authorize());
    let world = world.with_client(public("app").with(|client| client.grant_types.clear()));
    let reply = world.token(exchange(&code));
    assert_eq!((reply.status(), reply.error().as_str()), (400, "unauthorized_client"));
}

/// §1.5: "Issuing a refresh token is optional": server and client must both want it.
#[test]
fn there_is_a_refresh_token_only_if_server_and_client_use_them() {
    use grantor::model::GrantType::RefreshToken;
    let has_refresh_token = |world: World| {
        let reply = world.token(exchange(&world.code(authorize())));
        assert_eq!(reply.status(), 200);
        reply.member("refresh_token").is_some()
    };
    assert!(has_refresh_token(World::new()));
    assert!(!has_refresh_token(
        World::new().with(|config| config.token.grant_types.retain(|grant| *grant != RefreshToken))
    ));
    let client = public("app").with(|client| client.grant_types.retain(|grant| *grant != RefreshToken));
    assert!(!has_refresh_token(World::new().with_client(client)));
}
