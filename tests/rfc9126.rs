//! RFC 9126: OAuth 2.0 Pushed Authorization Requests.
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
use grantor::Timestamp;
use grantor::model::{Endpoint, ResponseType};
use grantor::record::{ClientImport, PendingKind};
use grantor::server::{AuthorizationError, AuthorizeReply, Event, ParConfig, Prompt};
use grantor::store::{Change, Commit, Lookup, MemoryStore, RequestKey, Store};

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A server with the endpoint.
fn world() -> World {
    World::new().with(|config| {
        config.par = Some(ParConfig::at(Endpoint::parse("https://server.example.com/par").unwrap()));
    })
}

fn push(world: &World, form: impl std::fmt::Display) -> Reply {
    Reply::of(world.server.push(&post(form), world.moment()).run(world).into_http())
}

/// Pushes a sound request of `app`, or a changed one.
fn pushed(world: &World, request: Params) -> String {
    let reply = push(world, request);
    assert_eq!(reply.status(), 201, "{reply:?}");
    reply.member("request_uri").unwrap()
}

/// What the browser brings.
fn with(request_uri: &str) -> Params {
    params(&[("client_id", "app"), ("request_uri", request_uri)])
}

fn is_page(world: &World, query: Params) -> bool {
    world.answer(query).is_page()
}

// §2.1 Request

#[test]
fn the_endpoint_takes_post_only() {
    let world = world();
    let reply = world.server.push(&get(authorize()), world.moment()).run(&world).into_http();
    assert_eq!((reply.status().as_u16(), &reply.headers()["allow"]), (405, &"POST".parse().unwrap()));
}

/// "Authenticate the client in the same way as at the token endpoint".
#[test]
fn a_confidential_client_authenticates() {
    let world = world();
    let of_web = authorize().of_web();
    assert_eq!(push(&world, &of_web).status(), 201);
    let unauthenticated = push(&world, authorize().set("client_id", "web"));
    assert_eq!((unauthenticated.status(), unauthenticated.error().as_str()), (400, "invalid_client"));
    let by_header = |secret: &str| {
        let request = post_as(&basic("web", secret), authorize().without("client_id"));
        Reply::of(world.server.push(&request, world.moment()).run(&world).into_http())
    };
    assert_eq!(by_header(SECRET).status(), 201);
    let refused = by_header("wrong");
    assert_eq!((refused.status(), refused.error().as_str()), (401, "invalid_client"));
    assert!(refused.header("www-authenticate").is_some());
}

/// RFC 8707 §2, with RFC 3986 §6.2.3: what is written otherwise is the same resource, and is kept as the server writes
/// it.
#[test]
fn a_resource_is_the_same_however_a_request_writes_it() {
    let world = world().with(|config| config.resources = only(&["https://photos.example", "https://mail.example"]));
    for written in ["https://photos.example/", "HTTPS://Photos.example:443"] {
        let request = authorize().set("resource", written);
        let by_push = world.ask(with(&pushed(&world, request.clone())));
        for prompt in [world.ask(request), by_push] {
            let kept: Vec<_> = prompt.asked.audience.resources().iter().map(|it| it.as_str().to_owned()).collect();
            assert_eq!(kept, ["https://photos.example"], "{written}");
        }
    }
    assert_eq!(push(&world, authorize().set("resource", "https://photos.example//")).error(), "invalid_target");
}

/// "Reject the request if the request_uri authorization request parameter is provided."
/// RFC 9126 §2.1: "is one exception, and it MUST NOT be provided".
#[test]
fn r72_a_request_uri_cannot_be_pushed() {
    let world = world();
    let request_uri = pushed(&world, authorize());
    let reply = push(&world, authorize().set("request_uri", &request_uri));
    assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"));
}

