//! RFC 9126 as the client sees it.

use grantor::client::{
    Authentication, AuthorizationRequest, BeginError, Client, Fault, PushError, Pushed, Registration, RequestError,
};
use grantor::model::{Metadata, ResponseMode, Secret};
use grantor::server::ParConfig;
use grantor::{Answer, Fetch, HttpHost, Moment, Timestamp};
use serde_json::json;

use crate::canned::*;
use crate::common::*;

const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c";

/// The server of the written answers, to which requests can be pushed.
fn pushable() -> Metadata {
    let mut server = metadata();
    server.pushed_authorization_request_endpoint = "https://server.example/par".parse().ok();
    server
}

fn moment(seed: u64) -> Moment {
    Moment::new(Timestamp(NOW), &mut Counter(seed))
}

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read write"))
}

fn created(body: serde_json::Value) -> Answer<Fetch> {
    json(201, body)
}

fn pushed(client: &Client) -> Pushed {
    let answer = created(json!({ "request_uri": REQUEST_URI, "expires_in": 60 }));
    answered(client.push(request(), moment(0)), &answer).unwrap()
}

// §2.1 Request

/// What a browser would have brought, from the client itself, which authenticates as at the token endpoint. Each
/// parameter is there once.
#[test]
fn the_request_is_this_one_to_the_byte() {
    let (url, pending) = public_at(pushable()).begin(request(), moment(0)).unwrap();
    let (_, plain) = url.split_once('?').unwrap();
    let without_id = plain.replace("client_id=s6BhdRkqt3&", "");
    assert!(plain.len() > without_id.len() && plain.contains(pending.state()));
    let by = |authentication: Authentication| {
        let registration = Registration::public(pushable().issuer, client_id());
        registration.authenticated_by(authentication).at(pushable()).unwrap()
    };
    let secret = || Secret::new(CLIENT_SECRET);
    let headers = "POST https://server.example/par\naccept: application/json\n";
    let form = "content-type: application/x-www-form-urlencoded\n\n";
    for (client, expected) in [
        (by(Authentication::None), format!("{headers}{form}{without_id}&client_id=s6BhdRkqt3")),
        (
            by(Authentication::Post(secret())),
            format!("{headers}{form}{without_id}&client_id=s6BhdRkqt3&client_secret={CLIENT_SECRET}"),
        ),
        // RFC 9126 §2.1: "as a required authorization request parameter, it is similarly required in a pushed
        // authorization request".
        (
            by(Authentication::Basic(secret())),
            format!("{headers}authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW\n{form}{plain}"),
        ),
    ] {
        assert_eq!(written(&sent(&client.push(request(), moment(0)))), expected);
    }
}

#[test]
fn what_the_client_adds_to_every_request_is_pushed_too() {
    let client = public_at(pushable()).with_parameter("tenant", "acme");
    let asked = request().response_mode(ResponseMode::FormPost).parameter("login_hint", "alice");
    let body = String::from_utf8(sent(&client.push(asked, moment(0))).into_body()).unwrap();
    for parameter in ["response_mode=form_post", "login_hint=alice", "tenant=acme"] {
        assert_eq!(body.matches(parameter).count(), 1, "{body}");
    }
}

/// "The request_uri authorization request parameter is one exception, and it MUST NOT be provided."
#[test]
fn a_request_uri_is_not_pushed() {
    for name in ["request_uri", "client_id", "response_mode"] {
        let step = public_at(pushable()).push(request().parameter(name, "x"), moment(0));
        assert_eq!(answered(step, &created(json!({}))).map(drop), Err(PushError::Begin(BeginError::Reserved(name))));
    }
}

// §2.2 Successful Response

#[test]
fn the_browser_is_sent_with_a_reference_and_nothing_else() {
    let client = public_at(pushable());
    let Pushed { url, pending, expires_at, .. } = pushed(&client);
    let reference: String = form_urlencoded::byte_serialize(REQUEST_URI.as_bytes()).collect();
    assert_eq!(url, format!("https://server.example/authorize?client_id=s6BhdRkqt3&request_uri={reference}"));
    assert_eq!(expires_at, Some(Timestamp(NOW + 60)));
    // The pending request is the same as that of a request in the browser.
    let (_, plain) = client.begin(request(), moment(0)).unwrap();
    assert_eq!(serde_json::to_value(&pending).unwrap(), serde_json::to_value(&plain).unwrap());
}

#[test]
fn a_lifetime_is_understood_or_not_known() {
    for (body, expected) in [
        (json!({ "request_uri": REQUEST_URI, "expires_in": "90" }), Some(Timestamp(NOW + 90))),
        (json!({ "request_uri": REQUEST_URI }), None),
        (json!({ "request_uri": REQUEST_URI, "expires_in": "soon" }), None),
        (json!({ "request_uri": REQUEST_URI, "expires_in": null }), None),
    ] {
        // Some servers say 200.
        for status in [200, 201] {
            let step = public_at(pushable()).push(request(), moment(0));
            assert_eq!(answered(step, &json(status, &body)).unwrap().expires_at, expected, "{body}");
        }
    }
}

