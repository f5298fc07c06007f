//! Invariants 1 and 12 for pushed requests: a `request_uri` is decided once, is good for its own client, until its time
//! is over, and stands for what was pushed, whatever the browser says.

use grantor::Server;
use grantor::server::{Approval, AuthorizationResponse, AuthorizeReply, Event, ParConfig, Prompt, RefreshPolicy};
use http::Request;

use crate::fixture::*;

const CHALLENGE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn world() -> World {
    let mut world = World::new(RefreshPolicy::Reuse);
    let mut config = world.server.config().clone();
    config.par = Some(ParConfig::below(&config.issuer));
    world.server = Server::new(config).unwrap();
    world
}

/// The public client pushes a request for `read`.
fn push(world: &World) -> String {
    let body = format!("response_type=code&client_id=public&scope=read&state=xyz&{CHALLENGE}");
    let reply = world.server.push(&form(&body), world.moment()).run(&world.store);
    reply.result().unwrap_or_else(|error| panic!("{error}")).request_uri.expose().to_owned()
}

fn open(world: &World, query: &str) -> AuthorizeReply {
    let request = Request::get(format!("/authorize?{query}")).body("").unwrap();
    world.server.authorize(&request, world.moment()).run(&world.store)
}

fn ask(world: &World, query: &str) -> Prompt {
    match open(world, query) {
        AuthorizeReply::Ask(prompt) => prompt,
        refused => panic!("{query}: {:?}", refused.event()),
    }
}

/// The person is told that there is no such request, and nobody is redirected.
fn is_unknown(world: &World, query: &str) -> bool {
    match open(world, query) {
        AuthorizeReply::Respond(response) => {
            response.location().is_none() && response.page_error().unwrap().code() == "invalid_request_uri"
        }
        _ => false,
    }
}

fn decide(world: &World, prompt: Prompt, approves: bool) -> AuthorizationResponse {
    let approval = Approval::by("alice".parse().unwrap());
    let step = if approves {
        prompt.approve(&world.server, approval, world.moment())
    } else {
        prompt.deny(&world.server, world.moment())
    };
    step.run(&world.store)
}

fn own(request_uri: &str) -> String {
    format!("client_id=public&request_uri={request_uri}")
}

#[test]
fn a_request_uri_that_was_decided_is_no_request_any_more() {
    for approves in [true, false] {
        let world = world();
        let request_uri = push(&world);
        // A page that is loaded again before the decision is the same request.
        let prompts =
            [ask(&world, &own(&request_uri)), ask(&world, &own(&request_uri)), ask(&world, &own(&request_uri))];
        let mut prompts = prompts.into_iter();
        let first = decide(&world, prompts.next().unwrap(), approves);
        assert_eq!(matches!(first.event(), Event::Authorized { .. }), approves);
        assert!(is_unknown(&world, &own(&request_uri)));
        for (prompt, again) in prompts.zip([true, false]) {
            let response = decide(&world, prompt, again);
            let location = response.location().unwrap();
            assert_eq!(parameter(location, "error"), "invalid_request");
            assert!(!location.contains("code="), "{location}");
        }
    }
}

#[test]
fn a_request_uri_is_good_for_the_client_that_pushed_it() {
    let world = world();
    let request_uri = push(&world);
    for thief in ["confidential", "public%20", "PUBLIC"] {
        let query = format!("client_id={thief}&request_uri={request_uri}");
        assert!(matches!(open(&world, &query), AuthorizeReply::Respond(_)), "{thief}");
    }
    let stolen = format!("client_id=confidential&request_uri={request_uri}");
    assert!(is_unknown(&world, &format!("{stolen}&redirect_uri=https%3A%2F%2Fclient.example%2Fcb")));
    assert_eq!(ask(&world, &own(&request_uri)).recipient.client_id.as_str(), "public");
}

#[test]
fn a_request_uri_ends_by_itself() {
    let mut world = world();
    let request_uri = push(&world);
    world.now += 59;
    let prompt = ask(&world, &own(&request_uri));
    world.now += 1;
    assert!(is_unknown(&world, &own(&request_uri)));
    world.now += 60 * 60;
    let response = decide(&world, prompt, true);
    assert_eq!(parameter(response.location().unwrap(), "error"), "invalid_request");
}

#[test]
fn nothing_that_the_browser_adds_changes_what_was_pushed() {
    let world = world();
    let request_uri = push(&world);
    let plain = serde_json::to_value(ask(&world, &own(&request_uri))).unwrap();
    for added in [
        "scope=read+write",
        "state=evil",
        "state=%00",
        "redirect_uri=https%3A%2F%2Fevil.example",
        "response_type=token",
        "response_mode=fragment",
        "response_mode=form_post",
        "code_challenge=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&code_challenge_method=plain",
        "resource=https%3A%2F%2Fevil.example",
        "acr_values=x&max_age=0",
        "prompt=none",
        "login_hint=mallory&ui_locales=de",
        "request=eyJhbGciOiJub25lIn0.e30.",
        "scope=read&scope=write",
    ] {
        let query = format!("{}&{added}", own(&request_uri));
        assert_eq!(serde_json::to_value(ask(&world, &query)).unwrap(), plain, "{added}");
    }
    // Two references are none.
    let other = push(&world);
    assert!(matches!(open(&world, &format!("{}&request_uri={other}", own(&request_uri))), AuthorizeReply::Respond(_)));
    let response = decide(&world, ask(&world, &own(&request_uri)), true);
    let code = parameter(response.location().unwrap(), "code");
    assert_eq!(parameter(response.location().unwrap(), "state"), "xyz");
    let reply = world.token(&exchange(&code));
    assert_eq!(reply.result().unwrap().scope.as_str(), "read");
}

#[test]
fn no_other_credential_is_a_request_uri() {
    let world = world();
    let code = world.code();
    let (access_token, refresh_token) = world.tokens();
    for stolen in [code, access_token, refresh_token] {
        for reference in [stolen.clone(), format!("urn:ietf:params:oauth:request_uri:{stolen}")] {
            assert!(is_unknown(&world, &own(&reference)), "{reference}");
        }
    }
    // Nor is a request that waits a credential.
    let request_uri = push(&world);
    let token = request_uri.rsplit(':').next().unwrap();
    assert!(world.token(&exchange(token)).result().is_err());
    assert!(world.token(&refresh(token)).result().is_err());
}