/// "Validate the pushed request as it would an authorization request sent to the authorization endpoint."
#[test]
fn r72_whatever_the_authorization_endpoint_refuses_is_refused_here() {
    let world = world();
    let of_the_form = [
        authorize().set("scope", "admin"),
        authorize().set("response_type", "nonsense"),
        authorize().set("response_type", "token").without("code_challenge").without("code_challenge_method"),
        authorize().without("response_type"),
        authorize().without("code_challenge").without("code_challenge_method"),
        authorize().set("code_challenge_method", "plain"),
        authorize().set("code_challenge", "short"),
        authorize().set("max_age", "-1"),
        authorize().set("acr_values", "\""),
    ];
    for request in of_the_form {
        let (at_the_browser, here) = (world.answer(&request), push(&world, &request));
        assert_eq!((here.status(), here.error()), (400, at_the_browser.error()), "{request}");
    }
    for request in [
        authorize().set("redirect_uri", "https://evil.example"),
        authorize().again("redirect_uri", "x"),
        authorize().set("state", "é"),
        authorize().set("state", &"x".repeat(4097)),
        authorize().again("state", "another"),
    ] {
        assert!(is_page(&world, request.clone()));
        let here = push(&world, &request);
        assert_eq!((here.status(), here.error().as_str()), (400, "invalid_request"), "{request}");
    }
}

// §2.2 Successful Response

/// RFC 9126 §2.2: "generated using a cryptographically strong pseudorandom algorithm".
#[test]
fn the_response_is_a_request_uri_and_how_long_it_may_be_presented() {
    let world = world();
    let reply = push(&world, authorize());
    assert_eq!((reply.status(), reply.header("content-type")), (201, Some("application/json")));
    assert_eq!(reply.member("expires_in").unwrap(), "60");
    let request_uri = reply.member("request_uri").unwrap();
    // "The request_uri value MUST be generated using a cryptographically strong pseudorandom algorithm": 248 bits,
    // after the partition.
    assert_eq!(request_uri.strip_prefix(PREFIX).unwrap().len(), grantor::model::Key::TOKEN_LEN);
    assert_ne!(pushed(&world, authorize()), request_uri);
    let world = world.with(|config| config.par.as_mut().unwrap().lifetime = Duration::from_secs(5));
    assert_eq!(push(&world, authorize()).member("expires_in").unwrap(), "5");
}

/// The store knows it by a digest, and keeps what was asked for.
#[test]
fn the_record_holds_the_request_and_no_request_uri() {
    let world = world();
    let request_uri = pushed(&world, authorize());
    let token = request_uri.strip_prefix(PREFIX).unwrap();
    let key = RequestKey::Key(grantor::model::Key::of(token).unwrap());
    let found = Store::lookup(&world.store, &Lookup::of_request(key)).unwrap();
    let request = &found.request(key).unwrap().request;
    assert!(!serde_json::to_string(&**request).unwrap().contains(token));
    assert_eq!((request.client_id.as_str(), &request.asked.scope), ("app", &scope("read write")));
    let PendingKind::Pushed(pushed) = &request.kind else { panic!("{request:?}") };
    assert_eq!((pushed.redirect_uri.as_str(), pushed.response_type), (CALLBACK, ResponseType::Code));
    assert_eq!(pushed.present_until, Timestamp(NOW + 60));
}

#[test]
fn the_audit_log_learns_of_it() {
    let world = world();
    let event = |form: Params| world.server.push(&post(form), world.moment()).run(&world).event();
    assert!(matches!(event(authorize()), Event::Pushed { client_id, .. } if client_id.as_str() == "app"));
    let Event::PushRefused { client_id, reason, .. } = event(authorize().set("scope", "admin")) else { panic!() };
    assert_eq!((client_id.unwrap().as_str(), reason.code()), ("app", "invalid_scope"));
}

// §2.3 Error Response

#[test]
fn a_store_that_fails_is_503() {
    for at in [At::Lookup, At::Commit] {
        let world = world().with_outage(at, Some(7));
        let reply = push(&world, authorize());
        assert_eq!((reply.status(), reply.header("retry-after")), (503, Some("7")));
        assert!(reply.member("request_uri").is_none());
        let event = world.server.push(&post(authorize()), world.moment()).run(&world).event();
        assert!(matches!(event, Event::Unavailable { .. }), "{event:?}");
    }
}

#[test]
fn a_request_that_is_too_large_is_413() {
    let reply = push(&world(), authorize().set("state", &"x".repeat(64 * 1024)));
    assert_eq!((reply.status(), reply.error().as_str()), (413, "invalid_request"));
}