#[test]
fn a_response_that_cannot_be_used_is_an_error_with_the_facts() {
    let unusable = |body: &str| {
        let step = public_at(pushable()).push(request(), moment(0));
        match answered(step, &response(201, "application/json", body)) {
            Err(PushError::Request(RequestError::Unusable { fault, .. })) => fault,
            other => panic!("{body}: {other:?}"),
        }
    };
    assert_eq!(unusable("{}"), Fault::Missing("request_uri"));
    assert_eq!(unusable(r#"{"request_uri":""}"#), Fault::Missing("request_uri"));
    for malformed in [r#"{"request_uri":7}"#, r#"{"request_uri":"a","request_uri":"b"}"#, r#"{"request_uri":"a\nb"}"#] {
        assert_eq!(unusable(malformed), Fault::Malformed, "{malformed}");
    }
}

// §2.3 Error Response

#[test]
fn a_refusal_is_typed() {
    let refused = |answer: Answer<Fetch>| match answered(public_at(pushable()).push(request(), moment(0)), &answer) {
        Err(PushError::Request(error)) => error,
        other => panic!("{other:?}"),
    };
    let error = refused(json(400, json!({ "error": "invalid_request", "error_description": "no such redirect_uri" })));
    assert_eq!(error.code(), Some("invalid_request"));
    let error = refused(with_header(json(429, json!({ "error": "slow_down" })), "retry-after", "7"));
    assert_eq!(error.retry_after(), Some(7));
    assert!(matches!(refused(Err(grantor::Unavailable::new("no network"))), RequestError::Unavailable(_)));
}

#[test]
fn without_the_endpoints_nothing_is_sent() {
    let nothing = |server: Metadata| {
        let asked = |_: &Fetch| -> Answer<Fetch> { panic!("something was sent") };
        public_at(server).push(request(), moment(0)).run(&HttpHost(asked)).map(drop).unwrap_err()
    };
    let none = RequestError::NoEndpoint("pushed_authorization_request_endpoint");
    assert_eq!(nothing(metadata()), PushError::Request(none));
    let mut server = pushable();
    server.authorization_endpoint = None;
    assert_eq!(nothing(server), PushError::Begin(BeginError::NoEndpoint));
    let mut server = pushable();
    server.response_modes_supported = Some(vec!["query".to_owned()]);
    let refused = public_at(server).push(request().response_mode(ResponseMode::FormPost), moment(0));
    let refused = answered(refused, &created(json!({}))).map(drop);
    assert_eq!(refused, Err(PushError::Begin(BeginError::ResponseMode(ResponseMode::FormPost))));
}

// §5 Authorization Server Metadata

/// "Boolean parameter indicating whether the authorization server accepts authorization request data only via PAR."
#[test]
fn a_server_that_takes_nothing_else_is_sent_nothing_else() {
    let mut server = pushable();
    server.require_pushed_authorization_requests = true;
    let client = public_at(server);
    assert_eq!(client.begin(request(), moment(0)).map(drop), Err(BeginError::PushRequired));
    assert_eq!(client.begin_implicit(request(), moment(0)).map(drop), Err(BeginError::PushRequired));
    assert!(pushed(&client).url.contains("request_uri="));
    // "If omitted, the default value is false."
    assert!(public_at(pushable()).begin(request(), moment(0)).is_ok());
}

#[test]
fn no_debug_output_shows_the_reference() {
    let pushed = pushed(&confidential_at(pushable()));
    let state = pushed.pending.state().to_owned();
    let shown = format!("{pushed:?}");
    assert!(!shown.contains("6esc_11") && !shown.contains(&state), "{shown}");
}

// The whole way

#[test]
fn the_flow_works_with_grantors_server() {
    let world = World::new().with(|config| {
        let mut par = ParConfig::below(&config.issuer);
        par.require_pushed_authorization_requests = true;
        config.par = Some(par);
    });
    let server = metadata_of(&world);
    for client in [public_client_at(server.clone(), "app"), confidential_client_at(server, "web", SECRET)] {
        let http = HttpHost(Wire::to(&world));
        let pushed = client.push(request(), world.moment()).run(&http).unwrap();
        let query = pushed.url.split_once('?').unwrap().1;
        let reply = world.approve(query);
        let query = reply.location().split_once('?').unwrap().1;
        let exchange = client.callback(pushed.pending, query).unwrap();
        let tokens = exchange.start(world.moment()).run(&http).unwrap();
        assert!(world.is_alive(tokens.access_token().expose()));
        // The reference was good once.
        let again = pushed.url.split_once('?').unwrap().1;
        assert!(world.answer(again).is_page());
    }
    let refused = public_client_at(metadata_of(&world), "nobody").push(request(), world.moment());
    let Err(PushError::Request(error)) = refused.run(&HttpHost(Wire::to(&world))) else { panic!("pushed") };
    assert_eq!(error.code(), Some("invalid_client"));
}
