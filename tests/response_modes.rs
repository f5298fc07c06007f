//! Multiple Response Types: the parameter `response_mode` of the OAuth 2.0 Multiple Response Type Encoding Practices.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use common::*;
use grantor::client::{AuthorizationRequest, BeginError};
use grantor::model::{ResponseMode, ResponseType};
use grantor::server::{ParConfig, Prompt};

/// A server that issues codes and tokens, and takes pushed requests.
fn world() -> World {
    World::new()
        .with_everything()
        .with(|config| config.par = Some(ParConfig::at("https://server.example.com/par".parse().unwrap())))
}

fn offering(modes: &[ResponseMode]) -> World {
    world().with(|config| config.authorization.response_modes = modes.to_vec())
}

/// By which way a reply goes to the client, and a parameter of it.
fn way(reply: &Reply, name: &str) -> (ResponseMode, Option<String>) {
    match reply.header("location") {
        None => (ResponseMode::FormPost, FormPage::of(reply).field(name).map(str::to_owned)),
        Some(location) => {
            assert!(location.starts_with(CALLBACK), "{location}");
            let mode = match (location.contains('?'), location.contains('#')) {
                (true, false) => ResponseMode::Query,
                (false, true) => ResponseMode::Fragment,
                _ => panic!("{location}"),
            };
            (mode, reply.parameter(name))
        }
    }
}

fn refused_by(reply: &Reply) -> (ResponseMode, String) {
    let (mode, error) = way(reply, "error");
    (mode, error.unwrap_or_else(|| panic!("{reply:?}")))
}

fn invalid(mode: ResponseMode) -> (ResponseMode, String) {
    (mode, "invalid_request".to_owned())
}

const MODES: [ResponseMode; 3] = [ResponseMode::Query, ResponseMode::Fragment, ResponseMode::FormPost];

// §2.1 Response Modes

/// "the default Response Mode for the OAuth 2.0 code Response Type is the query encoding", and for token "the fragment
/// encoding".
#[test]
fn a_request_without_a_mode_is_answered_by_the_default_of_its_response_type() {
    let world = world();
    for (request, what, default) in
        [(authorize(), "code", ResponseMode::Query), (implicit(), "access_token", ResponseMode::Fragment)]
    {
        for request in [request.clone(), request.set("response_mode", "")] {
            assert_eq!(world.ask(&request).recipient.response_mode(), default);
            let (mode, value) = way(&world.approve(&request), what);
            assert!(mode == default && value.is_some(), "{request}");
            assert_eq!(refused_by(&world.deny(&request)), (default, "access_denied".to_owned()));
            assert_eq!(refused_by(&world.answer(request.set("scope", "admin"))), (default, "invalid_scope".to_owned()));
        }
    }
}

/// §2.2: "All parameters returned from the Authorization Endpoint SHOULD use the same Response Mode. This
/// recommendation applies to both success and error responses."
#[test]
fn a_response_travels_by_the_mode_that_the_request_names_and_so_does_an_error() {
    let world = world();
    for mode in MODES {
        for (request, what) in [(authorize(), "code"), (implicit(), "access_token")] {
            if what == "access_token" && mode == ResponseMode::Query {
                continue;
            }
            let request = request.set("response_mode", mode.as_str());
            let (found, value) = way(&world.approve(&request), what);
            assert!(found == mode && value.is_some(), "{request}");
            assert_eq!(refused_by(&world.deny(&request)), (mode, "access_denied".to_owned()));
            assert_eq!(
                refused_by(&world.answer(request.clone().set("scope", "admin"))),
                (mode, "invalid_scope".to_owned())
            );
            let unknown = request.set("response_type", "nonsense");
            assert_eq!(refused_by(&world.answer(unknown)), (mode, "unsupported_response_type".to_owned()));
        }
    }
}

#[test]
fn a_mode_that_nobody_knows_is_an_invalid_request() {
    let world = world();
    for mode in ["nonsense", "Query", "query fragment", "web_message", "form_post.jwt"] {
        let asked = |request: Params| refused_by(&world.answer(request.set("response_mode", mode)));
        assert_eq!(asked(authorize()), invalid(ResponseMode::Query), "{mode}");
        assert_eq!(asked(implicit()), invalid(ResponseMode::Fragment), "{mode}");
    }
    let repeated = authorize().set("response_mode", "fragment").again("response_mode", "form_post");
    assert_eq!(refused_by(&world.answer(repeated)), invalid(ResponseMode::Query));
    let unreadable = format!("{}&response_mode=%FF", authorize());
    assert_eq!(refused_by(&world.answer(unreadable)), invalid(ResponseMode::Query));
}

#[test]
fn a_mode_that_is_not_offered_is_an_invalid_request() {
    for offered in MODES {
        let world = offering(&[offered]);
        for mode in MODES.into_iter().filter(|mode| *mode != offered) {
            let asked = world.answer(authorize().set("response_mode", mode.as_str()));
            assert_eq!(refused_by(&asked), invalid(ResponseMode::Query));
        }
        let named = authorize().set("response_mode", offered.as_str());
        assert!(way(&world.approve(named), "code").1.is_some());
        // Without a word it would be the default.
        if offered != ResponseMode::Query {
            assert_eq!(refused_by(&world.answer(authorize())), invalid(ResponseMode::Query));
        }
    }
}