#[test]
fn a_server_without_the_endpoint_has_none() {
    let world = World::new();
    let reply = push(&world, authorize());
    assert_eq!((reply.status(), reply.error().as_str()), (404, "invalid_request"));
    // To its authorization endpoint, `request_uri` is a parameter that nobody knows.
    assert_eq!(world.ask(authorize().set("request_uri", &format!("{PREFIX}x"))).asked.scope, scope("read write"));
}

// §4 Authorization Request

/// From the push to the tokens, as if the browser had brought the request.
#[test]
fn a_pushed_request_is_approved_and_redeemed() {
    let world = world();
    let request_uri = pushed(&world, authorize());
    let prompt = world.ask(with(&request_uri));
    let direct = world.ask(authorize());
    assert_eq!(prompt.asked, direct.asked);
    assert_eq!(prompt.recipient.redirect_uri, direct.recipient.redirect_uri);
    let reply = world.decide(prompt, Some(approval()));
    assert_eq!(reply.parameter("state").as_deref(), Some("xyz"));
    let code = reply.parameter("code").unwrap();
    let (access_token, _) = world.token(exchange(&code)).tokens();
    // What grew out of the request lies where it lies.
    let key = grantor::model::Key::of(request_uri.strip_prefix(PREFIX).unwrap()).unwrap();
    assert_eq!(world.presented(&access_token).grant.id.partition(), key.partition);
}

/// A pushed request without `redirect_uri` is as one without it.
#[test]
fn the_redirect_uri_is_demanded_again_only_if_it_was_pushed() {
    let world = world();
    for (request, is_demanded) in [(authorize(), true), (authorize().without("redirect_uri"), false)] {
        let code = world.code(with(&pushed(&world, request)));
        let reply = world.token(exchange(&code).without("redirect_uri"));
        assert_eq!(reply.status() == 400, is_demanded);
    }
}

#[test]
fn r73_no_parameter_of_the_browsers_request_changes_what_was_pushed() {
    let world = world();
    let request_uri = pushed(&world, authorize().set("scope", "read"));
    let meddled = [
        ("scope", "read write"),
        ("state", "evil"),
        ("redirect_uri", "https://evil.example"),
        ("response_type", "token"),
        ("code_challenge", VERIFIER),
        ("code_challenge_method", "plain"),
        ("resource", "https://evil.example"),
        ("max_age", "nonsense"),
    ];
    let query = meddled.into_iter().fold(with(&request_uri), |query, (name, value)| query.set(name, value));
    let prompt = world.ask(&query);
    assert_eq!((&prompt.asked.scope, prompt.recipient.response_type), (&scope("read"), ResponseType::Code));
    let reply = world.decide(prompt, Some(approval()));
    assert!(reply.location().starts_with(CALLBACK));
    assert_eq!(reply.parameter("state").as_deref(), Some("xyz"));
    assert_eq!(world.token(exchange(&reply.parameter("code").unwrap())).status(), 200);
}

/// "The request_uri value MUST be bound to the client that posted the authorization request" (§2.2).
#[test]
fn r71_another_clients_request_is_no_request() {
    let world = world();
    let request_uri = pushed(&world, authorize());
    assert!(is_page(&world, with(&request_uri).set("client_id", "web")));
    assert!(is_page(&world, with(&request_uri).without("client_id")));
    assert!(!world.ask(with(&request_uri)).asked.scope.is_empty());
}

#[test]
fn what_was_never_pushed_is_told_to_the_person() {
    let world = world();
    let code = world.code(authorize());
    let unknown = ["", "x", PREFIX, "https://client.example.com/request.jwt"].map(str::to_owned);
    for request_uri in unknown.into_iter().chain([format!("{PREFIX}{}", "A".repeat(44)), format!("{PREFIX}{code}")]) {
        let reply = world.answer(with(&request_uri).set("redirect_uri", "https://evil.example"));
        assert!(reply.is_page(), "{request_uri}");
    }
    let asked = world.server.authorize(&get(with(&format!("{PREFIX}x"))), world.moment()).run(&world);
    let AuthorizeReply::Respond(response) = asked else { panic!("asked") };
    assert_eq!(response.page_error().unwrap().code(), "invalid_request_uri");
}

/// RFC 9126 §4: "An expired request_uri MUST be rejected as invalid".
#[test]
fn r71_a_request_uri_expires() {
    let mut world = world();
    let request_uri = pushed(&world, authorize());
    world.now += 59;
    let prompt = world.ask(with(&request_uri));
    world.now += 1;
    assert!(is_page(&world, with(&request_uri)));
    // Who came in time has the time to log in and to decide.
    let again: Prompt = serde_json::from_str(&serde_json::to_string(&prompt).unwrap()).unwrap();
    world.now += 60 * 60;
    assert_eq!(world.decide(again, Some(approval())).error(), "invalid_request");
    world.now -= 1;
    assert!(world.decide(prompt, Some(approval())).parameter("code").is_some());
}

/// §7.3: "the authorization server SHOULD make the request URIs one-time use".
/// RFC 9126 §4: "the client MUST only use a request_uri value once".
#[test]
fn r74_a_decision_spends_it_whether_it_is_approved_or_denied() {
    for approved in [true, false] {
        let world = world();
        let request_uri = pushed(&world, authorize());
        // The page was loaded again, in another tab.
        let (first, second) = (world.ask(with(&request_uri)), world.ask(with(&request_uri)));
        let reply = world.decide(first, approved.then(approval));
        assert_eq!(reply.parameter("error").as_deref(), if approved { None } else { Some("access_denied") });
        assert!(is_page(&world, with(&request_uri)));
        for again in [true, false] {
            let second = serde_json::from_str(&serde_json::to_string(&second).unwrap()).unwrap();
            let reply = world.decide(second, again.then(approval));
            assert_eq!((reply.error().as_str(), reply.parameter("code")), ("invalid_request", None));
        }
    }
}

/// Whatever the client is told by redirect is a decision.
#[test]
fn r74_an_approval_that_is_refused_spends_it_too() {
    let world = world();
    let request_uri = pushed(&world, authorize().set("acr_values", "phr"));
    let prompt = world.ask(with(&request_uri));
    assert_eq!(world.decide(prompt, Some(approval())).error(), "unmet_authentication_requirements");
    assert!(is_page(&world, with(&request_uri)));
}

/// An outage is no decision.
#[test]
fn an_outage_at_the_decision_promises_nothing() {
    for approved in [true, false] {
        let mut world = world();
        let request_uri = pushed(&world, authorize());
        let prompt = world.ask(with(&request_uri));
        world.outage = Some(Outage { at: At::Commit, retry_after: None });
        let reply = world.decide(prompt, approved.then(approval));
        assert_eq!((reply.error().as_str(), reply.parameter("code")), ("server_error", None));
        world.outage = None;
        assert!(world.decide(world.ask(with(&request_uri)), Some(approval())).parameter("code").is_some());
    }
}

/// What was registered when it was pushed may not be any more.
/// RFC 9126 §4: "as it would any other authorization request".
#[test]
fn the_client_is_asked_about_again() {
    let world = world();
    let request_uri = pushed(&world, authorize());
    let changed = |change: fn(&mut grantor::record::Client)| {
        let (revision, mut client) = (1, public("app"));
        change(&mut client);
        client.revision = revision;
        let store = MemoryStore::new().with_client(client);
        let found = {
            let token = request_uri.strip_prefix(PREFIX).unwrap();
            let key = RequestKey::Key(grantor::model::Key::of(token).unwrap());
            Store::lookup(&world.store, &Lookup::of_request(key)).unwrap().request(key).unwrap().request.clone()
        };
        assert!(Store::commit(&store, &Commit::of(Change::PutRequest(found))).is_ok());
        let reply = world.server.authorize(&get(with(&request_uri)), world.moment()).run(&store);
        match reply {
            AuthorizeReply::Refuse(refusal) => {
                Reply::of(refusal.respond(&world.server, world.moment()).run(&store).into_http())
            }
            reply => Reply::of(world.respond(reply).into_http()),
        }
    };
    assert!(changed(|client| client.redirect_uris.clear()).is_page());
    assert_eq!(changed(|client| client.response_types.clear()).error(), "unauthorized_client");
}