/// Between the request and the decision the configuration changed, or somebody wrote in the session.
#[test]
fn the_mode_is_checked_again_at_the_decision() {
    let prompt = world().ask(authorize().set("response_mode", "form_post"));
    let reply = offering(&[ResponseMode::Query]).decide(prompt, Some(approval()));
    assert_eq!(refused_by(&reply), invalid(ResponseMode::FormPost));

    let prompt = world().ask(implicit().set("response_mode", "form_post"));
    let json = serde_json::to_string(&prompt).unwrap();
    let meddled = json.replace("\"form_post\"", "\"query\"");
    assert_ne!(json, meddled);
    let reply = world().decide(serde_json::from_str(&meddled).unwrap(), Some(approval()));
    assert_eq!(refused_by(&reply), invalid(ResponseMode::Query));
    assert_eq!(reply.parameter("access_token"), None);
}

/// RFC 9126 §2.1: "any of the parameters applicable for use at the authorization endpoint".
#[test]
fn a_pushed_request_has_its_mode() {
    let world = world();
    let push = |request: Params| Reply::of(world.server.push(&post(request), world.moment()).run(&world).into_http());
    let with = |request_uri: &str| params(&[("client_id", "app"), ("request_uri", request_uri)]);
    for mode in MODES {
        let request_uri = push(authorize().set("response_mode", mode.as_str())).member("request_uri").unwrap();
        // What the browser says beside it does not count.
        for meddled in [with(&request_uri), with(&request_uri).set("response_mode", "fragment")] {
            let prompt = world.ask(meddled);
            let kept: Prompt = serde_json::from_str(&serde_json::to_string(&prompt).unwrap()).unwrap();
            assert_eq!(kept.recipient.response_mode(), mode);
        }
        assert_eq!(way(&world.deny(with(&request_uri)), "error").0, mode);
    }
    for request in [authorize().set("response_mode", "nonsense"), implicit().set("response_mode", "query")] {
        let reply = push(request);
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"));
    }
}

// §7 Security Considerations

/// "more sensitive information such as Access Tokens and ID Tokens MUST NOT be encoded in the query string."
#[test]
fn a_token_never_travels_in_the_query() {
    let world = world();
    let reply = world.answer(implicit().set("response_mode", "query"));
    assert_eq!(refused_by(&reply), invalid(ResponseMode::Fragment));
    let only_query = offering(&[ResponseMode::Query]);
    assert_eq!(refused_by(&only_query.answer(implicit())), invalid(ResponseMode::Fragment));
}

// RFC 8414 §2 Authorization Server Metadata

#[test]
fn the_modes_that_some_response_takes_are_advertised() {
    let advertised = |world: World| world.server.config().metadata().response_modes_supported;
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(advertised(World::new()), names(&["query", "fragment", "form_post"]));
    assert_eq!(advertised(offering(&[ResponseMode::FormPost])), names(&["form_post"]));
    let of = |kinds: &[ResponseType]| {
        let kinds = kinds.to_vec();
        World::new().with(|config| config.authorization.response_types = kinds)
    };
    assert_eq!(advertised(of(&[ResponseType::Token])), names(&["fragment", "form_post"]));
    assert_eq!(advertised(of(&[])), None);
}

// The client. §2.1 Response Modes

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new(redirect_uri(CALLBACK))
}

/// "This use of this parameter is NOT RECOMMENDED with a value that specifies the same Response Mode as the default
/// Response Mode for the Response Type used."
#[test]
fn a_client_names_a_mode_only_if_it_is_not_the_default() {
    let world = world();
    let client = public_client_at(metadata_of(&world), "app");
    for mode in MODES {
        let (url, _) = client.begin(request().response_mode(mode), world.moment()).unwrap();
        let is_named = url.contains(&format!("&response_mode={mode}&"));
        assert_eq!((is_named, url.contains("response_mode")), (mode != ResponseMode::Query, is_named), "{url}");
    }
    let (url, _) = client.begin_implicit(request().response_mode(ResponseMode::Fragment), world.moment()).unwrap();
    assert!(!url.contains("response_mode"), "{url}");
    let (url, _) = client.begin(request(), world.moment()).unwrap();
    assert!(!url.contains("response_mode"), "{url}");
}

#[test]
fn a_client_asks_for_no_mode_that_the_server_does_not_have() {
    let world = offering(&[ResponseMode::Query, ResponseMode::Fragment]);
    let mut server = metadata_of(&world);
    let client = public_client_at(server.clone(), "app");
    let form_post = || request().response_mode(ResponseMode::FormPost);
    let refused = client.begin(form_post(), world.moment()).map(drop);
    assert_eq!(refused, Err(BeginError::ResponseMode(ResponseMode::FormPost)));
    let in_the_query = request().response_mode(ResponseMode::Query);
    let refused = client.begin_implicit(in_the_query, world.moment()).map(drop);
    assert_eq!(refused, Err(BeginError::ResponseMode(ResponseMode::Query)));
    let by_hand = request().parameter("response_mode", "form_post");
    let refused = client.begin(by_hand, world.moment()).map(drop);
    assert_eq!(refused, Err(BeginError::Reserved("response_mode")));
    // A server that lists none may have it all the same.
    server.response_modes_supported = None;
    assert!(public_client_at(server, "app").begin(form_post(), world.moment()).is_ok());
}