/// "Authorization server policy MAY dictate, either globally or on a per-client basis, that PAR be the only means for a
/// client to pass authorization request data."
#[test]
fn who_must_push_is_refused_in_the_browser() {
    let of_server = world().with(|config| config.par.as_mut().unwrap().require_pushed_authorization_requests = true);
    let of_client = world().with_client(public("app").with(|client| {
        client.revision = 1;
        client.require_pushed_authorization_requests = true;
    }));
    for world in [of_server, of_client] {
        for request in [authorize(), authorize().set("prompt", "x"), authorize().set("response_mode", "fragment")] {
            let reply = world.answer(&request);
            assert!(reply.location().starts_with(CALLBACK), "{reply:?}");
            assert_eq!((reply.error().as_str(), reply.parameter("state").as_deref()), ("invalid_request", Some("xyz")));
        }
        let AuthorizeReply::Refuse(refusal) = world.authorize(authorize()) else { panic!("not refused") };
        let event = AuthorizeReply::Refuse(refusal).event();
        let Event::AuthorizationRefused { reason, .. } = event else { panic!("{event:?}") };
        assert_eq!(reason, AuthorizationError::NotPushed);
        // Anything that was not pushed is no way around it.
        for request_uri in ["x", &format!("{PREFIX}x"), "https://client.example.com/request.jwt"] {
            assert!(is_page(&world, authorize().set("request_uri", request_uri)), "{request_uri}");
        }
        assert!(world.approve(with(&pushed(&world, authorize()))).parameter("code").is_some());
    }
}

/// The other client may go on as before.
#[test]
fn what_one_client_must_do_another_need_not() {
    let world = world().with_client(confidential("web", SECRET).with(|client| {
        client.revision = 1;
        client.require_pushed_authorization_requests = true;
    }));
    assert!(world.approve(authorize()).parameter("code").is_some());
    assert_eq!(world.answer(authorize().set("client_id", "web")).error(), "invalid_request");
}

/// There is nothing to push to, and the record is kept to all the same.
#[test]
fn a_client_that_must_push_has_no_way_at_a_server_without_the_endpoint() {
    let world = World::new().with_client(public("app").with(|client| {
        client.revision = 1;
        client.require_pushed_authorization_requests = true;
    }));
    for request in [authorize(), authorize().set("request_uri", &format!("{PREFIX}x"))] {
        assert_eq!(world.answer(request).error(), "invalid_request");
    }
}

// §5 Authorization Server Metadata

#[test]
fn the_metadata_names_the_endpoint() {
    assert_eq!(
        metadata_of(&world()).pushed_authorization_request_endpoint.unwrap().as_str(),
        "https://server.example.com/par"
    );
    assert_eq!(metadata_of(&World::new()).pushed_authorization_request_endpoint, None);
}

/// "Boolean parameter indicating whether the authorization server accepts authorization request data only via PAR. If
/// omitted, the default value is false."
#[test]
fn the_metadata_says_if_there_is_no_other_way() {
    let written = |world: &World| serde_json::to_value(world.server.config().metadata()).unwrap();
    const NAME: &str = "require_pushed_authorization_requests";
    let required = world().with(|config| config.par.as_mut().unwrap().require_pushed_authorization_requests = true);
    assert_eq!(written(&required)[NAME], true);
    assert!(metadata_of(&required).require_pushed_authorization_requests);
    assert_eq!(written(&world()).get(NAME), None);
    assert!(!metadata_of(&world()).require_pushed_authorization_requests);
}

// §6 Client Metadata

/// "Boolean parameter indicating whether the only means of initiating an authorization request the client is allowed to
/// use is PAR. If omitted, the default value is false."
#[test]
fn the_clients_metadata_says_it_too() {
    let read = |value: serde_json::Value| {
        let metadata = serde_json::json!({
            "client_id": "a", "token_endpoint_auth_method": "none", "redirect_uris": [CALLBACK],
            "require_pushed_authorization_requests": value,
        });
        ClientImport::default().read_all(&[metadata]).remove(0)
    };
    for (value, must) in [(true.into(), true), (false.into(), false), (serde_json::Value::Null, false)] {
        let imported = read(value);
        assert!(imported.remarks.is_empty(), "{:?}", imported.remarks);
        assert_eq!(imported.client.unwrap().require_pushed_authorization_requests, must);
    }
    let refused = read("true".into());
    assert!(refused.client.is_none() && refused.remarks[0].member == "require_pushed_authorization_requests");
}
